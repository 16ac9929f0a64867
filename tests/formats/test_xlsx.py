"""Workbooks, against openpyxl's own values, pandas and arithmetic."""

from __future__ import annotations

import datetime
import io
import random
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from openpyxl.styles import numbers

from ferbench.errors import DatasetError, FerbenchError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.reading import read_annotations
from ferbench.formats.times import Clock
from ferbench.formats.xlsx import MOST_UNPACKED
from ferbench.formats.xlsx_cells import cell_value_text

HEADER = ("session", "onset_s", "offset_s", "kind")
ROWS = (("P01", 1.5, 2.25, "smile"), ("P02", 3, 3.125, "laugh"), (7, 0.1 + 0.2, 12345.678, "x"))


def workbook(rows=(HEADER, *ROWS), formats=None, title="Sheet"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for place, number_format in (formats or {}).items():
        book.active[place].number_format = number_format
    return book


def saved(tmp_path, book, name="marks.xlsx"):
    path = tmp_path / name
    book.save(path)
    return path


def read(tmp_path, rows=(HEADER, *ROWS), *, formats=None, starts_known=False, **table):
    book = rows if isinstance(rows, openpyxl.Workbook) else workbook(rows, formats)
    return read_annotations(saved(tmp_path, book), Table(**table), starts_known=starts_known)


def refused(tmp_path, path_or_rows, **table):
    path = path_or_rows
    if isinstance(path_or_rows, list):
        path = saved(tmp_path, workbook(path_or_rows))
    elif isinstance(path_or_rows, openpyxl.Workbook):
        path = saved(tmp_path, path_or_rows)
    with pytest.raises(DatasetError) as raised:
        read_annotations(path, Table(**table))
    return str(raised.value)


def rewritten(path, change, name="changed.xlsx"):
    """A copy of a workbook with parts changed: a function from a part's name and bytes to bytes."""
    target = path.with_name(name)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for info in source.infolist():
            data = change(info.filename, source.read(info))
            if data is not None:
                copy.writestr(info.filename, data, zipfile.ZIP_DEFLATED)
    return target


def in_sheet(pattern, replacement):
    def change(name, data):
        if name == "xl/worksheets/sheet1.xml":
            data, number = re.subn(pattern, replacement, data, flags=re.DOTALL)
            assert number
        return data

    return change


def test_the_same_rows_as_pandas(tmp_path):
    table = read(tmp_path)
    frame = pd.read_excel(tmp_path / "marks.xlsx")
    assert [row.session for row in table.rows] == [str(name) for name in frame["session"]]
    assert [row.onset_s for row in table.rows] == frame["onset_s"].to_list()
    assert [row.offset_s for row in table.rows] == frame["offset_s"].to_list()
    assert [row.kind for row in table.rows] == frame["kind"].to_list()
    assert [row.line for row in table.rows] == [2, 3, 4]
    assert (table.refused, table.notes, table.time_format) == ((), (), "seconds")


def test_the_same_as_the_csv_of_the_same_cells(tmp_path):
    table = read(tmp_path)
    pd.read_excel(tmp_path / "marks.xlsx").to_csv(tmp_path / "marks.csv", index=False)
    assert read_annotations(tmp_path / "marks.csv").rows == table.rows


@pytest.mark.parametrize("name", ["marks.xlsx", "marks.csv", "marks.XLSX", "marks.txt", "marks"])
def test_the_content_tells_and_not_the_name(tmp_path, name):
    path = saved(tmp_path, workbook(), name)
    assert len(read_annotations(path).rows) == 3


def test_random_numbers_are_what_was_written(tmp_path):
    draw = random.Random(3)
    times = [draw.choice([draw.random() * 10**draw.randint(0, 5), draw.randint(0, 9999)])
             for _ in range(300)]  # fmt: skip
    table = read(tmp_path, [("session", "onset_s"), *(("P1", time) for time in times)])
    assert [row.onset_s for row in table.rows] == pytest.approx(
        [float(time) for time in dict.fromkeys(times)], rel=1e-15
    )
    as_pandas = pd.read_excel(tmp_path / "marks.xlsx")["onset_s"]
    assert [row.onset_s for row in table.rows] == list(dict.fromkeys(as_pandas))


ELAPSED = {
    # number format: (value, seconds)
    "h:mm:ss": (datetime.time(0, 12, 30), 750.0),
    "hh:mm:ss": (datetime.time(1, 2, 3), 3723.0),
    "[$-F400]h:mm:ss\\ AM/PM": (datetime.time(14, 3, 20), 50600.0),
    "h:mm:ss.000": (datetime.time(0, 0, 10, 500000), 10.5),
    "[h]:mm:ss": (datetime.timedelta(hours=26, seconds=1), 93601.0),
    "mm:ss": (datetime.time(0, 12, 30), 750.0),
    "mm:ss.0": (datetime.time(0, 0, 7, 250000), 7.25),
    "[mm]:ss": (datetime.timedelta(minutes=75, seconds=3), 4503.0),
    "[ss].000": (datetime.timedelta(seconds=90, milliseconds=125), 90.125),
    'h"h "mm"m "ss"s"': (datetime.time(0, 1, 2), 62.0),
}


@pytest.mark.parametrize("number_format", ELAPSED)
@pytest.mark.parametrize("epoch", [openpyxl.utils.datetime.WINDOWS_EPOCH,
                                   openpyxl.utils.datetime.MAC_EPOCH])  # fmt: skip
def test_times_of_cells_are_times(tmp_path, number_format, epoch):
    value, seconds = ELAPSED[number_format]
    book = workbook([("session", "start"), ("P01", value)], {"B2": number_format})
    book.epoch = epoch
    [row] = read(tmp_path, book, columns=Columns(onset="start")).rows
    assert row.onset_s == seconds


def test_hours_and_minutes_are_read_as_they_are_shown(tmp_path):
    """12:30 typed for twelve minutes is half past twelve in a workbook, and shown as 12:30."""
    rows = [("session", "onset_s"), ("P01", datetime.time(12, 30)), ("P01", datetime.time(1, 5))]
    table = read(tmp_path, rows, formats={"B2": "h:mm", "B3": "hh:mm"})
    assert [row.onset_s for row in table.rows] == [750.0, 65.0]
    rows = [("session", "onset_s"), ("P01", datetime.time(12, 30)), ("P02", datetime.time(0, 1, 2))]
    assert "written in more than one way" in refused(tmp_path, workbook(rows, {"B2": "h:mm"}))


@pytest.mark.parametrize(
    "number_format", ["yyyy-mm-dd h:mm:ss", "dd/mm/yyyy hh:mm:ss", "m/d/yy h:mm"]
)
def test_dates_of_cells_are_clock_times_that_cannot_be_misread(tmp_path, number_format):
    moment = datetime.datetime(2024, 3, 5, 14, 3, 20)
    table = read(
        tmp_path, [("session", "onset_s"), ("P01", moment)], formats={"B2": number_format},
        starts_known=True,
    )  # fmt: skip
    assert table.rows[0].onset == Clock(of_day_s=50600.0, date=datetime.date(2024, 3, 5))


def test_a_session_that_is_a_date(tmp_path):
    rows = [("session", "onset_s"), (datetime.datetime(2024, 3, 5), 1.5)]
    [row] = read(tmp_path, rows, formats={"A2": numbers.FORMAT_DATE_DDMMYY}).rows
    assert row.session == "2024-03-05"


def test_shares_of_a_day_in_cells_that_show_numbers(tmp_path):
    rows = [("session", "onset_s"), ("P01", 10 / 86400), ("P01", 20 / 86400)]
    assert "look like days, as spreadsheets keep times" in refused(tmp_path, rows)
    table = read(tmp_path, rows, formats={"B2": "h:mm:ss", "B3": "h:mm:ss"})
    assert [row.onset_s for row in table.rows] == [10.0, 20.0]


def test_other_values_as_texts():
    assert cell_value_text(True, "General") == "true"
    assert cell_value_text(None, "General") == ""
    assert cell_value_text(1e16, "General") == "10000000000000000"
    assert cell_value_text("\ufeff P01\xa0", "General") == "P01"
    assert cell_value_text(datetime.timedelta(seconds=-5), "[h]:mm:ss") == "-00:00:05"
    moment = datetime.datetime(2024, 3, 5, 14, 3, 20, 250000)
    assert cell_value_text(moment, "yyyy") == "2024-03-05 14:03:20.250"


def with_values(path, values):
    """A workbook whose formulas have the values that a program would have saved."""
    pieces = iter(values)

    def value(found):
        text = next(pieces)
        return found[0] if text is None else found[1] + b"<v>" + text + b"</v>"

    return rewritten(path, in_sheet(rb"(<f>[^<]*</f>)<v ?/>|(<f>[^<]*</f>)<v></v>", value))


def test_formulas_count_by_the_value_that_was_saved(tmp_path):
    rows = [("session", "onset_s", "kind"), ("P01", "=1+0.5", "x"), ("P02", "=A9*2", "x")]
    path = saved(tmp_path, workbook(rows))
    table = read_annotations(with_values(path, [b"1.5", b"8"]))
    assert [row.onset_s for row in table.rows] == [1.5, 8.0]
    frame = pd.read_excel(tmp_path / "changed.xlsx")
    assert [row.onset_s for row in table.rows] == frame["onset_s"].to_list()


def test_a_formula_whose_value_was_not_saved_is_refused(tmp_path):
    rows = [("session", "onset_s", "note"), ("P01", "=1+0.5", "x"), ("P02", 2.5, "=1/0")]
    table = read(tmp_path, rows)
    assert [(row.session, row.onset_s) for row in table.rows] == [("P02", 2.5)], "nobody reads note"
    [row] = table.refused
    assert (row.line, row.session) == (2, "P01")
    assert row.reason.startswith("onset_s has a formula without its value; open the workbook")


def test_error_values_are_refused_where_they_are_read(tmp_path):
    book = workbook([("session", "onset_s", "note"), ("P01", 1.5, "#N/A"), ("#REF!", 2, "x")])
    book.active.append(("P03", "#VALUE!", "x"))
    table = read(tmp_path, book)
    assert [row.session for row in table.rows] == ["P01"]
    assert [row.reason for row in table.refused] == [
        "session has '#REF!', a spreadsheet's error value",
        "onset_s has '#VALUE!', a spreadsheet's error value",
    ]
    assert [row.session for row in table.refused] == ["", "P03"]


def test_rows_that_are_not_kept_may_have_faults(tmp_path):
    rows = [("session", "onset_s", "type"), ("P01", 1.5, "robot"), ("P01", "=A1", "note")]
    table = read(tmp_path, rows, keep={"type": ["robot"]})
    assert ([row.kept for row in table.rows], table.refused) == ([True, False], ())


def test_merged_cells_count_in_all_their_rows(tmp_path):
    book = workbook(
        [("Study 3",), (), ("session", "onset_s", "kind"), ("P01", 1, "a"), (None, 2, "a"),
         (None, None, None), (None, 3, "b"), ("P02", 4, "b")]
    )  # fmt: skip
    book.active.merge_cells("A1:C1")
    book.active.merge_cells("A4:A7")
    table = read(tmp_path, book)
    assert [(row.line, row.session, row.onset_s) for row in table.rows] == [
        (4, "P01", 1), (5, "P01", 2), (7, "P01", 3), (8, "P02", 4)
    ]  # fmt: skip
    assert table.refused == ()
    assert table.notes == (
        "merged cells count in all their rows (2 cells)",
        "line 3 taken as the header; what is above it is not read ('Study 3' ...)",
    )
    book.active.unmerge_cells("A4:A7")
    assert [row.reason for row in read(tmp_path, book).refused] == ["session is empty"] * 2


def test_cells_far_from_the_table(tmp_path):
    book = workbook()
    book.active["H2"] = "remark"
    book.active["B40"].number_format = "0.0"
    assert len(read(tmp_path, book).rows) == 3


def test_shared_texts_as_spreadsheet_programs_write_them(tmp_path):
    """openpyxl writes texts into cells; programs share them, in several runs of one format each."""
    texts = ["session", "onset_s", "P01", "kind"]
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
    strings += "<si><r><t>big </t></r><r><rPr><b/></rPr><t xml:space='preserve'>smile </t></r></si>"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = (("A1", "s", 0), ("B1", "s", 1), ("C1", "s", 3), ("A2", "s", 2), ("B2", "n", 1.25),
             ("C2", "s", 4))  # fmt: skip
    rows = ["".join(f'<c r="{place}" t="{kind}"><v>{value}</v></c>' for place, kind, value in cells
                    if place.endswith(str(number))) for number in (1, 2)]  # fmt: skip
    sheet = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(rows, 1))

    def change(name, data):
        if name == "xl/worksheets/sheet1.xml":
            return f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>".encode()
        if name == "[Content_Types].xml":
            part = (
                b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
                b'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
            )
            return data.replace(b"</Types>", part)
        return data

    path = rewritten(saved(tmp_path, workbook()), change)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{strings}</sst>")
    [row] = read_annotations(path).rows
    assert (row.session, row.onset_s, row.kind) == ("P01", 1.25, "big smile")


