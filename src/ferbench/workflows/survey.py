"""What ``ferbench init`` finds in a study's folder, its annotations and its log book."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferbench.datasets.files import SUFFIXES, video_files
from ferbench.datasets.guess import Guess, Place, guess_places, places_by_pattern
from ferbench.datasets.headers import FIELDS, Field, Headers, find_columns
from ferbench.datasets.lengths import Header, Lengths, Reading, read_header, read_within
from ferbench.datasets.names import GOPRO, Known
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming, chosen, did_you_mean, without_suffix
from ferbench.datasets.recordings import Footage, Recording, assemble, parse_moment
from ferbench.datasets.starts import fill_starts, is_later, read_starts
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, Columns, RefusedRow, Table
from ferbench.formats.csv_file import CsvFile, read_csv
from ferbench.wording import some, some_lines

_LISTED = 3
_RULE = (
    "Where names follow a rule of your own: --pattern '(?P<participant>\\d+)_day(?P<session>\\d+)'"
)


@dataclass(slots=True, kw_only=True)
class Found:
    """What was found.

    Attributes:
        num_videos: video files in the folder and below.
        guess: their places.
        cameras: sessions of each camera, most first; "" = not named.
        csv: the annotations as a CSV; None = not given.
        headers: its columns.
        reading: its rows; None = none can be read.
        num_filled: files whose start came from the log book.
        missing: columns without which nothing can be scored, one sentence each.
        open: what has no place, one sentence each: somebody must look at it.
        notes: what may be good to know.
    """

    num_videos: int
    guess: Guess
    cameras: Mapping[str, int]
    csv: CsvFile | None = None
    headers: Headers | None = None
    reading: Reading | None = None
    num_filled: int = 0
    missing: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sessions(self) -> list[tuple[str, str]]:
        """Participant and session of each session that has a video."""
        return list(
            dict.fromkeys((place.participant, place.session) for place in self.guess.places)
        )

    def counts(self, name: str) -> Counter[str]:
        """How many rows have each value of ``kind`` or ``annotator``."""
        rows = self.reading.rows.rows if self.reading else ()
        return Counter(value for row in rows if (value := getattr(row, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What to look at: the folder of videos, annotations, log book, and a pattern instead of
    guesses from names.

    ``columns`` are the annotations' as a person named them, "" = there is none.
    """

    folder: Path
    annotations: Path | None
    starts: Path | None
    pattern: str | None
    columns: Mapping[Field, str]


def look(inputs: Inputs) -> Found:
    """Look at everything; nothing is written.

    Raises:
        ConfigError: the pattern cannot be used.
        DatasetError: there is no video, none has a place, a CSV cannot be read or has not the
            columns that were named.
    """
    folder = inputs.folder
    paths = [
        path.relative_to(folder).as_posix()
        for path in video_files(folder, suffixes=SUFFIXES, recursive=True)
    ]
    table = headers = None
    if inputs.annotations is not None:
        said = inputs.columns
        table = read_csv(
            inputs.annotations, fits=lambda header: not _unclear(find_columns(header, said))
        )
        for name, column in said.items():
            if column:
                chosen(f"--column {name}", column, table.header)
        headers = find_columns(table.header, said)
    known = (
        Known.of(_pairs(table, headers)) if table and headers and not _unclear(headers) else Known()
    )
    if inputs.pattern is None:
        guess = guess_places(paths, known, folder)
    else:
        guess = places_by_pattern(paths, folder, inputs.pattern, known)
    if not guess.places:
        told = "; ".join(f"{path}: {reason}" for path, reason in guess.unplaced[:3])
        named = (
            ", ".join(f"{key} = {name}" for key, name in headers.names.items()) if headers else ""
        )
        columns = (
            f" The columns of annotations are taken as {named}; correct them with --column."
            if named
            else ""
        )
        raise DatasetError(f"none of {len(paths)} videos has a place: {told}. {_RULE}.{columns}")
    found = Found(num_videos=len(paths), guess=guess, cameras={}, csv=table, headers=headers)
    found.open += _without_place(guess, advise=inputs.pattern is None)
    found.open += _without_first(guess)
    found.notes += _copies(guess)
    if inputs.starts is not None:
        path = inputs.starts
        filled = fill_starts(guess.places, read_starts(path), path.name)
        found.num_filled = sum(a != b for a, b in zip(guess.places, filled.places, strict=True))
        found.guess = replace(guess, places=filled.places)
        found.open += filled.problems
        found.notes += filled.notes
    found.cameras = _cameras(found.guess.places)
    found.open += _without_camera(found)
    footage = _footage(found, folder)
    if inputs.annotations is not None and headers is not None:
        _read(found, inputs.annotations, headers, footage, folder)
    return found


