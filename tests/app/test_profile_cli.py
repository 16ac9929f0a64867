"""``ferbench profile`` shows what the library finds, and says what it cannot use."""

from __future__ import annotations

import json

import pytest

from ferbench.formats.pass_profiles import write_pass_profiles
from ferbench.types import PassProfile
from ferbench.workflows.profile import Profile

PASS = PassProfile(
    video="a.mp4",
    frames=100,
    wall_s=6.0,
    lanes=2,
    busy_s={"decode": 2.0, "detect": 8.0, "crop": 1.0, "classify": 1.0},
    reader_wait_s=3.5,
    lane_wait_s=0.5,
)


@pytest.fixture
def folder(tmp_path):
    write_pass_profiles(tmp_path / "run" / "profile.csv", [PASS])
    return tmp_path / "run"


def test_a_folder_is_shown_in_80_columns(ferbench, folder):
    ended = ferbench("profile", folder)
    assert ended.code == 0, ended.err
    found = Profile(passes=(PASS,))
    lines = ended.out.splitlines()
    assert lines[0] == repr(found)
    assert lines[-4:] == list(found.sentences())
    assert max(map(len, lines)) <= 80
    assert "limits" in next(line for line in lines if line.startswith("detect"))


def test_json_has_the_numbers(ferbench, folder):
    ended = ferbench("profile", folder / "profile.csv", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == Profile(passes=(PASS,)).as_plain()


def test_options_of_a_video_are_refused_beside_a_run(ferbench, folder):
    ended = ferbench("profile", folder, "--lanes", "2")
    assert ended.code == 1
    assert "--lanes: only of a video that is run now" in ended.err


def test_a_folder_without_passes_is_told(ferbench, tmp_path):
    ended = ferbench("profile", tmp_path)
    assert ended.code == 1
    assert "has no profile.csv" in ended.err
