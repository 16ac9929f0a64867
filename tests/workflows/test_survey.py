"""A survey: from a folder of videos and a CSV to a data set that reads as the study was made."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import timedelta

import pytest
from omegaconf import OmegaConf

from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, DatasetError
from helpers.surveys import look_and_write, study_of


@pytest.mark.parametrize(
    ("camera", "coder"), [("front", "anna"), ("side", "anna"), ("front", "ben"), ("front", "all")]
)
def test_generated_study_reads_as_it_was_made(
    generated_study, tmp_path, monkeypatch, camera, coder
):
    survey, files = look_and_write(
        tmp_path / "conf",
        generated_study.folder,
        annotations=generated_study.annotations,
        starts=generated_study.starts,
    )
    monkeypatch.chdir("/")  # it works from any folder
    sessions = study_of(files.data_set, camera=camera, annotator=coder).load().sessions
    expected = {
        f"{m.participant}_{m.session}": m for m in generated_study.meetings if camera in m.files
    }
    assert [s.session_id for s in sessions] == sorted(expected)
    assert len(sessions) == {"front": 30, "side": 29}[camera]
    for session in sessions:
        meeting = expected[session.session_id]
        assert session.participant == f"{meeting.participant}"
        assert session.camera == camera
        assert [part.path for part in session.parts] == [
            generated_study.folder / name for name in meeting.files[camera]
        ]
        assert [part.start_s for part in session.parts] == [0.0, None][: len(session.parts)]
        marks = [mark for mark in meeting.marks if coder in (mark.coder, "all")]
        is_refused = (meeting.participant, meeting.session) in generated_study.refused
        if is_refused and coder != "ben":  # it is anna's
            assert session.annotations is None
            assert "line 40" in session.unscored
        elif not marks:
            assert session.annotations is None
            assert session.unscored == ""
        else:
            assert [(a.kind, a.annotator) for a in session.annotations] == [
                (m.kind, m.coder) for m in marks
            ]
            assert [a.onset_s for a in session.annotations] == pytest.approx(
                [m.onset_s for m in marks], abs=1e-6
            )
    assert generated_study.formula_line == 40
    assert [line.split(":")[0] for line in survey.unclear] == [
        generated_study.unplaced[0],
        f"fouten.csv, line {generated_study.formula_line}",
        f"fouten.csv, line {generated_study.unknown_line}",
    ]


def test_generated_study_starts(generated_study, tmp_path):
    survey, _ = look_and_write(
        tmp_path,
        generated_study.folder,
        annotations=generated_study.annotations,
        starts=generated_study.starts,
    )
    starts = {(p.participant, p.session, p.part): p.start for p in survey.placement.places}
    for meeting in generated_study.meetings:
        two = len(meeting.pieces) > 1
        key = (f"{meeting.participant}", str(meeting.session))
        assert starts[*key, "1" if two else ""] == meeting.start.isoformat()
        assert not two or starts[*key, "2"] == ""
    assert (
        survey.num_starts_filled == 20
    )  # ten sessions without a clock in the name, two cameras each
    assert survey.notes == ()


def test_generated_study_lets_a_mark_lie_in_the_second_part(generated_study):
    late = [
        m
        for m in generated_study.meetings
        if any(mark.onset_s > m.pieces[0].duration_s for mark in m.marks)
    ]
    assert {m.participant for m in late} == {11, 12, 13, 14, 15}
    assert all(len(m.pieces) == 2 for m in late)


def test_written_file_has_every_field(generated_study, tmp_path):
    _, files = look_and_write(
        tmp_path,
        generated_study.folder,
        annotations=generated_study.annotations,
        starts=generated_study.starts,
    )
    node = OmegaConf.load(files.data_set)
    assert set(node) - {"_target_"} == {field.name for field in dataclasses.fields(Study)}
    assert set(node.format) == {
        field.name for field in dataclasses.fields(study_of(files.data_set).format)
    }
    assert '# keep: {"Type fout": [' in files.data_set.read_text(encoding="utf-8")
    with pytest.raises(DatasetError, match="choose one with camera="):
        study_of(files.data_set).load()


def test_moved_study_needs_only_the_new_paths(generated_study, tmp_path):
    _, files = look_and_write(
        tmp_path / "c",
        generated_study.folder,
        annotations=generated_study.annotations,
        starts=generated_study.starts,
    )
    moved = tmp_path / "elsewhere"
    shutil.copytree(generated_study.folder, moved)
    study = study_of(files.data_set, videos=str(moved), camera="front", annotator="anna")
    assert all(
        part.path.is_relative_to(moved) and part.path.is_file()
        for s in study.load().sessions
        for part in s.parts
    )


def test_names_that_disagree_with_the_log_book_are_told(recordings, tmp_path):
    folder = recordings("a 20250304_101500.mp4", "b.mp4")
    log = tmp_path / "log.csv"
    log.write_text(
        "session,start\na,2025-03-04 10:15:30\nb,2025-03-04 11:00:00\nc,2025-03-04 12:00:00\n"
    )
    marks = tmp_path / "marks.csv"
    marks.write_text("session,time\na,10:15:01\nb,11:00:00.5\n")
    survey, files = look_and_write(tmp_path / "out", folder, annotations=marks, starts=log)
    assert survey.notes == (
        "a 20250304_101500.mp4: its name's start is -30.0 s from log.csv, line 2; the name's is "
        "used",
    )
    assert survey.unclear == ("log.csv, line 4: no session has a video and the name 'c'",)
    sessions = study_of(files.data_set).load().sessions
    assert [[a.onset_s for a in s.annotations] for s in sessions] == [[1.0], [0.5]]


def test_a_folder_that_cannot_be_written_leaves_nothing(recordings, tmp_path):
    folder = recordings("a.mp4")
    out = tmp_path / "conf"
    out.mkdir()
    (out / "dataset").write_text("a file where a folder is needed")
    with pytest.raises(ConfigError, match="cannot be written"):
        look_and_write(out, folder)
    assert [path.name for path in out.iterdir()] == ["dataset"]


def test_time_arithmetic_of_the_generated_study(generated_study):
    """The truth that the tests above compare with, recomputed from the CSV by hand."""
    rows = [
        line.split(";")
        for line in generated_study.annotations.read_bytes().decode("cp1252").split("\r\n")[1:-1]
    ]
    starts = {(m.participant, m.session): m.start for m in generated_study.meetings}
    told = sorted(
        (m.participant, m.session, mark.onset_s)
        for m in generated_study.meetings
        for mark in m.marks
    )
    read = []
    for participant, session, time, *_ in rows[:-2]:
        hours, minutes, seconds = time.replace(",", ".").split(":")
        start = starts[int(participant), int(session)]
        at = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
        begun = timedelta(hours=start.hour, minutes=start.minute, seconds=start.second)
        read.append((int(participant), int(session), round((at - begun).total_seconds(), 6)))
    assert sorted(read) == told


def test_files_of_annotation_programs_are_surveyed_too(recordings, tmp_path):
    folder = recordings("a.mp4", "b.mp4")
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "a.vtt").write_text("WEBVTT\n\n00:00.500 --> 00:01.000\nrobot\n")
    survey, files = look_and_write(tmp_path / "out", folder, annotations=marks)
    assert survey.is_complete
    assert survey.annotations.counts("kind") == {"robot": 1}
    assert repr(survey) == (
        "Survey: 2 of 2 videos placed, 2 sessions, 0 participants, 0 cameras, 1 annotation, "
        "0 unclear"
    )
    annotated, other = study_of(files.data_set).load().sessions
    assert [(a.onset_s, a.kind) for a in annotated.annotations] == [(0.5, "robot")]
    assert other.annotations is None


def test_a_time_outside_of_the_video_that_a_program_marked_is_listed(recordings, tmp_path):
    marks = tmp_path / "a.vtt"
    marks.write_text("WEBVTT\n\n00:05.500 --> 00:06.000\nrobot\n")
    survey, _ = look_and_write(tmp_path / "out", recordings("a.mp4"), annotations=marks)
    [sentence] = survey.unclear
    assert "5.5 s of session 'a', which has 1.2 s of video" in sentence


def test_errors_of_a_survey_name_its_options(recordings, tmp_path):
    with pytest.raises(DatasetError, match=r"^camera: there is no 'frnt' .did you"):
        look_and_write(tmp_path, recordings("a_front.mp4", "a_side.mp4"), camera="frnt")
