"""A run's statistics: made once for the same results, kept in the cache as files, copied into each
run's artifacts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ferbench.config.settings import Settings
from ferbench.errors import CacheError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evidence import evidence_of
from ferbench.pipeline.recipe import Recipe
from ferbench.report.statistics_files import write_statistics
from ferbench.results import Report, StageKey
from ferbench.scoring.agreement.coded_intervals import Marks, marks_by_annotator
from ferbench.scoring.numbers import numbers
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.types import LoadedDataset, Signal

log = logging.getLogger("ferbench")

VERSION = "7"
"""Raised when the same results give other statistics."""
NUMBERS = "numbers.json"
SUMMARY = "summary.txt"
FOLDER = "statistics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Statistics of a run: ``numbers`` by the names that they are logged under, and the folder with
    the files.
    """

    numbers: Mapping[str, float]
    folder: Path

    @property
    def summary(self) -> list[str]:
        """What they say, in sentences."""
        return (self.folder / SUMMARY).read_text(encoding="utf-8").splitlines()

    @property
    def files(self) -> list[Path]:
        """What a person looks at."""
        return sorted(path for path in self.folder.iterdir() if path.name != NUMBERS)

    def copy_to(self, artifacts: Path) -> None:
        """Put the files into a run's artifacts."""
        ignore = shutil.ignore_patterns(NUMBERS)
        shutil.copytree(self.folder, artifacts / FOLDER, dirs_exist_ok=True, ignore=ignore)


def wanted(settings: Settings, *, cell: bool) -> bool:
    """Whether a run makes its statistics by itself (of a sweep's cells, with ``final``, only the
    best gets them).
    """
    intervals = settings.recipe.scoring.intervals
    return intervals == "all" or (intervals == "final" and not cell)


def statistics_of(
    report: Report, loaded: LoadedDataset, settings: Settings, cache: Cache, *, pictures: bool
) -> Made | None:
    """Statistics of a run's annotated sessions, with or without pictures; None = there are none.

    Raises:
        CacheError: the cache cannot be written.
    """
    scored = [result for result in report.sessions if result.counts is not None]
    if not scored:
        return None
    people = _people(loaded, {result.session.session_id for result in scored})
    key = _key(report, settings, people, pictures=pictures)
    folder = cache.folder / key.stage / key.key[:2] / key.key
    with cache.lock(
        key,
        waiting=lambda: log.warning("waiting for another process that makes the same statistics"),
    ):
        if not (folder / NUMBERS).is_file():
            recipe = settings.recipe
            profile = recipe.scoring.criterion is None
            evidence = [evidence_of(result, recipe, profile=profile) for result in scored]
            found = statistics(evidence, recipe.scoring, people=people)
            _keep(folder, numbers(found), lambda part: _write(found, part, recipe, pictures))
    known = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    return Made(numbers=known, folder=folder)


def _write(found: Statistics, folder: Path, recipe: Recipe, pictures: bool) -> None:
    write_statistics(found, folder, recipe.scoring, level=recipe.event.level, pictures=pictures)


def _keep(folder: Path, found: Mapping[str, float], write: Callable[[Path], None]) -> None:
    """Write a folder of the cache; it is there whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
        try:
            write(part)
            defined = {name: value for name, value in found.items() if math.isfinite(value)}
            (part / NUMBERS).write_text(json.dumps(defined, indent=1), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise CacheError(f"{folder} cannot be written: {error.strerror or error}") from error


def _key(
    report: Report, settings: Settings, people: Mapping[str, Marks], *, pictures: bool
) -> StageKey:
    """Of everything that statistics are made of.

    Signals and events as they are, sessions, decisions, annotators.
    """
    recipe = settings.recipe
    sessions = [
        {
            "id": result.session.session_id,
            "participant": result.session.participant,
            "tables": [part.analysis.keys["expressions"].key for part in result.parts],
            "starts": [part.start_s for part in result.parts],
            # What is chosen and how signals are treated depends on more than this session's tables.
            "signals": [_digest(signal) for part in result.parts for signal in part.signals],
            "events": result.events,
            "observed": repr(result.session.observed),
            "annotations": result.session.annotations,
            "reacted": [mark.reacted for mark in result.session.annotations or ()],
        }
        for result in report.sessions
        if result.counts is not None
    ]
    decisions: dict[str, object] = {
        name: getattr(recipe, name) for name in ("selector", "signal", "event", "scoring")
    }
    marks = {
        name: {session: [list(mark) for mark in own] for session, own in each.items()}
        for name, each in people.items()
    }
    return StageKey.of(
        FOLDER,
        {
            "version": VERSION,
            "pictures": pictures,
            "sessions": sessions,
            "people": marks,
            **decisions,
        },
    )


def _digest(signal: Signal) -> str:
    return f"{signal.label} {hashlib.sha256(signal.value.tobytes()).hexdigest()}"


def _people(loaded: LoadedDataset, scored: set[str]) -> dict[str, Marks]:
    """Everybody's marks, where the annotations have several annotators and one was chosen.

    Else empty.
    """
    annotations = {
        session: each for session, each in loaded.all_annotators.items() if session in scored
    }
    marks = marks_by_annotator(annotations, all_watched=loaded.all_watched)
    return marks if len(marks) > 1 else {}
