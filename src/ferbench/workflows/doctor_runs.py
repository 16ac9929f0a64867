"""Runs of this machine whose process died without saying so."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferbench.sentences import Action, Text
from ferbench.wording import plural
from ferbench.workflows.doctor_weights import Finding
from ferbench.workflows.tidy_runs import OpenRun, look_at_runs

_NAMED: Final = 5


def check_runs(root: Path) -> list[Finding]:
    """What died is a note, and so is what cannot be judged from here; what goes on is told."""
    opened = look_at_runs(root=root)
    died = [run for run in opened if run.fate == "ended"]
    unknown = [run for run in opened if run.fate == "unknown"]
    going_on = len(opened) - len(died) - len(unknown)
    seen = [f"{plural(going_on, 'run')} going on"] if going_on else []
    if not died and not unknown:
        return [Finding(what="runs", state="ok", seen="; ".join(["none died", *seen]))]
    findings = []
    if died:
        text = f"{plural(len(died), 'run')} died without saying so: {_names(died)}"
        mend = Text(Action("tidy_runs"), " closes them")
        findings.append(
            Finding(what="runs", state="note", seen="; ".join([text, *seen]), mend=mend)
        )
    if unknown:
        text = (
            f"{plural(len(unknown), 'run')} not ended, and not of a process that can be seen from "
            f"here: {_names(unknown)}"
        )
        mend = Text("if one has died: ", Action("tidy_runs", "RUN"), " closes it")
        findings.append(Finding(what="runs elsewhere", state="note", seen=text, mend=mend))
    return findings


def _names(runs: list[OpenRun]) -> str:
    """The first runs of a list, and how many more there are."""
    names = ", ".join(run.short_name for run in runs[:_NAMED])
    further = len(runs) - _NAMED
    return f"{names} and {further} more" if further > 0 else names
