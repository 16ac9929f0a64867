"""``hydra/launcher=planned``: what cells share is made once, then they run one after the other.

Hydra runs this file whenever it starts, so what takes time is imported in ``launch``; and before
the module has its place among the others, so that dataclasses cannot have annotations as text.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, configure_log, filter_overrides, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

log = logging.getLogger(__name__)


@dataclass
class PlannedLauncherConf:
    """What ``hydra.launcher`` may have.

    Attributes:
        engine: who makes what cells share: ``local`` (this machine) or ``ray``.
        address: of a Ray cluster: ``auto`` or ``host:port``; None = one of this machine.
        num_cpus: cores of a pass over a video on Ray.
        num_gpus: GPUs of a pass on Ray; 0.5 lets two share one.
        max_retries: how often a pass on Ray begins again when its process or machine dies.
    """

    _target_: str = "hydra_plugins.ferbench_planned.launcher.PlannedLauncher"
    engine: str = "local"
    address: str | None = None
    num_cpus: int = 1
    num_gpus: float = 0.0
    max_retries: int = 3


ConfigStore.instance().store(
    group="hydra/launcher", name="planned", node=PlannedLauncherConf, provider="ferbench_planned"
)


class PlannedLauncher(Launcher):
    """Composes all cells, has made what they miss in shared passes, and runs them."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.config: DictConfig | None = None
        self.task_function: TaskFunction | None = None
        self.hydra_context: HydraContext | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """See ``Launcher``."""
        self.config = config
        self.hydra_context = hydra_context
        self.task_function = task_function

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the cells in this process; see ``Launcher``.

        Args:
            job_overrides: of each cell.
            initial_job_idx: number of the first one.
        """
        from ferbench.app.hydra.planned import make_shared_tables

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.task_function is not None
        setup_globals()
        logging_of_sweep = (self.config.hydra.hydra_logging, self.config.hydra.verbose)
        configure_log(*logging_of_sweep)
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        cells = [
            self._composed(overrides, number)
            for number, overrides in enumerate(job_overrides, start=initial_job_idx)
        ]
        make_shared_tables(cells, self.settings)
        log.info("Launching %d jobs locally", len(cells))
        results = []
        for overrides, cell in zip(job_overrides, cells, strict=True):
            log.info("\t#%d : %s", cell.hydra.job.num, " ".join(filter_overrides(overrides)))
            result = run_job(
                hydra_context=self.hydra_context,
                task_function=self.task_function,
                config=cell,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
            results.append(result)
            configure_log(*logging_of_sweep)
        return results

    def _composed(self, overrides: Sequence[str], number: int) -> DictConfig:
        """The configuration of a cell, as Hydra's own launcher composes it."""
        assert self.config is not None
        assert self.hydra_context is not None
        loader = self.hydra_context.config_loader
        cell = loader.load_sweep_config(self.config, list(overrides))
        with open_dict(cell):
            cell.hydra.job.id = number
            cell.hydra.job.num = number
        return cell
