"""The pages of a run's sessions."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.config.settings import PLUGS
from ferbench.errors import FerbenchError
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import rule_words, session_page, write_session_page
from ferbench.pipeline.recipe import Recipe
from ferbench.places import file_stem, without_folders
from ferbench.report.files import worst_first
from ferbench.results import Report, SessionResult
from ferbench.secret_texts import masked
from ferbench.types import Annotation
from ferbench.wording import plural

log = logging.getLogger("ferbench")

FOLDER: Final = "sessions"


def write_pages(
    report: Report,
    folder: Path,
    recipe: Recipe,
    params: Mapping[str, str],
    *,
    most: int,
    cell: str = "",
    everybody: Mapping[str, Sequence[Annotation]],
) -> list[Path]:
    """Write ``sessions/*.html`` of a run.

    Args:
        report: of the run.
        folder: of its files.
        recipe: that it was made with.
        params: its choices as short texts.
        most: how many sessions get a page, those of worst F1 first.
        cell: name of the run as a cell of a sweep, under which its events are graded: others may
            have its model too. "" = it is none, and they are graded under the model's name.
        everybody: by session, the annotations of all annotators where one was chosen.
    """
    paths = []
    for result in worst_first(report.sessions)[:most]:
        name = result.session.session_id
        about = SessionAbout(
            rule=rule_words(recipe.event),
            criterion=str(recipe.scoring),
            made_of=_made_of(params),
            notes=tuple(notes_on(result, report.notices)),
            other_annotators=others_of(result, everybody.get(name, ())),
            model=cell or params.get("model", ""),
            span=recipe.signal_span,
            stamp=recipe.scoring.stamp,
        )
        path = folder / FOLDER / f"{file_stem(name)}.html"
        try:
            write_session_page(session_page(result, recipe.event, recipe.scoring, about), path)
        except FerbenchError as error:
            log.warning("no page of session %s: %s", name, error)
            continue
        paths.append(path)
    return paths


def _made_of(params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Choices of the recipe, in its order."""
    return tuple(item for item in params.items() if item[0].partition(".")[0] in PLUGS)


def others_of(result: SessionResult, everybody: Iterable[Annotation]) -> tuple[Annotation, ...]:
    """Annotations of those who were not scored against."""
    own = set(result.session.annotations or ())
    return tuple(each for each in everybody if each not in own)


def notes_on(result: SessionResult, notices: Iterable[str]) -> list[str]:
    """Sentences on what of a session does not count, and what else was said of it."""
    notes = []
    if result.counts is not None:
        events = len(result.events) - len(result.scored_events)
        annotations = len(result.session.annotations or ()) - len(result.scored_annotations)
        left_out = []
        if events:
            left_out.append(plural(events, "event"))
        if annotations:
            left_out.append(plural(annotations, "annotation"))
        if left_out:
            notes.append(f"Not scored, outside of what was observed: {' and '.join(left_out)}.")
    if not any(part.analysis.faces.frame.size for part in result.parts):
        notes.append("No face was found in any frame.")
    elif result.valid_s == 0:
        notes.append("No face was taken for the participant's in what was observed.")
    for part in result.parts:
        damage = part.analysis.timeline.damage
        if damage:
            notes.append(f"The video is damaged: {without_folders(masked(damage))}")
    name = re.compile(rf"(?<!\w){re.escape(result.session.session_id)}(?!\w)")
    notes += [without_folders(masked(notice)) for notice in notices if name.search(notice)]
    return notes
