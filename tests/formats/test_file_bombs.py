"""Small files that ask for much: refused with one sentence, before there is memory for them."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from ferbench.errors import DatasetError, FerbenchError, FormatError
from ferbench.formats import file_sizes, read_annotations, xlsx, xlsx_parts
from ferbench.formats.event_table import read_events
from ferbench.formats.grades import read_grade_table
from ferbench.thesis import text as thesis_text
from ferbench.thesis.frame_csv import read_thesis_csv

EAF = '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT>{}</ANNOTATION_DOCUMENT>'
CUE = "00:00:01{0}000 --> 00:00:02{0}000\nx\n\n"
ANNOTATION = '<ALIGNABLE_ANNOTATION ANNOTATION_ID="a{}" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"/>'


@pytest.mark.parametrize("name", ["a.vtt", "a.srt", "a.eaf", "g.csv"])
def test_files_that_are_too_large_are_not_read(name, tmp_path, monkeypatch):
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(file_sizes.MOST_BYTES + 1)  # a file with a hole takes no disk
    read = read_grade_table if name == "g.csv" else read_annotations
    with pytest.raises(FormatError, match=r"has 16777217 bytes, expected at most 16777216"):
        read(path)


def test_tables_that_are_too_large_are_not_read(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.truncate(file_sizes.MOST_TABLE_BYTES + 1)
    with pytest.raises(DatasetError, match=r"has 67108865 bytes, expected at most 67108864"):
        read_annotations(path)


@pytest.mark.parametrize("name", ["a.vtt", "a.srt", "a.eaf"])
def test_so_many_annotations_are_read_and_no_more(name, tmp_path, monkeypatch):
    monkeypatch.setattr(file_sizes, "MOST_ANNOTATIONS", 5)

    def written(count):
        if name == "a.eaf":
            slots = '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1"/>' * 2
            inside = "".join(map(ANNOTATION.format, range(count)))
            return EAF.format(f'{slots.replace("a", "b", 0)}<TIER TIER_ID="t">{inside}</TIER>')
        cues = CUE.format("," if name == "a.srt" else ".") * count
        return f"WEBVTT\n\n{cues}" if name == "a.vtt" else f"1\n{cues}"

    path = tmp_path / name
    path.write_text(written(6))
    with pytest.raises(FormatError, match="has more than 5 annotations"):
        read_annotations(path)
    path.write_text(written(5))
    try:
        read_annotations(path)
    except FerbenchError as error:
        assert "more than" not in str(error)  # noqa: PT017


def test_elements_in_each_other_without_end_are_not_followed(tmp_path):
    path = tmp_path / "a.eaf"
    path.write_text(EAF.format("<a>" * 1_000_000))
    with pytest.raises(FormatError, match="line 1: its elements are nested deeper than 20 levels"):
        read_annotations(path)
    path.write_text(EAF.format("<a></a>" * 1000))
    assert not read_annotations(path).annotations, "many elements, none of them deep"


def workbook(*, part="", before=b"", inside=b"", also=()):
    """A sound workbook with something before a place in one of its parts, and further parts."""
    book = openpyxl.Workbook()
    for row in (("session", "onset_s"), ("s1", 1.5)):
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(written) as sound,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for info in sound.infolist():
            data = sound.read(info)
            if info.filename == part:
                assert before in data
                data = data.replace(before, inside + before, 1)
            archive.writestr(info.filename, data)
        for name, data in also:
            archive.writestr(name, data)
    return out.getvalue()


DEEP = b"<a>" * 1000
BOMBS = {
    "workbook": {"part": "xl/workbook.xml", "before": b"<sheets>", "inside": DEEP},
    "sheet": {"part": "xl/worksheets/sheet1.xml", "before": b"<sheetData>", "inside": DEEP},
    "styles": {"part": "xl/styles.xml", "before": b"<cellXfs", "inside": DEEP},
    "names": {"also": [("xl/media/picture.png", b"\xef\xbb\xbf \n<a>" + DEEP)]},
}


@pytest.mark.parametrize("kind", BOMBS)
def test_parts_of_workbooks_are_not_deep_whatever_their_names(kind, tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(**BOMBS[kind]))
    with pytest.raises(DatasetError, match="has elements deeper than 50 in each other"):
        read_annotations(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_parts_of_workbooks_have_no_millions_of_elements(part, tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_parts, "MOST_OTHERS", 200)
    monkeypatch.setattr(xlsx_parts, "MOST_ELEMENTS", 400)
    path = tmp_path / "a.xlsx"
    before = b"<sheets>" if part == "xl/workbook.xml" else b"<sheetData>"
    path.write_bytes(workbook(part=part, before=before, inside=b"<a/>" * 500))
    most = 200 if part == "xl/workbook.xml" else 400
    with pytest.raises(DatasetError, match=rf"its part {part} has more than {most} elements"):
        read_annotations(path)


def test_unpacked_parts_count_whatever_their_names(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_UNPACKED", 2**20)
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(also=[("xl/data.bin", b"<a>" + b" " * 2**21)]))
    with pytest.raises(DatasetError, match="the workbook unpacks to 2 MiB"):
        read_annotations(path)


def test_sound_workbooks_are_read(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(also=[("xl/media/face.png", b"\x89PNG" + bytes(100))]))
    assert [row.onset for row in read_annotations(path).rows] == [1.5]


def test_rows_that_never_end_are_not_collected(tmp_path, monkeypatch):
    events, frames = tmp_path / "events.csv", tmp_path / "frames.csv"
    header = "session,onset_s,offset_s,trigger_s,label\n"
    events.write_text(header + "s,1,2,1,happiness\n" * 2000)
    frames.write_text("1,1,1,1,1,1,1,1,1,1,1,happy\n" * 2000)
    assert len(read_events(events).events) == 2000
    assert len(read_thesis_csv(frames).labels) == 2000
    monkeypatch.setattr(file_sizes.check_rows, "__defaults__", (1999,))
    monkeypatch.setattr(thesis_text, "_MOST_ROWS", 1999)
    for read, path in ((read_events, events), (read_thesis_csv, frames)):
        with pytest.raises(FormatError, match="has more than 1999 rows"):
            read(path)
