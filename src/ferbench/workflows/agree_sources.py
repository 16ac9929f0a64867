"""What ``ferbench agreement`` reads from files.

A Results.csv, a graded sheet, a folder of the thesis' frame CSVs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferbench.errors import ConfigError, FormatError, VideoError
from ferbench.events.windowed import Windowed
from ferbench.scoring.agreement.frames import NO_LABEL
from ferbench.scoring.agreement.segments import Detections, SessionKey, Sheet
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.grade_counts import GradedEvents, count_grades
from ferbench.thesis.grades import TRUE, GradeBlock, GradeSheet, nearly_true, read_grades
from ferbench.thesis.names import ThesisName, parse_thesis_name
from ferbench.thesis.results import ResultsRow, participants_in, read_results, session_in
from ferbench.thesis.rows import LABELS
from ferbench.types import I64
from ferbench.wording import plural
from ferbench.workflows.agree import Agreement, Material, code_of
from ferbench.workflows.file_kinds import kind_of
from ferbench.workflows.find_events import FindOptions, find_in_file
from ferbench.workflows.prediction_sources import prediction_sources

_EXTRA = (
    "a last segment without rows, which the thesis' rule adds where rows fill their segments exactly, counts like the "
    "others, as in the thesis"
)
_BY_ROWS = "the segments of the thesis' rule"


def from_results(path: Path) -> Material:
    """Material of a Results.csv.

    Raises:
        FormatError: it is none; names the line.
    """
    rows = read_results(path)
    backends = sorted({row.backend for row in rows})
    notes = [_EXTRA]
    if len(backends) > 1:
        notes.append(
            f"rows are of several face detectors; models are named with theirs: {', '.join(backends)}"
        )
    named = [
        (row.model if len(backends) == 1 else f"{row.model} {row.backend}", row) for row in rows
    ]
    repeated = [
        key for key, n in Counter((r.participant, r.session, m) for m, r in named).items() if n > 1
    ]
    for participant, session, model in repeated:
        notes.append(
            f"{participant}/{session} of {model} is there several times: the last row counts for agreement, each for "
            "the events per session"
        )
    sheet, counts = _sheet(named)
    return Material(
        source=path.name,
        stem=path.stem,
        sheet=sheet,
        event_counts=counts,
        segments_are=_BY_ROWS,
        notes=tuple(notes),
    )


def _sheet(named: Sequence[tuple[str, ResultsRow]]) -> tuple[Sheet, dict[str, list[int]]]:
    sheet: dict[SessionKey, dict[str, Detections]] = defaultdict(dict)
    counts: dict[str, list[int]] = defaultdict(list)
    for model, row in named:
        found = Detections(flags=np.array(row.flags, np.int64), count=row.count)
        sheet[row.participant, row.session][model] = found
        counts[model].append(row.count)
    return dict(sheet), dict(counts)


def from_grades(path: Path) -> tuple[Agreement, GradeSheet]:
    """Counts of a graded sheet, and the sheet.

    Raises:
        FormatError: it is none; names the line and what to do.
    """
    sheet = read_grades(path)
    notes = []
    if near := nearly_true(sheet):
        notes.append(
            f"grades that look like {TRUE!r} and, as in the thesis, count as false: {', '.join(near)}"
        )
    if sheet.left_out:
        notes.append(f"the block that begins in line {sheet.left_out} is incomplete and left out")
    empty = sum(not event.grade.strip() for block in sheet.blocks for event in block.events)
    if empty:
        notes.append(f"{plural(empty, 'event')} without a grade count as false, as in the thesis")
    blocks = Counter((block.participant, block.session, block.model) for block in sheet.blocks)
    for participant, session, model in (key for key, number in blocks.items() if number > 1):
        notes.append(
            f"{participant}/{session} of {model} is there several times: the last block counts"
        )
    notes += _absent(sheet)
    grades = count_grades([_graded(block) for block in sheet.blocks])
    return Agreement(source=path.name, stem=path.stem, grades=grades, notes=tuple(notes)), sheet


def _graded(block: GradeBlock) -> GradedEvents:
    return GradedEvents(
        session=(block.participant, block.session),
        model=block.model,
        events=tuple((event.time, event.grade == TRUE) for event in block.events),
    )


def _absent(sheet: GradeSheet) -> list[str]:
    """Sessions that have no block of some model: there everything that others found is missed."""
    models = sorted({block.model for block in sheet.blocks})
    there: dict[tuple[str, str], set[str]] = defaultdict(set)
    for block in sheet.blocks:
        there[block.participant, block.session].add(block.model)
    lack = {
        key: [model for model in models if model not in own] for key, own in sorted(there.items())
    }
    return [
        f"{participant}/{session} has no block of {', '.join(missing)} (more events than were to be graded?): there "
        "every true event of the others counts as missed"
        for (participant, session), missing in lack.items()
        if missing
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    name: ThesisName
    model: str
    video: str
    session: SessionKey


def from_frames(folder: Path, *, fps: float | None, video: Path | None) -> Material:
    """Material of a folder of the thesis' frame predictions.

    Expressions, and segments where a rate is known.

    Args:
        folder: the CSVs of all models, also in folders below it.
        fps: rows per second; None = from ``video``.
        video: folder of the videos; None with no ``fps``: no segments.

    Raises:
        ConfigError: there are no such files.
        FormatError: a line is not a frame.
    """
    listed = prediction_sources([folder], model=None, several=True)
    ours = [path for path in listed.paths if kind_of(path) != "thesis"]
    if ours:
        raise ConfigError(
            f"{ours[0]} is a table of 'ferbench predict', which does not say its model; compare the runs of a sweep "
            "instead, or write thesis CSVs with: ferbench predict --format thesis"
        )
    notes = [note] if (note := listed.note()) else []
    files = _files(folder, listed.paths)
    labels: dict[str, dict[str, I64]] = defaultdict(dict)
    odd: Counter[str] = Counter()
    for file in files:
        labels[file.video][file.model] = _codes(file.path, odd)
    if odd:
        words = ", ".join(f"{label!r} ({count})" for label, count in sorted(odd.items()))
        notes.append(
            f"labels that are not spelled as the thesis does, read as the expression or as none: {words}"
        )
    sheet = counts = None
    if fps is None and video is None:
        notes.append(
            "no segments: they need the frame rate; give --fps, or the videos' folder with --video"
        )
    else:
        sheet, counts, more = _flags(files, fps, video)
        notes += more
    return Material(
        source=folder.name,
        stem="Results",
        sheet=sheet,
        event_counts=counts or {},
        labels=dict(labels),
        backend=backends.pop()
        if len(backends := {file.name.backend for file in files}) == 1
        else "",
        segments_are=_BY_ROWS,
        notes=tuple(notes),
    )


def _files(folder: Path, paths: Sequence[Path]) -> list[_File]:
    """What the names say; models of several face detectors are named with theirs."""
    names = {path: parse_thesis_name(path.name) for path in paths}
    several = len({name.backend for name in names.values() if name}) > 1
    files = []
    for path, name in names.items():
        if name is None or name.model is None:
            raise FormatError(
                f"{path} is not named <video>.<model>.<backend>.csv; rename it, or move it elsewhere"
            )
        relative = path.relative_to(folder)
        participants, session = (
            participants_in(relative.as_posix()),
            session_in(relative.as_posix()),
        )
        video = (relative.parent / name.video).as_posix()
        key = (participants[0], session) if participants and session is not None else (video, "")
        model = f"{name.model} {name.backend}" if several else name.model
        files.append(_File(path=path, name=name, model=model, video=video, session=key))
    videos = {(file.session, file.video) for file in files}
    if len({session for session, _ in videos}) < len(
        videos
    ):  # several videos of a session: each by itself
        return [replace(file, session=(file.video, "")) for file in files]
    return files


def _codes(path: Path, odd: Counter[str]) -> I64:
    """Class of each frame; labels in another spelling than the thesis' are counted in ``odd``."""
    known: dict[str | None, int] = {None: NO_LABEL}
    labels = read_thesis_csv(path).labels
    for label in dict.fromkeys(label for label in labels if label is not None):
        try:
            known[label] = code_of(label)
        except ConfigError:
            known[label] = NO_LABEL
        if label not in LABELS:
            odd[label] += labels.count(label)
    return np.array([known[label] for label in labels], np.int64)


def _flags(
    files: Sequence[_File], fps: float | None, video: Path | None
) -> tuple[Sheet, dict[str, list[int]], list[str]]:
    """Segments of every file by the thesis' rule.

    Of a video that cannot be opened there are none.
    """
    options = FindOptions(rule=Windowed(), labels=("Surprise",), fps=fps, video=video)
    rows: list[tuple[str, ResultsRow]] = []
    notes: dict[str, None] = {}
    for file in files:
        try:
            found = find_in_file(file.path, options)
            flags, count = found.segments or (), len(found.events)
        except VideoError as error:
            flags, count = (), 0
            notes[f"no segments of {file.video}: {error}"] = None
        (participant, session), model = file.session, file.model
        row = ResultsRow(
            participant=participant,
            session=session,
            model=model,
            backend=file.name.backend,
            flags=flags,
            count=count,
        )
        rows.append((model, row))
    sheet, counts = _sheet(rows)
    return sheet, counts, [*notes, _EXTRA]
