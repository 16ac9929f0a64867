"""The page of one session, from stored predictions, without a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ferbench.checks import check_list, path_of
from ferbench.config.choices import Choice, component_for
from ferbench.errors import ConfigError
from ferbench.events.signal import Direction
from ferbench.formats.annotation_table import AnnotationTable, Table
from ferbench.formats.predictions import (
    read_predictions,
    video_name_of_table,
    video_of_table,
)
from ferbench.formats.reading import read_annotations
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import rule_words, session_page, write_session_page
from ferbench.places import file_stem
from ferbench.report.statistics_words import ignored_text
from ferbench.results import Analysis, SessionResult
from ferbench.sentences import Action, Setting, Text
from ferbench.types import Annotation
from ferbench.wording import plural
from ferbench.workflows.file_kinds import prediction_kind
from ferbench.workflows.find_events import DEFAULT_SELECTOR, FindOptions, Kind
from ferbench.workflows.matched_sessions import Unlisted
from ferbench.workflows.run_pages import notes_on, others_of
from ferbench.workflows.session_result import Annotated, session_result
from ferbench.workflows.session_video import (
    CheckedVideo,
    Hiding,
    anonymized_data_uri,
    as_data_uri,
    checked_video,
    hiding_of,
)

if TYPE_CHECKING:
    from ferbench.rendering.anonymize import Anonymization, Method

_SESSION: Final = "{session}"
_PLAIN: Final = Table()
_FILE_ENDING: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
"""What a file's name ends in; a new folder called so is hardly meant."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SessionReport:
    """A page that was written.

    Attributes:
        path: the file.
        result: what it shows.
        notes: what a reader should know, a sentence each; they are in the page too.
    """

    path: Path
    result: SessionResult
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """``SessionReport: p07.html, 12 events: 3 hits, 9 false alarms, 1 missed``."""
        counts = self.result.counts
        events = plural(len(self.result.events), "event")
        if counts is None:
            return f"SessionReport: {self.path.name}, {events}, not scored"
        found = (
            f"{plural(counts.tp, 'hit')}, {plural(counts.fp, 'false alarm')}, {counts.fn} missed"
            f"{ignored_text(counts.ignored)}"
        )
        return f"SessionReport: {self.path.name}, {events}: {found}"


def write_session_report(
    predictions: Analysis | str | Path,
    out: str | Path,
    *,
    annotations: AnnotationTable | Iterable[Annotation] | str | Path | None = None,
    video: str | Path | None = None,
    embed: bool = False,
    anonymize: Method | Anonymization | None = None,
    hidden: Analysis | str | Path | None = None,
    labels: Sequence[str] = ("surprise",),
    rule: Choice = None,
    kind: Kind | None = None,
    direction: Direction | None = None,
    selector: Choice = None,
    criterion: Choice = None,
    annotator: str | None = None,
    unlisted: Unlisted = "unannotated",
    session_name: str = _SESSION,
    format: Table | Mapping[str, Any] = _PLAIN,
    config_dirs: Sequence[Path] = (),
) -> SessionReport:
    """Write a session's page: curves, events, annotations, thresholds and video on one time axis.

    It is one HTML file that needs nothing else. Faces are on it only where a video is embedded.

    Args:
        predictions: what ``predict`` returned, or a table of it (.parquet, .csv).
        out: the page (.html), or the folder for it; what is there is replaced.
        annotations: of ``read_annotations``, any annotations, or their file; None = none.
        video: the video that the predictions are of; it is compared with them. None = the table's
            own where one is embedded.
        embed: carry the video within the page, which may have 50 MiB.
        anonymize: hide all faces of the embedded video, as ``render`` does: ``blur``, ``pixelate``,
            ``box``, or an ``Anonymization``. What is embedded is then a new H.264 copy whose frames
            keep their times, and the video must be the very file that was predicted.
        hidden: further predictions whose faces are hidden too.
        labels: expressions whose events are shown.
        rule: a choice of ``conf/event``, a mapping of its fields, or an event rule.
        kind: probability, or 1 where the label is on top; None = probability.
        direction: rising, or falling (minus the value: events where it is low); None = rising.
        selector: which face is the participant; None = the largest.
        criterion: which events count for which annotations, likewise of ``conf/scoring``.
        annotator: whose annotations are scored against; "all" = everybody's; None = there is one
            annotator only. Those of others are shown.
        unlisted: what a session without an annotation is: "unannotated" (not scored) or "empty"
            (annotated, nothing found).
        session_name: how the annotations' sessions are called, of ``session`` and ``participant``.
        format: how a file of annotations is written, as ``read_annotations`` takes it.
        config_dirs: folders with further choices.

    Raises:
        FormatError: the file is not one of predictions.
        ConfigError: a choice that cannot be used, a video that is another one or missing, or a page
            that would be too large.
        VideoError: faces are to be hidden, and the predictions are not of this very file.
        DatasetError: the annotations cannot be used.
    """
    check_list("labels", labels)
    hiding = hiding_of(anonymize, hidden, embed=embed)
    analysis, table = _analysis(predictions)
    options = FindOptions(
        rule=component_for("event", rule, config_dirs=config_dirs),
        labels=tuple(labels),
        kind=kind,
        direction=direction,
        selector=component_for("selector", selector or DEFAULT_SELECTOR, config_dirs=config_dirs),
    )
    matching = component_for("scoring", criterion, config_dirs=config_dirs)
    checked = _video(analysis, table, video, embed=embed)
    annotated = None
    if annotations is not None:
        annotated = Annotated(
            table=_annotations(annotations, analysis, format),
            annotator=annotator,
            unlisted=unlisted,
            session_name=session_name,
        )
    made = session_result(analysis, options, matching, annotated, video=_name(checked, table))
    notes = [*made.notes, *notes_on(made.result, ())]
    if checked and checked.note:
        notes.append(checked.note)
    if hiding:
        notes.append(
            f"The video in this page is a copy in which all faces that were found are hidden "
            f"({hiding.method}); its frames keep their times, and its sound is kept."
        )
    about = SessionAbout(
        rule=rule_words(options.rule),
        criterion=str(matching) if annotations is not None else "",
        made_of=(("selector", rule_words(options.selector)), ("signal", made.signal)),
        notes=tuple(notes),
        other_annotators=others_of(made.result, made.everybody),
        span=made.span,
        stamp=matching.stamp,
        clips=_clips(checked, analysis, hiding) if embed and checked else (),
    )
    path = _target(out, made.result.session.session_id)
    write_session_page(session_page(made.result, options.rule, matching, about), path)
    return SessionReport(path=path, result=made.result, notes=tuple(notes))


