"""A cache is listed, made smaller and checked; what is in use, and what is sound, stays."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
import uuid
from dataclasses import replace

import numpy as np
import pytest

import ferbench as fb
from ferbench.atomic import part_beside
from ferbench.errors import CacheError, ConfigError
from ferbench.last_use import RENEWED_S, mark_used
from ferbench.owner import this_process
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cache_contents import SEEN
from ferbench.pipeline.sealed import seal_folder
from ferbench.results import StageKey
from ferbench.types import Pictures
from ferbench.workflows.cache import keep_in_order

DAY_S = 24 * 3600.0
VIDEOS = ("a" * 64, "b" * 64)


def used(path, days_ago):
    """Set when a file, or all of a folder, was used last."""
    then = time.time() - days_ago * DAY_S
    for each in (*path.rglob("*"), path):
        os.utime(each, (then, then))


def stored(cache, stage, spec, *, days_ago, rows=4000):
    key = StageKey.of(stage, spec)
    values = np.random.default_rng(len(stage)).standard_normal(rows)
    cache.write(key, tables.pictures_table(Pictures(luma=values, change=values)), {})
    used(cache.path(key), days_ago)
    return key


@pytest.fixture
def cache(tmp_path):
    """Two videos' tables, used 40 and 2 days ago; statistics, a chunk and a suspect, as old."""
    cache = Cache(tmp_path / "cache")
    for video, days_ago in zip(VIDEOS, (40, 2), strict=True):
        timeline = stored(cache, "timeline", {"video": video}, days_ago=days_ago)
        faces = stored(cache, "faces", {"frames": timeline.key}, days_ago=days_ago)
        stored(cache, "expressions", {"faces": faces.key}, days_ago=days_ago, rows=8000)
    statistics = cache.folder / "statistics" / "ab" / ("ab" * 32)
    statistics.mkdir(parents=True)
    (statistics / "numbers.json").write_text("{}")
    seal_folder(statistics)
    used(statistics, 40)
    chunk = cache.folder / "chunks" / ("cd" * 32)
    table = tables.pictures_table(Pictures(luma=np.ones(9), change=np.ones(9)))
    tables.write(chunk / "0-9.parquet", table, {"chunk_of": chunk.name})
    used(chunk, 3)
    cache.suspects.mkdir()
    (cache.suspects / "e.json").write_text("{}")
    used(cache.suspects, 400)
    return cache


def files(cache):
    return {
        path.relative_to(cache.folder).as_posix(): path.stat().st_size
        for path in cache.folder.rglob("*")
        if path.is_file()
    }


def stages_left(cache):
    return sorted({name.partition("/")[0] for name in files(cache)})


def test_it_is_listed_by_stage_as_du_counts_it(cache):
    found = fb.list_cache(folder=cache.folder)
    assert found.size_bytes == sum(files(cache).values())
    command = ["du", "--apparent-size", "--bytes", "--summarize", "--separate-dirs"]
    ended = subprocess.run(
        [*command, *(str(path.parent) for path in (cache.folder / "faces").rglob("*.parquet"))],
        capture_output=True,
        text=True,
        check=True,
    )
    of_faces = sum(int(line.split()[0]) for line in ended.stdout.splitlines())
    folders = sum(path.parent.stat().st_size for path in (cache.folder / "faces").rglob("*.parq*"))
    by_name = {row.name: row for row in found.rows}
    assert by_name["faces"].size_bytes == of_faces - folders
    assert {name: row.results for name, row in by_name.items()} == {
        "timeline": 2,
        "faces": 2,
        "expressions": 2,
        "statistics": 1,
        "chunks": 1,
        "suspects": 1,
    }
    assert by_name["statistics"].files == 2
    days = (time.time() - by_name["faces"].oldest_use_unix_s) / DAY_S
    assert days == pytest.approx(40, abs=0.01)
    assert found.rows[0].name == "expressions"


def test_it_is_listed_by_video_through_the_stages(cache):
    rows = {row.name: row.results for row in fb.list_cache(folder=cache.folder, by="video").rows}
    assert rows == {"a" * 12: 3, "b" * 12: 3, "": 3}


