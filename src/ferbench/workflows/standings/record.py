"""What of a leaderboard goes into a tracking store: metrics ``leaderboard/...``, and its files."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from ferbench.places import default_root
from ferbench.report.figures import PLAIN, PictureStyle
from ferbench.tracking.record import as_logged
from ferbench.tracking.settings import MlflowTracking
from ferbench.tracking.store import NOTE_TAG, Store
from ferbench.workflows.standings.board import Board, Standing
from ferbench.workflows.standings.files import write
from ferbench.workflows.standings.text import title
from ferbench.workflows.tracked_run import ended_whatever_happens

KIND: Final = "leaderboard"
"""Of the run, of its experiment, of the folder of its files, and before each metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBoard:
    """Where a leaderboard was recorded.

    Attributes:
        run_id: the run that has it.
        location: folder or address of its files.
    """

    run_id: str
    location: str


def metrics_of(board: Board) -> dict[str, float]:
    """Numbers by name, ``leaderboard/<model>/<crop>/accuracy`` and so on; undefined ones are not.

    Accuracy counts images without a face as wrong.
    """
    metrics = {"images": float(len(board.images.images)), "broken": float(len(board.broken))}
    for standing in board.standings:
        for name, value in _numbers(standing).items():
            metrics[f"{standing.model}/{standing.way.name}/{name}"] = value
    defined = {name: value for name, value in metrics.items() if not math.isnan(value)}
    return as_logged({f"{KIND}/{name}": value for name, value in defined.items()})


def _numbers(standing: Standing) -> dict[str, float]:
    scores = standing.scores
    return {
        "accuracy": scores.accuracy.value,
        "accuracy.lo": scores.accuracy.low,
        "accuracy.hi": scores.accuracy.high,
        "accuracy_if_found": scores.accuracy_found.value,
        "published": standing.published.value if standing.published else math.nan,
        "macro_f1": scores.macro_f1,
        "balanced_accuracy": scores.balanced_accuracy,
        "ece": scores.calibration.ece,
        "brier": scores.brier,
        "log_loss": scores.log_loss,
        "no_face": float(scores.no_face),
        "images_per_s": standing.images_per_s,
    }


def record_leaderboard(
    board: Board, *, root: Path | None = None, style: PictureStyle = PLAIN
) -> RecordedBoard:
    """Log numbers, tables, pictures and the page on a new run of kind ``leaderboard``.

    Args:
        board: the numbers.
        root: the folder that holds runs; None = the usual one.
        style: how pictures are drawn.

    Raises:
        TrackingError: the store cannot be used.
    """
    target = MlflowTracking().target(root or default_root(), chosen=KIND)
    store = target.store
    with tempfile.TemporaryDirectory(prefix="ferbench-leaderboard-") as scratch:
        paths = write(board, Path(scratch), style=style)
        run_id = store.start(store.prepare(target.experiment), title(board), kind="leaderboard")
        with ended_whatever_happens(store, run_id):
            _log(board, store, run_id, paths, Path(scratch))
    return RecordedBoard(run_id=run_id, location=f"{store.location(run_id)}/{KIND}")


def _log(board: Board, store: Store, run_id: str, paths: Sequence[Path], scratch: Path) -> None:
    """Numbers, and files in folders as they lie."""
    store.log_numbers(
        run_id,
        params={
            "data_set": board.images.name or board.images.folder.name,
            "split": board.images.split,
            "other_classes": board.other_classes,
            "no_face": board.no_face,
            "device": board.device,
        },
        metrics=metrics_of(board),
        tags={NOTE_TAG: f"Models on labelled images. {title(board)}."},
    )
    in_folders = sorted(paths, key=lambda path: path.parent)
    for folder, files in groupby(in_folders, key=lambda path: path.parent):
        below = folder.relative_to(scratch).as_posix()
        store.log_files(run_id, list(files), KIND if below == "." else f"{KIND}/{below}")
