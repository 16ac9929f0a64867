"""The one class for expression models: colour, size, normalisation, and what it refuses."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import ConfigError, DataError, WeightsError
from ferbench.face_input import coloured, resized
from ferbench.fingerprint import fingerprint
from ferbench.geometry import CropGeometry
from ferbench.recognizer import Recognizer
from ferbench.types import Regression
from ferbench.weights.digests import sha256_of
from helpers.published import GOLDEN, fetched, mini_xception
from helpers.reference import report_difference

CPU = torch.device("cpu")
ENGINES = ("onnxruntime", "torch")


class Means(nn.Module):
    """A stand-in network: its logits are the input's channel means times a stored gain."""

    def __init__(self, num_classes: int, num_regressions: int = 0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(1))
        self.num_outputs = num_classes + num_regressions

    def forward(self, x):
        assert not self.training
        assert torch.is_inference_mode_enabled() or torch.compiler.is_exporting()
        return (x.mean(dim=(2, 3)) * self.gain).repeat(1, self.num_outputs)[:, : self.num_outputs]


def stand_in(folder, **changes) -> Recognizer:
    torch.save({"gain": torch.tensor([2.0])}, folder / "means.pt")
    weights = dataclasses.replace(
        mini_xception().weights, file="means.pt", sha256=sha256_of(folder / "means.pt")
    )
    values = {
        "net": f"{__name__}.Means",
        "checkpoint": "ferbench.weights.checkpoints.torch_state_dict",
        "labels": ("anger", "fear", "neutral"),
        "input_px": 8,
        "colour": "rgb",
        "mean": (0.1, 0.2, 0.3),
        "std": (0.5, 0.25, 2.0),
    }
    return mini_xception(weights=weights, **(values | changes))