def test_wrong_dimensions_hide_nothing(tmp_path):
    path = saved(tmp_path, workbook())
    changed = rewritten(path, in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"'))
    assert len(read_annotations(changed).rows) == 3


def several_sheets():
    book = workbook([("Read me",)], title="Info")
    sheet = book.create_sheet("Märks 1")
    for row in (HEADER, *ROWS):
        sheet.append(row)
    return book


def test_the_first_sheet_unless_one_is_named(tmp_path):
    book = several_sheets()
    said = refused(tmp_path, book)
    assert "column 'session', 'onset_s' not found; found: Read me" in said
    assert "the sheet 'Märks 1' has such columns: format={'sheet': 'Märks 1'}" in said
    for name in ("Märks 1", "märks 1"):
        assert len(read(tmp_path, book, sheet=name).rows) == 3
    assert "expected one of the sheets of marks.xlsx: Info, Märks 1, got 'Marks'" in refused(
        tmp_path, book, sheet="Marks"
    )
    book.move_sheet("Märks 1", -1)
    assert read(tmp_path, book).notes == (
        "read from the sheet 'Märks 1' (there are 'Märks 1', 'Info')",
    )
    book["Märks 1"].sheet_state = "hidden"
    assert "found: Read me" in refused(tmp_path, book), "the first that is visible"
    (tmp_path / "x.csv").write_text("session,onset_s\na,1\n")
    assert "x.csv is no workbook and has no sheets" in refused(
        tmp_path, tmp_path / "x.csv", sheet="A"
    )


# -------------------------------------------------------------------------------------------------
# what is no workbook, or a hostile one


def test_other_programs_files_are_told_apart(tmp_path):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "an old workbook (.xls), or one with a password" in refused(
        tmp_path, tmp_path / "old.xls"
    )
    for name, part, says in (
        ("a.ods", "content.xml", "another program's (.ods)"),
        ("a.zip", "marks.csv", "none, but an archive"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(part, "x")
        assert says in refused(tmp_path, tmp_path / name)
    path = saved(tmp_path, workbook())
    binary = rewritten(path, lambda _, data: data)
    with zipfile.ZipFile(binary, "a") as archive:
        archive.writestr("xl/workbook.bin", b"")
    assert "a binary workbook (.xlsb)" in refused(tmp_path, binary)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = saved(tmp_path, workbook())
    blanks = b" " * (MOST_UNPACKED + 1)
    bomb = rewritten(
        path, lambda name, data: data + blanks if name.endswith("sheet1.xml") else data
    )
    assert bomb.stat().st_size < 200_000
    assert "unpacks to 64 MiB; expected at most 64 MiB" in refused(tmp_path, bomb)


MERGED = rb'<mergeCell ref="A2:A1048576"/>'
AFTER = rb"</sheetData>"


@pytest.mark.parametrize(
    ("pattern", "replacement", "says"),
    [
        (rb'<row r="2"', b'<row r="99999999999"', "rows; expected a table of annotations"),
        (rb'<c r="A2"', b'<c r="ZZZZ2"', "damaged"),
        (AFTER, AFTER + b"<mergeCells>" + 20 * MERGED + b"</mergeCells>", "merged cells of more"),
        (rb"\A", b"\xff\xfe", "damaged"),
        (rb"<sheetData>", b"<sheetData", "damaged"),
    ],
)
def test_hostile_sheets(tmp_path, monkeypatch, pattern, replacement, says):
    monkeypatch.setattr("ferbench.formats.xlsx.MOST_ROWS", 10_000)
    changed = rewritten(saved(tmp_path, workbook()), in_sheet(pattern, replacement))
    assert says in refused(tmp_path, changed)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"</row></sheetData>", b'<c r="XFD4"><v>1</v></c></row></sheetData>'),
        (AFTER, AFTER + b"<mergeCells>" + MERGED + b"</mergeCells>"),
    ],
)
def test_odd_sheets(tmp_path, pattern, replacement):
    changed = rewritten(saved(tmp_path, workbook()), in_sheet(pattern, replacement))
    assert len(read_annotations(changed).rows) == 3