def test_a_size_is_reached_with_what_was_not_used_for_longest(cache):
    before = files(cache)
    tables_of_b = sum(size for name, size in before.items() if name.startswith("t"))
    dry = fb.prune_cache(folder=cache.folder, to_gb=tables_of_b / 1e9, dry_run=True)
    assert files(cache) == before
    pruned = fb.prune_cache(folder=cache.folder, to_gb=tables_of_b / 1e9)
    assert list(dry.to_frame().path) == list(pruned.to_frame().path)
    assert sum(files(cache).values()) == pruned.pruning.left_bytes <= tables_of_b
    ages = [entry.used_unix_s for entry in pruned.pruning.entries]
    assert pruned.pruning.entries[0].stage == "chunks", "an unfinished video goes first"
    assert ages[1:] == sorted(ages[1:])
    last = pruned.pruning.entries[-1].size_bytes
    assert pruned.pruning.left_bytes + last > tables_of_b, "no more than needed"
    assert "suspects" in stages_left(cache)


def test_what_is_in_use_stays(cache):
    """Used within a day, or locked, whatever size is asked for."""
    old = StageKey.of("timeline", {"video": VIDEOS[0]})
    new = StageKey.of("timeline", {"video": VIDEOS[1]})
    assert cache.read(new)[0].num_rows == 4000
    with cache.lock(old, waiting=lambda: None):
        pruned = fb.prune_cache(folder=cache.folder, to_gb=0)
        assert pruned.is_over
        assert cache.has(old)
        assert cache.has(new)
    assert stages_left(cache) == ["chunks", "suspects", "timeline"], "a pass may work on them"
    fb.prune_cache(folder=cache.folder, to_gb=0)
    assert (cache.has(old), cache.has(new)) == (False, True)
    fb.prune_cache(folder=cache.folder, to_gb=0, older_than_days=0)
    assert stages_left(cache) == ["suspects"]


def test_an_age_and_a_stage_limit_what_goes(cache):
    pruned = fb.prune_cache(folder=cache.folder, older_than_days=30, stages="faces")
    assert [entry.stage for entry in pruned.pruning.entries] == ["faces"]
    pruned = fb.prune_cache(folder=cache.folder, older_than_days=30)
    left = ["expressions", "statistics", "timeline"]
    assert sorted(entry.stage for entry in pruned.pruning.entries) == left
    with pytest.raises(ConfigError, match=r"no stage 'face'.*expected of .*faces"):
        fb.prune_cache(folder=cache.folder, stages="face")
    with pytest.raises(CacheError, match="cannot be read"):
        fb.list_cache(folder=cache.folder / "nowhere")


def test_without_a_wish_only_what_is_of_no_use_goes(cache):
    chunk = cache.folder / "chunks" / ("cd" * 32)
    sound = files(cache)
    assert fb.prune_cache(folder=cache.folder).pruning.freed_bytes == 0
    assert files(cache) == sound
    used(chunk, 8)
    assert len(fb.prune_cache(folder=cache.folder).pruning.entries) == 1
    assert not chunk.exists()


def test_a_use_is_noted_once_an_hour(cache):
    path = cache.path(StageKey.of("faces", {"frames": "x"}))
    path.parent.mkdir(parents=True)
    path.touch()
    for age_s, is_renewed in ((RENEWED_S / 2, False), (RENEWED_S * 1.1, True)):
        then = time.time() - age_s
        os.utime(path, (then, then))
        mark_used(path)
        assert (path.stat().st_mtime > then + 1) is is_renewed
    mark_used(cache.folder / "nowhere")


def dead():
    return str(replace(this_process(), started="1"))


