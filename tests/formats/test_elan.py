"""ELAN's .eaf files: hand-written ones, those of another program, our own, and broken ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pympi import Eaf

from ferbench.datasets.study import Study
from ferbench.errors import DatasetError, FerbenchError, FormatError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.eaf_document import EafDocument
from ferbench.formats.elan import read_elan, write_elan
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Span, Track, event_tracks, match_tracks
from ferbench.types import Annotation, Event
from helpers.reference import DATA

SAMPLE = DATA / "annotation_files" / "reactions.eaf"
SHELL = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT>
<HEADER TIME_UNITS="milliseconds"/>
<TIME_ORDER>{slots}</TIME_ORDER>
<TIER TIER_ID="errors" LINGUISTIC_TYPE_REF="t">
{annotations}
</TIER>
</ANNOTATION_DOCUMENT>
"""


def eaf(folder, *times, name="P01.eaf", tier="errors", annotator="", media=""):
    """An .eaf of [(onset_ms, offset_ms, text)], written by pympi."""
    file = Eaf(author="test")
    file.remove_tier("default")
    file.add_tier(tier, ann=annotator or None)
    for onset, offset, text in times:
        file.add_annotation(tier, onset, offset, text)
    if media:
        file.add_linked_file(media, mimetype="video/mp4")
    file.to_file(folder / name)
    return folder / name


def shell(path, slots, *annotations):
    written = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{n}"{v and f" TIME_VALUE={v!r}"}/>' for n, v in slots.items()
    )
    path.write_text(SHELL.format(slots=written, annotations="\n".join(annotations)))
    return path


def alignable(name, first, last, text="x"):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{first}" '
        f'TIME_SLOT_REF2="{last}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def tiers_of(path):
    """The tiers of a file, and how many annotations each has."""
    tiers = EafDocument.read(path).tiers
    return {name: len(tier.annotations) for name, tier in tiers.items()}


def rows(path, **table):
    return [
        (r.session, r.onset, r.offset, r.kind, r.annotator)
        for r in read_annotations(path, Table(**table)).rows
        if r.kept
    ]


def test_a_tier_of_the_sample_read_by_hand():
    found = read_elan(SAMPLE, tier="robot errors")
    assert [(m.line, m.onset_s, m.offset_s, m.kind) for m in found.rows] == [
        (28, 1.25, 1.73, "interrupts"),
        (33, 2.25, 2.25, ""),
        (22, 9.25, 9.75, "says <nothing> & stops"),
    ]
    assert {(m.session, m.annotator) for m in found.rows} == {("P07 front", "anna")}
    assert found.rows[0].columns == {
        "tier": "robot errors",
        "tier_type": "free",
        "tier_participant": "robot",
        "media": "file:///D:/study/P07%20front.mp4",
        "file": "reactions",
    }
    assert found.notes == (
        "reactions.eaf links 2 videos (P07 front, P07_side); its times are those of P07 front",
    )
    assert tiers_of(SAMPLE) == {"robot errors": 3, "severity": 1, "empty": 0}


def test_an_annotation_that_refers_to_another_has_its_times():
    assert rows(SAMPLE, tier="severity") == [("P07 front", 9.25, 9.75, "high", "")]


def test_several_tiers_are_told_and_one_can_be_the_kind_or_the_annotator():
    with pytest.raises(
        FormatError,
        match=r"several tiers have annotations: robot errors \(3\), severity \(1\); choose",
    ):
        read_annotations(SAMPLE, Table())
    everything = rows(SAMPLE, tier="all", columns=Columns(kind="tier", annotator="file"))
    assert [row[3] for row in everything] == ["robot errors"] * 3 + ["severity"]
    assert {row[4] for row in everything} == {"reactions"}
    assert len(rows(SAMPLE, tier="all", keep={"tier": ("severity",)})) == 1
    with pytest.raises(
        DatasetError, match=r"no tier 'talk'; there are: empty, robot errors, severity"
    ):
        read_annotations(SAMPLE, Table(tier="talk"))


def test_an_empty_tier_is_annotated_with_nothing():
    (row,) = read_annotations(SAMPLE, Table(tier="empty")).rows
    assert (row.session, row.kept) == ("P07 front", False)


