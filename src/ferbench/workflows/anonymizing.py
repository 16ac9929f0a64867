"""From predictions to what hides the faces of a video before anything is drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError
from ferbench.places import file_stem
from ferbench.rendering.anonymize import METHODS, Anonymization, Anonymizer
from ferbench.sentences import Setting, Text
from ferbench.types import Faces
from ferbench.weights.digests import sha256_of
from ferbench.workflows.overlays import Shown, Wanted, shown_with

if TYPE_CHECKING:
    from ferbench.rendering.anonymize import Method, Picture
    from ferbench.rendering.render import Treatment
    from ferbench.results import Analysis

_METHOD: Final = Text("choose one with ", Setting("anonymize", "box"))


def anonymizer_for(
    how: Method | Anonymization | None, hidden: Analysis | Path | None = None
) -> Callable[[Shown], Treatment] | None:
    """What makes the anonymizer of a video; None = faces are shown.

    Args:
        how: a method, one with numbers of its own, or None.
        hidden: further predictions whose faces are hidden too, such as those of a detector with a
            lower threshold; of a folder the table that is named after the video's session.

    Raises:
        ConfigError: there is no such method, or only ``hidden`` is given.
    """
    if how is None:
        if hidden is not None:
            raise ConfigError("faces are hidden with a method", key="hidden", hint=_METHOD)
        return None
    if not isinstance(how, Anonymization):
        check_choice("anonymize", how, METHODS)
        how = Anonymization(method=how)
    chosen = how

    def make(shown: Shown) -> Treatment:
        anonymizers = [anonymizer_of(shown, chosen)]
        if hidden is not None:
            anonymizers.append(anonymizer_of(_with(shown, hidden), chosen))

        def hide_all(picture: Picture, frame: int) -> None:
            for anonymizer in anonymizers:
                anonymizer(picture, frame)

        return hide_all

    return make


def _with(shown: Shown, hidden: Analysis | Path) -> Shown:
    """A video with other predictions, once they are known to be its."""
    if isinstance(hidden, Path) and hidden.is_dir():
        hidden = hidden / f"{file_stem(shown.overlay.session_id)}.parquet"
    return shown_with(shown.video.path, hidden, Wanted(), digest=sha256_of)


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