def test_entities_are_not_expanded_nor_fetched(tmp_path):
    (tmp_path / "secret").write_text("P99")
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    for doctype in (
        f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>',
        f'<!DOCTYPE x [<!ENTITY a9 SYSTEM "file://{tmp_path}/secret">]>',
    ):

        def change(name, data, doctype=doctype):
            if name == "xl/worksheets/sheet1.xml":
                return doctype.encode() + data.replace(b"P01", b"&a9;")
            return data

        changed = rewritten(saved(tmp_path, workbook()), change)
        assert "has a document type, which a workbook has not" in refused(tmp_path, changed)


def test_macros_and_links_are_left_alone(tmp_path):
    path = saved(tmp_path, workbook())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
        archive.writestr("xl/externalLinks/externalLink1.xml", b"<externalLink")
    assert len(read_annotations(path).rows) == 3


def test_broken_workbooks_give_typed_errors(tmp_path):
    data = io.BytesIO()
    several_sheets().save(data)
    sound = data.getvalue()
    draw = random.Random(11)
    path = tmp_path / "broken.xlsx"
    num_refused = 0
    for number in range(400):
        broken = bytearray(sound)
        if number % 4 == 0:
            broken = broken[: draw.randrange(4, len(broken))]
        else:
            for _ in range(draw.randint(1, 30)):
                broken[draw.randrange(4, len(broken))] = draw.randrange(256)
        path.write_bytes(broken)
        try:
            read_annotations(path, Table(sheet="Märks 1"))
        except FerbenchError:
            num_refused += 1
    assert num_refused > 300


def test_broken_parts_give_typed_errors(tmp_path):
    """The same inside the archive, where its checksums do not help."""
    path = saved(tmp_path, workbook(formats={"B2": "h:mm:ss"}))
    draw = random.Random(12)
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
    num_refused = 0
    for _ in range(300):
        chosen = draw.choice(parts)
        how = draw.randrange(3)

        def change(name, data, chosen=chosen, how=how):
            if name != chosen:
                return data
            if how == 0:
                return None
            if how == 1:
                return data[: draw.randrange(len(data))]
            broken = bytearray(data)
            broken[draw.randrange(len(broken))] = draw.randrange(32, 127)
            return bytes(broken)

        try:
            read_annotations(rewritten(path, change))
        except FerbenchError:
            num_refused += 1
    assert num_refused > 50
