"""Whether runs can be compared: the same files, the same sessions, the same way of matching."""

from __future__ import annotations

from collections.abc import Sequence

from ferbench.results import RunRow

_BEFORE = {"scoring.duplicates": "false_alarm"}
"""What runs did that have no such param, because it came later."""
MATCHING = "scoring"
"""The group of choices that says which events count for which annotations."""
DATA_TAGS = {"videos": "ferbench.videos_sha", "annotations": "ferbench.annotations_sha"}


def differs(name: str, runs: Sequence[RunRow]) -> bool:
    """Whether runs have different values of a param."""
    return len({run.params.get(name, _BEFORE.get(name)) for run in runs}) > 1


def matching_params(runs: Sequence[RunRow]) -> list[str]:
    """Choices in which the runs' ways of matching differ; none = all matched in the same way.

    The criterion itself, where that differs, else its fields.
    """
    prefix = f"{MATCHING}."
    names = sorted({name for run in runs for name in run.params if name.startswith(prefix)})
    differing = [name for name in names if differs(name, runs)]
    if differing and differs(MATCHING, runs):
        return [MATCHING]
    return differing


def matching_warnings(runs: Sequence[RunRow]) -> list[str]:
    """A sentence where the runs' numbers cannot be compared for how they were matched."""
    different = matching_params(runs)
    if not different:
        return []
    why = "a wider window finds more, also by chance"
    if different == [f"{MATCHING}.duplicates"]:
        why = "what is ignored costs nothing"
    return [
        "these runs matched events with annotations in different ways "
        f"({', '.join(different)}); their numbers cannot be compared: {why}"
    ]


def data_letters(rows: Sequence[RunRow]) -> dict[str, str]:
    """Which runs were scored on the same files: letters by run id; empty where all were."""
    letters = _letters(rows)
    if len(letters) <= 1:
        return {}
    return {row.run_id: letters.get(_files(row), "") for row in rows}


def data_warnings(rows: Sequence[RunRow]) -> list[str]:
    """Sentences where runs were scored on different files or numbers of sessions."""
    warnings = []
    letters = _letters(rows)
    if len(letters) > 1:
        kinds = [
            kind for k, kind in enumerate(DATA_TAGS) if len({files[k] for files in letters}) > 1
        ]
        warnings.append(
            f"these runs were scored on different data ({' and '.join(kinds)} differ; column "
            "'data'); their numbers cannot be compared"
        )
    name = "sessions/annotated"
    counts = {run.metrics[name] for run in rows if name in run.metrics}
    if len(counts) > 1:
        numbers = ", ".join(f"{count:.0f}" for count in sorted(counts))
        warnings.append(
            f"these runs scored different numbers of sessions ({numbers}; column "
            "'annotated_sessions')"
        )
    return warnings


def _letters(rows: Sequence[RunRow]) -> dict[tuple[str, ...], str]:
    """A letter for each set of files that runs were scored on, in the order of the rows."""
    letters: dict[tuple[str, ...], str] = {}
    for row in rows:
        files = _files(row)
        if any(files) and files not in letters:
            letters[files] = _letter(len(letters))
    return letters


def _files(run: RunRow) -> tuple[str, ...]:
    return tuple(run.tags.get(tag, "") for tag in DATA_TAGS.values())


def _letter(number: int) -> str:
    if number < 26:
        return chr(ord("A") + number)
    return str(number + 1)
