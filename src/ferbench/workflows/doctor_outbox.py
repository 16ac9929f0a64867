"""Records of this machine that wait for a store that was away."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from ferbench.sentences import Action, Text
from ferbench.wording import plural
from ferbench.workflows.doctor_weights import Finding
from ferbench.workflows.sync import WaitingRecord, waiting_records


def check_outbox(root: Path) -> list[Finding]:
    """A note for each store for which something waits."""
    by_store: dict[str, list[WaitingRecord]] = defaultdict(list)
    for record in waiting_records(root=root):
        by_store[record.store].append(record)
    findings = []
    for store, records in by_store.items():
        oldest = min(record.began for record in records)
        seen = f"{plural(len(records), 'record')} for {store} since {oldest:%Y-%m-%d %H:%M}"
        reasons = {record.reason for record in records if record.reason}
        if reasons:
            seen = f"{seen}; refused: {min(reasons)}"
        mend = Text(Action("sync"), " delivers what waits")
        findings.append(Finding(what="waiting records", state="note", seen=seen, mend=mend))
    return findings
