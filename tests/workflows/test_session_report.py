"""The page of stored predictions: the numbers of ``score``, and what cannot be shown."""

import json
import re

import numpy as np
import pytest

import ferbench as fb
from ferbench.errors import ConfigError, DatasetError, FormatError
from ferbench.formats.predictions import predictions_table, write_predictions
from ferbench.workflows import session_video
from helpers.made_sessions import analysis_of, edges_of, noise
from helpers.numbered_clip import write_numbered

MARKS = [("p07", 5.0, 7.0, "anna"), ("p07", 20.0, 20.0, "anna"), ("p07", 41.0, 41.0, "anna")]


def marks(*rows):
    return [
        fb.Annotation(
            session_id=name, onset_s=onset_s, offset_s=offset_s, kind="slip", annotator=who
        )
        for name, onset_s, offset_s, who in rows
    ]


@pytest.fixture(scope="module")
def analysis():
    return analysis_of(edges_of(1500, jitter=2), noise(1500, seed=1, smooth=40))


@pytest.fixture
def table(analysis, tmp_path):
    made = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
    return write_predictions(tmp_path / "tables", "p07", made)[0]


def data_of(path):
    [text] = re.findall(r'id="page-data">(.*?)</script>', path.read_text(encoding="utf-8"))
    return json.loads(text)


