"""From Hydra's view of a job to ferbench's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.app.hydra import status
from ferbench.app.hydra.job import Cell, Job, run_job
from ferbench.app.hydra.sweep_name import SHOWN_LETTERS
from ferbench.app.words import RunWords
from ferbench.config.messages import missing_value
from ferbench.config.secret_values import yaml_without_secrets
from ferbench.errors import FerbenchError, TrackingError
from ferbench.secret_texts import masked
from ferbench.workflows.evaluate import run_name
from ferbench.workflows.run_outcome import Outcome, read_outcome
from ferbench.workflows.sweep_note import SWEEP_FILE, SweepNote, read_sweep_note

log = logging.getLogger("ferbench")


def run_hydra_job(config: DictConfig) -> None:
    """Run one job. Failures are remembered for the exit code; in a sweep the other cells go on."""
    try:
        job = job_of(config)
    except FerbenchError as error:
        _refuse(error)
        return
    if not run_job(job).ok:
        status.failed(job.name)


def _refuse(error: FerbenchError) -> None:
    """Leave an outcome that says why the job could not begin."""
    hydra = HydraConfig.get()
    text = error.told(RunWords())
    log.error("%s: %s", type(error).__name__, text)
    outcome = Outcome(name=" ".join(hydra.overrides.task), run_id="", error=text)
    status.failed(outcome.name)
    folder = Path(hydra.runtime.output_dir)
    before = read_outcome(folder)
    if before is None or not (before.ok and before.digest):  # what an earlier process finished
        outcome.write(folder)


def job_of(config: DictConfig) -> Job:
    """The job that Hydra is about to run.

    Raises:
        ConfigError: a value is missing.
        TrackingError: the sweep that it belongs to could not be prepared.
    """
    hydra = HydraConfig.get()
    choices = _choices(hydra)
    overrides = tuple(hydra.overrides.task)
    name, cell = run_name(choices), None
    if hydra.mode == RunMode.MULTIRUN:
        note = _sweep_note(Path(hydra.sweep.dir))
        launcher = str(hydra.launcher.get("_target_", ""))
        cell = Cell(
            context=note.context,
            folder=Path(hydra.sweep.dir),
            of=note.name,
            number=hydra.job.num,
            side_by_side=not launcher.endswith(("BasicLauncher", "PlannedLauncher")),
        )
        differing = [line for line in overrides if line.partition("=")[0] not in note.shared]
        name = cell_name(differing, hydra.job.num)
    return Job(
        config=_plain(config),
        config_yaml=yaml_without_secrets(config),
        choices=choices,
        overrides=overrides,
        name=name,
        output=Path(hydra.runtime.output_dir),
        cell=cell,
    )


def _sweep_note(folder: Path) -> SweepNote:
    note = read_sweep_note(folder)
    if note is None:
        raise TrackingError(
            f"the sweep has no {folder / SWEEP_FILE}; keep hydra.callbacks.sweep in the "
            "configuration"
        )
    return note


def _choices(hydra: HydraConf) -> dict[str, str]:
    choices: Mapping[str, Any] = hydra.runtime.choices
    return {name: str(choice) for name, choice in choices.items() if not name.startswith("hydra")}


def _plain(config: DictConfig) -> dict[str, Any]:
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise missing_value(error) from None
    return {str(key): value for key, value in plain.items()}


def cell_name(differing: list[str], number: int) -> str:
    """A cell's name: what differs from other cells.

    A long one begins with the cell's number, so that its first letters tell it from others.

    >>> cell_name(["event=windowed", "event.enter=0.5"], 3)
    'windowed enter=0.5'
    >>> cell_name(["model=mini_xception", "detector=retinaface_mnet025", "event=windowed_whole"], 3)
    '#3 mini_xception retinaface_mnet025 windowed_whole'
    """
    name = " ".join(short(line) for line in differing)
    if not name:
        return f"cell {number}"
    return name if len(name) <= SHOWN_LETTERS else f"#{number} {name}"


def short(override: str) -> str:
    """An override for a run's name: a choice as it is, a value with the last part of its key.

    >>> short("event=hysteresis"), short("event.enter=0.5")
    ('hysteresis', 'enter=0.5')
    """
    key, _, value = masked(override).lstrip("+~").partition("=")
    last_of_path = value.replace("\\", "/").rstrip("/").rpartition("/")[2]
    if "." not in key:
        return last_of_path
    return f"{key.rpartition('.')[2]}={last_of_path}"
