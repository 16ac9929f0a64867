"""RetinaFace's networks against the original ones, and as ONNX graphs.

``retinaface_f64.npz`` holds what the networks of batch-face 1.4.0 (those of Pytorch_Retinaface)
compute in double precision with procedural weights. To make it again, unpack batch-face's wheel and
run, with batch_face/face_detection/alignment.py of it as FILE:

    PYTHONPATH=tests python tests/nets/test_retinaface_net.py --write FILE
"""

from __future__ import annotations

import copy
import importlib.util
import sys
import zlib

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.detectors.network_input import fit
from ferbench.detectors.retinaface import _PROGRAMS
from ferbench.errors import WeightsError
from ferbench.nets.retinaface import RetinaFace
from ferbench.nets.retinaface_onnx import to_onnx
from ferbench.weights.checkpoints import load_strictly, torch_state_dict
from helpers.procedural import (
    KEPT,
    entries,
    fill_net,
    golden,
    manifest,
    probe,
    run_with_hooks,
    stats,
)
from helpers.published import procedural_image
from helpers.reference import report_difference, shared_path

MOBILE, RESNET = "mobilenet0.25", "resnet50"
BODIES = (MOBILE, RESNET)
PARTS = ("loc", "conf", "landms")
TOLERANCE_F64 = 1e-9


def filled(net: nn.Module, body: str) -> nn.Module:
    """The network with procedural weights.

    Of its oracle, else of normal kernels that keep the size of the maps.
    """
    if body == RESNET:
        return fill_net(net, manifest("retinaface_resnet50"))
    state = {}
    for name, value in net.state_dict().items():
        rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
        if value.dim() == 4:
            drawn = rng.standard_normal(value.shape) * np.sqrt(2 / np.prod(value.shape[1:]))
        elif name.endswith(("bias", "running_mean")):
            drawn = 0.1 * rng.standard_normal(value.shape)
        elif value.is_floating_point():
            drawn = rng.uniform(0.5, 1.5, value.shape)
        else:
            drawn = np.zeros(value.shape)
        state[name] = torch.from_numpy(np.asarray(drawn)).to(value.dtype)
    net.load_state_dict(state, strict=True)
    return net.eval().requires_grad_(False)


def photos(side: int) -> torch.Tensor:
    """Three procedural images, RGB u8 (3, 3, side, side)."""
    return (
        torch.from_numpy(np.stack([procedural_image(k, side) for k in range(3)]))
        .permute(0, 3, 1, 2)
        .contiguous()
    )


def values(side: int, follows: str = "biubug6") -> torch.Tensor:
    """The images as the detector hands them to its network."""
    return _PROGRAMS[follows].pixels.of_frames(photos(side), fit(side, side, "full", None))


def rows_of(output: torch.Tensor) -> np.ndarray:
    """64 anchors, evenly spread."""
    at = np.linspace(0, output.shape[1] - 1, 64).astype(np.int64)
    return output[:, torch.from_numpy(at)].numpy()


def outputs_of(net, image):
    """As the originals give them: boxes, probabilities, landmarks."""
    with torch.inference_mode():
        boxes, logits, landmarks = net(image)
    return boxes, torch.softmax(logits, dim=-1), landmarks


@pytest.fixture(scope="module")
def net_of():
    made = {}
    return lambda body: (
        made[body] if body in made else made.setdefault(body, filled(RetinaFace(body), body))
    )


def largest(ours, theirs, what):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    difference = float(np.abs(ours - theirs).max())
    report_difference(f"RetinaFace {what}", difference)
    return difference


def f64_differences(net, body):
    """Largest difference of each output from batch-face's network, double precision."""
    outputs = outputs_of(copy.deepcopy(net).double(), values(160).double() / 64)
    with np.load(KEPT / "retinaface_f64.npz") as kept:
        return {
            part: np.abs(rows_of(o) - kept[f"{body}/{part}"]).max()
            for part, o in zip(PARTS, outputs, strict=True)
        }


@pytest.mark.parametrize("body", BODIES)
def test_float64_equals_the_original(body, net_of):
    for part, difference in f64_differences(net_of(body), body).items():
        report_difference(f"RetinaFace {body}, {part}, float64", difference)
        assert difference < TOLERANCE_F64


def test_resnet50_equals_the_original_in_float32(net_of):
    """Outputs of biubug6's and of ternaus' networks, and on the way there the outputs of their
    modules.
    """
    expected, shapes = (
        golden("retinaface_resnet50"),
        manifest("retinaface_resnet50")["intermediate_shapes"],
    )
    modules = run_with_hooks(net_of(RESNET), values(160) / 64, list(shapes)).modules
    for name, shape in shapes.items():
        assert list(modules[name].shape) == shape, name
        within = {
            "rtol": 1e-5,  # processors sum in other orders; float64 is compared above
            "atol": 3e-5 * expected[f"proc_stats/{name}"][:, 1].max(),
            "err_msg": name,
        }
        np.testing.assert_allclose(probe(modules[name]), expected[f"proc_probe/{name}"], **within)
        np.testing.assert_allclose(stats(modules[name]), expected[f"proc_stats/{name}"], **within)
    theirs = net_of(RESNET), values(160, "ternaus")
    with torch.inference_mode():
        ternaus = dict(zip(("loc", "conf_logits", "landms"), theirs[0](theirs[1]), strict=True))
    biubug6 = dict(zip(PARTS, outputs_of(net_of(RESNET), values(160) / 64), strict=True))
    for kind, outputs in (("proc", biubug6), ("ternaus", ternaus)):
        for part, output in outputs.items():
            what = f"resnet50, {part} of {kind.replace('proc', 'biubug6')}, float32"
            assert largest(output[:, :64], expected[f"{kind}_first64/{part}"], what) < 2e-4
            assert largest(probe(output), expected[f"{kind}_probe/{part}"], what) < 2e-4
            np.testing.assert_allclose(
                stats(output), expected[f"{kind}_stats/{part}"], rtol=0, atol=2e-4
            )


