"""One table of annotations as many programs write it: each variant gives the same rows.

The reference are the times that were written, computed with arithmetic; Python's csv and pandas
write the variants where they can.
"""

from __future__ import annotations

import csv
import io
import unicodedata

import pandas as pd
import pytest

from ferbench.datasets.manifest import read_manifest
from ferbench.datasets.naming import Naming
from ferbench.datasets.starts import read_starts
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.cell_text import cell_text, column_name, name_text
from ferbench.formats.csv_records import records_of
from ferbench.formats.day_numbers import are_days
from ferbench.formats.reading import read_annotations
from ferbench.spelling import same_name

TIMES = [10.0, 20.0, 30.5, 61.25, 75.125, 3599.5, 0.5]
HEADER = ["session", "onset_s", "kind", "note"]
ROWS = [
    ["Gêne 1", f"{time}", "robot", f"seen {n}" if n < 2 else ""] for n, time in enumerate(TIMES)
]


def written(rows=ROWS, header=HEADER, *, delimiter=",", **how):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", **how)
    writer.writerows([header, *rows])
    return text.getvalue()


def cut(text, delimiter=","):
    """Without the delimiters of empty cells at the end of rows, as some spreadsheets save."""
    return "\n".join(line.rstrip(delimiter) for line in text.split("\n"))


def with_name(name, header="session"):
    return written([[name, *row[1:]] for row in ROWS], [header, *HEADER[1:]])


def excel(text):
    """As a spreadsheet of a comma country saves: semicolons, decimal commas, CR LF, a mark."""
    return "\ufeff" + text.replace(".", ",").replace("\n", "\r\n")


TITLED = "Study 3 annotations,,,\nCoder: AB,,,\n,,,\n"
FRAME = pd.DataFrame(ROWS, columns=HEADER).astype({"onset_s": float})
PLAIN = written()

