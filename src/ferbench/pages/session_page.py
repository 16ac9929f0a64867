"""A session's page: curves, events, annotations and video on one time axis, in one HTML file."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import ConfigError
from ferbench.pages.document import Page, html_of
from ferbench.pages.grading_assets import GRADING_SCRIPTS, GRADING_STYLES
from ferbench.pages.session_data import SessionAbout, session_data
from ferbench.pages.session_positions import positions_of
from ferbench.protocols import EventRule
from ferbench.report.statistics_words import ignored_text
from ferbench.results import SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.wording import plural

SCRIPTS: Final = (
    "session_model.js",
    "session_view.js",
    "session_curves.js",
    "session_lanes.js",
    "session_marks.js",
    "session_overview.js",
    "session_slider.js",
    "session_tables.js",
    "session_video.js",
    "session_keys.js",
    *GRADING_SCRIPTS,
    "session.js",
)

MOST_BYTES: Final = 50 * 2**20
"""Of a page; MLflow shows no larger one."""


def write_session_page(page: Page, path: Path) -> None:
    """Write a page, whole or not at all.

    Raises:
        ConfigError: it would be larger than ``MOST_BYTES``.
    """
    html = html_of(page)
    size = len(html.encode("utf-8"))
    if size > MOST_BYTES:
        raise ConfigError(
            f"{path.name}: the page would have {size / 2**20:.1f} MiB, expected at most "
            f"{MOST_BYTES / 2**20:.0f} MiB, which is what browsers and MLflow show well",
            hint="without a video in it, or of a shorter session, it is smaller",
        )
    write_text(path, html)


def rule_words(rule: object) -> str:
    """A component with its values, as ``Hysteresis (enter 0.5, exit 0.3)``."""
    name = type(rule).__name__
    values = []
    if is_dataclass(rule):
        values = [f"{field.name} {getattr(rule, field.name)}" for field in fields(rule)]
    return f"{name} ({', '.join(values)})" if values else name


def session_page(
    result: SessionResult, rule: EventRule, criterion: Criterion, about: SessionAbout
) -> Page:
    """The page of one session.

    Args:
        result: the session, with at least one part.
        rule: that its events were found with.
        criterion: that they were matched with.
        about: what else is told.
    """
    positions = positions_of(result, rule, criterion, lowest=about.span[0])
    return Page(
        title=f"{result.session.session_id} - ferbench",
        template="session.html",
        values={
            "session": result.session.session_id,
            "facts": _facts(result),
            "summary": _summary(result),
            "rule": about.rule,
            "criterion": about.criterion,
            "made_of": about.made_of,
            "notes": about.notes,
        },
        data=session_data(result, positions, about),
        scripts=SCRIPTS,
        styles=("session.css", *GRADING_STYLES),
        draws_curves=True,
    )


def _facts(result: SessionResult) -> str:
    """Who and how long, in one line."""
    frames = sum(part.analysis.timeline.video.num_frames for part in result.parts)
    facts = [f"participant {result.session.participant}"] if result.session.participant else []
    if result.session.camera:
        facts.append(f"camera {result.session.camera}")
    facts += [f"{result.video_s:.1f} s of video", plural(frames, "frame")]
    if len(result.parts) > 1:
        facts.append(plural(len(result.parts), "part"))
    share = result.valid_s / result.observed_s if result.observed_s else 0.0
    facts.append(f"a face in {100 * share:.1f} % of the observed time")
    return ", ".join(facts)


def _summary(result: SessionResult) -> str:
    """What came out, in one line."""
    events = plural(len(result.events), "event")
    counts = result.counts
    if counts is None:
        reason = result.session.unscored or "nobody annotated this session"
        return f"{events}; not scored: {reason}"
    annotations = plural(counts.n_ref, "annotation")
    return (
        f"{events}, {annotations}: {plural(counts.tp, 'hit')}, "
        f"{plural(counts.fp, 'false alarm')}, {counts.fn} missed{ignored_text(counts.ignored)}"
    )
