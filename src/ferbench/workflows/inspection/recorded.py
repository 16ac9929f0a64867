"""Recorded runs with the keys of their stored tables; nothing is computed again."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ferbench.config.recorded import recorded_cache, recorded_components
from ferbench.errors import CacheError, TrackingError
from ferbench.folder_names import shown_value
from ferbench.formats.event_table import read_events
from ferbench.json_texts import read_json
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stage_keys import PICTURES, STAGES
from ferbench.pipeline.tables import expressions_from, faces_from, pictures_from, timeline_from
from ferbench.places import cache_dir
from ferbench.protocols import EventRule, Selector, SignalRule
from ferbench.results import RunRow, StageKey
from ferbench.sentences import Action, Text
from ferbench.tracking.store import Store
from ferbench.types import Event, Expressions, Faces, Pictures, Timeline
from ferbench.workflows.recording import CONFIG_FILE

_KEPT_TABLES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """One video of a session.

    Attributes:
        session: its name.
        number: of the part, from 1.
        camera: which camera it is; "" = the only one.
        participant: "" = not known.
        keys: of its tables by stage.
    """

    session: str
    number: int
    camera: str
    participant: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """The tables of one video."""

    timeline: Timeline
    faces: Faces
    expressions: Expressions
    pictures: Pictures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedRun:
    """A recorded run.

    Attributes:
        row: as it is recorded.
        config: its configuration.
        cache: where its tables are.
        parts: its videos whose tables are all there.
        missing: how many of its videos have no tables any more.
        events: as it recorded them.
        selector: which face is the participant.
        signal: the rule for signals.
        event: the rule for events.
        again: what computes its tables anew.
    """

    row: RunRow
    config: Path
    cache: Cache
    parts: tuple[StoredPart, ...]
    missing: int
    events: tuple[Event, ...]
    selector: Selector
    signal: SignalRule
    event: EventRule
    again: Action

    def tables(self, part: StoredPart) -> Stored:
        """The tables of one of its videos.

        Raises:
            CacheError: one is not as it was written.
        """
        return _read(self.cache.folder, _keys_of(part), part.session)


def open_recorded(
    store: Store, row: RunRow, *, root: Path, allow_targets: tuple[str, ...] = ()
) -> InspectedRun:
    """Read what a run recorded, and look which of its tables are still there.

    Args:
        store: where it is recorded.
        row: which.
        root: the folder whose cache is looked into where the run's own is gone.
        allow_targets: packages outside ferbench that its components may come from.

    Raises:
        TrackingError: its files cannot be read.
        CacheError: none of its tables is there; says what computes them anew.
    """
    try:
        config = store.file(row.run_id, CONFIG_FILE)
        keys = read_json(store.file(row.run_id, "keys.json"))
        sessions = _rows_of_sessions(store.file(row.run_id, "sessions.csv"))
        events = read_events(store.file(row.run_id, "events.csv")).events
        asked = store.file(row.run_id, "overrides.txt").read_text(encoding="utf-8").split("\n")
        components = recorded_components(
            config, ("selector", "signal", "event"), allow_targets=allow_targets
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrackingError(f"run {row.run_id[:8]}: its files cannot be read: {error}") from error
    words = (word.partition("=") for word in shown_value(asked, config) if word)
    again = Action("evaluate", settings={key: value for key, _, value in words})
    cache = _cache_of(config, root)
    parts = _parts(keys, sessions)
    there = tuple(part for part in parts if _has_all(cache, part))
    if parts and not there:
        raise CacheError(
            f"run {row.run_id[:8]} {row.name}: {cache.folder} no longer has its tables",
            hint=Text(again, " computes them anew; then inspect that run"),
        )
    return InspectedRun(
        row=row,
        config=config,
        cache=cache,
        parts=there,
        missing=len(parts) - len(there),
        events=tuple(events),
        again=again,
        **components,
    )


def _rows_of_sessions(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["session"]: row for row in csv.DictReader(stream)}


def _cache_of(config: Path, root: Path) -> Cache:
    """The cache that the run used, or where that folder is gone, that of ``root``."""
    folder = recorded_cache(config)
    return Cache(folder if folder.is_dir() else cache_dir(root))


def _parts(
    keys: Mapping[str, Sequence[Mapping[str, str]]], sessions: Mapping[str, Mapping[str, str]]
) -> list[StoredPart]:
    parts = []
    for session, of_parts in keys.items():
        about = sessions.get(session, {})
        for number, stages in enumerate(of_parts, start=1):
            part = StoredPart(
                session=session,
                number=number,
                camera=about.get("camera", ""),
                participant=about.get("participant", ""),
                keys=stages,
            )
            parts.append(part)
    return parts


def _has_all(cache: Cache, part: StoredPart) -> bool:
    return all(cache.has(key) for key in _keys_of(part))


def _keys_of(part: StoredPart) -> tuple[StageKey, ...]:
    """Keys of the tables that the run used, in the order of stages."""
    stages = [*STAGES, PICTURES] if PICTURES in part.keys else STAGES
    return tuple(_key(stage, part.keys[stage]) for stage in stages)


def _key(stage: str, key: str) -> StageKey:
    return StageKey(stage=stage, key=key, spec="")


@lru_cache(maxsize=_KEPT_TABLES)
def _read(folder: Path, keys: tuple[StageKey, ...], session: str) -> Stored:
    cache = Cache(folder)
    (frames, about_frames), (faces, _), (expressions, about_expressions), *further = (
        cache.read(key) for key in keys
    )
    return Stored(
        timeline=timeline_from(frames, about_frames, video_id=session, path=Path(session)),
        faces=faces_from(faces),
        expressions=expressions_from(expressions, about_expressions),
        pictures=pictures_from(further[0][0]) if further else None,
    )
