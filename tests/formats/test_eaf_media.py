"""Which of the files that ELAN links is the session's video, and on whose clock times are."""

from __future__ import annotations

import json

import pytest
from pympi import Eaf

from ferbench.datasets.study import Study
from ferbench.errors import FormatError
from ferbench.formats.elan import read_elan
from ferbench.formats.reading import read_annotations
from helpers.eaf import aligned, document, medium, tier

SOUND = medium("file:///D:/v/P01_mic.wav", "audio/x-wav")


def eaf(path, *media, onset_ms=5000):
    content = document(
        tier("err", aligned("a1", "t1", "t2")),
        slots={"t1": onset_ms, "t2": onset_ms + 1000},
        media=media,
    )
    path.write_text(content)
    return path


VARIANTS = {  # linked files, the session, seconds of its onset, its URL
    "nothing linked": ([], "x", 5.0, ""),
    "a video": ([medium("file:///D:/v/P01.mp4")], "P01", 5.0, "file:///D:/v/P01.mp4"),
    "a video that begins before": ([medium("P01.mp4", TIME_ORIGIN=1250)], "P01", 6.25, "P01.mp4"),
    "a video that begins after": ([medium("P01.mp4", TIME_ORIGIN=-1250)], "P01", 3.75, "P01.mp4"),
    "a sound first": ([SOUND, medium("P01.mp4", TIME_ORIGIN=5000)], "P01", 10.0, "P01.mp4"),
    "a sound last": ([medium("P01.mp4", TIME_ORIGIN=5000), SOUND], "P01", 10.0, "P01.mp4"),
    "a sound that has an offset": (
        [medium("P01.wav", "audio/x-wav", TIME_ORIGIN=700), medium("P01.mp4")],
        *("P01", 5.0, "P01.mp4"),
    ),
    "a sound told by its suffix": (
        [medium("P01.WAV", "unknown", TIME_ORIGIN=700), medium("P02.mp4", "unknown")],
        *("P02", 5.0, "P02.mp4"),
    ),
    "a sound told by its kind": (
        [medium("P01", "audio/*"), medium("P02.mpg", "video/mpeg")],
        *("P02", 5.0, "P02.mpg"),
    ),
    "a picture": (
        [medium("P01.jpg", "image/jpeg"), medium("P02.mpg", "video/mpeg")],
        *("P02", 5.0, "P02.mpg"),
    ),
    "a video of a kind that ELAN does not know": (
        [medium("D:\\v\\P01 front.MKV", "unknown")],
        *("P01 front", 5.0, "D:\\v\\P01 front.MKV"),
    ),
    "a relative link only": (
        ['<MEDIA_DESCRIPTOR RELATIVE_MEDIA_URL="./v/P01.mp4" MIME_TYPE="video/mp4"/>'],
        *("P01", 5.0, "./v/P01.mp4"),
    ),
    "two videos": (
        [medium("P01_front.mp4", TIME_ORIGIN=100), medium("P01_side.mp4", TIME_ORIGIN=900)],
        *("P01_front", 5.1, "P01_front.mp4"),
    ),
    "a sound and two videos": (
        [SOUND, medium("P01_front.mp4"), medium("P01_side.mp4", TIME_ORIGIN=900)],
        *("P01_front", 5.0, "P01_front.mp4"),
    ),
    "a sound that was taken from a video": (
        [medium("a.wav", "audio/x-wav", TIME_ORIGIN=250, EXTRACTED_FROM="file:///v/P01.mp4")],
        *("P01", 5.25, "file:///v/P01.mp4"),
    ),
    "a sound only": ([SOUND], "x", 5.0, ""),
    "a sound only, of the same name": (
        [medium("x.wav", "audio/x-wav", TIME_ORIGIN=500)],
        *("x", 5.5, ""),
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(name, tmp_path):
    media, session, onset_s, url = VARIANTS[name]
    path = eaf(tmp_path / "x.eaf", *media)
    (row,) = read_elan(path).rows
    assert (row.session, row.onset, row.columns["media"]) == (session, onset_s, url)
    if all('MEDIA_URL="' in each and " MEDIA_URL" in each for each in media):
        theirs = Eaf(str(path))
        linked = {each["MEDIA_URL"]: each for each in theirs.get_linked_files()}
        (onset_ms, _, _) = theirs.get_annotation_data_for_tier("err")[0]
        if url in linked:
            origin_ms = int(linked[url].get("TIME_ORIGIN", 0))
            assert row.onset == (onset_ms + origin_ms) / 1000


def test_several_videos_and_none_are_told(tmp_path):
    path = eaf(tmp_path / "x.eaf", SOUND, medium("P01_a.mp4"), medium("P01_b.mp4"))
    assert read_elan(path).notes == (
        "x.eaf links 2 videos (P01_a, P01_b); its times are those of P01_a",
    )
    assert read_elan(eaf(path, SOUND, medium("P01.mp4"))).notes == ()
    assert read_elan(eaf(path, SOUND)).notes == (
        "x.eaf links no video, only sound (P01_mic); taken as of 'x'",
    )


CAMERAS = [
    medium("file:///v/P01_front.mp4", TIME_ORIGIN=250),
    medium("file:///v/P01_side.mp4", TIME_ORIGIN=-4000),
    medium("file:///v/P01_top.mp4", TIME_ORIGIN=8000),
]


@pytest.mark.parametrize(("camera", "onset_s"), [("front", 5.25), ("side", 1.0), ("top", 13.0)])
def test_each_camera_of_a_study_has_its_own_clock(camera, onset_s, tmp_path):
    for name in ("front", "side", "top"):
        (tmp_path / f"P01_{name}.mp4").touch()
    study = Study(
        videos=str(tmp_path),
        pattern=r"(?P<session>P\d+)_(?P<camera>[a-z]+)",
        camera=camera,
        annotations=str(eaf(tmp_path / "x.eaf", SOUND, *CAMERAS)),
    )
    (session,) = study.load().sessions
    assert session.session_id == "P01"
    assert [annotation.onset_s for annotation in session.annotations] == [onset_s]


def test_before_the_start_of_one_camera_is_not_before_that_of_another(tmp_path):
    path = eaf(tmp_path / "x.eaf", *CAMERAS, onset_ms=3000)
    assert [row.onset for row in read_elan(path, videos=["p01_TOP"]).rows] == [11.0]
    (refused,) = read_elan(path, videos=["P01_side"]).refused
    assert "begins at -1 s, before the start of its video" in refused.reason


def test_a_study_without_the_first_camera(tmp_path):
    (tmp_path / "P01_side.mp4").touch()
    study = Study(videos=str(tmp_path), annotations=str(eaf(tmp_path / "x.eaf", *CAMERAS)))
    loaded = study.load()
    assert [a.onset_s for a in loaded.sessions[0].annotations] == [1.0]
    assert any("its times are those of P01_side" in notice for notice in loaded.notices)


def test_an_empty_tier_is_of_the_session_s_camera(tmp_path):
    (tmp_path / "P01_side.mp4").touch()
    path = tmp_path / "x.eaf"
    path.write_text(document(tier("err"), slots={}, media=CAMERAS))
    (session,) = Study(videos=str(tmp_path), annotations=str(path)).load().sessions
    assert session.annotations == ()


def test_a_sound_s_name_counts_where_a_video_has_it(tmp_path):
    path = eaf(tmp_path / "x.eaf", medium("P07.wav", "audio/x-wav", TIME_ORIGIN=500))
    (row,) = read_elan(path, videos=["P06", "P07"]).rows
    assert (row.session, row.onset) == ("P07", 5.5)


def test_a_notebook_names_its_videos(tmp_path):
    path = eaf(tmp_path / "x.eaf", *CAMERAS)
    (row,) = read_annotations(path, videos=["P01_top", "P01_side"]).rows
    assert (row.session, row.onset) == ("P01_top", 13.0)


def test_score_takes_the_camera_that_the_events_are_of(ferbench, tmp_path):
    path = eaf(tmp_path / "x.eaf", SOUND, *CAMERAS)
    events = tmp_path / "events.csv"
    events.write_text("session,onset_s,trigger_s\nP01_side,1.0,1.0\n")
    given = ("score", events, path, "--pre", "0.1", "--post", "0.1", "--no-intervals", "--json")
    ended = ferbench(*given)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["sessions"]["P01_side"]["tp"] == 1


@pytest.mark.parametrize("origin", ["soon", "1.5", "9" * 5000])
def test_a_video_s_offset_that_is_no_number_is_named_with_its_line(origin, tmp_path):
    path = eaf(tmp_path / "x.eaf", medium("P01.mp4", TIME_ORIGIN=origin))
    with pytest.raises(FormatError, match=r"x\.eaf, line 2: TIME_ORIGIN (is|has) "):
        read_elan(path)
    eaf(path, medium("P01.wav", "audio/x-wav", TIME_ORIGIN=origin), medium("P01.mp4"))
    assert [row.onset for row in read_elan(path).rows] == [5.0], "nobody reads the sound's"


def test_a_percent_sign_may_be_the_name_s_own(tmp_path):
    path = eaf(tmp_path / "x.eaf", medium("file:///v/P01%20a.mp4"))
    assert read_elan(path).sessions == {"P01 a"}
    assert read_elan(path, videos=["P01%20a"]).sessions == {"P01%20a"}


def test_init_takes_the_camera_that_is_there(ferbench, tmp_path):
    (tmp_path / "P01_side.mp4").touch()
    path = eaf(tmp_path / "x.eaf", SOUND, *CAMERAS)
    ended = ferbench("init", tmp_path, "--annotations", path, "--out", tmp_path / "conf")
    assert "x.eaf: 1 annotation" in ended.out
    assert "its times are those of P01_side" in " ".join(ended.out.split())
