"""python -m soak [names] [--small]: the long runs, one after the other, with what each counted.

Without names all of them. A run's log is written while it goes on (``--log``, by default
``.ferbench/soak``); what it counted goes into ``soak/results`` when it was done in full.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import traceback
from pathlib import Path

from soak import suites
from soak.result import RESULTS, Log, write_result

LOGS = Path(".ferbench/soak")


def main(arguments: list[str] | None = None) -> int:
    """Do the runs; return the exit code: 1 = something was lost."""
    known = sorted(each.name for each in pkgutil.iter_modules(suites.__path__))
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join(known) + "; by default all")
    parser.add_argument("--small", action="store_true", help="the cut that the tests run")
    parser.add_argument("--log", type=Path, default=LOGS, help="folder of the logs")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        print(f"expected names of {', '.join(known)}; got {' '.join(unknown)}", file=sys.stderr)
        return 2
    lost = [name for name in options.names or known if not _held(name, options)]
    if lost:
        print(f"did not hold: {', '.join(lost)}; the logs in {options.log} say why")
    return 1 if lost else 0


def _held(name: str, options: argparse.Namespace) -> bool:
    suite = importlib.import_module(f"soak.suites.{name}")
    size = suite.SMALL if options.small else suite.FULL
    with (
        Log(options.log / f"{name}.log") as log,
        tempfile.TemporaryDirectory(prefix=f"ferbench-soak-{name}-") as folder,
    ):
        log.tell(f"{name}: {', '.join(f'{key} {value}' for key, value in size.items())}")
        try:
            counted = suite.run(Path(folder), log.tell, **size)
        except Exception:  # noqa: BLE001 (it is told, and the other runs go on)
            log.tell(traceback.format_exc())
            return False
        log.tell(f"{name}: held; " + ", ".join(f"{key} {value}" for key, value in counted.items()))
    if not options.small:
        write_result(RESULTS / f"{name}.json", size=size, counted=counted)
    return True


if __name__ == "__main__":
    sys.exit(main())
