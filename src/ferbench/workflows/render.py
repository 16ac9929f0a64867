"""Render: videos with what was found drawn on them, or a compilation of their events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ferbench.atomic import replacing
from ferbench.checks import check_choice, check_list, check_seconds, path_of
from ferbench.config.choices import Choice, component_for
from ferbench.errors import ConfigError
from ferbench.rendering.anonymize import Anonymization, Method
from ferbench.rendering.clips import Clip, clips_of_events, whole
from ferbench.rendering.layout import FerbenchLayout
from ferbench.rendering.overlay import Overlay
from ferbench.rendering.render import Layout, Treatment, render_clips
from ferbench.rendering.thesis_layout import ThesisLayout
from ferbench.results import Analysis
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name
from ferbench.types import Annotation, Event
from ferbench.weights.digests import sha256_of
from ferbench.workflows.anonymizing import anonymizer_for
from ferbench.workflows.file_kinds import check_is_no_table, default_rule
from ferbench.workflows.find_events import FindOptions
from ferbench.workflows.overlays import Shown, Wanted, shown_with

LayoutName = Literal["ferbench", "thesis"]
LAYOUTS: Final = ("ferbench", "thesis")
ENDING: Final = ".mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How videos are rendered.

    Attributes:
        layout: ``ferbench``, or ``thesis`` = as the thesis' programs drew.
        compilation: a clip per event instead of the whole video.
        context_s: seconds before and after each event of a compilation.
        wanted: what is drawn besides predictions; events and annotations may be of any sessions.
        overwrite: replace a file that is there.
        digest: SHA-256 of a file.
        treatment_of: makes what changes pictures before they are drawn on (see
            ``rendering.render.Treatment``); None = nothing does.
    """

    layout: LayoutName = "ferbench"
    compilation: bool = False
    context_s: float = 2.0
    wanted: Wanted
    overwrite: bool = False
    digest: Callable[[Path], str] = sha256_of
    treatment_of: Callable[[Shown], Treatment] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("layout", self.layout, LAYOUTS)
        check_seconds("context_s", self.context_s)


