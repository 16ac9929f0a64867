"""Pages that carry video without the faces in it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

import ferbench as fb
from ferbench.errors import ConfigError, VideoError
from ferbench.thesis.frame_csv import write_thesis_csv
from ferbench.weights.digests import sha256_of
from ferbench.workflows.overlays import Wanted, shown_with
from helpers.clips import write_clip
from helpers.made_predictions import made_analysis, made_predictions

HEADER = "session,label,onset_s,offset_s,trigger_s\n"
SIZE = (320, 240)
TIMES_MS = [33 * number + 9 * (number % 3) for number in range(20)]


@pytest.fixture
def video(tmp_path):
    (tmp_path / "videos").mkdir()
    how = {"pts": TIMES_MS, "time_base": Fraction(1, 1000)}
    return write_clip(tmp_path / "videos" / "noise.mp4", frames=20, size=SIZE, **how)


@pytest.fixture
def table(video, tmp_path):
    """Surprised in the second half."""
    return made_predictions(video, tmp_path / "tables", surprised=slice(8, 20))


@pytest.fixture
def thesis_table(video, tmp_path):
    shown = shown_with(video, made_analysis(video), Wanted(), digest=sha256_of)
    path = tmp_path / "noise.mp4.apvit.retinaface.csv"
    write_thesis_csv(path, shown.overlay.thesis)
    return path


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(f"{HEADER}noise,surprise,0.3,0.5,0.4\n")
    return path


def data_of(page):
    [text] = re.findall(r'id="page-data">(.*?)</script>', page.read_text(encoding="utf-8"))
    return json.loads(text)


def pictures_of(clip, folder):
    """Times and pictures of a data: URI."""
    path = folder / "decoded.mp4"
    path.write_bytes(base64.b64decode(clip.removeprefix("data:video/mp4;base64,")))
    return frames_of(path)


def frames_of(path):
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def face_in(picture):
    """Inside of the participant's face."""
    height, width = picture.shape[:2]
    return picture[height * 40 // 100 : height * 60 // 100, width * 36 // 100 : width * 54 // 100]


def is_covered(picture):
    return np.abs(face_in(picture).astype(int) - 32).max() < 12


def roughness(picture):
    """Of the face: how much neighbouring pixels differ."""
    return np.diff(face_in(picture).astype(int), axis=0).std()


def has_lost(method, picture):
    return is_covered(picture) if method == "box" else roughness(picture) < 10


@pytest.mark.parametrize("method", ["blur", "pixelate", "box"])
def test_the_video_of_a_session_page_has_its_times_and_no_face(method, video, table, tmp_path):
    how = {"video": video, "embed": True}
    report = fb.write_session_report(table, tmp_path / "p.html", anonymize=method, **how)
    made = pictures_of(data_of(report.path)["parts"][0]["clip"], tmp_path)
    source = frames_of(video)
    assert [time_s for time_s, _ in made] == pytest.approx([at for at, _ in source], abs=1e-4)
    assert all(has_lost(method, picture) for _, picture in made)
    assert not any(has_lost(method, picture) for _, picture in source)
    corners = [
        np.array([picture[-20:, :40] for _, picture in each]).astype(int) for each in (made, source)
    ]
    assert np.abs(corners[0] - corners[1]).mean() < 6, "only faces are hidden"
    assert f"are hidden ({method})" in report.notes[-1]
    assert report.notes[-1] in report.path.read_text(encoding="utf-8")


def test_the_page_of_an_analysis_and_further_faces(video, tmp_path):
    found = made_analysis(video)
    few = replace(
        found,
        faces=found.faces.rows(np.arange(1, len(found.faces), 2)),
        expressions=replace(
            found.expressions,
            frame=found.expressions.frame[:0],
            face=found.expressions.face[:0],
            logits=found.expressions.logits[:0],
        ),
    )

    def covered(**how):
        page = tmp_path / "p.html"
        fb.write_session_report(few, page, video=video, embed=True, anonymize="box", **how)
        pictures = pictures_of(data_of(page)["parts"][0]["clip"], tmp_path)
        return [is_covered(picture) for _, picture in pictures]

    assert not any(covered())
    assert all(covered(hidden=found))
    assert all(covered(hidden=made_predictions(video, tmp_path / "more").parent))


def test_what_a_session_page_cannot_hide_is_refused(video, table, thesis_table, tmp_path):
    page = tmp_path / "p.html"
    with pytest.raises(ConfigError, match="anonymize: faces are hidden in an embedded video"):
        fb.write_session_report(table, page, video=video, anonymize="box")
    with pytest.raises(ConfigError, match="anonymize: expected one of blur, pixelate, box"):
        fb.write_session_report(table, page, video=video, embed=True, anonymize="smudge")
    with pytest.raises(ConfigError, match="hidden: faces are hidden with a method"):
        fb.write_session_report(table, page, video=video, embed=True, hidden=table)
    with pytest.raises(ConfigError, match="one face per frame, others would stay"):
        fb.write_session_report(
            table, page, video=video, embed=True, anonymize="box", hidden=thesis_table
        )
    other = write_clip(tmp_path / "other.mp4", frames=20, size=SIZE, options={"g": "5"})
    with pytest.raises(VideoError, match="does not belong to"):
        fb.write_session_report(table, page, video=other, embed=True, anonymize="box")
    assert not page.exists()


def test_a_copy_that_does_not_fit_is_told_while_it_is_made(video, table, tmp_path, monkeypatch):
    monkeypatch.setattr("ferbench.workflows.session_video.MOST_BYTES", 3000)
    with pytest.raises(ConfigError, match=r"with hidden faces has more than 0\.0 MiB after \d+ of"):
        fb.write_session_report(
            table, tmp_path / "p.html", video=video, embed=True, anonymize="box"
        )
    assert not (tmp_path / "p.html").exists()


def clip_of(page, folder):
    [item] = data_of(page)["items"]
    return [picture for _, picture in pictures_of(item["clip"], folder)]


@pytest.mark.parametrize("method", ["blur", "pixelate", "box"])
def test_clips_to_be_graded_have_no_face(method, video, table, tmp_path):
    how = {"embed": video.parent, "context_s": 0.1}
    shown = fb.write_grading_page(table, tmp_path / "shown.html", **how)
    assert not any(has_lost(method, picture) for picture in clip_of(shown.page, tmp_path))
    hidden = fb.write_grading_page(table, tmp_path / "hidden.html", anonymize=method, **how)
    pictures = clip_of(hidden.page, tmp_path)
    assert len(pictures) > 5
    assert all(has_lost(method, picture) for picture in pictures)


def test_faces_of_all_models_are_hidden(video, table, events, tmp_path):
    """Tables of events know no faces; another model's predictions, or further ones, do."""
    how = {"embed": video.parent, "anonymize": "box", "context_s": 0.1}
    out = tmp_path / "g.html"
    with pytest.raises(ConfigError, match="no predictions tell where its faces are"):
        fb.write_grading_page(events, out, **how)
    assert not out.exists()
    fb.write_grading_page([events, f"b={table}"], out, **how)
    assert all(map(is_covered, clip_of(out, tmp_path)))
    for number, hidden in enumerate((table, table.parent)):
        out = tmp_path / f"g{number}.html"
        fb.write_grading_page(events, out, hidden=hidden, **how)
        assert all(map(is_covered, clip_of(out, tmp_path)))


def test_what_a_grading_page_cannot_hide_is_refused(video, events, table, thesis_table, tmp_path):
    out = tmp_path / "g.html"
    how = {"embed": video.parent, "anonymize": "box"}
    with pytest.raises(ConfigError, match="anonymize: faces are hidden in embedded clips"):
        fb.write_grading_page(table, out, anonymize="box")
    with pytest.raises(ConfigError, match="hidden: faces are hidden with a method"):
        fb.write_grading_page(table, out, hidden=table)
    with pytest.raises(ConfigError, match="one face per frame, others would stay"):
        fb.write_grading_page(events, out, hidden=thesis_table, **how)
    write_clip(video, frames=20, size=SIZE, options={"g": "5"})
    with pytest.raises(VideoError, match="does not belong to"):
        fb.write_grading_page(table, out, **how)
    assert not out.exists()


def test_the_commands_hide_faces(video, table, tmp_path, ferbench):
    page = tmp_path / "p.html"
    how = ("--video", video, "--embed", "--out", page)
    ended = ferbench("timeline", table, *how, "--anonymize", "box")
    assert ended.code == 0, ended.err
    clip = data_of(page)["parts"][0]["clip"]
    assert all(is_covered(picture) for _, picture in pictures_of(clip, tmp_path))
    assert "all faces that were found are hidden (box)" in ended.err
    ended = ferbench("timeline", table, *how, "--anonymize", "smudge")
    assert "--anonymize: expected one of blur, pixelate, box, got 'smudge'" in ended.err

    out = tmp_path / "g.html"
    how = ("--embed", video.parent, "--out", out, "--context", "0.1")
    ended = ferbench("grade", table, *how, "--anonymize", "box")
    assert ended.code == 0, ended.err
    assert all(map(is_covered, clip_of(out, tmp_path)))
    ended = ferbench("grade", table, "--out", out, "--anonymize", "box")
    assert "embed them with --embed" in ended.err