def test_an_annotator_s_empty_tier_is_a_session_gone_through(ferbench, tmp_path):
    """Chosen as a tier or as an annotator, the same sessions are scored."""
    marks = tmp_path / "marks"
    marks.mkdir()
    for session, whose in (("P01", "anna"), ("P02", "ben")):
        file = Eaf(author="test")
        file.remove_tier("default")
        for name in ("anna", "ben"):
            file.add_tier(name)
        file.add_annotation(whose, 1000, 2000, "x")
        file.to_file(marks / f"{session}.eaf")
    table = Table(tier="all", columns=Columns(annotator="tier"))
    found = read_annotations(marks, table).rows
    assert sorted((r.session, r.annotator, r.kept) for r in found) == [
        ("P01", "anna", True),
        ("P01", "ben", False),
        ("P02", "anna", False),
        ("P02", "ben", True),
    ]
    assert len(read_annotations(marks, Table(tier="all", columns=Columns(kind="tier"))).rows) == 2
    events = tmp_path / "events.csv"
    events.write_text("session,onset_s\nP01,1.5\nP02,1.5\n")
    given = ("score", events, marks, "--no-intervals", "--json")
    as_tier = json.loads(ferbench(*given, "--tier", "anna").out)
    as_person = json.loads(
        ferbench(*given, "--tier", "all", "--column", "annotator=tier", "--annotator", "anna").out
    )
    assert as_tier["scores"] == as_person["scores"]
    assert (as_tier["scores"]["event/tp"], as_tier["scores"]["event/fp"]) == (1, 1)


def test_the_same_as_pympi_reads(tmp_path):
    eaf_by_pympi = Eaf(str(SAMPLE))
    theirs = sorted(eaf_by_pympi.get_annotation_data_for_tier("robot errors"))
    ours = [(m.onset_s, m.offset_s) for m in read_elan(SAMPLE, tier="robot errors").rows]
    assert [(round(a * 1000) - 250, round(b * 1000) - 250) for a, b in ours] == [
        t[:2] for t in theirs
    ]
    path = eaf(tmp_path, (0, 40, "a"), (40, 1001, "ö & <b>"), media="/x/P07.mp4", annotator="ben")
    assert rows(path) == [("P07", 0.0, 0.04, "a", "ben"), ("P07", 0.04, 1.001, "ö & <b>", "ben")]


SPANS = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.integers(0, 800),
        st.text(st.characters(categories=["L", "N", "P"]), max_size=5),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(first=SPANS, second=SPANS)
