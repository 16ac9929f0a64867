"""The thesis' files of found events: whether they can be written, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ferbench.errors import ConfigError
from ferbench.protocols import EventRule
from ferbench.sentences import Setting, Text
from ferbench.thesis.export import BOTH, FileEvents, ThesisExport
from ferbench.workflows.found_events import SessionEvents


def check_export(export: ThesisExport, rule: EventRule, *, further: Sequence[Setting]) -> None:
    """Check that the thesis' files can be made of the answer, and where they go.

    Args:
        export: what to write.
        rule: that finds the events.
        further: other outputs that were asked for.

    Raises:
        ConfigError: another rule, an output without a place for several models, or a file that
            cannot be written.
    """
    export.check_rule(rule)
    if further:
        setting = further[0]
        raise ConfigError(
            Text(setting, " has no place for several models"),
            hint=Text(
                "look for events once with ",
                BOTH,
                ", and once with ",
                Setting("model"),
                " and ",
                setting,
            ),
        )
    export.check_places()


def write_export(
    export: ThesisExport,
    paths: Sequence[Path],
    by_path: Mapping[Path, SessionEvents],
    *,
    sources: Sequence[Path],
    failed: Callable[[Path, Exception], None],
    failures: Mapping[Path, Exception],
) -> Iterator[str]:
    """Write the thesis' files; a sentence for each.

    Args:
        export: what to write.
        paths: all files that were looked at.
        by_path: what those hold that could be used.
        sources: the files and folders that were named.
        failed: told of a file that cannot be exported.
        failures: why files failed.
    """
    events = {
        path: FileEvents(segments=session.segments or (), timecodes=session.timecodes)
        for path, session in by_path.items()
    }
    return export.write(paths, events, failed=failed, failures=failures, sources=sources)
