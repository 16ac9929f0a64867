"""The video of a page: whether predictions are of it, and how the page carries it."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.checks import path_of
from ferbench.errors import ConfigError
from ferbench.pages.session_page import MOST_BYTES
from ferbench.places import file_stem
from ferbench.sentences import Setting, Text
from ferbench.types import Timeline
from ferbench.video.packet_clock import packet_clock
from ferbench.wording import plural
from ferbench.workflows.anonymizing import anonymizer_for

if TYPE_CHECKING:
    from ferbench.rendering.anonymize import Anonymization, Method
    from ferbench.rendering.render import Treatment
    from ferbench.results import Analysis
    from ferbench.workflows.overlays import Shown

TOLERATED_S: Final = 0.5
"""By how much a copy's end may differ from that of the predictions."""
_BASE64: Final = 4 / 3
_KINDS: Final = {".webm": "video/webm", ".mkv": "video/x-matroska", ".ogv": "video/ogg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedVideo:
    """A video that predictions may be of.

    Attributes:
        path: the file.
        note: what a reader should know; "" = it is the very file.
    """

    path: Path
    note: str = ""


def checked_video(video: Path, timeline: Timeline) -> CheckedVideo:
    """Whether predictions are of a video, or of one with the same frames.

    Args:
        video: the file.
        timeline: of the predictions.

    Raises:
        ConfigError: there is no such file, or it is another video; says how they differ.
        VideoError: it is none that can be read.
    """
    if not video.is_file():
        raise ConfigError(
            f"{video} is not there; expected the video that the predictions are of", key="video"
        )
    known = timeline.video.sha256
    if known and _sha256(video) == known:
        return CheckedVideo(path=video)
    clock = packet_clock(video)
    frames, end_s = len(clock.shown_s), float(timeline.edges_s[-1])
    is_same_length = abs(clock.end_s - end_s) <= TOLERATED_S
    if not is_same_length or frames < timeline.video.num_frames:
        raise ConfigError(
            f"{video.name} is not the video that the predictions are of: it ends at "
            f"{clock.end_s:.3f} s and has {plural(frames, 'frame')}; the predictions end at "
            f"{end_s:.3f} s and have {plural(timeline.video.num_frames, 'frame')}",
            key="video",
            hint=Text("give their own video, or leave ", Setting("video"), " out"),
        )
    if not known:
        return CheckedVideo(path=video)
    return CheckedVideo(
        path=video,
        note=f"{video.name} is not the file that was analysed, but is as long; is it a copy?",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """How faces of an embedded video are hidden.

    Attributes:
        method: its name, for readers.
        treatment_of: makes what hides them.
    """

    method: str
    treatment_of: Callable[[Shown], Treatment]


def hiding_of(
    how: Method | Anonymization | None, hidden: Analysis | str | Path | None, *, embed: bool
) -> Hiding | None:
    """How faces are hidden; None = they are shown.

    Raises:
        ConfigError: there is no such method, or no video is embedded.
    """
    if isinstance(hidden, str):
        hidden = path_of("hidden", hidden)
    make = anonymizer_for(how, hidden)
    if make is None or how is None:
        return None
    if not embed:
        raise ConfigError(
            "faces are hidden in an embedded video, others are not changed",
            key="anonymize",
            hint=Text("embed it with ", Setting("embed")),
        )
    return Hiding(method=how if isinstance(how, str) else how.method, treatment_of=make)


def anonymized_data_uri(video: Path, predictions: Analysis | Path, hiding: Hiding) -> str:
    """A video without its faces as text that stands in a page; its frames keep their times.

    Raises:
        VideoError: the video cannot be read, or the predictions are not of this very file.
        ConfigError: the predictions tell one face per frame only, or the copy is too large.
    """
    from ferbench.workflows.anonymized_copy import write_anonymized_copy

    with tempfile.TemporaryDirectory() as made:
        copy = Path(made) / f"{file_stem(video.stem)}.mp4"
        write_anonymized_copy(
            video,
            predictions,
            copy,
            treatment_of=hiding.treatment_of,
            most_bytes=int(MOST_BYTES / _BASE64),
        )
        return as_data_uri(copy)


def _sha256(video: Path) -> str:
    with video.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def as_data_uri(video: Path) -> str:
    """A video as text that stands in a page.

    Raises:
        ConfigError: a page with it would be too large.
    """
    size = video.stat().st_size * _BASE64
    if size > MOST_BYTES:
        raise ConfigError(
            f"{video.name} would take {size / 2**20:.1f} MiB of a page, expected at most "
            f"{MOST_BYTES / 2**20:.0f} MiB for the whole page",
            key="embed",
            hint="give a smaller copy with the same frames, or open the video in the page",
        )
    kind = _KINDS.get(video.suffix.lower(), "video/mp4")
    return f"data:{kind};base64,{base64.b64encode(video.read_bytes()).decode('ascii')}"