class NoEventsError(ConfigError):
    """There is no event to compile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedVideo:
    """What became of one video.

    Attributes:
        path: the source.
        out: what was written; None = nothing: of several videos one has no event to compile, or
            there is an ``error``.
        frames: how many it has.
        events: how many events it shows.
        seconds: how long it lasts.
        error: why it could not be rendered; None = it could.
    """

    path: Path
    out: Path | None = None
    frames: int = 0
    events: int = 0
    seconds: float = 0.0
    error: Exception | None = None


OnFrames = Callable[[int, int], None]
"""Told how many frames are done, and how many there will be."""


def render(
    video: str | Path,
    predictions: Analysis | str | Path,
    out: str | Path,
    *,
    events: Sequence[Event] | None = None,
    annotations: Sequence[Annotation] = (),
    labels: Sequence[str] = ("Surprise",),
    rule: Choice = None,
    selector: Choice = None,
    layout: LayoutName = "ferbench",
    compilation: bool = False,
    context_s: float = 2.0,
    anonymize: Method | Anonymization | None = None,
    hidden: Analysis | str | Path | None = None,
    overwrite: bool = False,
    on_frames: OnFrames = lambda _done, _total: None,
) -> RenderedVideo:
    """Write a video with what was found drawn on it: H.264 and its sound, true times.

    Args:
        video: the video that was predicted.
        predictions: what ``predict`` returned, or a file of predictions, ours or the thesis'.
        out: an .mp4.
        events: to show; None = those that ``rule`` finds in ``labels``.
        annotations: to show.
        labels: expressions; in a thesis file one.
        rule: an event rule; None = as in ``find_events``.
        selector: which face is the participant; None = the largest.
        layout: ``ferbench``, or ``thesis`` = as the thesis' programs drew.
        compilation: a clip per event instead of the whole video.
        context_s: seconds before and after each event of a compilation.
        anonymize: hide all faces: ``blur``, ``pixelate``, ``box`` (of which nothing can be
            recovered), or an ``Anonymization`` with other numbers; None = faces are shown.
        hidden: further predictions whose faces are hidden too, as those of a detector with a lower
            threshold.
        overwrite: replace ``out`` where it is there.
        on_frames: told how many frames are done, and how many there will be.

    Raises:
        VideoError: the video cannot be read, or the predictions are not its.
        FormatError: a file that is not one of predictions, or that the layout cannot show.
        ConfigError: a choice that cannot be used; there is no event to compile; ``out`` is there.
    """
    check_list("labels", labels)
    source = (
        predictions if isinstance(predictions, Analysis) else path_of("predictions", predictions)
    )
    find = None
    if events is None:
        if rule is None and isinstance(source, Path):
            rule = default_rule([source])
        find = FindOptions(rule=component_for("event", rule), labels=tuple(labels))
    if isinstance(hidden, str):
        hidden = path_of("hidden", hidden)
    wanted = Wanted(selector=selector, events=events, find=find, annotations=annotations)
    options = RenderOptions(
        layout=layout,
        compilation=compilation,
        context_s=context_s,
        wanted=wanted,
        overwrite=overwrite,
        treatment_of=anonymizer_for(anonymize, hidden),
    )
    return render_video(
        path_of("video", video), source, path_of("out", out), options, on_frames=on_frames
    )


def render_video(
    video: Path,
    predictions: Analysis | Path,
    out: Path,
    options: RenderOptions,
    *,
    on_frames: OnFrames = lambda _done, _total: None,
) -> RenderedVideo:
    """Render one video.

    Args:
        video: its path.
        predictions: its predictions.
        out: where the rendered video goes; whole, or not at all.
        options: how.
        on_frames: told how many frames are done, and how many there will be.

    Raises:
        FerbenchError: as ``render``.
    """
    check_is_no_table(video)
    check_out(out, video, overwrite=options.overwrite)
    shown = shown_with(video, predictions, options.wanted, digest=options.digest)
    shown = replace(shown, overlay=of_session(shown.overlay, video))
    clips = _clips(shown, options)
    total = sum(clip.last - clip.first for clip in clips)
    done = 0

    def count(frames: int) -> None:
        nonlocal done
        done += frames
        on_frames(done, total)

    on_frames(0, total)
    with replacing(out) as part:
        render_clips(
            shown.video,
            clips,
            part,
            layout_for=lambda hw: layout_of(
                shown.overlay, options.layout, hw, is_titled=options.compilation
            ),
            treat=None if options.treatment_of is None else options.treatment_of(shown),
            on_frames=count,
        )
    edges_s = shown.video.clock.edges_s
    return RenderedVideo(
        path=video,
        out=out,
        frames=total,
        events=len(shown.overlay.events),
        seconds=sum(float(edges_s[clip.last] - edges_s[clip.first]) for clip in clips),
    )


def check_out(out: Path, video: Path, *, overwrite: bool) -> None:
    """Raise ConfigError where a rendered video cannot, or should not, be written."""
    if out.suffix.lower() != ENDING:
        raise ConfigError(key="out", expected=f"a name that ends in {ENDING}", got=str(out))
    if out.exists() and video.exists() and out.samefile(video):
        raise ConfigError(f"{out} is the video itself; choose another name", key="out")
    if out.exists() and not overwrite:
        raise ConfigError(
            f"{out} is there already",
            key="out",
            hint=Text("choose another name, or replace it with ", Setting("overwrite")),
        )


def of_session(overlay: Overlay, video: Path) -> Overlay:
    """An overlay without the events and annotations of other sessions than its video's."""
    names = {comparable_name(overlay.session_id), comparable_name(video.stem)}
    return replace(
        overlay,
        events=tuple(e for e in overlay.events if comparable_name(e.session_id) in names),
        annotations=tuple(a for a in overlay.annotations if comparable_name(a.session_id) in names),
    )


def _clips(shown: Shown, options: RenderOptions) -> tuple[Clip, ...]:
    """What is rendered.

    Raises:
        NoEventsError: a compilation is asked for, and there is no event.
    """
    if not options.compilation:
        return whole(shown.overlay)
    rate_hz = shown.thesis_rate_hz if options.layout == "thesis" else None
    clips = clips_of_events(shown.overlay, context_s=options.context_s, thesis_rate_hz=rate_hz)
    if not clips:
        raise NoEventsError(
            f"{shown.video.path}: there is no event to compile",
            hint=Text(
                "look for other expressions with ", Setting("labels"), ", or render all of it"
            ),
        )
    return clips


def layout_of(
    overlay: Overlay, name: LayoutName, hw: tuple[int, int], *, is_titled: bool = False
) -> Layout:
    """What draws.

    Args:
        overlay: what is drawn.
        name: of the layout.
        hw: height and width of the video's pictures.
        is_titled: whether frames have titles.

    Raises:
        FormatError: the layout cannot show the model's expressions.
    """
    if name == "thesis":
        return ThesisLayout(overlay)
    return FerbenchLayout(overlay, hw, is_titled=is_titled)
