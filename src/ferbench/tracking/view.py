"""Saved views of MLflow's runs table: the columns that matter here, in their order.

MLflow shows no numbers by itself and folds a sweep's cells into one row. It keeps saved views as
tags of the experiment; the form was read off a view that the pages of MLflow 3.17 saved. Rows that
are sorted by a number are not folded. A version that does not know the form shows its plain table.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Sequence
from typing import Final

from ferbench.scoring.metrics import MAIN, headline

VIEW_KEY: Final = "ferbench"
"""Of the view of an experiment."""
SWEEP_KEY: Final = "ferbench-sweep"
"""Of the view of its newest sweep."""
TAG_PREFIX: Final = "mlflow.sharedViewState."

_PARAMS: Final = ("detector", "preprocessing", "model", "selector", "event", "event.enter")
_NAME: Final = "attributes.`Run Name`"
_NAME_PX: Final = 265
"""Room for forty letters."""
_CREATED: Final = "runDateAndNestInfo"
_CREATED_PX: Final = 130
_NUMBER_PX: Final = 85
_CHANCE_PX: Final = 115
_PARAM_PX: Final = 110


def _numbers() -> list[str]:
    """Numbers of events: the main metric with what it needs to be read, then the others."""
    main = f"event/{MAIN}"
    uncertainty = [f"{main}.{end}" for end in ("chance", "p", "lo", "hi")]
    others = [metric.logged_as for metric in headline() if metric.name != MAIN]
    return [main, *uncertainty, "event/participants", *others, "event/count"]


def view_tag() -> str:
    """Value of the tag of an experiment's view.

    Newest runs first, event scores and choices as columns.
    """
    numbers = [f"metrics.`{name}`" for name in _numbers()]
    columns = [*numbers, *(f"params.`{name}`" for name in _PARAMS)]
    return _tag("ferbench: choices and scores", columns, by="attributes.start_time", only="")


def sweep_view_tag(run_id: str, params: Sequence[str]) -> str:
    """Value of the tag of a sweep's view: its cells, best first.

    Args:
        run_id: of the sweep.
        params: choices that differ between the cells, which come after the main number's columns.
    """
    main, *others = _numbers()
    first, further = [main, *others[:4]], others[4:]
    columns = [
        *(f"metrics.`{name}`" for name in first),
        *(f"params.`{name}`" for name in params),
        *(f"metrics.`{name}`" for name in further),
    ]
    by = f"metrics.`{main}`"
    only = f"tags.`mlflow.parentRunId` = '{run_id}'"
    return _tag("ferbench: newest sweep", columns, by=by, only=only)


def _tag(name: str, columns: Sequence[str], *, by: str, only: str) -> str:
    widths = {_NAME: _NAME_PX, _CREATED: _CREATED_PX}
    state = {
        "searchFilter": only,
        "orderByKey": by,
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": [*widths, *columns],
        "columnWidths": widths | {column: _width_px(column) for column in columns},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "groupBy": None,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    now_ms = int(time.time() * 1000)
    return json.dumps(
        {
            "name": name,
            "createdAt": now_ms,
            "updatedAt": now_ms,
            "state": f"deflate;{packed}",
        }
    )


def _width_px(column: str) -> int:
    if column.startswith("params"):
        return _PARAM_PX
    return _CHANCE_PX if column.endswith(".chance`") else _NUMBER_PX


def runs_page(experiment_id: str, key: str) -> str:
    """Address of a view below that of the server."""
    place = f"#/experiments/{experiment_id}/runs"
    return f"{place}?workflowType=machine_learning&viewStateShareKey={key}"


def artifact_page(experiment_id: str, run_id: str, name: str) -> str:
    """Address of a run's artifact below that of the server."""
    place = f"#/experiments/{experiment_id}/runs/{run_id}/artifacts/{name}"
    return f"{place}?workflowType=machine_learning"
