"""The names that ``import ferbench`` offers."""

from __future__ import annotations

import subprocess
import sys

import ferbench

HEAVY = (
    "numpy",
    "scipy",
    "torch",
    "hydra",
    "mlflow",
    "pandas",
    "cv2",
    "av",
    "onnxruntime",
    "matplotlib",
)


def test_every_name_is_there_and_is_explained():
    for name in ferbench.__all__:
        value = getattr(ferbench, name)
        written = isinstance(value, str) or (value.__doc__ or "").strip()
        assert written, name
        made_by_dataclass = f"{name}("
        assert isinstance(value, str) or not written.startswith(made_by_dataclass), name
    assert set(ferbench.__all__) <= set(dir(ferbench))


def test_importing_it_loads_nothing_heavy():
    code = f"import ferbench, sys; print([name for name in {HEAVY} if name in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
