"""The thesis' CSV and its detection, against what the thesis' own program gave."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from conftest import shared_path
from ferbench.errors import DataError, FormatError
from ferbench.events.hysteresis import Hysteresis
from ferbench.formats.thesis_csv import detect, label_signal, read_thesis_csv

DATA = json.loads((Path(__file__).parent / "data" / "thesis_cases.json").read_text())
REFUSED = {"c17": "line 201.*13 columns", "c18": "line 131.*empty line", "c19": "line 1.*header"}
NOT_OURS = {"c26", "r03"}  # rate 0; aborts while drawing

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
    predictions = read_thesis_csv(path)
    found = detect(predictions, case["fps"])
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
            found = detect(predictions, expected["fps"])
            assert len(predictions) == expected["rows"]
            check(found, expected["segment_flags"], expected["detections"], expected["fps"])
            triggers = [int(re.search(r"frame:\s+(\d+)", line)[1]) for line in expected["trigger_lines"]]
            assert [round(event.trigger_s * expected["fps"]) for event in found.events] == triggers
            checked += 1
    assert checked == len(folders) - 5


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_cannot_be_used_is_named(tmp_path, fps):
    predictions = read_thesis_csv(write(tmp_path, FACE.format("Surprise") * 3))
    with pytest.raises(DataError, match=f"frame rate.*{fps!r}"):
        detect(predictions, fps)
    with pytest.raises(DataError, match=f"frame rate.*{fps!r}"):
        label_signal(predictions, fps)


def test_json_form(tmp_path):
    predictions = read_thesis_csv(write(tmp_path, FACE.format("Neutral") * 130 + FACE.format("Fear") * 10))
    assert detect(predictions, 25.0, label="Fear").as_json() == {
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


def test_what_is_read(tmp_path):
    text = '1,2.5,30,40,-1e-3,2,3,4,5,6,7," Surprise"\r\n0,0,0,0,0,0,0,0,0,0,0,None\r\n' + FACE.format("x").strip()
    predictions = read_thesis_csv(write(tmp_path, text))
    assert predictions.labels == (" Surprise", None, "x")
    np.testing.assert_array_equal(predictions.box_xywh[:2], [[1, 2.5, 30, 40], [np.nan] * 4])
    np.testing.assert_array_equal(predictions.scores[:2], [[-1e-3, 2, 3, 4, 5, 6, 7], [np.nan] * 7])


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
def test_empty_file(tmp_path, text):
    predictions = read_thesis_csv(write(tmp_path, text))
    assert (len(predictions), predictions.scores.shape, predictions.box_xywh.shape) == (0, (0, 7), (0, 4))
    assert detect(predictions, 25.0).as_json() == {"segments": [0], "events": []}
    assert len(label_signal(predictions, 25.0).value) == 0


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
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_thesis_csv(write(tmp_path, text))
    assert "x.csv" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FormatError, match=r"none\.csv"):
        read_thesis_csv(tmp_path / "none.csv")
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        read_thesis_csv(path)


def test_another_event_rule_on_the_same_file(tmp_path):
    text = FACE.format("Neutral") * 5 + FACE.format("Surprise") * 5 + row_csv("None") + FACE.format("surprise")
    signal = label_signal(read_thesis_csv(write(tmp_path, text)), 25.0)
    np.testing.assert_array_equal(signal.value, [0] * 5 + [1] * 5 + [np.nan, 0])
    (event,) = Hysteresis().detect(signal, session_id="s", start_s=0.0)
    assert (event.onset_s, event.offset_s, event.trigger_s) == (0.2, 0.4, 0.4)
    assert signal.timeline.video.video_id == "x"
