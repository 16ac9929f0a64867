"""``ferbench cache`` on the screen."""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest

from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.results import StageKey
from ferbench.types import Pictures


@pytest.fixture
def cache(tmp_path):
    cache = Cache(tmp_path / "cache")
    for number in range(3):
        key = StageKey.of("pictures", {"video": f"{number}"})
        values = np.random.default_rng(number).standard_normal(1000)
        cache.write(key, tables.pictures_table(Pictures(luma=values, change=values)), {})
        then = time.time() - (number + 2) * 86400
        os.utime(cache.path(key), (then, then))
    return cache


def test_it_lists_prunes_and_verifies(cache, ferbench):
    where = ("--folder", str(cache.folder))
    listed = ferbench("cache", "ls", *where)
    assert "pictures" in listed.out
    assert max(map(len, listed.out.splitlines()[1:])) <= 80
    plain = json.loads(ferbench("cache", "ls", "--json", *where).out)
    assert (plain["rows"][0]["stage"], plain["rows"][0]["results"]) == ("pictures", 3)
    table = ferbench("cache", "ls", "--csv", "--by-video", *where).out.splitlines()
    assert table[0].startswith("video,results,files,size_bytes")
    assert len(table) == 4
    dry = ferbench("cache", "prune", "--older-than", "60h", "--dry-run", *where)
    assert dry.out.count(".parquet\n") == 2
    assert "2 results and 0 leftovers would be deleted" in dry.out
    over = ferbench("cache", "prune", "--to", "1kB", "--older-than", "3w", *where)
    assert (over.code, "in use" in over.err) == (1, True)
    assert ferbench("cache", "prune", "--older-than", "60h", *where).code == 0
    (left,) = cache.folder.rglob("*.parquet")
    assert ferbench("cache", "verify", *where).code == 0
    left.write_bytes(left.read_bytes()[:-1])
    verified = ferbench("cache", "verify", *where)
    assert verified.code == 1
    assert f"broken  {left.relative_to(cache.folder).as_posix()}: " in verified.out
    assert ferbench("cache", "verify", "--delete", *where).code == 0
    assert not left.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "20"), "--to: expected a number with one of kb, mb, gb, tb"),
        (("--older-than", "soon"), "--older-than: expected a number with one of h, d, w"),
        (("--stage", "picture"), "--stage: no stage 'picture'"),
    ],
)
def test_what_cannot_be_read_is_told(cache, ferbench, arguments, said):
    ended = ferbench("cache", "prune", *arguments, "--folder", str(cache.folder))
    assert ended.code != 0
    assert said in ended.err
