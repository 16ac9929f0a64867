"""Every model of conf/ through its own yaml.

From a checkpoint laid out as published to logits, and with bad files.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.groups import choices_of
from ferbench.errors import WeightsError
from ferbench.recognizer import Recognizer
from ferbench.weights import kept_graphs
from ferbench.weights import lock as weights_lock
from ferbench.weights.digests import sha256_of
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.importing import import_files
from ferbench.weights.loading import load
from ferbench.weights.lock import NAME as LOCK
from ferbench.weights.published import UNKNOWN
from ferbench.workflows.weights_catalogue import catalogue, confirm
from helpers.emotieff import name_as_published, whole_mbf
from helpers.emotiefflib_goldens import multitask_net
from helpers.hostile_pickles import TOUCH, call, named, write
from helpers.procedural import entries, fill, golden, images, manifest
from helpers.reference import report_difference, shared_path
from helpers.zoo_network import ByOnnxruntime, write_onnx, zoo_network

CPU = torch.device("cpu")
ENGINES = ("onnxruntime", "torch")
IMAGENET = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
PLAIN = np.float32([0, 0, 0]), np.float32([1, 1, 1])
HALF = np.float32([0.5, 0.5, 0.5]), np.float32([0.5, 0.5, 0.5])
POSTER, APVIT, RMN, HSE = "posterv2_{}cls", "apvit_raf", "rmn_resmasking_dropout1", "hse_enet_b0_8"
DDAMFN, MBF, MOBILEVIT = "ddamfn_8cls", "hse_mbf_va_mtl", "hse_mobilevit_va_mtl"
PYFEAT = "pyfeat_multitask"
NO_CONTEMPT = [0, 2, 3, 4, 5, 6, 7]  # of HSEmotion's eight


HEADS = {"hse b0": ("classifier.0.",), "ddamfn": ("fc.", "bn.")}
"""Beginnings of the names of entries with a row for each class."""


WHOLE = {
    "hse mbf": whole_mbf,
    "hse mobilevit": lambda outputs: timm.create_model("mobilevitv2_150", num_classes=outputs),
}
"""The authors' models, which they saved whole."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """What a model is tested with.

    An oracle's network, the layout of its file, and the original's input handling.
    """

    oracle: str
    layout: str
    side: int = 224
    image: str = "pil"  # pil | cv2 | cv2 grey
    moments: tuple[np.ndarray, np.ndarray] = IMAGENET
    classes: tuple[int, ...] | None = None  # of the oracle's; None = all
    tolerance: float = 5e-5
    golden: bool = True
    rounding: float = 0.02  # of grey levels by other libraries; exchanged colours are the scale


CASES = {
    "poster_v2_an7": Case(oracle=POSTER.format(7), layout="poster"),
    "poster_v2_an8": Case(oracle=POSTER.format(8), layout="poster"),
    "poster_v2_rafdb": Case(oracle=POSTER.format(7), layout="poster"),
    "apvit_rafdb": Case(oracle=APVIT, layout="apvit", side=112, image="cv2"),
    "ddamfn_an7": Case(
        oracle=DDAMFN, layout="ddamfn", side=112, classes=tuple(range(7)), golden=False
    ),
    "ddamfn_an8": Case(oracle=DDAMFN, layout="ddamfn", side=112, golden=False),
    "ddamfn_rafdb": Case(
        oracle=DDAMFN, layout="ddamfn", side=112, classes=tuple(range(7)), golden=False
    ),
    "rmn": Case(
        oracle=RMN, layout="rmn", image="cv2 grey", moments=PLAIN, tolerance=1e-4, golden=False
    ),
    "hse_enet_b0_8_afew": Case(oracle=HSE, layout="hse b0", tolerance=1e-4),
    "hse_enet_b0_8_vgaf": Case(oracle=HSE, layout="hse b0", tolerance=1e-4),
    "hse_enet_b0_8_va_mtl": Case(
        oracle="", layout="hse b0 multi-task", tolerance=1e-4, golden=False
    ),
    "hse_enet_b0_7": Case(oracle=HSE, layout="hse b0", classes=tuple(NO_CONTEMPT), tolerance=1e-4),
    "hse_enet_b2_7": Case(oracle="", layout="hse b2", side=260, tolerance=1e-4, golden=False),
    "hse_enet_b2_8": Case(oracle="", layout="hse b2", side=260, tolerance=1e-4, golden=False),
    "hse_mbf_va_mtl": Case(
        oracle=MBF, layout="hse mbf", side=112, moments=HALF, golden=False, rounding=0.03
    ),
    "hse_mobilevit_va_mtl": Case(oracle=MOBILEVIT, layout="hse mobilevit", tolerance=1e-4),
    "opencv_zoo_fer": Case(
        oracle="", layout="zoo", side=112, image="cv2", moments=HALF, golden=False
    ),
    "pyfeat_v27": Case(oracle=PYFEAT, layout="pyfeat"),
    "pyfeat_v28": Case(oracle=PYFEAT, layout="pyfeat"),
}


def spec_of(name: str) -> Recognizer:
    return build(composed({"model": name})["model"], where="model")


def freed(spec: Recognizer) -> Recognizer:
    """The model of a file that nobody published a digest of, so that a procedural one will do."""
    return dataclasses.replace(
        spec, weights=dataclasses.replace(spec.weights, sha256=UNKNOWN, size_bytes=None)
    )


def is_in_a_wheel(spec: Recognizer) -> bool:
    """Whether tests have a model's real weights, so that no procedural file is needed."""
    return isinstance(spec.weights.source, WheelFile)


