"""When a stored file was used last: its modification time, renewed at most once an hour.

Times of access would be the system's own record; most mounts do not keep them, or a backup renews
them. When a file was made stands in it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

RENEWED_S: Final = 3600.0
"""A use is noted where the last one was longer ago."""


def mark_used(path: Path) -> None:
    """Note that a file, or a folder, is used now; where it cannot be noted, nothing is."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > RENEWED_S:
            os.utime(path)
