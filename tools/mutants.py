"""Do the tests bite? One-token changes of the parts that make numbers, each tried on its tests.

    python tools/mutants.py [--part NAME] [--per-part 30] [--seed 0] [--jobs 2]

A mutant is a copy of the sources with one operator or constant changed. It dies where a test of its
part fails; the tests must pass without a change. Survivors that change nothing that can be seen are
named with their reason in ``tools/mutants_alive.toml``; all others are told, and the exit code is 1
where fewer than ``LEAST_SHARE`` of the mutants that could die did. Not part of CI: it takes a
while.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
REASONS = CHECKOUT / "tools" / "mutants_alive.toml"
LEAST_SHARE = 0.85
TIMEOUT_S = 900
PARTS = {
    "scoring": (["scoring"], ["tests/scoring", "tests/workflows/test_score_grades.py"]),
    "timespans": (
        ["timespans.py"],
        ["tests/test_timespans.py", "tests/scoring", "tests/workflows/test_late_picture.py"],
    ),
    "events": (["events", "threshold_sweep.py"], ["tests/events"]),
    "selectors": (["selectors"], ["tests/selectors", "tests/pipeline/test_quality.py"]),
    "times": (
        ["formats/times.py", "formats/time_format.py", "datasets/lengths.py"],
        ["tests/formats", "tests/datasets", "tests/app/test_init.py"],
    ),
    "formats": (["formats"], ["tests/formats", "tests/datasets"]),
    "quality": (
        ["pipeline/quality.py", "pipeline/parts.py"],
        ["tests/pipeline", "tests/workflows/test_late_picture.py"],
    ),
}
"""Sources below src/ferbench and the tests that must notice a change in them, by part."""

OPERATORS = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
"""The text of an operator, and what it becomes."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: the file below src/ferbench, the line as it was, and as it becomes."""

    file: str
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before.strip()} -> {self.after.strip()}"


def mutants_of(path: Path, file: str) -> Iterator[Mutant]:
    """All one-token changes of a file; what a decorator is given (``frozen=True``) stays."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.decorator_list.clear()
    for node in ast.walk(tree):
        for line, start, end, replacement in _changes(node, lines):
            before = lines[line - 1]
            after = before[:start] + replacement + before[end:]
            yield Mutant(file=file, line=line, before=before, after=after)


def _changes(node: ast.AST, lines: list[str]) -> Iterator[tuple[int, int, int, str]]:
    """Line, first and last column, and new text of each change of one node."""
    if isinstance(node, ast.BinOp):
        yield from _between(node.left, type(node.op), node.right, lines)
    elif isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            yield from _between(left, type(op), right, lines)
    elif isinstance(node, ast.BoolOp):
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from _between(left, type(node.op), right, lines)
    elif isinstance(node, ast.Constant):
        changed = _changed_constant(node.value)
        if changed is not None and node.lineno == node.end_lineno:
            yield node.lineno, node.col_offset, node.end_col_offset or 0, changed


def _between(
    left: ast.expr, op: type, right: ast.expr, lines: list[str]
) -> Iterator[tuple[int, int, int, str]]:
    """The operator between two operands of one line."""
    if op not in OPERATORS or left.end_lineno != right.lineno:
        return
    old, new = OPERATORS[op]
    gap_start = left.end_col_offset or 0
    gap = lines[right.lineno - 1][gap_start : right.col_offset]
    at = gap.find(old)
    if at >= 0:
        start = gap_start + at
        yield right.lineno, start, start + len(old), new


def _changed_constant(value: object) -> str | None:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return str(value + 1)
    if isinstance(value, float):
        return repr(value * 2 + 1)
    return None


def chosen(part: str, count: int, seed: int) -> list[Mutant]:
    """Some mutants of a part, drawn at random; lines with docstrings and messages have none."""
    sources, _ = PARTS[part]
    package = CHECKOUT / "src" / "ferbench"
    every: list[Mutant] = []
    for source in sources:
        path = package / source
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            every += mutants_of(file, file.relative_to(package).as_posix())
    random.Random(seed).shuffle(every)
    return every[:count]


def survives(mutant: Mutant | None, tests: list[str]) -> bool:
    """Whether all tests pass with a mutant (None = without), in a copy of the checkout."""
    with tempfile.TemporaryDirectory(prefix="ferbench-mutant-") as scratch:
        copy = Path(scratch)
        for folder in ("src", "tests", "conf"):
            shutil.copytree(CHECKOUT / folder, copy / folder, symlinks=True)
        shutil.copyfile(CHECKOUT / "pyproject.toml", copy / "pyproject.toml")
        if mutant is not None:
            target = copy / "src" / "ferbench" / mutant.file
            lines = target.read_text(encoding="utf-8").splitlines()
            lines[mutant.line - 1] = mutant.after
            target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        environment = {
            **os.environ,
            "PYTHONPATH": str(copy / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "FERBENCH_SHARED": os.environ.get("FERBENCH_SHARED", str(CHECKOUT.parent / "shared")),
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                env=environment,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def reasons() -> dict[tuple[str, str, str], str]:
    """Why some mutants may live: by file, line as it was and line as it becomes."""
    if not REASONS.is_file():
        return {}
    entries = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("alive", [])
    return {(one["file"], one["before"], one["after"]): one["reason"] for one in entries}


def main() -> int:
    """Try mutants part by part; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--per-part", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    known = reasons()
    killed = unexplained = 0
    for part in options.part or PARTS:
        mutants = chosen(part, options.per_part, options.seed)
        tests = PARTS[part][1]
        if not survives(None, tests):
            sys.stderr.write(f"{part}: its tests fail without any change; mend them first\n")
            return 2
        with ThreadPoolExecutor(options.jobs) as pool:
            alive = list(pool.map(lambda mutant, tests=tests: survives(mutant, tests), mutants))
        survivors = [mutant for mutant, lives in zip(mutants, alive, strict=True) if lives]
        sys.stdout.write(f"{part}: {len(mutants) - len(survivors)} of {len(mutants)} died\n")
        killed += len(mutants) - len(survivors)
        for mutant in survivors:
            reason = known.get((mutant.file, mutant.before.strip(), mutant.after.strip()))
            unexplained += reason is None
            sys.stdout.write(f"  {'alive' if reason else 'ALIVE'}: {mutant}")
            sys.stdout.write(f"  ({reason})\n" if reason else "\n")
    share = killed / (killed + unexplained) if killed + unexplained else 1.0
    sys.stdout.write(f"{killed} died, {unexplained} live without a reason: {share:.0%}\n")
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
