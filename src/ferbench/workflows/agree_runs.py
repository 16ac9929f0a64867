"""What ``ferbench agreement`` reads from recorded runs.

Each run is one model, named by what differs between them.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.config.binding import build
from ferbench.errors import DataError, TrackingError
from ferbench.events.windowed import Windowed, segment_flags
from ferbench.formats.event_table import read_events
from ferbench.formats.predictions import read_predictions
from ferbench.report.compare import compare
from ferbench.results import RunRow
from ferbench.scoring.agreement.frames import NO_LABEL
from ferbench.scoring.agreement.segments import Detections, SessionKey, segments_with
from ferbench.tracking.store import PREDICTIONS_TAG, Store
from ferbench.types import I64, Expressions, Faces, Timeline
from ferbench.wording import plural
from ferbench.workflows.agree import Material, code_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run's artifacts.

    Attributes:
        name: of the model, as it is shown.
        config: as the run was composed.
        sessions: rows of ``sessions.csv`` by session.
        onsets_s: of the events by session.
        tables: files of the predictions of each part by session; () = they are not recorded.
        failed: sessions that the run could not evaluate.
    """

    name: str
    config: Mapping[str, Any]
    sessions: Mapping[str, Mapping[str, str]]
    onsets_s: Mapping[str, Sequence[float]]
    tables: Mapping[str, tuple[Path, ...]]
    failed: tuple[str, ...]

    def component(self, group: str) -> Any:
        """A component as the run had it."""
        return build(
            self.config[group],
            where=group,
            allow_targets=tuple(self.config.get("allow_targets") or ()),
        )


def from_runs(store: Store, runs: Sequence[RunRow], *, what: str, segment_s: float) -> Material:
    """Material of recorded runs.

    Segments are those of the windowed rule where all runs have it with one length of segments and
    their tables of predictions are recorded; else each session is cut from its start, and a segment
    is flagged where an event begins.

    Args:
        store: where they are recorded.
        runs: at least one.
        what: what they are, for people.
        segment_s: length of a segment where the event rule has none, seconds.

    Raises:
        TrackingError: the artifacts are on a server.
        DataError: no run has results.
    """
    if not (np.isfinite(segment_s) and segment_s > 0):
        raise DataError(
            f"--segment: expected a finite number of seconds above 0, got {segment_s!r}"
        )
    notes: list[str] = []
    folders = _prediction_folders(store, sorted({run.experiment_id for run in runs}))
    done = [run for run in runs if run.metrics]
    if len(done) < len(runs):
        notes.append(f"left out: {plural(len(runs) - len(done), 'run')} without results")
    names = model_names(done)
    opened = [
        _open(store, run, names[run.run_id], folders)
        for run in sorted(done, key=lambda r: r.started_unix_s)
    ]
    if not opened:
        raise DataError(f"{what} has no run with results; look at them with 'ferbench compare'")
    bare = [run.name for run in opened if not all(run.tables.values())]
    if bare:
        notes.append(
            f"no expressions of {', '.join(bare)}: the tables of predictions are not recorded"
        )
    for run in opened:
        if run.failed:
            notes.append(
                f"{run.name}: {plural(len(run.failed), 'failed session')} left out: {', '.join(run.failed)}"
            )
    exact = not bare and _is_one_windowed_rule([run.component("event") for run in opened])
    sheet: dict[SessionKey, dict[str, Detections]] = defaultdict(dict)
    labels: dict[str, dict[str, I64]] = defaultdict(dict)
    for session in sorted({session for run in opened for session in run.sessions}):
        for run in opened:
            if session not in run.sessions:
                continue
            onsets_s = run.onsets_s.get(session, ())
            parts = [] if run.name in bare else _parts(run, session)
            if parts:
                labels[session][run.name] = np.concatenate([_codes(*part) for part in parts])
            length_s = float(run.sessions[session]["video_s"])
            flags = (
                _rule_flags(run, parts)
                if exact
                else segments_with(onsets_s, length_s, segment_s=segment_s)
            )
            sheet[session, ""][run.name] = Detections(flags=flags, count=len(onsets_s))
    cut = f"stretches of {segment_s:g} s from each session's start, flagged where an event begins"
    return Material(
        source=what,
        stem="Results",
        sheet=dict(sheet),
        event_counts={
            run.name: [own[run.name].count for own in sheet.values() if run.name in own]
            for run in opened
        },
        labels=dict(labels) or None,
        segments_are="the segments of the windowed rule" if exact else cut,
        notes=tuple(notes),
    )


