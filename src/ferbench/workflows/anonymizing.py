"""From predictions to what hides the faces of a video before anything is drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
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
from ferbench.workflows.file_kinds import kind_of
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
    chosen = anonymization_of(how, is_more_hidden=hidden is not None)
    if chosen is None:
        return None

    def make(shown: Shown) -> Treatment:
        return treatment_of([shown] if hidden is None else [shown, _with(shown, hidden)], chosen)

    return make


def anonymization_of(
    how: Method | Anonymization | None, *, is_more_hidden: bool
) -> Anonymization | None:
    """A method with its numbers; None = faces are shown.

    Args:
        how: a method, one with numbers of its own, or None.
        is_more_hidden: whether faces of further predictions are to be hidden too.

    Raises:
        ConfigError: there is no such method, or more is to be hidden without one.
    """
    if how is None:
        if is_more_hidden:
            raise ConfigError("faces are hidden with a method", key="hidden", hint=_METHOD)
        return None
    if isinstance(how, Anonymization):
        return how
    check_choice("anonymize", how, METHODS)
    return Anonymization(method=how)


def treatment_for_session(
    tables: Mapping[str, Sequence[Path]], hidden: Path | None, how: Anonymization
) -> Callable[[str, Path], Treatment]:
    """What makes the treatment of a session's video from all that is known of its faces.

    Args:
        tables: by session its files of predictions, of any models. The thesis' files count only
            where there is nothing else, and are refused then.
        hidden: further predictions, as in ``anonymizer_for``.
        how: method and numbers.
    """

    def make(session: str, video: Path) -> Treatment:
        known = list(tables.get(session, ()))
        used = [table for table in known if kind_of(table) != "thesis"]
        if hidden is not None:
            used.append(table_in(hidden, session))
        if not (used or known):
            raise ConfigError(
                f"{video}: no predictions tell where its faces are, they would stay visible",
                key="anonymize",
                hint=Text("give its tables of predictions with ", Setting("hidden")),
            )
        digest = cache(sha256_of)
        every = [shown_with(video, table, Wanted(), digest=digest) for table in used or known]
        return treatment_of(every, how)

    return make


def treatment_of(every: Sequence[Shown], how: Anonymization) -> Treatment:
    """What hides the faces of all predictions of one video.

    Raises:
        ConfigError, DataError: as ``anonymizer_of``.
    """
    anonymizers = [anonymizer_of(each, how) for each in every]

    def hide_all(picture: Picture, frame: int) -> None:
        for anonymizer in anonymizers:
            anonymizer(picture, frame)

    return hide_all


def _with(shown: Shown, hidden: Analysis | Path) -> Shown:
    """A video with other predictions, once they are known to be its."""
    if isinstance(hidden, Path):
        hidden = table_in(hidden, shown.overlay.session_id)
    return shown_with(shown.video.path, hidden, Wanted(), digest=sha256_of)


def table_in(place: Path, session_id: str) -> Path:
    """A table itself, or of a folder the one that is named after a session."""
    return place / f"{file_stem(session_id)}.parquet" if place.is_dir() else place


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
