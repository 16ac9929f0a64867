"""Damaged and odd annotation files and manifests through a whole run: the exact outcome of each."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

HEADER = "session,onset_s,offset_s,kind,annotator\n"
NAMES = ("alice", "bob")


@dataclass(frozen=True, kw_only=True)
class Case:
    """An annotations file and what a run makes of it.

    Attributes:
        content: of the CSV.
        says: parts of what is printed.
        marks: annotations that were scored, per session; None = not scored. No marks at all =
            nothing was run.
        more: further arguments.
    """

    content: str | bytes
    says: tuple[str, ...] = ()
    marks: dict[str, int | None] | None = None
    more: tuple[str, ...] = ()


BOTH = {"alice": 1, "bob": 1}
ONE = {"alice": 1, "bob": None}
LINES = "alice,0.5,0.9,a,\nbob,0.5,0.9,a,\n"

CASES = {
    "plain": Case(content=HEADER + LINES, marks=BOTH),
    "byte order mark, CRLF, blank lines": Case(
        content=b"\xef\xbb\xbf" + (HEADER + "\n" + LINES).replace("\n", "\r\n").encode(), marks=BOTH
    ),
    "semicolons, decimal comma, Windows-1252": Case(
        content="session;onset_s;kind\r\nalice;0,5;café\r\nbob;0,75;naïf\r\n".encode("cp1252"),
        says=("read as Windows-1252 (not UTF-8)",),
        marks=BOTH,
    ),
    "Excel's sep line": Case(content="sep=;\nsession;onset_s\nalice;0,5\nbob;0,5\n", marks=BOTH),
    "UTF-16 with tabs": Case(
        content="session\tonset_s\nalice\t0.5\nbob\t0.5\n".encode("utf-16"), marks=BOTH
    ),
    "quoted fields": Case(
        content='"session","onset_s"\n"alice","0.5"\n"bob","0,5"\n', says=("both",)
    ),
    "a quote that does not close": Case(
        content=HEADER + 'alice,"0.5,0.9,a,\nbob,0.5,0.9,a,\n', says=("line 2",)
    ),
    "empty file": Case(content="", says=("'session'", "not found; found: nothing")),
    "header only": Case(
        content=HEADER, says=("has no row for alice, bob",), marks={"alice": None, "bob": None}
    ),
    "no header": Case(
        content=LINES, says=("column 'session', 'onset_s' not found; found: alice, 0.5",)
    ),
    "header in capitals": Case(
        content="Session,Onset_s\nalice,1\n", says=("did you mean 'Session', 'Onset_s'?",)
    ),
    "a column twice": Case(
        content="session,onset_s,onset_s\nalice,1,2\n", says=("'onset_s' is there 2 times",)
    ),
    "a workbook": Case(content=b"PK\x03\x04" + bytes(200), says=("CSV",)),
    "negative": Case(
        content=HEADER + LINES + "bob,-1,2,a,\n", says=("line 4", "'-1'", "not negative"), marks=ONE
    ),
    "not a number": Case(
        content=HEADER + LINES + "bob,nan,2,a,\n", says=("line 4", "no finite time"), marks=ONE
    ),
    "infinite": Case(
        content=HEADER + LINES + "bob,1,inf,a,\n", says=("line 4", "no finite time"), marks=ONE
    ),
    "a formula": Case(
        content=HEADER + LINES + "bob,=A2+5,9,a,\n", says=("line 4", "a formula"), marks=ONE
    ),
    "a spreadsheet's error": Case(
        content=HEADER + LINES + "bob,#REF!,9,a,\n", says=("error value",), marks=ONE
    ),
    "text": Case(
        content=HEADER + LINES + "bob,soon,9,a,\n", says=("onset_s is 'soon'",), marks=ONE
    ),
    "ends before it begins": Case(
        content=HEADER + LINES + "bob,3,2,a,\n", says=("ends before",), marks=ONE
    ),
    "a cell too many": Case(
        content=HEADER + LINES + "bob,3,4,a,,x\n", says=("expected 5 cells", "got 6"), marks=ONE
    ),
    "no session in a row": Case(
        content=HEADER + LINES + ",3,4,a,\n", says=("line 4: session is empty",), marks=BOTH
    ),
    "the same row twice": Case(
        content=HEADER + LINES + "bob,0.5,0.9,a,\n",
        says=("line 4 repeats line 3; counted once",),
        marks=BOTH,
    ),
    "refused rows skipped": Case(
        content=HEADER + LINES + "bob,nan,2,a,\n",
        says=("line 4",),
        marks=BOTH,
        more=("dataset.refused_rows=skip",),
    ),
    "no usable row": Case(
        content=HEADER + "alice,x,1,a,\nbob,y,1,a,\n", says=("none of the 2 rows can be used",)
    ),
    "beyond the video": Case(
        content=HEADER + LINES + "bob,600,601,a,\n",
        says=("bob: annotated after", "600"),
        marks={"alice": 1, "bob": 2},
    ),
    "unknown session": Case(
        content=HEADER + LINES + "bobb,1,2,a,\n", says=("'bobb'", "left out"), marks=BOTH
    ),
    "no session is known": Case(
        content=HEADER + "x,1,2,a,\ny,1,2,a,\n", says=("no row belongs to any video",)
    ),
    "file names as sessions": Case(
        content="session,onset_s\nalice.mp4,0.5\nBOB.MP4,0.5\n", marks=BOTH
    ),
    "several annotators": Case(
        content=HEADER + "alice,0.5,0.9,a,anna\nbob,0.5,0.9,a,ben\n",
        says=("anna (1 row), ben (1 row)", "dataset.annotator="),
    ),
    "one of several annotators": Case(
        content=HEADER + "alice,0.5,0.9,a,anna\nalice,0.6,0.9,a,ben\nbob,0.5,0.9,a,ben\n",
        marks=ONE,
        more=("dataset.annotator=anna",),
    ),
    "filtered": Case(
        content=HEADER + "alice,0.5,0.9,robot,\nbob,0.5,0.9,human,\n",
        marks={"alice": 1, "bob": 0},
        more=("dataset.format.keep={kind: [robot]}",),
    ),
    "whole numbers of unknown unit": Case(
        content="session,t\nalice,500\nbob,700\n",
        says=("seconds", "milliseconds", "dataset.format.time_format="),
        more=("dataset.format.columns.onset=t",),
    ),
    "milliseconds": Case(
        content="session,t\nalice,500\nbob,700\n",
        marks=BOTH,
        more=("dataset.format.columns.onset=t", "dataset.format.time_format=milliseconds"),
    ),
    "time codes without a rate": Case(
        content="session,onset_s\nalice,00:00:00:12\n", says=("dataset.format.frame_rate_hz",)
    ),
    "time codes": Case(
        content="session,onset_s\nalice,00:00:00:12\nbob,00:00:00:15\n",
        marks=BOTH,
        more=("dataset.format.frame_rate_hz=25",),
    ),
    "clock times without a start": Case(
        content="session,onset_s\nalice,14:03:20\nbob,14:03:21\n",
        says=("start",),
        more=("dataset.format.time_format=clock",),
    ),
    "formats mixed": Case(
        content="session,onset_s\nalice,12:30\nbob,0:12:30\n", says=("12:30", "0:12:30")
    ),
}


@pytest.fixture
def videos(tmp_path, warm_root) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(warm_root.clip, folder / f"{name}.mp4")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_annotations(name, videos, tmp_path, warm_home, ferbench_run):
    case = CASES[name]
    path, out = tmp_path / "marks.csv", tmp_path / "out"
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    ended = ferbench_run(
        f"dataset.videos={videos}",
        f"dataset.annotations={path}",
        "tracking=none",
        f"hydra.run.dir={out}",
        *case.more,
    )
    assert "Traceback" not in ended.err
    for part in case.says:
        assert part in ended.err
    assert ended.code == (0 if case.marks is not None else 1)
    if case.marks is not None:
        assert scored(out / "artifacts" / "sessions.csv") == case.marks
    else:
        assert not (out / "artifacts").exists()
        assert json.loads((out / "result.json").read_text(encoding="utf-8"))["error"]


def scored(path: Path) -> dict[str, int | None]:
    """Annotations that counted, per session; None = not scored."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["session"]: int(row["tp"]) + int(row["fn"]) if row["tp"] else None for row in rows}


