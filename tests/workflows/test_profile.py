"""Profile: its numbers are those that can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferbench.errors import DataError, FormatError, TrackingError, VideoError
from ferbench.formats.pass_profiles import PROFILE_FILE, write_pass_profiles
from ferbench.pipeline.stages import Analyser
from ferbench.results import Analysis
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.record import Record
from ferbench.types import PassProfile
from ferbench.workflows.profile import (
    Profile,
    profile_of_files,
    profile_of_run,
    profile_of_video,
    profiles_of,
)

NETWORKS = PassProfile(
    video="a.mp4",
    frames=100,
    wall_s=6.0,
    lanes=2,
    busy_s={"decode": 2.0, "detect": 8.0, "crop": 1.0, "classify": 1.0},
    reader_wait_s=3.5,
    lane_wait_s=0.5,
)
"""The lanes' side takes (8 + 1 + 1) / 2 = 5 s, the reader's 2 s; 1 s is neither."""
DECODER = replace(
    NETWORKS,
    wall_s=7.0,
    busy_s={"decode": 6.0, "detect": 4.0, "crop": 1.0, "classify": 1.0},
    reader_wait_s=0.0,
    lane_wait_s=8.0,
)
"""The reader's side takes 6 s, the lanes' 3 s; 1 s is neither."""


def test_the_lanes_limit():
    found = Profile(passes=(NETWORKS,))
    assert (found.limit.stage, found.limit.least_s) == ("detect", 5.0)
    assert found.limit.without_s == max(2.0, (1 + 1) / 2) + 1
    assert found.next_limit.stage == "decode"
    assert found.next_limit.without_s == (1 + 1) / 2 + 1


def test_the_decoder_limits():
    found = Profile(passes=(DECODER,))
    assert (found.limit.stage, found.limit.least_s) == ("decode", 6.0)
    assert found.limit.without_s == (4 + 1 + 1) / 2 + 1
    assert (found.next_limit.stage, found.next_limit.least_s) == ("detect", 3.0)


def test_with_more_lanes_another_side_limits():
    assert Profile(passes=(replace(NETWORKS, lanes=8),)).limit.stage == "decode"


def test_several_passes_are_added():
    found = Profile(passes=(NETWORKS, DECODER))
    assert (found.frames, found.wall_s, found.busy_s("detect")) == (200, 13.0, 12.0)
    assert found.least_s(["decode"]) == 8.0
    assert found.least_s(["detect", "crop", "classify"]) == 8.0


def test_the_table_has_a_row_per_stage():
    frame = Profile(passes=(NETWORKS,)).to_frame()
    assert list(frame.index) == ["decode", "detect", "crop", "classify"]
    detect = frame.loc["detect"]
    assert detect.busy_s == 8.0
    assert detect.ms_per_frame == 80.0
    assert detect.share == pytest.approx(8 / 12)
    assert (detect.least_s, detect.most_fps) == (4.0, 25.0)
    assert frame.loc["decode"].least_s == 2.0


def test_a_pass_without_frames_has_undefined_rates():
    busy_s = dict.fromkeys(NETWORKS.busy_s, 0.0)
    empty = replace(NETWORKS, frames=0, wall_s=0.0, busy_s=busy_s)
    assert (
        Profile(passes=(empty,))
        .to_frame()[["ms_per_frame", "share", "most_fps"]]
        .isna()
        .all(axis=None)
    )


def test_it_is_told_in_words():
    found = Profile(passes=(NETWORKS,))
    assert repr(found) == "Profile: 1 pass, 100 frames in 6.0 s, 16.7 a second; detect limits"
    assert found.sentences() == (
        "The reader waited 3.50 of 6.00 s for a lane.",
        "The lanes (2) waited 0.50 of 12.00 s for frames.",
        "detect limits: each lane is busy for 5.00 of 6.00 s.",
        "With detect free the pass would take 3.00 s; next is decode.",
    )
    table = found.text_table()
    assert table.rows[1] == ("detect", "lanes", "8.00", "80.00", "67 %", "4.00", "25", "limits")


@pytest.mark.parametrize(
    "changed",
    [
        {"busy_s": {"decode": 1.0}},
        {"wall_s": float("nan")},
        {"lane_wait_s": -1.0},
        {"lanes": 0},
    ],
)
def test_what_cannot_be_is_refused(changed):
    with pytest.raises(DataError, match="PassProfile: expected"):
        replace(NETWORKS, **changed)


def test_a_folder_and_its_file_are_read(tmp_path):
    write_pass_profiles(tmp_path / "artifacts" / PROFILE_FILE, [NETWORKS, DECODER])
    for place in (tmp_path, tmp_path / "artifacts", tmp_path / "artifacts" / PROFILE_FILE):
        assert profile_of_files(place).passes == (NETWORKS, DECODER)
    with pytest.raises(FormatError, match=r"has no profile\.csv"):
        profile_of_files(tmp_path.parent / "nothing")


def test_a_recorded_run_and_a_sweep_are_found(tmp_path):
    store = FilesStore(folder=tmp_path / "runs")
    experiment = store.prepare("e")

    def logged(name, passes, *, kind, parent=""):
        run_id = store.start(experiment, name, kind=kind, parent=parent)
        artifacts = tmp_path / name
        artifacts.mkdir()
        if passes:
            write_pass_profiles(artifacts / PROFILE_FILE, passes)
        record = Record(
            params={}, tags={}, metrics={}, inputs=(), artifacts=artifacts, failed=False
        )
        store.log(run_id, record)
        return run_id

    sweep = logged("sweep", [DECODER], kind="sweep")
    cell = logged("cell", [NETWORKS], kind="cell", parent=sweep)
    stored = logged("stored", [], kind="run")
    assert profile_of_run(store, sweep).passes == (DECODER, NETWORKS)
    assert NETWORKS in profile_of_run(store, cell[:8]).passes
    with pytest.raises(TrackingError, match="made no pass"):
        profile_of_run(store, stored)


@pytest.mark.slow
def test_a_video_is_run_cold_each_time(clip, home, monkeypatch):
    analyse = Analyser.analyse
    made = []

    def measured(self, path, **kwargs):
        analysis = analyse(self, path, **kwargs)
        made.append(all(not timing.cached for timing in analysis.timing.values()))
        return replace(analysis, profile=NETWORKS)

    monkeypatch.setattr(Analyser, "analyse", measured)
    for _ in range(2):
        found = profile_of_video(clip, choices={"detector": None})
        assert found.passes == (NETWORKS,)
    assert made == [True, True]
    with pytest.raises(VideoError, match="there is no such video"):
        profile_of_video(clip.parent / "nothing.mp4", choices={})


def analysis(profile: PassProfile | None) -> Analysis:
    """Of tables that are not looked at."""
    return Analysis(
        timeline=None, faces=None, expressions=None, keys={}, timing={}, profile=profile
    )


def test_a_pass_that_made_several_analyses_counts_once():
    again = replace(NETWORKS)
    assert profiles_of([analysis(NETWORKS), analysis(NETWORKS), analysis(None)]) == (NETWORKS,)
    assert profiles_of([analysis(NETWORKS), analysis(again)]) == (NETWORKS, again)
