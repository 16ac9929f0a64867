"""Video and curves in step: the frame that the player shows is the one at the cursor.

Every picture of the clips holds its own number as bars, which is read from the screen.
"""

import base64
from dataclasses import replace

import numpy as np
import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.pages.document import write_page
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.scoring.matching.window import Window
from ferbench.types import Timeline
from ferbench.video.pyav import PyavReader
from helpers.ffmpeg import make
from helpers.made_sessions import analysis_of, noise, session_of
from helpers.numbered_clip import BITS, READ_JS, write_numbered
from helpers.page_waiting import until

pytestmark = pytest.mark.browser

STEADY_MS = [40 * number for number in range(100)]
VARIABLE_MS = np.cumsum([0, *np.random.default_rng(1).choice([17, 33, 40, 66, 120, 400], 99)])


def timeline_of(path) -> Timeline:
    """True times of a video's frames, as ferbench reads them."""
    with PyavReader().open(path, batch_frames=16, threads=1, keep_damaged=False) as video:
        for _ in video:
            pass
        return video.timeline(video_id="p07", sha256="")


def result_of(*paths, starts_s=(0.0,)):
    analyses = []
    for path in paths:
        timeline = timeline_of(path)
        made = analysis_of(timeline.edges_s, noise(timeline.video.num_frames, smooth=10))
        analyses.append(replace(made, timeline=timeline))
    return session_of(analyses, [], starts_s=starts_s, files=[path.name for path in paths])


def page_of(path, result, clips=()):
    about = SessionAbout(rule="", criterion="", made_of=(), clips=clips)
    write_page(session_page(result, Hysteresis(), Window(), about), path)
    return path


def open_video(page, *paths):
    page.set_input_files("#video-file", [str(path) for path in paths])
    until(page, SETTLED_JS)


SETTLED_JS = """session.video.clips[session.video.part]?.zero != null
  && session.video.shown !== null && session.video.wanted === null
  && !session.video.player.seeking"""
"""JavaScript: whether the first frame was shown, which tells the zero, and all that were sought."""


def seek(page, seconds):
    """Seek, wait until the player has settled; numbers of the picture and of the cursor's frame."""
    page.evaluate("seconds => session.seek(seconds)", float(seconds))
    until(page, SETTLED_JS)
    return page.evaluate(READ_JS, BITS), page.evaluate(
        "frameAt(session.model, session.view.cursor)"
    )


FOLLOW_JS = """async (bits) => {
  const read = READ;
  const look = () => [read(bits), frameAt(session.model, session.view.cursor).number];
  const nextFrame = (done) =>
    session.video.player.requestVideoFrameCallback(() => done(look()));
  const seen = [];
  for (let k = 0; k < 25; k++) seen.push(await new Promise(nextFrame));
  return seen;
}""".replace("READ", READ_JS)
"""JavaScript: numbers of the picture and of the cursor's frame, while the video plays."""


def variable(path):
    return write_numbered(path, VARIABLE_MS.tolist())


def late(path):
    """The sound begins half a second before the picture."""
    return write_numbered(path, [time + 500 for time in STEADY_MS], sound_s=5)


def shifted(path):
    """The container's clock begins at 10 s."""
    plain = write_numbered(path.with_name("plain.mp4"), STEADY_MS)
    return make(path, "-i", str(plain), "-c", "copy", "-output_ts_offset", "10")


def webm(path):
    return write_numbered(path, STEADY_MS, codec="libvpx-vp9")