# Checkpoints as published
# -------------------------------------------------------------------------------------------


class RecorderMeter:
    """Learning curves, as POSTER V2's training script keeps them."""

    def __init__(self):
        self.epoch_losses = np.zeros((2, 2), np.float32)


class RecorderMeter1:
    def __init__(self):
        self.y_true = np.arange(3)


def _state(case: Case) -> dict[str, torch.Tensor]:
    about = manifest(case.oracle)
    state = fill(about)
    if case.classes is not None:
        rows = list(case.classes)
        for name, value in state.items():
            if name.startswith(HEADS[case.layout]) and value.dim():
                state[name] = value[rows]
    return state


def _save(case: Case, spec: Recognizer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if case.layout == "hse b2":
        torch.manual_seed(4)
        model = timm.create_model("tf_efficientnet_b2", pretrained=False)
        model.classifier = torch.nn.Sequential(torch.nn.Linear(1408, len(spec.labels)))
        _stir(model)
        torch.save(model, path)
    elif case.layout == "hse b0":
        model = timm.create_model("tf_efficientnet_b0", pretrained=False)
        model.classifier = torch.nn.Sequential(torch.nn.Linear(1280, len(spec.labels)))
        model.load_state_dict(_state(case), strict=True)
        torch.save(model, path)
    elif case.layout in WHOLE:
        model = WHOLE[case.layout](len(spec.channels))
        model.load_state_dict(_state(case), strict=True)
        torch.save(model, path)
    elif case.layout == "zoo":
        write_onnx(zoo_network(), path)
    elif case.layout == "hse b0 multi-task":
        torch.save(multitask_net(), path)
    elif case.layout == "rmn":
        curves = {"best_val_acc": np.float64(72.0), "train_acc_list": [1.0, 2.0], "test_acc": 74.1}
        torch.save({**curves, "net": _state(case)}, path)
    elif case.layout == "ddamfn":
        adam = {
            "state": {0: {"step": 1, "exp_avg": torch.zeros(2)}},
            "param_groups": [{"lr": 5e-4}],
        }
        torch.save(
            {"iter": 25, "model_state_dict": _state(case), "optimizer_state_dict": adam}, path
        )
    elif case.layout == "pyfeat":
        config = manifest(case.oracle)["config"]
        save_file(_state(case), path, metadata={"config": json.dumps(config)})
    elif case.layout == "apvit":
        torch.save({"state_dict": _state(case)}, path)
    else:
        net = spec.empty_net().state_dict()
        computed = {name: net[name] for name in entries(manifest(case.oracle)) if name in net}
        state = {f"module.{name}": value for name, value in {**computed, **_state(case)}.items()}
        saved = {
            "epoch": 3,
            "state_dict": state,
            "best_acc": torch.tensor(67.5),
            "optimizer": {"state": {}},
        }
        torch.save(saved | {"recorder1": RecorderMeter1(), "recorder": RecorderMeter()}, path)


def _stir(model: torch.nn.Module) -> None:
    """Other statistics than those of a new network, so that a lost one shows."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)


@pytest.fixture(autouse=True)
def script(monkeypatch):
    """POSTER's training script was ``__main__`` when it saved its objects, and EmotiEffLib's
    MobileFaceNet has a module of its own.
    """
    for kind in (RecorderMeter, RecorderMeter1):
        monkeypatch.setattr(kind, "__module__", "__main__")
        monkeypatch.setattr(sys.modules["__main__"], kind.__name__, kind, raising=False)
    name_as_published(monkeypatch)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A function from a case to its procedural file, made once for all cases with the same one."""
    folder = tmp_path_factory.mktemp("saved")
    files: dict[tuple, Path] = {}

    def get(case: Case, spec: Recognizer) -> Path:
        content = case.oracle, case.layout, case.classes, len(spec.labels)
        if content not in files:
            files[content] = folder / str(len(files))
            _save(case, spec, files[content])
        return files[content]

    yield get
    shutil.rmtree(folder)  # gigabytes


@pytest.fixture
def made(request, saved, tmp_path):
    """The model of a yaml with a procedural file in its place."""
    name = request.param
    spec = freed(spec_of(name))
    case = CASES[name]
    path = tmp_path / spec.weights.file
    path.parent.mkdir()
    shutil.copyfile(saved(case, spec), path)
    yield name, spec, case, tmp_path
    path.unlink(missing_ok=True)  # half a gigabyte


# The original's input handling
# --------------------------------------------------------------------------------------


def prepared(case: Case, rgb: np.ndarray) -> torch.Tensor:
    """A crop u8 (H, W, 3) as the original program hands it to the network, with other libraries
    than ours.
    """
    side = (case.side, case.side)
    if case.image == "pil":
        levels = np.asarray(Image.fromarray(rgb).resize(side, Image.Resampling.BILINEAR))
    elif case.image == "cv2":
        levels = cv2.resize(rgb[..., ::-1], side)[..., ::-1]
    else:
        grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), side)
        levels = np.repeat(grey[..., None], 3, axis=2)
    mean, std = case.moments
    return (
        torch.from_numpy((levels.astype(np.float32) / 255 - mean) / std)
        .permute(2, 0, 1)[None]
        .float()
        .contiguous()
    )


