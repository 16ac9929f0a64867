"""``profile.csv`` is read as it was written, and other tables are refused."""

from __future__ import annotations

import pytest

from ferbench.errors import FormatError
from ferbench.formats.pass_profiles import HEADER, read_pass_profiles, write_pass_profiles
from ferbench.types import PassProfile

PASS = PassProfile(
    video="a, b.mp4",
    frames=36,
    wall_s=1.25,
    lanes=2,
    busy_s={"decode": 0.125, "detect": 1.5, "crop": 0.25, "classify": 0.5},
    reader_wait_s=0.75,
    lane_wait_s=0.0,
)


def test_passes_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "profile.csv"
    write_pass_profiles(path, [PASS, PASS])
    assert read_pass_profiles(path) == (PASS, PASS)
    assert path.read_text().splitlines()[1].startswith('"a, b.mp4",36,1.250000,2,0.125000,')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a row per pass"),
        ("onset_s,label\n1,surprise\n", "line 2: no video, frames"),
        (",".join(HEADER) + "\na,36,x,2,0,0,0,0,0,0\n", "line 2: could not convert"),
        (",".join(HEADER) + "\na,36,1,0,0,0,0,0,0,0\n", "line 2: PassProfile: expected at least 1"),
    ],
)
def test_another_table_is_refused(tmp_path, text, told):
    path = tmp_path / "profile.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=told):
        read_pass_profiles(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_pass_profiles(tmp_path / "profile.csv")
