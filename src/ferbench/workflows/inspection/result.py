"""What an inspection gives: numbers of each module, as tables and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.atomic import replacing
from ferbench.pages.document import write_page
from ferbench.report.files import write_csv
from ferbench.wording import plural
from ferbench.workflows.inspection.findings import Findings
from ferbench.workflows.inspection.sections import page_of
from ferbench.workflows.inspection.tables import Table, tables_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Inspection:
    """What each module of some runs gave.

    Attributes:
        findings: the numbers.
    """

    findings: Findings

    def __repr__(self) -> str:
        """``Inspection: 3 runs, 3 detectors, 3 classifiers, 10 events``."""
        events = sum(len(run.shapes) for run in self.findings.events)
        counted = (
            plural(self.findings.num_runs, "run"),
            plural(len(self.findings.detections), "detector"),
            plural(len(self.findings.classifications), "classifier"),
            plural(events, "event"),
        )
        return f"Inspection: {', '.join(counted)}"

    @property
    def tables(self) -> dict[str, Table]:
        """All tables by the names of their files."""
        return tables_of(self.findings)

    def to_frame(self, table: str = "detector") -> pd.DataFrame:
        """One of the tables.

        Args:
            table: its file's name, without ``.csv``.

        Raises:
            KeyError: there is no such table.
        """
        import pandas as pd

        header, rows = self.tables[table]
        return pd.DataFrame(rows, columns=list(header))

    def write(self, folder: Path) -> list[Path]:
        """Write the page and a CSV for each table; return the paths, the page first."""
        page = folder / "inspect.html"
        write_page(page_of(self.findings), page)
        paths = [page]
        for name, (header, rows) in self.tables.items():
            path = folder / f"{name}.csv"
            with replacing(path) as part:
                write_csv(part, header, rows)
            paths.append(path)
        return paths