def crops_of(*rgb: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2).contiguous()


def original(spec: Recognizer, case: Case, models: Path) -> torch.nn.Module:
    """The network with the file's weights, without our reader: timm's own where it is."""
    path = models / spec.weights.file
    if case.layout.startswith("hse"):
        return torch.load(path, weights_only=False).eval()
    if case.layout == "zoo":
        return ByOnnxruntime(path)
    saved = (
        {"state_dict": load_file(path)}
        if case.layout == "pyfeat"
        else torch.load(path, weights_only=False)
    )
    state = saved[{"rmn": "net", "ddamfn": "model_state_dict"}.get(case.layout, "state_dict")]
    net = spec.empty_net()
    unused = getattr(type(net), "UNUSED", frozenset())
    state = {name.removeprefix("module."): value for name, value in state.items()}
    net.load_state_dict(
        {name: value for name, value in state.items() if name not in unused}, strict=True
    )
    return net.eval()


def test_every_model_has_its_case():
    ours = {name for name in choices_of("model") if not name.endswith("_thesis")}
    with_real_weights = {name for name in ours if is_in_a_wheel(spec_of(name))}
    assert "mini_xception" in with_real_weights
    assert set(CASES) <= ours
    assert ours - set(CASES) <= with_real_weights


def test_a_file_is_described_alike_wherever_it_is_named():
    described: dict[str, dict] = {}
    for files in catalogue().values():
        for item in files:
            assert described.setdefault(item.file, dataclasses.asdict(item)) == dataclasses.asdict(
                item
            ), item.file


@pytest.mark.slow
@pytest.mark.parametrize("made", CASES, indirect=True)
def test_from_the_published_layout_to_logits(made, monkeypatch):
    name, spec, case, models = made
    monkeypatch.setattr(kept_graphs, "folder", lambda: models / "graphs")  # half a gigabyte
    try:
        logits = [_logits_by(engine, name, spec, case, models) for engine in _engines(name)]
    finally:
        shutil.rmtree(models / "graphs", ignore_errors=True)
    if len(logits) == 1:
        return
    difference = float((logits[0] - logits[1]).abs().max())
    report_difference(f"model/{name} (onnxruntime against torch)", difference)
    assert difference <= case.tolerance


def _engines(name: str) -> tuple[str, ...]:
    """Both for the first model of a network; translating it takes long, and others are the same."""
    same = [each for each, case in CASES.items() if case.layout == CASES[name].layout]
    return ENGINES if name == same[0] else ("torch",)


