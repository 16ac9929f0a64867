"""What the dials cost: fewer frames a second and detection strides, on the demo's clips.

Nothing is timed. Boxes and labels of the best face are compared with those of a pass that looks at
everything, in the same frames; F1 is the demo's. SCRFD's tight canvas is compared likewise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.agreement import overlaps
from benchmarks.bars import Bar
from benchmarks.contenders.whole import best_boxes, best_labels, recipe_of
from benchmarks.material import Choices
from benchmarks.run import Result, Run
from ferbench.config.choices import component_for
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stages import Analyser
from ferbench.results import Analysis
from ferbench.workflows.evaluate import evaluate

SCRFD: Final = "detector=scrfd_500m"
DIALS: Final = (
    ((), "runtime.detect_every=2"),
    ((), "runtime.detect_every=3"),
    ((), "runtime.detect_every=5"),
    ((), "runtime.target_fps=12"),
    ((), "runtime.target_fps=5"),
    ((SCRFD,), "detector.canvas=tight"),
)
"""Choices, and what is changed about them."""

RULE: Final = ("event.enter=0.4", "statistics.intervals=none", "runtime.device=cpu")
"""The demo's own choices, but for the level, and without intervals."""


def run(run: Run) -> Result:
    """Compare; one round is enough, as nothing depends on time."""
    clips = [Path(clip) for clip in component_for("dataset", "demo").fetch(notify=print)]
    bars = [_cost(run, Choices(overrides=tuple(base)), dial, clips) for base, dial in DIALS]
    return Result(
        what="boxes and labels of the best face against those of a pass that looks at everything, "
        f"over {len(clips)} demo clips; F1 of the demo with {RULE[0]}",
        bars=bars,
        more={"clips": [clip.name for clip in clips]},
    )


def _cost(run: Run, choices: Choices, dial: str, clips: list[Path]) -> Bar:
    overlap: list[np.ndarray[Any, Any]] = []
    same: list[bool] = []
    missing = 0
    for clip in clips:
        every = _analysed(run, choices, clip)
        some = _analysed(run, choices.but(dial), clip)
        kept = np.searchsorted(every.timeline.edges_s[:-1], some.timeline.edges_s[:-1] - 1e-6)
        boxes, labels = _best(every)
        others, other_labels = _best(some)
        both = overlaps(boxes[kept], others)
        missing += int(np.sum(np.isnan(boxes[kept][:, 0]) != np.isnan(others[:, 0])))
        overlap.append(both[~np.isnan(both)])
        same += [labels[k] == other for k, other in zip(kept, other_labels, strict=True)]
    shares = np.concatenate(overlap)
    f1 = [_f1(each) for each in (choices, choices.but(dial))]
    return Bar(
        what=" ".join((*choices.overrides, dial)),
        values=(100 * float(np.mean(same)),),
        unit="%",
        note=(
            f"same label in {np.mean(same):.1%} of {len(same)} frames; boxes overlap by "
            f"{shares.mean():.3f} on average, {shares.min():.3f} at least; a face in one only: "
            f"{missing} frames; F1 {f1[1]:.3f} instead of {f1[0]:.3f}"
        ),
    )


def _analysed(run: Run, choices: Choices, clip: Path) -> Analysis:
    recipe, models = recipe_of(choices)
    cache = Cache(run.folder / "cache")
    analyser = Analyser(recipe, choices.settings().runtime, cache, models)
    return analyser.analyse(clip, video_id=clip.stem)


def _best(analysis: Analysis) -> tuple[np.ndarray[Any, Any], tuple[str, ...]]:
    frames = analysis.timeline.video.num_frames
    faces, expressions = analysis.faces, analysis.expressions
    return best_boxes(faces, frames), best_labels(faces, expressions, frames)


def _f1(choices: Choices) -> float:
    groups: dict[str, Any] = dict(
        each.split("=", 1) for each in choices.overrides if "." not in each
    )
    single = [each for each in choices.overrides if "." in each]
    evaluation = evaluate(experiment="demo", settings=[*single, *RULE], **groups)
    return evaluation.scores["f1"].value
