"""The preprocessing that cuts as a model's training did."""

from __future__ import annotations

import pytest

from ferbench.config.choices import component_for
from ferbench.config.groups import choices_of
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.align5 import Align5
from ferbench.preprocessing.box import Box
from ferbench.preprocessing.imitating import imitating
from ferbench.preprocessing.square_margin import SquareMargin


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        (CropGeometry(kind="box", margin=0.0), Box()),
        (CropGeometry(kind="square", margin=0.2, size_px=48), SquareMargin(margin=0.2, size_px=48)),
        (
            CropGeometry(kind="aligned", template="face_evolve", size_px=224),
            Align5(template="face_evolve", size_px=224),
        ),
        (CropGeometry(kind="aligned", size_px=100), Align5(size_px=100)),
        (CropGeometry(kind="unpublished"), None),
    ],
)
def test_each_kind_has_its_own(trained, expected):
    assert imitating(trained) == expected


@pytest.mark.parametrize("name", choices_of("model"))
def test_it_differs_in_nothing_that_a_model_tells(name):
    model = component_for("model", name)
    own = imitating(model.trained_crop)
    if own is not None:
        geometry = own.geometry(model_px=model.input_px)
        assert model.trained_crop.differences(geometry) == ()
