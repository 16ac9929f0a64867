"""How a run or a cell of a sweep ended, as a file in its folder."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from ferbench import atomic
from ferbench.json_texts import read_json
from ferbench.report.run_text import failure_line
from ferbench.secret_texts import masked_values
from ferbench.workflows.evaluation import Evaluation

log = logging.getLogger("ferbench")

RESULT_FILE: Final = "result.json"
ARTIFACTS: Final = "artifacts"
"""Folder of a run's tables and pictures, beside ``RESULT_FILE``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        name: readable name of the run.
        run_id: of its record; "" = there is none.
        error: why the whole run failed; "" = it did not.
        failed_sessions: a line for each session that failed.
        metrics: every number by the name that it is logged under.
        params: the semantic choices.
        tags: what identifies code, data, weights and device.
        notices: what the data set left out.
        digest: of a cell, all that its results are a function of; "" = that is not known.
    """

    name: str
    run_id: str
    error: str = ""
    failed_sessions: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    digest: str = ""

    @classmethod
    def of(cls, evaluation: Evaluation, *, name: str, run_id: str, digest: str = "") -> Outcome:
        """The outcome of a run that came to its end."""
        report = evaluation.report
        return cls(
            name=name,
            run_id=run_id,
            failed_sessions=tuple(failure_line(failure) for failure in report.failures),
            metrics=evaluation.metrics,
            params=evaluation.params,
            tags=evaluation.tags,
            notices=report.notices,
            digest=digest,
        )

    @property
    def ok(self) -> bool:
        """Whether everything worked."""
        return not self.error and not self.failed_sessions

    def write(self, folder: Path) -> None:
        """Leave it in the run's folder, where a sweep collects it."""
        atomic.write_text(folder / RESULT_FILE, json.dumps(masked_values(asdict(self)), indent=1))


def read_outcome(folder: Path) -> Outcome | None:
    """The outcome in a run's folder; None = the run left none, or none that can be read."""
    path = folder / RESULT_FILE
    if not path.is_file():
        return None
    try:
        fields = read_json(path)
        for name in ("failed_sessions", "notices"):
            fields[name] = tuple(fields[name])
        return Outcome(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s does not tell how its run ended (%s); it is left out", path, error)
        return None


def outcome_of(folder: Path, digest: str) -> Outcome | None:
    """The outcome in a cell's folder, where everything worked and the digest is the cell's.

    None = there is no such outcome.
    """
    outcome = read_outcome(folder)
    if outcome is None or not outcome.ok or not digest or outcome.digest != digest:
        return None
    return outcome


def clear_cell(folder: Path) -> None:
    """Take away what an earlier process left of a run; Hydra's files and the log stay."""
    (folder / RESULT_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / ARTIFACTS, ignore_errors=True)
