"""The page that hides models, and its key: who is credited, and that no name is in it."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections import Counter

import av
import pytest

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.grades import GradeRow, write_grade_table
from ferbench.formats.grading_key import read_grading_key
from ferbench.workflows.score_grades import score_grades
from ferbench.workflows.write_grading_page import write_grading_page
from helpers.reference import shared_path

HEADER = "session,label,onset_s,offset_s,trigger_s\n"


@pytest.fixture
def tables(tmp_path):
    """Two models: one event of both, one of each."""
    one, other = tmp_path / "posterX.csv", tmp_path / "apvitY.csv"
    one.write_text(f"{HEADER}P1,surprise,10,12,11\nP1,surprise,30,31,30.5\n")
    other.write_text(f"{HEADER}P1,surprise,10.5,13,11.4\nP2,surprise,5,6,5.5\n")
    return [one, other]


def items_of(page):
    found = re.search(r'id="page-data">(.*?)</script>', page.read_text(encoding="utf-8"))
    return json.loads(found[1])["items"]


def test_near_events_are_shown_once_and_count_for_each_model(tables, tmp_path):
    written = write_grading_page(tables, tmp_path / "g.html", context_s=2)
    assert (written.items, written.events, written.models) == (3, 4, ("apvitY", "posterX"))
    key = read_grading_key(written.key)
    models = {item: sorted(row.model for row in rows) for item, rows in key.items()}
    assert sorted(models.values()) == [["apvitY"], ["apvitY", "posterX"], ["posterX"]]
    shown = {item["item"]: item for item in items_of(written.page)}
    (both,) = [item for item, names in models.items() if len(names) == 2]
    assert shown[both] == {
        **{"item": both, "session": "P1", "label": "surprise", "clip": ""},
        **{"onset_s": 10.0, "offset_s": 13.0, "trigger_s": 11.0, "from_s": 8.0, "to_s": 15.0},
    }
    assert {row.model: row.trigger_s for row in key[both]} == {"posterX": 11.0, "apvitY": 11.4}


def test_no_model_is_in_the_page(tables, tmp_path):
    written = write_grading_page(tables, tmp_path / "g.html")
    content = written.page.read_bytes().lower()
    for name in (b"posterx", b"apvity", str(tmp_path).encode()):
        assert name not in content


def test_items_are_the_same_for_every_order(tables, tmp_path):
    pages = [
        write_grading_page(given, tmp_path / f"{seed}.html", seed=seed)
        for seed, given in enumerate([tables, tables[::-1], tables, tables])
    ]
    orders = [tuple(item["item"] for item in items_of(each.page)) for each in pages]
    assert len(set(orders)) > 1
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len({each.key.read_bytes() for each in pages}) == 1
    again = write_grading_page(tables, tmp_path / "0.html", seed=0)
    assert tuple(item["item"] for item in items_of(again.page)) == orders[0]


def test_the_order_says_nothing_about_the_model(tmp_path):
    """All events of one model come before all of the other in time, and not on the page."""
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text(HEADER + "".join(f"S,x,{k},{k},{k}\n" for k in range(0, 200, 2)))
    other.write_text(HEADER + "".join(f"S,x,{k},{k},{k}\n" for k in range(200, 400, 2)))
    written = write_grading_page([one, other], tmp_path / "g.html")
    key = read_grading_key(written.key)
    models = [key[item["item"]][0].model for item in items_of(written.page)]
    assert 30 < Counter(models[:100])["a"] < 70


def test_grades_of_the_page_are_counted_with_the_key(tables, tmp_path):
    written = write_grading_page(tables, tmp_path / "g.html")
    rows = [
        GradeRow(
            rater="Ann",
            session=item["session"],
            item=item["item"],
            label=item["label"],
            onset_s=item["onset_s"],
            offset_s=item["offset_s"],
            trigger_s=item["trigger_s"],
            grade="wrong" if item["onset_s"] == 30 else "right",
        )
        for item in items_of(written.page)
    ]
    write_grade_table(tmp_path / "ann.csv", rows)
    scores = score_grades(tmp_path / "ann.csv", key=written.key, intervals=False)
    assert {each.model: (each.right, each.wrong, each.missed) for each in scores.models} == {
        "apvitY": (2, 0, 0),
        "posterX": (1, 1, 1),
    }


def test_the_thesis_files_name_their_models_and_have_time_codes(tmp_path):
    folder = shared_path("thesis/batch/frames")
    written = write_grading_page(folder, tmp_path / "g.html", fps=25, labels=["surprise"])
    assert written.models == ("APViT", "POSTER_V2-AN7", "POSTER_V2-RAF")
    rows = [row for rows in read_grading_key(written.key).values() for row in rows]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d:\d\d", row.timecode) for row in rows)
    assert written.items < written.events == len(rows)
    content = written.page.read_bytes()
    assert b"APViT" not in content
    assert b"POSTER" not in content


def test_names_of_results(tables, tmp_path):
    run = tmp_path / "cell_7" / "events.csv"
    run.parent.mkdir()
    run.write_bytes(tables[0].read_bytes())
    (run.parent / "sessions.csv").write_text("session,observed_s,participant\nP1,60,p01\n")
    written = write_grading_page([run, f"other model={tables[1]}"], tmp_path / "g.html")
    assert written.models == ("cell_7", "other model")
    rows = [row for rows in read_grading_key(written.key).values() for row in rows]
    assert {row.participant for row in rows if row.model == "cell_7"} == {"p01"}
    with pytest.raises(ConfigError, match="name them: MODEL=PATH"):
        write_grading_page([tables[0], tables[0]], tmp_path / "g.html")


def test_what_cannot_be_used_is_told(tables, tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text(f"{HEADER}P1,surprise,soon,1,1\n")
    written = write_grading_page([*tables, broken], tmp_path / "g.html")
    assert list(written.failures) == [broken]
    with pytest.raises(FormatError, match="onset_s is 'soon'"):
        write_grading_page([broken], tmp_path / "none.html")
    with pytest.raises(ConfigError, match=r"ends in \.html"):
        write_grading_page(tables, tmp_path / "g.csv")
    with pytest.raises(ConfigError, match="no file or folder"):
        write_grading_page([tmp_path / "nothing.csv"], tmp_path / "g.html")
    assert not (tmp_path / "none.html").exists()


def test_clips_are_within_the_page_when_asked_for(tables, tmp_path, small_clip):
    videos = tmp_path / "videos"
    videos.mkdir()
    shutil.copyfile(small_clip, videos / "P1.MP4")
    for table in tables:
        table.write_text(f"{HEADER}P1,surprise,0.5,0.7,0.6\n")
    done = []
    written = write_grading_page(
        tables,
        tmp_path / "g.html",
        context_s=0.2,
        embed=videos,
        on_clip=lambda *progress: done.append(progress),
    )
    (item,) = items_of(written.page)
    assert done == [(1, 1)]
    kind, _, text = item["clip"].partition(",")
    assert kind == "data:video/mp4;base64"
    (tmp_path / "clip.mp4").write_bytes(base64.b64decode(text))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        seconds = [frame.time for frame in container.decode(video=0)]
    assert item["from_s"] == pytest.approx(0.3, abs=1 / 30)
    assert len(seconds) == round((item["to_s"] - item["from_s"]) * 30)
    assert list(tmp_path.glob("*.mp4")) == [tmp_path / "clip.mp4"]


def test_clips_that_are_missing_or_too_large_are_told_before_anything_is_written(
    tables, tmp_path, small_clip, monkeypatch
):
    videos = tmp_path / "videos"
    videos.mkdir()
    shutil.copyfile(small_clip, videos / "P1.mp4")
    with pytest.raises(ConfigError, match="has no video of P2"):
        write_grading_page(tables, tmp_path / "g.html", embed=videos)
    shutil.copyfile(small_clip, videos / "P2.mp4")
    monkeypatch.setattr("ferbench.workflows.write_grading_page.MOST_BYTES", 5000)
    with pytest.raises(ConfigError, match="3 clips do not fit into 0 MiB"):
        write_grading_page(tables, tmp_path / "g.html", embed=videos)
    with pytest.raises(ConfigError, match="expected at most 0"):
        write_grading_page(tables, tmp_path / "g.html")
    assert not (tmp_path / "g.html").exists()
    assert not (tmp_path / "g_key.csv").exists()


def test_the_key_of_another_page_is_never_lost(tables, tmp_path):
    written = write_grading_page(tables, tmp_path / "g.html")
    before = written.key.read_bytes()
    with pytest.raises(ConfigError, match="key of a page with other events"):
        write_grading_page(tables[:1], tmp_path / "g.html")
    assert written.key.read_bytes() == before
    write_grading_page(tables, tmp_path / "g.html", seed=3)
