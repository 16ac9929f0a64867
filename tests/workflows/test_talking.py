"""A detector that fires on talking is better than chance, and no better than a mouth that moves.

Simulated studies with stored tables; everything after pixels is what a run does.
"""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.config.choices import settings_for
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stages import Analyser
from ferbench.workflows.compare import compare
from ferbench.workflows.evaluate import evaluate_settings, load_dataset
from helpers.talking_study import person, store_study

CELLS = {
    "emotion": [["signal.labels=[surprise]", f"event.enter={enter}"] for enter in (0.4, 0.6)],
    "mouth_opening": [["event.exit=0.5", f"event.enter={enter}"] for enter in (0.9, 0.95, 0.98)],
}
"""A baseline is swept as a detector is: with one unlucky threshold it would be beaten by that."""
STATISTICS = {"chance": ["circular"], "surrogates": 199, "draws": 200}
PARTICIPANTS = 12


def settings_of(folder, signal, settings):
    return settings_for(
        {
            "dataset": {
                "videos": str(folder / "videos"),
                "annotations": str(folder / "errors.csv"),
            },
            "signal": signal,
            "statistics": STATISTICS,
        },
        settings=[*settings, "signal.smooth_s=1", "event.min_duration_s=1"],
    )


def store(folder, reaction, seed):
    """Tables of a study as a run finds them."""
    settings = settings_of(folder, "emotion", []).settings
    cache = Cache(settings.paths.cache)
    analyser = Analyser(settings.recipe, settings.runtime, cache, settings.paths.models)
    rng = np.random.default_rng(seed)
    people = [person(rng, reaction=reaction) for _ in range(PARTICIPANTS)]
    store_study(folder, people, analyser, seed)


def evaluated(folder, signal):
    """Runs with one of the signals, in all their cells."""
    runs = []
    for settings in CELLS[signal]:
        chosen = settings_of(folder, signal, settings)
        loaded = load_dataset(chosen.settings.dataset)
        run = evaluate_settings(chosen.settings, chosen.choices, loaded, pictures=False)
        assert not run.report.failures
        assert run.report.work.frames_decoded == 0
        runs.append(run)
    return runs


def studies(tmp_path, reaction, number):
    """Of each study: the best run with expressions, and it against the best with a mouth."""
    for seed in range(number):
        folder = tmp_path / reaction / str(seed)
        store(folder, reaction, seed)
        faces, mouths = evaluated(folder, "emotion"), evaluated(folder, "mouth_opening")
        yield _best(faces), _best(mouths), compare([*faces, *mouths]).against_baseline


def _best(runs):
    return max(runs, key=lambda run: run.scores["f1"].value)


@pytest.mark.slow
def test_a_detector_that_fires_on_talking_is_above_chance_and_not_above_a_mouth_that_moves(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("FERBENCH_HOME", str(tmp_path / "home"))
    found = list(studies(tmp_path, "talk", 12))
    for face, mouth, _ in found:
        assert face.scores["f1"].p <= 0.05
        assert mouth.scores["f1"].p <= 0.05, "talking does say that the robot erred"
    better = [against.is_better for *_, against in found]
    assert sum(better) <= 1, "of 12 studies, at a level of .05 on both sides"
    assert {against.participants for *_, against in found} == {PARTICIPANTS}
    differences = [against.difference.value for *_, against in found]
    assert abs(np.mean(differences)) < 0.05


@pytest.mark.slow
def test_a_detector_that_sees_expressions_is_above_a_mouth_that_talks_at_any_time(
    tmp_path, monkeypatch
):
    """So that the test above could fail."""
    monkeypatch.setenv("FERBENCH_HOME", str(tmp_path / "home"))
    found = list(studies(tmp_path, "surprise", 4))
    assert all(face.scores["f1"].p <= 0.05 for face, *_ in found)
    assert sum(mouth.scores["f1"].p <= 0.05 for _, mouth, _ in found) <= 1
    assert all(against.is_better for *_, against in found)
