"""Ids of runs and experiments that a store has not given yet.

They are told from a store's own, stand in texts and pages until these are delivered, and are found
there by what only they begin with.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

_RUN: Final = "away-"
_EXPERIMENT: Final = "away-experiment-"
_LENGTH: Final = 32
"""Of MLflow's ids too, so that nothing that shows one gets wider."""
_DIGITS: Final = _LENGTH - len(_RUN)
_IN_TEXTS: Final = re.compile(rf"{_EXPERIMENT}(?:[0-9a-f]{{2}})+|{_RUN}[0-9a-f]{{{_DIGITS}}}")


def new_run_id() -> str:
    """An id that no run has."""
    return f"{_RUN}{uuid.uuid4().hex[:_DIGITS]}"


def experiment_id(name: str) -> str:
    """The provisional id of an experiment, the same in every process.

    >>> experiment_id("demo"), experiment_name(experiment_id("Übung"))
    ('away-experiment-64656d6f', 'Übung')
    """
    return f"{_EXPERIMENT}{name.encode().hex()}"


def experiment_name(identifier: str) -> str:
    """The name that a provisional id of an experiment stands for."""
    return bytes.fromhex(identifier.removeprefix(_EXPERIMENT)).decode()


def is_provisional(identifier: str) -> bool:
    """Whether an id of a run or an experiment is none of a store's own."""
    return identifier.startswith(_RUN)


def is_of_experiment(identifier: str) -> bool:
    """Whether a provisional id is that of an experiment."""
    return identifier.startswith(_EXPERIMENT)


def replaced(text: str, by: Callable[[str], str]) -> str:
    """A text with something else in place of each provisional id.

    >>> replaced("#/experiments/away-experiment-64656d6f/runs", lambda found: "3")
    '#/experiments/3/runs'
    """
    return _IN_TEXTS.sub(lambda found: by(found[0]), text)
