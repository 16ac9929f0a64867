"""Damaged tables, records and pictures, read by what reads each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import openpyxl
from PIL import Image

from ferbench.config.cells import cells_of
from ferbench.config.compose import composed
from ferbench.config.yaml_files import plain_config
from ferbench.datasets.labelled_images.pictures import pixels_of
from ferbench.datasets.manifest import read_manifest
from ferbench.datasets.naming import Naming
from ferbench.datasets.pseudonyms import read_pseudonyms
from ferbench.errors import FerbenchError
from ferbench.formats.event_table import read_events
from ferbench.formats.grades import read_grade_table
from ferbench.formats.length_table import read_lengths
from ferbench.formats.predictions import predictions_table, read_predictions, write_predictions
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Span, Track
from ferbench.formats.writing import write_tracks
from ferbench.pipeline import tables
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.grades import read_grades
from ferbench.thesis.results import read_results
from ferbench.tracking.files_store import FilesStore
from ferbench.types import Expressions, Faces, Timeline, VideoInfo
from ferbench.workflows.run_outcome import read_outcome
from soak.fuzzing.mutations import Draw, mutated, mutated_member, mutated_text

Read = Callable[[Path], object]
_LABELS: Final = ("anger", "happiness", "surprise", "neutral")
_FRAMES: Final = 60


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of file.

    Attributes:
        name: of the file; it may lie in folders.
        read: reads it.
        written: how: bytes, a text, or a zip archive whose members are texts.
    """

    name: str
    read: Read
    written: str = "text"


def _run_record(path: Path) -> object:
    store = FilesStore(folder=path.parent.parent.parent)
    return store.search(list(store.experiments()))


def _choice(path: Path) -> object:
    return composed({"event": path.stem}, config_dirs=[path.parent.parent])


def _stage(read: Callable[[Any, Mapping[str, Any]], object], path: Path) -> object:
    return read(*tables.read(path))


KINDS: Final = (
    _Kind(name="errors.csv", read=read_annotations),
    _Kind(name="errors.xlsx", read=read_annotations, written="zip"),
    _Kind(name="session.vtt", read=read_annotations),
    _Kind(name="session.srt", read=read_annotations),
    _Kind(name="session.eaf", read=read_annotations),
    _Kind(name="session.boris.tsv", read=read_annotations),
    _Kind(name="predictions.parquet", read=read_predictions, written="bytes"),
    _Kind(name="predictions.csv", read=read_predictions),
    _Kind(
        name="faces.stage.parquet",
        read=partial(_stage, lambda t, _: tables.faces_from(t)),
        written="bytes",
    ),
    _Kind(name="exp.stage.parquet", read=partial(_stage, tables.expressions_from), written="bytes"),
    _Kind(name="events.json", read=read_events),
    _Kind(name="events.csv", read=read_events),
    _Kind(name="records/study/run/run.json", read=_run_record),
    _Kind(name="outcome/result.json", read=lambda path: read_outcome(path.parent)),
    _Kind(name="config.yaml", read=partial(plain_config, resolve=True)),
    _Kind(name="cells.yaml", read=cells_of),
    _Kind(name="conf/event/mine.yaml", read=_choice),
    _Kind(name="grades.csv", read=read_grade_table),
    _Kind(name="lengths.csv", read=read_lengths),
    _Kind(name="list.csv", read=partial(read_manifest, naming=Naming(template="{session}"))),
    _Kind(name="names.csv", read=read_pseudonyms),
    _Kind(name="thesis.csv", read=read_thesis_csv),
    _Kind(name="thesis_grades.csv", read=read_grades),
    _Kind(name="thesis_results.csv", read=read_results),
    _Kind(name="face.png", read=lambda path: pixels_of(path.name, path.parent), written="bytes"),
    _Kind(name="face.jpg", read=lambda path: pixels_of(path.name, path.parent), written="bytes"),
    _Kind(name="face.tif", read=lambda path: pixels_of(path.name, path.parent), written="bytes"),
    _Kind(name="face.webp", read=lambda path: pixels_of(path.name, path.parent), written="bytes"),
)


