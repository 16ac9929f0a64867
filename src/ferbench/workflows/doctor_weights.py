"""What is missing or wrong of the weights for a run, and how to get it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferbench.sentences import Action, Part, Text
from ferbench.weights.checking import is_there
from ferbench.weights.download.sources import DriveFile, PageFile
from ferbench.weights.published import PublishedFile
from ferbench.workflows.weights import problem_of
from ferbench.workflows.weights_catalogue import catalogue
from ferbench.workflows.weights_results import is_restricted, size_text

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check.

    Attributes:
        what: what was looked at.
        state: whether it is as it should be.
        seen: what was seen.
        mend: how to mend it; "" = nothing to do.
    """

    what: str
    state: State
    seen: str
    mend: str = ""


def check_weights(needed: Mapping[str, Sequence[PublishedFile]], folder: Path) -> list[Finding]:
    """Files of the chosen detector and model one by one; of all others how many are here."""
    findings: list[Finding] = []
    for choice, files in needed.items():
        findings += _weights_of(choice, files, folder)
    others = [files for choice, files in catalogue().items() if choice not in needed]
    return [*findings, _other_weights(others, folder)]


def _weights_of(choice: str, files: Sequence[PublishedFile], folder: Path) -> list[Finding]:
    what = f"weights {choice}"
    missing = [item for item in files if not is_there(item, folder)]
    findings = _wrong_weights(what, files, folder)
    if missing:
        by_itself, advice = how_to_get(choice, missing)
        state: State = "note" if by_itself else "problem"
        first = "fetched at first use, or now with " if by_itself else ""
        mend = Text(first, advice, f" ({folder})")
        findings.append(Finding(what=what, state=state, seen=_missing_words(missing), mend=mend))
    return findings or [Finding(what=what, state="ok", seen=f"in {folder}")]


def _wrong_weights(what: str, files: Sequence[PublishedFile], folder: Path) -> list[Finding]:
    problems = []
    for item in files:
        if is_there(item, folder):
            problems.append(problem_of(item, folder))
    seen = _joined([problem for problem in problems if problem])
    return [Finding(what=what, state="problem", seen=seen)] if seen else []


def _joined(sentences: Sequence[str]) -> Text:
    parts: list[Part] = []
    for sentence in sentences:
        parts += ["; ", sentence] if parts else [sentence]
    return Text(*parts)


def _missing_words(missing: Sequence[PublishedFile]) -> str:
    words = [
        f"{item.file} is missing (size {size_text((item,))}), from {item.source}"
        for item in missing
    ]
    if is_restricted(missing):
        words.append("for research only")
    return "; ".join(words)


def _other_weights(others: Sequence[Sequence[PublishedFile]], folder: Path) -> Finding:
    here = sum(_are_there(files, folder) for files in others)
    seen = f"{here} of {len(others)} other detectors and models have theirs here"
    mend = ""
    if here < len(others):
        mend = Text(
            Action("list_weights"),
            " names them; ",
            Action("doctor", settings={"model": "NAME"}),
            " tells how to get them",
        )
    return Finding(what="other weights", state="ok", seen=seen, mend=mend)


def _are_there(files: Sequence[PublishedFile], folder: Path) -> bool:
    return all(is_there(item, folder) for item in files)


def how_to_get(choice: str, missing: Sequence[PublishedFile]) -> tuple[bool, Text]:
    """Whether a run brings missing files by itself, and what brings them now."""
    if any(isinstance(item.source, PageFile) for item in missing):
        return False, _how_to_get_by_hand(missing)
    fetch = Action("fetch_weights", choice)
    needs_gdown = any(isinstance(item.source, DriveFile) for item in missing)
    if needs_gdown and importlib.util.find_spec("gdown") is None:
        return False, Text("pip install 'ferbench[drive]', then run ", fetch)
    return True, Text(fetch)


def _how_to_get_by_hand(missing: Sequence[PublishedFile]) -> Text:
    pages = {item.file: item.source.page for item in missing if isinstance(item.source, PageFile)}
    names = ", ".join(Path(file).name for file in pages)
    addresses = ", ".join(dict.fromkeys(pages.values()))
    return Text(
        f"download {names} in a browser from {addresses}, then run ",
        Action("import_weights", "DIR"),
    )