MANIFESTS = {
    "plain": ("session,path\na,alice.mp4\nb,bob.mp4\n", (), 0),
    "a missing file": ("session,path\na,alice.mp4\nc,carol.mp4\n", ("carol.mp4", "missing"), 1),
    "a session listed twice": (
        "session,path\na,alice.mp4\na,bob.mp4\n",
        ("line 3: the same session, camera and part as line 2",),
        1,
    ),
    "a path listed twice": ("session,path\na,alice.mp4\nb,alice.mp4\n", ("line 3", "alice.mp4"), 1),
    "a misspelt column": (
        "session,path,particpant\na,alice.mp4,1\n",
        ("'particpant'", "participant"),
        1,
    ),
    "no column path": ("session,file\na,alice.mp4\n", ("'path'", "file"), 1),
    "a start that is none": (
        "session,path,start\na,alice.mp4,noon\n",
        ("line 2", "start", "'noon'"),
        1,
    ),
    "observed backwards": (
        "session,path,observed_from,observed_to\na,alice.mp4,5,2\n",
        ("line 2 is observed to 2 s, which is not after 5 s",),
        1,
    ),
    "parts that overlap": (
        "session,path,part,start\na,alice.mp4,1,0\na,bob.mp4,2,0.3\n",
        ("part 2 of 2: bob.mp4 begins at 0.3 s", "the part before it lasts until 1.2 s"),
        1,
    ),
    "two cameras": ("session,path,camera\na,alice.mp4,l\na,bob.mp4,r\n", ("dataset.camera=",), 1),
    "no row": ("session,path\n", ("no ",), 1),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests(name, videos, tmp_path, warm_home, ferbench_run):
    content, says, code = MANIFESTS[name]
    path = videos / "sessions.csv"
    path.write_text(content, encoding="utf-8")
    ended = ferbench_run("dataset=manifest", f"dataset.manifest={path}", "tracking=none")
    assert "Traceback" not in ended.err
    for part in says:
        assert part in ended.err
    assert ended.code == code
