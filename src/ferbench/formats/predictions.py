"""Predictions of one video as a table, in Parquet and in CSV, written and read.

One row per face; a frame without a face has one row whose face columns are empty, so the table also
holds the whole timeline. Columns: ``frame, start_s, end_s`` (seconds from the container's start),
``face`` (row among the video's faces), ``x1, y1, x2, y2`` (pixels), ``score``, ten landmark
columns, one ``logit.<label>`` and one ``prob.<label>`` per class and one ``value.<name>`` per
regression of the model (empty where the face was not classified). Numbers are written so that
reading them gives the same bits. What the regressions' ranges are is in Parquet only.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ferbench.atomic import replacing
from ferbench.errors import ConfigError, DataError, FormatError
from ferbench.face_columns import (
    BOX_COLUMNS,
    LANDMARK_COLUMNS,
    face_columns,
    regressions_as_json,
    regressions_from_json,
)
from ferbench.json_texts import json_of
from ferbench.types import Channels, Expressions, Faces, Regression, Timeline, VideoInfo

_NEEDED = ("frame", "start_s", "end_s", "face", *BOX_COLUMNS, "score", *LANDMARK_COLUMNS)
_ABOUT = b"ferbench.predictions"

MOST_BYTES: Final = 2**29
"""Of a table as CSV: 20 hours at 25 Hz have half of it."""
MOST_CELLS: Final = 200_000_000
"""Rows times columns of a table: a face in 24 hours of 60 frames per second."""

_DAMAGED: Final = (
    pa.ArrowException,
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
)
"""What a table ends in whose columns are of other kinds than ours."""


def predictions_table(timeline: Timeline, faces: Faces, expressions: Expressions) -> pa.Table:
    """The table, with what is not per row as JSON in its metadata."""
    columns = {
        name: pa.array(column.values, mask=column.missing)
        for name, column in face_columns(timeline, faces, expressions).items()
    }
    video = timeline.video
    about = {
        "video_id": video.video_id,
        "sha256": video.sha256,
        "width_px": video.width_px,
        "height_px": video.height_px,
        "fps_hz": video.fps_hz,
        "picture_start_s": video.picture_start_s,
    }
    if expressions.regressions:
        about["regressions"] = regressions_as_json(expressions.regressions)
    return pa.table(columns).replace_schema_metadata({_ABOUT: json.dumps(about).encode()})


def write_predictions(
    folder: Path, stem: str, table: pa.Table, *, video: Path | None = None
) -> tuple[Path, Path]:
    """Write ``<stem>.parquet`` and ``<stem>.csv`` into a folder; return both paths.

    Args:
        folder: made if it is missing.
        stem: of the files.
        table: what is written.
        video: where the video is, which the Parquet file tells seen from itself
            (``video_of_table``); None = it does not.
    """
    parquet, text = folder / f"{stem}.parquet", folder / f"{stem}.csv"
    if video is not None:
        about = _about(table.schema) | {"video": _seen_from(folder, video)}
        table = table.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    with replacing(parquet) as part:
        pq.write_table(table, part, compression="zstd")
    with replacing(text) as part:
        pacsv.write_csv(table, part)
    return parquet, text


def is_predictions(path: Path) -> bool:
    """Whether a file looks like one of these, by its suffix or the CSV's first line."""
    if path.suffix == ".parquet":
        return True
    with path.open("rb") as stream:
        return stream.readline(200).replace(b'"', b"").startswith(b"frame,start_s,end_s,face,")


def _about(schema: pa.Schema) -> dict[str, Any]:
    """What a table says that is not per row."""
    about: dict[str, Any] = json_of((schema.metadata or {}).get(_ABOUT, b"{}"))
    if not isinstance(about, dict):
        raise ValueError("expected what a table is of by name")
    return about


def _seen_from(folder: Path, video: Path) -> str:
    """A video's place, with slashes, seen from a folder; its name where there is no way there."""
    try:
        return os.path.relpath(video, folder).replace(os.sep, "/")
    except ValueError:  # on another drive
        return video.name


def sha256_of(parquet: Path) -> str:
    """Digest of the video that a Parquet table is of.

    Raises:
        FormatError: it is no such table.
    """
    return str(_read_about(parquet).get("sha256", ""))


def video_of_table(parquet: Path) -> Path | None:
    """The video that a Parquet table is of; None = it is not where it was.

    Raises:
        FormatError: it is no such table.
    """
    place = _read_about(parquet).get("video")
    if not isinstance(place, str):
        return None
    video = Path(os.path.normpath(parquet.parent / place))
    return video if video.is_file() else None


def video_name_of_table(parquet: Path) -> str:
    """The name of the video that a Parquet table is of, also where it is no more; "" = not told.

    Raises:
        FormatError: it is no such table.
    """
    place = _read_about(parquet).get("video")
    return place.rpartition("/")[2] if isinstance(place, str) else ""


def _read_about(parquet: Path) -> dict[str, Any]:
    try:
        return _about(pq.read_schema(parquet))
    except (OSError, *_DAMAGED) as error:
        raise FormatError(f"{parquet} cannot be read as a table of predictions: {error}") from error


