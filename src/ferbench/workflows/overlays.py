"""A video with the predictions that were made of it: what is rendered and played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.config.choices import Choice, component_for
from ferbench.errors import VideoError
from ferbench.formats.predictions import read_predictions
from ferbench.rendering.overlay import Overlay, overlay_of_tables, overlay_of_thesis
from ferbench.results import Analysis
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.names import parse_thesis_name
from ferbench.types import Annotation, Event
from ferbench.video.container import container_rate
from ferbench.video.seeking import SeekableVideo, file_clock
from ferbench.workflows.file_kinds import check_is_no_table, prediction_kind
from ferbench.workflows.find_events import (
    DEFAULT_SELECTOR,
    FindOptions,
    find_in_analysis,
    find_in_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferbench.types import Timeline
    from ferbench.video.seeking import FileClock

TOLERATED_S: Final = 0.5
"""Seconds by which the length of predictions that look at fewer frames may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is drawn besides the predictions.

    Attributes:
        selector: which face is the participant; None = the largest.
        events: which are shown; None = those that ``find`` finds.
        find: how events are found; None = none are.
        annotations: which are shown.
    """

    selector: Choice = None
    events: Sequence[Event] | None = None
    find: FindOptions | None = None
    annotations: Sequence[Annotation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A video that can be rendered or played.

    Attributes:
        video: gives its frames.
        overlay: what is drawn on them.
        thesis_rate_hz: frames per second as the thesis' time codes count them.
    """

    video: SeekableVideo
    overlay: Overlay
    thesis_rate_hz: float


def shown_with(
    video: Path,
    predictions: Analysis | Path,
    wanted: Wanted,
    *,
    digest: Callable[[Path], str],
    threads: int = 0,
) -> Shown:
    """Put a video and its predictions together.

    Args:
        video: its path.
        predictions: what ``predict`` returned, or a file: ours or the thesis'.
        wanted: what else is drawn.
        digest: SHA-256 of a file.
        threads: that decode; 0 = FFmpeg decides.

    Raises:
        VideoError: the video cannot be read, or the predictions are not its.
        FormatError: the file is not one of predictions; names the line.
        ConfigError: a choice that cannot be used, or a file of another kind.
    """
    check_is_no_table(video)
    clock = file_clock(video)
    is_thesis = isinstance(predictions, Path) and prediction_kind(predictions) == "thesis"
    if is_thesis:
        overlay, rate_hz = _of_thesis(video, Path(str(predictions)), clock)
    else:
        overlay, rate_hz = _of_tables(video, predictions, clock, wanted, digest)
    overlay = replace(
        overlay,
        events=_events(video, predictions, wanted, is_thesis=is_thesis),
        annotations=tuple(sorted(wanted.annotations)),
    )
    seekable = SeekableVideo(video, clock, threads=threads)
    return Shown(video=seekable, overlay=overlay, thesis_rate_hz=rate_hz)


def _of_tables(
    video: Path,
    predictions: Analysis | Path,
    clock: FileClock,
    wanted: Wanted,
    digest: Callable[[Path], str],
) -> tuple[Overlay, float]:
    """What our tables say, once they are known to be the video's."""
    if isinstance(predictions, Path):
        timeline, faces, expressions = read_predictions(predictions)
        name = str(predictions)
    else:
        timeline, faces = predictions.timeline, predictions.faces
        expressions = predictions.expressions
        name = f"the predictions of {timeline.video.video_id}"
    _check_belongs(video, name, timeline, clock, digest)
    if not clock.is_known:
        clock = replace(clock, edges_s=timeline.edges_s)
    selector = component_for("selector", wanted.selector or DEFAULT_SELECTOR)
    chosen = selector.select(faces, timeline)
    overlay = overlay_of_tables(timeline, faces, expressions, chosen, clock)
    return overlay, timeline.video.fps_hz


def _check_belongs(
    video: Path,
    name: str,
    timeline: Timeline,
    clock: FileClock,
    digest: Callable[[Path], str],
) -> None:
    """Raise VideoError where predictions are of another video."""
    told = timeline.video.sha256
    if told:
        if (got := digest(video)) != told:
            raise _not_its(
                video,
                name,
                f"they were made of a file with the digest {told[:12]}, its is {got[:12]}",
            )
        return
    count = timeline.video.num_frames
    if count == clock.num_frames:
        return
    lasts_s = float(clock.edges_s[-1] - clock.edges_s[0])
    if count < clock.num_frames and abs(timeline.duration_s - lasts_s) <= TOLERATED_S:
        return
    raise _not_its(
        video,
        name,
        f"they tell of {count} frames in {timeline.duration_s:.3f} s, the video has "
        f"{clock.num_frames} in {lasts_s:.3f} s",
    )


def _of_thesis(video: Path, path: Path, clock: FileClock) -> tuple[Overlay, float]:
    """What a file of the thesis says, once it has as many rows as the video frames."""
    predictions = read_thesis_csv(path)
    surplus = predictions.labels[clock.num_frames :]
    if len(predictions) < clock.num_frames or any(label is not None for label in surplus):
        raise _not_its(
            video,
            str(path),
            f"they have {len(predictions)} rows, the video has {clock.num_frames} frames",
        )
    rate_hz = container_rate(video)
    name = parse_thesis_name(path.name)
    session_id = video.stem if name is None else name.session_id
    return overlay_of_thesis(predictions, session_id, clock, rate_hz=rate_hz), rate_hz


def _not_its(video: Path, name: str, why: str) -> VideoError:
    return VideoError(
        f"{name} does not belong to {video}: {why}",
        hint="give the video that was predicted, or predict this one",
    )


def _events(
    video: Path,
    predictions: Analysis | Path,
    wanted: Wanted,
    *,
    is_thesis: bool,
) -> tuple[Event, ...]:
    if wanted.events is not None:
        return tuple(sorted(wanted.events))
    if wanted.find is None:
        return ()
    if isinstance(predictions, Path):
        options = replace(wanted.find, video=video) if is_thesis else wanted.find
        return find_in_file(predictions, options).events
    return find_in_analysis(predictions, wanted.find).events
