"""From predictions to what hides the faces of a video before anything is drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError
from ferbench.rendering.anonymize import METHODS, Anonymization, Anonymizer
from ferbench.types import Faces

if TYPE_CHECKING:
    from ferbench.rendering.anonymize import Method
    from ferbench.workflows.overlays import Shown


def anonymizer_for(how: Method | Anonymization | None) -> Callable[[Shown], Anonymizer] | None:
    """What makes the anonymizer of a video; None = faces are shown.

    Args:
        how: a method, one with numbers of its own, or None.

    Raises:
        ConfigError: there is no such method.
    """
    if how is None:
        return None
    if not isinstance(how, Anonymization):
        check_choice("anonymize", how, METHODS)
        how = Anonymization(method=how)
    chosen = how
    return lambda shown: anonymizer_of(shown, chosen)


def anonymizer_of(shown: Shown, how: Anonymization) -> Anonymizer:
    """What hides the faces of a video with its predictions.

    Where predictions look at fewer frames than the video has, faces are held in between.

    Raises:
        ConfigError: the predictions tell one face per frame only.
        DataError: a face's box is not finite.
    """
    overlay = shown.overlay
    if not overlay.has_all_faces:
        raise ConfigError(
            f"{shown.video.path}: the thesis' CSV tells one face per frame, others would stay "
            "visible",
            key="anonymize",
            hint="give the tables of predictions in ferbench's own form",
        )
    num_frames = len(overlay.row)
    looked_at = np.searchsorted(overlay.row, overlay.faces.frame).astype(np.int64)
    rows = np.flatnonzero(looked_at < num_frames).astype(np.int64)
    faces = Faces(
        frame=looked_at[rows],
        box_xyxy=overlay.faces.box_xyxy[rows],
        score=overlay.faces.score[rows],
        landmarks_xy=overlay.faces.landmarks_xy[rows],
    )
    edges_s = shown.video.clock.edges_s[: num_frames + 1]
    return how.of_video(overlay.session_id, faces, edges_s, size_px=overlay.picture_px)
