"""No file vanishes: what FFmpeg knows, by content or ending, is taken or named."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from ferbench.datasets.containers import SUFFIXES, begins_as_video, video_format
from ferbench.datasets.files import video_files
from ferbench.datasets.left_out import about_left_out, left_out
from ferbench.errors import DatasetError

COPIED = ("mp4", "mov", "mkv", "mpegts", "3gp", "3g2", "flv", "f4v", "nut", "h264")
CONTAINERS = {
    # ending: FFmpeg's options
    ".mp4": (),
    ".MOV": ("-f", "mov"),
    ".mkv": (),
    ".MTS": ("-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    ".m2ts": ("-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    ".ts": ("-f", "mpegts"),
    ".3gp": ("-f", "3gp"),
    ".3G2": ("-f", "3g2"),
    ".flv": (),
    ".f4v": (),
    ".avi": ("-c:v", "mpeg4"),
    ".wmv": ("-c:v", "wmv2"),
    ".asf": ("-c:v", "wmv2"),
    ".ogv": ("-c:v", "libtheora"),
    ".webm": ("-c:v", "libvpx"),
    ".mxf": ("-c:v", "mpeg2video", "-r", "25"),
    ".dv": ("-s", "720x576", "-r", "25", "-pix_fmt", "yuv420p", "-c:v", "dvvideo", "-f", "dv"),
    ".VOB": ("-c:v", "mpeg2video", "-r", "25", "-f", "vob"),
    ".mpg": ("-c:v", "mpeg1video", "-r", "25"),
}
"""Taken, each by its ending."""
NAMED = {
    ".mod": (("-c:v", "mpeg2video", "-r", "25", "-f", "vob"), "ending .mod"),
    ".lrv": (("-f", "mp4"), "ending .lrv"),
    ".nut": ((), "ending .nut"),
    ".h264": (("-f", "h264"), "ending .h264"),
    ".rm": (("-c:v", "rv10", "-s", "176x144", "-f", "rm"), "ending .rm"),
    ".mp4.part": (("-f", "mp4"), "has not finished"),
    ".crdownload": (("-f", "webm", "-c:v", "libvpx"), "has not finished"),
    "": (("-f", "mp4"), "its name has no ending, though it is a video by its content (mov)"),
    ".txt": (("-f", "matroska"), "ends in .txt, though it is a video by its content (matroska)"),
    ".bak": (("-c:v", "mpeg4", "-f", "avi"), "ends in .bak, though it is a video"),
    ".csv": (("-f", "mpegts"), "ends in .csv, though it is a video by its content (mpegts)"),
    ".mka": (("-f", "matroska"), "ends in .mka, though it is a video"),
    ".dat": (("-c:v", "mpeg1video", "-r", "25", "-f", "vcd"), "ends in .dat, though"),
    ".old": (("-c:v", "wmv2", "-f", "asf"), "ends in .old, though it is a video"),
    ".m4a": (("-f", "mov"), "ends in .m4a, though it is a video"),
    ".bin": (("-f", "flv"), "ends in .bin, though it is a video"),
}
"""Left out with a reason."""


def ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory):
    """A folder with one of each odd recording, and things that are none."""
    folder = tmp_path_factory.mktemp("odd")
    plain = folder.parent / "plain.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=176x144:rate=25:duration=0.2"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", plain),
    )
    for number, (ending, options) in enumerate(CONTAINERS.items()):
        given = ("-c", "copy", *options) if "-c:v" not in options else options
        ffmpeg("-i", plain, *given, folder / f"P{number:02d}{ending}")
    for number, (ending, (options, _)) in enumerate(NAMED.items()):
        given = ("-c", "copy", *options) if "-c:v" not in options else options
        if not any(option == "-f" for option in given):
            given = (*given, "-f", ending.removeprefix("."))
        ffmpeg("-i", plain, *given, folder / f"Q{number:02d}{ending}")
    (folder / "T1.mp4").write_text("no video at all")
    (folder / "T2.mp4").touch()
    (folder / "T3.mp4").symlink_to(folder / "gone.mp4")
    (folder / "U1.ts").write_text("export const answer = 42;\n")
    (folder / "._P00.mp4").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    (folder / ".hidden.mp4").write_bytes(plain.read_bytes())
    (folder / "U2.bin").write_bytes(plain.read_bytes()[:40])
    (folder / "U3.mp4").mkdir()
    not_recordings(folder)
    return folder


def not_recordings(folder):
    """Things in which nobody looks for a face."""
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", folder / "sound.m4a")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", folder / "sound.mka")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", "-c:a", "flac", folder / "sound.oga")
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1", folder / "thumb.jpg")
    (folder / "notes.txt").write_text("P01 arrived late\n")
    (folder / "marks.csv").write_text("session,onset_s\nP01,1\n")
    (folder / "image.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (folder / "random.bin").write_bytes(random.Random(1).randbytes(10000))
    (folder / "zero.bin").write_bytes(bytes(10000))
    (folder / "empty").touch()


NO_RECORDINGS = {
    *("sound.m4a", "sound.mka", "sound.oga", "thumb.jpg", "notes.txt", "marks.csv"),
    *("image.heic", "random.bin", "zero.bin", "empty"),
}


def has_picture(path):
    """Whether ffprobe finds a moving picture, of whatever name."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", str(path)]
    ended = subprocess.run(command, capture_output=True, check=False)
    streams = json.loads(ended.stdout or "{}").get("streams", [])
    return any(stream["codec_type"] == "video" for stream in streams)