def test_what_is_written_is_read_back_by_us_and_by_pympi(first, second, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "written.eaf"
    tracks = tuple(
        Track(
            name=name,
            spans=tuple(
                Span(onset_s=a / 1000, offset_s=(a + n) / 1000, text=text) for a, n, text in own
            ),
        )
        for name, own in (("hit", first), ("missed", second))
    )
    write_elan(path, tracks, video=Path("/videos/P01.mp4"))
    found = read_elan(path, tier="all")
    assert not found.refused
    assert found.sessions == {"P01"}
    theirs = Eaf(str(path))
    for track in tracks:
        own = [m for m in found.rows if m.columns["tier"].startswith(track.name)]
        assert sorted(m.kind for m in own) == sorted(s.text for s in track.spans)
        moved = [
            (a, b)
            for a, b in zip(sorted(own, key=_times), sorted(track.spans, key=_times), strict=True)
            if _far(a, b)
        ]
        assert all(b.onset_s == b.offset_s or len(track.spans) > 1 for _, b in moved)
        by_pympi = [
            t
            for name in theirs.get_tier_names()
            if name.startswith(track.name)
            for t in tier_of(theirs, name)
        ]
        assert sorted(by_pympi) == sorted(
            (round(m.onset_s * 1000), round(m.offset_s * 1000), m.kind) for m in own
        )


def tier_of(file, name):
    return [
        (onset, offset, text or "")
        for onset, offset, text in file.get_annotation_data_for_tier(name)
    ]


def _times(item):
    return (item.onset_s, item.offset_s)


def _far(mark, span):
    """More apart than one pushed point: 1 ms per annotation before it."""
    return abs(mark.onset_s - span.onset_s) > 0.0011 or abs(mark.offset_s - span.offset_s) > 0.0011


def test_spans_that_do_not_touch_keep_their_milliseconds(tmp_path):
    spans = (
        Span(onset_s=0.0004, offset_s=0.2, text="a"),
        Span(onset_s=3.9996, offset_s=3.9996, text="b"),
    )
    write_elan(tmp_path / "x.eaf", [Track(name="surprise", spans=spans)])
    assert rows(tmp_path / "x.eaf") == [("x", 0.0, 0.2, "a", ""), ("x", 4.0, 4.001, "b", "")]


def test_events_and_matches_become_tiers(tmp_path):
    def event(onset, label="surprise"):
        return Event(
            session_id="s",
            onset_s=onset,
            offset_s=onset + 1,
            trigger_s=onset,
            label=label,
            peak=1.0,
        )

    events = (event(1.0), event(1.5, "fear"), event(8.0), event(20.0))
    marks = tuple(
        Annotation(session_id="s", onset_s=t, offset_s=t, kind="late") for t in (0.5, 12.0, 30.0)
    )
    write_elan(tmp_path / "events.eaf", event_tracks(events))
    assert tiers_of(tmp_path / "events.eaf") == {"fear": 1, "surprise": 3}
    write_elan(tmp_path / "none.eaf", event_tracks(()))
    assert tiers_of(tmp_path / "none.eaf") == {"events": 0}
    tracks = match_tracks(
        events, marks, [(0, 0)], scored_events=[0, 1, 2], scored_annotations=[0, 1]
    )
    assert [(t.name, [(s.onset_s, s.text) for s in t.spans]) for t in tracks] == [
        ("hit", [(1.0, "surprise: late")]),
        ("false alarm", [(1.5, "fear"), (8.0, "surprise")]),
        ("missed", [(12.0, "late")]),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", r"line 1: not XML"),
        ("", r"not XML \(no element found\)"),
        (
            "<ANNOTATION_DOCUMENT>\n<HEADER>\n</ANNOTATION_DOCUMENT>",
            r"line 3: not XML \(mismatched tag\)",
        ),
        ("<html/>", r"expected the root element ANNOTATION_DOCUMENT, got html"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>\n<ANNOTATION_DOCUMENT/>', r"line 1: has a DOCTYPE"),
        (
            "<!DOCTYPE a [<!ENTITY x SYSTEM "
            '"file:///etc/passwd">]><ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>',
            r"has a DOCTYPE",
        ),
        (
            '<?xml version="1.0" encoding="klingon"?><ANNOTATION_DOCUMENT/>',
            r"cannot be decoded \(unknown encoding: klingon\)",
        ),
        (
            '<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>',
            r"TIME_UNITS is 'PAL-frames', expected milliseconds",
        ),
        ("<ANNOTATION_DOCUMENT>\n<TIER/></ANNOTATION_DOCUMENT>", r"line 2: TIER without TIER_ID"),
        (
            '<ANNOTATION_DOCUMENT><TIER TIER_ID="a"/><TIER TIER_ID="a"/></ANNOTATION_DOCUMENT>',
            r"there are two tiers named 'a'",
        ),
        (
            '<ANNOTATION_DOCUMENT><TIME_SLOT TIME_SLOT_ID="t" '
            'TIME_VALUE="1.5"/></ANNOTATION_DOCUMENT>',
            r"TIME_VALUE is '1.5', expected whole milliseconds",
        ),
    ],
)
def test_files_that_are_refused(text, says, tmp_path):
    path = tmp_path / "bad.eaf"
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        read_elan(path)
    with pytest.raises(FerbenchError, match=says):
        read_annotations(path, Table())


def test_a_billion_laughs_ends_at_once(tmp_path):
    bomb = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    path = tmp_path / "bomb.eaf"
    path.write_text(
        f'<!DOCTYPE b [<!ENTITY l0 "ha">{bomb}]><ANNOTATION_DOCUMENT>&l9;</ANNOTATION_DOCUMENT>'
    )
    with pytest.raises(FormatError, match="DOCTYPE"):
        read_elan(path)


def test_missing_files(tmp_path):
    with pytest.raises(DatasetError, match="no such annotations file"):
        read_annotations(tmp_path / "none.eaf", Table())
    with pytest.raises(DatasetError, match="got a folder without"):
        read_annotations(tmp_path, Table())


def test_broken_references_are_named(tmp_path):
    path = shell(tmp_path / "x.eaf", {"t1": "10"}, alignable("a1", "t1", "t9"))
    with pytest.raises(
        FormatError, match=r"x.eaf, line 6: annotation a1: there is no time slot t9"
    ):
        read_elan(path)
    ref = '<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a7"/></ANNOTATION>'
    with pytest.raises(
        FormatError, match=r"line 6: annotation a2 refers to a7, which leads nowhere"
    ):
        read_elan(shell(tmp_path / "x.eaf", {}, ref))
    round_trip = ref.replace("a7", "a2")
    with pytest.raises(FormatError, match="leads nowhere"):
        read_elan(shell(tmp_path / "x.eaf", {}, round_trip))


def test_annotations_that_cannot_be_used_are_listed_and_the_session_is_not_scored(tmp_path):
    slots = {
        "t1": "10",
        "t2": "500",
        "t3": "",
        "t4": "-30",
        "t5": "400",
        "t6": "450",
        "t8": "460",
        "t9": "470",
    }
    path = shell(
        tmp_path / "P01.eaf",
        slots,
        alignable("a1", "t1", "t2"),
        alignable("a2", "t3", "t2"),
        alignable("a3", "t4", "t1"),
        alignable("a4", "t2", "t1"),
        alignable("a5", "t5", "t6"),
        alignable("a6", "t8", "t9"),
    )
    table = read_annotations(path, Table())
    assert [r.onset for r in table.rows] == [0.01]
    told = {problem.line: problem.reason for problem in table.refused}
    assert (
        "annotation a2 on tier 'errors' has a time slot without a time, and none before" in told[7]
    )
    assert "a3 on tier 'errors' begins at -0.03 s" in told[8]
    assert "a4 on tier 'errors' ends before it begins" in told[9]
    assert "overlaps the one before it" in told[10]
    assert "the annotation at 0.46 s on tier 'errors' overlaps the one before it" in told[11], (
        "a1 still lasts"
    )
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "P01.mp4").touch()
    study = Study(videos=str(tmp_path / "videos"), annotations=str(path))
    (session,) = study.load().sessions
    assert session.annotations is None
    assert "P01.eaf, line 7: annotation a2" in session.unscored


