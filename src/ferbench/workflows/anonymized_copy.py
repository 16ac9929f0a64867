"""A copy of a video in which faces are hidden, to be carried within a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.errors import ConfigError
from ferbench.rendering.clips import whole
from ferbench.rendering.render import render_clips
from ferbench.weights.digests import sha256_of
from ferbench.workflows.overlays import Shown, Wanted, shown_with

if TYPE_CHECKING:
    from ferbench.rendering.render import Treatment
    from ferbench.results import Analysis
    from ferbench.video.buffers import Pixels


class _Nothing:
    """Draws nothing."""

    zoom = 1

    def draw(self, picture: Pixels, frame: int, title: str = "") -> None:
        """Leave the picture as it is."""


def write_anonymized_copy(
    video: Path,
    predictions: Analysis | Path,
    out: Path,
    *,
    treatment_of: Callable[[Shown], Treatment],
    most_bytes: int,
) -> None:
    """Write the frames that predictions tell of, without their faces, at their own times.

    Args:
        video: the source.
        predictions: of this very video.
        out: an .mp4: H.264, and the source's sound.
        treatment_of: hides the faces.
        most_bytes: when the file has more, nobody needs the rest.

    Raises:
        VideoError: the video cannot be read, or the predictions are not its.
        ConfigError: the predictions tell one face per frame only, or the copy is too large.
    """
    shown = shown_with(video, predictions, Wanted(), digest=sha256_of)
    done = 0

    def check_size(frames: int) -> None:
        nonlocal done
        done += frames
        if out.exists() and out.stat().st_size > most_bytes:
            raise ConfigError(
                f"{video.name} with hidden faces has more than {most_bytes / 2**20:.1f} MiB after "
                f"{done} of {len(shown.overlay.row)} frames, which do not fit into a page",
                key="embed",
                hint="render it with hidden faces, and open that file in the page",
            )

    render_clips(
        shown.video,
        whole(shown.overlay),
        out,
        layout_for=lambda _: _Nothing(),
        treat=treatment_of(shown),
        on_frames=check_size,
    )
    check_size(0)
