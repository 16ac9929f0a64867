"""The same command again: how a sweep is known by it, and what is told before it goes on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.types import Override, Quote, QuotedString
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ferbench.app import console
from ferbench.app.hydra.launch import number_of_values
from ferbench.atomic import remove_left_over
from ferbench.config.cells import cells_of
from ferbench.config.settings import OF_A_SWEEP
from ferbench.errors import FerbenchError, WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.weights.digests import sha256_of
from ferbench.workflows.cell_digest import CHANGES_NO_RESULT, decisive
from ferbench.workflows.sweep_claim import SweepClaim, finished_below
from ferbench.workflows.sweep_note import CLAIMS_FOLDER
from ferbench.workflows.tracked_sweep import TrackedSweep

_IN_THIS_PROCESS: Final = ("BasicLauncher", "PlannedLauncher")
"""Launchers whose cells end with the sweep's own process."""
_CHANGES_NO_RESULT: Final = (
    f"{OF_A_SWEEP}.",
    "hydra/launcher=",
    "hydra.launcher.",
    *(f"{section}.{name}=" for section, names in CHANGES_NO_RESULT.items() for name in names),
)


def command_of(config: DictConfig) -> str:
    """Digest of what a sweep was asked for, and of the configuration that this composes.

    "" = nobody may go on with it: it says ``sweep.resume=never``, its cells may outlive it, or its
    list of cells cannot be read.

    Args:
        config: the sweep's configuration, Hydra's node included.
    """
    launcher = str(config.hydra.launcher.get("_target_", ""))
    may_go_on = OmegaConf.select(config, f"{OF_A_SWEEP}.resume") == "auto"
    if not may_go_on or not launcher.endswith(_IN_THIS_PROCESS):
        return ""
    plain: Any = OmegaConf.to_container(config, resolve=False)
    overrides = plain.pop("hydra")["overrides"]
    lines = [*overrides["hydra"], *overrides["task"]]
    asked = [line for line in lines if not line.lstrip("+").startswith(_CHANGES_NO_RESULT)]
    listed = config.hydra.sweeper.get("file")
    try:
        spec = {
            "asked": asked,
            "config": repr([decisive(plain), plain.get("tracking")]),
            "cells": sha256_of(Path(listed).expanduser()) if listed else "",
        }
    except WeightsError:  # it cannot be read, of which Hydra's sweeper tells
        return ""
    return fingerprint(spec)


def go_to(config: DictConfig, folder: Path) -> None:
    """Let a sweep and its cells work in the folder of an earlier process, which was killed.

    What it had half written in the cache goes.
    """
    remove_left_over(Path(config.paths.cache))
    named = QuotedString(text=str(folder), quote=Quote.single).with_quotes()
    with read_write(config), open_dict(config):
        config.hydra.sweep.dir = str(folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={named}")


def finished_before(claim: SweepClaim, tracked: TrackedSweep | None) -> list[str]:
    """Names of the folders of cells that an earlier process finished."""
    if claim.before is None:
        return []
    if tracked is not None and not tracked.goes_on:  # somebody has deleted the records
        shutil.rmtree(claim.folder / CLAIMS_FOLDER, ignore_errors=True)  # logged tables with them
        return []
    return finished_below(claim.folder, tracked.cells if tracked else None)


def tell_what_goes_on(
    claim: SweepClaim, num_finished: int, swept: Sequence[Override], listed: str | None
) -> None:
    """One line for who started the command: which sweep goes on, and how to have a new one."""
    notice = claim.notice
    if claim.before is not None:
        of_all = f" of {cells}" if (cells := _number_of_cells(swept, listed)) else ""
        are = "is" if num_finished == 1 else "are"
        notice = (
            f"continues the sweep of {claim.before.time}: {num_finished}{of_all} cells {are} "
            f"finished\n({OF_A_SWEEP}.resume=never begins a new one)"
        )
    if notice:
        console.error_console().print(notice, markup=False, soft_wrap=True)


def _number_of_cells(swept: Sequence[Override], listed: str | None) -> int:
    """Cells that a sweep has; 0 = that cannot be said."""
    products = math.prod(number_of_values(override) for override in swept)
    if not listed:
        return products
    try:
        return products * len(cells_of(Path(listed).expanduser()))
    except FerbenchError:  # the sweeper tells
        return 0