def test_a_folder_of_files(tmp_path):
    eaf(tmp_path, (1000, 2000, "x"), name="one.eaf", media="/v/P01.mp4")
    eaf(tmp_path, name="two.eaf", media="/v/P02.mp4")
    eaf(tmp_path, (1000, 2000, "x"), name="three.eaf", tier="talk", media="/v/P03.mp4")
    with pytest.raises(
        DatasetError, match=r"several tiers have annotations: errors \(1\), talk \(1\)"
    ):
        read_annotations(tmp_path, Table())
    table = read_annotations(tmp_path, Table(tier="errors"))
    assert [(r.session, r.kept) for r in table.rows] == [("P01", True), ("P02", False)]
    assert table.notes == ("three.eaf has no tier 'errors': taken as not annotated",)
    (tmp_path / "one.bad.eaf").write_text("no")
    with pytest.raises(FormatError, match=r"one\.bad\.eaf, line 1: not XML"):
        read_annotations(tmp_path, Table(tier="errors"))


def test_two_files_of_one_session_are_two_annotators(tmp_path):
    eaf(tmp_path, (1000, 2000, "x"), name="anna.eaf", media="/v/P01.mp4")
    eaf(tmp_path, (1100, 2000, "x"), name="ben.eaf", media="/v/P01.mp4")
    assert {row[4] for row in rows(tmp_path)} == {"anna", "ben"}
    (tmp_path / "P01.mp4").touch()
    with pytest.raises(DatasetError, match="several people annotated: anna"):
        Study(videos=str(tmp_path), annotations=str(tmp_path)).load()
    (session,) = (
        Study(videos=str(tmp_path), annotations=str(tmp_path), annotator="ben").load().sessions
    )
    assert [a.onset_s for a in session.annotations] == [1.1]


