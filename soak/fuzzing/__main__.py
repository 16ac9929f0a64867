"""python -m soak.fuzzing [KIND NUMBER]: what becomes of a damaged file, as a line of JSON.

Without arguments, cases come line by line from the standard input. With them the case is done
again, and the stack shown where it ended badly.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ferbench.video.decoder_process import end_idle
from soak.fuzzing import checkpoints, tables, videos
from soak.fuzzing.memory import PeakMemory

CASES: Final[dict[str, Callable[[int, Path], tuple[str, list[str]]]]] = {
    "videos": videos.case,
    "tables": tables.case,
    "checkpoints": checkpoints.case,
    "crashes": videos.planted_crash,
}


def main() -> int:
    """Do the cases; return the exit code: 1 = one ended in an error that is none of ferbench's."""
    parser = argparse.ArgumentParser(prog="python -m soak.fuzzing", description=__doc__)
    parser.add_argument("kind", choices=[*CASES, ""], nargs="?", default="")
    parser.add_argument("number", type=int, nargs="?", default=0)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # what is told of damaged files fills the screen
    warnings.simplefilter("ignore")
    held = True
    with tempfile.TemporaryDirectory(prefix="ferbench-fuzz-") as name:
        folder = Path(name)
        if options.kind:
            held = _one(options.kind, options.number, folder)
        for line in () if options.kind else sys.stdin:
            kind, number = line.split()
            held = _one(kind, int(number), folder) and held
    end_idle()
    return 0 if held else 1


def _one(kind: str, number: int, folder: Path) -> bool:
    """Do a case and say how it ended; whether that was a result or an error of ferbench."""
    start, stack, name, outcomes = time.monotonic(), "", "", []
    with PeakMemory() as peak:
        try:
            name, outcomes = CASES[kind](number, folder)
        except Exception:  # noqa: BLE001  # the rest goes on, and the one who counts is told
            stack = traceback.format_exc()
    line = {
        "kind": kind,
        "number": number,
        "file": name,
        "outcomes": outcomes,
        "stack": stack,
        "seconds": round(time.monotonic() - start, 3),
        "all_bytes": peak.all_bytes,
        "one_bytes": peak.one_bytes,
    }
    print(json.dumps(line), flush=True)
    return not stack


if __name__ == "__main__":
    sys.exit(main())
