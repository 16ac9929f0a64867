"""Clips of events as data: URIs, so that a page needs no video beside it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.errors import ConfigError
from ferbench.pages.grading_page import ShownItem
from ferbench.sentences import Setting, Text
from ferbench.wording import plural, some
from ferbench.workflows.linked_videos import linked_videos

if TYPE_CHECKING:
    from ferbench.rendering.render import Treatment

OnClip = Callable[[int, int], None]
"""Told how many clips are cut, of how many."""


def with_clips(
    items: Sequence[ShownItem],
    folder: Path,
    *,
    most_bytes: int,
    on_clip: OnClip,
    treatment_for: Callable[[str, Path], Treatment] | None = None,
) -> list[ShownItem]:
    """Items with the stretch of their session's video in them, in the same order.

    Args:
        items: what is to be shown.
        folder: of the videos, each called like its session.
        most_bytes: what all clips together may have, as text.
        on_clip: progress.
        treatment_for: makes what changes the pictures of a session's video; None = nothing does.

    Raises:
        ConfigError: a session has no video there, or the clips are too large together.
        VideoError: a video cannot be read.
    """
    from ferbench.rendering.small_clip import SmallClips

    sessions = sorted({item.session for item in items})
    videos, _ = linked_videos(sessions, folder=folder, known={}, beside=())
    missing = [session for session in sessions if session not in videos]
    if missing:
        raise ConfigError(
            f"{folder} has no video of {some(missing)}",
            key="embed",
            hint="a video is a session's where it is called like it",
        )
    treats = {
        session: treatment_for(session, videos[session]) if treatment_for else None
        for session in sessions
    }
    cutters = {session: SmallClips(videos[session], treat=treats[session]) for session in sessions}
    found: list[ShownItem] = []
    num_bytes = 0
    with tempfile.TemporaryDirectory() as made:
        part = Path(made) / "clip.mp4"
        for number, item in enumerate(items, start=1):
            from_s, to_s = cutters[item.session].cut(item.from_s, item.to_s, part)
            clip = f"data:video/mp4;base64,{base64.b64encode(part.read_bytes()).decode('ascii')}"
            num_bytes += len(clip)
            if num_bytes > most_bytes:
                raise _too_large(number, len(items), most_bytes)
            found.append(replace(item, from_s=from_s, to_s=to_s, clip=clip))
            on_clip(number, len(items))
    return found


def _too_large(number: int, of: int, most_bytes: int) -> ConfigError:
    shorter = Text("show less around each event with ", Setting("context_s"), ", or leave ")
    return ConfigError(
        f"{plural(of, 'clip')} do not fit into {most_bytes / 2**20:.0f} MiB: {number} are more "
        "already",
        key="embed",
        hint=Text(shorter, Setting("embed"), " out: then raters open the videos from disk"),
    )
