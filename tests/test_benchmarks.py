"""The runner of benchmarks: turns, bars, and that different work is not compared."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import av
import numpy as np
import pytest
from benchmarks.__main__ import main
from benchmarks.agreement import check_faces, same_faces
from benchmarks.bars import Bar, ratios, text
from benchmarks.material import Choices, looped, scaled
from benchmarks.run import Result, Run, bars_of, write
from benchmarks.suites import pass_gpu, sweep
from benchmarks.turns import BenchmarkError, Done, Turn, Turns, measured

from helpers.clips import write_clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeper:
    """Sleeps in its turns, and notes when they were."""

    name: str
    seconds: float
    log: str

    def ready(self):
        def work() -> Done:
            with open(self.log, "a", encoding="utf-8") as stream:  # noqa: PTH123
                stream.write(f"{self.name} ")
            time.sleep(self.seconds)
            return Done(units=10, boxes=np.zeros((10, 4), np.float32))

        return work


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Cannot be loaded."""

    name: str

    def ready(self):
        raise ValueError("no such weights")


def turns(*seconds: float, boxes=None) -> Turns:
    each = [
        Turn(done=Done(units=10, boxes=boxes), wall_s=wall_s, cpu_s=2 * wall_s, peak_mb=1.0)
        for wall_s in seconds
    ]
    return Turns(first=each[0], turns=tuple(each))


def test_contenders_take_turns_and_swap_who_is_first(tmp_path):
    log = tmp_path / "log"
    pair = [
        Sleeper(name=name, seconds=s, log=str(log)) for name, s in {"a": 0.01, "b": 0.05}.items()
    ]
    taken = measured(pair, repeats=2)
    assert log.read_text().split() == ["b", "a", "a", "b", "b", "a"]
    assert len(taken["a"].turns) == 2
    assert all(turn.wall_s >= 0.05 for turn in taken["b"].turns)
    assert taken["a"].first.done.boxes is not None
    assert taken["a"].turns[0].done.boxes is None


def test_what_ends_a_contender_is_told_with_its_name():
    with pytest.raises(BenchmarkError, match=r"b: ValueError: no such weights"):
        measured([Broken(name="b")], repeats=1)


def test_ratios_are_of_the_same_round():
    assert ratios(turns(4.0, 9.0), turns(2.0, 3.0)) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("limits", "met"),
    [
        ({"least": 2.0}, True),
        ({"least": 2.1}, False),
        ({"most": 2.0}, True),
        ({"most": 1.9}, False),
        ({}, None),
    ],
)
def test_the_median_is_held_to_the_bar(limits, met):
    assert Bar(what="x", values=(9.0, 2.0, 1.0), **limits).met is met


def test_a_bar_that_was_not_measured_is_not_met():
    bar = Bar(what="x", values=(), least=2.0, note="no such setting")
    assert bar.met is None
    assert "not measured" in text([bar])
    assert "no such setting" in text([bar])


def test_bars_are_read_as_they_were_written(tmp_path):
    bars = [Bar(what="x", values=(1.0, 3.0), most=2.5, unit="s", note="n")]
    run = Run(clip=tmp_path, folder=tmp_path, repeats=2)
    path = write(
        "one", run, Result(what="w", contenders={"a": turns(1.0, 3.0)}, bars=bars), to=tmp_path
    )
    assert path.name == "one_cpu.json"
    assert bars_of(path) == bars
    plain = json.loads(path.read_text())
    assert plain["bars"][0]["met"] is True
    assert plain["contenders"]["a"]["per_s"] == 5.0
    assert plain["machine"]["fp32_gflops"]["one_core"] > 0


def test_faces_are_the_same_where_boxes_overlap_or_both_are_missing():
    nan = np.full(4, np.nan)
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], nan, nan], np.float32)
    others = np.array([[0, 0, 10, 9], [0, 0, 10, 5], nan, [0, 0, 1, 1]], np.float32)
    assert same_faces(boxes, others, 0.9).tolist() == [True, False, True, False]


def test_other_faces_are_not_compared():
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (10, 1))
    check_faces({"a": turns(1.0, boxes=boxes), "b": turns(1.0, boxes=boxes), "c": turns(1.0)})
    with pytest.raises(BenchmarkError, match=r"a and b agree on the face of 0\.0%"):
        check_faces({"a": turns(1.0, boxes=boxes), "b": turns(1.0, boxes=boxes + 5)})
    with pytest.raises(BenchmarkError, match="a saw 10 frames and b 9"):
        check_faces({"a": turns(1.0, boxes=boxes), "b": turns(1.0, boxes=boxes[1:])})


def test_a_repeated_clip_has_all_its_frames_at_rising_times(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", frames=6)
    small = scaled(clip, tmp_path / "small.mp4", size_px=(32, 32), frames=4)
    long = looped(small, tmp_path / "long.mp4", times=3)
    with av.open(str(long)) as container:
        frames = list(container.decode(video=0))
    times = [frame.time for frame in frames]
    assert len(frames) == 12
    assert np.allclose(np.diff(times), np.diff(times)[0])
    assert (frames[0].width, frames[0].height) == (32, 32)


def test_distinct_stages_of_a_sweep_count_decoding_once_and_each_detection_once():
    def stages(name: str) -> tuple[str, Turns]:
        seconds = {"decode": 1.0, "detect": 2.0, "crop": 4.0, "classify": 8.0}
        turn = Turn(done=Done(units=10, seconds=seconds), wall_s=1.0, cpu_s=1.0, peak_mb=1.0)
        return name, Turns(first=turn, turns=(turn,))

    alone = dict(stages(" ".join(cell)) for cell in sweep._cells())
    assert len(alone) == 8
    expected = {"decode": 0.1, "detect": 0.4, "crop": 3.2, "classify": 6.4}
    assert sweep._distinct_s(alone) == pytest.approx(expected)


def test_the_gpu_table_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(BenchmarkError, match="needs a CUDA device"):
        pass_gpu.run(Run(clip=tmp_path, folder=tmp_path, device="cuda"))


def test_a_setting_that_there_is_not_is_a_reason():
    assert Choices(overrides=("detector=scrfd_500m",)).why_not() == ""
    assert "no_such" in Choices(overrides=("detector.no_such=1",)).why_not()


def test_an_unknown_name_is_answered_with_those_there_are(capsys):
    assert main(["nothing"]) == 2
    assert "pass_retinaface" in capsys.readouterr().err
