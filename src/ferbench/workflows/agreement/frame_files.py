"""What models say in a folder of the thesis' frame predictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferbench.errors import ConfigError, FormatError, VideoError
from ferbench.events.windowed import Windowed
from ferbench.scoring.agreement.frames import NO_LABEL
from ferbench.scoring.agreement.segments import SessionKey
from ferbench.sentences import Action, Setting, Text
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.names import ThesisName, parse_thesis_name
from ferbench.thesis.results import ResultsRow, participants_in, session_in
from ferbench.thesis.rows import LABELS
from ferbench.types import I64
from ferbench.workflows.agreement.outputs import ModelOutputs, class_of
from ferbench.workflows.agreement.results_csv import EXTRA_SEGMENT, SEGMENTS_ARE, sheet_of
from ferbench.workflows.file_kinds import kind_of
from ferbench.workflows.find_events import FindOptions, find_in_file
from ferbench.workflows.prediction_sources import prediction_sources


def outputs_of_frames(folder: Path, *, fps: float | None, video: Path | None) -> ModelOutputs:
    """What the models of a folder of the thesis' frame predictions say.

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
    _check_thesis_files(listed.paths)
    notes: list[str] = []
    left_out = listed.note()
    if left_out:
        notes.append(left_out)
    files = _model_files(folder, listed.paths)
    labels, label_notes = _labels(files)
    outputs = ModelOutputs(
        source=folder.name,
        stem="Results",
        labels=labels,
        backend=_one_backend(files),
        segments_are=SEGMENTS_ARE,
        notes=(*notes, *label_notes),
    )
    if fps is None and video is None:
        no_rate = Text(
            "no segments: they need the frame rate; give ",
            Setting("fps"),
            ", or the videos' folder with ",
            Setting("video"),
        )
        return replace(outputs, notes=(*outputs.notes, no_rate))
    named_rows, rate_notes = _results(files, fps, video)
    sheet, event_counts = sheet_of(named_rows)
    return replace(
        outputs,
        sheet=sheet,
        event_counts=event_counts,
        notes=(*outputs.notes, *rate_notes, EXTRA_SEGMENT),
    )


def _check_thesis_files(paths: Sequence[Path]) -> None:
    for path in paths:
        if kind_of(path) != "thesis":
            raise ConfigError(
                Text(f"{path} is a table of ", Action("predict"), ", which does not say its model"),
                hint=Text(
                    "compare the runs of a sweep instead, or write thesis CSVs with ",
                    Setting("format", "thesis"),
                ),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ModelFile:
    """One model's predictions for one video.

    Attributes:
        path: the file.
        name: what its name says.
        model: as it is compared: with its face detector where there are several.
        video: path of the video, below the folder.
        session: what its segments belong to.
    """

    path: Path
    name: ThesisName
    model: str
    video: str
    session: SessionKey


def _model_files(folder: Path, paths: Sequence[Path]) -> list[_ModelFile]:
    """What the names say; models of several face detectors are named with theirs."""
    files = [_model_file(folder, path) for path in paths]
    if len({file.name.backend for file in files}) > 1:
        files = [replace(file, model=f"{file.name.model} {file.name.backend}") for file in files]
    videos = {(file.session, file.video) for file in files}
    sessions = {session for session, _ in videos}
    if len(sessions) < len(videos):  # several videos of a session: each counts by itself
        files = [replace(file, session=(file.video, "")) for file in files]
    return files


def _model_file(folder: Path, path: Path) -> _ModelFile:
    name = parse_thesis_name(path.name)
    if name is None or name.model is None:
        raise FormatError(
            f"{path} is not named <video>.<model>.<backend>.csv",
            hint="rename it, or move it elsewhere",
        )
    relative = path.relative_to(folder)
    video = (relative.parent / name.video).as_posix()
    participants = participants_in(relative.as_posix())
    session = session_in(relative.as_posix())
    key = (video, "")
    if participants and session is not None:
        key = (participants[0], session)
    return _ModelFile(path=path, name=name, model=name.model, video=video, session=key)


def _one_backend(files: Sequence[_ModelFile]) -> str:
    """The face detector of all files; "" = there are several."""
    backends = {file.name.backend for file in files}
    return backends.pop() if len(backends) == 1 else ""


def _labels(files: Sequence[_ModelFile]) -> tuple[dict[str, dict[str, I64]], list[str]]:
    """Classes of frames by video and model, and a note on labels in another spelling."""
    labels: dict[str, dict[str, I64]] = defaultdict(dict)
    rows_of_odd_label: Counter[str] = Counter()
    for file in files:
        rows_of_label = Counter[str]()
        labels[file.video][file.model] = _classes(file.path, rows_of_label)
        for label, rows in rows_of_label.items():
            if label not in LABELS:
                rows_of_odd_label[label] += rows
    if not rows_of_odd_label:
        return dict(labels), []
    odd = ", ".join(f"{label!r} ({rows})" for label, rows in sorted(rows_of_odd_label.items()))
    note = (
        f"labels that are not spelled as the thesis does, read as the expression or as none: {odd}"
    )
    return dict(labels), [note]


def _classes(path: Path, rows_of_label: Counter[str]) -> I64:
    """Class of each frame, i64 (T,); rows are counted by their label."""
    labels = read_thesis_csv(path).labels
    rows_of_label.update(label for label in labels if label is not None)
    classes: dict[str | None, int] = {None: NO_LABEL}
    for label in rows_of_label:
        try:
            classes[label] = class_of(label)
        except ConfigError:
            classes[label] = NO_LABEL
    return np.array([classes[label] for label in labels], np.int64)


def _results(
    files: Sequence[_ModelFile], fps: float | None, video: Path | None
) -> tuple[list[tuple[str, ResultsRow]], list[str]]:
    """Segments of every file by the thesis' rule, with its model's name.

    Of a video that cannot be opened there are none, and a note.
    """
    options = FindOptions(rule=Windowed(), labels=("Surprise",), fps=fps, video=video)
    named_rows: list[tuple[str, ResultsRow]] = []
    notes: list[str] = []
    for file in files:
        flags: tuple[int, ...] = ()
        count = 0
        try:
            events = find_in_file(file.path, options)
            flags, count = events.segments or (), len(events.events)
        except VideoError as error:
            notes.append(Text(f"no segments of {file.video}: ", error.text()))
        participant, session = file.session
        row = ResultsRow(
            participant=participant,
            session=session,
            model=file.model,
            backend=file.name.backend,
            flags=flags,
            count=count,
        )
        named_rows.append((file.model, row))
    return named_rows, list(dict.fromkeys(notes))
