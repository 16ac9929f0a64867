"""BORIS's exports as tables (https://www.boris.unito.it), of version 8 and of older ones.

Tabular events have a row per START, STOP and POINT, aggregated events a row per state or point.
Columns as in BORIS 8.27.4 and in its own test files. BORIS adds an observation's time offset to the
times; here it is taken off again. The files of one observation follow each other, and its times run
on over them.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.formats.marks import BadMark, Mark, Marks, Span, Track, apart, media_stem, write_whole

Rows = Sequence[tuple[int, Sequence[str]]]
"""Lines, from 1, with their cells; the first is the header."""

_MEDIA: Final = ("Source", "Media file", "Media file path", "Media file name")
_NOT_A_FILE: Final = ("", "NA", "Not found")
_PLAYER: Final = re.compile(r"player ?#\d+:")
_CLOCK: Final = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d(?:[.,]\d*)?)", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+", re.ASCII)
_COLUMNS: Final = (
    *(
        "Observation id",
        "Observation date",
        "Description",
        "Observation duration",
        "Observation type",
        "Source",
    ),
    *(
        "Time offset (s)",
        "Media duration (s)",
        "FPS",
        "Subject",
        "Behavior",
        "Behavioral category",
        "Behavior type",
    ),
    *("Time", "Media file name", "Image index", "Image file path", "Comment", "Code", "Modifier"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row by the names of its columns."""

    line: int
    cells: Mapping[str, str]

    def get(self, *names: str) -> str:
        """The first of some columns that is there and not empty."""
        return next((self.cells[name] for name in names if self.cells.get(name)), "")

    @property
    def observation(self) -> str:
        return self.get("Observation id")

    def state(self) -> tuple[str, ...]:
        """What a START and its STOP share."""
        modifiers = tuple(text for name, text in self.cells.items() if name.startswith("Modifier"))
        return (self.observation, self.get("Subject"), self.get("Behavior"), *modifiers)


def is_boris(rows: Rows) -> bool:
    """Whether a table is one of BORIS's exports."""
    return _header_at(rows) is not None


def _header_at(rows: Rows) -> int | None:
    """The row with the names of the columns.

    Older tabular exports tell of the observation above it.
    """
    for at, (_, cells) in enumerate(rows):
        names = set(cells)
        if "Behavior" in names and (
            {"Start (s)", "Stop (s)"} <= names
            or ("Time" in names and names & {"Behavior type", "Status"})
        ):
            return at
        if at == 0 and list(cells[:1]) != ["Observation id"]:
            return None
    return None


def read_boris(path: Path, rows: Rows) -> Marks:
    """The marks of an export of BORIS.

    A session is named after the observation's media file; an observation with several files, or
    with none, keeps its own name. The behaviour is the kind. Where a session was observed several
    times, the observation's name is the annotator. Each mark has all columns of its row (of a state
    in a tabular export: of its START).

    Args:
        path: the file, for what is told of it.
        rows: its rows (see ``is_boris``).
    """
    at = _header_at(rows)
    assert at is not None
    header = rows[at][1]
    above = {cells[0]: cells[1] for _, cells in rows[:at] if len(cells) > 1 and cells[0]}
    constant = {
        name: above[name] for name in ("Observation id", "Time offset (s)") if name in above
    }
    found: list[_Row] = []
    problems: list[BadMark] = []
    for line, cells in rows[at + 1 :]:
        if len(cells) != len(header):
            reason = f"expected {len(header)} cells as in the header, got {len(cells)}"
            problems.append(BadMark(line=line, session="", reason=reason))
        else:
            found.append(_Row(line=line, cells=constant | dict(zip(header, cells, strict=True))))
    sessions = _sessions(found, path.stem)
    marks, bad = _aggregated(found) if "Start (s)" in header else _tabular(found)
    observers = Counter(sessions.values())
    return Marks(
        path=path,
        columns=tuple(dict.fromkeys((*constant, *header))),
        marks=tuple(
            Mark(
                line=row.line,
                session=sessions[row.observation],
                onset_s=onset_s,
                offset_s=offset_s,
                kind=row.get("Behavior"),
                annotator=row.observation if observers[sessions[row.observation]] > 1 else "",
                columns=row.cells,
            )
            for row, onset_s, offset_s in marks
        ),
        problems=(
            *problems,
            *(
                BadMark(line=row.line, session=sessions[row.observation], reason=reason)
                for row, reason in bad
            ),
        ),
        sessions=frozenset(sessions.values()),
    )


def _sessions(rows: Sequence[_Row], stem: str) -> dict[str, str]:
    """The session of each observation."""
    media: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        listed = re.split(r"[;|]", _PLAYER.sub("", row.get(*_MEDIA)))
        media[row.observation] |= {
            media_stem(name) for name in listed if name.strip() not in _NOT_A_FILE
        }
    return {
        observation: next(iter(files)) if len(files) == 1 else observation or stem
        for observation, files in media.items()
    }


_Found = tuple[list[tuple[_Row, float, float]], list[tuple[_Row, str]]]
"""Rows with onset and offset in seconds, and rows that cannot be used, with the reasons."""


