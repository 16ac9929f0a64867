"""What a sweep's overrides and launcher mean before any cell starts."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict, read_write

from ferbench.config.groups import choices_of


def split_overrides(
    overrides: list[str], params: dict[str, Any]
) -> tuple[list[Override], list[str]]:
    """Overrides that are swept, and the keys of those that all cells share.

    Args:
        overrides: of the command line.
        params: ``hydra.sweeper.params``, which are swept as well.
    """
    lines = [*overrides, *(f"{name}={values}" for name, values in params.items())]
    parsed = list(_parsed(lines))
    swept = [override for override in parsed if override.is_sweep_override()]
    shared = [override for override in parsed if not override.is_sweep_override()]
    return swept, [override.get_key_element() for override in shared]


def _parsed(lines: list[str]) -> Iterator[Override]:
    """Overrides that can be read; of the others Hydra itself says why they cannot."""
    parser = OverridesParser.create()
    for line in lines:
        try:
            yield parser.parse_override(line)
        except HydraException:
            continue


def number_of_values(override: Override) -> int:
    """Values of a swept override; 1 where they cannot be counted (an interval)."""
    if not override.is_discrete_sweep():
        return 1
    if override.value_type == ValueType.GLOB_CHOICE_SWEEP:  # at most these
        return len(choices_of(override.key_or_group)) or 1
    return sum(1 for _ in override.sweep_string_iterator())


def share_processors(config: DictConfig, swept: list[Override]) -> None:
    """Keep submitit's local launcher within this machine's processors: it starts all cells at once.

    As many cells as there are processors run at a time (``hydra.sweeper.max_batch_size``, unless it
    is set), each with its share of threads (``OMP_NUM_THREADS``, unless it is set). joblib does
    both by itself.
    """
    launcher = str(config.hydra.launcher.get("_target_", ""))
    if not launcher.endswith(".LocalLauncher"):
        return
    processors = os.cpu_count() or 1
    sweeper = config.hydra.sweeper
    if "max_batch_size" in sweeper and sweeper.max_batch_size is None:
        with read_write(config), open_dict(config):
            sweeper.max_batch_size = processors
    cells = math.prod(number_of_values(override) for override in swept)
    if sweeper.get("file"):  # lists cells, how many is not known yet
        cells *= processors
    at_once = max(1, min(cells, sweeper.get("max_batch_size") or cells))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, processors // at_once)))
