"""Some faces as a network saw them; made only where somebody asks for images of faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.config.saved import saved_settings
from ferbench.config.settings import Settings
from ferbench.errors import FerbenchError
from ferbench.face_input import levels
from ferbench.pipeline.cache import Cache
from ferbench.places import without_folders
from ferbench.protocols import Model
from ferbench.secret_texts import masked
from ferbench.types import F64, I64, Faces, FrameBatch
from ferbench.workflows.evaluate import load_dataset
from ferbench.workflows.inspection.groups import Group, Place
from ferbench.workflows.inspection.recorded import Stored
from ferbench.workflows.progress import FrameCount, OnProgress, Progress

if TYPE_CHECKING:
    from torch import Tensor

EACH: Final = 3
"""Crops of each expression that are surest, least sure, and drawn by chance."""
SURENESS: Final = ("surest", "drawn by chance", "least sure")
_SEED: Final = 0
_BATCH_FRAMES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRequest:
    """Whose faces: of each group some, and packages that its components may come from."""

    groups: tuple[Group, ...]
    allow_targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A face to show.

    Attributes:
        place: session and part.
        face: its row in the table of faces.
        frame: its frame.
        start_s: where that frame begins, seconds of the file.
        label: the top label.
        confidence: its probability.
        why: one of ``SURENESS``.
    """

    place: Place
    face: int
    frame: int
    start_s: float
    label: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSheet:
    """Crops of one classifier.

    Attributes:
        classifier: its name.
        input: what is shown: side, colour, and how values are normalised afterwards.
        crops: faces with their pictures, PNG.
        empty: expressions that no face is said to show.
    """

    classifier: str
    input: str
    crops: tuple[tuple[Wanted, bytes], ...]
    empty: tuple[str, ...] = ()


def contact_sheets(
    request: CropRequest, notes: list[str], *, on_progress: OnProgress
) -> tuple[ContactSheet, ...]:
    """Decode the videos again as far as needed, and cut some faces out of them.

    Raises:
        FerbenchError: a run's configuration or data set can no longer be read.
    """
    wanted = [wanted_of(group) for group in request.groups]
    frames = sum(_last_frames(faces) for faces in wanted)
    videos = sum(len({face.place for face in faces}) for faces in wanted)
    start = Progress(
        done_frames=0, total_frames=frames, decoded_videos=0, num_videos=videos, num_stored=0
    )
    count = FrameCount(start, on_progress)
    sheets = []
    for group, faces in zip(request.groups, wanted, strict=True):
        settings = saved_settings(group.runs[0].config, allow_targets=request.allow_targets)
        crops = _cut(group, faces, settings, notes, count)
        sheets.append(
            ContactSheet(
                classifier=group.name,
                input=input_of(settings.recipe.model),
                crops=tuple(crops),
                empty=_without(group, faces),
            )
        )
    return tuple(sheets)


def _without(group: Group, faces: Sequence[Wanted]) -> tuple[str, ...]:
    """Expressions of a classifier that none of the faces to show has, so that no face has."""
    shown = {face.label for face in faces}
    first = next(iter(group.tables()), None)
    labels = () if first is None else first[1].expressions.labels
    return tuple(sorted(label for label in labels if label not in shown))


def _last_frames(faces: Sequence[Wanted]) -> int:
    """How many frames have to be decoded."""
    last: dict[Place, int] = {}
    for face in faces:
        last[face.place] = max(last.get(face.place, 0), face.frame + 1)
    return sum(last.values())


def wanted_of(group: Group) -> list[Wanted]:
    """Of each expression the surest, the least sure, and some drawn by chance."""
    parts = list(group.tables())
    if not parts:
        return []
    labels = parts[0][1].expressions.labels
    tops, sure, videos, rows = [], [], [], []
    for number, (_, tables) in enumerate(parts):
        probs = tables.expressions.probs().reshape(-1, len(labels))
        known = np.flatnonzero(~np.isnan(probs).any(axis=1))
        tops.append(probs[known].argmax(axis=1) if len(known) else known)
        sure.append(probs[known].max(axis=1) if len(known) else np.empty(0))
        videos.append(np.full(len(known), number))
        rows.append(known)
    top, confidence = np.concatenate(tops), np.concatenate(sure)
    video, row = np.concatenate(videos), np.concatenate(rows)
    rng = np.random.default_rng(_SEED)
    chosen: list[Wanted] = []
    for column in sorted(range(len(labels)), key=lambda column: labels[column]):
        for at, why in _spread(np.flatnonzero(top == column), confidence, rng):
            part, tables = parts[int(video[at])]
            frame = int(tables.expressions.frame[row[at]])
            chosen.append(
                Wanted(
                    place=(part.session, part.number),
                    face=int(tables.expressions.face[row[at]]),
                    frame=frame,
                    start_s=float(tables.timeline.edges_s[frame]),
                    label=labels[column],
                    confidence=float(confidence[at]),
                    why=why,
                )
            )
    return chosen


