"""What ``ferbench render`` does and prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.app.cli.options import expressions
from ferbench.app.console import error_console, frames_bar, output_console
from ferbench.app.words import reason_in
from ferbench.checks import check_choice
from ferbench.config.choices import component_for
from ferbench.datasets.naming import Naming
from ferbench.sentences import Words
from ferbench.spelling import comparable_name
from ferbench.thesis.names import parse_thesis_name
from ferbench.types import Annotation, Event
from ferbench.wording import plural
from ferbench.workflows.anonymizing import anonymizer_for
from ferbench.workflows.file_kinds import default_rule, events_in
from ferbench.workflows.find_events import FindOptions
from ferbench.workflows.overlays import Wanted
from ferbench.workflows.render import LAYOUTS, OnFrames, RenderedVideo, RenderOptions
from ferbench.workflows.render_folder import Pair, pairs_of, render_pairs
from ferbench.workflows.score_tables import table_from
from ferbench.workflows.shown_annotations import annotations_to_show, none_of

INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn besides predictions, as options say it.

    Attributes:
        events: a table of events; None = they are found.
        rule: how they are found; None = as by ``events``.
        labels: expressions.
        selector: which face is the participant.
        annotations: a file or a folder.
        annotator: whose; None = everybody's.
        time_format: how times of annotations are written.
        columns: what the file calls our columns.
        keep: only such rows.
        session_name: how a row names its session.
    """

    events: Path | None = None
    rule: str | None = None
    labels: Sequence[str] = ("Surprise",)
    selector: str | None = None
    annotations: Path | None = None
    annotator: str | None = None
    time_format: str = "auto"
    columns: Sequence[tuple[str, str]] = ()
    keep: Sequence[tuple[str, str]] = ()
    session_name: str = "{session}"

    def wanted(self, pairs: Sequence[Pair]) -> tuple[Wanted, tuple[str, ...]]:
        """What is drawn on the videos of some pairs, and notes."""
        predictions = [pair.predictions for pair in pairs if not pair.problem]
        rule = self.rule or default_rule(predictions)
        find = FindOptions(
            rule=component_for("event", rule),
            labels=expressions(self.labels),
        )
        events: Sequence[Event] | None = None
        notes: tuple[str, ...] = ()
        if self.events is not None:
            events = events_in(self.events).events
            notes += self._absent(self.events, events, pairs)
        annotations: tuple[Annotation, ...] = ()
        if self.annotations is not None:
            annotations, more = self._annotations(self.annotations, pairs)
            notes += more
        wanted = Wanted(selector=self.selector, events=events, find=find, annotations=annotations)
        return wanted, notes

    def _absent(
        self, path: Path, events: Sequence[Event], pairs: Sequence[Pair]
    ) -> tuple[str, ...]:
        """A note on videos of which a table has no event."""
        there = {event.session_id for event in events}
        known = {comparable_name(name) for name in there}
        lacking = [
            _session_of(pair)
            for pair in pairs
            if not {comparable_name(name) for name in _names_of(pair)} & known
        ]
        return (none_of(path.name, "event", lacking, there),) if lacking else ()

    def _annotations(
        self, path: Path, pairs: Sequence[Pair]
    ) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
        table = table_from(
            columns=self.columns,
            keep=self.keep,
            time_format=self.time_format,
            frame_rate_hz=None,
            sheet=None,
            tier=None,
        )
        sessions = sorted({_session_of(pair) for pair in pairs})
        return annotations_to_show(
            path,
            table,
            sessions=sessions,
            annotator=self.annotator,
            naming=Naming(template=self.session_name),
        )


def _names_of(pair: Pair) -> tuple[str, ...]:
    """What a table of events may call the session."""
    return _session_of(pair), pair.video.stem, pair.predictions.stem


def _session_of(pair: Pair) -> str:
    name = parse_thesis_name(pair.predictions.name)
    return pair.video.stem if name is None else name.session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be rendered.

    Attributes:
        source: a video, or a folder of videos.
        predictions: a file, or a folder of files.
        model: of the thesis' files in a folder those of this model.
        out: a folder, or an .mp4.
        drawn: what is drawn.
        layout: how.
        compilation: a clip per event.
        context_s: seconds around them.
        anonymize: how faces are hidden; None = they are shown.
        hidden: further tables of faces to hide.
        overwrite: replace what is there.
    """

    source: Path
    predictions: Path
    model: str | None
    out: Path
    drawn: Drawn
    layout: str
    compilation: bool
    context_s: float
    anonymize: str | None
    hidden: Path | None
    overwrite: bool


def find_and_render(request: Request, words: Words) -> int:
    """Render and print; return the exit code: 1 = a video failed, 130 = Ctrl-C."""
    pairs = pairs_of(request.source, request.predictions, model=request.model)
    wanted, notes = request.drawn.wanted(pairs)
    options = RenderOptions(
        layout=request.layout,  # type: ignore[arg-type]
        compilation=request.compilation,
        context_s=request.context_s,
        wanted=wanted,
        overwrite=request.overwrite,
        treatment_of=anonymizer_for(request.anonymize, request.hidden),  # type: ignore[arg-type]
    )
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
    num_failed = num_written = 0
    try:
        with frames_bar() as bar:

            def label_of(pair: Pair) -> OnFrames:
                name = f"{pair.video.name} ({pairs.index(pair) + 1} of {len(pairs)})"
                return lambda done, total: bar(done, total, name)

            for video in render_pairs(pairs, request.out, options, on_frames=label_of):
                _print(video, words)
                num_failed += video.error is not None
                num_written += video.error is None
    except KeyboardInterrupt:
        written = f"{num_written} of {plural(len(pairs), 'video')} written"
        error_console().print(f"interrupted; {written}", markup=False)
        return INTERRUPTED
    return int(num_failed > 0)


def _print(video: RenderedVideo, words: Words) -> None:
    if video.error is not None:
        reason = reason_in(words, video.error).removeprefix(f"{video.path}: ")
        error_console().print(f"failed: {video.path.name}: {reason}", markup=False, style="red")
        return
    if video.out is None:
        output_console().print(f"{video.path.name}: no event, nothing written", markup=False)
        return
    what = (
        f"{plural(video.frames, 'frame')} ({video.seconds:.2f} s), {plural(video.events, 'event')}"
    )
    output_console().print(f"{video.path.name}: {what} -> {video.out}", markup=False)


def play_and_print(
    video: Path,
    predictions: Path,
    drawn: Drawn,
    *,
    layout: str,
    anonymize: str | None,
    verbose: bool,
) -> None:
    """Play a video in a window until its user ends it."""
    from ferbench.workflows.play import play

    check_choice("layout", layout, LAYOUTS)
    wanted, notes = drawn.wanted([Pair(video=video, predictions=predictions)])
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
    count = play(
        video,
        predictions,
        wanted,
        layout=layout,  # type: ignore[arg-type]
        anonymize=anonymize,  # type: ignore[arg-type]
    )
    if verbose:
        output_console().print(f"{video.name}: {plural(count, 'frame')} shown", markup=False)
