"""Play: a video with what was found drawn on it, in a window, at its own speed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ferbench.rendering.anonymize import Anonymization, Method
from ferbench.rendering.pace import Pace
from ferbench.rendering.player import Player
from ferbench.rendering.window import ScreenWindow
from ferbench.results import Analysis
from ferbench.weights.digests import sha256_of
from ferbench.workflows.anonymizing import anonymizer_for
from ferbench.workflows.overlays import Wanted, shown_with
from ferbench.workflows.render import LayoutName, layout_of, of_session


def play(
    video: Path,
    predictions: Analysis | Path,
    wanted: Wanted,
    *,
    layout: LayoutName = "ferbench",
    anonymize: Method | Anonymization | None = None,
    digest: Callable[[Path], str] = sha256_of,
) -> int:
    """Play a video in a window until its user ends it; return how many frames were shown.

    Args:
        video: its path.
        predictions: what ``predict`` returned, or a file: ours or the thesis'.
        wanted: what else is drawn.
        layout: how.
        anonymize: hide all faces, as ``render`` does.
        digest: SHA-256 of a file.

    Raises:
        ConfigError: there is no display, or a choice cannot be used.
        VideoError: the video cannot be read, or the predictions are not its.
        FormatError: the file is not one of predictions; names the line.
    """
    hides = anonymizer_for(anonymize)
    shown = shown_with(video, predictions, wanted, digest=digest)
    overlay = of_session(shown.overlay, video)
    pace = Pace(shown.video.clock.edges_s[: len(overlay.row) + 1])
    treat = hides(shown) if hides else None
    with ScreenWindow(f"{video.name} - ferbench") as window:
        player = Player(
            shown.video,
            lambda hw: layout_of(overlay, layout, hw),
            window,
            pace,
            events=overlay.event_frames(),
            treat=treat,
        )
        return player.run()
