"""A disk or a mount that fails while a video is decoded is told, and is no fault of the video."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal

import pytest

from ferbench.errors import VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.pipeline.suspects import Suspects
from ferbench.video import decoder_process, waiting_file
from ferbench.video.decoder_death import DecoderDeath, DecoderDiedError
from ferbench.video.isolated import Isolated
from ferbench.video.pyav import PyavReader
from ferbench.video.waiting_file import can_be_read
from helpers.clips import write_clip
from helpers.faulty_mount import faulty_mount, why_no_mount

needs_mount = pytest.mark.skipif(bool(why_no_mount()), reason=why_no_mount())


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """A video of more bytes than a decoder reads ahead."""
    path = tmp_path_factory.mktemp("noise") / "noise.mp4"
    write_clip(path, 160, size=(96, 96))
    assert path.stat().st_size > 500_000
    return path


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(waiting_file, "_ANSWER_S", 1.0)
    monkeypatch.setattr(decoder_process, "_PATIENCE_S", 1.0)


def read(video, meanwhile):
    for _ in video:
        meanwhile()


def analyser_of(recipe, folder, models):
    return Analyser(recipe, Runtime(device="cpu"), Cache(folder), models)


@pytest.mark.slow
@needs_mount
def test_a_mount_that_does_not_answer_is_no_hang_of_the_decoder(noise, tmp_path, impatient):
    isolated = Isolated(reader=PyavReader(), patience_s=1.0)
    with faulty_mount(tmp_path / "mount", noise) as mount:
        path = tmp_path / "mount" / noise.name
        opened = isolated.open(path, batch_frames=2, keep_damaged=True)
        with pytest.raises(DecoderDiedError) as raised, opened as video:
            read(video, lambda: mount.send_signal(signal.SIGUSR2))
        assert raised.value.death.kind == "cut off"
        assert "waited for its file while decoding, after " in str(raised.value)
        assert str(raised.value).endswith("frame came for 1 s, and the file cannot be read")


@pytest.mark.slow
@needs_mount
def test_a_disk_that_fails_is_no_damage_of_the_video(noise, tmp_path, recipe, models):
    with faulty_mount(tmp_path / "mount", noise) as mount:
        analyser = analyser_of(recipe, tmp_path / "cache", models)
        analyser.on_frames = lambda _: mount.send_signal(signal.SIGUSR1)
        path = tmp_path / "mount" / noise.name
        with pytest.raises(VideoError) as raised:
            analyser.analyse(path, video_id="a")
    assert str(raised.value) == (
        f"{path} cannot be read: Input/output error; its disk or mount does not answer; run the "
        "same again when it does"
    )
    assert list((tmp_path / "cache").rglob("*.parquet")) == [], "half a video would stay for good"


def test_damage_is_believed_where_the_bytes_are_those_of_before(noise, tmp_path, recipe, models):
    video = tmp_path / "video.mp4"
    shutil.copy(noise, video)
    analyser = analyser_of(recipe, tmp_path / "cache", models)
    analyser.cache.digest(video)
    times = video.stat().st_mtime_ns
    with video.open("r+b") as stream:  # as a disk does that gives zeros, and tells nobody
        stream.seek(100_000)
        stream.write(bytes(300_000))
    os.utime(video, ns=(times, times))
    with pytest.raises(VideoError, match="changed while it was read; nothing of it was stored"):
        analyser.analyse(video, video_id="a")
    assert list((tmp_path / "cache").rglob("*.parquet")) == []


def test_whether_a_file_can_be_read(noise, tmp_path, impatient):
    with noise.open("rb") as stream:
        stream.seek(1000)
        assert can_be_read(noise, os.getpid())
    assert not can_be_read(tmp_path / "gone.mp4", os.getpid())
    silent = tmp_path / "silent.mp4"
    os.mkfifo(silent)  # who opens it waits for somebody to write
    assert not can_be_read(silent, os.getpid())


@pytest.mark.parametrize(
    ("kind", "is_noted"), [("cut off", False), ("killed", False), ("hung", True)]
)
def test_who_waited_for_a_mount_is_no_suspect(kind, is_noted, tmp_path):
    suspects = Suspects(folder=tmp_path, is_retrying=False)
    death = DecoderDeath(kind=kind, how="nothing came", stage="decoding", num_frames=3)
    with pytest.raises(DecoderDiedError), suspects.watch(tmp_path / "a.mp4", "00", PyavReader()):
        raise DecoderDiedError.of(tmp_path / "a.mp4", death)
    assert bool(list(tmp_path.glob("*.json"))) == is_noted


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    from ferbench.config.binding import build
    from ferbench.config.compose import composed
    from ferbench.config.settings import PLUGS

    config = composed({})
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    return dataclasses.replace(made, signal=dataclasses.replace(made.signal, labels=("happiness",)))
