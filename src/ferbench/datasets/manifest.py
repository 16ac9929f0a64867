"""A list of videos: a CSV with a row per file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.datasets.naming import Naming, did_you_mean, raise_problems
from ferbench.datasets.recordings import Moment, Recording, parse_moment
from ferbench.errors import DatasetError
from ferbench.formats.csv_file import read_csv
from ferbench.spelling import comparable_name as canonical

COLUMNS: Final = (
    "session",
    "participant",
    "camera",
    "part",
    "path",
    "start",
    "observed_from",
    "observed_to",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says: its files, and what a reader should know."""

    recordings: tuple[Recording, ...]
    notes: tuple[str, ...]


def read_manifest(path: Path, naming: Naming, *, folder: Path | None = None) -> Manifest:
    """Read a manifest: a CSV with the column ``path``, those that make a session's name, and any of
    the others.

    ``start`` is when a file's first frame was: seconds of the session (12.5, or mm:ss such as
    0:12.5; a decimal comma counts too), or a clock time (three fields). ``observed_from`` and
    ``observed_to`` bound a stretch of the session that was annotated, in the same way; an empty
    cell leaves that end open. Other columns are for people; a name that looks like one of ours is
    refused. A file that does not exist is no problem here: its session fails when it is run, and
    the others go on.

    Args:
        path: the CSV.
        naming: how a session's name is made.
        folder: where relative paths begin; None = the manifest's folder.

    Raises:
        DatasetError: the file cannot be read, or lists all rows (the first ten) that cannot be
            used.
    """
    needed = ("path", *naming.fields)
    table = read_csv(path, fits=lambda header: set(needed) <= set(header), what="manifest")
    _check_header(table.header, needed, path)
    start = folder or path.parent
    problems: list[str] = []
    found: dict[int, Recording] = {}
    for line, cells in table.rows:
        if len(cells) != len(table.header):
            problems.append(
                f"line {line}: expected {len(table.header)} cells as in the header, got {len(cells)}"
            )
            continue
        values = {
            name: cell for name, cell in zip(table.header, cells, strict=True) if name in COLUMNS
        }
        read = _recording(values, needed, start, f"{path.name}, line {line}")
        if isinstance(read, str):
            problems.append(f"line {line}: {read}")
        else:
            found[line] = read
    problems += _repeated(found)
    raise_problems(str(path), sorted(problems, key=_line))
    if not found:
        raise DatasetError(f"{path}: the manifest has no row; expected one per video file")
    notes = [
        *table.notes,
        *_minutes(table.header, [cells for line, cells in table.rows if line in found]),
    ]
    return Manifest(
        recordings=tuple(found.values()), notes=tuple(f"{path.name}: {note}" for note in notes)
    )


def _minutes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A note on starts of two fields: spreadsheets hide the seconds of clock times."""
    starts = [cells[header.index("start")] for cells in rows] if "start" in header else []
    short = [text for text in starts if text.count(":") == 1]
    told = (
        f"{len(short)} starts such as {short[0]} are"
        if len(short) > 1
        else "".join(f"the start {t} is" for t in short)
    )
    return (
        [f"{told} read as minutes and seconds of the session; write clock times with seconds"]
        if short
        else []
    )


def _line(problem: str) -> int:
    return int(problem.split(":")[0].split()[1])


def _check_header(header: Sequence[str], needed: Sequence[str], path: Path) -> None:
    """Raise DatasetError where columns are missing, twice there, or nearly named as ours."""
    problems = [f"the column {name!r} is there twice" for name in COLUMNS if header.count(name) > 1]
    for name in header:
        if name in COLUMNS or name.casefold().startswith("note"):
            continue
        first = re.split(r"[^a-z]+", name.casefold())[0]
        near = did_you_mean(name, COLUMNS)
        if near or first in {column.split("_")[0] for column in COLUMNS}:
            problems.append(
                f"the column {name!r} is not read{near}; name it as one of {', '.join(COLUMNS)}, "
                f"or, if it is for people, begin its name with 'note'"
            )
    missing = [name for name in needed if name not in header]
    if missing:
        problems.append(
            f"column {', '.join(map(repr, missing))} not found; found: {', '.join(header) or 'nothing'}"
        )
    raise_problems(str(path), problems)


def _recording(
    values: dict[str, str], needed: Sequence[str], start: Path, where: str
) -> Recording | str:
    """A row's file, or what is wrong with the row."""
    empty = [name for name in needed if not values[name]]
    if empty:
        return f"{', '.join(empty)} is empty"
    moments: dict[str, Moment | None] = {}
    for name in ("start", "observed_from", "observed_to"):
        text = values.get(name, "")
        read = parse_moment(text) if text else None
        if isinstance(read, str):
            return f"{name} is {read}"
        moments[name] = read
    ends = (moments["observed_from"], moments["observed_to"])
    return Recording(
        path=_path(values["path"], start),
        where=where,
        start=moments["start"],
        observed=None if ends == (None, None) else ends,
        session=values.get("session", ""),
        participant=values.get("participant", ""),
        camera=values.get("camera", ""),
        part=values.get("part", ""),
    )


def _path(text: str, start: Path) -> Path:
    """A file of the list; backward slashes, as another system writes them, are read where no such
    name exists.
    """
    path = start / Path(text).expanduser()
    if "\\" in text and not path.exists():
        path = start / Path(text.replace("\\", "/")).expanduser()
    return path


def _repeated(found: dict[int, Recording]) -> list[str]:
    """Rows that list a file, or a part of a session, that an earlier row lists."""
    problems = []
    files: dict[str, int] = {}
    parts: dict[tuple[str, ...], int] = {}
    for line, recording in found.items():
        before = files.setdefault(os.path.normcase(os.path.normpath(recording.path)), line)
        if before != line:
            problems.append(
                f"line {line}: the path is listed in line {before} already: {recording.path.name}"
            )
            continue
        what = tuple(
            canonical(text)
            for text in (recording.session, recording.participant, recording.camera, recording.part)
        )
        before = parts.setdefault(what, line)
        if before != line and (recording.part or recording.start is None):
            problems.append(
                f"line {line}: the same session, camera and part as line {before}; "
                "number the parts of a session in a column part"
            )
    return problems
