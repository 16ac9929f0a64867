"""A saved view of MLflow's runs table.

The columns that matter here, which the table does not show by itself.

MLflow keeps saved views as tags of the experiment; the form was read off a view that the pages of
MLflow 3.17 saved. A version that does not know it shows its plain table.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from typing import Final

from ferbench.scoring.metrics import MAIN, headline

VIEW_KEY: Final = "ferbench"
VIEW_TAG: Final = f"mlflow.sharedViewState.{VIEW_KEY}"

_PARAMS = ("detector", "preprocessing", "model", "selector", "event", "event.enter")


def _columns() -> list[str]:
    """Numbers of events: the main metric with what it needs to be read, then the others."""
    main = f"event/{MAIN}"
    uncertainty = [f"{main}.{end}" for end in ("lo", "hi", "chance", "p")]
    others = [metric.logged_as for metric in headline() if metric.name != MAIN]
    return [main, *uncertainty, "event/participants", *others, "event/count"]


def view_tag() -> str:
    """Value of the tag: newest runs first, choices and event scores as columns."""
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [
            *(f"metrics.`{name}`" for name in _columns()),
            *(f"params.`{name}`" for name in _PARAMS),
        ],
        "columnOrder": [],
        "columnWidths": {},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "groupBy": None,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    now_ms = int(time.time() * 1000)
    return json.dumps(
        {
            "name": "ferbench: choices and scores",
            "createdAt": now_ms,
            "updatedAt": now_ms,
            "state": f"deflate;{packed}",
        }
    )
