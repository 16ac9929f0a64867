"""Which code and which libraries made a result."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

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

    versions = {name: metadata.version(name) for name in _COMPUTE}
    libavcodec = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {"python": platform.python_version(), **versions, "libavcodec": libavcodec}


@cache
def environment() -> dict[str, str]:
    """Versions and kind of machine, for a run's artifacts."""
    return {
        "ferbench": metadata.version("ferbench"),
        "platform": platform.platform(),
        "processor": _processor(),
        "processors": str(os.cpu_count()),
        **library_versions(),
        **{name: metadata.version(name) for name in _ALL},
    }


def _processor() -> str:
    """Kind of processor; vectors of other widths add numbers up in another order."""
    with suppress(OSError):
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        named = re.search(r"^model name\s*:\s*(.+)$", about, re.MULTILINE)
        if named:
            return named[1].strip()
    return platform.processor() or platform.machine()


@cache
def revision() -> tuple[str, bool]:
    """Git revision of the checkout and whether it has changes.

    ("", False) when this is no git checkout.
    """
    root = checkout_root()
    if root is None or not (root / ".git").exists():
        return "", False
    try:
        changes = _git(root, "status", "--porcelain")
        return _git(root, "rev-parse", "HEAD"), bool(changes)
    except OSError:
        return "", False


def _git(root: Path, *arguments: str) -> str:
    """What git says of a checkout; "" where it fails.

    Raises:
        OSError: there is no git.
    """
    ended = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return ended.stdout.strip() if ended.returncode == 0 else ""
