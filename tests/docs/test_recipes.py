"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the checkout.

Each block of code goes to the file that its step names. What came of them is used as a user would,
in processes of its own, and the files that are new or changed are counted.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from helpers.reference import CHECKOUT

DOCUMENT = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MOST_FILES = {  # new, changed
    "A detector": (2, 0),
    "A model": (1, 0),
    "An event rule": (2, 0),
    "A metric": (0, 1),
    "A criterion": (2, 0),
    "An annotation format": (1, 0),
    "A command": (2, 0),
}
STEP = re.compile(r"^(?=\d\. )", re.MULTILINE)
BLOCK = re.compile(r"^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLE_ENDS = "\n)\n\nMETRICS: Final"  # the end of _TABLE


def recipe(name: str) -> dict[str, str]:
    """The blocks of code of a recipe by the files that they belong to."""
    (section,) = re.findall(rf"^### {name}\n(.*?)(?=^##)", DOCUMENT, re.MULTILINE | re.DOTALL)
    blocks = {}
    for step in STEP.split(section):
        code = BLOCK.findall(step)
        if code:
            file = re.search(r"`([^`]+)`", step)[1]
            (blocks[file],) = code
    return blocks


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of the checkout in which the recipes were followed.

    ``new`` and ``changed`` are the files of each recipe.
    """

    folder: Path
    new: dict[str, set[str]]
    changed: dict[str, set[str]]

    def python(self, *arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
        """Run the copy's Python code; nothing of the checkout itself is imported."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "FERBENCH_HOME": str(home),
            "COLUMNS": "120",
        }
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=home,
        )


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file."""
    files = [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def follow(folder: Path, blocks: dict[str, str]) -> None:
    for name, code in blocks.items():
        path = folder / name
        if not path.exists():
            assert path.parent.is_dir(), "a recipe needs no new folder"
            path.write_text(code, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        assert text.count(TABLE_ENDS) == 1
        with_entry = text.replace(TABLE_ENDS, f"\n{code.rstrip()}{TABLE_ENDS}")
        path.write_text(with_entry, encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Copy:
    folder = tmp_path_factory.mktemp("checkout")
    ignore = shutil.ignore_patterns("*.egg-info", "__pycache__")
    for name in ("src", "conf"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", "run.py"):
        shutil.copyfile(CHECKOUT / name, folder / name)
    new: dict[str, set[str]] = {}
    changed: dict[str, set[str]] = {}
    for name in MOST_FILES:
        before = contents(folder)
        follow(folder, recipe(name))
        after = contents(folder)
        new[name] = after.keys() - before.keys()
        changed[name] = {file for file in before if after.get(file) != before[file]}
    # An installation has conf/ as the package ferbench.conf (pyproject.toml, package-dir).
    (folder / "src" / "ferbench" / "conf").symlink_to(folder / "conf", target_is_directory=True)
    return Copy(folder=folder, new=new, changed=changed)


# -------------------------------------------------------------------------------------------------
# what is to be written


@pytest.mark.parametrize("name", MOST_FILES)
def test_files_are_no_more_than_told(name, copy):
    assert (len(copy.new[name]), len(copy.changed[name])) == MOST_FILES[name]


def test_the_table_counts_them():
    rows = re.findall(r"^\| (an? .+?) \| (\d?) *\| (\d?) *(?:\(.+\) )?\|$", DOCUMENT, re.MULTILINE)
    counts = {name.capitalize(): (int(new or 0), int(changed or 0)) for name, new, changed in rows}
    assert counts == MOST_FILES


def test_what_is_written_has_the_style_of_the_house(copy):
    files = [file for files in (*copy.new.values(), *copy.changed.values()) for file in files]
    python = [copy.folder / file for file in files if file.endswith(".py")]
    for command in (["check"], ["format", "--check"]):
        done = copy.python("-m", "ruff", *command, *python, home=copy.folder)
        assert done.returncode == 0, done.stdout + done.stderr


# -------------------------------------------------------------------------------------------------
# components and the metric, in the library

LIBRARY = """
import json, sys
from pathlib import Path

import ferbench as fb
import ferbench.conf
from ferbench.config.choices import component_for
from ferbench.scoring.evaluation import score_sessions
from ferbench.scoring.metrics import METRICS
from ferbench.pipeline.scored_sessions import scored_session
from ferbench.workflows.durations import durations

