"""What recorded runs say: each is one model, named by what differs between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.events.windowed import Windowed
from ferbench.report.compare import compare
from ferbench.results import RunRow
from ferbench.scoring.agreement.segments import Detections, SessionKey, segments_with
from ferbench.sentences import Action, Text
from ferbench.tracking.store import Store
from ferbench.types import I64
from ferbench.wording import plural
from ferbench.workflows.agreement.outputs import ModelOutputs
from ferbench.workflows.agreement.recorded_run import RecordedRun, open_run, prediction_folders


def outputs_of_runs(
    store: Store,
    runs: Sequence[RunRow],
    *,
    what: str,
    segment_s: float,
    allow_targets: tuple[str, ...] = (),
) -> ModelOutputs:
    """What recorded runs say.

    Segments are those of the windowed rule where all runs have it with one length of segments and
    their tables of predictions are recorded; else each session is cut from its start, and a segment
    is flagged where an event begins.

    Args:
        store: where they are recorded.
        runs: at least one.
        what: what they are, for people.
        segment_s: length of a segment where the event rule has none, seconds.
        allow_targets: packages outside ferbench that components of the runs may come from.

    Raises:
        ConfigError: ``segment_s`` cannot be used.
        TrackingError: the artifacts are on a server.
        DataError: no run has results.
    """
    _check_length(segment_s)
    opened = _open(store, runs, allow_targets)
    if not opened:
        raise DataError(
            f"{what} has no run with results", hint=Text("look at them with ", Action("compare"))
        )
    names_of_frames = frame_model_names(opened)
    if _is_one_windowed_rule(opened) and all(run.has_tables for run in opened):
        sessions = _read_sessions(opened, cut_s=None, names_of_frames=names_of_frames)
        segments_are = "the segments of the windowed rule"
    else:
        sessions = _read_sessions(opened, cut_s=segment_s, names_of_frames=names_of_frames)
        segments_are = (
            f"stretches of {segment_s:g} s from each session's start, flagged where an event begins"
        )
    return ModelOutputs(
        source=what,
        stem="Results",
        sheet=sessions.sheet,
        event_counts=sessions.event_counts([run.name for run in opened]),
        labels=sessions.labels or None,
        frame_models=tuple(sorted(set(names_of_frames.values()) - sessions.without_classes)),
        segments_are=segments_are,
        notes=(
            *_notes(opened, num_unfinished=len(runs) - len(opened)),
            *_without_classes(sessions),
        ),
    )


def _check_length(segment_s: float) -> None:
    if not (math.isfinite(segment_s) and segment_s > 0):
        raise ConfigError(
            key="segment_s", expected="a finite number of seconds above 0", got=segment_s
        )


def _open(
    store: Store, runs: Sequence[RunRow], allow_targets: tuple[str, ...]
) -> list[RecordedRun]:
    """The runs with results, in the order in which they began."""
    tables_of_key = prediction_folders(store, sorted({run.experiment_id for run in runs}))
    finished = [run for run in runs if run.metrics]
    names = model_names(finished)
    in_order = sorted(finished, key=lambda run: run.started_unix_s)
    return [
        open_run(store, run, names[run.run_id], tables_of_key, allow_targets=allow_targets)
        for run in in_order
    ]


def _is_one_windowed_rule(runs: Sequence[RecordedRun]) -> bool:
    """Whether all runs cut sessions alike."""
    lengths_s: set[float] = set()
    for run in runs:
        if not isinstance(run.event, Windowed):
            return False
        lengths_s.add(run.event.segment_s)
    return len(lengths_s) == 1


def _notes(runs: Sequence[RecordedRun], *, num_unfinished: int) -> list[str]:
    notes: list[str] = []
    without_tables = [run.name for run in runs if not run.has_tables]
    if num_unfinished:
        notes.append(f"left out: {plural(num_unfinished, 'run')} without results")
    if without_tables:
        notes.append(
            f"no expressions of {', '.join(without_tables)}: "
            "the tables of predictions are not recorded"
        )
    num_models = len({run.predictions for run in runs if run.has_tables})
    if num_models and num_models < len(runs):
        models = plural(num_models, "set")
        notes.append(
            f"{plural(len(runs), 'run')} with {models} of predictions: expressions are compared "
            "between these"
        )
    for run in runs:
        if run.failed:
            sessions = plural(len(run.failed), "failed session")
            notes.append(f"{run.name}: {sessions} left out: {', '.join(run.failed)}")
    return notes


def _without_classes(sessions: _Sessions) -> list[str]:
    names = ", ".join(sorted(sessions.without_classes))
    if not names:
        return []
    return [f"{names}: the model tells no classes, so its frames have no expressions to compare"]


@dataclass(frozen=True, slots=True)
class _Sessions:
    """What runs say of their sessions.

    Attributes:
        sheet: segments by session and run.
        labels: by session and run the class of each frame, i64 (T,).
        without_classes: models that tell no classes, so that ``labels`` has none of theirs.
    """

    sheet: dict[SessionKey, dict[str, Detections]] = field(default_factory=dict)
    labels: dict[str, dict[str, I64]] = field(default_factory=dict)
    without_classes: set[str] = field(default_factory=set)

    def add(self, run: RecordedRun, session: str, *, cut_s: float | None, frame_model: str) -> None:
        """Read a session of a run; ``cut_s`` as of ``_read_sessions``."""
        onsets_s = run.onsets_s.get(session, ())
        parts = run.parts(session) if run.has_tables else []
        has_classes = bool(parts) and all(part.expressions.labels for part in parts)
        if parts and not has_classes:
            self.without_classes.add(frame_model)
        labels = self.labels.setdefault(session, {}) if has_classes else {}
        if has_classes and frame_model not in labels:
            labels[frame_model] = np.concatenate([part.classes() for part in parts])
        if cut_s is None:
            flags = run.rule_flags(parts)
        else:
            flags = segments_with(onsets_s, run.duration_s(session), segment_s=cut_s)
        detections = Detections(flags=flags, count=len(onsets_s))
        self.sheet.setdefault((session, ""), {})[run.name] = detections

    def event_counts(self, names: Sequence[str]) -> dict[str, list[int]]:
        """By run the number of events of each of its sessions."""
        return {
            name: [of_run[name].count for of_run in self.sheet.values() if name in of_run]
            for name in names
        }


def _read_sessions(
    runs: Sequence[RecordedRun], *, cut_s: float | None, names_of_frames: Mapping[str, str]
) -> _Sessions:
    """Sessions of all runs, sorted by name.

    Args:
        runs: in the order in which each session has them.
        cut_s: length of the segments in seconds; None = as the windowed rule cuts them.
        names_of_frames: see ``frame_model_names``.
    """
    sessions = _Sessions()
    names = {session for run in runs for session in run.sessions}
    for session in sorted(names):
        for run in runs:
            if session in run.sessions:
                frame_model = names_of_frames[run.row.run_id]
                sessions.add(run, session, cut_s=cut_s, frame_model=frame_model)
    return sessions


def frame_model_names(runs: Sequence[RecordedRun]) -> dict[str, str]:
    """A name for what each run says of frames, by its id; the same for the same predictions.

    It is made of the choices in which the predictions differ.
    """
    runs_of: dict[Hashable, list[RunRow]] = {}
    for run in runs:
        key = run.predictions if run.has_tables else run.row.run_id
        runs_of.setdefault(key, []).append(run.row)
    groups = list(runs_of.values())
    if len(groups) == len(runs):
        return {run.row.run_id: run.name for run in runs}
    names = names_of_groups(groups)
    return {run.run_id: name for group, name in zip(groups, names, strict=True) for run in group}


def names_of_groups(
    groups: Sequence[Sequence[RunRow]], *, alone: Sequence[str] = ("detector", "model")
) -> list[str]:
    """A name for each group of runs: the choices that differ between them, and not within one.

    ``alone`` are the choices that name a single group.
    """
    between = list(alone) if len(groups) == 1 else _params_between(groups)
    firsts = [group[0] for group in groups]
    names = _distinct({first.run_id: _choices(first, between) or first.name for first in firsts})
    return [names[first.run_id] for first in firsts]


def _params_between(groups: Sequence[Sequence[RunRow]]) -> list[str]:
    """Choices in which groups of runs differ, and runs of one group do not."""
    within = {param for group in groups for param in compare(group).params}
    differing = compare([group[0] for group in groups]).params
    return [param for param in differing if param not in within]


def model_names(runs: Sequence[RunRow]) -> dict[str, str]:
    """A name for each run by its id.

    Its choices that differ, and where these are the same its id too.
    """
    if len(runs) < 2:
        return {run.run_id: run.name for run in runs}
    differing = compare(runs).params
    return _distinct({run.run_id: _choices(run, differing) or run.name for run in runs})


def _distinct(name_of: Mapping[str, str]) -> dict[str, str]:
    """Names by run ids; with the id too, where several would be the same."""
    runs_of_name = Counter(name_of.values())
    return {
        run_id: name if runs_of_name[name] == 1 else f"{name} {run_id[:8]}"
        for run_id, name in name_of.items()
    }


def _choices(run: RunRow, params: Sequence[str]) -> str:
    return " ".join(_choice(param, run.params.get(param, "-")) for param in params)


def _choice(param: str, value: str) -> str:
    """A choice is known by its value (``mtcnn``), a number needs its name (``enter=0.5``)."""
    if "." not in param:
        return value
    return f"{param.rpartition('.')[2]}={value}"