SAME = {
    "plain": PLAIN,
    "pandas": FRAME.to_csv(index=False),
    "pandas, tabs": FRAME.to_csv(index=False, sep="\t"),
    "pandas, all quoted": FRAME.to_csv(index=False, quoting=csv.QUOTE_ALL),
    "pandas, with an index": FRAME.to_csv(),
    "pandas, utf-16": FRAME.to_csv(index=False).encode("utf-16"),
    "trailing delimiters dropped": cut(PLAIN),
    "the same with semicolons": excel(cut(written(delimiter=";"), ";")),
    "only some rows cut": "\n".join(
        line.rstrip(",") if n % 2 else line for n, line in enumerate(PLAIN.split("\n"))
    ),
    "too many delimiters": "\n".join(line and line + ",,," for line in PLAIN.split("\n")),
    "too many after the rows only": PLAIN.replace("robot,\n", "robot,,,\n"),
    "a header cut, rows not": written([[*row[:3], ""] for row in ROWS]).replace(",note", ""),
    "titles above": TITLED + PLAIN,
    "a title and a blank line": "My study\n\n" + PLAIN,
    "titles with semicolons": "Study; pilot;;\n;;;\n" + written(delimiter=";"),
    "titles and tabs": "Study 3\t\t\t\nMade on:\t2024-03-05\t\t\n" + written(delimiter="\t"),
    "a title with numbers": "Total,7,,\n" + PLAIN,
    "a title with other names": "who,when,what,why\n" + PLAIN,
    "comments above titles": "# made by hand\nStudy 3,,,\n" + PLAIN,
    "a mark": "\ufeff" + PLAIN,
    "two marks": "\ufeff\ufeff" + PLAIN,
    "a mark before a quote": "\ufeff" + written(quoting=csv.QUOTE_ALL),
    "a mark in every line": "\n".join("\ufeff" + line for line in PLAIN.split("\n")),
    "sep=,": "sep=,\n" + PLAIN,
    "sep=; with a mark": "\ufeffsep=;\n" + written(delimiter=";"),
    "sep=; saved again": "sep=;;;;\r\n" + written(delimiter=";"),
    "sep=; in quotes": '"sep=;"\n' + written(delimiter=";"),
    "sep= a tab, utf-16": ("sep=\t\n" + written(delimiter="\t")).encode("utf-16"),
    "utf-16 little": b"\xff\xfe" + PLAIN.encode("utf-16-le"),
    "utf-16 big": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "Windows-1252": PLAIN.encode("cp1252"),
    "old Mac line ends": PLAIN.replace("\n", "\r"),
    "an end-of-file mark": PLAIN + "\x1a",
    "no-break spaces around": PLAIN.replace(",", "\xa0,\xa0"),
    "a no-break space in the name": with_name("Gêne\xa01"),
    "a narrow no-break space in the name": with_name("Gêne\u202f1"),
    "a zero-width space in the name": with_name("Gêne\u200b 1"),
    "a mark before the name": with_name("\ufeffGêne 1"),
    "a left-to-right mark after the name": with_name("Gêne 1\u200e"),
    "a soft hyphen in the name": with_name("Gê\u00adne 1"),
    "an accent of its own": with_name(unicodedata.normalize("NFD", "Gêne 1")),
    "in another case": with_name("GÊNE 1"),
    "quotes that are left": with_name('"Gêne 1"'),
    "curly quotes": with_name("“Gêne 1”"),
    "single quotes": with_name("'Gêne 1'"),
    "a formula that is a text": with_name('="Gêne 1"'),
    "blanks after": with_name("Gêne 1   "),
    "a column's name with blanks": with_name("Gêne 1", header=" session "),
    "a column's name in quotes": with_name("Gêne 1", header='"session"'),
    "a column's name with a zero-width space": with_name("Gêne 1", header="session\u200b"),
    "a quote out of place in a note": PLAIN.replace("seen 0", '"seen" 0'),
    "inches in a note": PLAIN.replace("seen 0", '5" nail'),
    "a note on two lines": PLAIN.replace("seen 0", '"seen\n0"'),
    "a byte that is no text in a note": PLAIN.encode().replace(b"seen 0", b"seen \xff 0"),
    "a note of 200 kB": PLAIN.replace("seen 0", '"' + "x" * 200_000 + '"'),
    "a formula in a note": PLAIN.replace("seen 0", "=1/0"),
    "columns without names": "\n".join(line and line + ",,x" for line in PLAIN.split("\n")).replace(
        "note,,x", "note,,", 1
    ),
    "two notes of one name": "\n".join(line and line + ",z" for line in PLAIN.split("\n")).replace(
        "note,z", "note,note", 1
    ),
}


def read(tmp_path, content, name="marks.csv", **table):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_annotations(path, Table(**table))


@pytest.mark.parametrize("variant", SAME)
def test_however_it_is_written_the_rows_are_the_same(tmp_path, variant):
    table = read(tmp_path, SAME[variant])
    assert [row.onset_s for row in table.rows] == TIMES
    assert table.refused == ()
    assert all(same_name(row.session, "Gêne 1") for row in table.rows)
    assert {row.kind for row in table.rows} == {"robot"}


def test_there_are_enough_variants():
    assert len({repr(content) for content in SAME.values()}) >= 50


@pytest.mark.parametrize("variant", [name for name in SAME if "title" in name])
def test_a_header_below_the_first_line_is_told(tmp_path, variant):
    content = SAME[variant]
    line = 1 + content[: content.index("session")].count("\n")
    assert any(
        note.startswith(f"line {line} taken as the header")
        for note in read(tmp_path, content).notes
    )


TOLD = {
    "two tables": (PLAIN + "\n" + PLAIN.replace("note", "remark"), None),
    "two different headers below a title": (
        "Study\n" + PLAIN + PLAIN.replace("note", "remark"),
        "the header may be in line 2 or 10",
    ),
    "a header with other names": (
        TITLED + PLAIN.replace("onset_s", "Beginn"),
        "the header seems to be in line 4 (session, Beginn, kind, note)",
    ),
    "no header": ("\n".join(PLAIN.split("\n")[1:]), "column 'session', 'onset_s' not found"),
    "another delimiter": ("sep=|\n" + PLAIN.replace(",", "|"), "names the delimiter '|'"),
    "utf-16 without a mark": (PLAIN.encode("utf-16-le"), "zero bytes. If it is UTF-16"),
    "half a character": (PLAIN.encode("utf-16") + b"x", "expected UTF-16 text"),
    "a quote that never closes": (PLAIN.replace("seen 0", '"seen 0'), "line 2: a row that is no"),
}  # fmt: skip