def _logits_by(engine, name, spec, case, models) -> torch.Tensor:
    """Logits of three faces, after all checks."""
    classify = dataclasses.replace(spec, engine=engine).load(CPU, models)
    faces = crops_of(*images("face", 224))
    ours = classify(faces)
    if engine == "onnxruntime":
        alone = torch.cat([classify(face[None]) for face in faces])
        with ThreadPoolExecutor(2) as lanes:
            in_lanes = torch.cat(list(lanes.map(classify, [faces[:1], faces[1:]])))
        assert torch.equal(alone, ours)
        assert torch.equal(in_lanes, ours)
    if case.golden:
        expected = golden(case.oracle)["face_out"]
        expected = expected[:, list(case.classes)] if case.classes else expected
        difference = float(np.abs(ours.numpy() - expected).max())
        report_difference(f"model/{name} (crop to logits, {engine})", difference)
        assert difference <= case.tolerance
    _check_colours(classify, spec, case, models)
    return ours


def _check_colours(classify, spec, case, models) -> None:
    with np.load(shared_path("oracles/common/faces.npz")) as arrays:
        crop = arrays["crop_rgb_2"]
    with torch.inference_mode():
        net = original(spec, case, models)
        expected, flipped = (
            net(prepared(case, image)).numpy() for image in (crop, crop[..., ::-1].copy())
        )
    ours = classify(crops_of(crop)).numpy()
    scale = float(np.abs(flipped - expected).max())
    difference = float(np.abs(ours - expected).max())
    assert difference <= case.rounding * scale, (
        "libraries round grey levels differently; exchanged colours are the scale"
    )


# Files that are not what they should be
# -----------------------------------------------------------------------------


CONFIG = {"config": json.dumps(manifest(PYFEAT)["config"])}


def as_web_page(path: Path, case: Case) -> None:
    path.write_bytes(b"\n<!DOCTYPE html><html><title>Quota exceeded</title></html>")


def as_half(path: Path, case: Case) -> None:
    if case.layout == "pyfeat":
        save_file({"weight": torch.zeros(1000)}, path, metadata=CONFIG)
        os.truncate(path, 2000)
        return
    torch.save({"state_dict": {"weight": torch.zeros(1000)}}, path)
    os.truncate(path, 2000)


def as_another_network(path: Path, case: Case) -> None:
    if case.layout == "zoo":
        write_onnx(zoo_network(num_classes=3), path)
        return
    other = torch.nn.Linear(3, 3)
    if case.layout == "pyfeat":
        save_file(other.state_dict(), path, metadata=CONFIG)
        return
    state = {f"module.{name}": value for name, value in other.state_dict().items()}
    torch.save(
        other
        if case.layout.startswith("hse")
        else dict.fromkeys(("state_dict", "net", "model_state_dict"), state),
        path,
    )


def as_bare_state(path: Path, case: Case) -> None:
    if case.layout == "pyfeat":
        save_file({"weight": torch.zeros(3)}, path)
        return
    torch.save({"weight": torch.zeros(3)}, path)


def as_program(path: Path, case: Case) -> None:
    write(path, call(named("os", "system"), TOUCH))


NO_ONNX = r"no whole ONNX file|holds no network"
BAD = {
    as_web_page: rf"web page|no zip archive|not written by torch.save|{NO_ONNX}",
    as_half: r"its end is missing|failed finding central directory|no zip archive|incomplete|"
    rf"{NO_ONNX}",
    as_another_network: r"does not fit \w+: \d+ missing: .*; 2 unexpected: \w+, \w+\.|"
    r"is not OpenCV zoo's expression network: .* gives \(1, 3\)",
    as_bare_state: r"expected a dictionary with a network's|expected a model that was saved whole|"
    r"expected py-feat's configuration in its metadata \('config', JSON\), got none|"
    rf"{NO_ONNX}",
    as_program: rf"(os|posix)\.system.* can run programs|no whole safetensors file|{NO_ONNX}",
}


