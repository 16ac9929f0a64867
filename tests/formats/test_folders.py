"""Folders of annotations: every file is read, told or refused by its name."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from ferbench.datasets.study import Study
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.reading import read_annotations

ANNOTATION_FILES = Path(__file__).parents[1] / "data" / "annotation_files"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n"
SRT = "1\n00:00:03,000 --> 00:00:04,000\ny\n"
BORIS = (ANNOTATION_FILES / "boris_aggregated.csv").read_text(encoding="utf-8")
CSV = "session,onset_s\n{session},{onset}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        if name.endswith(".xlsx"):
            book = openpyxl.Workbook()
            for row in text.splitlines():
                book.active.append(row.split(","))
            book.save(folder / name)
        else:
            (folder / name).write_text(text, encoding="utf-8")


def csv_of(session: str, onset: str) -> str:
    return CSV.format(session=session, onset=onset)


READ = {
    "csv_per_session": (
        {"08.csv": csv_of("08", "4.6"), "1e3.csv": csv_of("1e3", "0.7")},
        [("08.csv", "08", 4.6, ""), ("1e3.csv", "1e3", 0.7, "")],
    ),
    "any_session_in_any_file": (
        {"a.csv": "session,onset_s\n08,4.6\n1e3,1\n", "b.csv": csv_of("007", "0.7")},
        [("a.csv", "08", 4.6, ""), ("a.csv", "1e3", 1.0, ""), ("b.csv", "007", 0.7, "")],
    ),
    "csv_tsv_and_workbook": (
        {
            "a.csv": csv_of("a", "1"),
            "b.tsv": "session\tonset_s\nb\t2\n",
            "c.xlsx": csv_of("c", "3"),
        },
        [("a.csv", "a", 1.0, ""), ("b.tsv", "b", 2.0, ""), ("c.xlsx", "c", 3.0, "")],
    ),
    "other_separators_and_orders": (
        {"a.csv": "onset_s;session\n1,5;a\n", "b.csv": csv_of("b", "2.5")},
        [("a.csv", "a", 1.5, ""), ("b.csv", "b", 2.5, "")],
    ),
    "two_annotators": (
        {"jo.csv": csv_of("a", "1"), "kim.csv": csv_of("a", "1")},
        [("jo.csv", "a", 1.0, "jo"), ("kim.csv", "a", 1.0, "kim")],
    ),
    "empty_file": (
        {"a.csv": csv_of("a", "1"), "b.csv": "session,onset_s\n"},
        [("a.csv", "a", 1.0, "")],
    ),
    "vtt_and_srt": (
        {"a.vtt": VTT, "b.srt": SRT},
        [("b.srt", "b", 3.0, ""), ("a.vtt", "a", 1.0, "")],
    ),
    "vtt_and_srt_of_one_session": (
        {"a.vtt": VTT, "A.srt": SRT},
        [("A.srt", "A", 3.0, "A"), ("a.vtt", "a", 1.0, "a")],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_all_files_are_read(name, tmp_path):
    files, rows = READ[name]
    write(tmp_path, files)
    table = read_annotations(tmp_path)
    assert [(r.file, r.session, r.onset, r.annotator) for r in table.rows] == rows
    assert table.notes == table.refused == ()


BESIDE = {
    "csv_beside_vtt": ({"a.vtt": VTT, "list.csv": "x,y\n1,2\n"}, "list.csv"),
    "csv_beside_vtt_and_srt": ({"a.vtt": VTT, "b.srt": SRT, "list.csv": "x,y\n1,2\n"}, "list.csv"),
    "text_beside_vtt": ({"a.vtt": VTT, "readme.txt": "hi"}, "readme.txt"),
    "text_beside_csv": ({"a.csv": csv_of("a", "1"), "readme.txt": "hi"}, "readme.txt"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_no_table_of_annotations_is_told(name, tmp_path):
    files, told = BESIDE[name]
    write(tmp_path, files)
    table = read_annotations(tmp_path)
    assert table.notes == (f"not read, as no table with the columns session, onset_s: {told}",)
    assert {row.session for row in table.rows} == {"a", "b"} & {name[0] for name in files}


REFUSED = {
    "csv_and_vtt": ({"a.vtt": VTT, "rest.csv": csv_of("b", "1")}, ("a.vtt", "rest.csv")),
    "workbook_and_vtt": ({"a.vtt": VTT, "rest.xlsx": csv_of("b", "1")}, ("a.vtt", "rest.xlsx")),
    "boris_and_vtt": ({"a.vtt": VTT, "b.csv": BORIS}, ("a.vtt", "b.csv")),
    "boris_and_csv": ({"a.csv": csv_of("a", "1"), "b.csv": BORIS}, ("a.csv", "b.csv")),
    "misspelt_header": (
        {"a.csv": csv_of("a", "1"), "b.csv": "sesion,onset_s\nb,2\n"},
        ("b.csv: column 'session'",),
    ),
    "clock_and_seconds": (
        {"a.csv": csv_of("a", "2025-03-04 10:15:20"), "b.csv": csv_of("b", "12.5")},
        ("a.csv has clock times and b.csv has not",),
    ),
    "none_usable": (
        {"a.csv": csv_of("a", "soon"), "b.csv": csv_of("b", "later")},
        ("none of the 2 rows can be used: a.csv, line 2",),
    ),
    "only_texts": ({"readme.txt": "hi"}, ("readme.txt",)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_together_is_refused_by_name(name, tmp_path):
    files, said = REFUSED[name]
    write(tmp_path, files)
    with pytest.raises(DatasetError) as caught:
        read_annotations(tmp_path, starts_known=True)
    assert all(part in str(caught.value) for part in said), str(caught.value)


def test_a_file_may_have_no_row_that_is_kept(tmp_path):
    head = "session,onset_s,kind\n"
    write(tmp_path, {"a.csv": head + "a,1,robot\n", "b.csv": head + "b,2,other\n"})
    table = read_annotations(tmp_path, Table(keep={"kind": ("robot",)}))
    assert [(row.file, row.session, row.kept) for row in table.rows] == [
        ("a.csv", "a", True),
        ("b.csv", "b", False),
    ]
    with pytest.raises(DatasetError, match="leave no row"):
        read_annotations(tmp_path, Table(keep={"kind": ("nothing",)}))


def test_a_refused_row_says_in_which_file_it_is(tmp_path):
    write(tmp_path, {"a.csv": "S,T\na,1.0\n", "b.csv": "S,T\nb,soon\nb,2.5\n"})
    table = read_annotations(tmp_path, Table(columns=Columns(session="S", onset="T")))
    assert [str(row).partition(":")[0] for row in table.refused] == ["b.csv, line 2"]


def test_a_row_without_a_video_says_in_which_file_it_is(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "marks").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    files = {"a.csv": csv_of("a", "1"), "b.csv": csv_of("b", "1"), "c.csv": csv_of("b", "2")}
    write(tmp_path / "marks", files)
    study = Study(
        videos=str(tmp_path / "videos"), annotations=str(tmp_path / "marks"), annotator="all"
    )
    assert study.load().notices == (
        "marks, b.csv, line 2; c.csv, line 2: no video is of session 'b'; left out",
    )