def read_predictions(path: Path) -> tuple[Timeline, Faces, Expressions]:
    """Read what ``write_predictions`` wrote, either file.

    From CSV the frame's size is unknown: width and height are 0, and selectors that need them
    cannot be used.

    Raises:
        FormatError: the file is not such a table; names what is missing.
    """
    try:
        return _read(path)
    except _DAMAGED as error:
        raise FormatError(f"{path} has a cell that is no number: {error}") from error
    except DataError as error:
        raise FormatError(f"{path} has values that no video has: {error}") from error


def _read(path: Path) -> tuple[Timeline, Faces, Expressions]:
    table = _table(path)
    about = _about(table.schema)
    channels = _channels(path, table, about)
    frame = _numbers(table, "frame", np.int64)
    timeline = _timeline(path, about, frame, table)
    has_face = np.array(table["face"].is_valid().combine_chunks().to_pylist(), bool)
    face_table = table.filter(pa.array(has_face))
    faces = Faces(
        frame=_numbers(face_table, "frame", np.int64),
        box_xyxy=_matrix(face_table, BOX_COLUMNS),
        score=_numbers(face_table, "score", np.float32),
        landmarks_xy=_matrix(face_table, LANDMARK_COLUMNS).reshape(-1, 5, 2),
    )
    names = [f"logit.{label}" for label in channels.labels]
    names += [f"value.{regression.name}" for regression in channels.regressions]
    outputs = _matrix(face_table, names)
    classified = np.flatnonzero(~np.isnan(outputs).all(axis=1)).astype(np.int64)
    expressions = Expressions.of_outputs(
        frame=faces.frame[classified],
        face=classified,
        outputs=outputs[classified],
        channels=channels,
    )
    return timeline, faces, expressions


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            about = pq.read_metadata(path)
            if about.num_rows * about.num_columns > MOST_CELLS:
                raise ValueError(
                    f"it has {about.num_rows} rows of {about.num_columns} columns, expected at "
                    f"most {MOST_CELLS} cells"
                )
            return pq.read_table(path)
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has {path.stat().st_size} bytes, expected at most {MOST_BYTES}")
        return pacsv.read_csv(path)
    except (OSError, *_DAMAGED) as error:
        raise FormatError(f"{path} cannot be read as a table of predictions: {error}") from error


def _channels(path: Path, table: pa.Table, about: dict[str, Any]) -> Channels:
    """Classes and regressions of the table's columns.

    Raises:
        FormatError: the table lacks something.
    """
    missing = [name for name in _NEEDED if name not in table.column_names]
    labels, names = (
        [name.removeprefix(kind) for name in table.column_names if name.startswith(kind)]
        for kind in ("logit.", "value.")
    )
    if not (labels or names):
        missing.append("logit.<label> or value.<name>")
    if missing or table.num_rows == 0:
        lacks = ", ".join(missing) or "rows"
        raise FormatError(f"{path} is not a table of predictions of ferbench: it has no {lacks}")
    told = {each.name: each for each in regressions_from_json(about.get("regressions", []))}
    try:
        regressions = [told.get(name) or _not_described(name) for name in names]
        return Channels(labels=tuple(labels), regressions=tuple(regressions))
    except ConfigError as error:
        raise FormatError(f"{path} has a column of a name that it cannot have: {error}") from error


def _not_described(name: str) -> Regression:
    """A regression of a table in CSV, which has no room for its range."""
    return Regression(name=name, low=-math.inf, high=math.inf)


def _timeline(
    path: Path, about: dict[str, Any], frame: np.ndarray[Any, Any], table: pa.Table
) -> Timeline:
    _, first = np.unique(frame, return_index=True)
    if not np.array_equal(frame[first], np.arange(len(first))):
        raise FormatError(
            f"{path}: expected every frame from 0 on, {len(first)} frames end with {frame[-1]}"
        )
    start = _numbers(table, "start_s", np.float64)[first]
    end = _numbers(table, "end_s", np.float64)[first]
    duration_s = float(end[-1] - start[0])
    video = VideoInfo(
        video_id=about.get("video_id", path.stem),
        path=path,
        sha256=about.get("sha256", ""),
        num_frames=len(first),
        width_px=about.get("width_px", 0),
        height_px=about.get("height_px", 0),
        fps_hz=about.get("fps_hz", len(first) / duration_s),
        picture_start_s=about.get("picture_start_s", float(start[0])),
    )
    return Timeline(video=video, edges_s=np.concatenate([start[:1], end]))


def _numbers(table: pa.Table, name: str, dtype: type[np.generic]) -> np.ndarray[Any, Any]:
    """A column as numpy; empty cells become NaN."""
    kind = pa.float64() if dtype is not np.int64 else pa.int64()
    column = table[name].cast(kind).combine_chunks()
    return np.array(column.to_numpy(zero_copy_only=False), dtype=dtype)


def _matrix(table: pa.Table, names: Sequence[str]) -> np.ndarray[Any, Any]:
    return np.stack([_numbers(table, name, np.float32) for name in names], axis=1)
