"""The thesis' study: the strict reading of its files, and the original's choice of files against
its own output.
"""

from __future__ import annotations

import json

import ferbench.conf
import pytest
from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.errors import DatasetError
from ferbench.thesis.sorocova_original import select, walk
from helpers.reference import SHARED, shared_path

CASES = sorted(path.name for path in (SHARED / "thesis" / "session_selection").glob("s*"))
HEADER = "id,participant_id,timestamp,session,predicted_error_type\n"
FILES = [
    "Proefpersoon51014_Sessie1.MP4",
    "Proefpersoon51014_Sessie2.MP4",
    "Proefpersoon51014_Sessie3.MP4",
    "Proefpersoon51014_Sessie12.MP4",
    "p/GH010012 10234 Sessie1.MP4",
    "p/._GH010012 10234 Sessie1.MP4",
    "20517/20517 SESSIE 01 deel b.Mp4",
    "20517/20517 sessie 1_deel A.mp4",
    "30991/Sessie2/GH01.mov",
    "11111 Sessie1 na 22222 Sessie2.MP4",
    "Sessie1/10234 Sessie3.mp4",
    "851014 Sessie1.mp4",
    "notes.txt",
]
ROWS = HEADER + (
    "1,51014,00:01:02,1,robot\n"
    "2,51014,00:03:00,1,user\n"
    "3,51014,01:00:30,1,robot\n"
    "4,51014,00:00:10,2,user\n"
    "5,10234,soon,1,robot\n"
    "6,20517,00:10:00,1,robot\n"
    "7,51014,00:00:10,3,robot\n"
    "8,40000,00:00:10,1,robot\n"
)


@pytest.fixture
def study(tmp_path):
    """A function from the choice of data set, files, CSV and overrides to the data set as conf/
    describes it.
    """

    def make(choice="sorocova", files=FILES, rows=ROWS, **fields):
        for name in files:
            path = tmp_path / "videos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (tmp_path / "errors.csv").write_text(rows, encoding="utf-8")
        conf = OmegaConf.load(f"{ferbench.conf.__path__[0]}/dataset/{choice}.yaml")
        content = dict(OmegaConf.to_container(conf))
        places = {"videos": str(tmp_path / "videos"), "annotations": str(tmp_path / "errors.csv")}
        return build({**content, **places, **fields}, where="dataset")

    return make


def told(dataset):
    return {
        s.session_id: (
            s.participant,
            [p.path.name for p in s.parts],
            s.annotations and [a.onset_s for a in s.annotations],
        )
        for s in dataset.load().sessions
    }


def test_strict_choice(study):
    dataset = study()
    assert told(dataset) == {
        "10234_1": ("10234", ["GH010012 10234 Sessie1.MP4"], None),
        "20517_1": ("20517", ["20517 sessie 1_deel A.mp4", "20517 SESSIE 01 deel b.Mp4"], [600.0]),
        "51014_1": ("51014", ["Proefpersoon51014_Sessie1.MP4"], [62.0, 3630.0]),
        "51014_2": ("51014", ["Proefpersoon51014_Sessie2.MP4"], ()),
    }
    assert (
        dataset.load()
        .sessions[0]
        .unscored.startswith("errors.csv, line 6: timestamp is 'soon', expected hours")
    )
    assert {a.kind for a in dataset.load().sessions[2].annotations} == {"robot"}


def test_strict_choice_tells_what_it_left_out(study):
    beside, pattern, *others = study().load().notices
    assert beside.startswith("left out, no recording, but what macOS keeps beside one: p/._GH")
    assert pattern.startswith(
        "pattern does not fit 5 of 11 videos: 11111 Sessie1 na 22222 Sessie2.MP4, 851014"
    )
    assert all(f"Sessie{n}.MP4" in pattern for n in (3, 12))
    assert others[0].startswith("errors.csv, line 9: no video is of session '40000_1'")
    assert others[1].startswith("errors.csv, line 8: no video is of session '51014_3'")
    assert others[2].startswith("errors.csv, line 6: timestamp is 'soon'")
    assert any(text == "errors.csv has no row for 30991_2: left out" for text in others)


def test_strict_choice_of_unlisted_sessions(study):
    assert "30991_2" in told(study(unlisted="unannotated"))