def _analysis(predictions: Analysis | str | Path) -> tuple[Analysis, Path | None]:
    """Predictions, and the table that they were read from; None = from none.

    Raises:
        ConfigError: something else.
    """
    if isinstance(predictions, Analysis):
        return predictions, None
    path = path_of("predictions", predictions)
    kind = prediction_kind(path)
    if kind == "thesis":
        raise ConfigError(
            Text(
                f"{path.name} is a thesis CSV, which has no probabilities of all expressions and "
                "no times; make a table of the video instead: ",
                Action("predict", "VIDEO"),
            )
        )
    timeline, faces, expressions = read_predictions(path)
    analysis = Analysis(timeline=timeline, faces=faces, expressions=expressions, keys={}, timing={})
    return analysis, path


def _annotations(
    given: AnnotationTable | Iterable[Annotation] | str | Path,
    analysis: Analysis,
    format: Table | Mapping[str, Any],
) -> AnnotationTable | tuple[Annotation, ...]:
    if isinstance(given, str | Path):
        videos = [analysis.timeline.video.video_id]
        return read_annotations(path_of("annotations", given), format, videos=videos)
    return given if isinstance(given, AnnotationTable) else tuple(given)


def _video(
    analysis: Analysis, table: Path | None, video: str | Path | None, *, embed: bool
) -> CheckedVideo | None:
    """The video, where one was given or is to be embedded.

    Raises:
        ConfigError: one is to be embedded, and none is known; or it is another one.
    """
    if video is not None:
        return checked_video(path_of("video", video), analysis.timeline)
    if not embed:
        return None
    known = _known_video(analysis, table)
    if known is None:
        raise ConfigError(
            "nobody knows where the video is",
            key="embed",
            hint=Text("give it with ", Setting("video")),
        )
    return checked_video(known, analysis.timeline)


def _clips(checked: CheckedVideo, analysis: Analysis, hiding: Hiding | None) -> tuple[str, ...]:
    if hiding is None:
        return (as_data_uri(checked.path),)
    return (anonymized_data_uri(checked.path, analysis, hiding),)


def _known_video(analysis: Analysis, table: Path | None) -> Path | None:
    if table is None:
        return analysis.timeline.video.path
    return video_of_table(table) if table.suffix == ".parquet" else None


def _name(checked: CheckedVideo | None, table: Path | None) -> str | None:
    """What the video is called; "" = not known, None = as the analysis says."""
    if checked is not None:
        return checked.path.name
    if table is None:
        return None
    return video_name_of_table(table) if table.suffix == ".parquet" else ""


def _target(out: str | Path, session: str) -> Path:
    """The page's file."""
    path = path_of("out", out)
    if path.suffix.lower() in (".html", ".htm"):
        return path
    if path.is_file() or (not path.is_dir() and _FILE_ENDING.fullmatch(path.suffix)):
        raise ConfigError(key="out", expected="a page (.html), or a folder", got=str(path))
    return path / f"{file_stem(session)}.html"
