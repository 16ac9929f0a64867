"""Decoders in another process: the same frames, and what ends there is one video."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
import torch

from ferbench.errors import VideoError
from ferbench.types import FrameBatch
from ferbench.video import decoder_process, waiting_file
from ferbench.video.decoder_death import DecoderDiedError
from ferbench.video.isolated import Isolated
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.dying_reader import DyingReader

HOW = {"batch_frames": 8, "keep_damaged": True}


@contextmanager
def opened(reader, path, *, patience_s=30.0, **how):
    with Isolated(reader=reader, patience_s=patience_s).open(path, **{**HOW, **how}) as video:
        yield video


def read(opening):
    with opening as video:
        batches = [(batch.index, batch.rgb.clone()) for batch in video]
        timeline = video.timeline(video_id="a", sha256="b")
    index = np.concatenate([index for index, _ in batches])
    return index, torch.cat([rgb for _, rgb in batches]), timeline


def dying(clip, **how):
    return DyingReader(num_bytes=clip.stat().st_size, **how)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


@pytest.mark.parametrize("reader", [PyavReader(), OpencvReader()])
def test_frames_and_times_are_those_that_the_reader_gives_here(reader, clip):
    index, rgb, timeline = read(opened(reader, clip))
    index_here, rgb_here, timeline_here = read(reader.open(clip, threads=1, **HOW))
    assert torch.equal(rgb, rgb_here)
    assert np.array_equal(index, index_here)
    assert np.array_equal(timeline.edges_s, timeline_here.edges_s)
    assert timeline.video == timeline_here.video


@dataclass(frozen=True, kw_only=True)
class OwnMemory:
    """A reader with memory of its own, and batches of other sizes."""

    version: ClassVar[str] = "1"

    @contextmanager
    def open(self, path, **asked):
        del path, asked
        yield self

    estimated_frames: ClassVar[int] = 6

    def __iter__(self):
        for first, count in ((0, 1), (1, 4), (5, 1)):
            rgb = torch.arange(count * 3 * 4 * 5, dtype=torch.uint8).reshape(count, 3, 4, 5)
            yield FrameBatch(rgb=rgb + first, index=np.arange(first, first + count))


def test_frames_of_a_reader_with_memory_of_its_own_are_copied(clip):
    with opened(OwnMemory(), clip) as video:
        found = [(batch.index.tolist(), batch.rgb.clone()) for batch in video]
    expected = list(OwnMemory())
    assert [index for index, _ in found] == [batch.index.tolist() for batch in expected]
    assert all(torch.equal(rgb, batch.rgb) for (_, rgb), batch in zip(found, expected, strict=True))


def test_batches_may_be_held_as_long_as_one_likes(clip):
    with opened(PyavReader(), clip, batch_frames=4) as video:
        batches = list(video)
    _, expected, _ = read(PyavReader().open(clip, threads=1, **HOW))
    assert torch.equal(torch.cat([batch.rgb for batch in batches]), expected)


def test_memory_is_used_again(clip):
    with opened(PyavReader(), clip, batch_frames=2) as video:
        places = [int(batch.rgb.data_ptr()) for batch in video]
    assert len(places) == 18
    assert len(set(places)) <= 4


def test_who_is_slower_than_the_decoder_needs_no_more_memory(clip):
    places = set()
    with opened(PyavReader(), clip, batch_frames=1) as video:
        for batch in video:
            places.add(int(batch.rgb.data_ptr()))
            del batch
            time.sleep(0.02)
    assert len(places) <= 3, "36 batches"


def test_one_process_decodes_one_video_after_the_other(clip):
    processes = []
    for _ in range(2):
        with opened(PyavReader(), clip):
            pass
        [process] = decoder_process._idle
        processes.append(process)
    assert processes[0] is processes[1]
    decoder_process.end_idle()
    assert has_ended(processes[0]._process)


def test_a_process_that_ended_while_nobody_needed_it_is_replaced(clip):
    with opened(PyavReader(), clip):
        pass
    [process] = decoder_process._idle
    process._process.kill()
    process._process.wait()
    index, _, _ = read(opened(PyavReader(), clip))
    assert len(index) == 36


def test_two_videos_may_be_open_at_a_time(clip):
    with opened(PyavReader(), clip) as one, opened(PyavReader(), clip) as other:
        for first, second in zip(one, other, strict=True):
            assert torch.equal(first.rgb, second.rgb)


def test_a_video_may_be_left_before_its_end(clip):
    for _ in range(3):
        with opened(PyavReader(), clip, batch_frames=1) as video:
            assert len(next(iter(video))) == 1
        assert len(decoder_process._idle) == 1


def test_what_the_reader_refuses_is_said_in_the_same_words(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    for path in (broken, tmp_path / "gone.mp4"):
        with pytest.raises(VideoError) as expected, PyavReader().open(path, threads=1, **HOW):
            pass
        with pytest.raises(VideoError) as got, opened(PyavReader(), path):
            pass
        assert str(got.value) == str(expected.value)


def test_errors_of_other_libraries_come_with_their_type(clip):
    with pytest.raises(ValueError, match="unknown"), opened(Surprised(), clip):
        pass


@dataclass(frozen=True, kw_only=True)
class Surprised:
    version: ClassVar[str] = "1"

    def open(self, path, **asked):
        del path, asked
        raise ValueError("unknown")


def test_a_reader_that_cannot_go_elsewhere_decodes_here(clip):
    class Local(PyavReader):
        pass

    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(Local())
    index, _, _ = read(opened(Local(), clip))
    assert len(index) == 36


@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [
        ("SIGSEGV", "crashed", "crashed (SIGSEGV) while decoding, after "),
        ("SIGABRT", "crashed", "crashed (SIGABRT) while decoding, after "),
        ("SIGBUS", "crashed", "crashed (SIGBUS) while decoding, after "),
        ("exit", "crashed", "crashed (exit code 3) while decoding, after "),
        ("SIGKILL", "killed", "was killed from outside (SIGKILL) while decoding, after "),
    ],
)
def test_a_decoder_that_dies_is_an_error_of_its_video(how, kind, told, clip):
    got = []
    with pytest.raises(DecoderDiedError) as raised, opened(dying(clip, how=how), clip) as video:
        got.extend(map(len, video))
    assert got == [8, 8], "what came before"
    assert str(raised.value).startswith(f"{clip}: its decoder {told}")
    assert raised.value.death.kind == kind
    assert 20 <= raised.value.death.num_frames <= 36
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert not decoder_process._idle
    index, _, _ = read(opened(PyavReader(), clip))
    assert len(index) == 36, "the next video has a process of its own"


def test_a_decoder_may_die_of_the_opening(clip):
    with pytest.raises(DecoderDiedError, match=r"crashed \(SIGSEGV\) while opening it$"):
        read(opened(dying(clip, at=-1), clip))


@dataclass(frozen=True, kw_only=True)
class OfPipe:
    """FFmpeg waits for the first byte of a pipe that nobody writes to."""

    version: ClassVar[str] = "1"

    def open(self, path, **asked):
        del asked
        return av.open(f"file:{path}")


def test_a_decoder_that_waits_in_the_system_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(waiting_file, "_ANSWER_S", 0.5)
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    start = time.monotonic()
    told = (
        "waited for its file while opening it: no packet and no frame came for 0.5 s, and the file"
    )
    with pytest.raises(DecoderDiedError, match=told), opened(OfPipe(), path, patience_s=0.5):
        pass
    assert time.monotonic() - start < 20


def test_a_decoder_that_hangs_between_frames_is_ended(clip):
    reader = dying(clip, how="hang")
    with (
        pytest.raises(DecoderDiedError, match="hung while decoding, after"),
        opened(reader, clip, patience_s=0.5) as video,
    ):
        list(video)


def test_time_in_which_frames_are_held_is_no_time_of_the_decoder(clip):
    with opened(PyavReader(), clip, batch_frames=1, patience_s=0.3) as video:
        held = []
        for batch in video:
            held.append(batch)
            if len(held) == 3:
                time.sleep(1.0)
    assert len(held) == 36


def test_a_parent_that_is_killed_leaves_no_process(clip, tmp_path):
    """Also not one that hangs: it looks itself whether its parent is there."""
    program = tmp_path / "parent.py"
    program.write_text(
        "import os, sys, threading, time\n"
        "from pathlib import Path\n"
        "from ferbench.video.isolated import Isolated\n"
        "from ferbench.video import decoder_process\n"
        "from helpers.dying_reader import DyingReader\n"
        "path = Path(sys.argv[1])\n"
        "reader = DyingReader(num_bytes=path.stat().st_size, how='hang', at=0)\n"
        "init = decoder_process.DecoderProcess.open\n"
        "def opened(self, job, patience_s):\n"
        "    print(self._process.pid, flush=True)\n"
        "    return init(self, job, patience_s)\n"
        "decoder_process.DecoderProcess.open = opened\n"
        "with Isolated(reader=reader, patience_s=500).open(\n"
        "    path, batch_frames=8, keep_damaged=True) as video:\n"
        "    list(video)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(program), str(clip)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while time.monotonic() < until and _is_running(pid):
        time.sleep(0.1)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_where_no_process_can_be_started_that_is_said(clip, monkeypatch):
    decoder_process.end_idle()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(VideoError, match="no process can be started that decodes it: No such file"):
        read(opened(PyavReader(), clip))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(VideoError, match="no process can be started that decodes it"):
        read(opened(PyavReader(), clip))


def test_memory_is_given_back_after_each_video(clip):
    """A process that decodes a thousand videos is as large as one that decodes two."""
    sizes = []
    for _ in range(6):
        index, _, _ = read(opened(PyavReader(), clip, batch_frames=32))
        assert len(index) == 36
        [process] = decoder_process._idle
        maps = Path(f"/proc/{process._process.pid}/maps").read_text()
        sizes.append(maps.count("memfd:ferbench"))
    assert sizes == [1] * 6, "what is left counts packets and frames"


def test_relative_paths_are_those_of_the_caller(clip, tmp_path, monkeypatch):
    """Also where the process is older than the caller's folder."""
    with opened(PyavReader(), clip):
        pass
    shutil.copyfile(clip, tmp_path / "here.mp4")
    monkeypatch.chdir(tmp_path)
    index, _, _ = read(opened(PyavReader(), Path("here.mp4")))
    assert len(index) == 36