def test_lines_of_several_files_are_not_mixed_up(tmp_path):
    for name in ("P01", "P02"):
        shell(
            tmp_path / f"{name}.eaf",
            {"t1": "5", "t2": "1"},
            alignable("a1", "t1", "t2"),
            alignable("a2", "t2", "t1"),
        )
        (tmp_path / f"{name}.mp4").touch()
    study = Study(videos=str(tmp_path), annotations=str(tmp_path))
    told = [notice for notice in study.load().notices if "ends before" in notice]
    assert len(told) == 2
    assert ["P01.eaf, line 6" in told[0], "P02.eaf, line 6" in told[1]] == [True, True]


def test_a_row_belongs_to_the_session_that_its_video_is_of(tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    for name in ("P01_front_S2_part1", "P01_front_S2_part2", "P01_side_S2_part1"):
        (videos / f"{name}.mp4").touch()
    pattern = r"(?P<participant>P\d+)_(?P<camera>[a-z]+)_S(?P<session>\d+)_part(?P<part>\d+)"
    study = Study(
        videos=str(videos),
        pattern=pattern,
        session_name="{participant}_{session}",
        camera="front",
        annotations=str(eaf(tmp_path, (500, 600, "x"), media="D:\\v\\p01_side_S2_part1.MP4")),
    )
    (session,) = study.load().sessions
    assert (session.session_id, [a.onset_s for a in session.annotations]) == ("P01_2", [0.5])
    eaf(tmp_path, (500, 600, "x"), (700, 800, "y"), media="P01_front_S2_part2.mp4")
    (session,) = study.load().sessions
    assert session.annotations is None
    assert (
        "which is not the first part of its session (P01_front_S2_part1.mp4 is)" in session.unscored
    )


def test_options_that_do_not_fit(tmp_path):
    with pytest.raises(DatasetError, match="'time_format': 'seconds'} is for CSV files"):
        read_annotations(SAMPLE, Table(tier="severity", time_format="seconds"))
    (tmp_path / "a.csv").write_text("session,onset_s\na,1.5\n")
    with pytest.raises(DatasetError, match="'tier': 'x'} is for files of ELAN"):
        read_annotations(tmp_path / "a.csv", Table(tier="x"))
    with pytest.raises(DatasetError, match=r"column 'type' not found; found: session, .*tier_type"):
        read_annotations(SAMPLE, Table(tier="severity", columns=Columns(kind="type")))


def test_score_reads_tiers(ferbench, tmp_path):
    events = tmp_path / "events.csv"
    events.write_text("session,onset_s,offset_s,trigger_s,label\nP07 front,1.5,2,1.5,surprise\n")
    several = ferbench("score", events, SAMPLE)
    assert several.code == 1
    assert "choose one with --tier 'robot errors', or --tier all" in several.err
    ended = ferbench("score", events, SAMPLE, "--tier", "robot errors", "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)["sessions"]["P07 front"]
    assert (found["tp"], found["fp"], found["fn"]) == (1, 0, 2)


@pytest.mark.weights
def test_a_run_on_a_folder_of_files_records_each(ferbench_run, warm_home, warm_root, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "marks").mkdir()
    for name in ("P01", "P02"):
        shutil.copyfile(warm_root.clip, tmp_path / "videos" / f"{name}.mp4")
        eaf(tmp_path / "marks", (700, 900, "smile"), name=f"{name}.eaf", tier="errors")
    folders = (f"dataset.videos={tmp_path / 'videos'}", f"dataset.annotations={tmp_path / 'marks'}")
    ended = ferbench_run("signal.labels=[happiness]", "dataset=folder", *folders, "tracking=files")
    assert ended.code == 0, ended.err
    assert "precision 1.000, recall 1.000, f1 1.000" in ended.out
    (record,) = warm_home.rglob("run.json")
    assert {(name, "annotations") for name in ("P01.eaf", "P02.eaf")} <= {
        (item["name"], item["kind"]) for item in json.loads(record.read_text())["inputs"]
    }


def test_init_says_that_a_tier_must_be_chosen(ferbench, tmp_path):
    (tmp_path / "P01.mp4").touch()
    ended = ferbench("init", tmp_path, "--annotations", SAMPLE, "--out", tmp_path / "conf")
    assert ended.code == 1
    told = " ".join(ended.out.split())
    assert "several tiers have annotations: robot errors (3), severity (1); choose one with" in told
    assert "dataset.format.tier='robot errors', or dataset.format.tier=all" in told
