"""Annotations from CSV files."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.config.binding import bind
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats.annotation_table import AnnotationRow, Columns, Table
from ferbench.formats.reading import read_annotations
from ferbench.formats.times import Clock

GOOD = "session,onset_s,offset_s,kind,annotator\na,1.5,2.25,smile,x\nb,3,3,laugh,y\n"


def row(line, session, onset, offset, kind="", annotator="", participant="", kept=True):
    return AnnotationRow(
        line=line,
        session=session,
        participant=participant,
        onset=onset,
        offset=offset,
        kind=kind,
        annotator=annotator,
        kept=kept,
    )


ROWS = (row(2, "a", 1.5, 2.25, "smile", "x"), row(3, "b", 3.0, 3.0, "laugh", "y"))


def read(tmp_path, content, *, starts_known=False, **table):
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_annotations(path, Table(**table), starts_known=starts_known)


def refused(tmp_path, content, **table):
    with pytest.raises(DatasetError) as raised:
        read(tmp_path, content, **table)
    assert "rows.csv" in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("utf-16"),
        b"\xfe\xff" + GOOD.encode("utf-16-be"),
        GOOD.replace(",", " , "),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";").replace(".", ","),
        GOOD.replace(",", "\t").replace(".", ",").encode("utf-16"),
        GOOD.replace("1.5,2.25", '"1,5","2,25"'),
        GOOD + ",,,,\n",
        GOOD.replace("smile", '"smile"'),
        "".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in GOOD.splitlines()
        ),
        "".join(
            ";".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in GOOD.splitlines()
        ),
        "".join(",".join(line.split(",")[::-1]) + "\n" for line in GOOD.splitlines()),
        GOOD.replace("kind", "kind,ignored")
        .replace("smile", "smile,7")
        .replace("laugh", "laugh,8"),
        GOOD.replace("kind", "kind,a;b")
        .replace("smile", "smile,7;8")
        .replace("laugh", "laugh,8;9"),
    ],
)
def test_same_rows_however_written(tmp_path, content):
    table = read(tmp_path, content)
    assert table.rows == ROWS
    assert (table.refused, table.notes, table.clock, table.time_format) == (
        (),
        (),
        False,
        "seconds",
    )


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "\n", "# a, b\n", "#\n", "SEP=;\n"])
def test_what_may_stand_before_the_header(tmp_path, first):
    table = read(tmp_path, first + GOOD.replace(",", ";"))
    assert [r.line for r in table.rows] == [3, 4]
    assert [r.session for r in table.rows] == ["a", "b"]


def test_sep_line_decides_where_the_header_does_not(tmp_path):
    assert "found: session, onset_s" in refused(tmp_path, "sep=,\nsession,onset_s;kind\na,1;x\n")
    assert "found: session; onset_s" in refused(tmp_path, "sep=\t\nsession; onset_s\na;1\n")
    assert len(read(tmp_path, "sep=;\n" + GOOD, delimiter=",").rows) == 2


def test_lines_count_comments_and_blank_lines(tmp_path):
    table = read(tmp_path, "# made by hand\n\n# 1, 2\n" + GOOD + "\nc,4,5,smile,x\n")
    assert [r.line for r in table.rows] == [5, 6, 8]


def test_lines_count_line_breaks_inside_quotes(tmp_path):
    table = read(tmp_path, 'session,onset_s,kind\r\na,1,"two\r\nlines"\r\nb,-1,x\r\nc,2,y\r\n')
    assert [r.line for r in table.rows] == [2, 5]
    assert [problem.line for problem in table.refused] == [4]


@pytest.mark.parametrize(
    ("codec", "notes"), [("utf-8", ()), ("cp1252", ("read as Windows-1252 (not UTF-8)",))]
)
def test_a_spreadsheet_with_accents(tmp_path, codec, notes):
    content = "Sitzung;Beginn (s);Ende (s);Äußerung\r\nGespräch 1;1,5;2,25;Lächeln – früh\r\n"
    columns = Columns(session="Sitzung", onset="Beginn (s)", offset="Ende (s)", kind="Äußerung")
    table = read(tmp_path, content.encode(codec), columns=columns)
    assert table.rows == (row(2, "Gespräch 1", 1.5, 2.25, "Lächeln – früh"),)
    assert table.notes == notes
    assert read(tmp_path, content.encode(codec), columns=columns, encoding=codec).notes == ()


def test_encodings_that_cannot_be_used(tmp_path):
    bad = b"session,onset_s,kind\r\na,1,\x81\r\n"
    told = "line 2: kind has the byte 0x81, expected"
    assert f"{told} UTF-8 or Windows-1252 text" in refused(tmp_path, bad)
    assert f"{told} Windows-1252 text" in refused(tmp_path, bad, encoding="cp1252")
    assert f"{told} UTF-8 text" in refused(tmp_path, bad, encoding="utf-8")
    assert "line 2: " in refused(tmp_path, bad.replace(b"\r\n", b"\r"), encoding="utf-8")
    assert "expected UTF-16 text" in refused(tmp_path, GOOD.encode("utf-16") + b"x")
    for codec in ("utf-16-le", "utf-16-be"):
        assert "zero bytes. If it is UTF-16 without" in refused(tmp_path, GOOD.encode(codec))
        assert read(tmp_path, GOOD.encode(codec), encoding="utf-16").rows == ROWS
    assert "the workbook is damaged" in refused(tmp_path, b"PK\x03\x04\x14\x00")


def test_only_the_needed_columns(tmp_path):
    assert read(tmp_path, "onset_s,session\n2.5,a\n").rows == (row(2, "a", 2.5, 2.5),)


def test_other_column_names(tmp_path):
    columns = Columns(session="clip", onset="from (s)", offset="to (s)", kind=None, annotator=None)
    table = read(tmp_path, "kind,clip,from (s),to (s)\nsmile,a,1,2\n", columns=columns)
    assert table.rows == (row(2, "a", 1.0, 2.0),)


def test_a_column_in_use_is_not_taken_for_a_misspelt_one(tmp_path):
    table = read(tmp_path, "Participant,onset_s\na,1\n", columns=Columns(session="Participant"))
    assert table.rows == (row(2, "a", 1.0, 1.0),)


def test_participants(tmp_path):
    content = "participant,session,onset_s\n7, 2 ,1.5\n,3,2.5\n"
    rows = read(tmp_path, content).rows
    assert rows == (row(2, "2", 1.5, 1.5, participant="7"), row(3, "3", 2.5, 2.5))
    table = read(tmp_path, content, columns=Columns(session=None))
    assert table.rows == (row(2, "", 1.5, 1.5, participant="7"),)
    assert [str(problem) for problem in table.refused] == ["line 3: participant is empty"]
    assert [
        r.participant for r in read(tmp_path, content, columns=Columns(participant=None)).rows
    ] == ["", ""]


BAD_ROWS = {
    'a,1,2,"smile"d,x': "kind has a quote out of place",
    "a,1,2,smile,x,more": "expected 5 cells as in the header, got 6",
    "a,1,5,2,smile,x": "expected 5 cells as in the header, got 6",
    "a,one,2,s,x": "onset_s is 'one', expected seconds such as 12.5",
    "a,,2,s,x": "onset_s is empty, expected seconds",
    "a,0:01,2,s,x": "onset_s is '0:01', expected seconds",
    'a,"1,234.5",2,s,x': "onset_s is '1,234.5', a number with thousands separators",
    "a,1_0,20,s,x": "onset_s is '1_0'",
    "a,-0.5,2,s,x": "onset_s is '-0.5', expected a finite time that is not negative",
    "a,-0:05,2,s,x": "onset_s is '-0:05', negative",
    "a,nan,2,s,x": "onset_s is 'nan', no finite time",
    "a,1,inf,s,x": "offset_s is 'inf', no finite time",
    "a,1,1e999,s,x": "offset_s is '1e999', expected a finite time",
    "a,1,=B2+5,s,x": "offset_s is '=B2+5', a formula",
    "a,#WAARDE!,2,s,x": "onset_s is '#WAARDE!', a spreadsheet's error value",
    "a,00:00:01;12,2,s,x": "onset_s is '00:00:01;12', a drop-frame time code",
    "a,2,1.5,s,x": "ends before it begins: onset_s 2, offset_s 1.5",
}


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS.items())
def test_bad_rows_are_left_out_and_listed(tmp_path, bad, reason):
    table = read(tmp_path, GOOD.replace("b,3", f"{bad}\nb,3"), time_format="seconds")
    assert [r.session for r in table.rows] == ["a", "b"]
    assert [r.line for r in table.rows] == [2, 4]
    [problem] = table.refused
    assert str(problem).startswith(f"line 3: {reason}")
    assert problem.session == "a"


def test_a_row_without_session(tmp_path):
    [problem] = read(tmp_path, "participant,session,onset_s\n7,a,1.5\n7, ,1.5\n").refused
    assert (str(problem), problem.session, problem.participant) == (
        "line 3: session is empty",
        "",
        "7",
    )


def test_rows_that_differ_in_anything_are_no_duplicates(tmp_path):
    head = "participant,session,onset_s,offset_s,kind,annotator\n"
    lines = [
        "1,a,1,2,k,x",
        "2,a,1,2,k,x",
        "1,b,1,2,k,x",
        "1,a,0.5,2,k,x",
        "1,a,1,3,k,x",
        "1,a,1,2,l,x",
        "1,a,1,2,k,y",
    ]
    table = read(tmp_path, head + "\n".join([*lines, *lines[::-1]]))
    assert [r.line for r in table.rows] == [2, 3, 4, 5, 6, 7, 8]
    assert table.refused == (), "a repeated row says nothing wrong of its session"
    assert table.notes == tuple(
        f"line {17 - n} repeats line {n}; counted once" for n in range(8, 1, -1)
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "",
            "column 'session', 'onset_s' not found; found: nothing; name the file's columns with "
            "format.columns",
        ),
        ("# only a comment\n", "found: nothing"),
        ("clip,onset_s\na,1\n", "column 'session' not found; found: clip, onset_s"),
        (
            "clip;begin;end\na;1;2\n",
            "column 'session', 'onset_s' not found; found: clip, begin, end",
        ),
        (
            "Session,onset_s\na,1\n",
            "column 'session' not found (did you mean 'Session'?); found: Session, onset_s",
        ),
        (
            "session,onset_s,Offset_s\na,1,2\n",
            "column 'offset_s' not found (did you mean 'Offset_s'?)",
        ),
        (
            "participant,onset_s\n1,1\n",
            "format.columns (format={'columns': {'session': None}} where rows name only the "
            "participant)",
        ),
        ("session,onset_s,onset_s\na,1,2\n", "'onset_s' is there 2 times"),
        (GOOD + 'c,1,2,"smile,x\nd,1,2,s,x\n', "line 4: a row that is no CSV"),
        ('"session,onset_s\na,1\n', "line 1: a row that is no CSV"),
        ('# comment\n"session,onset_s\na,1\n', "line 2: a row that is no CSV"),
        ('"clip";"begin"\na;1\n', "column 'session', 'onset_s' not found; found: clip, begin"),
        (
            "session,onset_s\na,one\nb,\nc,-1\nd,x\n",
            "none of the 4 rows can be used: line 2: onset_s is 'one', expected seconds such as "
            "12.5; line 3: onset_s "
            "is empty, expected seconds such as 12.5; line 4: onset_s is '-1', expected a finite "
            "time",
        ),
        (
            "session,onset_s\na,25:75:00\n",
            "none of the 1 rows can be used: line 2: onset_s is '25:75:00', expected min",
        ),
        ("session,onset_s\na,14:03\nb,95.5\n", "line 2 has '14:03' (mm:ss) and line 3 has '95.5'"),
        (
            "session,onset_s\na,00:00:01:02\n",
            "give their frames per second with format.frame_rate_hz",
        ),
        ("session;onset_s;offset_s\na;1,5;2\nb;2.5;3\n", "line 2 has '1,5'"),
        (
            "session,onset_s\na,4-3-2025 10:15\nb,soon\n",
            "line 2: onset_s is '4-3-2025 10:15', expected a clock time with seconds such as "
            "14:03:20",
        ),
    ],
)
def test_files_that_cannot_be_used(tmp_path, content, says):
    assert says in refused(tmp_path, content)


def test_a_wrong_delimiter_is_shown_by_what_was_found(tmp_path):
    assert "found: session,onset_s,offset_s,kind,annotator;" in refused(
        tmp_path, GOOD, delimiter=";"
    )
    assert len(read(tmp_path, GOOD.replace(",", "\t"), delimiter="tab").rows) == 2


def test_a_renamed_column_must_be_there(tmp_path):
    assert "'art' not found" in refused(tmp_path, GOOD, columns=Columns(kind="art"))
    assert "'who' not found" in refused(tmp_path, GOOD, columns=Columns(participant="who"))


def test_a_header_without_rows_is_an_empty_table(tmp_path):
    table = read(tmp_path, GOOD.splitlines()[0])
    assert (table.rows, table.refused, table.time_format) == ((), (), "auto")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DatasetError, match="no such annotations file"):
        read_annotations(tmp_path / "none.csv", Table())
    with pytest.raises(DatasetError, match=r"expected annotations .*, got a folder"):
        read_annotations(tmp_path, Table())


KEEP = "session,onset_s,type,who\na,1.5,robot,x\nb,,human,x\nc,2.5, robot ,y\na,0:01,note,x\n"


def test_keep(tmp_path):
    table = read(tmp_path, KEEP, keep={"type": ("robot",)})
    assert [(r.line, r.session, r.kept) for r in table.rows] == [
        (2, "a", True),
        (3, "b", False),
        (4, "c", True),
        (5, "a", False),
    ]
    assert [r.onset for r in table.rows if r.kept] == [1.5, 2.5]
    assert all(math.isnan(r.onset) and math.isnan(r.offset) for r in table.rows if not r.kept)
    assert (table.refused, table.notes) == ((), ())
    assert len(read(tmp_path, KEEP + "b,,human,x\n", keep={"type": ["robot"]}).rows) == 5
    assert repr(read(tmp_path, KEEP, keep={"type": [" robot"]})) == repr(table), "NaN equals no NaN"
    both = read(tmp_path, KEEP, keep={"type": ["robot", "human"], "who": ["y"]})
    assert [r.line for r in both.rows if r.kept] == [4]


@pytest.mark.parametrize("value", ["ROBOT", "Robot", "robot"])
def test_keep_in_any_case(tmp_path, value):
    wanted = read(tmp_path, KEEP, keep={"type": ("robot",)})
    assert repr(read(tmp_path, KEEP, keep={"type": (value,)})) == repr(wanted), "NaN equals no NaN"


def test_keep_in_any_unicode_form(tmp_path):
    content = f"session,onset_s,type\na,1.5,{unicodedata.normalize('NFD', 'Gêne')}\na,2.5,x\n"
    for form in ("NFC", "NFD"):
        table = read(tmp_path, content, keep={"type": (unicodedata.normalize(form, "gêne"),)})
        assert ([r.kept for r in table.rows], table.notes) == ([True, False], ())


def test_keep_values_and_columns_that_are_not_there(tmp_path):
    table = read(tmp_path, KEEP, keep={"type": ("robots", "robot")})
    assert table.notes == (
        "format={'keep': {'type': 'robots'}}: no row has it; there are: human, note, robot",
    )
    assert [r.line for r in table.rows if r.kept] == [2, 4]
    says = "format={'keep': {'type': 'bot,machine'}} leaves no row; there are: human, note, robot"
    assert says in refused(tmp_path, KEEP, keep={"type": ("bot", "machine")})
    both = {"type": ("human",), "who": ("y",)}
    assert (
        "format={'keep': {'type': 'human'}} and format={'keep': {'who': 'y'}} leave no row: "
        "no row has all of them" in refused(tmp_path, KEEP, keep=both)
    )
    assert read(tmp_path, KEEP.splitlines()[0], keep=both).rows == ()
    assert (
        "keep names the column 'sort', which is there 0 times; found: session, onset_s"
        in refused(tmp_path, KEEP, keep={"sort": ("robot",)})
    )
    many = "session,onset_s,type\n" + "".join(f"a,{i}.5,t{i:02d}\n" for i in range(12))
    assert refused(tmp_path, many, keep={"type": ("robot",)}).endswith("t08, t09 and 2 more")
    [note] = read(tmp_path, many, keep={"type": ("robot", "t01")}).notes
    assert note.endswith("t08, t09 and 2 more")


def test_clock_times(tmp_path):
    content = "session,onset_s,offset_s\na,23:59:58,00:00:03\na,14:03:20.5,14:03:19\n"
    table = read(tmp_path, content, time_format="clock")
    assert (table.clock, table.time_format) == (True, "clock")
    assert table.rows == (row(2, "a", Clock(of_day_s=86398.0), Clock(of_day_s=3.0)),)
    assert [p.reason for p in table.refused] == [
        "ends before it begins: onset_s 14:03:20.5, offset_s 14:03:19"
    ]
    assert "14:03:20 is 50600.0 s as hh:mm:ss, or 14:03:20 on the clock" in refused(
        tmp_path, "session,onset_s\na,14:03:20\n", starts_known=True
    )
    assert read(tmp_path, "session,onset_s\na,14:03:20\n").rows[0].onset == 50600.0
    assert "is a clock time, but nothing says" in refused(
        tmp_path, "session,onset_s\na,2024-03-05 14:03:20\n"
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"time_format": "hh:mm:ss:ff"},
            "frame_rate_hz: expected the frames per second of hh:mm:ss:ff",
        ),
        (
            {"time_format": "mm:ss", "frame_rate_hz": 25},
            "expected nothing, as mm:ss has no frames, got 25",
        ),
        ({"frame_rate_hz": 0}, "frame_rate_hz: expected a finite number above 0"),
        ({"frame_rate_hz": float("nan")}, "frame_rate_hz: expected a finite number above 0"),
        (
            {"keep": {"type": "robot"}},
            "keep.type: expected a list of texts such as [robot], got 'robot'",
        ),
        ({"keep": {"type": []}}, "keep.type: expected a list of texts"),
        (
            {"columns": {"session": None, "participant": None}},
            "session: expected a column's name here or for participant",
        ),
        (
            {"time_format": "mm.ss"},
            "expected one of auto, seconds, milliseconds, mm:ss, hh:mm:ss, hh:mm:ss:ff, clock",
        ),
        ({"delimiter": "|"}, "expected one of auto, ,, ;, tab"),
        ({"columns": {"onset_s": "x"}}, "there is no such key (did you mean onset?)"),
    ],
)
def test_settings_that_cannot_be_used(given, says):
    with pytest.raises(ConfigError) as raised:
        bind(Table, given, where="dataset.format")
    assert says in str(raised.value)
    assert "dataset.format" in str(raised.value)


def test_settings_from_a_configuration():
    given = {
        "columns": {"session": "clip"},
        "keep": {"trial": [1, "two"]},
        "time_format": "auto",
        "frame_rate_hz": 25,
    }
    table = bind(Table, given, where="dataset.format")
    assert table == Table(
        columns=Columns(session="clip"), keep={"trial": ("1", "two")}, frame_rate_hz=25.0
    )


def written(seconds, time_format, mark, rate):
    """A time as its format writes it; frames as the nearest one."""
    whole, hours = int(seconds), int(seconds) // 3600
    fraction = f"{seconds - whole:.12f}"[1:].replace(".", mark)
    if time_format == "seconds":
        return f"{whole}{fraction}"
    if time_format == "milliseconds":
        return f"{seconds * 1000:.6f}".replace(".", mark)
    if time_format == "mm:ss":
        return f"{whole // 60:02d}:{whole % 60:02d}{fraction}"
    if time_format == "hh:mm:ss":
        return f"{hours:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"
    return (
        f"{hours:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{int((seconds - whole) * rate):02d}"
    )


@given(
    times=st.lists(st.integers(0, 8 * 3600 * 10**6 - 1), min_size=1, max_size=5, unique=True),
    time_format=st.sampled_from(["seconds", "milliseconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff"]),
    auto=st.booleans(),
    delimiter=st.sampled_from([",", ";", "tab"]),
    mark=st.sampled_from([".", ","]),
    rate=st.sampled_from([24.0, 25.0, 29.97, 59.94, 120.0]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_times_are_read_as_written(
    tmp_path_factory, times, time_format, auto, delimiter, mark, rate, end, codec
):
    path = tmp_path_factory.getbasetemp() / "times.csv"
    header = "start_ms" if time_format == "milliseconds" else "start_s"
    separator = "\t" if delimiter == "tab" else delimiter
    cells = [f'"{written(time / 1e6, time_format, mark, rate)}"' for time in times]
    lines = [f"session{separator}{header}", *(f"é{separator}{cell}" for cell in cells)]
    path.write_bytes(end.join(lines).encode(codec))
    coded = time_format == "hh:mm:ss:ff"
    table = read_annotations(
        path,
        Table(
            columns=Columns(onset=header),
            time_format="auto" if auto else time_format,
            frame_rate_hz=rate if coded else None,
        ),
    )
    assert table.time_format == time_format
    if not coded:
        assert table.refused == ()
        assert [r.onset for r in table.rows] == pytest.approx(
            [time / 1e6 for time in times], abs=1e-9
        )
    else:  # two times may fall into one frame
        off = [times[r.line - 2] / 1e6 - r.onset for r in table.rows]
        assert all(-1e-9 <= value < 1 / rate + 1e-9 for value in off)
        assert table.refused == ()
        assert len(table.rows) + sum("counted once" in note for note in table.notes) == len(times)
    assert {r.session for r in table.rows} == {"é"}


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        (["1.5", "", "3.5"], "offset_s is empty in 1 of 3 rows (line 3); there the annotation is"),
        (["", "", "3.5"], "offset_s is empty in 2 of 3 rows (lines 2, 3); there the annotation is"),
        (["", "", ""], ""),
        (["1.5", "2.5", "3.5"], ""),
    ],
)
def test_an_annotation_without_an_offset_is_a_point(tmp_path, offsets, said):
    rows = "".join(f"a,{k}.25,{offset},Jo\n" for k, offset in enumerate(offsets, start=1))
    table = read(tmp_path, "session,onset_s,offset_s,annotator\n" + rows)
    expected = [float(offset or f"{k}.25") for k, offset in enumerate(offsets, start=1)]
    assert [row.offset for row in table.rows] == expected
    assert (table.refused, "".join(table.notes)[: len(said)]) == ((), said)
    assert bool(table.notes) == bool(said)
    short = read(tmp_path, "session,onset_s,offset_s\na,1.25\na,2.25,2.5\n")
    assert [row.offset for row in short.rows] == [1.25, 2.5]


NAMED_BY_HAND = [
    ({"session": "S", "onset": "T"}, "not read: VP, Wer; no column was named for participant, "),
    ({"session": "S", "onset": "T", "annotator": "Wer"}, "not read: VP; no column was named for "),
    ({"session": "S", "onset": "T", "annotator": "Wer", "participant": "VP"}, ""),
    (
        {"session": "S", "onset": "T", "offset": None, "kind": None, "annotator": None,
         "participant": None},
        "",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "said"), NAMED_BY_HAND)
def test_columns_that_nobody_named_are_told_where_others_are_named(tmp_path, columns, said):
    path = tmp_path / "a.csv"
    path.write_text("S,T,VP,Wer\na,1.5,A1,Jo\nb,2.5,A1,Kim\n")
    notes = read_annotations(path, Table(columns=Columns(**columns))).notes
    assert len(notes) == bool(said)
    assert "".join(notes).startswith(said)


def test_columns_with_our_names_need_no_word_about_others(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("session,onset_s,remark\na,1.5,x\n")
    assert read_annotations(path, Table()).notes == ()
