"""A Markdown document's Python blocks, run in order as a notebook's cells."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
_RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True, slots=True)
class Cell:
    """A block, what stands below it, and its line in the document."""

    source: str
    shown: str
    line: int


def cells(document: Path) -> Iterator[Cell]:
    text = document.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Cell(source=match[1], shown=match[2] or "", line=line)


def run(cell: Cell, names: dict[str, Any]) -> str:
    """What a cell prints, and the value of its last expression as a notebook shows it."""
    statements = ast.parse(cell.source).body
    printed = io.StringIO()
    last = statements.pop() if isinstance(statements[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(statements, []), f"line {cell.line}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"line {cell.line}", "eval"), names)
            if value is not None:
                printed.write(f"{value!r}\n")
    return printed.getvalue()


def without_numbers(text: str) -> str:
    """A text with its numbers, the ids of runs and the width of its columns left out."""
    return " ".join(_NUMBER.sub("#", _RUN_ID.sub("ID", text)).split())


def numbers(text: str) -> np.ndarray:
    return np.array([float(number) for number in _NUMBER.findall(_RUN_ID.sub("ID", text))])


def rendered(document: Path, outputs: Mapping[int, str]) -> str:
    """The document with the outputs by line put below its blocks."""
    text = document.read_text(encoding="utf-8")

    def block(match: re.Match[str]) -> str:
        output = outputs[text.count("\n", 0, match.start()) + 1]
        return f"```python\n{match[1]}```\n" + (f"\n```text\n{output}```\n" if output else "")

    return _BLOCK.sub(block, text)
