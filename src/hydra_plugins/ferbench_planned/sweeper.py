"""``hydra/sweeper=planned``: every combination, or the cells that a file lists.

Settings of the command line are those of all cells; those with several values make a product, with
the cells of the file where there is one. Hydra runs this file whenever it starts (see
``launcher``).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.types import Override


@dataclass
class PlannedSweeperConf:
    """What ``hydra.sweeper`` may have.

    Attributes:
        file: a CSV, a workbook or a yaml with the settings of each cell; None = there is none.
        max_batch_size: cells that a launcher gets at once; None = all.
        params: settings with several values, as those of the command line.
    """

    _target_: str = "hydra_plugins.ferbench_planned.sweeper.PlannedSweeper"
    file: str | None = None
    max_batch_size: int | None = None
    params: dict[str, str] | None = field(default_factory=dict)


ConfigStore.instance().store(
    group="hydra/sweeper", name="planned", node=PlannedSweeperConf, provider="ferbench_planned"
)


class PlannedSweeper(BasicSweeper):
    """Hydra's own sweeper, which may have a list of cells besides."""

    def __init__(
        self, file: str | None, max_batch_size: int | None, params: dict[str, str] | None = None
    ) -> None:
        super().__init__(max_batch_size=max_batch_size, params=params)
        self.file = file
        self.rows: list[list[str]] = [[]]

    def sweep(self, arguments: list[str]) -> Any:
        """Read the file and launch the cells; see ``BasicSweeper``.

        Raises:
            FerbenchError: the file cannot be read, or says what the command line says, too.
        """
        if self.file is not None:
            from ferbench.config.cells import cells_of

            shared = [*self._parse_config(), *arguments]
            self.rows = cells_of(Path(self.file).expanduser(), shared=shared)
        return super().sweep(arguments)

    def split_arguments(  # type: ignore[override]  # Hydra's is static, and called of an object
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """Batches of cells, each with its overrides."""
        [products] = BasicSweeper.split_arguments(overrides, None)
        cells = [[*product, *row] for row in self.rows for product in products]
        return list(self.split_overrides_to_chunks(cells, max_batch_size))