def _texts() -> dict[str, str]:
    """A sound text of each kind that no library writes."""
    numbers = ",".join(["0.1"] * 6)
    run = {
        "format": 1, "id": "run", "name": "a run", "kind": "run", "parent": "",
        "status": "finished", "started": "2026-01-02T03:04:05.000006+00:00",
        "params": {"model": "hse"}, "metrics": {"events/f1": 0.5}, "tags": {"ferbench.owner": "x"},
    }  # fmt: skip
    outcome = {
        "name": "a run", "run_id": "run", "error": "", "failed_sessions": ["s2: damaged"],
        "metrics": {"events/f1": 0.5}, "params": {}, "tags": {}, "notices": ["one"],
    }  # fmt: skip
    event = {"session": "s1", "onset_s": 1.5, "offset_s": 2.5, "trigger_s": 1.75, "label": "happy"}
    return {
        "errors.csv": "session;onset_s;offset_s;kind\n"
        + "".join(f"s{number};0:0{number},5;0:0{number},9;late\n" for number in range(1, 9)),
        "events.json": json.dumps({"events": [event, {**event, "session": "s2"}]}, indent=1),
        "events.csv": "session,onset_s,offset_s,trigger_s,label,peak\n"
        + "".join(f"s{number},1.5,2.5,1.75,happiness,0.9\n" for number in range(8)),
        "records/study/run/run.json": json.dumps(run, indent=1),
        "outcome/result.json": json.dumps(outcome, indent=1),
        "config.yaml": "paths: {root: r, cache: c}\nevent:\n  enter: 0.5\n  exit: ${event.enter}\n"
        "dataset: &d\n  videos: v\n  names: [a, b]\nother: *d\n",
        "cells.yaml": "- event.enter: 0.3\n  detector: yunet\n- event.enter: 0.5\n",
        "conf/event/mine.yaml": "# own rule\ndefaults:\n  - hysteresis\n  - _self_\nenter: 0.6\n",
        "grades.csv": "rater,session,onset_s,offset_s,trigger_s,grade,note\n"
        + "".join(f"ann,s{number},1.5,2.5,1.75,right,\"a, note\"\n" for number in range(8)),
        "lengths.csv": "session,duration_s,valid_s,participant\ns1,12.5,11,P1\ns2,9,8,P2\n",
        "list.csv": "path,session,start,observed_from,observed_to\na.mp4,s1,0:00,0:10,0:50\n"
        "b.mp4,s2,12.5,,\n",
        "names.csv": "kind,name,pseudonym\nparticipant,Anna,P1a2b\nsession,Day 1,S3c4d\n",
        "thesis.csv": "".join(f"10,20,30,40,{numbers},0.4,happy\r\n" for _ in range(20)),
        "thesis_grades.csv": "10234,1,APViT,Section,0,1\n10234,1,APViT,Timestamp,00:00:01:00,"
        "00:00:02:00\n10234,1,APViT,Grade,1,0\n",
        "thesis_results.csv": "10234,1,APViT,retinaface,0,1,0,1\n10235,2,APViT,mtcnn,0,0,0,0\n",
    }  # fmt: skip


def _made(folder: Path) -> None:
    """Write the files that a library writes."""
    spans = tuple(Span(onset_s=at, offset_s=at + 0.5, text=f"late {at}") for at in range(8))
    for name in ("session.vtt", "session.srt", "session.eaf", "session.boris.tsv"):
        write_tracks(folder / name, {"session": [Track(name="errors", spans=spans)]})
    timeline, faces, expressions = _analysis()
    write_predictions(folder, "predictions", predictions_table(timeline, faces, expressions))
    tables.write(folder / "faces.stage.parquet", tables.faces_table(faces), {})
    tables.write(folder / "exp.stage.parquet", *tables.expressions_table(expressions))
    workbook = openpyxl.Workbook()
    for row in (("session", "onset_s", "kind"), ("s1", 1.5, "late"), ("s2", 2.5, "early")):
        workbook.active.append(row)
    workbook.save(folder / "errors.xlsx")
    pixels = np.random.default_rng(0).integers(0, 255, (48, 40, 3)).astype(np.uint8)
    for ending in ("png", "jpg", "tif", "webp"):
        Image.fromarray(pixels).save(folder / f"face.{ending}")


def _analysis() -> tuple[Timeline, Faces, Expressions]:
    frame = np.arange(_FRAMES)
    box = np.tile(np.array([10, 10, 50, 60], np.float32), (_FRAMES, 1))
    video = VideoInfo(
        video_id="a", path=Path("a.mp4"), sha256="0" * 64, num_frames=_FRAMES, width_px=64,
        height_px=48, fps_hz=25.0, picture_start_s=0.0,
    )  # fmt: skip
    faces = Faces(
        frame=frame,
        box_xyxy=box,
        score=np.full(_FRAMES, 0.9, np.float32),
        landmarks_xy=np.repeat(box[:, None, :2], 5, axis=1),
    )
    logits = np.random.default_rng(0).normal(size=(_FRAMES, len(_LABELS))).astype(np.float32)
    expressions = Expressions(frame=frame, face=frame, logits=logits, labels=_LABELS)
    return Timeline(video=video, edges_s=np.arange(_FRAMES + 1) / 25), faces, expressions


@cache
def seeds(folder: Path) -> Mapping[str, bytes]:
    """A sound file of each kind, those that a library writes made in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _made(folder)
    texts = _texts()
    return MappingProxyType(
        {
            kind.name: texts[kind.name].encode()
            if kind.name in texts
            else (folder / kind.name).read_bytes()
            for kind in KINDS
        }
    )


def changed(kind: _Kind, data: bytes, draw: Draw) -> bytes:
    """A damaged file; in every fourth case its bytes, whatever is in it."""
    if kind.written == "bytes" or draw.random() < 0.25:
        return mutated(data, draw)
    if kind.written == "zip":
        return mutated_member(data, draw, mutated_text)
    return mutated_text(data, draw)


def case(number: int, folder: Path) -> tuple[str, list[str]]:
    """A damaged table: its kind, and what became of it."""
    kind = KINDS[number % len(KINDS)]
    data = changed(kind, seeds(folder / "seeds")[kind.name], Draw(f"table {number}"))
    return kind.name, [outcome(kind, data, folder / f"{number:05d}")]


def outcome(kind: _Kind, data: bytes, folder: Path) -> str:
    """What becomes of a file with these bytes: read, or the kind of its error."""
    path = folder / kind.name
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    path.chmod(0o600)
    try:
        kind.read(path)
    except FerbenchError as error:
        return type(error).__name__
    return "read"