videos, annotations, out = map(Path, sys.argv[1:])
choices = {"detector": "brightest", "model": "mini_xception_48", "runtime": {"device": "cpu"}}
analysis = fb.predict(videos / "smile.mp4", **choices)
usual = fb.predict(videos / "smile.mp4", **{**choices, "model": "mini_xception"})
away = analysis.expressions.probs() - usual.expressions.probs()
events = fb.find_events(analysis, labels=["happiness"], rule={"choice": "peaks", "enter": 0.01})
lasting = durations(events)


def evaluate(*, event, intervals="final", output=None):
    return fb.evaluate(
        dataset={"choice": "folder", "videos": str(videos), "annotations": str(annotations)},
        signal={"labels": ["happiness"]},
        scoring="middle",
        statistics={"surrogates": 20, "draws": 20, "intervals": intervals},
        event=event,
        output=output,
        **choices,
    )


evaluation = evaluate(event={"choice": "peaks", "enter": 0.01}, output=out)
other = evaluate(event={"choice": "hysteresis", "enter": 0.01, "exit": 0.01}, intervals="none")
recipe = evaluation.settings.recipe
sessions = [scored_session(result, recipe) for result in evaluation.report.sessions]
rules = component_for("statistics", {"surrogates": 20, "draws": 20})
scores = score_sessions(sessions, component_for("scoring", "middle"), rules)
comparison = fb.compare([evaluation, other])
json.dump(
    {
        "places": [fb.__file__, ferbench.conf.__file__],
        "boxes": analysis.faces.box_xyxy.tolist(),
        "size": [analysis.timeline.video.width_px, analysis.timeline.video.height_px],
        "frames": analysis.timeline.video.num_frames,
        "labels": analysis.expressions.labels,
        "away_from_64": float(abs(away).max()),
        "lasting": [repr(lasting), lasting.by_label["happiness"]],
        "lengths": sorted(event.offset_s - event.onset_s for event in events),
        "peaks": [event.peak for event in events],
        "stamps": [event.trigger_s for event in events],
        "choices": dict(evaluation.choices),
        "events": [event.peak for result in evaluation.report.sessions for event in result.events],
        "scores": {name: scores[name].value for name in METRICS if METRICS[name].headline},
        "interval": scores["f2"].ci95,
        "p": scores["f2"].p,
        "frame": list(scores.to_frame().index),
        "metrics": evaluation.metrics,
        "summary": evaluation.statistics.summary,
        "params": evaluation.params,
        "header": comparison.header,
    },
    sys.stdout,
)
"""


@pytest.fixture(scope="module")
def used(copy, models, clip, tmp_path_factory) -> dict[str, Any]:
    """What a notebook finds in the copy: a run with the new choices."""
    home = tmp_path_factory.mktemp("home")
    (home / "used.py").write_text(LIBRARY, encoding="utf-8")
    (home / "smiles.csv").write_text(
        "session,onset_s,offset_s,kind\nsmile,0.0,1.2,smile\nanother,0.0,1.2,smile\n"
    )
    (home / "videos").mkdir()
    for name in ("smile", "another"):
        shutil.copyfile(clip, home / "videos" / f"{name}.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERBENCH_MODELS", str(models))
        arguments = ("used.py", home / "videos", home / "smiles.csv", home / "out")
        done = copy.python(*arguments, home=home)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    facts["out"] = home / "out"
    places = [Path(place).resolve() for place in facts["places"]]
    assert all(place.is_relative_to(copy.folder.resolve()) for place in places)
    return facts


@pytest.mark.weights
def test_the_detector_finds_a_face_in_every_frame(used):
    assert used["choices"]["detector"] == "brightest"
    assert len(used["boxes"]) == used["frames"] == 36
    width_px, height_px = used["size"]
    for left, top, right, bottom in used["boxes"]:
        assert (right - left, bottom - top) == (96, 96)
        assert left >= 0
        assert right <= width_px
        assert top >= 0
        assert bottom <= height_px


@pytest.mark.weights
def test_the_model_classifies(used):
    assert used["choices"]["model"] == "mini_xception_48"
    assert used["labels"][3] == "happiness"
    assert used["params"]["model"] == "mini_xception_48"
    assert used["away_from_64"] > 0.01, "the example's probabilities are other ones"


@pytest.mark.weights
def test_the_event_rule_finds_the_same_events_everywhere(used):
    assert used["choices"]["event"] == "peaks"
    assert used["events"] == 2 * used["peaks"] != []
    assert all(later - earlier >= 1 for earlier, later in pairwise(used["stamps"]))


@pytest.mark.weights
def test_the_verb_takes_events_that_were_found(used):
    num_events = len(used["lengths"])
    noun = "event" if num_events == 1 else "events"
    assert used["lasting"] == [f"Durations: {num_events} {noun}, 1 label", used["lengths"]]


@pytest.mark.weights
def test_the_criterion_matches_and_explains_itself(used):
    assert used["choices"]["scoring"] == "middle"
    assert (
        used["summary"][0]
        .partition("an event matches an annotation when ")[2]
        .startswith("its middle is in the annotation")
    )
    assert used["scores"]["recall"] == 1.0


@pytest.mark.weights
def test_the_metric_is_everywhere(used):
    hits, events = 2, len(used["events"])
    f2 = pytest.approx(5 * hits / (5 * hits + events - hits))
    assert used["scores"]["f2"] == f2
    assert used["interval"][0] <= used["scores"]["f2"] + 1e-9
    assert 0 < used["p"] <= 1
    assert "f2" in used["frame"]
    assert used["metrics"]["event/f2"] == f2
    assert {"event/f2.lo", "event/f2.hi", "event/f2.chance", "event/f2.p"} <= used["metrics"].keys()
    (sentence,) = (line for line in used["summary"] if line.startswith("F2 "))
    assert "; chance " in sentence
    assert "f2" in used["header"], "compared runs"
    with (used["out"] / "sessions.csv").open(newline="") as stream:
        assert float(next(csv.DictReader(stream))["f2"]) == f2


# -------------------------------------------------------------------------------------------------
# the command, the format and the criterion, on the command line


@pytest.fixture(scope="module")
def command(copy, tmp_path_factory) -> Callable[..., str]:
    """``ferbench`` of the copy: a function from its arguments to what it prints."""
    home = tmp_path_factory.mktemp("commands")
    (home / "events.csv").write_text(
        "session,label,onset_s,offset_s,trigger_s\n"
        "P01,surprise,2,3,2\nP01,surprise,30,33,30\nP01,happiness,40,40.5,40\n"
    )
    (home / "P01.sbv").write_text(
        "0:00:01.500,0:00:04.000\nthe robot\nstops\n\n0:00:50.000,0:00:51.000\nlate\n"
    )

    def call(*arguments: object) -> str:
        done = copy.python("-m", "ferbench.app.main", *arguments, home=home)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_the_command_is_listed_and_runs(command, copy, tmp_path):
    listed = command("--help")
    assert re.search(r"durations +How long events last, label by label\.", listed)
    assert listed.index(" run ") < listed.index(" init ") < listed.index(" durations ")
    lines = command("durations", "events.csv").splitlines()
    assert [line.split() for line in lines[-2:]] == [
        ["happiness", "1", "0.500", "0.500"],
        ["surprise", "2", "2.000", "3.000"],
    ]
    wrong = copy.python("-m", "ferbench.app.main", "durations", "absent.csv", home=tmp_path)
    assert wrong.returncode == 1
    assert "absent.csv: cannot be read" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_usage_names_the_argument(command):
    assert "durations [OPTIONS] {EVENTS}" in command("durations", "--help")


def test_the_list_of_commands_needs_their_own_files_only(copy, tmp_path):
    script = "import ferbench.app.cli.commands, sys; print(*sys.modules)"
    loaded = copy.python("-c", script, home=tmp_path).stdout.split()
    assert "ferbench.app.cli.commands.durations" in loaded
    assert not [name for name in loaded if name.startswith("ferbench.workflows")]


def test_the_format_is_scored_with_the_criterion_and_written(command, tmp_path):
    matches = tmp_path / "matches.sbv"
    arguments = ("events.csv", "P01.sbv", "--scoring", "middle", "--matches", matches)
    scored = json.loads(command("score", *arguments, "--no-intervals", "--json"))
    counts = scored["sessions"]["P01"]
    assert (counts["tp"], counts["fp"], counts["fn"]) == (1, 2, 1)
    assert counts["f2"] == pytest.approx(5 / (5 + 4 + 2))
    assert matches.read_text(encoding="utf-8").startswith(
        "0:00:02.000,0:00:03.000\nhit: surprise: the robot stops\n"
    )


# -------------------------------------------------------------------------------------------------
# what the examples do at their edges

CRITERION = """
import json, sys
import numpy as np
from ferbench.scoring.matching.middle import Middle

