"""What a long run says while it goes on, and what it counted."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ferbench.provenance import library_versions, revision

RESULTS: Final = Path(__file__).parent / "results"


class Log:
    """A file of lines with the seconds since the start, shown on the screen as well."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._start_s = time.monotonic()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def tell(self, text: str) -> None:
        """Write a line at once: a run that is killed has told how far it came."""
        line = f"{time.monotonic() - self._start_s:8.1f} s  {text}"
        print(line, flush=True)
        self._file.write(line + "\n")
        self._file.flush()


def write_result(path: Path, *, size: Mapping[str, Any], counted: Mapping[str, Any]) -> None:
    """Keep the counts of a run that held, with what it ran on."""
    text, is_changed = revision()
    record = {
        "size": dict(size),
        "counted": dict(counted),
        "made_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "revision": text + ("-dirty" if is_changed else ""),
        "versions": library_versions(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
