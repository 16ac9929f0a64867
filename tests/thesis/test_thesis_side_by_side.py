"""Both thesis experiments through the whole pipeline, side by side, with procedural weights.

The networks' weights are drawn from a recipe, so what they say of a face means nothing; that the
two experiments say different things is what is shown.
``PYTHONPATH=tests python tests/thesis/test_thesis_side_by_side.py`` prints the table of
docs/thesis.md, for the demo's clips of the reference data (a quarter of an hour on a CPU).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.nets.apvit import APViT
from ferbench.nets.poster_v2 import PosterV2
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.results import SessionResult
from ferbench.types import I64, Part, Session
from helpers.clips import shrink
from helpers.procedural import fill, manifest
from helpers.reference import SHARED, shared_path

NETWORKS = {
    "poster_v2_rafdb": ("posterv2_7cls", PosterV2, "module."),
    "apvit_rafdb": ("apvit_raf", APViT, ""),
}
"""Ordinary model, oracle, network, prefix of names in its checkpoint."""
LABELS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
CLIPS = ("carphone_pristine", "single_face", "WolfgangLanger_Pexels")
RETINAFACE = "weights/mobilenet0.25_Final.pth"


def recipe_of(experiment: str, model: str) -> Recipe:
    """An experiment with signals of all seven expressions, ready for weights of our own."""
    config = composed({"experiment": experiment, "model": model})
    _take_any_weights(config["detector"])
    _take_any_weights(config["model"])
    config["signal"]["labels"] = list(LABELS)
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


def _take_any_weights(node: Any) -> None:
    if isinstance(node, dict):
        if "sha256" in node:
            node |= {"sha256": "unknown", "size_bytes": None}
        for value in node.values():
            _take_any_weights(value)


def furnish(models: Path, recipe: Recipe, model: str) -> None:
    """Put a procedural checkpoint in the published layout, and a real detector, into a models
    folder.
    """
    oracle, net, prefix = NETWORKS[model]
    (weights,), (faces,) = recipe.model.weights_files(), recipe.detector.weights_files()
    for item in (weights, faces):
        (models / item.file).parent.mkdir(parents=True, exist_ok=True)
    if not (models / weights.file).exists():
        state = {**net(num_classes=7).state_dict(), **fill(manifest(oracle))}
        torch.save(
            {"state_dict": {f"{prefix}{name}": value for name, value in state.items()}},
            models / weights.file,
        )
    shutil.copyfile(shared_path(RETINAFACE), models / faces.file)


def both(
    model: str, clips: dict[str, Path], folder: Path
) -> dict[str, tuple[SessionResult, SessionResult]]:
    """Results of each clip under ``thesis`` and under ``thesis_corrected``."""
    sessions = [Session(session_id=name, parts=(Part(path=path),)) for name, path in clips.items()]
    found = []
    for experiment, choice in (("thesis", f"{model}_thesis"), ("thesis_corrected", model)):
        recipe = recipe_of(experiment, choice)
        furnish(folder / "models", recipe, model)
        analyser = Analyser(
            recipe, Runtime(device="cpu"), Cache(folder / "cache"), folder / "models"
        )
        report = evaluate(sessions, analyser)
        assert not report.failures, report.failures
        found.append({result.session.session_id: result for result in report.sessions})
    return {name: (found[0][name], found[1][name]) for name in clips}


def tops(result: SessionResult) -> np.ndarray:
    """Label of each frame, "" where there is no face."""
    (part,) = result.parts
    probs = part.chosen_probs()
    known = ~np.isnan(probs).any(axis=1)
    names = np.array([*part.analysis.expressions.labels, ""])
    top: I64 = np.where(known, np.argmax(np.nan_to_num(probs), axis=1), -1)
    return names[top]


def row(model: str, clip: str, exact: SessionResult, corrected: SessionResult) -> list[str]:
    """One line of the table."""
    ours, theirs = tops(exact), tops(corrected)
    faces = (ours != "") & (theirs != "")
    alike = np.count_nonzero(ours[faces] == theirs[faces])
    cells = [model, clip, f"{faces.sum()}", f"{alike}"]
    for labels in (ours, theirs):
        most = Counter(labels[labels != ""].tolist()).most_common(2)
        cells.append(", ".join(f"{name} {count}" for name, count in most))
    for result, stamps_s in (
        (exact, [event.onset_s for event in exact.events]),
        (corrected, [event.trigger_s for event in corrected.events]),
    ):
        named = [
            f"{time_s:.1f} {event.label}"
            for time_s, event in zip(stamps_s, result.events, strict=True)
        ]
        rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
        cells.append((", ".join(named[:3]) or "none") + rest)
    return cells


@pytest.mark.slow
@pytest.mark.parametrize("model", NETWORKS)
def test_both_experiments_run_and_differ(model, samples, tmp_path):
    clip = tmp_path / "clip.mp4"
    shrink(samples / "single_face.mp4", clip, frames=3, width=256, height=144)
    exact, corrected = both(model, {"clip": clip}, tmp_path)["clip"]
    probs = [result.parts[0].chosen_probs() for result in (exact, corrected)]
    assert exact.parts[0].chosen.min() >= 0, "a face in every frame"
    assert not np.isnan(probs[0]).any()
    labels = [result.parts[0].analysis.expressions.labels for result in (exact, corrected)]
    order = [labels[1].index(name) for name in labels[0]]
    assert np.abs(probs[0] - probs[1][:, order]).max() > 1e-3
    swapped = {"happiness": "sadness", "sadness": "happiness"} if model.startswith("poster") else {}
    assert [swapped.get(name, name) for name in labels[0]] == list(labels[1])


def main() -> None:
    head = [
        "model",
        "clip",
        "frames with a face",
        "labelled alike",
        "`thesis`: most frequent",
        "`thesis_corrected`",
    ]
    lines = [[*head, "`thesis`: events, s", "`thesis_corrected`"]]
    with tempfile.TemporaryDirectory() as scratch:
        for model in NETWORKS:
            clips = {name: SHARED / "samples" / f"{name}.mp4" for name in CLIPS}
            for clip, pair in both(model, clips, Path(scratch)).items():
                lines.append(row(model, clip, *pair))
                sys.stderr.write(f"{lines[-1]}\n")
    lines.insert(1, ["---"] * len(lines[0]))
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))


if __name__ == "__main__":
    main()