@pytest.mark.parametrize("variant", TOLD)
def test_what_cannot_be_told_is_said(tmp_path, variant):
    content, says = TOLD[variant]
    if says is None:
        table = read(tmp_path, content)
        assert [row.onset_s for row in table.rows] == TIMES
        assert str(table.refused[0]).startswith("line 10: onset_s is 'onset_s', expected seconds")
        return
    with pytest.raises(DatasetError) as raised:
        read(tmp_path, content)
    assert says in str(raised.value)


def test_faults_in_columns_that_are_read_refuse_their_rows_only(tmp_path):
    content = PLAIN.replace("robot,seen 0", '"rob"ot,x').encode()
    content = content.replace(b"20.0", b"2\xff0")
    content = content.replace(b"30.5,robot,", b"30.5,robot,x,y")
    table = read(tmp_path, content)
    assert [str(row) for row in table.refused] == [
        "line 2: kind has a quote out of place",
        "line 3: onset_s has the byte 0xff, expected UTF-8 text",
        "line 4: expected 4 cells as in the header, got 5",
    ]
    assert {row.session for row in table.refused} == {"Gêne 1"}
    assert [row.onset_s for row in table.rows] == TIMES[3:]


def test_lines_after_a_fault_are_counted_on(tmp_path):
    content = 'session,onset_s,note\na,1,"x"y\na,2,"two\nlines"\na,3,"z"z\na,-1,\n'
    table = read(tmp_path, content)
    assert [(row.line, row.onset_s) for row in table.rows] == [(2, 1.0), (3, 2.0), (5, 3.0)]
    assert [row.line for row in table.refused] == [6]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
def test_records_are_those_of_the_csv_module(tmp_path, delimiter, quoting):
    cells = ["a", 'b "c" d', f"e{delimiter}f", "two\nlines", '"', "'", "x" * 140_000, "é"]
    rows = [[*cells[n:], *cells[:n]] for n in range(len(cells))]
    text = written(rows, cells, delimiter=delimiter, quoting=quoting)
    lines = text.split("\n")
    limit = csv.field_size_limit(10**6)
    try:
        expected = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    finally:
        csv.field_size_limit(limit)
    found = list(records_of(lines, 0, delimiter, tmp_path))
    assert [list(row.cells) for row in found] == expected
    assert not any(row.faults for row in found)


@pytest.mark.parametrize(
    ("written_as", "columns"),
    [
        ("Beginn\xa0(s)", "Beginn (s)"),
        ("Beginn\n(s)", "Beginn (s)"),
        ("Beginn (s)", "Beginn\xa0(s)"),
        (unicodedata.normalize("NFD", "Début (s)"), "Début (s)"),
        ("Début (s)", unicodedata.normalize("NFD", "Début (s)")),
    ],
)
def test_columns_are_found_however_their_names_are_written(tmp_path, written_as, columns):
    content = written(ROWS, ["session", written_as, "kind", "note"])
    table = read(tmp_path, content, columns=Columns(onset=columns))
    assert [row.onset_s for row in table.rows] == TIMES


def test_texts_of_cells():
    assert [cell_text(text) for text in ("\u200b x ", '="a""b"', "\t\xa0")] == ["x", 'a"b', ""]
    assert column_name("\ufeff'Onset \n (s)'") == "Onset (s)"
    assert [name_text(text) for text in ("'007", "'t Hof", '"a" and "b"', "5'10", "''", "'")] == [
        "007", "'t Hof", '"a" and "b"', "5'10", "", "'"
    ]  # fmt: skip


# -------------------------------------------------------------------------------------------------
# shares of a day


def as_day(seconds, digits):
    return f"{seconds / 86400:.{digits}g}"


