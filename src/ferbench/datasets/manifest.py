"""A list of videos: a CSV with a row per file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.checks import from_home
from ferbench.datasets.naming import Naming, did_you_mean, raise_problems
from ferbench.datasets.recordings import Moment, Recording, parse_moment
from ferbench.errors import DatasetError
from ferbench.formats.day_numbers import are_days
from ferbench.formats.sheet import Sheet
from ferbench.formats.sheet_files import read_sheet
from ferbench.formats.times import parse_time
from ferbench.spelling import comparable_name

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
_MOMENTS: Final = ("start", "observed_from", "observed_to")
_FIRST_WORDS: Final = frozenset(column.split("_")[0] for column in COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says: its files, and what a reader should know."""

    recordings: tuple[Recording, ...]
    notes: tuple[str, ...]


def read_manifest(path: Path, naming: Naming, *, folder: Path | None = None) -> Manifest:
    """Read a manifest: a CSV with a row per video file.

    It has the column ``path``, those that make a session's name, and any of the others of
    ``COLUMNS``.

    ``start`` is when a file begins: seconds of the session (12.5, or mm:ss such as
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
    table = read_sheet(path, fits=lambda header: set(needed) <= set(header), what="manifest")
    if table.hint and not set(needed) <= set(table.header):
        raise DatasetError(f"{path}: {_about_missing(table.header, needed)[0]}", hint=table.hint)
    _check_header(table.header, needed, path)
    _check_no_days(table, path)
    reader = _RowReader(table=table, needed=needed, folder=folder or path.parent, source=path.name)
    problems: dict[int, str] = {}
    recordings: dict[int, Recording] = {}
    for line, cells in table.rows:
        recording = reader.read(line, cells)
        if isinstance(recording, str):
            problems[line] = recording
        else:
            recordings[line] = recording
    problems |= _repeated(recordings)
    raise_problems(str(path), _in_order(problems))
    if not recordings:
        raise DatasetError(f"{path}: the manifest has no row; expected one per video file")
    notes = (*table.notes, *_two_field_starts(table))
    return Manifest(
        recordings=tuple(recordings.values()),
        notes=tuple(f"{path.name}: {note}" for note in notes),
    )


def _in_order(problems: Mapping[int, str]) -> list[str]:
    return [f"line {line}: {problems[line]}" for line in sorted(problems)]


def _two_field_starts(table: Sheet) -> list[str]:
    """A note on starts of two fields: spreadsheets hide the seconds of clock times."""
    short = list(filter(_has_two_fields, _cells_of(table, "start")))
    if not short:
        return []
    starts_are = f"the start {short[0]} is"
    if len(short) > 1:
        starts_are = f"{len(short)} starts such as {short[0]} are"
    read_as = "read as minutes and seconds of the session; write clock times with seconds"
    return [f"{starts_are} {read_as}"]


def _check_no_days(table: Sheet, path: Path) -> None:
    """Raise DatasetError where starts or stretches are days, as spreadsheets keep times."""
    for name in _MOMENTS:
        cells = _cells_of(table, name)
        numbers = [cell for cell in cells if isinstance(parse_time(cell, "seconds"), float)]
        if numbers and are_days(numbers, in_seconds=True):
            raise DatasetError(
                f"{path}: {name} {numbers[0]} and all others look like days, as spreadsheets keep "
                "times; format the column as a time (10:15:00) and save again"
            )


def _cells_of(table: Sheet, name: str) -> list[str]:
    """The cells of a column; [] = there is no such column."""
    if name not in table.header:
        return []
    column = table.header.index(name)
    return [cells[column] for _, cells in table.rows]


def _has_two_fields(time: str) -> bool:
    return time.count(":") == 1


def _check_header(header: Sequence[str], needed: Sequence[str], path: Path) -> None:
    """Raise DatasetError where columns are missing, twice there, or nearly named as ours."""
    problems = [*_about_doubled(header), *_about_foreign(header), *_about_missing(header, needed)]
    raise_problems(str(path), problems)


def _about_doubled(header: Sequence[str]) -> list[str]:
    return [f"the column {name!r} is there twice" for name in COLUMNS if header.count(name) > 1]


def _about_foreign(header: Sequence[str]) -> list[str]:
    """Columns that are named as if we should read them, and that we do not know."""
    problems = []
    for name in filter(_is_foreign, header):
        near = did_you_mean(name, COLUMNS)
        if near or _first_word(name) in _FIRST_WORDS:
            problems.append(
                f"the column {name!r} is not read{near}; name it as one of {', '.join(COLUMNS)}, "
                "or, if it is for people, begin its name with 'note'"
            )
    return problems


def _about_missing(header: Sequence[str], needed: Sequence[str]) -> list[str]:
    missing = [repr(name) for name in needed if name not in header]
    if not missing:
        return []
    there = ", ".join(filter(None, header)) or "nothing"
    return [f"column {', '.join(missing)} not found; found: {there}"]


def _is_foreign(name: str) -> bool:
    """Whether a column is neither one of ours nor said to be for people."""
    return name not in COLUMNS and not name.casefold().startswith("note")


def _first_word(name: str) -> str:
    return re.split(r"[^a-z]+", name.casefold())[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowReader:
    """How the rows of a manifest are read.

    Attributes:
        table: the manifest.
        needed: columns that must not be empty.
        folder: where relative paths begin.
        source: the manifest's name, for messages.
    """

    table: Sheet
    needed: tuple[str, ...]
    folder: Path
    source: str

    def read(self, line: int, cells: Sequence[str]) -> Recording | str:
        """A row's file, or what is wrong with the row."""
        header = self.table.header
        if len(cells) != len(header):
            return f"expected {len(header)} cells as in the header, got {len(cells)}"
        fault = self.table.fault(line, COLUMNS)
        if fault:
            return fault
        values = dict(zip(header, cells, strict=True))
        empty = self._about_empty(values)
        if empty:
            return empty
        moments: dict[str, Moment | None] = {}
        for name in _MOMENTS:
            moment = _moment(values.get(name, ""))
            if isinstance(moment, str):
                return f"{name} is {moment}"
            moments[name] = moment
        observed = (moments["observed_from"], moments["observed_to"])
        return Recording(
            path=_path(values["path"], self.folder),
            where=f"{self.source}, line {line}",
            start=moments["start"],
            observed=None if observed == (None, None) else observed,
            session=values.get("session", ""),
            participant=values.get("participant", ""),
            camera=values.get("camera", ""),
            part=values.get("part", ""),
        )

    def _about_empty(self, values: Mapping[str, str]) -> str:
        """Which cells are empty that must not be, or ""."""
        empty = [name for name in self.needed if not values[name]]
        return f"{', '.join(empty)} is empty" if empty else ""


