"""Stage results as Parquet files.

An explicit schema each, and a JSON text about themselves in the metadata.

One row in memory is one row on disk. Files are zstd-compressed, written under a temporary name in
the same folder and moved into place, so a reader never sees half a file; they have the digest of
their bytes in them (``sealed``), which every read checks before it believes anything else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ferbench.atomic import replacing
from ferbench.errors import CacheError
from ferbench.face_columns import regressions_as_json, regressions_from_json
from ferbench.json_texts import json_of
from ferbench.pipeline.sealed import check_parquet, sealed_parquet
from ferbench.types import Channels, Expressions, Faces, Pictures, Timeline, VideoInfo

ABOUT = b"ferbench"

MOST_VALUES: Final = 200_000_000
"""Numbers of a table: faces of 17 hours at 60 Hz have a third of it."""

Result = Timeline | Faces | Expressions | Pictures
"""What a stage gives."""


def table_of(result: Result) -> tuple[pa.Table, dict[str, Any]]:
    """A stage's result as a table, and what is stored about it."""
    if isinstance(result, Timeline):
        return timeline_table(result)
    if isinstance(result, Faces):
        return faces_table(result), {}
    if isinstance(result, Pictures):
        return pictures_table(result), {}
    return expressions_table(result)


def timeline_table(timeline: Timeline) -> tuple[pa.Table, dict[str, Any]]:
    """Rows = frames (start, end); what is not per frame goes into the description."""
    edges = timeline.edges_s
    table = pa.table(
        {"start_s": pa.array(edges[:-1], pa.float64()), "end_s": pa.array(edges[1:], pa.float64())}
    )
    video = timeline.video
    about = {
        "sha256": video.sha256,
        "width_px": video.width_px,
        "height_px": video.height_px,
        "fps_hz": video.fps_hz,
        "rotation_deg": video.rotation_deg,
        "mirrored": video.mirrored,
        "picture_notes": list(video.picture_notes),
        "num_repaired": timeline.num_repaired,
        "damage": timeline.damage,
        "picture_start_s": video.picture_start_s,
        "drift_s": timeline.drift_s,
        "notes": list(timeline.notes),
    }
    return table, about


def timeline_from(
    table: pa.Table, about: Mapping[str, Any], *, video_id: str, path: Path
) -> Timeline:
    """The inverse of ``timeline_table``; id and path are the caller's, for they are in no key."""
    start, end = _column(table, "start_s", np.float64), _column(table, "end_s", np.float64)
    video = VideoInfo(
        video_id=video_id,
        path=path,
        sha256=about["sha256"],
        num_frames=len(start),
        width_px=about["width_px"],
        height_px=about["height_px"],
        fps_hz=about["fps_hz"],
        rotation_deg=about["rotation_deg"],
        mirrored=about.get("mirrored", False),
        picture_notes=tuple(about.get("picture_notes", ())),
        picture_start_s=about["picture_start_s"],
    )
    return Timeline(
        video=video,
        edges_s=np.concatenate([start[:1], end]),
        num_repaired=about["num_repaired"],
        damage=about["damage"],
        drift_s=about["drift_s"],
        notes=tuple(about["notes"]),
    )


def faces_table(faces: Faces) -> pa.Table:
    """Rows = faces; box and landmarks are fixed-size lists of f32."""
    return pa.table(
        {
            "frame": pa.array(faces.frame, pa.int64()),
            "box_xyxy": _vectors(faces.box_xyxy, 4),
            "score": pa.array(faces.score, pa.float32()),
            "landmarks_xy": _vectors(faces.landmarks_xy.reshape(-1, 10), 10),
        }
    )


def faces_from(table: pa.Table) -> Faces:
    """The inverse of ``faces_table``, equal to the bit."""
    m = table.num_rows
    return Faces(
        frame=_column(table, "frame", np.int64),
        box_xyxy=_matrix(table, "box_xyxy").reshape(m, 4),
        score=_column(table, "score", np.float32),
        landmarks_xy=_matrix(table, "landmarks_xy").reshape(m, 5, 2),
    )


