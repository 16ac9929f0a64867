"""``ferbench cache`` on the screen."""

from __future__ import annotations

import json
import os
import shutil
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


@pytest.mark.weights
def test_a_run_and_a_sweep_keep_the_cache_within_its_limit(
    warm_root, warm_home, ferbench_run, tmp_path
):
    """What they use stays, whatever the limit; what nobody used for long goes."""
    cache = Cache(warm_home / ".ferbench" / "cache")
    old = StageKey.of("pictures", {"video": "of long ago"})
    (tmp_path / "videos").mkdir()
    shutil.copyfile(warm_root.clip, tmp_path / "videos" / "anna.mp4")
    study = (f"dataset.videos={tmp_path / 'videos'}", "tracking=none", "report.timelines=0")
    for sweep in ((), ("-m", "event.enter=0.5,0.6")):
        values = np.random.default_rng(0).standard_normal(200_000)
        cache.write(old, tables.pictures_table(Pictures(luma=values, change=values)), {})
        then = time.time() - 40 * 86400
        os.utime(cache.path(old), (then, then))
        ended = ferbench_run(*sweep, *study, "paths.cache_limit_gb=0.002")
        assert ended.code == 0, ended.err
        assert "note: the cache was kept within 2.0 MB: 1 result and 0 leftovers" in ended.err
        assert not cache.has(old)
    ended = ferbench_run(*study, "paths.cache_limit_gb=0.000001")
    assert "note: the cache is over its limit of 1.0 kB" in ended.err
    assert "paths.cache_limit_gb" in ferbench_run(*study, "paths.cache_limit_gb=0").err
