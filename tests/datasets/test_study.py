"""Studies as labs have them: participants, cameras, parts, starts, annotators, manifests."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.datasets.naming import Finder
from ferbench.datasets.recordings import natural
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.spelling import comparable_name
from ferbench.types import Annotation

NUMBERED = r"(?P<participant>P\d+)_S(?P<session>\d+)"
WITHIN = "{participant}_{session}"


@pytest.fixture
def lab(tmp_path):
    """A function that makes empty videos and a CSV and returns their Study."""

    def make(files=(), rows=None, manifest=None, **fields):
        folder = tmp_path / "videos"
        folder.mkdir(exist_ok=True)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        if rows is not None:
            (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
            fields["annotations"] = str(tmp_path / "rows.csv")
        if manifest is not None:
            (tmp_path / "sessions.csv").write_text(manifest, encoding="utf-8")
            fields["manifest"] = str(tmp_path / "sessions.csv")
        return Study(**{"videos": str(folder), **fields})

    return make


def names(study) -> list[str]:
    return [session.session_id for session in study.load().sessions]


def onsets(study) -> dict[str, list[float] | None]:
    return {
        s.session_id: None if s.annotations is None else [a.onset_s for a in s.annotations]
        for s in study.load().sessions
    }


def parts(study) -> dict[str, list[tuple[str, float | None]]]:
    return {
        s.session_id: [(p.path.name, p.start_s) for p in s.parts] for s in study.load().sessions
    }


def refusal(study) -> str:
    with pytest.raises(DatasetError) as raised:
        study.load()
    return str(raised.value)


# -------------------------------------------------------------------------------------------------
# file names


def test_names_tell_participant_session_and_part(lab):
    files = [
        *(f"P01_S1_part{n}.mp4" for n in range(10, 0, -1)),
        "day2/P01_S2_part1.mp4",
        "day1/P02_S1_part1.mp4",
    ]
    study = lab(
        files, recursive=True, pattern=NUMBERED + r"_part(?P<part>\d+)", session_name=WITHIN
    )
    assert parts(study) == {
        "P01_1": [(f"P01_S1_part{n}.mp4", None) for n in range(1, 11)],
        "P01_2": [("P01_S2_part1.mp4", None)],
        "P02_1": [("P02_S1_part1.mp4", None)],
    }
    assert [s.participant for s in study.load().sessions] == ["P01", "P01", "P02"]
    assert study.load().notices == ()


def test_folders_tell_too(lab):
    pattern = r"^(?P<participant>[^/]+)/(?P<camera>[^/]+)/(?P<session>[^/]+)\.mp4$"
    study = lab(
        ["anna/front/one.mp4", "anna/side/one.mp4"], recursive=True, pattern=pattern, camera="side"
    )
    [session] = study.load().sessions
    assert (session.session_id, session.participant, session.camera) == ("one", "anna", "side")
    assert session.parts[0].path.parent.name == "side"


def test_files_that_the_pattern_does_not_fit(lab):
    study = lab(["P1_S1.mp4", "test.mp4", "P1_Sx.mp4"], pattern=NUMBERED)
    assert names(study) == ["1"]
    [notice] = study.load().notices
    assert notice == "pattern does not fit 2 of 3 videos: P1_Sx.mp4, test.mp4; left out"
    assert "fits none of 3 videos: P1_S1.mp4, P1_Sx.mp4, test.mp4" in refusal(
        lab(pattern=r"(?P<session>\d{4})")
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"pattern": "(?P<session>.)["}, "pattern: not a regular expression: .* at position 14"),
        (
            {"pattern": "(?P<session>.)(?P<particpant>.)"},
            r"no group 'particpant' \(did you mean 'participant'\?\)",
        ),
        ({"pattern": "(?P<participant>.)"}, r"needs a group \(\?P<session>"),
        (
            {"pattern": NUMBERED, "session_name": "P"},
            "session_name: expected a text with {session}",
        ),
        ({"pattern": NUMBERED, "session_name": "{subject}"}, "session_name: expected"),
        ({"pattern": NUMBERED, "session_name": "{session:3}"}, "session_name: expected"),
        ({"pattern": NUMBERED, "session_name": "{session"}, "session_name: .* is no template"),
        (
            {"videos": None},
            "videos: expected a folder or a file here, or a CSV of files as manifest",
        ),
    ],
)
def test_settings_that_cannot_be_used(lab, fields, says):
    with pytest.raises(ConfigError, match=says):
        lab(["P1_S1.mp4"], **fields)


def test_one_session_name_for_two_participants(lab):
    told = refusal(lab(["P1_S1.mp4", "P2_S1.mp4"], pattern=NUMBERED))
    assert "session '1' is there for participants 'P1' (P1_S1.mp4) and 'P2' (P2_S1.mp4)" in told
    assert f"session_name='{WITHIN}'" in told
    told = refusal(
        lab(
            ["P1_S11.mp4", "P11_S1.mp4"],
            pattern=r"P(?P<participant>\d+)_S(?P<session>\d+)",
            session_name="{participant}{session}",
        )
    )
    assert "P11_S1.mp4 and P1_S11.mp4 both make the session name '111'" in told


def test_lookalikes_are_told(lab):
    [notice] = lab(["a.mp4", "A.mp4"]).load().notices
    assert notice == (
        "the sessions 'A' and 'a' differ only in case or leading zeros; they are taken as different"
    )


# -------------------------------------------------------------------------------------------------
# cameras

FILMED = ["S1_front.mp4", "S1_side.mp4", "S2_front.mp4", "S3_Side.mp4"]
CAMERA = r"(?P<session>S\d+)_(?P<camera>\w+)\."


def test_a_camera_must_be_chosen(lab):
    study = lab(FILMED, pattern=CAMERA)
    assert (
        "several cameras: front (2 sessions), side (2 sessions); choose one with camera="
        in refusal(study)
    )


def test_the_chosen_camera(lab):
    study = lab(FILMED, pattern=CAMERA, camera="SIDE")
    assert parts(study) == {"S1": [("S1_side.mp4", None)], "S3": [("S3_Side.mp4", None)]}
    assert {s.camera for s in study.load().sessions} == {"side"}
    assert study.load().notices == ("no video of camera 'side': S2; left out",)
    assert "there is no 'frnt' (did you mean 'front'?); there are: front, side" in refusal(
        lab(FILMED, pattern=CAMERA, camera="frnt")
    )
    assert "there is no 'front'" in refusal(
        lab(["S1.mp4"], pattern=r"(?P<session>S1\.)", camera="front")
    )


def test_rows_of_sessions_without_the_chosen_camera_are_not_strays(lab):
    rows = "session,onset_s\nS1,1\ns2,2\nS2,soon\nS4,4\n"
    study = lab(FILMED, pattern=CAMERA, camera="side", rows=rows)
    assert onsets(study) == {"S1": [1.0], "S3": None}
    assert [note for note in study.load().notices if "S2" in note] == [
        "no video of camera 'side': S2; left out"
    ]
    assert any("line 5: no video is of session 'S4'" in note for note in study.load().notices)


BLANK_CAMERA = "session,camera,part,path\na,front,1,a.mp4\na,,2,b.mp4\nb,front,,c.mp4\n"


def test_a_blank_is_no_camera(lab):
    says = (
        "session 'a': sessions.csv, line 3 without a camera, but sessions.csv, line 2 is of camera "
        "'front'"
    )
    assert says in refusal(lab(manifest=BLANK_CAMERA))
    [notice] = lab(manifest=BLANK_CAMERA, camera="front").load().notices
    assert notice.startswith(says)
    assert notice.endswith("; left out")


def test_one_camera_each(lab):
    study = lab(["S1_front.mp4", "S2_side.mp4"], pattern=CAMERA)
    assert [s.camera for s in study.load().sessions] == ["front", "side"]
    assert study.load().notices == ("the sessions are from different cameras: 'front', 'side'",)


# ------------------------------------------------------------------------------------------- parts
# and starts


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200)), min_size=1, max_size=6))
def test_natural_order_is_by_letter_and_number(pieces):
    values = [f"{letter}{number}" for letter, number in pieces]
    assert sorted(values, key=natural) == [f"{letter}{number}" for letter, number in sorted(pieces)]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["x_1.mp4", "x_01.mp4"], "x_01.mp4 and x_1.mp4 are both part"),
        (
            ["x_1.mp4", "x.mp4"],
            "x_1.mp4 and x.mp4 are the same session, 'x'; if they are its parts",
        ),
        (["x.mp4", "x.mov"], r"same session, 'x'; .* \(\?P<part>"),
    ],
)
def test_parts_that_cannot_be_put_in_order(lab, files, says):
    told = refusal(lab(files, pattern=r"(?P<session>x)(_(?P<part>\d+))?\."))
    assert re.search(says, told)


def test_letters_as_parts(lab):
    study = lab(["x_b.mp4", "x_A.mp4"], pattern=r"(?P<session>x)_(?P<part>\w)")
    assert [name for name, _ in parts(study)["x"]] == ["x_A.mp4", "x_b.mp4"]


PARTED = r"(?P<session>x)_(?P<part>\w+)\."


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ("1 2 3", ""),
        ("0 1", ""),
        ("01 02", ""),
        ("A b", ""),
        ("front back", ""),
        ("1a 3a", ""),
        ("2", "part 1 is missing (x_2.mp4 has no start)"),
        ("02 03", "part 1 is missing (x_02.mp4 has no start)"),
        ("4", "parts 1 to 3 are missing (x_4.mp4 has no start)"),
        ("1 3", "part 2 is missing (x_3.mp4 has no start)"),
        ("0 2", "part 1 is missing (x_2.mp4 has no start)"),
        ("b c", "part a is missing (x_b.mp4 has no start)"),
        ("a d", "parts b to c are missing (x_d.mp4 has no start)"),
    ],
)
def test_a_session_with_a_missing_part_is_not_scored(lab, there, missing):
    files = [f"x_{part}.mp4" for part in there.split()]
    for fields in (
        {"rows": "session,onset_s\nx,5\n"},
        {"rows": "session,onset_s\n", "unlisted": "empty"},
        {},
    ):
        for refused_rows in ("skip", "unscored"):
            study = lab(files, pattern=PARTED, refused_rows=refused_rows, **fields)
            [session] = study.load().sessions
            assert session.unscored == missing
            assert (session.annotations is None) == (bool(missing) or not fields)
            told = [
                f"not scored, and the times of events are not known, as parts are missing: x "
                f"({missing}); add them"
            ]
            assert [note.split(", or give")[0] for note in study.load().notices] == told * bool(
                missing
            )


@pytest.mark.parametrize(
    ("starts", "scored"),
    [
        ({"2": "30"}, True),
        ({"2": "0:30", "4": "90"}, True),
        ({"2": "30", "4": ""}, False),
        ({"1": "", "3": "60"}, True),
        ({"1": "10:00:00", "3": "10:01:00"}, True),
        ({"1": "10:00:00", "3": ""}, False),
        ({"2": "10:00:00"}, False),
        ({"2": "10:00:00", "3": "10:01:00"}, False),
    ],
)
def test_starts_tell_where_parts_around_a_gap_are(lab, starts, scored):
    listed = "".join(f"x,{part},{part}.mp4,{start}\n" for part, start in starts.items())
    [session] = (
        lab(manifest=f"session,part,path,start\n{listed}", rows="session,onset_s\nx,40\n")
        .load()
        .sessions
    )
    assert (session.annotations is not None, session.unscored == "") == (scored, scored)


def test_clock_times_need_no_first_part(lab):
    manifest = "session,part,path,start,observed_from\nx,2,a.mp4,10:00:00,{}\n"
    rows = "session,at\nx,10:00:40\n"
    for observed_from in ("", "10:00:10"):
        assert onsets(lab(manifest=manifest.format(observed_from), rows=rows, format=CLOCK)) == {
            "x": [40.0]
        }
    study = lab(manifest=manifest.format("10"), rows=rows, format=CLOCK)
    assert (
        study.load()
        .sessions[0]
        .unscored.startswith("part 1 is missing (sessions.csv, line 2 starts at a clock time")
    )


def test_a_missing_part_of_the_chosen_camera(lab):
    study = lab(
        ["x_front_1.mp4", "x_front_2.mp4", "x_side_2.mp4"],
        pattern=r"(?P<session>x)_(?P<camera>[a-z]+)_(?P<part>\d)",
        camera="side",
        rows="session,onset_s\nx,5\n",
    )
    assert study.load().sessions[0].unscored == "part 1 is missing (x_side_2.mp4 has no start)"
    assert not any("refused_rows" in note for note in study.load().notices)


STARTED = r"(?P<session>x)_(?P<start>[\d_-]+)"


@pytest.mark.parametrize(
    "files",
    [
        ["x_235950.mp4", "x_000010.mp4"],
        ["x_23-59-50.mp4", "x_00-00-10.mp4"],
        ["x_2024-03-05_23-59-50.mp4", "x_2024-03-06_00-00-10.mp4"],
        ["x_20240305_235950.mp4", "x_20240306_000010.mp4"],
    ],
)
def test_clock_starts_in_names(lab, files):
    assert parts(lab(files, pattern=STARTED)) == {"x": [(files[0], 0.0), (files[1], 20.0)]}


def test_seconds_in_names(lab):
    assert parts(lab(["x_90.mp4", "x_5.mp4"], pattern=STARTED)) == {
        "x": [("x_5.mp4", 5.0), ("x_90.mp4", 90.0)]
    }


def test_a_start_that_is_no_time(lab):
    assert "x_25-00-00.mp4: pattern finds the start '25:00:00', expected hours below 24" in refusal(
        lab(["x_25-00-00.mp4"], pattern=STARTED)
    )


@given(
    begin=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
        lambda d: d.replace(microsecond=0)
    ),
    gaps_s=st.lists(st.integers(1, 6 * 3600), min_size=1, max_size=4),
    dated=st.booleans(),
    later_s=st.integers(0, 6 * 3600),
)
def test_clock_times_are_seconds_since_the_first_part(
    tmp_path_factory, begin, gaps_s, dated, later_s
):
    """Against datetime: parts and annotations, over midnight too (without dates up to 12 hours)."""
    folder = tmp_path_factory.mktemp("clock")
    starts = [begin]
    for gap_s in gaps_s if dated else gaps_s[:1]:
        starts.append(starts[-1] + timedelta(seconds=gap_s))
    form = "%Y-%m-%d %H:%M:%S" if dated else "%H:%M:%S"
    listed = [f"x,{n},{n}.mp4,{start.strftime(form)}" for n, start in enumerate(starts)]
    (folder / "m.csv").write_text(
        "session,part,path,start\n" + "\n".join(reversed(listed)), encoding="utf-8"
    )
    marked = begin + timedelta(seconds=later_s)
    (folder / "rows.csv").write_text(
        f"session,onset\nx,{marked.strftime(form)}\n", encoding="utf-8"
    )
    table = Table(columns=Columns(onset="onset"), time_format="clock")
    [session] = (
        Study(manifest=str(folder / "m.csv"), annotations=str(folder / "rows.csv"), format=table)
        .load()
        .sessions
    )
    assert [part.start_s for part in session.parts] == [
        (start - begin).total_seconds() for start in starts
    ]
    assert [a.onset_s for a in session.annotations] == [later_s]


# -------------------------------------------------------------------------------------------------
# manifest

LISTED = """session,participant,camera,part,path,start,observed_from,observed_to,note_age
s1,anna,front,2,b.mp4,600,,,31
s1,anna,front,1,a.mp4,,10,300,
s1,anna,side,1,sub\\c.mp4,,400,,
s2,ben,front,,/elsewhere/d.mp4,,,60.5,
"""


def test_a_manifest(lab, tmp_path):
    study = lab(["sub/c.mp4"], manifest=LISTED, camera="front")
    s1, s2 = study.load().sessions
    assert parts(study) == {"s1": [("a.mp4", None), ("b.mp4", 600.0)], "s2": [("d.mp4", None)]}
    assert s1.parts[0].path == tmp_path / "videos" / "a.mp4"
    assert (s1.participant, s1.camera, s1.observed) == (
        "anna",
        "front",
        ((10.0, 300.0), (400.0, math.inf)),
    )
    assert str(s2.parts[0].path) == "/elsewhere/d.mp4"
    assert s2.observed == ((0.0, 60.5),)
    assert study.load().notices == ()
    assert (
        lab(manifest=LISTED, camera="front", videos=None).load().sessions[0].parts[0].path
        == tmp_path / "a.mp4"
    )
    side = lab(manifest=LISTED, camera="side").load().sessions
    assert [s.parts[0].path for s in side] == [tmp_path / "videos" / "sub" / "c.mp4"]


def test_a_manifest_in_a_spreadsheets_dialect(lab, tmp_path):
    study = lab(manifest="path;session;start\na.mp4;Zoé;12,5\n")
    (tmp_path / "sessions.csv").write_bytes(
        "path;session;start\r\na.mp4;Zoé;12,5\r\n".encode("cp1252")
    )
    assert parts(study) == {"Zoé": [("a.mp4", 12.5)]}
    assert study.load().notices == ("sessions.csv: read as Windows-1252 (not UTF-8)",)


def test_minutes_and_seconds_in_a_manifest(lab):
    rows = "session,path,start,observed_from,observed_to\nx,a.mp4,{},{},{}\n"
    comma = rows.format("0:05", '"00:02,5"', '"75:00,25"')
    study = lab(manifest=comma)
    [session] = study.load().sessions
    assert (session.parts[0].start_s, session.observed) == (5.0, ((2.5, 4500.25),))
    assert study.load().notices == (
        "sessions.csv: the start 0:05 is read as minutes and seconds of the session; write clock "
        "times with seconds",
    )
    study = lab(manifest=rows.format("14:00:00", "00:02.5", "14:01:00"))
    assert (study.load().sessions[0].observed, study.load().notices) == (((2.5, 60.0),), ())


def test_observed_clock_times(lab):
    rows = (
        "session,path,start,observed_from,observed_to\nx,a.mp4,14:00:00,14:01:00,14:02:30\n"
        "y,b.mp4,,0:00:30,0:01:00\n"
    )
    assert [s.observed for s in lab(manifest=rows).load().sessions] == [
        ((60.0, 150.0),),
        ((30.0, 60.0),),
    ]


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("session,file\na,a.mp4\n", "column 'path' not found; found: session, file"),
        (
            "Session,path\na,a.mp4\n",
            r"the column 'Session' is not read \(did you mean 'session'\?\)",
        ),
        (
            "session,path,particpant\na,a.mp4,x\n",
            r"'particpant' is not read \(did you mean 'participant'\?\)",
        ),
        ("session,path,start_time\na,a.mp4,x\n", "'start_time' is not read"),
        ("session,path,path\na,a.mp4,x\n", "the column 'path' is there twice"),
        ("session,path\n", "the manifest has no row"),
        ("session,path\na,a.mp4,1\n", "line 2: expected 2 cells as in the header, got 3"),
        ("session,path\n,a.mp4\n", "line 2: session is empty"),
        ("session,path\na,\n", "line 2: path is empty"),
        (
            "session,path,start\na,a.mp4,soon\n",
            "line 2: start is 'soon', expected seconds or a clock time",
        ),
        (
            "session,path,start\na,a.mp4,12:75\n",
            "line 2: start is '12:75', expected seconds below 60",
        ),
        ("session,path,start\na,a.mp4,-5\n", "line 2: start is '-5'"),
        ("session,path,observed_to\na,a.mp4,=A2\n", "line 2: observed_to is '=A2'"),
        (
            "session,path\na,a.mp4\nb,./a.mp4\n",
            "line 3: the path is listed in line 2 already: a.mp4",
        ),
        ("session,path\na,a.mp4\nA,b.mp4\n", "line 3: the same session, camera and part as line 2"),
        (
            "session,path,part\na,a.mp4,1\na,b.mp4,01\n",
            "line 3: the same session, camera and part as line 2",
        ),
        (
            "session,path,part\na,a.mp4,1\na,b.mp4,\n",
            "sessions.csv, line 2 and sessions.csv, line 3 are the same session",
        ),
        (
            "session,path,part,start\na,a.mp4,1,5\na,b.mp4,2,14:00:00\n",
            "some of its files start at clock times",
        ),
        (
            "session,path,part,start\na,a.mp4,1,\na,b.mp4,2,14:00:00\n",
            "line 2 comes first, but has no start",
        ),
        (
            "session,path,part,start\na,a.mp4,1,9\na,b.mp4,2,4\n",
            "comes after .* line 2, but starts at 4 s, not after 9 s",
        ),
        (
            "session,path,observed_from,observed_to\na,a.mp4,9,4\n",
            "line 2 is observed to 4 s, which is not after 9 s",
        ),
    ],
)
def test_manifests_that_cannot_be_used(lab, manifest, says):
    assert re.search(says, refusal(lab(manifest=manifest)))


def test_all_problems_of_a_manifest_are_told_together(lab):
    lines = "".join(f"s{n},v{n}.mp4,x\n" for n in range(12))
    told = refusal(lab(manifest=f"session,path,start\ngood,g.mp4,\n{lines}")).splitlines()
    assert told[0].endswith("sessions.csv:")
    assert [line.split(":")[0].strip() for line in told[1:11]] == [
        f"line {n}" for n in range(3, 13)
    ]
    assert told[11].strip() == "and 2 more"


def test_a_manifest_that_is_not_there(lab, tmp_path):
    assert "no such manifest" in refusal(
        lab(manifest="", **{}).__class__(manifest=str(tmp_path / "none.csv"))
    )


# ------------------------------------------------------------------------------ names of rows and
# of videos


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("P07.mp4", "p07"),
        ("007.mp4", "7"),
        ("7.mp4", "007"),
        ("P07.mp4", "P07.MP4"),
        ("P07.mp4", "p07.mov"),
        (unicodedata.normalize("NFD", "Zoé") + ".mp4", unicodedata.normalize("NFC", "Zoé")),
        ("a.b.mp4", "a.b"),
    ],
)
def test_spellings_that_mean_the_same(lab, file, written):
    study = lab([file], rows=f"session,onset_s\n{written},1\n")
    assert list(onsets(study).values()) == [[1.0]]
    assert study.load().notices == ()


def test_exact_spelling_comes_first_and_others_must_be_unique(lab):
    study = lab(["a.mp4", "A.mp4"], rows="session,onset_s\nA,1\na,2\n")
    assert onsets(study) == {"A": [1.0], "a": [2.0]}
    told = refusal(lab(["07.mp4", "007.mp4"], rows="session,onset_s\n7,1\n"))
    assert told.startswith("rows.csv, line 2: session '7' may be '007' and '07'")


def test_rows_of_no_video(lab):
    study = lab(["anna1.mp4", "ben.mp4"], rows="session,onset_s\nben,1\nana1,2\nana1,3\nzoe,3\n")
    assert onsets(study) == {"anna1": None, "ben": [1.0]}
    assert study.load().notices[:2] == (
        "rows.csv, lines 3, 4: no video is of session 'ana1' (did you mean 'anna1'?); left out",
        "rows.csv, line 5: no video is of session 'zoe'; left out",
    )


def test_many_rows_of_no_video_are_cut(lab):
    rows = "session,onset_s\na,1\n" + "".join(f"x{n:02d},1\n" for n in range(60))
    told = lab(["a.mp4"], rows=rows).load().notices
    assert len(told) == 51
    assert told[50] == (
        "rows.csv: no video is of sessions x50, x51, x52, x53, x54, x55, x56, x57, x58, x59; left "
        "out"
    )


def test_no_row_belongs_to_any_video(lab):
    told = refusal(lab(["a.mp4", "b.mp4"], rows="session,onset_s\nx,1\ny,2\n"))
    assert (
        "rows.csv: no row belongs to any video: the rows are of 'x', 'y', the videos of 'a', 'b';"
        in told
    )


def test_no_row_belongs_to_any_video_of_a_manifest(lab):
    told = refusal(lab(manifest="session,path\na,a.mp4\n", rows="session,onset_s\nx,1\n"))
    assert "say how names are made with sessions.csv (columns session), session_name and" in told
    assert "dataset.pattern" not in told


ROWS_WITHIN = "participant,session,onset_s\np1,1,5\nP2,01,6\n"


def test_sessions_numbered_within_participants(lab):
    files = ["P1_S1.mp4", "P2_S1.mp4"]
    assert onsets(lab(files, rows=ROWS_WITHIN, pattern=NUMBERED, session_name=WITHIN)) == {
        "P1_1": [5.0],
        "P2_1": [6.0],
    }
    told = refusal(lab(files, rows="session,onset_s\n1,5\n", pattern=NUMBERED, session_name=WITHIN))
    assert "the rows have no participant; name its column in format.columns.participant" in told


def test_rows_of_two_participants_under_one_name(lab):
    told = refusal(lab(["1.mp4"], rows=ROWS_WITHIN))
    assert "session '1' is there for participants 'p1' (line 2) and 'P2' (line 3)" in told
    assert "format={'columns': {'participant': None}}" in told
    without = Table(columns=Columns(participant=None))
    assert onsets(lab(["1.mp4"], rows=ROWS_WITHIN, format=without)) == {"1": [5.0, 6.0]}


def test_one_session_per_participant(lab):
    table = Table(columns=Columns(session=None))
    rows = "participant,onset_s\np2,4\n"
    study = lab(
        ["P1_S1.mp4", "P2_S1.mp4"],
        rows=rows,
        pattern=NUMBERED,
        session_name="{participant}",
        format=table,
    )
    assert onsets(study) == {"P1": None, "P2": [4.0]}


def test_participants_from_the_rows(lab):
    study = lab(["a.mp4", "b.mp4"], rows="session,participant,onset_s\na,anna,1\n")
    assert [s.participant for s in study.load().sessions] == ["anna", "b"]


def test_a_participant_that_rows_and_videos_call_otherwise(lab):
    study = lab(["P1_S1.mp4"], rows="session,participant,onset_s\n1,anna,1\n", pattern=NUMBERED)
    assert [s.participant for s in study.load().sessions] == ["P1"]
    assert study.load().notices == (
        "rows.csv, line 2: session '1' is of participant 'anna', by its video of 'P1'; the "
        "video's is used",
    )


def test_a_participant_who_is_on_another_video(lab):
    files = ["P1_S1.mp4", "P2_S2.mp4"]
    told = refusal(lab(files, rows="session,participant,onset_s\n1,p2,1\n", pattern=NUMBERED))
    assert "line 2: session '1' is of participant 'p2', by its video of 'P1'" in told
    assert "set session_name='{participant}_{session}'" in told


@given(
    st.text(alphabet="aAbBéÉ01", max_size=6),
    st.lists(st.text(alphabet="aAbBéÉ01", max_size=6), max_size=5, unique=True),
)
def test_finder_against_a_slow_reference(wanted, known):
    finder = Finder(((name,), name) for name in known)
    alike = [name for name in known if comparable_name(name) == comparable_name(wanted)]
    if wanted in known:
        assert finder.find((wanted,)) == wanted
    elif len(alike) > 1:
        with pytest.raises(DatasetError, match="may be"):
            finder.find((wanted,))
    else:
        assert finder.find((wanted,)) == (alike[0] if alike else None)


# ------------------------------------------------------------------- annotators, listed sessions,
# refused rows

CODED = "session,onset_s,annotator\na,1,anna\na,2,ben\nb,3,ben\na,4,\n"


def test_an_annotator_must_be_chosen(lab):
    told = refusal(lab(["a.mp4", "b.mp4"], rows=CODED))
    assert "several people annotated: (blank) (1 row), anna (1 row), ben (2 rows)" in told
    assert "annotator='ben', or annotator='all'" in told


@pytest.mark.parametrize(
    ("annotator", "expected"),
    [
        ("anna", {"a": [1.0], "b": None}),
        ("BEN", {"a": [2.0], "b": [3.0]}),
        ("(blank)", {"a": [4.0], "b": None}),
        ("all", {"a": [1.0, 2.0, 4.0], "b": [3.0]}),
    ],
)
def test_the_chosen_annotator(lab, annotator, expected):
    assert onsets(lab(["a.mp4", "b.mp4"], rows=CODED, annotator=annotator)) == expected


def test_spellings_of_an_annotator_are_one_person(lab):
    rows = (
        CODED
        + "b,5,Anna\n"
        + unicodedata.normalize("NFD", "b,6,Zoé\n")
        + unicodedata.normalize("NFC", "b,7,zoé\n")
    )
    files = ["a.mp4", "b.mp4"]
    assert "anna (2 rows), ben (2 rows); choose" in refusal(lab(files, rows=rows))
    assert onsets(lab(files, rows=rows, annotator="ANNA")) == {"a": [1.0], "b": [5.0]}
    assert onsets(lab(files, rows=rows, annotator="Zoé")) == {"a": None, "b": [6.0, 7.0]}
    rows = "session,onset_s,annotator\nb,1,anna\nb,2,Anna\n"
    assert onsets(lab(rows=rows)) == {"a": None, "b": [1.0, 2.0]}, (
        "one person, so nobody need be chosen"
    )


def test_an_annotator_who_is_not_there(lab):
    told = refusal(lab(["a.mp4"], rows=CODED, annotator="bem"))
    assert "annotator: there is no 'bem'" in told
    assert "there are: (blank), anna, ben" in told


TYPED = "session,onset_s,type\na,1,robot\nb,2,user\na,3,user\n"
ROBOT = Table(keep={"type": ("robot",)})


@pytest.mark.parametrize(
    ("unlisted", "expected"),
    [
        ("unannotated", {"a": [1.0], "b": [], "c": None}),
        ("empty", {"a": [1.0], "b": [], "c": []}),
        ("skip", {"a": [1.0], "b": []}),
    ],
)
def test_a_session_whose_rows_are_filtered_out_is_annotated_with_nothing(lab, unlisted, expected):
    study = lab(["a.mp4", "b.mp4", "c.mp4"], rows=TYPED, format=ROBOT, unlisted=unlisted)
    assert onsets(study) == expected
    ending = {"unannotated": "taken as not annotated", "empty": None, "skip": "left out"}[unlisted]
    assert [n.startswith(f"rows.csv has no row for c: {ending}") for n in study.load().notices] == [
        True
    ] * (ending is not None)


REFUSED = "session,onset_s\na,1\na,soon\nb,2\nc,=B2\n"


def test_a_session_with_a_refused_row_is_not_scored(lab):
    study = lab(["a.mp4", "b.mp4", "c.mp4"], rows=REFUSED)
    assert onsets(study) == {"a": None, "b": [2.0], "c": None}
    a, b, c = study.load().sessions
    assert a.unscored.startswith("rows.csv, line 3: onset_s is 'soon'")
    assert b.unscored == ""
    assert c.unscored.startswith("rows.csv, line 5: onset_s is '=B2'")
    told = study.load().notices
    assert told[0].endswith("session 'a' is not scored")
    assert told[2].startswith("refused_rows='skip'")
    assert not any("has no row" in text for text in told)


def test_refused_rows_can_be_skipped(lab):
    study = lab(["a.mp4", "b.mp4", "c.mp4"], rows=REFUSED, refused_rows="skip")
    assert onsets(study) == {"a": [1.0], "b": [2.0], "c": None}  # of c nothing is known
    assert study.load().notices[0].endswith("; the row was left out")
    assert study.load().notices[1].endswith("session 'c' is not scored")
    assert len(study.load().notices) == 2


def test_a_refused_row_of_nobody_is_told(lab):
    study = lab(["a.mp4"], rows="session,onset_s\na,1\n,2\nz,soon\n")
    assert onsets(study) == {"a": [1.0]}
    assert study.load().notices[0] == "rows.csv, line 3: session is empty; the row was left out"
    assert study.load().notices[1].startswith("rows.csv, line 4: onset_s is 'soon'")


OF_A_PERSON = (
    "session,participant,onset_s,type\n1,P1,5,robot\n,p1,6,robot\n1,P2,7,robot\n,P2,,user\n"
)


def test_a_refused_row_of_a_person_counts_for_all_their_sessions(lab):
    files = ["P1_S1.mp4", "P1_S2.mp4", "P2_S1.mp4"]
    fields = {"rows": OF_A_PERSON, "pattern": NUMBERED, "session_name": WITHIN, "format": ROBOT}
    study = lab(files, **fields)
    assert onsets(study) == {"P1_1": None, "P1_2": None, "P2_1": [7.0]}
    assert [s.unscored for s in study.load().sessions] == [
        "rows.csv, line 3: session is empty"
    ] * 2 + [""]
    assert (
        "rows.csv, line 3: session is empty; sessions 'P1_1', 'P1_2' are not scored"
        in study.load().notices
    )
    assert "rows.csv, line 5: session is empty; the row was left out" in study.load().notices, (
        "no annotation is lost"
    )
    study = lab(files, **fields, refused_rows="skip")
    assert onsets(study) == {"P1_1": [5.0], "P1_2": None, "P2_1": [7.0]}
    assert not any(s.unscored for s in study.load().sessions)
    rows = "session,participant,onset_s\na,anna,1\n,anna,2\n"
    fresh = lab(["a.mp4", "b.mp4"], rows=rows, only_sessions=("a", "b"))
    assert onsets(fresh) == {"a": None, "b": None}
    assert fresh.load().sessions[0].unscored, "the rows tell who is on a"


def test_long_lists_are_cut(lab):
    rows = "session,onset_s\na,1\n" + "a,soon\n" * 70
    study = lab(["a.mp4"], rows=rows)
    told = study.load().notices
    assert len(told) == 52
    assert told[50].startswith("rows.csv, lines 53, 54, 55, 56, 57, 58, 59, 60, 61, 62 and 10 more")
    assert study.load().sessions[0].unscored.endswith("(and 69 more)")


CLOCK = Table(columns=Columns(onset="at"), time_format="clock")
STARTS = "session,path,start\na,a.mp4,14:00:00\nb,b.mp4,\n"


def test_clock_times_need_a_start(lab):
    study = lab(manifest=STARTS, rows="session,at\na,14:00:30\nb,14:00:40\n", format=CLOCK)
    assert onsets(study) == {"a": [30.0], "b": None}
    assert "line 3: a clock time, but the start of its session" in study.load().sessions[1].unscored
    told = refusal(
        lab(manifest="session,path\na,a.mp4\n", rows="session,at\na,14:00:30\n", format=CLOCK)
    )
    assert "of no session the start is known; give it in a column start" in told


def test_a_clock_time_before_the_start(lab):
    study = lab(manifest=STARTS, rows="session,at\na,13:59:30\n", format=CLOCK)
    assert (
        study.load().sessions[0].unscored
        == "rows.csv, line 2: 30 s before the start of its session"
    )


def test_a_clock_time_that_may_be_before_the_start(lab):
    early = "session,path,start\na,a.mp4,00:00:05\n"
    study = lab(manifest=early, rows="session,at\na,23:59:58\n", format=CLOCK)
    assert study.load().sessions[0].unscored == (
        "rows.csv, line 2: 24.0 hours after the start of its session, or before it; write times "
        "with dates"
    )
    dated = "session,path,start\na,a.mp4,2025-03-04 08:00:00\n"
    study = lab(manifest=dated, rows="session,at\na,2025-03-04 21:00:00\n", format=CLOCK)
    assert onsets(study) == {"a": [13 * 3600.0]}


HOURS = "session,path,start\na,a.mp4,10:14:50\nb,b.mp4,11:30:00\nc,c.mp4,\n"


def test_hours_and_minutes_are_not_taken_for_minutes_and_seconds(lab):
    at = Table(columns=Columns(onset="at"))
    rows = "session,at\na,10:15\na,10:16\nb,11:30\nc,0:05\n"
    told = refusal(lab(manifest=HOURS, rows=rows, format=at))
    assert "times such as 10:15 are minutes and seconds, or hours and minutes of the clock" in told
    minutes = Table(columns=Columns(onset="at"), time_format="mm:ss")
    assert onsets(lab(manifest=HOURS, rows=rows, format=minutes)) == {
        "a": [615.0, 616.0],
        "b": [690.0],
        "c": [5.0],
    }
    for other in ("a,0:40", "a,10:15.5", "b,75:00"):
        assert onsets(lab(manifest=HOURS, rows=f"{rows}{other}\n", format=at))["c"] == [5.0]
    assert onsets(lab(manifest=HOURS, rows="session,at\nc,10:15\n", format=at))["c"] == [615.0]


def test_annotations_know_their_session_and_kind(lab):
    rows = "session,onset_s,offset_s,kind,annotator\nA,2,3,smile,x\na,1,4,laugh,x\n"
    [session] = lab(["a.mp4"], rows=rows).load().sessions
    assert session.annotations == (
        Annotation(session_id="a", onset_s=1, offset_s=4, kind="laugh", annotator="x"),
        Annotation(session_id="a", onset_s=2, offset_s=3, kind="smile", annotator="x"),
    )


def test_cameras_that_began_at_different_times(lab):
    cameras = (
        "session,camera,path,start\na,front,f.mp4,10:00:00\na,side,s.mp4,10:00:20\n"
        "a,side,t.mp4,10:01:00\n"
    )
    for camera in ("front", "side"):
        study = lab(manifest=cameras, rows="session,onset_s\na,5\n", camera=camera)
        assert [
            note
            for note in study.load().notices
            if f"count from the beginning of '{camera}'" in note
        ] == [
            "the cameras of a (20.0 s) began at different times; annotated times are taken to "
            "count from the beginning "
            f"of '{camera}' (a manifest can give starts in seconds, from the beginning that was "
            f"meant)"
        ]
    assert (
        lab(manifest=cameras, rows="session,at\na,10:00:25\n", camera="side", format=CLOCK)
        .load()
        .notices
        == ()
    )
    together = cameras.replace("10:00:20", "10:00:00.4")
    assert lab(manifest=together, rows="session,onset_s\na,5\n", camera="side").load().notices == ()


OBSERVED = "session,path,start,observed_from,observed_to\na,a.mp4,10:00:00,{},{}\n"


def test_annotations_outside_of_what_was_observed_are_told(lab):
    study = lab(
        manifest=OBSERVED.format("10:00:00", "10:00:30"), rows="session,onset_s\na,5\na,30\na,99\n"
    )
    assert study.load().sessions[0].observed == ((0.0, 30.0),)
    assert study.load().notices == (
        "annotated outside of what was observed, so not counted: a (2)",
    )


def test_a_stretch_observed_before_the_session(lab):
    told = refusal(
        lab(manifest=OBSERVED.format("00:00:00", "00:00:30"), rows="session,onset_s\na,5\n")
    )
    assert (
        "session 'a': sessions.csv, line 2 is observed to 35970 s before the session's start"
        in told
    )
    assert lab(manifest=OBSERVED.format("0", "30")).load().sessions[0].observed == ((0.0, 30.0),)


# -------------------------------------------------------------------------------------------------
# pilot


def test_only_some_sessions(lab):
    files = [f"P{p}_S{s}.mp4" for p in (1, 2) for s in (1, 2)]
    fields = {"files": files, "pattern": NUMBERED, "session_name": WITHIN}
    rows = "participant,session,onset_s\nP1,1,5\nP2,2,soon\n"
    study = lab(**fields, rows=rows, only_sessions=("p1_1", "P2_1"))
    assert onsets(study) == {"P1_1": [5.0], "P2_1": None}
    assert study.load().notices == (
        next(n for n in study.load().notices if "has no row for P2_1:" in n),
    )
    assert names(lab(**fields, only_participants=("P2",))) == ["P2_1", "P2_2"]
    assert names(lab(**fields, only_participants=("P2",), only_sessions=("P2_2", "P1_1"))) == [
        "P2_2"
    ]
    told = refusal(lab(**fields, only_sessions=("P1_3",)))
    assert "only_sessions: there is no 'P1_3' (did you mean 'P1_" in told
    told = refusal(lab(**fields, only_participants=("P3",)))
    assert "only_participants: there is no 'P3'; there are: P1, P2" in told


def test_sessions_are_sorted_by_name(lab):
    found = names(lab(["b.mp4", "a.mp4", "C.mp4", "a10.mp4", "a2.mp4"]))
    assert all(a < b for a, b in pairwise(found))


def test_params_of_a_run_tell_how_rows_are_read(lab):
    from ferbench.config.compose import composed
    from ferbench.config.params import params_of
    from ferbench.config.settings import settings_from

    settings = settings_from(
        composed({"tracking": "none"}) | {"dataset": _node(videos="/home/anna/study 1")}
    )
    params = params_of(settings, {})
    assert params["dataset.videos"] == "study 1"
    assert params["dataset.format"] == "hh:mm:ss, type=robot,user"
    assert params["dataset.only_sessions"] == "a,b"
    assert params["dataset.unlisted"] == "unannotated"
    assert "dataset.pattern" not in params  # the default
    settings = settings_from(
        composed({"tracking": "none"}) | {"dataset": _node(pattern=r"a/(?P<session>.)")}
    )
    assert params_of(settings, {})["dataset.pattern"] == r"a/(?P<session>.)"


def _node(**fields):
    given = {"time_format": "hh:mm:ss", "keep": {"type": ["robot", "user"]}}
    node = {
        "_target_": "ferbench.datasets.study.Study",
        "videos": "x",
        "format": given,
        "only_sessions": ["a", "b"],
    }
    return {**node, **fields}


# -------------------------------------------------------------------------------------------------
# everybody's annotations


def test_everybody_s_annotations_come_with_those_of_the_chosen_one(lab):
    rows = (
        "session,onset_s,kind,annotator\na,1,late,anna\na,2,late,ben\nb,3,wrong,ben\n"
        "c,soon,late,anna\n"
    )
    loaded = lab(["a.mp4", "b.mp4", "c.mp4"], rows=rows, annotator="anna").load()
    assert {s.session_id: s.annotations and len(s.annotations) for s in loaded.sessions} == {
        "a": 1,
        "b": None,
        "c": None,
    }
    everybody = {
        session: [(a.onset_s, a.annotator) for a in annotations]
        for session, annotations in loaded.all_annotators.items()
    }
    assert everybody == {"a": [(1.0, "anna"), (2.0, "ben")], "b": [(3.0, "ben")]}
    assert not loaded.all_watched
    assert lab(rows=rows, annotator="anna", unlisted="empty").load().all_watched
    assert lab(rows=rows, annotator="all").load().all_annotators == {}


def test_annotators_whose_rows_cannot_be_used_do_not_stop_the_chosen_one(lab):
    rows = "session,participant,onset_s,annotator\na,P1,1,anna\na,P2,2,ben\n"
    loaded = lab(["a.mp4"], rows=rows, annotator="anna").load()
    assert len(loaded.sessions[0].annotations) == 1
    assert loaded.all_annotators == {}
    [notice] = loaded.notices
    assert notice.startswith("annotators are not compared: rows.csv: session 'a' is there for part")


def test_files_that_decide_results(lab, tmp_path):
    manifest = "session,path\na,a.mp4\n"
    loaded = lab(["a.mp4"], rows="session,onset_s\na,1\n", manifest=manifest).load()
    assert loaded.tables == {
        "annotations": (tmp_path / "rows.csv",),
        "manifest": (tmp_path / "sessions.csv",),
    }
    assert list(loaded.tables) == ["annotations", "manifest"]