KINDS = {
    "steady.mp4": lambda path: write_numbered(path, STEADY_MS),
    "variable.mp4": variable,
    "variable.mkv": variable,
    "late.mp4": late,
    "shifted.mp4": shifted,
    "shifted.mkv": shifted,
    "steady.webm": webm,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_shown_frame_and_cursor_are_the_same_at_20_random_places(visits, tmp_path, name):
    path = KINDS[name](tmp_path / name)
    result = result_of(path)
    edges_s = result.parts[0].analysis.timeline.edges_s
    assert len(edges_s) == 101
    page = visits.open(page_of(tmp_path / "page.html", result))
    open_video(page, path)
    assert page.inner_text("#video-note") == ""

    off_cursor, off_asked = [], []
    for seconds in np.random.default_rng(5).uniform(edges_s[0], edges_s[-1], 20):
        shown, at_cursor = seek(page, seconds)
        asked = int(np.searchsorted(edges_s, seconds, side="right")) - 1
        off_cursor.append(shown - at_cursor["number"])
        off_asked.append(shown - asked)
    assert np.abs(off_cursor).max() == 0
    # Chromium itself cannot reach some frames of variable rate; the cursor then goes where it is.
    assert np.abs(off_asked).max() <= (2 if name.startswith("variable") else 0)
    assert np.count_nonzero(off_asked) <= (6 if name.startswith("variable") else 0)


@pytest.mark.slow
def test_the_cursor_follows_while_it_plays(visits, tmp_path):
    path = variable(tmp_path / "variable.mp4")
    page = visits.open(page_of(tmp_path / "page.html", result_of(path)))
    open_video(page, path)
    page.evaluate("document.getElementById('player').muted = true")
    page.keyboard.press(" ")
    seen = page.evaluate(FOLLOW_JS, BITS)
    page.keyboard.press(" ")
    assert page.evaluate("session.video.player.paused")
    shown, cursor = np.array(seen).T
    assert np.abs(shown - cursor).max() <= 1
    assert cursor[-1] > cursor[0]


def test_arrow_keys_step_from_picture_to_picture(visits, tmp_path):
    path = write_numbered(tmp_path / "p.mp4", STEADY_MS)
    page = visits.open(page_of(tmp_path / "page.html", result_of(path)))
    open_video(page, path)
    seek(page, 1.0)
    shown = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        until(page, SETTLED_JS)
        shown.append(page.evaluate(READ_JS, BITS))
    assert shown == [26, 27, 26]


def test_an_embedded_video_plays_without_a_file(visits, tmp_path):
    path = write_numbered(tmp_path / "p.mp4", STEADY_MS)
    clip = f"data:video/mp4;base64,{base64.b64encode(path.read_bytes()).decode()}"
    page = visits.open(page_of(tmp_path / "page.html", result_of(path), clips=(clip,)))
    until(page, SETTLED_JS)
    assert seek(page, 2.02)[0] == 50


def settled_at(page):
    until(page, SETTLED_JS)
    return page.evaluate(READ_JS, BITS)


def test_a_link_with_a_time_goes_there(visits, tmp_path):
    path = write_numbered(tmp_path / "p.mp4", STEADY_MS)
    clip = f"data:video/mp4;base64,{base64.b64encode(path.read_bytes()).decode()}"
    place = page_of(tmp_path / "page.html", result_of(path), clips=(clip,)).as_uri()
    page = visits.open(f"{place}#t=2.02")
    assert page.evaluate("session.view.cursor") == 2.02
    assert settled_at(page) == 50
    page.evaluate("location.hash = '#t=1.01'")
    until(page, "session.view.cursor === 1.01")
    assert settled_at(page) == 25
    page.evaluate("location.hash = '#t=1e9'")
    until(page, "session.view.cursor === session.model.to_s")
    for nowhere in ("#t=", "#t=soon", "#events", "#"):
        page = visits.open(f"{place}{nowhere}")
        assert page.evaluate("session.view.cursor") == 0


def test_a_video_that_is_opened_goes_to_the_cursor(visits, tmp_path):
    path = write_numbered(tmp_path / "p.mp4", STEADY_MS)
    place = page_of(tmp_path / "page.html", result_of(path)).as_uri()
    page = visits.open(f"{place}#t=2.02")
    page.set_input_files("#video-file", str(path))
    assert settled_at(page) == 50


def test_each_part_has_its_own_video(visits, tmp_path):
    one = write_numbered(tmp_path / "one.mp4", STEADY_MS)
    two = write_numbered(tmp_path / "two.mp4", STEADY_MS[:50])
    result = result_of(one, two, starts_s=(0.0, 60.0))
    page = visits.open(page_of(tmp_path / "page.html", result))
    open_video(page, two, one)
    assert seek(page, 3.0)[0] == 75
    shown, at_cursor = seek(page, 61.0)
    assert (shown, at_cursor["part"]) == (25, 1)
    assert seek(page, 0.2)[0] == 5


@pytest.mark.parametrize(
    ("name", "frames", "said"),
    [
        ("other.mp4", 100, "This page was made of p07.mp4, not of other.mp4."),
        ("p07.mp4", 40, "p07.mp4 lasts 0:01."),
    ],
)
def test_a_video_that_does_not_belong_is_told(visits, tmp_path, name, frames, said):
    right = write_numbered(tmp_path / "right" / "p07.mp4", STEADY_MS)
    wrong = write_numbered(tmp_path / "wrong" / name, STEADY_MS[:frames])
    page = visits.open(page_of(tmp_path / "page.html", result_of(right)))
    open_video(page, wrong)
    page.wait_for_timeout(600)
    assert said in page.inner_text("#video-note")


def test_frames_at_other_times_are_told(visits, tmp_path):
    """As long and called the same, but converted to another rate."""
    right = write_numbered(tmp_path / "right" / "p07.mp4", STEADY_MS)
    wrong = write_numbered(tmp_path / "wrong" / "p07.mp4", [60 * k for k in range(67)])
    page = visits.open(page_of(tmp_path / "page.html", result_of(right)))
    open_video(page, wrong)
    for seconds in np.linspace(0.3, 3.5, 12):
        seek(page, seconds)
    assert "frames are at other times" in page.inner_text("#video-note")


def test_a_file_that_cannot_be_played_is_told(visits, tmp_path):
    right = write_numbered(tmp_path / "p07.mp4", STEADY_MS)
    (tmp_path / "text.mp4").write_text("no video")
    page = visits.open(page_of(tmp_path / "page.html", result_of(right)))
    page.set_input_files("#video-file", str(tmp_path / "text.mp4"))
    until(page, "document.getElementById('video-note').textContent.includes('cannot be played')")


def test_playing_without_a_video_says_what_to_do(visits, tmp_path):
    right = write_numbered(tmp_path / "p07.mp4", STEADY_MS)
    page = visits.open(page_of(tmp_path / "page.html", result_of(right)))
    page.keyboard.press(" ")
    assert page.inner_text("#video-note") == "Open the video from disk first."
