"""How the thesis' program named and stored what ferbench's choices give."""

from __future__ import annotations

import pytest
import yaml

from ferbench.errors import ConfigError
from ferbench.thesis.names import ThesisName, parse_thesis_name
from ferbench.thesis.stored_scores import (
    BATCH_FACE_DETECTORS,
    STORED_SCORES,
    THESIS_MODELS,
    StoredScores,
    thesis_form,
)
from helpers.reference import CHECKOUT

CONF = CHECKOUT / "conf"
CROSSED = {"happiness": "sadness", "sadness": "happiness"}


def yaml_of(group: str, choice: str) -> dict:
    return yaml.safe_load((CONF / group / f"{choice}.yaml").read_text(encoding="utf-8"))


def choices_of(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def test_there_is_a_form_for_every_model_of_the_thesis():
    assert list(THESIS_MODELS) == [name for name in choices_of("model") if "_thesis" in name]
    assert list(THESIS_MODELS) == sorted(STORED_SCORES)


@pytest.mark.parametrize("name", THESIS_MODELS)
def test_the_columns_are_right_where_the_labels_are_crossed(name):
    ordinary, thesis = (yaml_of("model", choice) for choice in (name[: -len("_thesis")], name))
    columns = STORED_SCORES[name].columns
    assert columns == tuple(ordinary["labels"])
    crossed = CROSSED if name.startswith("poster") else {}
    assert [crossed.get(column, column) for column in columns] == thesis["labels"]


def test_what_the_program_stored():
    forms = {form.name: form.scores for form in STORED_SCORES.values()}
    assert forms == {
        "APViT": "probabilities",
        "POSTER_V2-AN7": "logits",
        "POSTER_V2-RAF": "logits",
    }


def test_detectors_that_the_program_calls_retinaface():
    """Those with the weights and the preparation of the image that batch-face uses."""
    for choice in choices_of("detector"):
        is_batch_face = yaml_of("detector", choice).get("follows") == "biubug6"
        assert (choice in BATCH_FACE_DETECTORS) == is_batch_face, choice
        backend = thesis_form(model="rmn", detector=choice).backend
        assert backend == ("retinaface" if is_batch_face else choice.replace(".", "_"))


@pytest.mark.parametrize(
    ("detector", "model", "names"),
    [
        ("retinaface_mnet025_thesis", "poster_v2_rafdb_thesis", ("POSTER_V2-RAF", "retinaface")),
        ("retinaface_mnet025", "poster_v2_an7_thesis", ("POSTER_V2-AN7", "retinaface")),
        (
            "retinaface_resnet50_ternaus",
            "apvit_rafdb_thesis",
            ("APViT", "retinaface_resnet50_ternaus"),
        ),
        ("scrfd_2.5g", "apvit_rafdb", ("apvit_rafdb", "scrfd_2_5g")),
        ("Mtcnn", "Recognizer", ("Recognizer", "Mtcnn")),
    ],
)
def test_names_of_the_thesis_files(detector, model, names):
    form = thesis_form(model=model, detector=detector)
    assert (form.model, form.backend) == names
    assert form.stored == STORED_SCORES.get(model)
    file = ThesisName(video="a.mp4", model=form.model, backend=form.backend)
    assert parse_thesis_name(file.file_name) == file


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "a.b"}, "name: expected a name without dots and slashes, got 'a.b'"),
        ({"name": ""}, "name: expected a name without dots"),
        ({"scores": "softmax"}, "scores: expected logits or probabilities, got 'softmax'"),
        ({"columns": ("happy",)}, r"columns: expected each once of happiness, got \('happy',\)"),
        ({"columns": ("fear", "fear")}, "columns: expected each once of fear"),
        ({"columns": ("joyful",)}, "unknown expression label"),
    ],
)
def test_forms_that_cannot_be_used_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        StoredScores(**{"name": "X", "scores": "logits", "columns": ("fear",), **wrong})
