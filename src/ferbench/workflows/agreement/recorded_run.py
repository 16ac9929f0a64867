"""One recorded run as a model: what its files say of each session."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.config.recorded import recorded_components
from ferbench.errors import TrackingError
from ferbench.events.windowed import Windowed, segment_flags
from ferbench.formats.event_table import read_events
from ferbench.formats.predictions import read_predictions
from ferbench.json_texts import read_json
from ferbench.protocols import EventRule, Selector, SignalRule
from ferbench.results import RunRow
from ferbench.scoring.agreement.frames import NO_LABEL
from ferbench.sentences import Action, Text
from ferbench.tracking.store import PREDICTIONS_TAG, Store
from ferbench.types import I64, Expressions, Faces, Timeline
from ferbench.workflows.agreement.outputs import class_of

KEY_DIGITS: Final = 12
"""As many characters of a stage key name the folder of its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPart:
    """The stored table of one video of a session.

    Attributes:
        timeline: T frames.
        faces: all of them.
        expressions: of the classified faces.
        chosen: i64 (T,), the face that the run took in each frame, -1 = none.
    """

    timeline: Timeline
    faces: Faces
    expressions: Expressions
    chosen: I64

    def classes(self) -> I64:
        """The most likely expression of the chosen face of each frame, i64 (T,).

        Of a model that tells some.
        """
        row = self.expressions.rows_of(self.chosen)
        logits = self.expressions.logits
        known = row >= 0
        known[known] = ~np.isnan(logits[row[known]]).any(axis=1)
        class_of_output = np.array([class_of(label) for label in self.expressions.labels], np.int64)
        classes = np.full(self.timeline.video.num_frames, NO_LABEL, np.int64)
        classes[known] = class_of_output[logits[row[known]].argmax(axis=1)]
        return classes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """What a run left.

    Attributes:
        row: as it is recorded.
        name: of the model, as it is shown.
        event: the run's event rule.
        signal: the run's rule for signals.
        selector: which face is the participant.
        sessions: rows of ``sessions.csv`` by session.
        onsets_s: of the events by session.
        tables: files of the predictions of each part by session; () = they are not recorded.
        failed: sessions that the run could not evaluate.
    """

    row: RunRow
    name: str
    event: EventRule
    signal: SignalRule
    selector: Selector
    sessions: Mapping[str, Mapping[str, str]]
    onsets_s: Mapping[str, Sequence[float]]
    tables: Mapping[str, tuple[Path, ...]]
    failed: tuple[str, ...]

    @property
    def has_tables(self) -> bool:
        """Whether the predictions of all sessions are recorded."""
        return all(self.tables.values())

    @property
    def predictions(self) -> tuple[Hashable, ...]:
        """Equal where two runs say the same of every frame: of the same tables and faces."""
        return repr(self.selector), tuple(sorted(self.tables.items()))

    def duration_s(self, session: str) -> float:
        """Where a session ends, seconds of the session (older runs tell the seconds of video)."""
        row = self.sessions[session]
        return float(row.get("end_s") or row["video_s"])

    def parts(self, session: str) -> list[RecordedPart]:
        """The tables of a session."""
        camera = self.sessions[session].get("camera", "")
        parts: list[RecordedPart] = []
        for path in self.tables[session]:
            timeline, faces, expressions = _read(path)
            chosen = self.selector.select(faces, timeline, camera=camera)
            parts.append(
                RecordedPart(timeline=timeline, faces=faces, expressions=expressions, chosen=chosen)
            )
        return parts

    def rule_flags(self, parts: Sequence[RecordedPart]) -> I64:
        """Flags of the windowed rule, of all parts after each other.

        Of several signals a segment needs one.
        """
        assert isinstance(self.event, Windowed)
        rule = self.event
        flags_of_parts: list[I64] = []
        for part in parts:
            signals = self.signal.build(part.expressions, part.chosen, part.timeline, part.faces)
            flags_of_signals = [
                segment_flags(
                    signal.value >= rule.enter,
                    part.timeline.video.fps_hz,
                    segment_s=rule.segment_s,
                    run_s=rule.run_s,
                    whole_runs=rule.whole_runs,
                ).flags
                for signal in signals
            ]
            flags_of_parts.append(np.max(flags_of_signals, axis=0))
        flags: I64 = np.concatenate(flags_of_parts)
        return flags


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Timeline, Faces, Expressions]:
    return read_predictions(path)


def open_run(
    store: Store,
    run: RunRow,
    name: str,
    tables_of_key: Mapping[str, Path],
    *,
    allow_targets: tuple[str, ...] = (),
) -> RecordedRun:
    """Read a run's files.

    Args:
        store: where it is recorded.
        run: which.
        name: of the model, as it is shown.
        tables_of_key: see ``prediction_folders``.
        allow_targets: packages outside ferbench that its components may come from.

    Raises:
        TrackingError: they are on a server, or cannot be read.
    """
    folder = _folder(store, run)
    try:
        components = recorded_components(
            folder / "config.yaml", ("event", "signal", "selector"), allow_targets=allow_targets
        )
        keys = read_json(folder / "keys.json")
        with (folder / "sessions.csv").open(encoding="utf-8", newline="") as stream:
            sessions = {row["session"]: row for row in csv.DictReader(stream)}
        failed = _failed(folder / "failures.csv")
    except (OSError, ValueError, KeyError) as error:
        raise TrackingError(
            f"run {run.run_id[:8]} ({folder}): its files cannot be read: {error}"
        ) from error
    onsets_s: dict[str, list[float]] = {session: [] for session in sessions}
    for event in read_events(folder / "events.csv").events:
        onsets_s.setdefault(event.session_id, []).append(event.onset_s)
    tables = {session: _tables(keys.get(session, ()), tables_of_key) for session in sessions}
    return RecordedRun(
        row=run,
        name=name,
        event=components["event"],
        signal=components["signal"],
        selector=components["selector"],
        sessions=sessions,
        onsets_s=onsets_s,
        tables=tables,
        failed=failed,
    )


def _failed(path: Path) -> tuple[str, ...]:
    """Sessions that failed, each once; a run without any has no such file."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(dict.fromkeys(row["session"] for row in csv.DictReader(stream)))


def _tables(
    parts: Sequence[Mapping[str, str]], tables_of_key: Mapping[str, Path]
) -> tuple[Path, ...]:
    """The table of each part; () where one is not recorded."""
    tables: list[Path] = []
    for part in parts:
        folder = tables_of_key.get(part.get("expressions", "")[:KEY_DIGITS])
        candidates = sorted(folder.glob("*.parquet")) if folder else []
        if not candidates:
            return ()
        tables.append(candidates[0])
    return tuple(tables)


def prediction_folders(store: Store, experiments: Sequence[str]) -> dict[str, Path]:
    """Where the tables of each key lie, by the key's first ``KEY_DIGITS`` characters.

    Raises:
        TrackingError: they are on a server.
    """
    folders: dict[str, Path] = {}
    for run in store.search(list(experiments)):
        keys = run.tags.get(PREDICTIONS_TAG, "").split(",")
        new_keys = [key for key in keys if key and key not in folders]
        if new_keys:
            predictions = _folder(store, run) / "predictions"
            folders |= {key: predictions / key for key in new_keys}
    return folders


def _folder(store: Store, run: RunRow) -> Path:
    location = store.location(run.run_id)
    if "://" in location:
        raise TrackingError(
            Text(
                f"the files of run {run.run_id[:8]} are on a server ({location}); '",
                Action("agree"),
                "' reads stores on this machine only",
            )
        )
    return Path(location)
