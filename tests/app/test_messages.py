"""What a wrong command line is answered with: the bad key, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.errors import OverrideParseException
from omegaconf.errors import ConfigKeyError

from ferbench.app.hydra.entry import explain
from ferbench.errors import VideoError

SOMEWHERE = "dataset.videos=somewhere"
DETECTOR = "min_face_px, factor, thresholds, pnet, rnet, onet"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (
            ["event.entr=0.5"],
            ["event.entr: there is no such key", "did you mean event.enter?", "min_duration_s"],
        ),
        (
            ["event=windowed", "event.exit=0.5"],
            [
                "event.exit: there is",
                "keys of event: segment_s, run_s, enter, whole_runs, refractory_s. event.exit is a "
                "key of",
            ],
        ),
        (
            ["detector=mtcnn", "detector.size=3"],
            ["detector.size: there is no such key", f"keys of detector: {DETECTOR}"],
        ),
        (
            ["dataset.format.columns.onst=a"],
            ["did you mean dataset.format.columns.onset?", "onset, offset, kind"],
        ),
        (
            ["runtim.device=cpu"],
            ["runtim: there is no such key (did you mean runtime?)", "tracking, runtime, report"],
        ),
        (
            ["+event.speed=3"],
            ["event.speed: there is no such key", "enter, exit, min_duration_s, merge_gap_s"],
        ),
        (["+extra=3"], ["extra: there is no such key", "dataset", "tracking"]),
        (
            ["detector=nothing"],
            ["detector=nothing: there is no such choice; choices of detector: ", ", mtcnn, "],
        ),
        (
            ["event=window"],
            [
                "event=window: there is no such choice (did you mean windowed?)",
                "choices of event: hysteresis, ",
            ],
        ),
        (["experiment=nothing"], ["experiment=nothing: there is no such choice", "demo"]),
        (
            ["event.enter=0,5"],
            ["a decimal number has a point:", "event.enter=0.5", "a sweep", "-m event.enter=0,5"],
        ),
        (
            ["dataset.annotations=a,b"],
            ["separated by commas, for one run", "'dataset.annotations=\"a,b\"'"],
        ),
        (
            ["recordings"],
            ["'recordings' is no setting: expected key=value", "dataset.videos=recordings"],
        ),
        (
            ["event.enter=0.2"],
            ["event.exit: expected at most enter, which is 0.2, got 0.3; by default it is 0.3"],
        ),
        (["detektor=mtcnn"], ["detektor", "detector"]),
        (["runtime.batch_size=many"], ["runtime.batch_size: expected a whole number, got 'many'"]),
        (["runtime.batch_size=2.5"], ["runtime.batch_size: expected a whole number, got 2.5"]),
        (["runtime.batch_size=0"], ["runtime.batch_size: expected at least 1, got 0"]),
        (
            ["runtime.device=gpu"],
            ["runtime.device: expected one of auto, cpu, cuda, mps, got 'gpu'"],
        ),
        (["runtime.measure=maybe"], ["runtime.measure: expected true or false, got 'maybe'"]),
        (["event.enter=high"], ["event.enter: expected a number, got 'high'"]),
        (["event.enter=[1,2]"], ["event.enter: expected a number, got [1, 2]"]),
        (
            ["signal.labels=surprise"],
            ["signal.labels: expected a list, got 'surprise'; write 'signal.labels=[surprise]'"],
        ),
        (["signal.labels=[joyful]"], ["joyful", "happiness"]),
        (["signal.kind=maximum"], ["signal.kind: expected one of probability, top, got 'maximum'"]),
        (["scoring.stamp=end"], ["scoring.stamp: expected one of trigger, onset, got 'end'"]),
        (
            ["classify.max_faces=a"],
            ["classify.max_faces: expected a whole number, or null, got 'a'"],
        ),
        (
            ["detector=mtcnn", "detector.thresholds=[0.5]"],
            ["detector.thresholds: expected a list of 3 values, got 1"],
        ),
        (
            ["event._target_=os.system"],
            ["event._target_: os.system lies outside ferbench", "allow_targets=[os]"],
        ),
        (
            ["event._target_=ferbench.events.nothing.Rule"],
            ["event._target_: cannot import ferbench.events.nothing"],
        ),
        (["tracking.uri=some/folder"], ["tracking.uri=some/folder is a folder", "sqlite:///"]),
        (
            ["event=null"],
            ["event=null: there is no such choice; choices of event: hysteresis, "],
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) and "=" in value[0] else "",
)
def test_the_key_and_what_is_allowed_are_named(arguments, parts, home, ferbench_run):
    ended = ferbench_run(SOMEWHERE, *arguments)
    assert ended.code == 1
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err
    for part in parts:
        assert part in ended.err
    assert not (home / "mlflow.db").exists(), (
        "nothing is recorded before the configuration is right"
    )


@pytest.mark.parametrize(
    "extra", [[], ["-m", "event.enter=0.5,0.6", "tracking=none"]], ids=["run", "sweep"]
)
def test_missing_videos_say_how_to_name_them(extra, home, ferbench_run):
    ended = ferbench_run(*extra)
    assert ended.code == 1
    assert "dataset.videos: no videos are named" in ended.err
    assert "ferbench run experiment=demo" in ended.err


@pytest.mark.parametrize(
    "path", ["~/no such place", "Study (2024)/day=1", "C:\\data\\it's", "a:b?c"]
)
def test_paths_need_no_quotes_of_their_own(path, home, ferbench_run):
    ended = ferbench_run(f"dataset.videos={path}")
    assert ended.code == 1
    assert f"no such folder or file: {Path(path).expanduser()}" in ended.err


@pytest.mark.parametrize("bad", ["dataset.videos=[a", "dataset.videos='a"])
def test_a_value_that_needs_quotes_says_so(bad, home, ferbench_run):
    ended = ferbench_run(bad)
    assert ended.code == 1
    assert "needs quotes of its own" in ended.err


def test_only_errors_that_a_user_can_mend_are_explained():
    assert explain(VideoError("cut off"), []) == "VideoError: cut off"
    assert explain(OverrideParseException(override="a=", message="odd"), []).startswith(
        "ConfigError: odd\n"
    )
    assert explain(ConfigKeyError("plain"), []).startswith("ConfigError: ")
    assert explain(RuntimeError("a bug of ours"), []) is None
