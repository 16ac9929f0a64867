"""Results.csv of the thesis: in, out, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import FormatError
from ferbench.thesis.results import (
    ResultsRow,
    is_results,
    participants_in,
    read_results,
    session_in,
    write_results,
)
from helpers.reference import shared_path


def is_no_number(text: str) -> bool:
    """Unlike ``7``, ``0E0`` and ``nan``."""
    try:
        float(text)
    except ValueError:
        return True
    return False


names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8).filter(
    is_no_number
)
rows = st.builds(
    ResultsRow,
    participant=st.integers(10000, 99999).map(str),
    session=st.integers(1, 9).map(str),
    model=names,
    backend=names,
    flags=st.lists(st.integers(0, 1), max_size=20).map(tuple),
    count=st.integers(0, 300),
)


def test_the_original_file_is_the_same_after_reading_and_writing(tmp_path):
    original = shared_path("thesis/batch/Results.csv")
    found = read_results(original)
    assert len(found) == 18
    assert found[0] == ResultsRow(
        participant="30991",
        session="2",
        model="POSTER_V2-AN7",
        backend="retinaface",
        flags=(),
        count=0,
    )
    assert found[7].flags == (1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1)
    assert found[7].count == 12
    write_results(tmp_path / "again.csv", found)
    assert (tmp_path / "again.csv").read_bytes() == original.read_bytes()
    assert list(tmp_path.iterdir()) == [tmp_path / "again.csv"]


@given(st.lists(rows, min_size=1, max_size=5))
def test_rows_are_the_same_after_writing_and_reading(tmp_path_factory, wanted):
    path = tmp_path_factory.mktemp("rows") / "Results.csv"
    write_results(path, wanted)
    assert is_results(path)
    assert read_results(path) == tuple(wanted)


def test_what_a_spreadsheet_makes_of_it_is_read(tmp_path):
    path = tmp_path / "Results.csv"
    path.write_text(
        "\ufeff10001;1;APViT;retinaface;1;0;1;;\r\n\r\n10001;2;APViT;retinaface;0;;;;\r\n",
        encoding="utf-8",
    )
    assert is_results(path)
    first, second = read_results(path)
    assert (first.flags, first.count) == ((1, 0), 1)
    assert (second.flags, second.count) == ((), 0)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("10001,1,APViT,retinaface", "10001,1,APViT,retinaface"),
        ("10001,1,APViT,retinaface,1,2,1", "1,2,1"),
        ("10001,1,APViT,retinaface,1,x,1", "1,x,1"),
        ("10001,1,APViT,retinaface,1,0,-1", "1,0,-1"),
    ],
)
def test_a_line_that_is_no_row_is_named(line, got, tmp_path):
    path = tmp_path / "Results.csv"
    path.write_text(f"10001,1,RAF,retinaface,1,0,1\r\n{line}\r\n")
    with pytest.raises(
        FormatError, match=rf"Results\.csv, line 2: expected a line such as '10234.*{got}'"
    ):
        read_results(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "Results.csv"
    path.write_text("\r\n")
    with pytest.raises(FormatError, match="the file is empty"):
        read_results(path)


def test_other_files_are_not_taken_for_it(tmp_path):
    path = tmp_path / "x.csv"
    for text in (
        "3,4,7,8,0.3,0.1,0.2,0.4,0.6,0.0,3.5,Neutral\n",
        "0,0,0,0,0\n",
        "3.0,4.0,10.0,12.0,0.99\n",
        "a,b\n",
        "",
    ):
        path.write_text(text)
        assert not is_results(path)
    assert not is_results(shared_path("thesis/batch/analyze_emotions/Results_all_emotions.csv"))


def test_participant_and_session_in_a_path():
    assert participants_in("P10234/GH010012 10234 Sessie 1.MP4.APViT.retinaface.csv") == (
        "10234",
        "10234",
    )
    assert participants_in("123456 1234 Sessie 1") == ()
    assert session_in("opname_20517_Sessie1.MP4") == "1"
    assert session_in("12345 SESSIE 02.MP4") == "2"
    assert session_in("12345 Session 2.MP4") is None