def test_every_file_is_taken_or_named(odd_files):
    taken = {path.name for path in video_files(odd_files, suffixes=SUFFIXES, recursive=False)}
    named = {file.name: file for file in left_out(odd_files, suffixes=SUFFIXES, recursive=False)}
    expected = {f"P{number:02d}{ending}" for number, ending in enumerate(CONTAINERS)}
    assert taken == expected | {"T1.mp4", "T2.mp4", "T3.mp4"}, "what is none fails, and is told"
    assert not taken & named.keys()
    there = {path.name for path in odd_files.iterdir()}
    assert there - taken - named.keys() == NO_RECORDINGS
    for number, (ending, (_, reason)) in enumerate(NAMED.items()):
        file = named[f"Q{number:02d}{ending}"]
        assert reason in file.reason
        assert file.is_recording
    assert "text in spite of its ending .ts" in named["U1.ts"].reason
    assert "what macOS keeps beside one" in named["._P00.mp4"].reason
    assert "hidden" in named[".hidden.mp4"].reason
    assert "begins as a video does, and FFmpeg cannot read it" in named["U2.bin"].reason
    assert named["U3.mp4"].reason == "a folder"
    assert {name for name, file in named.items() if not file.is_recording} == {
        "U1.ts", "._P00.mp4", "U3.mp4"
    }  # fmt: skip


def test_ffprobe_sees_no_recording_that_is_silent(odd_files):
    """Of all that is neither taken nor named, ffprobe finds a picture only in pictures."""
    silent = [odd_files / name for name in sorted(NO_RECORDINGS)]
    assert {path.name for path in silent if has_picture(path)} <= {"thumb.jpg", "image.heic"}
    for path in odd_files.glob("Q*"):
        assert has_picture(path)
        assert begins_as_video(path.read_bytes()[:4096])
        assert video_format(path)


def test_sentences_name_each_reason_once(tmp_path, odd_files):
    for number in range(12):
        shutil.copy(odd_files / "Q00.mod", tmp_path / f"P{number:02d}.mod")
    sentences = about_left_out(left_out(tmp_path, suffixes=SUFFIXES, recursive=False))
    assert sentences == [
        "left out, as the ending .mod is not among those that are taken: P00.mod, P01.mod, P02.mod,"
        " P03.mod, P04.mod, P05.mod, P06.mod, P07.mod, P08.mod, P09.mod and 2 more"
    ]


def test_folders_that_are_not_entered(tmp_path, odd_files):
    for name in (".trash", "below"):
        (tmp_path / name).mkdir()
        shutil.copy(odd_files / "Q00.mod", tmp_path / name / "P01.mod")
    (tmp_path / "link").symlink_to(odd_files)
    found = left_out(tmp_path, suffixes=SUFFIXES, recursive=True)
    assert [(file.name, file.is_recording) for file in found] == [
        (".trash", False), ("below/P01.mod", True), ("link", False)
    ]  # fmt: skip
    assert left_out(tmp_path, suffixes=SUFFIXES, recursive=False) == ()
    assert left_out(Path(odd_files / "Q00.mod"), suffixes=SUFFIXES, recursive=False) == ()


def test_what_is_no_file_is_named_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "P01.mp4")
    with pytest.raises(DatasetError, match="no video in"):
        video_files(tmp_path, suffixes=SUFFIXES, recursive=False)
    [file] = left_out(tmp_path, suffixes=SUFFIXES, recursive=False)
    assert (file.name, file.reason) == ("P01.mp4", "no file that can be read")


def test_probing_opens_only_what_begins_as_a_video(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "ferbench.datasets.left_out.video_format", lambda path: opened.append(path.name)
    )
    (tmp_path / "list.bin").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    (tmp_path / "play.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n")
    (tmp_path / "sdp").write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n")
    (tmp_path / "random").write_bytes(bytes(range(1, 256)) * 100)
    (tmp_path / "mov.bin").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(50))
    left_out(tmp_path, suffixes=SUFFIXES, recursive=False)
    assert opened == ["mov.bin"]
    for name in ("list.bin", "play.m3u8", "sdp"):
        assert video_format(tmp_path / name) == "", "no demuxer that reads other files"


def test_names_that_a_terminal_would_obey_are_written_out(tmp_path, clip):
    shutil.copyfile(clip, tmp_path / "\x1b[31mred.dat")
    [file] = left_out(tmp_path, suffixes=SUFFIXES, recursive=False)
    assert file.name == r"\x1b[31mred.dat"
