"""Which code and which libraries made a result."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib import metadata

from ferbench.places import checkout_root

_COMPUTE = (
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python",
    "pyarrow",
    "timm",
    "torch",
    "torchvision",
)
_ALL = (*_COMPUTE, "hydra-core", "mlflow")


@cache
def library_versions() -> dict[str, str]:
    """Versions of what takes part in computing a table, FFmpeg's decoders included."""
    import av

    found = {name: metadata.version(name) for name in _COMPUTE}
    libavcodec = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {"python": platform.python_version(), **found, "libavcodec": libavcodec}


@cache
def environment() -> dict[str, str]:
    """Versions and kind of machine, for a run's artifacts."""
    return {
        "ferbench": metadata.version("ferbench"),
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
        **library_versions(),
        **{name: metadata.version(name) for name in _ALL},
    }


@cache
def revision() -> tuple[str, bool]:
    """Git revision of the checkout and whether it has changes.

    ("", False) when this is no git checkout.
    """
    root = checkout_root()
    if root is None or not (root / ".git").exists():
        return "", False

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except OSError:
        return "", False
