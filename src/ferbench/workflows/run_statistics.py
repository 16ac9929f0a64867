"""A run's statistics: made once for the same results, kept as files, copied to its artifacts."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ferbench.atomic import part_beside
from ferbench.errors import CacheError
from ferbench.last_use import mark_used
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.scored_sessions import scored_session
from ferbench.pipeline.sealed import read_folder, seal_folder
from ferbench.report.figures import PictureStyle
from ferbench.report.statistics_files import SUMMARY, write_statistics
from ferbench.results import Report, SessionResult, StageKey
from ferbench.rights import make_folder
from ferbench.scoring.agreement.coded_intervals import CodedIntervals, intervals_by_annotator
from ferbench.scoring.metrics import headline
from ferbench.scoring.numbers import numbers
from ferbench.scoring.robustness import Variant
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.types import Event, LoadedDataset, Signal
from ferbench.workflows.robustness import variants_of

log = logging.getLogger("ferbench")

VERSION = "12"
"""Raised when the same results give other statistics, or pictures that look different."""
NUMBERS = "numbers.json"
FOLDER = "statistics"
DECISIONS = ("selector", "signal", "event", "scoring", "statistics")
"""Parts of a recipe that statistics depend on, beside the stored tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatistics:
    """Statistics of a run.

    Attributes:
        numbers: by the names that they are logged under.
        files: what a person looks at: the bytes of each file by its name.
    """

    numbers: Mapping[str, float]
    files: Mapping[str, bytes]

    @property
    def summary(self) -> list[str]:
        """What they say, in sentences."""
        return self.files[SUMMARY].decode().splitlines()

    def copy_to(self, artifacts: Path) -> list[Path]:
        """Put the files into a run's artifacts; return where they are."""
        folder = artifacts / FOLDER
        make_folder(folder)
        paths = [folder / name for name in self.files]
        for path in paths:
            path.write_bytes(self.files[path.name])
        return paths


def makes_statistics(rules: StatisticsRules, *, cell: bool) -> bool:
    """Whether a run makes its statistics by itself.

    Of a sweep's cells, with ``final``, only the best gets them.

    Args:
        rules: of the run.
        cell: whether the run is a cell of a sweep.
    """
    if rules.intervals == "final":
        return not cell
    return rules.intervals == "all"


def statistics_of(
    report: Report,
    loaded: LoadedDataset,
    recipe: Recipe,
    cache: Cache,
    *,
    pictures: PictureStyle | None,
) -> RunStatistics | None:
    """Statistics of a run's annotated sessions; None = there are none.

    Args:
        report: of the run.
        loaded: its data set.
        recipe: its recipe.
        cache: where they are kept.
        pictures: how pictures are drawn; None = no pictures.

    Raises:
        CacheError: the cache cannot be written.
    """
    scored = [result for result in report.sessions if result.counts is not None]
    if not scored:
        return None
    annotators = _annotators(loaded, {result.session.session_id for result in scored})
    key = _key(scored, recipe, annotators, pictures=pictures)
    folder = cache.folder / key.stage / key.key[:2] / key.key
    stored = _stored(folder, tell=False)
    if stored is None:
        with cache.lock(key, waiting=_tell_waiting):
            stored = _stored(folder, tell=True)
            if stored is None:
                made = _made(scored, report, recipe, annotators)
                _store(made, folder, recipe, pictures)
                stored = read_folder(folder)
    mark_used(folder)
    numbers_of = json.loads(stored.pop(NUMBERS))
    return RunStatistics(numbers=numbers_of, files=stored)


def _made(
    scored: Sequence[SessionResult],
    report: Report,
    recipe: Recipe,
    annotators: Mapping[str, CodedIntervals],
) -> Statistics:
    variants: list[Variant] = []
    if recipe.statistics.robustness:
        variants = variants_of(report.sessions, recipe)
    return statistics(
        [scored_session(result, recipe) for result in scored],
        recipe.scoring,
        recipe.statistics,
        annotators=annotators,
        variants=variants,
    )


