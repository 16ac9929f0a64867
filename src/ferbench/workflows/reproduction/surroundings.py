"""Versions, machine and device: what is otherwise than in a run, apart from its inputs."""

from __future__ import annotations

from typing import Final

from ferbench.config.settings import Settings
from ferbench.provenance import environment, revision
from ferbench.workflows.recording import COMMIT_TAG, DEVICE_TAG, DIRTY_TAG
from ferbench.workflows.reproduction.change import Change, Kind
from ferbench.workflows.reproduction.recorded_run import RecordedRun

_KINDS: Final[dict[str, Kind]] = {
    "ferbench": "ferbench",
    "platform": "machine",
    "processor": "machine",
    "processors": "machine",
    "av": "decoder",
    "libavcodec": "decoder",
}
"""Of what is no library."""


def changed_surroundings(run: RecordedRun, settings: Settings) -> list[Change]:
    """What is otherwise than in the run, and what the run did not record.

    Raises:
        ConfigError: the device that the run asks for is not there.
    """
    changes = []
    for name, now in environment().items():
        recorded = run.environment.get(name, "")
        if recorded != now:
            kind = _KINDS.get(name, "library")
            changes.append(Change(kind=kind, name=name, recorded=recorded, now=now))
    changes += _changed_code(run)
    device, now = run.row.tags.get(DEVICE_TAG, ""), str(settings.runtime.torch_device())
    if device != now:
        changes.append(Change(kind="device", name="of networks", recorded=device, now=now))
    return changes


def is_same_code(run: RecordedRun) -> bool:
    """Whether the run was made by this very ferbench, as far as can be known."""
    is_dirty = "true" in (run.row.tags.get(DIRTY_TAG), str(revision()[1]).lower())
    is_same_version = run.environment.get("ferbench") == environment()["ferbench"]
    is_same_commit = run.row.tags.get(COMMIT_TAG, "") == revision()[0]
    return is_same_version and is_same_commit and not is_dirty


def _changed_code(run: RecordedRun) -> list[Change]:
    """Another commit of the checkout, or changes in it that nobody knows."""
    commit, is_dirty = revision()
    was_dirty = run.row.tags.get(DIRTY_TAG) == "true"
    recorded = _code(run.row.tags.get(COMMIT_TAG, ""), is_dirty=was_dirty)
    now = _code(commit, is_dirty=is_dirty)
    if was_dirty and is_dirty:
        return [Change(kind="ferbench", name="changes in its checkout", recorded="", now="some")]
    if recorded == now:
        return []
    return [Change(kind="ferbench", name="commit", recorded=recorded, now=now)]


def _code(commit: str, *, is_dirty: bool) -> str:
    if not commit:
        return "none (an installed wheel)"
    return f"{commit[:12]} with changes" if is_dirty else commit[:12]
