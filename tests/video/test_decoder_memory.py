"""Decoders that ask for more memory than they may take: an error of the video that says so."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ferbench.datasets import video_header
from ferbench.datasets.video_header import Header, read_header
from ferbench.errors import ConfigError
from ferbench.pipeline.recipe import Runtime
from ferbench.video import decoder_process
from ferbench.video.decoder_memory import (
    DecoderMemoryError,
    check_memory_left,
    is_of_memory,
)
from ferbench.video.isolated import Isolated, asked
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader

READERS = (PyavReader(), OpencvReader())
SIDE_HW = (1440, 2560)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Frames of 2560 x 1440, which take 5.5 MB each where they are decoded."""
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.height, stream.width = SIDE_HW
        stream.pix_fmt = "yuv420p"
        for level in range(12):
            frame = av.VideoFrame(SIDE_HW[1], SIDE_HW[0], "yuv420p")
            for plane in frame.planes:
                plane.update(np.full(plane.buffer_size, level * 20, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def count(reader, path, gib):
    how = {"batch_frames": 4, "keep_damaged": True, "threads": 8}
    with Isolated(reader=reader, memory_gib=gib).open(path, **how) as video:
        return sum(len(batch) for batch in video)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: type(reader).__name__)
def test_a_video_that_needs_more_is_told_and_never_shortened(reader, large):
    with pytest.raises(DecoderMemoryError) as raised:
        count(reader, large, 0.03)
    told = f"{large}: its decoder needs more than 0.03 GiB of memory; "
    assert str(raised.value).startswith(told)
    assert "decoder_memory_gib" in str(raised.value)
    assert not decoder_process._idle, "what it took is left in pieces"
    assert count(reader, large, 1.0) == 12


def test_frames_that_both_share_are_not_counted(large):
    """12 frames that are held take 133 MB."""
    how = {"batch_frames": 1, "keep_damaged": True, "threads": 1}
    with Isolated(reader=PyavReader(), memory_gib=0.12).open(large, **how) as video:
        held = list(video)
    assert sum(batch.rgb.nbytes for batch in held) == 12 * 3 * 1440 * 2560 > 0.12 * 2**30


def greedy(path: Path) -> int:
    return len(bytearray(2**40 + len(str(path))))


def test_questions_have_a_limit_too(large, monkeypatch):
    with pytest.raises(DecoderMemoryError, match="needs more than 2 GiB"):
        asked(greedy, large)
    monkeypatch.setattr(video_header, "_header", greedy)
    assert read_header(large) == Header(ended="its decoder needs more than 2 GiB of memory")


PROGRAM = """
import resource, sys
from ferbench.video.decoder_memory import check_memory_left, limit_memory
check_memory_left(2**50)
limit_memory(0.25)
check_memory_left(2**20)
try:
    check_memory_left(2**26)
except MemoryError:
    print("short")
try:
    bytearray(2**28 + 2**27)
except MemoryError:
    print("refused")
limit_memory(1.0)
print(len(bytearray(2**28 + 2**27)))
limit_memory(float("inf"))
print(resource.getrlimit(resource.RLIMIT_DATA)[1] == resource.RLIM_INFINITY)
"""


def test_the_system_keeps_the_limit():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert ended.stdout.split() == ["short", "refused", str(2**28 + 2**27), "True"]


def test_a_limit_of_the_system_is_kept():
    """Where somebody has set one, as a cluster does."""
    least = f"resource.setrlimit(resource.RLIMIT_DATA, ({2**30}, {2**30}))\n"
    program = PROGRAM.replace("check_memory_left(2**50)\n", least)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout.split()[-1] == "False"


def test_errors_of_memory_are_recognised():
    raised = ValueError("cannot be read")
    raised.__cause__ = MemoryError()
    assert is_of_memory(raised)
    assert is_of_memory(RuntimeError("OpenCV: Insufficient memory in function 'OutOfMemoryError'"))
    assert is_of_memory(RuntimeError("std::bad_alloc"))
    assert not is_of_memory(ValueError("no frame"))


@pytest.mark.parametrize("gib", [0.0, -1.0, 0.2, float("nan")])
def test_a_limit_leaves_room_for_the_libraries(gib):
    with pytest.raises(ConfigError, match=r"decoder_memory_gib: expected at least 0\.25 GiB"):
        Runtime(decoder_memory_gib=gib)


def test_this_process_has_no_limit_of_ours():
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
    check_memory_left(2**60)
