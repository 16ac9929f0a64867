"""Weight files and how they stand in a models folder, as the verbs about weights tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ferbench.weights.published import PublishedFile
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

State = Literal["here", "missing", "wrong"]

Basis = Literal["published", "locked", "unproven"]
"""What the right file is known by: its published digest, the lock's, or nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """A file and how it stands in a models folder.

    Attributes:
        item: the file.
        state: whether it is here and, as far as was looked, the right one.
        basis: what the right file is known by; "unproven" = nobody knows its digest, and the first
            run that can load it writes it into the lock.
        sha256: its digest, where one is known.
        problem: what is wrong with it, and what to do; "" = nothing.
    """

    item: PublishedFile
    state: State
    basis: Basis
    sha256: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightChoice:
    """A detector or a model with its files.

    Attributes:
        name: ``group/choice``, or the name of a file that was asked for by itself.
        files: its files.
    """

    name: str
    files: tuple[WeightFile, ...]

    @property
    def is_restricted(self) -> bool:
        """Whether one of the files is for research only."""
        return is_restricted(file.item for file in self.files)

    @property
    def size_text(self) -> str:
        """The size of its files together."""
        return size_text(file.item for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WeightList:
    """Detectors and models with the state of their weights.

    Attributes:
        folder: the models folder.
        choices: the choices.
    """

    folder: Path
    choices: tuple[WeightChoice, ...]

    def __repr__(self) -> str:
        """How many are here."""
        complete = [
            choice for choice in self.choices if all(file.state == "here" for file in choice.files)
        ]
        return (
            f"WeightList: {len(complete)} of {len(self.choices)} detectors and models have their "
            f"files in {self.folder}"
        )

    def to_frame(self) -> pd.DataFrame:
        """A row per file of each choice."""
        return _frame(
            {"choice": choice.name, **_row(file)}
            for choice in self.choices
            for file in choice.files
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WeightReport:
    """Files that were fetched or verified.

    Attributes:
        folder: the models folder.
        files: the files, each with its state.
        problems: what went wrong.
    """

    folder: Path
    files: tuple[WeightFile, ...]
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """How many are here, and what went wrong."""
        here = [file for file in self.files if file.state == "here"]
        lines = [f"WeightReport: {plural(len(here), 'file')} in {self.folder}"]
        lines += [f"  problem: {problem}" for problem in self.problems]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """A row per file."""
        return _frame(_row(file) for file in self.files)


def is_restricted(items: Iterable[PublishedFile]) -> bool:
    """Whether one of the files is for research only."""
    return any(item.research_only for item in items)


def size_text(items: Iterable[PublishedFile]) -> str:
    """Their size together.

    >>> size_text(())
    '0.0 MB'
    """
    sizes = [item.size_bytes for item in items]
    total_mb = sum(size or 0 for size in sizes) / 1e6
    if None not in sizes:
        return f"{total_mb:.1f} MB"
    return f"over {total_mb:.1f} MB" if total_mb else "unknown"


def _row(file: WeightFile) -> dict[str, object]:
    return {
        "file": file.item.file,
        "state": file.state,
        "basis": file.basis,
        "sha256": file.sha256,
        "size_bytes": file.item.size_bytes,
        "research_only": file.item.research_only,
        "licence": file.item.licence,
        "source": str(file.item.source),
        "problem": file.problem,
    }


def _frame(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows))