def test_each_threshold_of_the_page_has_the_numbers_of_score(analysis, tmp_path):
    annotations = marks(*MARKS)
    report = fb.write_session_report(analysis, tmp_path / "p07.html", annotations=annotations)
    data = data_of(report.path)
    for position in (0, len(data["levels"]) // 3, data["own"], len(data["levels"]) - 1):
        rule = {"enter": data["levels"][position]}
        events = fb.find_events(analysis, rule=rule)
        scores = fb.score(events, annotations, intervals=False)
        numbers = data["numbers"][position]
        for name in ("tp", "fp", "fn", "precision", "recall", "f1", "latency_s"):
            expected = None if np.isnan(scores[name].value) else scores[name].value
            assert numbers[name] == pytest.approx(expected)


def test_a_table_gives_the_same_page_as_the_predictions_themselves(analysis, table, tmp_path):
    one = fb.write_session_report(analysis, tmp_path / "one.html", annotations=marks(*MARKS))
    other = fb.write_session_report(table, tmp_path / "pages", annotations=marks(*MARKS))
    assert other.path == tmp_path / "pages" / "p07.html"
    assert other.result.events == one.result.events
    assert other.result.counts == one.result.counts
    assert data_of(other.path)["parts"][0]["edges"] == data_of(one.path)["parts"][0]["edges"]
    assert str(tmp_path) not in other.path.read_text(encoding="utf-8")


def test_annotations_of_others_are_shown_and_not_scored(analysis, tmp_path):
    annotations = marks(*MARKS, ("p07", 30.0, 31.0, "ben"))
    report = fb.write_session_report(
        analysis, tmp_path / "p07.html", annotations=annotations, annotator="anna"
    )
    assert report.result.counts.n_ref == 3
    rows = data_of(report.path)["annotations"]
    assert [(row["annotator"], row["scored"]) for row in rows] == [("anna", True)] * 3 + [
        ("ben", False)
    ]


def test_a_choice_between_annotators_is_asked_for(analysis, tmp_path):
    annotations = marks(*MARKS, ("p07", 30.0, 31.0, "ben"))
    with pytest.raises(DatasetError, match="annotator"):
        fb.write_session_report(analysis, tmp_path / "p07.html", annotations=annotations)
    assert not (tmp_path / "p07.html").exists()


def test_a_session_without_a_row_is_shown_unscored_with_the_reason(analysis, tmp_path):
    report = fb.write_session_report(
        analysis, tmp_path / "p07.html", annotations=marks(("p08", 1.0, 1.0, "anna"))
    )
    assert report.result.counts is None
    assert "no row in the annotations" in report.path.read_text(encoding="utf-8")
    assert "not scored" in repr(report)


def test_without_annotations_there_are_no_scores(analysis, tmp_path):
    report = fb.write_session_report(analysis, tmp_path / "p07.html")
    assert "not scored: no annotations were given" in report.path.read_text(encoding="utf-8")
    assert len(data_of(report.path)["levels"]) > 20


def test_no_face_and_no_event_are_said(tmp_path):
    nobody = analysis_of(edges_of(200), noise(200), has_face=np.zeros(200, bool))
    report = fb.write_session_report(nobody, tmp_path / "p07.html", annotations=marks(*MARKS[:1]))
    assert report.notes[0] == "No face was found in any frame."
    assert report.result.counts.fn == 1


@pytest.fixture
def video(tmp_path):
    return write_numbered(tmp_path / "p07.mp4", [40 * k for k in range(100)])


@pytest.fixture
def of_video(video):
    """Predictions that are of the video, as far as their frames and its digest say."""
    import hashlib
    from dataclasses import replace

    made = analysis_of(edges_of(100), noise(100))
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    info = replace(made.timeline.video, sha256=digest, path=video)
    return replace(made, timeline=replace(made.timeline, video=info))


def test_the_very_video_is_embedded_without_a_word(of_video, video, tmp_path):
    report = fb.write_session_report(of_video, tmp_path / "p.html", video=video, embed=True)
    assert report.notes == ()
    [part] = data_of(report.path)["parts"]
    assert part["file"] == "p07.mp4"
    assert part["clip"].startswith("data:video/mp4;base64,")


def test_without_embedding_no_picture_is_in_the_page(of_video, video, tmp_path):
    report = fb.write_session_report(of_video, tmp_path / "p.html", video=video)
    assert data_of(report.path)["parts"][0]["clip"] == ""
    assert "data:video" not in report.path.read_text(encoding="utf-8")


def test_a_copy_with_the_same_frames_is_told(of_video, tmp_path):
    copy = write_numbered(tmp_path / "small.mp4", [40 * k for k in range(100)], sound_s=1)
    report = fb.write_session_report(of_video, tmp_path / "p.html", video=copy, embed=True)
    assert report.notes == (
        "small.mp4 is not the file that was analysed, but is as long; is it a copy?",
    )


def test_another_video_is_refused_with_both_lengths(of_video, tmp_path):
    other = write_numbered(tmp_path / "other.mp4", [40 * k for k in range(50)])
    with pytest.raises(ConfigError, match=r"2\.\d+ s and has 50 frames; .* 4\.000 s and have 100"):
        fb.write_session_report(of_video, tmp_path / "p.html", video=other)
    assert not (tmp_path / "p.html").exists()


def test_a_missing_video_is_told(of_video, tmp_path):
    with pytest.raises(ConfigError, match="is not there"):
        fb.write_session_report(of_video, tmp_path / "p.html", video=tmp_path / "no.mp4")


def test_a_video_too_large_to_embed_is_told_with_its_size(of_video, video, tmp_path, monkeypatch):
    monkeypatch.setattr(session_video, "MOST_BYTES", 1000)
    with pytest.raises(ConfigError, match=r"would take \d+\.\d MiB"):
        fb.write_session_report(of_video, tmp_path / "p.html", video=video, embed=True)
    assert not (tmp_path / "p.html").exists()


def test_a_table_that_does_not_know_its_video_cannot_embed_it(table, tmp_path):
    with pytest.raises(ConfigError, match="nobody knows where the video is"):
        fb.write_session_report(table, tmp_path / "p.html", embed=True)


def test_files_that_are_no_predictions_are_refused(tmp_path):
    (tmp_path / "events.csv").write_text("session,onset_s,offset_s,trigger_s,label\n")
    with pytest.raises(ConfigError, match="a table of events"):
        fb.write_session_report(tmp_path / "events.csv", tmp_path / "p.html")
    (tmp_path / "broken.parquet").write_text("nothing")
    with pytest.raises(FormatError, match="cannot be read"):
        fb.write_session_report(tmp_path / "broken.parquet", tmp_path / "p.html")


def test_fifty_faces_an_hour_and_four_hours_stay_pages(tmp_path):
    crowd = analysis_of(edges_of(2000), noise(2000), per_frame=50)
    report = fb.write_session_report(crowd, tmp_path / "crowd.html")
    assert report.path.stat().st_size < 2**20
    long = analysis_of(edges_of(360_000), noise(360_000, smooth=80))
    marks_s = np.arange(30, 14_000, 60)
    annotations = marks(*[("p07", float(t), float(t), "anna") for t in marks_s])
    report = fb.write_session_report(long, tmp_path / "long.html", annotations=annotations)
    assert report.path.stat().st_size < 15 * 2**20
    assert len(data_of(report.path)["levels"]) == 200