@pytest.mark.weights
def test_mobilenet_equals_the_original_in_float32():
    """With real weights, which only the reference data hold."""
    path = shared_path("weights/mobilenet0.25_Final.pth")
    net = RetinaFace(MOBILE).eval()
    load_strictly(net, torch_state_dict(path), path)
    expected = np.load(shared_path("oracles/retinaface_mobilenet025/golden.npz"))
    names = [key.partition("/")[2] for key in expected if key.startswith("proc_stats/")]
    inner = [name for name in names if name not in PARTS]
    modules = run_with_hooks(net, values(320), inner).modules
    modules |= dict(zip(PARTS, outputs_of(net, values(320)), strict=True))
    assert len(inner) == 5
    for name in names:
        what = (
            f"mobilenet0.25, {name}, float32"
            if name in PARTS
            else "mobilenet0.25, modules, float32"
        )
        assert largest(probe(modules[name]), expected[f"proc_probe/{name}"], what) < 5e-5
        np.testing.assert_allclose(
            stats(modules[name]), expected[f"proc_stats/{name}"], rtol=0, atol=5e-5
        )


def _epsilon(net, _monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1.1e-5


def _slope(net, _monkeypatch):
    net.ssh2.conv5X5_1[2].negative_slope += 1e-6


def _bilinear(_net, monkeypatch):
    interpolate = F.interpolate
    monkeypatch.setattr(
        F, "interpolate", lambda x, **options: interpolate(x, **{**options, "mode": "bilinear"})
    )


def _merge(net, _monkeypatch):
    net.fpn.merge1, net.fpn.merge2 = net.fpn.merge2, net.fpn.merge1


@pytest.mark.parametrize("slip", [_epsilon, _slope, _bilinear, _merge])
@pytest.mark.parametrize("body", BODIES)
def test_a_slip_shows(body, slip, net_of, monkeypatch):
    changed = copy.deepcopy(net_of(body))
    slip(changed, monkeypatch)
    assert max(f64_differences(changed, body).values()) > 10 * TOLERANCE_F64


@pytest.mark.parametrize("body", BODIES)
def test_names_and_shapes_are_the_published_ones(body):
    oracle = "retinaface_resnet50" if body == RESNET else "retinaface_mobilenet025"
    if body == MOBILE:
        shared_path(f"oracles/{oracle}")
    with torch.device("meta"):
        net = RetinaFace(body)
    about = manifest(oracle)
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == entries(about)
    assert sum(parameter.numel() for parameter in net.parameters()) == about["parameters"]


def test_file_of_another_body_is_refused(net_of, tmp_path):
    with pytest.raises(
        WeightsError, match=r"file\.pth does not fit RetinaFace: .* missing: body\.conv1\.weight"
    ):
        load_strictly(RetinaFace(RESNET), net_of(MOBILE).state_dict(), tmp_path / "file.pth")
    with pytest.raises(
        WeightsError, match=r"missing: body\.stage1\.0\.0\.weight.*of another shape: fpn\.output1"
    ):
        load_strictly(RetinaFace(MOBILE), net_of(RESNET).state_dict(), tmp_path / "file.pth")


@pytest.mark.parametrize("body", BODIES)
def test_onnx_graph_equals_torch(body, net_of):
    """Any number of frames, any size, also where maps of neighbouring strides do not divide."""
    model = to_onnx(net_of(body))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(4)
    for shape in ((1, 3, 64, 64), (3, 3, 97, 131), (2, 3, 1, 1), (1, 3, 33, 250)):
        image = (rng.standard_normal(shape)).astype(np.float32)
        ours = session.run(None, {"image": image})
        with torch.inference_mode():
            theirs = net_of(body)(torch.from_numpy(image))
        for one, two in zip(ours, theirs, strict=True):
            spread = float(two.abs().max())
            assert np.abs(one - two.numpy()).max() < 2e-5 * spread
            assert one.shape == tuple(two.shape)


def test_onnx_graph_holds_folded_normalisations(net_of):
    kinds = [node.op_type for node in to_onnx(net_of(MOBILE)).graph.node]
    convolutions = sum(isinstance(module, nn.Conv2d) for module in net_of(MOBILE).modules())
    assert kinds.count("Conv") == convolutions
    assert "BatchNormalization" not in kinds


def test_layer_without_onnx_form_is_told(net_of):
    net = copy.deepcopy(net_of(MOBILE))
    net.body.stage1[0][2] = nn.GELU()
    with pytest.raises(TypeError, match="no ONNX form of GELU"):
        to_onnx(net)


def _write(module: str) -> None:
    """Keep what batch-face's own networks make of the same weights and images."""
    spec = importlib.util.spec_from_file_location("batch_face_alignment", module)
    assert spec is not None
    assert spec.loader is not None
    original = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(original)
    kept = {}
    for body, settings in ((MOBILE, original.cfg_mnet), (RESNET, original.cfg_re50)):
        net = filled(
            original.RetinaFace(cfg={**settings, "pretrain": False}, phase="test"), body
        ).double()
        with torch.inference_mode():
            outputs = net(values(160).double() / 64)
        kept |= {
            f"{body}/{part}": rows_of(output) for part, output in zip(PARTS, outputs, strict=True)
        }
    np.savez_compressed(KEPT / "retinaface_f64.npz", **kept)


if __name__ == "__main__" and sys.argv[1:2] == ["--write"]:
    _write(sys.argv[2])