SECONDS = [10, 20, 754, 3723, 50600.5, 86399]
DAYS = {
    "all digits": [repr(second / 86400) for second in SECONDS],
    "15 digits": [as_day(second, 15) for second in SECONDS],
    "9 decimals": [f"{second / 86400:.9f}" for second in SECONDS if second != 50600.5],
    "short numbers": [as_day(second, 6) for second in (10, 20)],  # 1.15741e-04 and so on
    "decimal commas": [as_day(second, 15).replace(".", ",") for second in SECONDS],
    "with zero": ["0", *(as_day(second, 15) for second in SECONDS)],
    "dates": [repr(45720 + second / 86400) for second in SECONDS],
}
NO_DAYS = {
    "milliseconds": ["0.125", "0.25", "0.999"],
    "microseconds": ["0.123456", "0.000055", "0.5"],
    "frames": ["0.04", "0.08", "0.12"],
    "what computing left": ["0.30000000000000004", "0.1", "0.7000000000000001"],
    "a script's numbers": ["0.4804804804804805", "0.5138470912384701"],
    "later than a second": ["0.000115740740740741", "10.5"],
}


@pytest.mark.parametrize("header", ["onset_s", "onset (s)", "onset (sec)", "start", "onset_ms"])
@pytest.mark.parametrize("kind", DAYS)
def test_shares_of_a_day_are_refused_under_any_header(tmp_path, header, kind):
    content = written([["a", text] for text in DAYS[kind]], ["session", header], delimiter=";")
    with pytest.raises(DatasetError, match="look like days, as spreadsheets keep times"):
        read(tmp_path, content, columns=Columns(onset=header))
    asked = read(tmp_path, content, columns=Columns(onset=header), time_format="seconds")
    assert len(asked.rows) == len(DAYS[kind])


@pytest.mark.parametrize("kind", NO_DAYS)
def test_other_numbers_below_a_second_are_seconds(tmp_path, kind):
    content = written([["a", text] for text in NO_DAYS[kind]], ["session", "onset_s"])
    assert [row.onset_s for row in read(tmp_path, content).rows] == [
        float(text) for text in NO_DAYS[kind]
    ]


def test_random_seconds_are_not_taken_for_days():
    """Of a million ways to draw, one in ten thousand numbers is a whole second by chance."""
    import random

    draw = random.Random(5)
    tables = [[f"{draw.random():.9f}" for _ in range(5)] for _ in range(2000)]
    assert sum(are_days(table, in_seconds=True) for table in tables) == 0
    whole = [[repr(draw.randrange(1, 86400) / 86400) for _ in range(5)] for _ in range(2000)]
    assert sum(are_days(table, in_seconds=True) for table in whole) > 1990


def test_a_time_of_a_second_and_more_is_no_share_of_a_day():
    shares = [repr(seconds / 86400) for seconds in (3601, 7207, 40011)]
    assert are_days(shares)
    assert not are_days([*shares, repr(1 + 3601 / 86400)])


def test_days_in_a_manifest_are_refused(tmp_path):
    path = tmp_path / "sessions.csv"
    path.write_text(f"session,path,start\na,a.mp4,{as_day(50600, 15)}\n")
    with pytest.raises(DatasetError, match=r"start 0\.58564.* look like days"):
        read_manifest(path, Naming(template="{session}"))
    path.write_text("session,path,start\na,a.mp4,0.5\n")
    [recording] = read_manifest(path, Naming(template="{session}")).recordings
    assert recording.start == 0.5


def test_a_manifest_and_a_log_book_as_spreadsheets_save_them(tmp_path):
    for suffix in (".csv", ".xlsx"):
        manifest, log = tmp_path / f"sessions{suffix}", tmp_path / f"log{suffix}"
        rows = [("Study 3", None, None), ("session", "path", "note x"), ("a", "a.mp4", None)]
        save(manifest, rows)
        [recording] = read_manifest(manifest, Naming(template="{session}")).recordings
        assert (recording.session, recording.path.name) == ("a", "a.mp4")
        save(log, [("session", "start", "remark"), ("a", "14:03:20", None)])
        [start] = read_starts(log).rows
        assert start.clock.of_day_s == 50600.0


def save(path, rows):
    """Save cells as a workbook, or as a CSV without the delimiters of empty last cells."""
    if path.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return
    lines = [",".join(cell or "" for cell in row).rstrip(",") for row in rows]
    path.write_text("\n".join(lines))