def _spread(faces: I64, confidence: F64, rng: np.random.Generator) -> list[tuple[int, str]]:
    """Positions of the surest, some drawn by chance, and the least sure; each once."""
    order = faces[np.argsort(-confidence[faces], kind="stable")]
    surest, others = order[:EACH], order[EACH:]
    least = others[-EACH:]
    middle = others[: len(others) - len(least)]
    drawn = np.sort(rng.choice(middle, min(EACH, len(middle)), replace=False))
    groups = zip(SURENESS, (surest, drawn, least), strict=True)
    return [(int(at), why) for why, rows in groups for at in rows]


def input_of(model: Model) -> str:
    """What a crop is when the network gets it, in one sentence."""
    colour = getattr(model, "colour", None)
    if colour is None:
        return "crops as they are cut; what the model does with them is not known"
    mean, std = (", ".join(f"{value:g}" for value in getattr(model, n)) for n in ("mean", "std"))
    return (
        f"{model.input_px} x {model.input_px} px, {colour}; shown before the normalisation "
        f"(value / 255 - mean {mean}) / std {std}"
    )


def _cut(
    group: Group,
    faces: Sequence[Wanted],
    settings: Settings,
    notes: list[str],
    count: FrameCount,
) -> list[tuple[Wanted, bytes]]:
    sessions = {each.session_id: each for each in load_dataset(settings.dataset).sessions}
    pictures: dict[Wanted, bytes] = {}
    for place in dict.fromkeys(face.place for face in faces):
        session = sessions.get(place[0])
        of_place = [face for face in faces if face.place == place]
        if session is None or len(session.parts) < place[1]:
            notes.append(f"no crops of {place[0]}: the data set no longer has its video")
            continue
        run = group.runs[0]
        tables = run.tables(group.places[place])
        try:
            path = session.parts[place[1] - 1].path
            pictures |= _cut_video(path, tables, of_place, settings, run.cache, count)
        except (FerbenchError, OSError) as error:
            reason = without_folders(masked(str(error)))
            notes.append(f"no crops of {place[0]}: {reason}")
    return [(face, pictures[face]) for face in faces if face in pictures]


def _cut_video(
    path: Path,
    tables: Stored,
    faces: Sequence[Wanted],
    settings: Settings,
    cache: Cache,
    count: FrameCount,
) -> Mapping[Wanted, bytes]:
    if cache.digest(path) != tables.timeline.video.sha256:
        raise FerbenchError("its file is not the one that was looked at")
    left = {face.frame for face in faces}
    pictures: dict[Wanted, bytes] = {}
    opened = settings.runtime.isolated(settings.recipe.reader).open(
        path,
        batch_frames=_BATCH_FRAMES,
        threads=settings.runtime.threads,
        keep_damaged=True,
        target_fps=settings.runtime.target_fps,
    )
    with opened as video:
        for batch in video:
            here = [face for face in faces if face.frame in set(batch.index.tolist())]
            if here:
                pictures |= _cut_batch(batch, tables.faces, here, settings)
                left -= {face.frame for face in here}
            count.frames(len(batch))
            if not left:
                break
    count.video()
    return pictures


def _cut_batch(
    batch: FrameBatch, all_faces: Faces, wanted: Sequence[Wanted], settings: Settings
) -> dict[Wanted, bytes]:
    by_row = {face.face: face for face in wanted}
    rows = np.array(sorted(by_row), np.int64)
    faces = all_faces.rows(rows).shifted(-int(batch.index[0]))
    model = settings.recipe.model
    crops = settings.recipe.preprocessing.crop(batch.rgb, faces, model_px=model.input_px)
    return {
        by_row[int(rows[row])]: png_of(seen)
        for row, seen in zip(crops.row.tolist(), as_seen(crops.rgb, model), strict=True)
    }


def as_seen(crops: Tensor, model: Model) -> Tensor:
    """Crops as the network gets them, u8 (M, C, S, S), colours in the order red, green, blue."""
    colour = getattr(model, "colour", None)
    if colour is None:
        return crops
    seen = levels(crops, colour=colour, size_px=model.input_px, how=model.resize)  # type: ignore[attr-defined]
    return seen.flip(1) if colour == "bgr" else seen


def png_of(picture: Tensor) -> bytes:
    """A picture u8 (1 or 3, H, W), grey or RGB, as PNG."""
    import cv2

    values = picture.permute(1, 2, 0).numpy()
    bgr = np.ascontiguousarray(values[:, :, ::-1])
    encoded: bytes = cv2.imencode(".png", bgr)[1].tobytes()
    return encoded
