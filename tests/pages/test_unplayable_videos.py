"""Videos whose pictures a browser cannot decode, of which it plays the sound without a word."""

import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.pages.document import write_page
from ferbench.pages.grading_page import ShownItem, grading_page
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.scoring.matching.window import Window
from helpers.ffmpeg import make, picture
from helpers.made_sessions import analysis_of, edges_of, noise, session_of
from helpers.page_waiting import until

pytestmark = pytest.mark.browser

TOLD = "{} cannot be played by this browser. A copy as MP4 with H.264 can."


@pytest.fixture(scope="module")
def hevc(tmp_path_factory):
    """Pictures that Chromium has no decoder for, and sound that it plays."""
    sound = ["-f", "lavfi", "-i", "sine=d=2"]
    how = ["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", "-c:a", "aac"]
    return make(tmp_path_factory.mktemp("hevc") / "p07.mp4", *picture(2.0), *sound, *how)


def test_a_sessions_page_says_so(visits, hevc, tmp_path):
    result = session_of([analysis_of(edges_of(60), noise(60))], [], files=["p07.mp4"])
    about = SessionAbout(rule="", criterion="", made_of=())
    write_page(session_page(result, Hysteresis(), Window(), about), tmp_path / "page.html")
    page = visits.open(tmp_path / "page.html")
    page.set_input_files("#video-file", hevc)
    until(page, "document.getElementById('video-note').textContent.includes('played')")
    assert page.evaluate("document.getElementById('player').videoWidth") == 0
    assert TOLD.format("p07.mp4") in page.inner_text("#video-note")
    assert not page.is_visible("#video-frame")


def test_the_blind_page_says_so(visits, hevc, tmp_path):
    times = {"onset_s": 0.5, "offset_s": 0.8, "trigger_s": 0.6, "from_s": 0.0, "to_s": 1.5}
    items = [ShownItem(item=name, session=name, label="", **times) for name in ("P07", "p08")]
    write_page(grading_page(items, context_s=0.5), tmp_path / "page.html")
    page = visits.open(tmp_path / "page.html")
    page.set_input_files("#video-file", hevc)
    until(page, "document.getElementById('video-missing').textContent.includes('played')")
    assert page.inner_text("#video-missing") == TOLD.format("p07.mp4")
    assert page.evaluate("[player.paused, player.hidden]") == [True, True]
    assert page.inner_text("#video-note") == "Taken: p07.mp4. Still without a video: p08."
