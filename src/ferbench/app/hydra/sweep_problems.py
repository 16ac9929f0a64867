"""What goes wrong when a sweep is closed: it is told and counted, and ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ferbench.app import console
from ferbench.app.hydra import status
from ferbench.app.words import RunWords, reason_in
from ferbench.errors import FerbenchError

if TYPE_CHECKING:
    from ferbench.report.comparison import Comparison
    from ferbench.workflows.sweep_results import SweepResults

Made = TypeVar("Made")


def noted(
    what: str, make: Callable[[Comparison], Made | None], comparison: Comparison
) -> Made | None:
    """What is made of a comparison; where it cannot be, why is told as a note."""
    try:
        return make(comparison)
    except (FerbenchError, OSError) as error:
        text = reason_in(RunWords(), error)
        console.error_console().print(f"note: {what}: {text}", markup=False)
        return None


def tell_problems(results: SweepResults) -> None:
    """What went wrong in the cells, and what the data set left out."""
    for notice in results.notices:
        console.error_console().print(f"note: {notice}", markup=False)
    for problem in results.problems:
        status.failed(problem)
        console.error_console().print(
            f"failed: {status.full_once(problem)}", markup=False, style="red"
        )


@contextmanager
def told_errors(prefix: str = "") -> Iterator[None]:
    """Errors raised inside are told and counted, and end nothing."""
    try:
        yield
    except (FerbenchError, OSError) as error:
        kind = ""
        if not prefix:
            kind = f"{type(error).__name__}: "
        text = reason_in(RunWords(), error)
        status.failed(f"{prefix}{text}")
        console.error_console().print(f"{prefix}{kind}{text}", markup=False, style="red")