def _unclear(headers: Headers) -> list[str]:
    """Fields that must be known and are not."""
    missing = [name for name in ("session", "participant") if name in headers.unclear]
    who = bool(missing) or {"session", "participant"} & set(headers.names)
    return [
        *missing,
        *([] if who else ["session"]),
        *([] if "onset" in headers.names else ["onset"]),
    ]


def _pairs(table: CsvFile, headers: Headers) -> list[tuple[str, str]]:
    """Participant and session of each row that has them, "" where there is no such column."""
    at = [
        table.header.index(headers.names[name])
        for name in ("participant", "session")
        if name in headers.names
    ]
    found = []
    for _, cells in table.rows:
        if len(cells) == len(table.header) and all(cells[place] for place in at):
            values = {table.header[place]: cells[place] for place in at}
            session = without_suffix(values.get(headers.names.get("session", ""), ""), SUFFIXES)
            found.append((values.get(headers.names.get("participant", ""), ""), session))
    return found


def _cameras(places: Sequence[Place]) -> dict[str, int]:
    sessions = {(place.camera, place.participant, place.session) for place in places}
    return dict(Counter(camera for camera, _, _ in sorted(sessions)).most_common())


def _without_place(guess: Guess, *, advise: bool) -> list[str]:
    """Files and why they have no place; a reason that many have is told once."""
    files: dict[str, list[str]] = defaultdict(list)
    for path, reason in guess.unplaced:
        files[reason].append(path)
    told = []
    for reason, paths in files.items():
        if len(paths) > _LISTED:
            first = ", ".join(paths[:_LISTED])
            told.append(f"{len(paths)} files: {reason}: {first} and {len(paths) - _LISTED} more")
        else:
            told += [f"{path}: {reason}" for path in paths]
    many = any(len(paths) > _LISTED for paths in files.values())
    return [*told, *([_RULE] if many and advise else [])]


def _without_first(guess: Guess) -> list[str]:
    """Sessions whose first file is a later part: their times would be counted from there."""
    firsts: dict[tuple[str, ...], Place] = {}
    for place in guess.places:
        firsts.setdefault((place.participant, place.session, place.camera), place)
    return [
        f"{place.path}: part {place.part}, and no file is the first part of its session; times would be counted from "
        "this one"
        for place in firsts.values()
        if is_later(place.part)
    ]


def _copies(guess: Guess) -> list[str]:
    told = [f"{path}: a copy of {original}, left out" for path, original in guess.copies]
    more = len(told) - _LISTED
    return (
        told
        if more <= 0
        else [*told[:_LISTED], f"{more} more files that are copies of others, left out"]
    )


def _without_camera(found: Found) -> list[str]:
    """One sentence where only some names have a camera: choosing one would leave out the others."""
    naming = Naming(template=found.guess.session_name)
    bare = dict.fromkeys(
        naming.name(naming.identity(p.session, p.participant))
        for p in found.guess.places
        if not p.camera
    )
    if not bare or not any(found.cameras):
        return []
    return [
        f"no camera in the names of videos of {some(list(bare))}: whichever camera is chosen, these are left out; fill "
        "in the column camera of the list"
    ]


def _footage(found: Found, folder: Path) -> tuple[Footage, ...]:
    """The sessions, each with the files of its most frequent camera."""
    naming = Naming(template=found.guess.session_name)
    sessions: dict[tuple[str, ...], Footage] = {}
    for camera in found.cameras:
        own = [_recording(place, folder) for place in found.guess.places if place.camera == camera]
        try:
            footage, _ = assemble(own, naming, None)
        except DatasetError as error:
            found.open.append(str(error))
            continue
        for item in footage:
            sessions.setdefault(item.identity, item)
    return tuple(sessions.values())


def _recording(place: Place, folder: Path) -> Recording:
    start = parse_moment(place.start) if place.start else None
    return Recording(
        path=folder / place.path,
        where=place.path,
        session=place.session,
        participant=place.participant,
        camera=place.camera,
        part=place.part,
        start=None if isinstance(start, str) else start,
    )


def column_names(found: Found) -> dict[str, str | None]:
    """What goes into ``format.columns``; ??? = a person must say it."""
    if found.headers is None:
        return {name: getattr(Columns(), name) for name in FIELDS}
    unclear = _unclear(found.headers)
    return {name: "???" if name in unclear else found.headers.names.get(name) for name in FIELDS}


