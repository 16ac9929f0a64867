"""The reference data beside the checkout, and where the checkout's own files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CHECKOUT = TESTS.parent
DATA = TESTS / "data"
SHARED = Path(os.environ.get("FERBENCH_SHARED", CHECKOUT.parent / "shared"))
REQUIRED = os.environ.get("FERBENCH_REQUIRE_ORACLES") == "1"

measured: list[tuple[str, float]] = []
"""Differences that the running test has reported; conftest.py collects them."""


def shared_path(relative: str) -> Path:
    """A file or folder of the reference data; skips the test where it is absent (fails where it is
    required).
    """
    path = SHARED / relative
    if not path.exists():
        message = f"reference data {relative} not found (FERBENCH_SHARED names its folder)"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return path


def report_difference(name: str, value: float) -> None:
    """Have the log of the tests name a component with its largest difference from the original's
    output.
    """
    measured.append((name, float(value)))