told, found = [], []
for margin_s in (0.0, 0.3):
    criterion = Middle(margin_s=margin_s)
    told.append(str(criterion))
    for middle_s in json.loads(sys.argv[1]):
        event_s = np.array([middle_s - 0.5, middle_s + 0.5])
        found.append(bool(criterion.allowed(event_s, np.array([1.1, 2.2]))))
print(json.dumps([told, found]))
"""


def test_the_criterion_counts_what_rounding_moves_over_an_edge(copy, tmp_path):
    middles_s = [0.7, 0.8 - 5e-10, 0.9, 1.1 - 5e-10, 1.5, 2.2 + 5e-10, 2.3, 2.5 + 5e-10, 2.6]
    told, found = json.loads(
        copy.python("-c", CRITERION, json.dumps(middles_s), home=tmp_path).stdout
    )
    assert told == [
        "its middle is in the annotation",
        "its middle is in the annotation stretched by 0.3 s at both ends",
    ]
    assert found[:9] == [False, False, False, True, True, True, False, False, False]
    assert found[9:] == [False, True, True, True, True, True, True, True, False]


READING = """
import json, sys
from pathlib import Path
from ferbench.errors import FormatError
from ferbench.formats.sbv import read_sbv

results = []
for number, content in enumerate(json.loads(sys.argv[1])):
    path = Path(f"{number}.sbv")
    path.write_bytes(content.encode())
    try:
        file = read_sbv(path)
        rows = [(row.onset, row.offset, row.kind) for row in file.rows]
        results.append([rows, [row.line for row in file.refused]])
    except FormatError as error:
        results.append(str(error))
