"""Disks without room, and folders that can only be read: one sentence, nothing half-written, and
the same command goes on when there is room.

Where this account may mount, a small disk in memory is filled. Everywhere a limit of the system on
the size of files is met, which is told as a full disk is.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from contextlib import contextmanager

import av
import pytest

from ferbench import atomic
from ferbench.system_errors import said
from helpers.faulty_mount import why_no_mount

needs_mount = pytest.mark.skipif(bool(why_no_mount()), reason=why_no_mount())
NO_ROOM = "make room on that disk and run the same again: what is stored is kept"
READ_ONLY = "it can only be read; choose another folder, or have it made writable"


@contextmanager
def files_up_to(num_bytes):
    """No file of this process may be larger, nor any of those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(folder, size):
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "small", folder)
    try:
        yield lambda options: mount("-o", f"remount,{options}", folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def left_over(folder):
    return [path.name for path in folder.rglob("*") if ".part" in path.name]


@pytest.fixture
def run(warm_home, warm_root, tmp_path, ferbench_run):
    """A run that reads its tables from the cache."""
    folder = tmp_path / "study"
    folder.mkdir()
    shutil.copyfile(warm_root.clip, folder / "anna.mp4")
    settings = (f"dataset.videos={folder}", "signal.labels=[happiness]", "tracking=files")
    return lambda: ferbench_run(*settings)


@pytest.mark.weights
@pytest.mark.parametrize("num_bytes", [2000, 12_000], ids=["hydra", "pages"])
def test_files_of_a_run_find_no_room(num_bytes, run, warm_home):
    with files_up_to(num_bytes):
        ended = run()
    assert ended.code == 1
    assert f"File too large; {NO_ROOM}" in ended.err
    assert "Traceback" not in ended.err
    assert left_over(warm_home) == []
    assert run().code == 0


@pytest.mark.weights
def test_tables_find_no_room(videos, warm_home, tmp_path, ferbench):
    shutil.rmtree(warm_home / ".ferbench" / "cache" / "expressions")
    with files_up_to(2000):
        ended = ferbench("predict", videos, "--out", tmp_path / "out")
    assert ended.code == 1
    assert NO_ROOM in ended.err
    assert "Traceback" not in ended.err
    assert left_over(tmp_path) == []
    assert ferbench("predict", videos, "--out", tmp_path / "out").code == 0


@needs_mount
@pytest.mark.weights
@pytest.mark.parametrize(
    "below", [".ferbench/cache", "mlruns/hydra", "mlruns/files"], ids=["cache", "hydra", "records"]
)
def test_a_full_disk(below, run, warm_home):
    shutil.rmtree(warm_home / ".ferbench" / "cache" / "expressions")
    with small_disk(warm_home / below, "8k") as remount:
        ended = run()
        assert ended.code == 1
        assert f"No space left on device; {NO_ROOM}" in ended.err
        assert "Traceback" not in ended.err
        assert left_over(warm_home) == []
        remount("size=16m")
        assert run().code == 0


@needs_mount
@pytest.mark.weights
@pytest.mark.parametrize("below", [".ferbench/cache", "mlruns/hydra", "mlruns/files"])
def test_a_disk_that_can_only_be_read(below, run, warm_home):
    with small_disk(warm_home / below, "1m") as remount:
        remount("ro")
        ended = run()
    assert ended.code == 1
    assert READ_ONLY in ended.err
    assert "Traceback" not in ended.err


@needs_mount
def test_what_is_exported_and_imported(videos, warm_home, tmp_path, models, monkeypatch, ferbench):
    with small_disk(tmp_path / "disk", "12k") as remount:
        ended = ferbench("predict", videos, "--out", tmp_path / "disk" / "out")
        assert ended.code == 1
        assert f"{NO_ROOM}" in ended.err
        assert left_over(tmp_path) == []
        monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "disk" / "models"))
        ended = ferbench("models", "import", models)
        assert ended.code == 1
        assert ended.err.startswith("WeightsFolderError: ")
        assert ended.err.rstrip().endswith(NO_ROOM)
        assert left_over(tmp_path) == []
        remount("size=16m")
        assert ferbench("models", "import", models).code == 0


def write_with_ffmpeg(source, part):
    with av.open(str(source)) as video, av.open(str(part), "w", format="mp4") as copy:
        stream = copy.add_stream_from_template(video.streams.video[0])
        for packet in video.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)


@pytest.mark.parametrize("write", [write_with_ffmpeg, shutil.copyfile])
def test_whoever_writes_the_file_that_is_meant_is_named(write, clip, tmp_path):
    target = tmp_path / "new" / "copy.mp4"
    error = None
    with files_up_to(2000):
        try:
            with atomic.replacing(target) as part:
                write(clip, part)
        except OSError as raised:
            error = raised
    assert said(error) == f"{target}: File too large; {NO_ROOM}"
    assert list(target.parent.iterdir()) == []
