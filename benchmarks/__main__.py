"""python -m benchmarks [names] [--device cpu] [--repeats 3]: measure, print the table, write JSON.

Without names those that have bars and take minutes together. ``table`` prints what was written
last, without measuring anything; ``plot`` draws it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks import plot
from benchmarks.bars import text
from benchmarks.run import RESULTS, Run, bars_of, write
from benchmarks.turns import BenchmarkError
from ferbench.config.choices import component_for
from ferbench.errors import FerbenchError

DEFAULT: Final = ("pass_retinaface", "pass_scrfd", "pass_full_hd", "sweep", "startup", "decode")
OTHERS: Final = ("detectors", "dials", "memory", "models", "pass_gpu", "statistics", "storage")


def main(arguments: list[str] | None = None) -> int:
    """Run benchmarks; return the exit code: 1 = one could not be measured."""
    options = _parser().parse_args(arguments)
    names = options.names or list(DEFAULT)
    if names == ["table"]:
        print(_table(RESULTS))
        return 0
    if names == ["plot"]:
        print(plot.draw(RESULTS))
        return 0
    unknown = [name for name in names if name not in (*DEFAULT, *OTHERS)]
    if unknown:
        known = ", ".join((*DEFAULT, *OTHERS))
        print(f"expected names of {known}, table or plot; got {' '.join(unknown)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names:
        try:
            _measure(name, options)
        except (BenchmarkError, FerbenchError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
    return failed


def _measure(name: str, options: argparse.Namespace) -> None:
    suite = importlib.import_module(f"benchmarks.suites.{name}")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ferbench-bench-") as folder:
        run = Run(
            clip=options.clip or _demo_clip(),
            folder=Path(folder),
            repeats=options.repeats,
            device=options.device or getattr(suite, "DEVICE", "cpu"),
            frames=options.frames,
            only=tuple(options.only),
        )
        result = suite.run(run)
        trial = options.out is None and bool(run.frames)
        path = None if trial else write(name, run, result, to=options.out or RESULTS)
    print(f"\n{name}: {result.what} ({time.perf_counter() - started:.0f} s)")
    if result.bars:
        print(text(result.bars))
    if path is not None and path.stem in plot.SHOWN and path.parent == RESULTS:
        plot.draw(RESULTS)
    print(f"    -> {path}" if path else "    a trial with few frames; nothing is written")
    sys.stdout.flush()


def _demo_clip() -> Path:
    """The demo's clip of one face; fetched if it is missing."""
    clip: Path = component_for("dataset", "demo").fetch(notify=print)[0]
    return clip


def _table(folder: Path) -> str:
    parts = []
    for path in sorted(folder.glob("*.json")):
        bars = bars_of(path)
        if bars:
            parts.append(f"{path.stem}\n{text(bars)}")
    return "\n\n".join(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = f"default: {' '.join(DEFAULT)}; others: {' '.join(OTHERS)} table plot"
    parser.add_argument("names", nargs="*", help=names)
    parser.add_argument("--device", help="cpu, or cuda (pass_gpu's default)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds that count")
    parser.add_argument(
        "--frames",
        type=int,
        default=0,
        help="at most so many frames of each clip: a trial, which writes nothing without --out",
    )
    parser.add_argument("--clip", type=Path, help="another video of one face (default: the demo's)")
    parser.add_argument("--only", nargs="*", default=[], help="choices that 'models' measures")
    parser.add_argument("--out", type=Path, help="folder for the JSON (benchmarks/results)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