def expressions_table(expressions: Expressions) -> tuple[pa.Table, dict[str, Any]]:
    """Rows = classified faces; an f32 column ``logit.<label>`` for each class.

    One ``value.<name>`` for each regression, whose range and meaning are in the description.
    """
    columns = {
        "frame": pa.array(expressions.frame, pa.int64()),
        "face": pa.array(expressions.face, pa.int64()),
    }
    for k, label in enumerate(expressions.labels):
        columns[f"logit.{label}"] = pa.array(
            np.ascontiguousarray(expressions.logits[:, k]), pa.float32()
        )
    about: dict[str, Any] = {"labels": list(expressions.labels)}
    for r, regression in enumerate(expressions.regressions):
        columns[f"value.{regression.name}"] = pa.array(
            np.ascontiguousarray(expressions.regressed[:, r]), pa.float32()
        )
    if expressions.regressions:
        about["regressions"] = regressions_as_json(expressions.regressions)
    return pa.table(columns), about


def expressions_from(table: pa.Table, about: Mapping[str, Any]) -> Expressions:
    """The inverse of ``expressions_table``, equal to the bit."""
    labels = tuple(about["labels"])
    regressions = regressions_from_json(about.get("regressions", []))
    names = [f"logit.{label}" for label in labels] + [f"value.{each.name}" for each in regressions]
    outputs = np.empty((table.num_rows, len(names)), np.float32)
    for number, name in enumerate(names):
        outputs[:, number] = _column(table, name, np.float32)
    return Expressions.of_outputs(
        frame=_column(table, "frame", np.int64),
        face=_column(table, "face", np.int64),
        outputs=outputs,
        channels=Channels(labels=labels, regressions=regressions),
    )


def pictures_table(pictures: Pictures) -> pa.Table:
    """Rows = frames; NaN stays NaN."""
    columns = {"luma": pictures.luma, "change": pictures.change}
    return pa.table({name: pa.array(values, pa.float64()) for name, values in columns.items()})


def pictures_from(table: pa.Table) -> Pictures:
    """The inverse of ``pictures_table``, equal to the bit."""
    return Pictures(
        luma=_column(table, "luma", np.float64), change=_column(table, "change", np.float64)
    )


def _vectors(rows: np.ndarray[Any, np.dtype[np.float32]], width: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(
        pa.array(np.ascontiguousarray(rows).reshape(-1), pa.float32()), width
    )


def _column(table: pa.Table, name: str, dtype: type[np.generic]) -> np.ndarray[Any, Any]:
    """A column as a fresh numpy array (NaN stays NaN; there are no nulls in these tables)."""
    array: np.ndarray[Any, Any] = table[name].combine_chunks().to_numpy(zero_copy_only=False)
    return np.array(array, dtype=dtype)


def _matrix(table: pa.Table, name: str) -> np.ndarray[Any, Any]:
    flat = table[name].combine_chunks().flatten()
    return np.array(flat.to_numpy(zero_copy_only=False), dtype=np.float32)


def write(path: Path, table: pa.Table, about: Mapping[str, Any]) -> None:
    """Write a table with its description; the file appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    schema = table.schema.with_metadata({ABOUT: json.dumps(about, sort_keys=True).encode()})
    written = pa.BufferOutputStream()
    pq.write_table(table.cast(schema), written, compression="zstd")
    with replacing(path) as part, part.open("wb") as file:
        for piece in sealed_parquet(memoryview(written.getvalue())):
            file.write(piece)


def _check_size(data: bytes) -> None:
    """Raise ValueError where a table unpacks to more numbers than one of ferbench's has."""
    about = pq.read_metadata(pa.BufferReader(data))
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    values = sum(
        group.column(number).num_values for group in groups for number in range(group.num_columns)
    )
    if values > MOST_VALUES:
        raise ValueError(f"it has {values} values, expected at most {MOST_VALUES}")


def read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Read a table and its description.

    Raises:
        CacheError: the file is not a table of ferbench, or not the bytes that were written.
    """
    try:
        data = path.read_bytes()
        check_parquet(data)
        _check_size(data)
        table = pq.read_table(pa.BufferReader(data))
        about: dict[str, Any] = json_of(table.schema.metadata[ABOUT])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, CacheError) as error:
        raise CacheError(
            f"{path} is not a table that ferbench wrote ({error}). If it lies in the cache, "
            "delete it: it will be computed again."
        ) from error
    return table, about
