"""The names that ``import ferbench`` offers."""

from __future__ import annotations

import inspect
import subprocess
import sys

import ferbench

HEAVY = ("numpy", "torch", "hydra", "mlflow", "pandas", "cv2", "av", "matplotlib")


def test_every_name_is_there_and_is_explained():
    for name in ferbench.__all__:
        value = getattr(ferbench, name)
        assert isinstance(value, str) or inspect.getdoc(value), name
    assert set(ferbench.__all__) <= set(dir(ferbench))


def test_importing_it_loads_nothing_heavy():
    code = f"import ferbench, sys; print([name for name in {HEAVY} if name in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
