"""From Hydra's view of a job to ferbench's."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.app.hydra import status
from ferbench.app.hydra.job import Job, Outcome, SweepContext, run_job, write_outcome
from ferbench.config.messages import missing_value
from ferbench.errors import ConfigError, FerbenchError, TrackingError

SWEEP_FILE = "sweep.json"

log = logging.getLogger("ferbench")


def run_hydra_job(config: DictConfig) -> None:
    """Run one job. Failures are remembered for the exit code; in a sweep the other cells go on."""
    try:
        job = job_of(config)
    except FerbenchError as error:
        log.error("%s: %s", type(error).__name__, error)
        outcome = Outcome(
            name=" ".join(HydraConfig.get().overrides.task), run_id="", error=str(error)
        )
        write_outcome(outcome, Path(HydraConfig.get().runtime.output_dir))
        status.failed(outcome.name)
        return
    if not run_job(job).ok:
        status.failed(job.name)


def job_of(config: DictConfig) -> Job:
    """The job that Hydra is about to run.

    Raises:
        TrackingError: the sweep that it belongs to could not be prepared.
    """
    hydra = HydraConfig.get()
    choices = {
        name: str(choice)
        for name, choice in hydra.runtime.choices.items()
        if not name.startswith("hydra")
    }
    overrides = tuple(hydra.overrides.task)
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(missing_value(error)) from None
    sweep = None
    name = " ".join(
        choices.get(plug, "") for plug in ("dataset", "detector", "preprocessing", "model", "event")
    )
    if hydra.mode == RunMode.MULTIRUN:
        sweep, shared = read_sweep(Path(hydra.sweep.dir))
        own = [override for override in overrides if override.partition("=")[0] not in shared]
        name = " ".join(map(short, own)) or f"cell {hydra.job.num}"
    return Job(
        config={str(key): value for key, value in plain.items()},
        config_yaml=OmegaConf.to_yaml(config, resolve=True),
        choices=choices,
        overrides=overrides,
        name=name,
        output=Path(hydra.runtime.output_dir),
        sweep=sweep,
    )


def short(override: str) -> str:
    """An override for a run's name: a choice as it is, a value with the last part of its key.

    >>> short("event=hysteresis"), short("event.enter=0.5")
    ('hysteresis', 'enter=0.5')
    """
    key, _, value = override.lstrip("+~").partition("=")
    value = value.replace("\\", "/").rstrip("/").rpartition("/")[2]  # of a path its last part
    return f"{key.rpartition('.')[2]}={value}" if "." in key else value


def write_sweep(
    folder: Path, *, experiment_id: str, parent_run_id: str, shared: list[str], error: str = ""
) -> None:
    """Leave a note for the cells of a sweep in its folder; they may run in other processes."""
    about = {
        "experiment_id": experiment_id,
        "parent_run_id": parent_run_id,
        "shared": shared,
        "error": error,
    }
    (folder / SWEEP_FILE).write_text(json.dumps(about), encoding="utf-8")


def read_sweep(folder: Path) -> tuple[SweepContext, tuple[str, ...]]:
    """The sweep that a cell belongs to, and the keys of the overrides that all its cells share.

    Raises:
        TrackingError: it could not be prepared.
    """
    path = folder / SWEEP_FILE
    if not path.is_file():
        raise TrackingError(
            f"the sweep has no {path}; keep hydra.callbacks.sweep in the configuration"
        )
    about = json.loads(path.read_text(encoding="utf-8"))
    if about["error"]:
        raise TrackingError(about["error"])
    hydra = HydraConfig.get()
    context = SweepContext(
        folder=folder,
        experiment_id=about["experiment_id"],
        parent_run_id=about["parent_run_id"],
        number=hydra.job.num,
        side_by_side=not str(hydra.launcher.get("_target_", "")).endswith("BasicLauncher"),
    )
    return context, tuple(about["shared"])
