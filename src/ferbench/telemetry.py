"""Nothing leaves this machine: what libraries would send by themselves is switched off here.

Each looks at the environment when it is imported, so this comes before all of them: with the
package. A value that somebody set on purpose stays.

Looked at, with versions of November 2026:
    - onnxruntime 1.32 looks its server up ten seconds after the import, and keeps an identifier of
      the machine and a queue of events (with the path of the Python program) in
      ``~/.cache/Microsoft``; ``DO_NOT_TRACK`` and ``disable_telemetry_events()`` change nothing;
    - MLflow 3.17 fetches a configuration and sends counts of calls; its pages do so from a browser;
    - huggingface_hub 2.4 (imported by timm) sends only with downloads, which ferbench never makes
      with it;
    - albumentations (of older insightface) asks for its newest version when it is imported;
    - Ray 2.60 reports usage from the head of a cluster, also from one that it starts by itself;
    - FastAPI and OpenTelemetry (of MLflow's server) export only to an address that the environment
      names;
    - torch, torchvision, timm, PyAV, OpenCV, onnx, onnxscript, pyarrow, Hydra, h5py, pandas,
      matplotlib and insightface 2.1 send nothing.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, MutableMapping
from typing import Final

OFF: Final = {
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Environment variables, as each library wants them."""

_AT_IMPORT: Final = {
    "onnxruntime": "ORT_DISABLE_TELEMETRY",
    "mlflow": "MLFLOW_DISABLE_TELEMETRY",
}
"""Libraries that begin with it when they are imported, and what would have kept them from it."""


def switch_off(environment: MutableMapping[str, str], imported: Collection[str]) -> str:
    """Set what is not set.

    Args:
        environment: of this process.
        imported: names of modules that are imported already.

    Returns:
        A note of what came too late; "" = nothing did.

    >>> kept = {"DO_NOT_TRACK": "false"}
    >>> switch_off(kept, {"numpy"}), kept["DO_NOT_TRACK"], kept["ORT_DISABLE_TELEMETRY"]
    ('', 'false', '1')
    """
    too_late = [
        (library, name)
        for library, name in _AT_IMPORT.items()
        if library in imported and not environment.get(name)
    ]
    for name, value in OFF.items():
        if not environment.get(name):
            environment[name] = value
    if not too_late:
        return ""
    libraries = " and ".join(library for library, _ in too_late)
    settings = " and ".join(f"{name}={OFF[name]}" for _, name in too_late)
    return (
        f"{libraries} came before ferbench, with telemetry on: it may look up and tell its "
        f"makers' servers that it is used. Import ferbench first, or set {settings} before"
    )


def switch_off_here() -> None:
    """Do so in this process; what came too late is warned of."""
    note = switch_off(os.environ, sys.modules.keys())
    if note:
        warnings.warn(note, stacklevel=3)
