"""``ferbench ui``: MLflow's pages on this machine only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from ferbench.errors import TrackingError
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.query import newest_experiment
from ferbench.tracking.view import VIEW_KEY

LOOPBACK = "127.0.0.1"


def free_port(wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on (up to 20 further).

    Raises:
        TrackingError: none of them is free.
    """
    for port in range(wanted, wanted + 20):
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) != 0:
                return port
    raise TrackingError(f"ports {wanted} to {wanted + 19} are all in use; choose another with --port")


def page(store: MlflowStore, port: int) -> str:
    """Address of the runs table of the newest experiment."""
    experiment = newest_experiment(store)
    where = (
        f"experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"
        if experiment
        else "experiments"
    )
    return f"http://{LOOPBACK}:{port}/#/{where}"


def command(store: MlflowStore, port: int) -> tuple[list[str], dict[str, str]]:
    """The server's command line and environment: loopback, no telemetry, no job workers."""
    arguments = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri, "--host", LOOPBACK]
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return [*arguments, "--port", str(port)], environment


def serve(store: MlflowStore, port: int, *, root: Path) -> int:
    """Run the server until it is stopped; return its exit code."""
    arguments, environment = command(store, port)
    try:
        return subprocess.run(arguments, env=environment, cwd=root, check=False).returncode
    except KeyboardInterrupt:
        return 0