def _read(
    found: Found, path: Path, headers: Headers, footage: Sequence[Footage], folder: Path
) -> None:
    """Read the annotations and list what has no place."""
    required = _unclear(headers)
    for name, sentence in _unclear_columns(found, path.name, headers).items():
        (found.missing if name in required else found.open).append(sentence)
    if required:
        return
    if found.guess.session_name == NUMBERED_WITHIN and "participant" not in headers.names:
        found.open.append(
            f"{path.name}: sessions are numbered within participants, but no column names participants"
        )
        return
    columns = Columns(
        session=headers.names.get("session"),
        participant=headers.names.get("participant"),
        onset=headers.names["onset"],
        offset=headers.names.get("offset"),
        kind=headers.names.get("kind"),
        annotator=headers.names.get("annotator"),
    )
    announced = {
        folder / place.path: read_header(folder / place.path) for place in found.guess.places
    }
    unreadable = [
        file.relative_to(folder).as_posix()
        for file, header in announced.items()
        if header == Header()
    ]
    found.open += [f"{name}: cannot be read as a video" for name in unreadable]
    lengths = Lengths(footage, Naming(template=found.guess.session_name), announced)
    try:
        found.reading = read_within(path, Table(columns=columns), lengths)
    except DatasetError as error:
        found.open.append(str(error))
        return
    _list_rows(found, path.name, found.reading, lengths, footage)
    if found.reading.question:
        found.open.append(found.reading.question)
    else:
        _list_outside(found, path.name, found.reading, lengths)


def _unclear_columns(found: Found, source: str, headers: Headers) -> dict[Field, str]:
    """One sentence per field whose column a person must say."""
    assert found.csv is not None
    told: dict[Field, str] = {}
    for name in FIELDS:
        several = headers.unclear.get(name, ())
        if several or name in _unclear(headers):
            which = (
                f"may be {' or '.join(several)}" if several else "has no column with a usual name"
            )
            told[name] = (
                f"{source}: {name} {which}; found: {', '.join(found.csv.header)}. "
                f"Say which it is with --column {name}=NAME."
            )
    return told


def _list_rows(
    found: Found, source: str, reading: Reading, lengths: Lengths, footage: Sequence[Footage]
) -> None:
    """List rows that cannot be used or belong to no video, and sessions without rows."""
    naming = Naming(template=found.guess.session_name)
    strays: dict[str, list[int]] = defaultdict(list)
    listed: set[tuple[str, ...]] = set()
    without_start: set[str] = set()
    rows: list[AnnotationRow | RefusedRow] = [*reading.rows.rows, *reading.rows.refused]
    for row in rows:
        item = lengths.session_of(row.session, row.participant)
        identity = naming.identity(row.session, row.participant)
        if item is not None:
            listed.add(item.identity)
            if reading.rows.clock and item.start is None:
                without_start.add(item.name)
        elif all(identity):
            strays[naming.name(identity)].append(row.line)
    free = [item.name for item in footage if item.identity not in listed]
    found.open += [f"{source}, {problem}" for problem in reading.rows.refused]
    found.open += [
        f"{source}, {some_lines(lines)}: no video of session {name!r}{did_you_mean(name, free)}"
        for name, lines in strays.items()
    ]
    follow = [item.name for item in footage if item.start and _may_pause(item)]
    if reading.rows.clock and follow:
        found.notes.append(
            f"{source} has clock times, but not every file has a start: {some(follow)}; a pause between the files of a "
            "session would move all times after it, so give each its start in the list"
        )
    if without_start:
        found.open.append(
            f"{source} has clock times, but no start is known of {some(sorted(without_start))}; give --starts"
        )
    if free:
        found.notes.append(
            f"no row of {source}: {some(free)} (dataset.unlisted says what that means)"
        )


def _may_pause(item: Footage) -> bool:
    """Whether a file without a start follows another, and they are not chapters of one GoPro
    recording.
    """
    marks = [GOPRO.search(part.path.name) for part in item.parts]
    chapters = len({match and match["number"] for match in marks}) == 1 and all(marks)
    return not chapters and any(part.start_s is None for part in item.parts[1:])


def _list_outside(found: Found, source: str, reading: Reading, lengths: Lengths) -> None:
    """List times that do not lie inside their videos."""
    outside = lengths.outside(reading.rows.rows)
    for o in outside:
        where = f"{o.time_s:.1f} s of session {o.session!r}, which has {o.length_s:.1f} s of video"
        found.open.append(f"{source}, line {o.row.line}: {where}")
    if outside and reading.table.time_format == "hh:mm:ss" and not lengths.starts_known:
        found.notes.append("if these are clock times, say when the sessions began: --starts CSV")
