"""Tables and events that say absurd things: read, or refused by an error of ferbench's own."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferbench.errors import FerbenchError, FormatError
from ferbench.formats import csv_records, predictions, read_annotations
from ferbench.formats.event_table import read_events
from ferbench.types import Expressions, Faces, Timeline, VideoInfo
from helpers.reference import DATA

FILES = DATA / "annotation_files"
NUM_FRAMES = 5


@pytest.fixture(scope="module")
def table() -> pa.Table:
    video = VideoInfo(
        video_id="v", path=Path("v.mp4"), sha256="0" * 64, num_frames=NUM_FRAMES,
        width_px=64, height_px=48, fps_hz=25.0, picture_start_s=0.0,
    )  # fmt: skip
    timeline = Timeline(video=video, edges_s=np.arange(NUM_FRAMES + 1) / 25)
    frame = np.arange(1, NUM_FRAMES)
    faces = Faces(
        frame=frame,
        box_xyxy=np.tile(np.array([1, 2, 30, 40], np.float32), (len(frame), 1)),
        score=np.full(len(frame), 0.9, np.float32),
        landmarks_xy=np.ones((len(frame), 5, 2), np.float32),
    )
    expressions = Expressions(
        frame=frame,
        face=np.arange(len(frame)),
        logits=np.ones((len(frame), 2), np.float32),
        labels=("happiness", "neutral"),
    )
    return predictions.predictions_table(timeline, faces, expressions)


def read_or_refused(path: Path) -> None:
    """Whatever else comes out than a table or an error of ours fails the test."""
    for read in (predictions.sha256_of, predictions.video_of_table, predictions.read_predictions):
        try:
            read(path)
        except FormatError as error:
            assert str(path) in str(error)  # noqa: PT017 (either is right)


ABOUT = [
    *("[]", "1", "null", '"x"', "[" * 200_000, "9" * 5000),
    *('{"regressions": 1}', '{"regressions": [1]}', '{"regressions": [{"name": 1}]}'),
    *('{"video": 1}', '{"video": "\\u0000"}', '{"width_px": "x"}', '{"width_px": -1}'),
    *('{"fps_hz": NaN}', '{"fps_hz": 1e400}', '{"picture_start_s": "x"}', '{"video_id": {}}'),
]


@pytest.mark.parametrize("about", ABOUT, ids=lambda text: text[:24])
def test_what_a_table_says_of_itself(about, table, tmp_path):
    path = tmp_path / "v.parquet"
    said = table.replace_schema_metadata({b"ferbench.predictions": about.encode()})
    pq.write_table(said, path)
    read_or_refused(path)


@pytest.mark.parametrize("value", ["x", None, [1.0], float("inf"), -5, 2**62, True, {"a": 1}])
def test_columns_of_other_kinds(value, table, tmp_path):
    path = tmp_path / "v.parquet"
    for name in ("frame", "start_s", "end_s", "face", "x1", "score", "logit.neutral"):
        column = pa.array([value] * len(table))
        pq.write_table(table.set_column(table.column_names.index(name), name, column), path)
        read_or_refused(path)


def test_too_many_cells_are_refused_before_they_are_read(table, tmp_path, monkeypatch):
    path = tmp_path / "v.parquet"
    pq.write_table(table, path)
    monkeypatch.setattr(predictions, "MOST_CELLS", 10)
    with pytest.raises(FormatError, match=r"5 rows of 2[0-9] columns, expected at most 10 cells"):
        predictions.read_predictions(path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        "9" * 5000,
        '{"P": {"events": [{"onset_s": %s}]}}' % 10**400,
    ],
    ids=["brackets", "objects", "digits", "large"],
)
def test_events_in_absurd_json(text, tmp_path):
    path = tmp_path / "events.json"
    path.write_text(text)
    with pytest.raises(FormatError):
        read_events(path)


@pytest.mark.parametrize("name", ["errors.vtt", "reactions.eaf", "boris_tabular.tsv"])
def test_mutated_annotations_are_read_or_refused(name, tmp_path):
    data = (FILES / name).read_bytes()
    path = tmp_path / name
    for number in range(12):
        draw = random.Random(f"{name} {number}")
        changed = bytearray(data)
        at = draw.randrange(len(changed))
        changed[at : at + draw.choice((0, 1, 9))] = draw.choice(
            (b"", b"\xff", b"\0", b"<", b'"', b"9" * 5000, b"-1", b"nan", b"&lol;", b"\t")
        )
        if number % 4 == 0:
            del changed[at:]
        path.write_bytes(changed)
        try:
            read_annotations(path)
        except FerbenchError as error:
            assert str(error)  # noqa: PT017 (either is right)


def test_a_result_that_is_damaged_is_left_out(tmp_path, caplog):
    from ferbench.workflows.run_outcome import RESULT_FILE, read_outcome

    for text in ("[" * 200_000, "{}", "null", json.dumps({"failed_sessions": 1})):
        (tmp_path / RESULT_FILE).write_text(text)
        caplog.clear()
        assert read_outcome(tmp_path) is None
        assert "does not tell how its run ended" in caplog.text


HEAD = "session,onset_s,offset_s\n"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2_000_000 + ",onset_s\n1,2\n",
        HEAD + "1,2,3" + "," * 20_000,
        HEAD + "1," + "9" * 2_000_000,
    ],
    ids=["header", "columns", "cell"],
)
def test_absurd_csvs_are_refused(text, tmp_path):
    path = tmp_path / "annotations.csv"
    path.write_text(text)
    with pytest.raises(
        FerbenchError, match=r"annotations\.csv, line \d: .* a table of annotations"
    ):
        read_annotations(path)


def test_a_csv_has_so_many_rows_at_most(tmp_path, monkeypatch):
    path = tmp_path / "annotations.csv"
    path.write_text(HEAD + "P01,1,2\n" * 20)
    assert len(read_annotations(path).rows) > 0
    monkeypatch.setattr(csv_records, "MOST_ROWS", 10)
    with pytest.raises(FerbenchError, match="line 11: more than 10 rows"):
        read_annotations(path)
