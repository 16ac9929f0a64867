"""The thesis' CSV files and the detection on them, against what the thesis' own programs wrote and
found.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import DataError, FormatError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed
from ferbench.thesis.frame_csv import (
    SCORES,
    ThesisFaces,
    ThesisPredictions,
    read_thesis_csv,
    read_thesis_faces,
    write_thesis_csv,
    write_thesis_faces,
)
from ferbench.thesis.names import ThesisName, parse_thesis_name
from ferbench.thesis.rows import label_signal, thesis_faces, thesis_predictions
from ferbench.thesis.stored_scores import StoredScores
from ferbench.types import Expressions, Faces, Timeline, VideoInfo
from ferbench.workflows.find_events import FindOptions, find_in_file
from helpers.reference import DATA, shared_path

DATA = json.loads((DATA / "thesis_cases.json").read_text())
REFUSED = {"c17": "line 201.*13 columns", "c18": "line 131.*empty line", "c19": "line 1.*header"}
NOT_OURS = {"c26", "r03"}  # rate 0; aborts while drawing
DAMAGED = {
    "c17_25_malformed_row_before_event": "cannot be read",
    "c18_25_blank_line": "cannot be read",
    "c19_25_header_row": "cannot be read",
    "resume_m3_b4_truncated_line": "cannot be read",
    "c27_25_lf_no_trailing_newline": "other line ends",
    "r03_25_render_float_box": "boxes of 2.0",
    "r03n_25_norender_float_box": "boxes of 2.0",
}

FACE = "1,2,30,40,0.1,0.2,0.3,0.4,0.5,0.6,0.7,{}\n"


def write(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    return path


def row_csv(label):
    if label == "None":
        return "0,0,0,0,0,0,0,0,0,0,0,None\r\n"
    quoted = '"' + label.replace('"', '""') + '"' if '"' in label else label
    return FACE.format(quoted).replace("\n", "\r\n")


def found_in(path, fps, label="Surprise"):
    return find_in_file(path, FindOptions(rule=Windowed(), labels=(label,), fps=fps))


def check(found, segments, events, fps):
    result = found.as_json()
    assert result["segments"] == segments
    assert [[e["index"], e["timecode"]] for e in result["events"]] == events
    flagged = [i for i, flag in enumerate(segments) if flag]
    length = int(-(-5 * fps // 1))
    assert [e["onset_s"] for e in result["events"]] == [i * length / fps for i in flagged]
    json.dumps(result)


@pytest.mark.parametrize("case", DATA, ids=[case["name"] for case in DATA])
def test_same_events_as_the_thesis(case, tmp_path):
    path = write(tmp_path, "".join(row_csv(label) * count for label, count in case["rows"]))
    found = found_in(path, case["fps"])
    check(found, case["segments"], case["events"], case["fps"])
    assert [round(event.trigger_s * case["fps"]) for event in found.events] == case["trigger_lines"]


def test_all_reference_cases():
    folders = sorted(p for p in shared_path("thesis/cases").iterdir() if p.is_dir())
    checked = 0
    for folder in folders:
        expected = json.loads((folder / "expected.json").read_text())
        case = folder.name.split("_")[0]
        if case in REFUSED:
            with pytest.raises(FormatError, match=REFUSED[case]):
                read_thesis_csv(folder / "predictions.csv")
        elif case not in NOT_OURS:
            predictions = read_thesis_csv(folder / "predictions.csv")
            found = found_in(folder / "predictions.csv", expected["fps"])
            assert len(predictions) == expected["rows"]
            check(found, expected["segment_flags"], expected["detections"], expected["fps"])
            triggers = [
                int(re.search(r"frame:\s+(\d+)", line)[1]) for line in expected["trigger_lines"]
            ]
            assert [round(event.trigger_s * expected["fps"]) for event in found.events] == triggers
            checked += 1
    assert checked == len(folders) - 5


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_cannot_be_used_is_named(tmp_path, fps):
    predictions = read_thesis_csv(write(tmp_path, FACE.format("Surprise") * 3))
    with pytest.raises(DataError, match=f"frame rate.*{fps!r}"):
        label_signal(predictions, fps)


def test_json_form(tmp_path):
    path = write(tmp_path, FACE.format("Neutral") * 130 + FACE.format("Fear") * 10)
    assert found_in(path, 25.0, label="Fear").as_json() == {
        "segments": [0, 1],
        "events": [
            {
                "index": 0,
                "timecode": "00:00:05:01",
                "onset_s": 5.0,
                "offset_s": 140 / 25,
                "trigger_s": 136 / 25,
                "label": "Fear",
            }
        ],
    }


# reading
# ------------------------------


def test_what_is_read(tmp_path):
    text = (
        '1,2.5,30,40,-1e-3,2,3,4,5,6,7," Surprise"\r\n0,0,0,0,0,0,0,0,0,0,0,None\r\n'
        + FACE.format("x").strip()
    )
    predictions = read_thesis_csv(write(tmp_path, text))
    assert predictions.labels == (" Surprise", None, "x")
    np.testing.assert_array_equal(predictions.box_xywh[:2], [[1, 2.5, 30, 40], [np.nan] * 4])
    np.testing.assert_array_equal(
        predictions.scores[:2], np.float32([[-1e-3, 2, 3, 4, 5, 6, 7], [np.nan] * 7])
    )
    with pytest.raises(
        FormatError, match=r"boxes of whole pixels, got \[1.0, 2.5, 30.0, 40.0\] in row 0"
    ):
        write_thesis_csv(tmp_path / "out.csv", predictions)
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
def test_empty_file(tmp_path, text):
    path = write(tmp_path, text)
    predictions = read_thesis_csv(path)
    assert (len(predictions), predictions.scores.shape, predictions.box_xywh.shape) == (
        0,
        (0, 7),
        (0, 4),
    )
    assert found_in(path, 25.0).as_json() == {"segments": [0], "events": []}
    assert len(label_signal(predictions, 25.0).value) == 0
    assert len(read_thesis_faces(path)) == 0


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_line_ends_at_the_end_do_not_matter(tmp_path, end):
    assert len(read_thesis_csv(write(tmp_path, (FACE.format("a") * 2).strip() + end))) == 2


GOOD = FACE.format("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "1,2,3\n" + GOOD, "line 2: expected 12 columns.*got 3 columns"),
        (GOOD + "\n" + GOOD, "line 2.*empty line"),
        ("\n" + GOOD, "line 1.*empty line"),
        (GOOD + "  \n", "line 2.*1 columns"),
        ("x,y,w,h,a,b,c,d,e,f,g,label\n" + GOOD, "line 1: .*remove the header"),
        (GOOD + "1,2,3,4,5,six,7,8,9,10,11,a\n", "line 2: .*correct the line"),
        ('1,2,30,40,1,2,3,4,5,6,7,"a\nb"\n' + "1,2\n", "line 3.*2 columns"),
        (
            "1.5,2.0,30.0,40.0,0.99\n",
            "line 1: expected 12 .*got 5 columns; this looks like the thesis' file of faces",
        ),
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_thesis_csv(write(tmp_path, text))
    assert "x.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD,
            "line 1: expected 5 columns.*got 12 columns; "
            "this looks like the thesis' file of predictions",
        ),
        (
            "1,2,3,4,0.9\n1,2,3\n",
            "line 2: expected 5 columns .x1, y1, x2, y2, score., got 3 columns; correct",
        ),
        ("x1,y1,x2,y2,score\n", "line 1: expected 5 numbers.*remove the header"),
        ("1,2,3,4,0.9\n1,2,3,4,high\n", "line 2: expected 5 numbers.*correct the line"),
    ],
)
def test_bad_lines_of_faces_are_named(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        read_thesis_faces(write(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FormatError, match=r"none\.csv"):
        read_thesis_csv(tmp_path / "none.csv")
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        read_thesis_csv(path)


def test_another_event_rule_on_the_same_file(tmp_path):
    text = (
        FACE.format("Neutral") * 5
        + FACE.format("Surprise") * 5
        + row_csv("None")
        + FACE.format("surprise")
    )
    signal = label_signal(read_thesis_csv(write(tmp_path, text)), 25.0)
    np.testing.assert_array_equal(signal.value, [0] * 5 + [1] * 5 + [np.nan, 0])
    (event,) = Hysteresis().detect(signal, session_id="s", start_s=0.0)
    assert (event.onset_s, event.offset_s, event.trigger_s) == (0.2, 0.4, 0.4)
    assert signal.timeline.video.video_id == "x"


# writing
# ------------------------------


def is_prediction_file(path):
    name = parse_thesis_name(path.name)
    return path.name.endswith("predictions.csv") or (name is not None and name.model is not None)


def is_face_file(path):
    name = parse_thesis_name(path.name)
    return path.name.endswith("faces.csv") or (name is not None and name.model is None)


def test_every_reference_file_is_written_back_to_the_byte(tmp_path):
    files = sorted(shared_path("thesis").rglob("*.csv"))
    checked = {"predictions": 0, "faces": 0}
    for source in files:
        target = tmp_path / "again.csv"
        damage = (
            DAMAGED.get(source.parent.name, "") if source.name.endswith("predictions.csv") else ""
        )
        if damage == "cannot be read":
            with pytest.raises(FormatError):
                read_thesis_csv(source)
            continue
        if is_prediction_file(source):
            write_thesis_csv(target, read_thesis_csv(source))
            checked["predictions"] += 1
        elif is_face_file(source):
            write_thesis_faces(target, read_thesis_faces(source))
            checked["faces"] += 1
        else:
            continue
        assert (target.read_bytes() == source.read_bytes()) == (damage == ""), source
        again, first = (
            (read_thesis_csv if is_prediction_file(source) else read_thesis_faces)(p)
            for p in (target, source)
        )
        for name in ("scores", "box_xywh") if is_prediction_file(source) else ("score", "box_xyxy"):
            np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert checked["predictions"] > 80
    assert checked["faces"] > 50


def test_any_float32_is_written_so_that_it_comes_back(tmp_path):
    bits = np.random.default_rng(7).integers(0, 2**32, (400, 7), np.uint32).view(np.float32)
    scores = np.where(np.isfinite(bits), bits, np.float32(-0.0))
    boxes = np.random.default_rng(8).integers(-9, 9999, (400, 4)).astype(np.float64)
    made = ThesisPredictions(
        path=tmp_path / "p.csv", labels=('a "b", c',) * 400, scores=scores, box_xywh=boxes
    )
    write_thesis_csv(made.path, made)
    read = read_thesis_csv(made.path)
    np.testing.assert_array_equal(read.scores.view(np.uint32), scores.view(np.uint32))
    np.testing.assert_array_equal(read.box_xywh, boxes)
    assert read.labels == made.labels
    faces = ThesisFaces(box_xyxy=scores[:, :4], score=scores[:, 4])
    write_thesis_faces(made.path, faces)
    again = read_thesis_faces(made.path)
    np.testing.assert_array_equal(again.box_xyxy.view(np.uint32), faces.box_xyxy.view(np.uint32))
    np.testing.assert_array_equal(again.score.view(np.uint32), faces.score.view(np.uint32))


def test_rows_without_a_face_in_a_file_of_faces(tmp_path):
    text = "0,0,0,0,0\r\n0.0,0.0,0.0,0.0,0.0\r\n-1.5,0.0,3.0,4.0,0.25\r\n"
    faces = read_thesis_faces(write(tmp_path, text))
    assert faces.has_face().tolist() == [False, False, True]
    assert np.isnan(faces.score).tolist() == [True, False, False]
    write_thesis_faces(tmp_path / "y.csv", faces)
    assert (tmp_path / "y.csv").read_bytes() == text.encode()


# names
# ------------------------------


@pytest.mark.parametrize(
    ("name", "video", "model", "backend", "session"),
    [
        ("a.mp4.APViT.retinaface.csv", "a.mp4", "APViT", "retinaface", "a"),
        (
            "9 Sessie 1_d.MP4.POSTER_V2-AN7.retinaface.csv",
            "9 Sessie 1_d.MP4",
            "POSTER_V2-AN7",
            "retinaface",
            None,
        ),
        ("dr. v. 1.Mp4.m.b.csv", "dr. v. 1.Mp4", "m", "b", "dr. v. 1"),
        ("a.b.m.d.csv", "a.b", "m", "d", "a.b"),
        ("a.MP4.retinaface.csv", "a.MP4", None, "retinaface", "a"),
        ("x.y.mkv.mtcnn.csv", "x.y.mkv", None, "mtcnn", "x.y"),
        ("clip.mtcnn.csv", "clip", None, "mtcnn", "clip"),
    ],
)  # fmt: skip
def test_names(name, video, model, backend, session):
    parsed = parse_thesis_name(name)
    assert parsed == ThesisName(video=video, model=model, backend=backend)
    assert parsed.file_name == name
    assert parsed.session_id == (session or video.rsplit(".", 1)[0])


@pytest.mark.parametrize(
    "name", ["predictions.csv", "a.mp4.m.b.txt", "a..b.csv", ".m.b.csv", "a.m..csv", "csv"]
)
def test_other_names_are_none_of_the_thesis(name):
    assert parse_thesis_name(name) is None


@pytest.mark.parametrize(("model", "backend"), [("v2.1", "b"), ("m", "b.c"), ("", "b"), ("m", "")])
def test_a_name_that_could_not_be_read_back_is_refused(model, backend):
    with pytest.raises(FormatError, match="without dots"):
        _ = ThesisName(video="a.mp4", model=model, backend=backend).file_name


# from our tables
# ------------------------------

LABELS = ("surprise", "anger", "contempt", "happiness", "neutral", "sadness", "fear", "disgust")


def tables(labels=LABELS):
    boxes = np.float32(
        [[-12.6, -3.2, 40.0, 50.9], [5.5, 40.5, 55.5, 90.5], [1, 2, 3, 4], [7, 8, 9, 10]]
    )
    faces = Faces(
        frame=np.array([0, 0, 1, 3]),
        box_xyxy=boxes,
        score=np.float32([0.9, 0.8, 0.7, 0.6]),
        landmarks_xy=np.full((4, 5, 2), np.nan, np.float32),
    )
    logits = np.random.default_rng(3).normal(size=(4, len(labels))).astype(np.float32)
    logits[0, 3], logits[1, 0], logits[2, 2 % len(labels)], logits[3] = 9, 9, 9, np.nan
    expressions = Expressions(frame=faces.frame, face=np.arange(4), logits=logits, labels=labels)
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="",
        num_frames=4,
        width_px=99,
        height_px=99,
        fps_hz=25.0,
    )
    return Timeline(video=video, edges_s=np.arange(5) / 25), faces, expressions


def test_the_chosen_face_as_the_thesis_writes_it(tmp_path):
    timeline, faces, expressions = tables()
    path = tmp_path / "v.mp4.m.d.csv"
    write_thesis_csv(
        path, thesis_predictions(path, timeline, faces, expressions, np.array([1, 2, -1, 3]))
    )
    lines = [line.split(",") for line in path.read_bytes().decode().split("\r\n")]
    assert [line[-1] for line in lines[:4]] == ["Surprise", "Contempt", "None", "None"]
    assert lines[0][:4] == ["5", "40", "50", "50"]
    assert lines[2] == lines[3] == ["0"] * 11 + ["None"]
    ours = dict(zip(LABELS, expressions.probs()[1], strict=True))
    wanted = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    assert SCORES == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert lines[0][4:11] == [str(np.float32(ours[name])) for name in wanted]
    other = thesis_predictions(path, timeline, faces, expressions, np.array([0, -1, -1, -1]))
    assert other.box_xywh[0].tolist() == [0, 0, 40, 50], (
        "as the thesis' program: left and top not below 0"
    )
    assert other.labels == ("Happiness", None, None, None)


def test_scores_as_the_thesis_stored_those_of_a_model():
    timeline, faces, expressions = tables(
        ("neutral", "sadness", "happiness", "surprise", "fear", "disgust", "anger")
    )
    columns = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
    chosen = np.array([1, 2, -1, 3])
    stored = StoredScores(name="X", scores="logits", columns=columns)
    made = thesis_predictions(Path("x"), timeline, faces, expressions, chosen, stored=stored)
    np.testing.assert_array_equal(made.scores[0], expressions.logits[1][[6, 5, 4, 1, 2, 3, 0]])
    assert made.labels == ("Neutral", "Happiness", None, None), (
        "the label is the model's, not the column's"
    )
    assert made.scores[1].argmax() == SCORES.index("sad")
    stored = StoredScores(name="X", scores="probabilities", columns=columns)
    made = thesis_predictions(Path("x"), timeline, faces, expressions, chosen, stored=stored)
    np.testing.assert_array_equal(
        made.scores[0], np.float32(expressions.probs()[1])[[6, 5, 4, 1, 2, 3, 0]]
    )


def test_scores_of_a_model_with_other_outputs_are_refused():
    timeline, faces, expressions = tables()
    stored = StoredScores(name="X", scores="logits", columns=("fear", "anger"))
    chosen = np.array([1, 2, -1, 3])
    with pytest.raises(FormatError, match=r"the thesis' X has 2 outputs, the model has \d"):
        thesis_predictions(Path("x"), timeline, faces, expressions, chosen, stored=stored)


def test_the_first_face_of_every_frame_whatever_its_score():
    timeline, faces, _ = tables()
    made = thesis_faces(timeline, faces)
    first = {int(frame): row for row, frame in reversed(list(enumerate(faces.frame)))}
    assert made.has_face().tolist() == [frame in first for frame in range(4)]
    for frame, row in first.items():
        np.testing.assert_array_equal(made.box_xyxy[frame], faces.box_xyxy[row])
        assert made.score[frame] == faces.score[row]


def test_boxes_of_the_thesis_come_out_of_its_faces():
    """Corners of the stored faces give the boxes that the thesis' program stored beside them."""
    folder = shared_path("thesis/predict/runs/fresh_m3_b1")
    faces, stored = (
        read_thesis_faces(folder / "faces.csv"),
        read_thesis_csv(folder / "predictions.csv"),
    )
    rows = np.flatnonzero([label is not None for label in stored.labels])
    frames = len(stored)
    known = Faces(
        frame=rows,
        box_xyxy=faces.box_xyxy[rows],
        score=faces.score[rows],
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )
    labels = tuple(label for label in LABELS if label != "contempt")
    logits = np.zeros((len(rows), 7), np.float32)
    video = VideoInfo(
        video_id="v",
        path=Path("v"),
        sha256="",
        num_frames=frames,
        width_px=1,
        height_px=1,
        fps_hz=25.0,
    )
    timeline = Timeline(video=video, edges_s=np.arange(frames + 1) / 25)
    chosen = np.full(frames, -1)
    chosen[rows] = np.arange(len(rows))
    expressions = Expressions(frame=rows, face=np.arange(len(rows)), logits=logits, labels=labels)
    made = thesis_predictions(Path("x"), timeline, known, expressions, chosen)
    np.testing.assert_array_equal(made.box_xywh, stored.box_xywh)


def test_a_model_without_one_of_the_seven_is_refused():
    timeline, faces, expressions = tables(("surprise", "anger", "happiness", "neutral"))
    with pytest.raises(FormatError, match="the model has no disgust, fear, sadness"):
        thesis_predictions(Path("x"), timeline, faces, expressions, np.array([0, 2, -1, 3]))
