"""``hydra/sweeper=cells``: the cells of a sweep are listed in a file, ``hydra.sweeper.file``.

Settings of the command line are those of all cells; those with several values make a product with
the list. Hydra runs this file whenever it starts (see ``launcher``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.types import Override
from omegaconf import MISSING


@dataclass
class CellsSweeperConf:
    """What ``hydra.sweeper`` may have.

    Attributes:
        file: a CSV, a workbook or a yaml: settings of each cell.
        max_batch_size: cells that a launcher gets at once; None = all.
    """

    _target_: str = "hydra_plugins.ferbench_planned.cells.CellsSweeper"
    file: str = MISSING
    max_batch_size: int | None = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="cells", node=CellsSweeperConf, provider="ferbench_planned"
)


class CellsSweeper(BasicSweeper):
    """Hydra's own sweeper, with the cells of a file in place of a single one."""

    def __init__(self, file: str, max_batch_size: int | None = None) -> None:
        super().__init__(max_batch_size=max_batch_size)
        self.file = Path(file).expanduser()
        self.rows: list[list[str]] = []

    def sweep(self, arguments: list[str]) -> Any:
        """Read the file and launch its cells; see ``BasicSweeper``.

        Raises:
            FerbenchError: the file cannot be read, or says what the command line says, too.
        """
        from ferbench.config.cells import cells_of

        self.rows = cells_of(self.file, shared=arguments)
        return super().sweep(arguments)

    def split_arguments(  # type: ignore[override]  # Hydra's is static, and called of an object
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """Batches of cells, each with its overrides."""
        [products] = BasicSweeper.split_arguments(overrides, None)
        cells = [[*product, *row] for row in self.rows for product in products]
        batches: Iterable[list[list[str]]] = self.split_overrides_to_chunks(cells, max_batch_size)
        return list(batches)