def _is_one_windowed_rule(rules: Sequence[object]) -> bool:
    """Whether all cut sessions alike."""
    lengths = {rule.segment_s if isinstance(rule, Windowed) else None for rule in rules}
    return len(lengths) == 1 and None not in lengths


def model_names(runs: Sequence[RunRow]) -> dict[str, str]:
    """A name for each run by its id.

    Its choices that differ, and where these are the same its id too.
    """
    shown = compare(runs).params if len(runs) > 1 else ()
    texts = {
        run.run_id: " ".join(_choice(name, run.params.get(name, "-")) for name in shown) or run.name
        for run in runs
    }
    number = Counter(texts.values())
    return {
        run_id: text if number[text] == 1 else f"{text} {run_id[:8]}"
        for run_id, text in texts.items()
    }


def _choice(name: str, value: str) -> str:
    """A choice is known by its value (``mtcnn``), a number needs its name (``enter=0.5``)."""
    return f"{name.rpartition('.')[2]}={value}" if "." in name else value


def _prediction_folders(store: Store, experiments: Sequence[str]) -> dict[str, Path]:
    """Where the tables of each key (its first 12 digits) lie."""
    folders: dict[str, Path] = {}
    for row in store.search(list(experiments)):
        keys = [
            key
            for key in row.tags.get(PREDICTIONS_TAG, "").split(",")
            if key and key not in folders
        ]
        if keys:
            folder = _folder(store, row)
            folders |= {key: folder / "predictions" / key for key in keys}
    return folders


def _folder(store: Store, run: RunRow) -> Path:
    location = store.location(run.run_id)
    if "://" in location:
        raise TrackingError(
            f"the files of run {run.run_id[:8]} are on a server ({location}); 'ferbench agreement' reads stores on "
            "this machine only"
        )
    return Path(location)


def _open(store: Store, run: RunRow, name: str, folders: Mapping[str, Path]) -> _Run:
    from omegaconf import OmegaConf

    folder = _folder(store, run)
    try:
        config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
        keys = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
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
    tables = {session: _tables(keys.get(session, ()), folders) for session in sessions}
    assert isinstance(config, dict)
    return _Run(
        name=name,
        config={str(key): value for key, value in config.items()},
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


def _tables(parts: Sequence[Mapping[str, str]], folders: Mapping[str, Path]) -> tuple[Path, ...]:
    """The table of each part; () where one is not recorded."""
    found: list[Path] = []
    for part in parts:
        folder = folders.get(part.get("expressions", "")[:12])
        table = next(iter(sorted(folder.glob("*.parquet"))), None) if folder else None
        if table is None:
            return ()
        found.append(table)
    return tuple(found)


_Part = tuple[Timeline, Expressions, I64]


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Timeline, Faces, Expressions]:
    return read_predictions(path)


def _parts(run: _Run, session: str) -> list[_Part]:
    """Of each part timeline and expressions, and which face the run took in each frame."""
    selector, camera = run.component("selector"), run.sessions[session].get("camera", "")
    found: list[_Part] = []
    for path in run.tables[session]:
        timeline, faces, expressions = _read(path)
        found.append((timeline, expressions, selector.select(faces, timeline, camera=camera)))
    return found


def _rule_flags(run: _Run, parts: Sequence[_Part]) -> I64:
    """Flags of the windowed rule, of all parts after each other.

    Of several signals a segment needs one.
    """
    rule, signal, flags = run.component("event"), run.component("signal"), []
    for timeline, expressions, chosen in parts:
        own = [
            segment_flags(
                found.value >= rule.enter,
                timeline.video.fps_hz,
                segment_s=rule.segment_s,
                run_s=rule.run_s,
                whole_runs=rule.whole_runs,
            ).flags
            for found in signal.build(expressions, chosen, timeline)
        ]
        flags.append(np.max(own, axis=0))
    result: I64 = np.concatenate(flags)
    return result


def _codes(timeline: Timeline, expressions: Expressions, chosen: I64) -> I64:
    """The most likely expression of the chosen face of each frame."""
    row = expressions.rows_of(chosen)
    known = row >= 0
    known[known] = ~np.isnan(expressions.logits[row[known]]).any(axis=1)
    codes = np.full(timeline.video.num_frames, NO_LABEL, np.int64)
    place = np.array([code_of(label) for label in expressions.labels], np.int64)
    codes[known] = place[expressions.logits[row[known]].argmax(axis=1)]
    return codes