print(json.dumps(results))
"""
FIRST, SECOND = "0:00:01.500,0:00:04.000", "0:00:50.000,0:59:59.999"
TWO = [[[1.5, 4.0, "it stops"], [50.0, 3599.999, "late"]], []]
CAPTIONS = {
    f"{FIRST}\nit\nstops\n\n{SECOND}\nlate\n": TWO,
    f"\ufeff{FIRST}\r\nit\r\nstops\r\n\r\n{SECOND}\r\nlate": TWO,
    f"\n\n{FIRST}\nit stops\n  \t\n\n{SECOND}\nlate\n\n": TWO,
    f"{FIRST}\nit stops\n\u00a0\n{SECOND}\nlate": TWO,
    f"{FIRST}\nit stops\n{SECOND}\nlate": TWO,
    f"{FIRST} \n<i>it</i> stops\n\n{SECOND}\n<B>late</B>\n": TWO,
    f"{FIRST}\n1 < 2 > <3\n": [[[1.5, 4.0, "1 < 2 > <3"]], []],
    FIRST: [[[1.5, 4.0, ""]], []],
    f"{FIRST}\n\n{SECOND}\nlate": [[[1.5, 4.0, ""], [50.0, 3599.999, "late"]], []],
    f"{FIRST}\nx\n\n0:00:04.000,0:00:01.500\ny\n": [[[1.5, 4.0, "x"]], [4]],
    f"{FIRST}\nx\n\nmore\n": "0.sbv, line 4: expected a caption",
    f"{FIRST}\nx\n0:75:00.000,0:76:00.000\ny": "0.sbv, line 3: expected a caption",
    f"{FIRST}\nx\n\n0:00:75.000,0:01:76.000\ny": "0.sbv, line 4: expected a caption",
    "a robot\n": "0.sbv, line 1: expected a caption",
    "": [[], []],
}


def test_no_caption_is_lost(copy, tmp_path):
    done = copy.python("-c", READING, json.dumps(list(CAPTIONS)), home=tmp_path)
    assert done.returncode == 0, done.stderr
    for number, (content, found) in enumerate(zip(CAPTIONS, json.loads(done.stdout), strict=True)):
        expected = CAPTIONS[content]
        if isinstance(expected, str):
            told = expected.replace("0.sbv", f"{number}.sbv")
            assert isinstance(found, str), content
            assert found.startswith(told), content
        else:
            assert found == expected, content


POOLING = """
import json
import torch
from ferbench.detectors.brightest import Brightest

torch.manual_seed(0)
frames = torch.randint(0, 256, (3, 3, 40, 50), dtype=torch.uint8)
faces = Brightest(side_px=7)._detect(frames)
grey = frames.double().mean(dim=1) / 255
apart = []
for image, box, score in zip(grey, faces.box_xyxy, faces.score):
    means = {
        (left, top): float(image[top : top + 7, left : left + 7].mean())
        for top in range(34) for left in range(44)
    }
    best = max(means, key=means.get)
    apart.append([means[best] - means[int(box[0]), int(box[1])], abs(means[best] - float(score))])
print(json.dumps(apart))
"""


def test_the_detector_finds_the_largest_mean(copy, tmp_path):
    done = copy.python("-c", POOLING, home=tmp_path)
    assert done.returncode == 0, done.stderr
    apart = json.loads(done.stdout)
    assert len(apart) == 3
    assert all(less < 1e-6 and off < 3e-6 for less, off in apart)
