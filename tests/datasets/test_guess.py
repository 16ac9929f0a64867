"""What names of files, columns and log books say: places or reasons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.datasets.guess import guess_places, places_by_pattern
from ferbench.datasets.headers import find_columns
from ferbench.datasets.known_names import KnownNames
from ferbench.datasets.names import read_name
from ferbench.datasets.place import clock_text
from ferbench.datasets.starts import fill_starts, read_starts
from ferbench.errors import DatasetError
from ferbench.formats.times import Clock, parse_clock
from ferbench.spelling import comparable_name
from ferbench.workflows.survey_files import data_set_name

LAB = KnownNames.of((str(p), str(s)) for p in range(1, 16) for s in (1, 2))
SOROCOVA = KnownNames.of([("51014", "1"), ("51014", "2"), ("51022", "1")])
NOTHING = KnownNames()


# path, known names, (participant, session, camera, part) or a piece of the reason
PLACED = [
    ("P01_S1_front_20250304T101500.mp4", LAB, ("1", "1", "front", "")),
    ("2025-03-05 09.30.00 pp06 sessie 1 side.MOV", LAB, ("6", "1", "side", "")),
    ("GX010012 11-2 front deel1.mp4", LAB, ("11", "2", "front", "1")),
    ("GX020012 11-2 front deel2.mp4", LAB, ("11", "2", "front", "2")),
    ("11_2.mp4", LAB, ("11", "2", "", "")),
    ("front_11-2.mp4", LAB, ("11", "2", "front", "")),
    ("1-2.mp4", LAB, ("1", "2", "", "")),
    ("2025-03-04 3-2 zij.mkv", LAB, ("3", "2", "zij", "")),
    ("Proefpersoon51014_Sessie1.MP4", SOROCOVA, ("51014", "1", "", "")),
    ("Proefpersoon51014_Sessie 01.mp4", SOROCOVA, ("51014", "1", "", "")),
    ("proefpersoon 51014 SESSIE_2 deel b.mp4", SOROCOVA, ("51014", "2", "", "b")),
    ("51014/Sessie1.mp4", SOROCOVA, ("51014", "1", "", "")),
    ("kopie/51014_Sessie2.mp4", SOROCOVA, ("51014", "2", "", "")),
    ("51022/2024-01-02/Proefpersoon51014 Sessie1.mp4", SOROCOVA, ("51014", "1", "", "")),
    ("sub-03_ses-02_cam2.mp4", LAB, ("3", "2", "cam2", "")),
    ("sub-03/ses-02/camA.mp4", LAB, ("3", "2", "camA", "")),
    ("cam 2/P07 S1.mp4", LAB, ("7", "1", "cam2", "")),
    ("Camera B pp7 sess2.mp4", LAB, ("7", "2", "camB", "")),
    ("P07S2.mp4", LAB, ("7", "2", "", "")),
    ("P05/5 sessie 2.mp4", LAB, ("5", "2", "", "")),
    ("P05/opname 30 sessie 2.mp4", LAB, ("5", "2", "", "")),
    ("P03 S2 1080p30.mp4", LAB, ("3", "2", "", "")),
    ("11S2P4.mp4", LAB, ("4", "2", "", "")),
    ("4 maart 2025 pp7 S1.mp4", LAB, ("7", "1", "", "")),
    ("p7s2left.mp4", LAB, ("7", "2", "left", "")),
    ("Proefpersoon 7 sessie 2 pt1.mp4", LAB, ("7", "2", "", "1")),
    ("VP 12 Sitzung 2 Teil A links.avi", LAB, ("12", "2", "links", "a")),
    ("sujet 4 séance 1.mp4", LAB, ("4", "1", "", "")),
    ("sujet 4 se\u0301ance 1.mp4", LAB, ("4", "1", "", "")),
    ("participant_09_visit_02_overview.mp4", LAB, ("9", "2", "overview", "")),
    ("P09/Session 2/robot.mp4", LAB, ("9", "2", "robot", "")),
    ("12/S1.mp4", LAB, ("12", "1", "", "")),
    ("week 2/S1 pp03.mp4", LAB, ("3", "1", "", "")),
    ("S03_session2.mp4", LAB, ("3", "2", "", "")),
    ("VID_20250304_101500 P02 S2.mp4", LAB, ("2", "2", "", "")),
    ("P16_S1.mp4", LAB, ("16", "1", "", "")),
    ("front left P02 S1.mp4", LAB, ("2", "1", "front-left", "")),
    ("IMG_0012 P03 S1.mov", LAB, ("3", "1", "", "")),
    (
        "anna_baseline.mp4",
        KnownNames.of([("Anna", "baseline"), ("Ben", "baseline")]),
        ("Anna", "baseline", "", ""),
    ),
    (
        "ben follow-up.mp4",
        KnownNames.of([("Ben", "baseline"), ("Ben", "follow-up")]),
        ("Ben", "follow-up", "", ""),
    ),
    (
        "VP_03_a-1.mp4",
        KnownNames.of([("VP_03_a", "1"), ("VP_03", "1")]),
        ("VP_03_a", "1", "", ""),
    ),  # each has one
    ("VP_03_a_s1.mp4", KnownNames.of([("VP_03_a", "1"), ("VP_03", "1")]), ("VP_03_a", "1", "", "")),
    ("single_face.mp4", KnownNames.of([("", "single_face")]), ("", "single_face", "", "")),
    (
        "P01_S1_front.mp4",
        KnownNames.of([("", "P01_S1"), ("", "P01_S2")]),
        ("1", "P01_S1", "front", ""),
    ),
    ("day 12.mp4", KnownNames.of([("", "12"), ("", "13")]), ("", "12", "", "")),
    ("P01.mp4", KnownNames.of([("P01", ""), ("P02", "")]), ("P01", "P01", "", "")),
    ("p1 side.mp4", KnownNames.of([("P01", "1"), ("P02", "1")]), ("P01", "1", "side", "")),
    (
        "sessie 3.mp4",
        KnownNames.of([("a", "1"), ("b", "2"), ("c", "3"), ("c", "4")]),
        ("c", "3", "", ""),
    ),
    ("vp03_T2_front.mp4", LAB, ("3", "2", "front", "")),
    ("vp03 Termin 2.mp4", LAB, ("3", "2", "", "")),
    ("VP03_MZP2.mp4", LAB, ("3", "2", "", "")),
    ("pp3 dag 2.mp4", LAB, ("3", "2", "", "")),
    ("Tag1/VP03.mp4", LAB, ("3", "1", "", "")),
    ("vp03_T02.mp4", KnownNames.of([("3", "T1"), ("3", "T2")]), ("3", "T2", "", "")),
    ("vp03_T2.mp4", KnownNames.of([("3", "MZP1"), ("3", "MZP2")]), ("3", "MZP2", "", "")),
    ("P03_S1_T2.mp4", LAB, ("3", "1", "", "")),  # a take, or the second day
    ("vp03_T3.mp4", LAB, "no session of the annotations"),
    (
        "VP03 2025-03-04T10.mp4",
        KnownNames.of([("3", "9"), ("3", "10")]),
        "no session of the annotations",
    ),
    ("anna_day1.mp4", NOTHING, ("", "anna_day1", "", "")),
    ("test opname.mp4", LAB, "no participant and no session of the annotations"),
    ("P01.mp4", LAB, "no session of the annotations"),
    ("sessie 2.mp4", LAB, "no participant of the annotations"),
    ("P01 P02 S1.mp4", LAB, "the participant may be 1 or 2"),
    ("P01 sessie1 sessie2.mp4", LAB, "the session may be 1 or 2"),
    ("1-2 3-1.mp4", LAB, "the participant may be 1 or 3"),
    ("1-2-1.mp4", LAB, "no participant"),
    ("51022/2024-01-02/51014 Sessie1.mp4", SOROCOVA, "the participant may be 51014 or 51022"),
    ("P05/opname 3 sessie 2.mp4", LAB, "the participant may be 3 or 5"),  # whose third recording?
    ("P05/S1/front 1.mp4", LAB, "the participant may be 1 or 5"),
    (
        "sessie 5/opname 3.mp4",
        KnownNames.of(("", str(k)) for k in range(1, 9)),
        "the session may be 3 or 5",
    ),
    ("2025-03-04 10.30 opname S1.mp4", LAB, "no participant"),
    ("2025-03-04 10-30 opname S1.mp4", LAB, "no participant"),
    ("4 maart 2025 S1.mp4", LAB, "no participant"),
    ("5mei S1.mp4", LAB, "no participant"),
    ("1080p30_S2.mp4", KnownNames.of([("30", "2"), ("31", "2")]), "no participant"),
    ("P1080123.mp4", LAB, "no participant"),
    ("IMG_0012 S1.mov", LAB, "no participant"),
    ("1080p S1.mp4", LAB, "no participant"),
    ("20250304_101500 S1.mp4", LAB, "no participant"),
    ("Proefpersoon510140_Sessie1.mp4", SOROCOVA, ("510140", "1", "", "")),
    ("151014 Sessie1.mp4", SOROCOVA, "no participant"),
    ("51014 Sessie1 na 51022.mp4", SOROCOVA, "the participant may be 51014 or 51022"),
    ("smile.mp4", NOTHING, ("", "smile", "", "")),
    ("P01_front.mp4", NOTHING, ("1", "P01", "front", "")),
    ("Étude 3 deel 2.mp4", NOTHING, ("", "Étude 3", "", "2")),
    ("GX010012.MP4", NOTHING, ("", "GX0012", "", "")),
    ("Proefpersoon51014_Sessie1.MP4", NOTHING, ("51014", "1", "", "")),
    ("P1080123.MP4", NOTHING, ("", "P1080123", "", "")),
    ("front.mp4", NOTHING, ("", "front", "front", "")),
    ("participants.mp4", NOTHING, ("", "participants", "", "")),
    ("departure.mp4", NOTHING, ("", "departure", "", "")),
]


@pytest.mark.parametrize(
    ("path", "known", "wanted"), PLACED, ids=[f"{i}-{p[0]}" for i, p in enumerate(PLACED)]
)
def test_name(path, known, wanted):
    guess = guess_places([path], known)
    if isinstance(wanted, str):
        assert guess.places == ()
        [(name, reason)] = guess.unplaced
        assert name == path
        assert wanted in reason
    else:
        assert guess.unplaced == ()
        [place] = guess.places
        got = (place.participant.lstrip("0"), place.session, place.camera, place.part)
        assert (place.path, got[0], *got[1:]) == (path, *wanted)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("P01_20250304T101500", "2025-03-04T10:15:00"),
        ("2025-03-04 10.15.00", "2025-03-04T10:15:00"),
        ("2025-03-04_10-15-00 P01", "2025-03-04T10:15:00"),
        ("VID_20250304_101500", "2025-03-04T10:15:00"),
        ("20250304101500", "2025-03-04T10:15:00"),
        ("Screen Recording 2025-03-04 at 10.15.00", "2025-03-04T10:15:00"),
        ("20250304_101500250", "2025-03-04T10:15:00.250000"),
        ("20250304_101500-20250304_102000", "2025-03-04T10:15:00"),
        ("PXL_20250304_101500123", None),  # these cameras write UTC
        ("GMT20250304-101500_Recording", None),
        ("20250304T101500Z", None),
        ("2025-03-04", None),
        ("20251304_101500", None),
        ("20250304_256000", None),
        ("P01", None),
    ],
)
def test_start_in_a_name(name, wanted):
    start = read_name(name, NOTHING).start
    assert (start.isoformat() if start else None) == wanted


def test_gopro_chapters_are_parts_and_takes_are_not():
    chapters = ["GX010012 P01 S1.mp4", "GX020012 P01 S1.mp4", "GX030012 P01 S1.mp4"]
    assert [(p.path, p.part) for p in guess_places(chapters[::-1], LAB).places] == list(
        zip(chapters, "123", strict=True)
    )
    takes = guess_places(["GX010012 P01 S1.mp4", "GX010013 P01 S1.mp4"], LAB)
    assert takes.places == ()
    assert [reason for _, reason in takes.unplaced] == [
        "the same session, camera and part as GX010013 P01 S1.mp4",
        "the same session, camera and part as GX010012 P01 S1.mp4",
    ]
    assert [
        (p.session, p.part) for p in guess_places(["GX010007.MP4", "GX020007.MP4"], NOTHING).places
    ] == [
        ("GX0007", "1"),
        ("GX0007", "2"),
    ]


def test_files_with_different_starts_are_parts_in_their_order():
    names = [
        "P01_S1_20250304_103000.mp4",
        "P01_S1_20250304_101500.mp4",
        "P01_S2_20250304_114500.mp4",
    ]
    guess = guess_places(names, LAB)
    assert [(p.path, p.part) for p in guess.places] == [
        (names[1], "1"),
        (names[0], "2"),
        (names[2], ""),
    ]
    same = guess_places(["1/P01_S1_20250304_101500.mp4", "2/P01_S1_20250304_101500.mp4"], LAB)
    assert len(same.unplaced) == 2, "the same start twice says nothing of an order"


def test_files_of_which_only_some_name_their_part():
    guess = guess_places(["P01_S1 deel 1.mp4", "P01_S1 vervolg.mp4", "P02_S1.mp4"], LAB)
    assert [p.path for p in guess.places] == ["P02_S1.mp4"]
    assert [reason for _, reason in guess.unplaced] == [
        "the same session and camera as P01_S1 vervolg.mp4, and not all say which part they are",
        "the same session and camera as P01_S1 deel 1.mp4, and not all say which part they are",
    ]


def test_a_session_of_which_one_part_is_unclear_is_set_aside():
    names = [
        "P01_S1 deel1 a.mp4",
        "P01_S1 deel1 b.mp4",
        "P01_S1 deel2.mp4",
        "P01_S1 deel2 side.mp4",
        "P02_S1.mp4",
    ]
    guess = guess_places(names, LAB)
    assert [p.path for p in guess.places] == ["P01_S1 deel2 side.mp4", "P02_S1.mp4"]
    assert dict(guess.unplaced) == {
        names[0]: "the same session, camera and part as P01_S1 deel1 b.mp4",
        names[1]: "the same session, camera and part as P01_S1 deel1 a.mp4",
        names[2]: "another file of its session is unclear: P01_S1 deel1 a.mp4",
    }


def test_a_copy_in_another_folder_is_no_conflict(tmp_path):
    content = {
        "P01_S1 deel1.mp4": b"one",
        "a/P01_S1 deel1.mp4": b"one",
        "backup/P01_S1 deel1.mp4": b"one",
        "P01_S1 deel2.mp4": b"one",  # another part
        "P02_S1.mp4": b"two",
        "backup/P02_S1.mp4": b"six",
        "P03_S1 (1).mp4": b"two",  # in the same folder: a second take of nothing?
        "P03_S1.mp4": b"two",
        "x/P04_S1.mp4": b"two",
        "y/P04_S1.mp4": b"two",
    }
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    guess = guess_places(sorted(content), LAB, tmp_path)
    assert [p.path for p in guess.places] == [
        "P01_S1 deel1.mp4",
        "P01_S1 deel2.mp4",
        "x/P04_S1.mp4",
    ]
    assert guess.copies == (
        ("a/P01_S1 deel1.mp4", "P01_S1 deel1.mp4"),
        ("backup/P01_S1 deel1.mp4", "P01_S1 deel1.mp4"),
        ("y/P04_S1.mp4", "x/P04_S1.mp4"),
    )
    assert len(guess.unplaced) == 4


NAMES_OF_SESSIONS = [
    "007", "08", "12", "2024", "20240304", "2024_03", "2024-03-04 10.15.00", "1_000", "1e3", "3-4",
    "nan", "s1", "S07", "P7", "pp07", "session 3", "front", "cam2", "part1", "IMG_0123", "GX010012",
    "1080p30", "12-2 side", "10.30.00", "5mei", "Étude 3", "_", "a.b", "no", "007 copy",
]  # fmt: skip


@pytest.mark.parametrize("participants", ["none", "letters", "numbers", "one", "alike", "same"])
@pytest.mark.parametrize("name", NAMES_OF_SESSIONS)
def test_a_file_named_like_a_session_is_of_that_session(name, participants):
    sessions = [name, *(other for other in ("s2", "09", "3_4") if other != name)]
    whose = {
        "none": [""] * 4,
        "letters": ["A1", "B2", "B2", "C"],
        "numbers": ["8", "7", "9", "12"],
        "one": ["12"] * 4,
        "alike": ["P7", "007", "front", "1"],
        "same": sessions,
    }[participants]
    guess = guess_places(
        [f"{s}.mp4" for s in sessions], KnownNames.of(zip(whose, sessions, strict=True))
    )
    if participants == "none":  # then a name may still say whose it is
        whose = [{"P7": "7", "pp07": "07"}.get(session, "") for session in sessions]
    assert guess.unplaced == ()
    assert {p.path: (p.session, p.participant, p.camera, p.part) for p in guess.places} == {
        f"{s}.mp4": (s, p, "", "") for p, s in zip(whose, sessions, strict=True)
    }


def test_a_name_that_is_a_session_still_tells_the_participant_that_nothing_else_tells():
    """Else every session would stand for itself, and intervals would be too narrow."""
    sessions = ["P01_1", "P01_2", "P02_1"]
    paths = [f"{session}.mp4" for session in sessions]
    guess = guess_places(paths, KnownNames.of([("", session) for session in sessions]))
    assert [(p.session, p.participant) for p in guess.places] == [
        ("P01_1", "01"),
        ("P01_2", "01"),
        ("P02_1", "02"),
    ]
    known = KnownNames.of([("Anna", "P01_1"), ("Anna", "P01_2"), ("Ben", "P02_1")])
    assert [p.participant for p in guess_places(paths, known).places] == ["Anna", "Anna", "Ben"]


def test_a_folder_says_whose_a_session_is_that_several_have():
    known = KnownNames.of([("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")])
    guess = guess_places(["A/1.mp4", "A/2.mp4", "B/1.mp4", "1.mp4"], known)
    assert [(p.path, p.participant, p.session) for p in guess.places] == [
        ("A/1.mp4", "A", "1"),
        ("A/2.mp4", "A", "2"),
        ("B/1.mp4", "B", "1"),
    ]
    known = KnownNames.of([("A", "1"), ("B", "2")])
    assert dict(guess_places(["B/1.mp4"], known).unplaced) == {
        "B/1.mp4": "the participant may be A or B"
    }


def test_a_number_of_one_session_tells_it_among_other_words():
    known = KnownNames.of([("A1", "007"), ("B2", "08"), ("B2", "09")])
    guess = guess_places(["007_front.mp4", "opname 8 side.mp4", "9 deel 2.mp4"], known)
    assert [(p.participant, p.session, p.camera, p.part) for p in guess.places] == [
        ("A1", "007", "front", ""),
        ("B2", "08", "side", ""),
        ("B2", "09", "", "2"),
    ]


@pytest.mark.parametrize("known", ["", "same", "short"])
def test_names_stay_as_they_are_written(known):
    sessions = ["007", "08", "9", "10", "0100"]
    rows = {
        "": [],
        "same": [(s.lstrip("0"), s) for s in sessions],
        "short": [("", s) for s in sessions],
    }[known]
    guess = guess_places([f"{s}.mp4" for s in sessions], KnownNames.of(rows))
    assert [p.session for p in guess.places] == ["007", "08", "9", "10", "0100"]
    assert [p.participant for p in guess.places] == (
        ["7", "8", "9", "10", "100"] if known == "same" else [""] * 5
    )


@pytest.mark.parametrize("spelled", ["VP01", "1", "01"])
def test_a_pattern_finds_the_names_of_the_annotations(tmp_path, spelled):
    known = KnownNames.of([(spelled, "T1"), (spelled, "T2"), ("VP02", "T1")])
    guess = places_by_pattern(
        ["01_day1.mp4"], tmp_path, r"(?P<participant>\d+)_day(?P<session>\d+)", known
    )
    [place] = guess.places
    assert (comparable_name(place.participant), place.session) == (comparable_name(spelled), "1")


def test_the_word_in_which_names_differ_is_the_camera():
    guess = guess_places(
        ["P01_S1_sony.mp4", "P01_S1_logitech.mp4", "P02_S1_sony.mp4", "P02_S1_logitech.mp4"], LAB
    )
    assert {(p.path, p.camera) for p in guess.places} == {
        ("P01_S1_sony.mp4", "sony"),
        ("P01_S1_logitech.mp4", "logitech"),
        ("P02_S1_sony.mp4", "sony"),
        ("P02_S1_logitech.mp4", "logitech"),
    }
    once = guess_places(["P01_S1_short.mp4", "P01_S1_long.mp4", "P02_S1.mp4", "P03_S1.mp4"], LAB)
    assert [p.path for p in once.places] == ["P02_S1.mp4", "P03_S1.mp4"], (
        "two versions of one session are no cameras"
    )
    letters = guess_places([f"P0{p}_S1_{part}.mp4" for p in (1, 2) for part in "ab"], LAB)
    assert len(letters.unplaced) == 4, "a and b may be parts"
    numbers = guess_places(["P01_S1 take 1.mp4", "P01_S1 take 2.mp4"], LAB)  # parts, or tries?
    assert len(numbers.unplaced) == 2
    assert len(guess_places(["P01_S1_a_b.mp4", "P01_S1_c_d.mp4"], LAB).unplaced) == 2
    copies = guess_places(["P01_S1.mp4", "backup/P01_S1.mp4"], LAB)
    assert [path for path, _ in copies.unplaced] == ["P01_S1.mp4", "backup/P01_S1.mp4"]


def test_sessions_numbered_within_participants_are_named_so():
    assert (
        guess_places(["P01_S1.mp4", "P02_S1.mp4"], NOTHING).session_name
        == "{participant}_{session}"
    )
    assert guess_places(["P01_S1.mp4", "P02_S2.mp4"], NOTHING).session_name == "{session}"
    mixed = guess_places(["P01_S1.mp4", "P02_S1.mp4", "trailer.mp4"], NOTHING)
    assert [(path, reason.split(",")[0]) for path, reason in mixed.unplaced] == [
        ("trailer.mp4", "no participant in its name or folders")
    ]


def test_spellings_of_one_name_become_one():
    guess = guess_places(
        ["P1_S1_front.mp4", "pp01 sessie 01 side.mp4", "P10_S1_front.mp4"], NOTHING
    )
    assert [(p.participant, p.session, p.camera) for p in guess.places] == [
        ("1", "1", "front"),
        ("1", "1", "side"),
        ("10", "1", "front"),
    ]


@given(
    participant=st.integers(1, 99),
    session=st.integers(1, 12),
    person=st.sampled_from(["P", "pp", "Proefpersoon ", "sub-", "vp_"]),
    word=st.sampled_from(["S", "sessie ", "ses-", "Session_"]),
    camera=st.sampled_from(["front", "zij", "cam 3", "Camera_a"]),
    zeros=st.booleans(),
    order=st.permutations(range(3)),
    mark=st.sampled_from(["_", " ", "-", "."]),
)
def test_any_order_and_spelling_reads_the_same(
    participant, session, person, word, camera, zeros, order, mark
):
    width = 3 if zeros else 1
    pieces = [f"{person}{participant:0{width}}", f"{word}{session:0{width}}", camera]
    clues = read_name(
        mark.join(pieces[k] for k in order),
        KnownNames.of([(str(participant), str(session)), ("100", "13")]),
    )
    assert (clues.participants, clues.sessions) == ({str(participant)}, {str(session)})
    assert clues.camera == {"cam 3": "cam3", "Camera_a": "camA"}.get(camera, camera)


@given(st.text(max_size=30), st.sampled_from([LAB, SOROCOVA, NOTHING]))
def test_any_name_has_a_place_or_a_reason(name, known):
    path = name.replace("/", "_").replace("\0", "_") + ".mp4"
    guess = guess_places([path], known)
    assert len(guess.places) + len(guess.unplaced) == 1
    assert all(place.session for place in guess.places)


# --- columns, starts, names of files
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (
            "Proefpersoon;Sessie;Tijd;Type fout;Codeur;Opmerking",
            "session=Sessie; participant=Proefpersoon; onset=Tijd; kind=Type fout; "
            "annotator=Codeur",
        ),
        (
            "id;participant_id;timestamp;session;predicted_error_type",
            "session=session; participant=participant_id; onset=timestamp; "
            "kind=predicted_error_type",
        ),
        (
            "session;onset_s;offset_s;kind;annotator",
            "session=session; onset=onset_s; offset=offset_s; kind=kind; annotator=annotator",
        ),
        (
            "video;start time;end time;label",
            "session=video; onset=start time; offset=end time; kind=label",
        ),
        (
            "VP;Sitzung;Zeit (s);Fehlertyp;Rater",
            "session=Sitzung; participant=VP; onset=Zeit (s); kind=Fehlertyp; annotator=Rater",
        ),
        ("File;session;Begin;Eind", "session=session; onset=Begin; offset=Eind"),
        ("trial;time;error", "session=trial; onset=time; kind=error"),
        ("session;start;start_time", "session=session; onset=start"),
        ("alpha;beta", ""),
        (
            "Sitzung;VP;Fehler von;Fehler bis;Art;Beobachter",
            "session=Sitzung; participant=VP; onset=Fehler von; offset=Fehler bis; kind=Art; "
            "annotator=Beobachter",
        ),
        ("session;von;bis;Fehler", "session=session; onset=von; offset=bis; kind=Fehler"),
        ("sessie;van;tot;soort", "session=sessie; onset=van; offset=tot; kind=soort"),
        ("session;Beginn;kodiert von", "session=session; onset=Beginn"),
        ("session;Zeit;kodiert von", "session=session; onset=Zeit"),
        ("session;error start;error end", "session=session; onset=error start; offset=error end"),
        ("Zeit im Video;Datei;Fehlerart", "session=Datei; onset=Zeit im Video; kind=Fehlerart"),
        (
            "VP-Nr;Termin;Uhrzeit;Endzeit;Fehlerkategorie;Kodiererin",
            "session=Termin; participant=VP-Nr; onset=Uhrzeit; offset=Endzeit; "
            "kind=Fehlerkategorie; "
            "annotator=Kodiererin",
        ),
        (
            "VPNr;Messzeitpunkt;Anfang;Ende;Fehlertyp;Auswerter",
            "session=Messzeitpunkt; participant=VPNr; onset=Anfang; offset=Ende; "
            "kind=Fehlertyp; annotator=Auswerter",
        ),
        (
            "proefpersoonnummer;mzp;tijdstip;soort fout;observator",
            "session=mzp; participant=proefpersoonnummer; onset=tijdstip; kind=soort fout; "
            "annotator=observator",
        ),
        (
            "sujet;séance;début;fin;type",
            "session=séance; participant=sujet; onset=début; offset=fin; kind=type",
        ),
    ],
)
def test_columns(header, wanted):
    found = find_columns(header.split(";"))
    assert not found.unclear
    assert "; ".join(f"{field}={name}" for field, name in found.names.items()) == wanted


def test_the_start_of_a_session_is_no_better_than_a_time():
    found = find_columns(["participant", "session", "session_start", "time"])
    assert found.names == {"session": "session", "participant": "participant", "onset": "time"}
    assert find_columns(["session", "video start", "code time"]).unclear == {
        "onset": ("video start", "code time")
    }
    assert find_columns(["session", "session start"]).names["onset"] == "session start"


def test_columns_that_are_equally_good_are_unclear():
    found = find_columns(["session", "Begin Time - ss.msec", "Begin Time - hh:mm:ss.ms"])
    assert "onset" not in found.names
    assert found.unclear == {"onset": ("Begin Time - ss.msec", "Begin Time - hh:mm:ss.ms")}


def test_columns_that_a_person_named():
    header = ["session", "Video", "start", "t2"]
    assert find_columns(header, {"onset": "T2", "session": "Video"}).names == {
        "session": "Video",
        "onset": "t2",
    }
    assert find_columns(header, {"session": "start"}).names == {"session": "start"}
    assert find_columns(header, {"session": ""}).names == {"onset": "start"}
    assert find_columns(header, {"onset": "absent"}).names == {"session": "session"}


def test_log_book_with_a_date_apart(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "pp,Datum,begin\n1,5-3-2025,14:03:20\n2,25-3-2025,14:03:20\n2,25-3-2025,9:00:00\n3,,later\n"
    )
    starts = read_starts(path)
    assert [clock_text(row.clock) for row in starts.rows] == [
        "2025-03-05T14:03:20",
        "2025-03-25T14:03:20",
    ]
    assert [problem.split(":")[0] for problem in starts.problems] == ["line 4", "line 5"]
    path.write_text("who,when\n1,2\n")
    with pytest.raises(
        DatasetError,
        match="no column for the participant or session and the start; found: who, when",
    ):
        read_starts(path)


def test_a_start_is_the_first_parts(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("pp,sessie,begin\n1,1,14:00:00\n2,1,15:00:00\n3,1,16:00:00\n")
    names = [
        "P01_S1 deel2.mp4",
        "P01_S1 deel3.mp4",
        "P02_S1 deel a.mp4",
        "P02_S1 deel b.mp4",
        "P03_S1.mp4",
    ]
    filled = fill_starts(guess_places(names, LAB).places, read_starts(path), "log.csv")
    starts = {place.path: place.start for place in filled.places}
    assert starts == dict(zip(names, ["", "", "15:00:00", "", "16:00:00"], strict=True))
    assert filled.problems == (
        "log.csv, line 2: P01_S1 deel2.mp4 is part 2, and the first part has no place; no start "
        "given",
    )


@given(st.floats(0, 86399.9999))
def test_clock_text_reads_back(of_day_s):
    read = parse_clock(clock_text(Clock(of_day_s=of_day_s)))
    assert isinstance(read, Clock)
    assert read.of_day_s == pytest.approx(of_day_s, abs=1e-6)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Study (2024)", "Study_2024"),
        ("2024", "study_2024"),
        ("demo", "demo_study"),
        ("研究", "study"),
        ("true", "study_true"),
    ],
)
def test_data_set_name(folder, name):
    assert data_set_name(folder, ["demo", "folder"]) == name