def _store(made: Statistics, folder: Path, recipe: Recipe, pictures: PictureStyle | None) -> None:
    with _whole_folder(folder) as part:
        write_statistics(
            made,
            part,
            recipe.scoring,
            recipe.statistics,
            level=recipe.event.level,
            pictures=pictures,
        )
        _write_numbers(numbers(made), part / NUMBERS)
        seal_folder(part)


def _stored(folder: Path, *, tell: bool) -> dict[str, bytes] | None:
    """The files of statistics that were made before; None = there are none that can be used."""
    if not folder.exists():
        return None
    try:
        return read_folder(folder)
    except CacheError as error:
        if tell:
            log.warning("stored statistics cannot be used and will be made again: %s", error)
        return None


def _tell_waiting() -> None:
    log.warning("waiting for another process that makes the same statistics")


def _write_numbers(numbers: Mapping[str, float], path: Path) -> None:
    defined = {name: value for name, value in numbers.items() if math.isfinite(value)}
    path.write_text(json.dumps(defined, indent=1), encoding="utf-8")


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to that becomes a folder of the cache: there whole, or not at all.

    Raises:
        CacheError: it cannot be written.
    """
    try:
        make_folder(folder.parent)
        part = part_beside(folder)
        make_folder(part)
        try:
            yield part
            _remove(folder)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise CacheError(f"{folder} cannot be written: {error.strerror or error}") from error


def _remove(folder: Path) -> None:
    """Take away what stands where a folder goes, of whatever kind it is."""
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _key(
    scored: Sequence[SessionResult],
    recipe: Recipe,
    annotators: Mapping[str, CodedIntervals],
    *,
    pictures: PictureStyle | None,
) -> StageKey:
    """Of everything that statistics are made of.

    Signals and events as they are, sessions, decisions, annotators.
    """
    decisions = {name: getattr(recipe, name) for name in DECISIONS}
    marked = {
        name: {session: [list(mark) for mark in marks] for session, marks in of_sessions.items()}
        for name, of_sessions in annotators.items()
    }
    spec = {
        "version": VERSION,
        "pictures": pictures,
        "robustness": recipe.statistics.robustness,
        "metrics": [metric.name for metric in headline()],
        "sessions": [_session_spec(result) for result in scored],
        "annotators": marked,
        **decisions,
    }
    return StageKey.of(FOLDER, spec)


def _session_spec(result: SessionResult) -> dict[str, object]:
    """A session's part of the key."""
    session = result.session
    # What is chosen and how signals are treated depends on more than this session's tables.
    signals = [_digest(signal) for part in result.parts for signal in part.signals]
    return {
        "id": session.session_id,
        "participant": session.participant,
        "tables": [part.analysis.keys["expressions"].key for part in result.parts],
        "starts": [part.start_s for part in result.parts],
        "signals": signals,
        "events": [_event_spec(event) for event in result.events],
        "observed": repr(session.observed),
        "annotations": session.annotations,
        "reacted": [annotation.reacted for annotation in session.annotations or ()],
    }


def _event_spec(event: Event) -> tuple[str, float, float, float, str]:
    """An event's part of the key; its peak may be NaN, which no key can hold as a number."""
    return event.label, event.onset_s, event.offset_s, event.trigger_s, repr(event.peak)


def _digest(signal: Signal) -> str:
    return f"{signal.label} {hashlib.sha256(signal.value.tobytes()).hexdigest()}"


def _annotators(loaded: LoadedDataset, scored: set[str]) -> dict[str, CodedIntervals]:
    """What each annotator marked, where there are several annotators and one was chosen.

    Else empty.
    """
    annotations = {
        session: of_session
        for session, of_session in loaded.all_annotators.items()
        if session in scored
    }
    by_annotator = intervals_by_annotator(annotations, all_watched=loaded.all_watched)
    return by_annotator if len(by_annotator) > 1 else {}
