"""``ferbench init``: what it prints, writes and refuses."""

from __future__ import annotations

import pytest

from helpers.surveys import study_of


@pytest.fixture
def command(ferbench, tmp_path, monkeypatch):
    """``ferbench init`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: ferbench("init", *arguments)


def test_command_prints_and_ends(generated_study, command, tmp_path):
    ended = command(
        generated_study.folder,
        "--annotations",
        generated_study.annotations,
        "--starts",
        generated_study.starts,
    )
    assert (ended.code, ended.err) == (1, "")
    for part in (
        "70 in ",
        "30: 1_1 to 15_2",
        "15: 1 to 15",
        "front (30 sessions), side (29 sessions)",
        "5 of 30 sessions have several",
        "separated by semicolons, read as Windows-1252 (not UTF-8)",
        "session = Sessie, participant = Proefpersoon, onset = Tijd, kind = Type fout, "
        "annotator = Codeur",
        "clock (only so do all times lie inside their videos)",
        "anna (37 rows), ben (3 rows)",
        "geen reactie – cliënt",
        "  - test opname.mp4: no participant and no session of the annotations in its name or "
        "folders\n",
        "'=C12+2', a formula",
        "no video of session '99_1'",
        "\nnext:\n  ferbench run --config-dir ferbench-conf dataset=study "
        "dataset.camera=front dataset.annotator=anna\n",
    ):
        assert part in ended.out
    assert all(line == line.rstrip() for line in ended.out.splitlines())
    written = tmp_path / "ferbench-conf"
    assert sorted(path.relative_to(written).as_posix() for path in written.rglob("*")) == [
        "dataset",
        "dataset/study.yaml",
        "sessions.csv",
    ]


def test_printed_command_runs(generated_study, command, tmp_path, ferbench_run, home):
    ended = command(
        generated_study.folder,
        "--annotations",
        generated_study.annotations,
        "--starts",
        generated_study.starts,
        "--camera",
        "front",
    )
    words = ended.out.rpartition("next:\n")[2].split()
    assert (ended.code, words[:2]) == (1, ["ferbench", "run"])
    assert "dataset.camera=front" not in words  # it stands in the file
    ended = ferbench_run(
        *words[2:], "tracking=none", "signal.labels=[happiness]", "report.timelines=0"
    )
    assert ended.code == 0, ended.err
    assert "29 of 30 sessions" in ended.out
    assert (
        " 168 frames decoded" in ended.out
    )  # three different videos; the others have the same bytes


def test_without_annotations(recordings, command, tmp_path):
    ended = command(recordings("P01_S1.mp4", "sub/P01_S2.mp4", "P02_S1.mp4"))
    assert ended.code == 0
    assert "without a place" not in ended.out
    sessions = study_of(tmp_path / "ferbench-conf/dataset/lab.yaml").load().sessions
    assert [(s.session_id, s.participant, s.annotations) for s in sessions] == [
        ("01_1", "01", None),
        ("01_2", "01", None),
        ("02_1", "02", None),
    ]


def test_all_placed_and_inside_ends_with_0(recordings, command, tmp_path):
    folder = recordings("a.mp4", "b.mp4")
    (tmp_path / "marks.csv").write_text("session,onset_s\na.mp4,0.5\nb,1\n")
    ended = command(folder, "--annotations", tmp_path / "marks.csv")
    assert ended.code == 0, ended.out
    sessions = study_of(tmp_path / "ferbench-conf/dataset/lab.yaml").load().sessions
    assert [[a.onset_s for a in s.annotations] for s in sessions] == [[0.5], [1.0]]


@pytest.mark.parametrize(
    ("times", "found", "code"),
    [
        (("0", "1"), "times         undecided", 1),  # 1 ms is inside as well
        (("400", "1000"), "times         milliseconds (only so", 0),
        (("0:01", "0:00"), "times         mm:ss", 0),
        (("5.5", "1"), "marks.csv, line 2: 5.5 s of session 'a', which has 1.2 s of video", 1),
        (
            ("00:00:01:10", "00:00:00:05"),
            "times         hh:mm:ss:ff (the videos have 30 frames per second)",
            0,
        ),
        (
            ("10:15:00", "10:16:00"),
            "if these are clock times, say when the sessions began: --starts CSV",
            1,
        ),
        (("0:01", "00:00:01"), "the times are written in more than one way", 1),
    ],
)
def test_times_are_read_as_the_videos_allow(recordings, command, tmp_path, times, found, code):
    folder = recordings("a.mp4", "b.mp4")
    (tmp_path / "marks.csv").write_text(f"session,time\na,{times[0]}\nb,{times[1]}\n")
    ended = command(folder, "--annotations", tmp_path / "marks.csv")
    assert (ended.code, found in ended.out) == (code, True), ended.out


def test_frame_numbers_are_not_taken_for_milliseconds(recordings, command, tmp_path):
    (tmp_path / "fouten.csv").write_text(
        "session,tijd\na,20\na,35\nb,40\n"
    )  # as milliseconds all within 40 ms
    ended = command(recordings("a.mp4", "b.mp4"), "--annotations", "fouten.csv")
    assert ended.code == 1
    assert "times         undecided" in ended.out
    assert "are they frame numbers?" in " ".join(ended.out.split())


def test_only_some_names_have_a_camera(recordings, command, tmp_path):
    ended = command(recordings("a.mp4", "b.mp4", "c_front.mp4", "c_side.mp4"))
    assert ended.code == 1
    assert "no camera in the names of videos of a, b: whichever camera is chosen" in " ".join(
        ended.out.split()
    )


def test_files_that_may_have_a_pause_between_are_noted(recordings, command, tmp_path):
    folder = recordings(
        "S1_2025-03-04_10-00-00_part1.mp4", "S1_part2.mp4", "GX010001 S2.mp4", "GX020001 S2.mp4"
    )
    (tmp_path / "log.csv").write_text("session,begin\n2,11:00:00\n")
    (tmp_path / "fouten.csv").write_text("session,time\n1,10:00:01\n2,11:00:01\n")
    ended = command(folder, "--annotations", "fouten.csv", "--starts", "log.csv")
    assert "but not every file has a start: 1; a pause between the files" in " ".join(
        ended.out.split()
    )


def test_columns_without_usual_names(recordings, command, tmp_path):
    folder = recordings("a.mp4")
    (tmp_path / "marks.csv").write_text("session,alpha\na,0.5\n")
    ended = command(folder, "--annotations", tmp_path / "marks.csv")
    assert ended.code == 1
    assert "marks.csv: onset has no column with a usual name; found: session, alpha." in ended.out
    text = (tmp_path / "ferbench-conf/dataset/lab.yaml").read_text()
    assert 'onset: "???"' in text
    (tmp_path / "ferbench-conf/dataset/lab.yaml").write_text(text.replace('"???"', "alpha"))
    [session] = study_of(tmp_path / "ferbench-conf/dataset/lab.yaml").load().sessions
    assert [a.onset_s for a in session.annotations] == [0.5]


def test_named_columns(recordings, command, tmp_path):
    folder = recordings("a.mp4", "b.mp4")
    (tmp_path / "marks.csv").write_text("alpha,time,video,type\na,9,1,x\nb,9,0.5,y\n")
    ended = command(folder, "--annotations", "marks.csv")
    assert ended.code == 1
    said = ("--column", "session=Alpha", "--column", "onset=video", "--column", "kind=")
    ended = command(folder, "--annotations", "marks.csv", *said, "--force")
    assert ended.code == 0, ended.out
    assert "columns       session = alpha, onset = video\n" in ended.out
    sessions = study_of(tmp_path / "ferbench-conf/dataset/lab.yaml").load().sessions
    assert [[(a.onset_s, a.kind) for a in s.annotations] for s in sessions] == [
        [(1.0, "")],
        [(0.5, "")],
    ]


def test_what_is_missing_is_said_first_and_before_the_command(recordings, command, tmp_path):
    (tmp_path / "marks.csv").write_text("session,alpha\na,0.5\n")
    ended = command(
        recordings("a.mp4", folder="Köln"), "--annotations", "marks.csv", "--out", "Köln-conf"
    )
    text = " ".join(ended.out.split())
    assert text.startswith(
        "marks.csv: onset has no column with a usual name; found: session, alpha. Say which it is"
    )
    assert (
        "next: say which columns these are: the same command with --column onset=NAME --force, "
        "or in Köln" in text
    )
    assert ended.out.endswith("; then:\n  ferbench run --config-dir Köln-conf dataset=Koln\n")


@pytest.mark.parametrize(
    ("header", "command_line"),
    [
        ("session,alpha,beta", "--column onset=NAME --force (where there are such columns, also "
         "--column offset=NAME), or"),
        ("session,alpha,beta,gamma", "--column onset=NAME --force (where there are such columns, "
         "also --column offset=NAME --column kind=NAME), or"),
        ("session,alpha,type a,type b", "--column onset=NAME --column kind=NAME --force (where "
         "there are such columns, also --column offset=NAME), or"),
        ("alpha,beta", "--column session=NAME --column onset=NAME --force, or"),
    ],
)  # fmt: skip
def test_all_columns_to_name_are_said(recordings, command, tmp_path, header, command_line):
    (tmp_path / "marks.csv").write_text(f"{header}\n" + ",".join("1" * len(header.split(","))))
    ended = command(recordings("a.mp4"), "--annotations", "marks.csv")
    assert f"the same command with {command_line}" in " ".join(ended.out.split())


def test_one_reason_of_many_files_is_told_once(recordings, command, tmp_path):
    (tmp_path / "marks.csv").write_text("pp,session,onset_s\n1,1,0.5\n")
    folder = recordings(
        "P01_S1.mp4", "backup/P01_S1.mp4", "P02_S1 deel 2.mp4", *(f"{x}.mp4" for x in "abcde")
    )
    text = " ".join(command(folder, "--annotations", "marks.csv").out.split())
    assert (
        "- 5 files: no participant and no session of the annotations in its name or folders: "
        "a.mp4, b.mp4, c.mp4 and 2 "
        "more - Where names follow a rule of your own: --pattern "
        "'(?P<participant>\\d+)_day(?P<session>\\d+)' - "
    ) in text
    assert "P02_S1 deel 2.mp4: part 2, and no file is the first part of its session" in text
    assert "- backup/P01_S1.mp4: a copy of P01_S1.mp4, left out" in text


@pytest.mark.parametrize(("num_far", "taken"), [(1, True), (2, False)])
def test_few_times_outside_do_not_leave_the_reading_open(
    recordings, command, tmp_path, num_far, taken
):
    times = [f"{40 * k}" for k in range(1, 30 - num_far)] + ["90000", "91000"][
        :num_far
    ]  # of 29 rows
    (tmp_path / "marks.csv").write_text("session,time\n" + "".join(f"a,{time}\n" for time in times))
    ended = command(recordings("a.mp4"), "--annotations", "marks.csv")
    text = " ".join(ended.out.split())
    assert ended.code == 1
    assert (
        "times milliseconds (only so do all but 1 times lie inside their videos)" in text
    ) == taken
    assert ("marks.csv, line 30: 90.0 s of session 'a', which has 1.2 s of video" in text) == taken
    assert ("times undecided" in text) != taken


def test_session_without_video_and_video_without_row(recordings, command, tmp_path):
    folder = recordings("P01_S1.mp4", "P01_S2.mp4")
    (tmp_path / "marks.csv").write_text("pp,session,onset_s\n1,1,0.5\n2,1,0.25\n2,1,0.5\n")
    ended = command(folder, "--annotations", tmp_path / "marks.csv")
    assert ended.code == 1
    assert "marks.csv, lines 3, 4: no video of session '2_1'" in ended.out
    assert "notes:\n  - no row of marks.csv: 1_2 " in ended.out


def test_pattern_instead_of_guesses(recordings, command, tmp_path):
    folder = recordings("x01y2.mp4", "x02y1.mp4", "other.mp4")
    ended = command(folder, "--pattern", r"x(?P<participant>\d+)y(?P<session>\d)")
    assert ended.code == 1
    assert "other.mp4: the pattern does not fit" in ended.out
    sessions = study_of(tmp_path / "ferbench-conf/dataset/lab.yaml").load().sessions
    assert [(s.session_id, s.participant) for s in sessions] == [("1", "02"), ("2", "01")]
    ended = command(folder, "--pattern", "(", "--force")
    assert (ended.code, "not a regular expression" in ended.err) == (1, True)


def test_existing_files_are_kept_without_force(recordings, command, tmp_path):
    folder = recordings("a.mp4")
    assert command(folder).code == 0
    target = tmp_path / "ferbench-conf/sessions.csv"
    target.write_text("mine")
    ended = command(folder)
    assert (ended.code, ended.out) == (1, "")
    assert "sessions.csv and ferbench-conf/dataset/lab.yaml: there already" in ended.err
    assert target.read_text() == "mine"
    assert command(folder, "--force").code == 0
    assert target.read_text(encoding="utf-8-sig").startswith(
        "session,participant,camera,part,path,start"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere does not exist; expected the folder of the study's videos"),
        (("clip.mp4",), "clip.mp4 is a file; expected the folder"),
        (("empty",), "no video in "),
        (("lab", "--annotations", "no.csv"), "no.csv: no such annotations file"),
        (("lab", "--annotations", "broken.csv"), "broken.csv, line 2: a row that is no CSV"),
        (
            ("lab", "--annotations", "book.csv"),
            "book.csv: the workbook is damaged",
        ),
        (
            ("lab", "--annotations", "others.csv"),
            "none of 2 videos has a place: a_front.mp4: no participant",
        ),
        (("lab", "--starts", "no_start.csv"), "no column for the start"),
        (
            ("lab", "--annotations", "others.csv", "--column", "onset=tme"),
            "--column onset: there is no 'tme'",
        ),
        (
            ("lab", "--annotations", "others.csv", "--column", "when=time_s"),
            "--column: expected one of session, ",
        ),
        (("lab", "--column", "onset=time_s"), "give --annotations CSV"),
        (("lab", "--camera", "frnt"), "--camera: there is no 'frnt' (did you mean 'front'?)"),
        (("lab", "--out", "clip.mp4"), "--out: clip.mp4 is a file; expected a folder"),
    ],
)
def test_what_cannot_be_used_writes_nothing(recordings, command, tmp_path, arguments, message):
    recordings("a_front.mp4", "a_side.mp4")
    (tmp_path / "empty").mkdir()
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "broken.csv").write_text('session,onset_s\n"a,1\n')
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04")
    (tmp_path / "others.csv").write_text("pp,session,time_s\n1,1,0.5\n")
    (tmp_path / "no_start.csv").write_text("pp,session,x\n1,1,0.5\n")
    before = sorted(tmp_path.rglob("*"))
    ended = command(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert sorted(tmp_path.rglob("*")) == before