@pytest.mark.parametrize(
    "name",
    [
        "51014 en 51015 Sessie1.MP4",
        "51014 Sessie1 en Sessie2.MP4",
        "51014/Sessie2/Sessie3.MP4",
        "5101 Sessie1.mp4",
        "51014 Sessie0.mp4",
        "51014 1.mp4",
    ],
)
def test_strict_choice_refuses_what_is_ambiguous(study, name):
    dataset = study(files=["10234 Sessie1.mp4", name], rows=HEADER + "1,10234,00:00:01,1,robot\n")
    assert list(told(dataset)) == ["10234_1"]
    assert f"1 of 2 videos: {name}" in dataset.load().notices[0]


def test_two_files_of_one_session_are_refused(study):
    with pytest.raises(
        DatasetError,
        match=r"10234 Sessie1\.mp4 and b/10234 Sessie1\.mp4 are the same session, '10234_1'",
    ):
        study(files=["10234 Sessie1.mp4", "b/10234 Sessie1.mp4"]).load()


# ------------------------------------------------------------------------------------------------
# the original


def test_all_cases_are_there():
    shared_path("thesis/session_selection")
    assert len(CASES) == 15


@pytest.mark.parametrize("case", CASES)
def test_select_as_the_original(case):
    folder = shared_path(f"thesis/session_selection/{case}")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    pairs = select(
        expected["listing_in_walk_order"], (folder / "errors.csv").read_text(encoding="utf-8")
    )
    before = "" if expected["dir_arg_has_trailing_slash"] else "/"
    assert [[before + file for file in pair.files] for pair in pairs] == expected[
        "selected_per_accepted_row"
    ]
    assert len(pairs) == expected["pairs_processed"]
    first_use = dict.fromkeys(before + file for pair in pairs for file in pair.files)
    assert list(first_use) == expected["selected_files_in_first_use_order"]


@pytest.mark.parametrize("case", CASES)
def test_walk_lists_files_in_the_order_of_the_original(case, tmp_path):
    folder = shared_path(f"thesis/session_selection/{case}")
    listing = json.loads((folder / "expected.json").read_text(encoding="utf-8"))[
        "listing_in_walk_order"
    ]
    for name in listing:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(tmp_path)) == listing


def test_original_choice_as_a_data_set(study):
    files = [
        "51014 Sessie1.MP4",
        "51014 Sessie2.MP4",
        "20517 sessie1 a.mp4",
        "20517 sessie1 b.mp4",
        "40001.mov",
    ]
    rows = "6,51014,00:00:20,1,robot\n9,51014,00:00:40,1,user\n7,51014,00:00:30,2,robot\n"
    rows += "8,20517,00:10:00,1,robot\n9,40001,00:00:10,1,robot\n"
    dataset = study("sorocova_original", files=files, rows=HEADER + rows)
    assert told(dataset) == {
        "20517 sessie1 a": ("20517", ["20517 sessie1 a.mp4"], None),
        "20517 sessie1 b": ("20517", ["20517 sessie1 b.mp4"], None),
        "51014 Sessie1": ("51014", ["51014 Sessie1.MP4"], [20.0]),
        "51014 Sessie2": ("51014", ["51014 Sessie2.MP4"], [30.0]),
    }
    assert dataset.load().notices == (
        "errors.csv: no file was chosen for participant 40001, session 1",
        "20517 sessie1 a: not the only one chosen for participant 20517, session 1",
        "20517 sessie1 b: not the only one chosen for participant 20517, session 1",
    )


def test_a_file_that_the_original_chooses_twice_is_one_session_without_scores(study):
    files = ["12345 Sessie1.MP4", "x/12345 Sessie2.MP4", "y/12345 Sessie2.MP4"]
    rows = HEADER + "".join(
        f"1,{who},00:00:10,{n},robot\n" for n in (1, 2) for who in ("12345", "2345")
    )
    sessions = study("sorocova_original", files=files, rows=rows).load().sessions
    assert [s.session_id for s in sessions] == [
        "12345 Sessie1",
        "x/12345 Sessie2.MP4",
        "y/12345 Sessie2.MP4",
    ]
    assert all(s.annotations is None for s in sessions)
    assert (
        sessions[0].unscored
        == "chosen for several: participant 12345, session 1, participant 2345, session 1"
    )


def test_original_choice_without_any_file(study, tmp_path):
    with pytest.raises(DatasetError, match=r"no video of .* is chosen for any of its 1 pairs"):
        study("sorocova_original", files=["a.mp4"], rows=HEADER + "1,5,00:00:10,1,robot\n").load()
    with pytest.raises(DatasetError, match=r"videos: no such folder"):
        study("sorocova_original", videos=str(tmp_path / "none")).load()
    with pytest.raises(DatasetError, match="the annotations file cannot be read"):
        study("sorocova_original", annotations=str(tmp_path / "none.csv")).load()