def _moment(text: str) -> Moment | str | None:
    """A time as written, None = the cell is empty; what is wrong with it as a text."""
    if not text:
        return None
    return parse_moment(text)


def _path(text: str, folder: Path) -> Path:
    """A file of the list.

    Backward slashes, as another system writes them, are read where no such name exists.
    """
    path = folder / from_home(text)
    if "\\" in text and not path.exists():
        return folder / from_home(text.replace("\\", "/"))
    return path


def _repeated(recordings: Mapping[int, Recording]) -> dict[int, str]:
    """Lines that list a file, or a part of a session, that an earlier line lists, and which."""
    problems: dict[int, str] = {}
    line_of_file: dict[str, int] = {}
    line_of_part: dict[tuple[str, ...], int] = {}
    for line, recording in recordings.items():
        file = os.path.normcase(os.path.normpath(recording.path))
        earlier = line_of_file.setdefault(file, line)
        if earlier != line:
            name = recording.path.name
            problems[line] = f"the path is listed in line {earlier} already: {name}"
            continue
        names = (recording.session, recording.participant, recording.camera, recording.part)
        earlier = line_of_part.setdefault(tuple(map(comparable_name, names)), line)
        if earlier != line and not _is_ordered_by_start(recording):
            problems[line] = (
                f"the same session, camera and part as line {earlier}; "
                "number the parts of a session in a column part"
            )
    return problems


def _is_ordered_by_start(recording: Recording) -> bool:
    """Whether a file's start, and no name of a part, says when it comes in its session."""
    return not recording.part and recording.start is not None