def _aggregated(rows: Sequence[_Row]) -> _Found:
    """A row per state or point."""
    found: list[tuple[_Row, float, float]] = []
    bad: list[tuple[_Row, str]] = []
    for row in rows:
        point = row.get("Behavior type").upper().startswith("POINT")
        onset_s = _time_s(row, "Start (s)")
        offset_s = onset_s if point else _time_s(row, "Stop (s)")
        if isinstance(onset_s, str) or isinstance(offset_s, str):
            bad.append((row, onset_s if isinstance(onset_s, str) else str(offset_s)))
        elif offset_s < onset_s:
            bad.append((row, f"ends before it begins: {onset_s:g} s, {offset_s:g} s"))
        else:
            found.append((row, onset_s, offset_s))
    return found, bad


def _tabular(rows: Sequence[_Row]) -> _Found:
    """A row per START, STOP and POINT.

    A START belongs to the next STOP of its observation, subject and behaviour.
    """
    found: list[tuple[_Row, float, float]] = []
    bad: list[tuple[_Row, str]] = []
    running: dict[tuple[str, ...], tuple[_Row, float]] = {}
    for row in rows:
        behaviour, status = row.get("Behavior"), row.get("Behavior type", "Status").upper()
        time_s = _time_s(row, "Time")
        started = running.get(row.state())
        if isinstance(time_s, str):
            bad.append((row, time_s))
        elif status == "POINT":
            found.append((row, time_s, time_s))
        elif status == "START" and started is None:
            running[row.state()] = (row, time_s)
        elif status == "START" and started is not None:
            bad.append(
                (
                    row,
                    f"{behaviour!r} starts, but it runs since line {started[0].line}; add the missing STOP",
                )
            )
        elif status == "STOP" and started is not None:
            del running[row.state()]
            if time_s < started[1]:
                bad.append(
                    (
                        row,
                        f"{behaviour!r} stops at {time_s:g} s, before its START on line {started[0].line}",
                    )
                )
            else:
                found.append((started[0], started[1], time_s))
        elif status == "STOP":
            bad.append((row, f"{behaviour!r} stops, but it has no START; add it"))
        else:
            bad.append((row, f"expected START, STOP or POINT, got {status!r}"))
    bad += [
        (row, f"{row.get('Behavior')!r} starts, but never stops; add the STOP")
        for row, _ in running.values()
    ]
    return sorted(found, key=lambda item: item[0].line), bad


def _time_s(row: _Row, column: str) -> float | str:
    """Seconds of the session, or what is wrong."""
    time_s, offset_s = _seconds(row.get(column)), _seconds(row.get("Time offset (s)") or "0")
    if math.isnan(time_s):
        return f"{column} is {row.get(column)!r}, expected seconds such as 12.5"
    time_s = round(time_s - (0.0 if math.isnan(offset_s) else offset_s), 6)
    return (
        time_s if time_s >= 0 else f"{column} is {time_s:g} s, before the start of the observation"
    )


def _seconds(text: str) -> float:
    """Seconds, or hours, minutes and seconds; NaN where a text is neither."""
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
    clock = _CLOCK.fullmatch(plain)
    if clock is not None:
        return sign * (
            int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))
        )
    return sign * float(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) else math.nan


def write_boris(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    """Write tabular events as BORIS 8 exports them.

    A START and a STOP per span, a POINT where it has no length.

    The observation is the session, the behaviour the span's text, the subject the track (where
    there are several; with a number where spans of one track overlap, as a behaviour of one subject
    cannot). ``Code`` and ``Modifier`` are there because BORIS' import wants columns time, subject,
    code, modifier, comment; it reads .xlsx and .ods only, so save the table as one first. Times to
    the microsecond.

    Args:
        path: the file, tab-separated (.tsv) or comma-separated; replaced as a whole.
        sessions: what to write, by session.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(
        stream, delimiter="," if path.suffix.lower() == ".csv" else "\t", lineterminator="\n"
    )
    writer.writerow(_COLUMNS)
    for session, tracks in sessions.items():
        rows: list[tuple[float, bool, str, str, str]] = []
        for track in tracks:
            for number, spans in enumerate(apart(track.spans), start=1):
                subject = " ".join([track.name] * (len(tracks) > 1) + [str(number)] * (number > 1))
                rows += [row for span in spans for row in _rows_of(span, track.name, subject)]
        for time_s, _, kind, subject, code in sorted(rows):
            cells = {
                "Observation id": session,
                "Observation type": "Media file(s)",
                "Time offset (s)": "0.0",
                "Subject": subject,
                "Behavior": code,
                "Behavior type": kind,
                "Time": time_s,
                "Code": code,
            }
            writer.writerow([cells.get(name, "") for name in _COLUMNS])
    write_whole(path, stream.getvalue().encode())


def _rows_of(span: Span, track: str, subject: str) -> list[tuple[float, bool, str, str, str]]:
    """Time, whether something begins, type, subject and behaviour.

    In this order they can be sorted.
    """
    code = " ".join((span.text or track).split())
    onset_s, offset_s = round(span.onset_s, 6), round(span.offset_s, 6)
    if onset_s == offset_s:
        return [(onset_s, True, "POINT", subject, code)]
    return [(onset_s, True, "START", subject, code), (offset_s, False, "STOP", subject, code)]
