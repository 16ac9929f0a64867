"""Before pixels are touched: weights are brought, and frames are counted for the progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferbench.errors import VideoError
from ferbench.pipeline.stages import Analyser
from ferbench.workflows.progress import FrameCount, OnProgress, Progress


def prepare_pixels(
    analyser: Analyser, videos: Sequence[tuple[Path, str]], on_progress: OnProgress
) -> None:
    """Bring the weights where some video has to be decoded, and have progress told.

    Args:
        analyser: will run the videos.
        videos: path and camera of each.
        on_progress: told after every batch.
    """
    missing = [path for path, camera in videos if _needs_pixels(analyser, path, camera)]
    if missing:
        analyser.networks.ensure_weights()
    progress = Progress(
        done_frames=0,
        total_frames=sum(analyser.estimated_frames(path) for path in missing),
        decoded_videos=0,
        num_videos=len(missing),
        num_stored=len(videos) - len(missing),
    )
    count = FrameCount(progress, on_progress)
    analyser.on_frames = count.frames
    analyser.on_decoded = count.video


def _needs_pixels(analyser: Analyser, path: Path, camera: str) -> bool:
    """Whether a video will be decoded; one that cannot be read will be told of in its turn."""
    try:
        return not analyser.is_cached(path, camera=camera)
    except VideoError:
        return False