@pytest.mark.parametrize("make", BAD)
@pytest.mark.parametrize("name", CASES)
def test_a_file_of_another_kind_is_refused_by_name(name, make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = freed(spec_of(name))
    path = tmp_path / spec.weights.file
    path.parent.mkdir()
    make(path, CASES[name])
    with pytest.raises(WeightsError, match=BAD[make]) as refusal:
        spec.load(CPU, tmp_path)
    assert path.name in str(refusal.value)
    assert not (tmp_path / "CANARY").exists()
    left = {p.name for p in tmp_path.rglob("*") if p.is_file()} - {path.name, LOCK, ".fetch.lock"}
    assert left == set()
    if path.suffix in (".pt", ".pth") and make in (as_web_page, as_half):
        assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("made", ["hse_enet_b0_8_afew", "apvit_rafdb"], indirect=True)
def test_tensors_too_many_too_few_and_of_another_shape(made):
    _, spec, _, models = made
    path = models / spec.weights.file
    whole = torch.load(path, weights_only=False)
    if isinstance(whole, torch.nn.Module):
        del whole.conv_head
        whole.extra = torch.nn.Linear(2, 2, bias=False)
        whole.classifier[0] = torch.nn.Linear(9, 8)
        told = (
            r"1 missing: conv_head\.weight; 1 unexpected: extra\.weight; "
            r"1 of another shape: classifier\.0\.weight"
        )
    else:
        state = whole["state_dict"]
        state["extra"] = torch.zeros(1)
        first, second, *_ = [name for name in state if name.endswith(".weight")]
        del state[first]
        state[second] = torch.zeros(1, 2, 3)
        told = (
            rf"1 missing: {first}; 1 unexpected: extra; "
            rf"1 of another shape: {second} \(1, 2, 3\) instead of"
        )
    torch.save(whole, path)
    with pytest.raises(WeightsError, match=told):
        spec.load(CPU, models)


def _locked(folder: Path) -> dict[str, str]:
    return {file: line.sha256 for file, line in weights_lock.read(folder).items()}


@pytest.mark.parametrize("made", ["hse_enet_b0_8_afew"], indirect=True)
def test_only_a_file_that_its_network_could_be_loaded_with_is_kept_to(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, spec, case, source = made
    item = spec_of("hse_enet_b0_8_afew").weights
    here = tmp_path / "models"
    path, good = here / item.file, source / item.file
    path.parent.mkdir(parents=True)
    for bad in (as_program, as_another_network):
        bad(path, case)
        with pytest.raises(
            WeightsError, match=r"Delete the file and run ferbench\.fetch_weights\('hse/"
        ):
            load(spec, CPU, here)
        with pytest.raises(WeightsError):
            confirm(item, here)
        found = import_files([item], path.parent, tmp_path / "third", confirm=confirm)
        assert found.copied == ()
        assert found.missing == (item,)
        assert _locked(here) == _locked(tmp_path / "third") == {}
        assert not (tmp_path / "third" / item.file).parent.exists()
    assert [
        where for _, where in import_files([item], good.parent, here, confirm=confirm).copied
    ] == [good.name]
    assert _locked(here) == {item.file: sha256_of(good)}
    load(spec, CPU, here)
    as_another_network(path, case)
    with pytest.raises(
        WeightsError, match=rf"weights\.lock keeps .* delete the line of {item.file} there first"
    ):
        load(spec, CPU, here)
    named = import_files([item], path.parent, here, confirm=confirm).differing
    assert len(named) == 1
    assert f"has the name of {item.file}, but its sha256 is {sha256_of(path)}" in named[0]
    assert not (tmp_path / "CANARY").exists()


@pytest.mark.weights
@pytest.mark.parametrize("name", ["poster_v2_an7", "hse_enet_b0_8_afew"])
def test_a_pickle_that_is_a_program_does_not_run_in_predict(
    name, ferbench, models, clip, tmp_path, monkeypatch
):
    shared_path("weights")
    here = tmp_path / "weights"
    shutil.copytree(models / "retinaface", here / "retinaface")
    path = here / spec_of(name).weights.file
    path.parent.mkdir()
    as_program(path, CASES[name])
    monkeypatch.setenv("FERBENCH_MODELS", str(here))
    monkeypatch.chdir(tmp_path)
    ended = ferbench("predict", clip, "--model", name, "--out", tmp_path / "out")
    assert ended.code == 1
    assert ended.err.startswith(f"WeightsError: {path} ")
    assert ended.err.count("\n") == 1, "one message, not one per video"
    assert "system" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "CANARY").exists()
    assert not list(tmp_path.glob("out/*"))
    assert not (here / LOCK).exists(), "the right file would be refused"
    torch.load(path, weights_only=False)  # a loader without care runs it
    assert (tmp_path / "CANARY").exists()
