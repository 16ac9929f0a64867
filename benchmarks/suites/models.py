"""Frames or faces per second of each detector and model of conf/; models/README.md shows them.

A detector is measured where its weights are in the models folder, on frames of the clip; a model on
the same 32 crops, with random weights where its file is missing (speed does not depend on values).
``ratio_to_network`` of a model is the share of its time that the bare network takes on inputs that
lie ready: 1 is the limit. Rows of choices that were not measured this time stay.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.contenders.detection import OurDetector
from benchmarks.contenders.whole import weighted
from benchmarks.material import Choices
from benchmarks.run import RESULTS, Result, Run
from benchmarks.turns import BenchmarkError, Done, Turns, measured
from ferbench.config.groups import choices_of
from ferbench.errors import FerbenchError
from ferbench.weights.checking import is_there

CROPS: Final = 32
FRAMES: Final = 32
BATCH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OurModel:
    """A model on crops of its network's size; ``Done.seconds`` has the whole and the network."""

    name: str
    choices: Choices

    def ready(self) -> Callable[[], Done]:
        """Load the model; its network is measured on levels that lie ready."""
        settings, device = self.choices.settings(), torch.device(self.choices.device)
        spec: Any = weighted(settings.recipe.model, settings.paths.models)
        recognise = spec.load(device, settings.paths.models)
        side_px = spec.input_px
        crops = torch.randint(0, 256, (CROPS, 3, side_px, side_px), dtype=torch.uint8)
        crops = crops.to(device)
        levels = recognise.levels(crops)

        def seconds(compute: Callable[[Any], Any], inputs: Any) -> float:
            started = time.perf_counter()
            with torch.inference_mode():
                for at in range(0, CROPS, BATCH):
                    compute(inputs[at : at + BATCH])
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            return time.perf_counter() - started

        def work() -> Done:
            whole_s, network_s = seconds(recognise, crops), seconds(recognise.network, levels)
            return Done(units=CROPS, seconds={"whole": whole_s, "network": network_s})

        return work


def run(run: Run) -> Result:
    """Measure one choice after the other; one that cannot be measured is told and left out."""
    contenders: dict[str, Turns] = {}
    rows = []
    for group in ("detector", "model"):
        for choice in choices_of(group):
            if run.only and choice not in run.only:
                continue
            name = f"{group}/{choice}"
            try:
                turns = _measured(group, choice, run)
            except (FerbenchError, BenchmarkError) as error:
                print(f"{name}: {error}")
                continue
            if turns is not None:
                contenders[name] = turns
                row = _model_row if group == "model" else _detector_row
                rows.append({"choice": name, "device": run.device, **row(choice, turns, run)})
    return Result(
        what="frames (of a model: faces) per second in batches",
        contenders=contenders,
        more={"rows": _with_known(rows, run.device), "batch": BATCH, "clip": run.clip.name},
    )


def _measured(group: str, choice: str, run: Run) -> Turns | None:
    """The turns of a choice; None = a detector without weights here."""
    choices = Choices(overrides=(f"{group}={choice}",), device=run.device)
    name = f"{group}/{choice}"
    if group == "model":
        return measured([OurModel(name=name, choices=choices)], repeats=run.repeats)[name]
    if not _has_weights(group, choices):
        return None
    frames = run.shortened(FRAMES)
    one = OurDetector(name=name, choices=choices, clip=run.clip, frames=frames, batch=BATCH)
    return measured([one], repeats=run.repeats)[name]


def _has_weights(group: str, choices: Choices) -> bool:
    settings = choices.settings()
    files = getattr(settings.recipe, group).weights_files()
    return all(is_there(file, settings.paths.models) for file in files)


def _model_row(choice: str, turns: Turns, run: Run) -> dict[str, Any]:
    whole_s, network_s = turns.seconds("whole"), turns.seconds("network")
    choices = Choices(overrides=(f"model={choice}",), device=run.device)
    return {
        "unit": "faces",
        "fps": round(CROPS / whole_s, 1),
        "ratio_to_network": round(network_s / whole_s, 3),
        "weights": "published" if _has_weights("model", choices) else "random",
    }


def _detector_row(choice: str, turns: Turns, run: Run) -> dict[str, Any]:
    del choice, run
    return {
        "unit": "frames",
        "fps": round(turns.units / turns.wall_s, 1),
        "faces": turns.first.done.faces,
        "weights": "published",
    }


def _with_known(rows: list[dict[str, Any]], device: str) -> list[dict[str, Any]]:
    """These rows and those of other choices that were written before, by name."""
    before = Path(RESULTS / f"models_{device.partition(':')[0]}.json")
    known = json.loads(before.read_text(encoding="utf-8"))["rows"] if before.is_file() else []
    by_choice = {row["choice"]: row for row in (*known, *rows)}
    return [by_choice[choice] for choice in sorted(by_choice)]