def test_leftovers_of_dead_processes_are_told_and_go(cache):
    sound = files(cache)
    faces = cache.folder / "faces" / "00"
    faces.mkdir()
    words = "_".join([*dead().split(), uuid.uuid4().hex])
    (faces / f".{words}.part.parquet").write_bytes(b"half")
    old = faces / f".{uuid.uuid4().hex}.part.parquet"
    old.write_bytes(b"of a writer that cannot be seen")
    used(old, 0.1)
    cache.locks.mkdir()
    (cache.locks / "f.held").write_text(f"{dead()} x")
    (cache.locks / "g.lock").touch()
    used(cache.locks / "g.lock", 1)
    going_on = part_beside(faces / "a.parquet")
    going_on.write_bytes(b"of this process")
    here = f"{this_process()} x"
    (cache.locks / "h.held").write_text(here)
    checked = fb.verify_cache(folder=cache.folder)
    assert not checked.is_sound
    assert sorted(checked.to_frame().problem) == [
        "half written, of a dead process",
        "half written, of a dead process",
        "lock of an older version, of a dead process",
        "lock, of a dead process",
    ]
    assert len(fb.prune_cache(folder=cache.folder).pruning.leftovers) == 4
    alive = {f"faces/00/{going_on.name}": 15, "locks/h.held": len(here)}
    assert files(cache) == sound | alive
    assert fb.verify_cache(folder=cache.folder).is_sound


def test_the_mark_of_a_sweep_stays_until_no_sweep_can_have_it(cache):
    mark = cache.folder / f"{SEEN}{uuid.uuid4().hex}"
    mark.touch()
    used(mark, 29)
    fb.prune_cache(folder=cache.folder, to_gb=0, older_than_days=1)
    assert mark.exists()
    assert "" not in {row.name for row in fb.list_cache(folder=cache.folder).rows}
    used(mark, 31)
    checked = fb.verify_cache(folder=cache.folder)
    assert list(checked.to_frame().problem) == ["mark of a sweep, of a dead process"]
    fb.prune_cache(folder=cache.folder)
    assert not mark.exists()


def test_whatever_is_not_as_it_was_written_is_told_and_made_again(cache):
    graphs = cache.folder / "graphs"
    graphs.mkdir()
    data = b"a network"
    right = graphs / f"{'0' * 64}-{hashlib.sha256(data).hexdigest()}.onnx"
    right.write_bytes(data)
    video = cache.folder.parent / "v.mp4"
    video.write_bytes(b"a video")
    cache.digest(video)
    assert fb.verify_cache(folder=cache.folder).is_sound

    def change(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return path

    first = [StageKey.of("timeline", {"video": video}) for video in VIDEOS]
    moved = cache.path(StageKey.of("faces", {"frames": first[0].key}))
    shutil.copy(cache.path(first[1]), moved)
    other = StageKey(stage="pictures", key="12" * 32, spec=json.dumps({"made": "of other things"}))
    cache.write(other, tables.pictures_table(Pictures(luma=np.ones(2), change=np.ones(2))), {})
    broken = {
        change(cache.path(first[0])),
        change(right),
        change(next((cache.folder / "digests").rglob("*.txt"))),
        change(cache.folder / "chunks" / ("cd" * 32) / "0-9.parquet").parent,
        change(cache.folder / "statistics" / "ab" / ("ab" * 32) / "numbers.json").parent,
        moved,
        cache.path(other),
    }
    checked = fb.verify_cache(folder=cache.folder)
    assert {each.entry.path for each in checked.broken} == broken
    whys = {each.entry.path: each.why for each in checked.broken}
    assert "lies in another's place" in whys[moved]
    assert "key is not that" in whys[cache.path(other)]
    assert all(path.exists() for path in broken)
    fb.verify_cache(folder=cache.folder, delete=True)
    assert not any(path.exists() for path in broken)
    assert fb.verify_cache(folder=cache.folder).is_sound


def test_after_a_run_locks_of_the_dead_go_and_the_limit_holds(cache):
    cache.locks.mkdir()
    (cache.locks / "f.held").write_text(f"{dead()} x")
    before = files(cache)
    assert keep_in_order(cache.folder, None) == ""
    assert files(cache) == {k: v for k, v in before.items() if k != "locks/f.held"}
    line = keep_in_order(cache.folder, sum(files(cache).values()) / 2e9)
    assert "kept within" in line
    cache.read(StageKey.of("expressions", {"faces": _faces(1).key}))
    assert "over its limit" in keep_in_order(cache.folder, 1e-6)
    assert keep_in_order(cache.folder / "nowhere", None) == ""


def _faces(number):
    timeline = StageKey.of("timeline", {"video": VIDEOS[number]})
    return StageKey.of("faces", {"frames": timeline.key})