def flat_colour(red, green, blue, side=8):
    return (
        torch.tensor([red, green, blue], dtype=torch.uint8)
        .view(1, 3, 1, 1)
        .repeat(2, 1, side, side)
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("side", [8, 20])
@pytest.mark.parametrize(("colour", "order"), [("rgb", [51, 102, 204]), ("bgr", [204, 102, 51])])
def test_normalisation_and_channel_order(tmp_path, colour, order, side, engine):
    classify = stand_in(tmp_path, colour=colour, engine=engine).load(CPU, tmp_path)
    logits = classify(flat_colour(51, 102, 204, side))
    assert logits.dtype == torch.float32
    expected = 2 * (np.array(order) / 255 - (0.1, 0.2, 0.3)) / (0.5, 0.25, 2.0)
    np.testing.assert_allclose(logits.numpy(), [expected, expected], rtol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("labels", [("anger", "fear"), ()])
def test_regressions_come_after_the_classes(tmp_path, engine, labels):
    arousal = Regression(name="arousal", low=-1, high=1)
    model = stand_in(tmp_path, labels=labels, regressions=(arousal,), engine=engine)
    outputs = model.load(CPU, tmp_path)(flat_colour(51, 102, 204))
    assert outputs.shape == (2, len(labels) + 1) == (2, len(model.channels))
    none = model.load(CPU, tmp_path)(torch.zeros(0, 3, 8, 8, dtype=torch.uint8))
    assert none.shape == (0, len(labels) + 1)


class TooMany(Means):
    def forward(self, x):
        return super().forward(x).repeat(1, 2)


def test_a_network_with_other_outputs_than_its_yaml_says_is_told(tmp_path):
    model = stand_in(tmp_path, net=f"{__name__}.TooMany", engine="torch")
    told = (
        r"TooMany gives outputs of shape \(2, 6\) .*expected one for each of anger, fear, neutral"
    )
    with pytest.raises(ConfigError, match=told):
        model.load(CPU, tmp_path)(flat_colour(51, 102, 204))


def test_no_crop_no_row(tmp_path):
    assert stand_in(tmp_path).load(CPU, tmp_path)(
        torch.zeros(0, 3, 8, 8, dtype=torch.uint8)
    ).shape == (0, 3)


@pytest.mark.weights
@pytest.mark.parametrize("engine", ENGINES)
def test_published_model_through_the_yaml(models, engine):
    model = mini_xception(engine=engine)
    fetched(model, models)
    classify = model.load(CPU, models)
    golden = np.load(GOLDEN)
    crops = torch.from_numpy(golden["mini_xception/proc_gray64"])[:, None].repeat(1, 3, 1, 1)
    np.testing.assert_allclose(
        classify(crops).numpy(), golden["mini_xception/proc_logits"], rtol=0, atol=1e-5
    )
    doubled = crops.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    np.testing.assert_allclose(
        classify(doubled).numpy(), golden["mini_xception/proc_logits"], rtol=0, atol=1e-5
    )


def some_crops(count: int, side: int = 64) -> torch.Tensor:
    values = np.random.default_rng(count).integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    return torch.from_numpy(values)


@pytest.fixture
def one_thread():
    """As in a lane: with several, torch adds in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.weights
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("engine", ENGINES)
def test_logits_depend_on_neither_batch_nor_thread(models, engine):
    model = mini_xception(engine=engine)
    fetched(model, models)
    classify = model.load(CPU, models)
    crops = some_crops(48)
    expected = classify(crops)
    for batch in (1, 3, 16):
        parts = [classify(part) for part in crops.split(batch)]
        assert torch.equal(torch.cat(parts), expected)

    def in_lane(first: int) -> torch.Tensor:
        torch.set_num_threads(1)
        return classify(crops[first : first + 5])

    firsts = list(range(0, 43)) * 3
    with ThreadPoolExecutor(4) as lanes:
        for first, logits in zip(firsts, lanes.map(in_lane, firsts), strict=True):
            assert torch.equal(logits, expected[first : first + 5])


@pytest.mark.weights
def test_engines_give_the_same(models):
    fetched(mini_xception(), models)
    crops = some_crops(16)
    one, two = (mini_xception(engine=engine).load(CPU, models)(crops) for engine in ENGINES)
    difference = float((one - two).abs().max())
    report_difference("mini-XCEPTION, onnxruntime against torch, logits", difference)
    assert difference < 1e-5
    by_default = mini_xception().load(CPU, models)(crops)
    assert torch.equal(by_default, one), "onnxruntime, on a CPU"


def test_a_translated_network_is_not_built_again(tmp_path, graphs, monkeypatch):
    model = stand_in(tmp_path, mean=(0.1, 0.2, 0.35))
    crops = flat_colour(51, 102, 204)
    first = model.load(CPU, tmp_path)(crops)
    with monkeypatch.context() as patch:
        patch.setattr(Recognizer, "empty_net", lambda _: pytest.fail("built again"))
        assert torch.equal(model.load(CPU, tmp_path)(crops), first)
    (tmp_path / "means.pt").unlink()
    torch.save({"gain": torch.tensor([3.0])}, tmp_path / "means.pt")
    digest = sha256_of(tmp_path / "means.pt")
    other = dataclasses.replace(
        model, weights=dataclasses.replace(model.weights, sha256=digest, size_bytes=None)
    )
    torch.testing.assert_close(other.load(CPU, tmp_path)(crops), first * 1.5)
    wider = dataclasses.replace(model, std=(1.0, 0.5, 4.0))
    with pytest.raises(WeightsError, match="sha256"):
        wider.load(CPU, tmp_path)


class Undecided(Means):
    """Takes one of two ways, which no graph can have."""

    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


def test_a_network_that_cannot_be_translated(tmp_path):
    model = stand_in(tmp_path, net=f"{__name__}.Undecided")
    with pytest.raises(
        ConfigError, match=r"Undecided cannot be translated.*engine='torch'"
    ) as told:
        model.load(CPU, tmp_path)
    assert told.value.key == "engine"
    by_torch = dataclasses.replace(model, engine="torch").load(CPU, tmp_path)
    assert by_torch(flat_colour(51, 102, 204)).shape == (2, 3)


def test_onnxruntime_is_for_cpus(tmp_path):
    with pytest.raises(ConfigError, match=r"onnxruntime computes on the CPU.*the device is cuda"):
        stand_in(tmp_path, engine="onnxruntime").load(torch.device("cuda"), tmp_path)


# Made with OpenCV 4.14.0 and 5.0.0, COLOR_RGB2GRAY (ours was compared with both for all 2**24
# colours: equal). Coefficients of 14 instead of 15 bits would change the last four.
GREYS = {
    (255, 0, 0): 76,
    (0, 255, 0): 150,
    (0, 0, 255): 29,
    (255, 255, 255): 255,
    (1, 1, 0): 1,
    (138, 167, 72): 148,
    (48, 17, 212): 48,
    (230, 156, 247): 188,
    (21, 13, 242): 41,
}


def test_grey_is_that_of_opencv():
    colours = torch.tensor(list(GREYS), dtype=torch.uint8).view(-1, 3, 1, 1)
    assert coloured(colours, "grey").flatten().tolist() == list(GREYS.values())


@pytest.mark.parametrize("how", ["bilinear", "bilinear_antialias", "area", "nearest"])
@pytest.mark.parametrize("size", [5, 12, 40])
def test_resizing_gives_whole_levels(how, size):
    values = torch.randint(
        0, 256, (2, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    options = {
        "bilinear": {"mode": "bilinear"},
        "bilinear_antialias": {"mode": "bilinear", "antialias": True},
    }
    expected = F.interpolate(values.float(), size=(size, size), **options.get(how, {"mode": how}))
    ours = resized(values, size, how)
    assert ours.dtype == torch.uint8
    torch.testing.assert_close(ours.float(), expected, rtol=0, atol=0.5)


def test_ways_of_resizing_differ():
    values = torch.randint(
        0, 256, (1, 1, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    results = [
        resized(values, 5, how) for how in ("bilinear", "bilinear_antialias", "area", "nearest")
    ]
    assert all(not torch.equal(a, b) for i, a in enumerate(results) for b in results[:i])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"colour": "gray"}, "colour"),
        ({"resize": "bicubic"}, "resize"),
        ({"engine": "tensorrt"}, "engine"),
        ({"mean": (0.5,) * 3}, r"mean: expected 1 value"),
        ({"std": ()}, "std: expected 1 value"),
        ({"std": (0.0,)}, "std: expected positive"),
        ({"input_px": 0}, "input_px"),
        ({"net": "MiniXception"}, "net: expected a dotted path"),
        ({"checkpoint": "a b.c"}, "checkpoint: expected a dotted path"),
        ({"labels": ("happy",)}, "expected 'happiness'"),
        ({"labels": ("joyful",)}, "unknown expression label"),
        ({"labels": ("fear", "fear")}, "different labels"),
        ({"labels": ()}, "at least one"),
    ],
)
def test_wrong_fields_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        mini_xception(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"net": "ferbench.nets.absent.Net"}, "cannot be imported"),
        ({"net": "ferbench.labels.expression_name"}, r"expected a torch\.nn\.Module"),
        ({"checkpoint": "ferbench.weights.checkpoints.absent"}, "cannot be imported"),
        ({"checkpoint": "ferbench.labels.EMOTIONS"}, "expected a function"),
    ],
)
def test_wrong_paths_are_refused_on_loading(wrong, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        stand_in(tmp_path, **wrong).load(CPU, tmp_path)


def test_other_weights_are_refused(tmp_path):
    model = stand_in(tmp_path, net="ferbench.nets.mini_xception.MiniXception")
    with pytest.raises(WeightsError, match="does not fit MiniXception"):
        model.load(CPU, tmp_path)


def test_wrong_crops_are_refused(tmp_path):
    classify = stand_in(tmp_path).load(CPU, tmp_path)
    for crops in (torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8, 3, dtype=torch.uint8)):
        with pytest.raises(DataError, match="expected crops u8"):
            classify(crops)


def test_key_follows_what_changes_results():
    key = fingerprint(mini_xception())
    assert key == fingerprint(mini_xception(trained_crop=CropGeometry(kind="box")))
    assert key != fingerprint(mini_xception(resize="area"))
    assert key != fingerprint(mini_xception(engine="torch"))
    assert key == fingerprint(mini_xception(regressions=()))
    arousal = Regression(name="arousal", low=-1, high=1)
    with_arousal = fingerprint(mini_xception(regressions=(arousal,)))
    assert key != with_arousal
    told = dataclasses.replace(arousal, meaning="from calm to excited")
    assert with_arousal == fingerprint(mini_xception(regressions=(told,)))


def test_grey_in_three_channels_and_opencv_resize():
    crops = torch.from_numpy(
        np.random.default_rng(5).integers(0, 256, (2, 3, 50, 50), dtype=np.uint8)
    )
    three = coloured(crops, "grey_rgb")
    assert three.shape == (2, 3, 50, 50)
    for channel in range(3):
        assert torch.equal(three[:, channel : channel + 1], coloured(crops, "grey"))
    expected = np.stack(
        [cv2.resize(plane, (31, 31)) for plane in crops.reshape(-1, 50, 50).numpy()]
    )
    np.testing.assert_array_equal(
        resized(crops, 31, "opencv").reshape(-1, 31, 31).numpy(), expected
    )
