"""Found events as files: a table with sessions' lengths beside it, or for annotation programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.atomic import replacing
from ferbench.errors import ConfigError
from ferbench.formats.dispatch import endings, writer_of
from ferbench.formats.tracks import event_tracks
from ferbench.formats.writing import check_target, write_tracks
from ferbench.report.files import EVENT_COLUMNS, event_rows, stretches_text, write_csv
from ferbench.workflows.file_kinds import kind_of
from ferbench.workflows.found_events import SessionEvents

LENGTH_COLUMNS: Final = ("session", "duration_s", "valid_s", "observed")
"""A session lasts from its video's start to the last frame's end."""


def check_events_target(out: Path, *, several: bool) -> None:
    """Raise ConfigError where events cannot, or should not, be written.

    Args:
        out: the file.
        several: there will be several sessions.
    """
    if out.is_dir():
        example = out / "events.csv"
        raise ConfigError(
            f"{out} is a folder; expected the name of a file such as {example}", key="out"
        )
    if writer_of(out) is not None:
        check_target(out, several=several)
        return
    if out.suffix.lower() != ".csv":
        possible = ", ".join((".csv", *endings()))
        raise ConfigError(f"expected a name that ends in {possible}, got {out}", key="out")
    lengths = lengths_beside(out)
    for path, kind, what in ((out, "events", "events"), (lengths, "lengths", "sessions' lengths")):
        if path.exists() and kind_of(path) != kind:
            raise ConfigError(
                f"{path} is there and is no table of {what}; choose another name", key="out"
            )


def lengths_beside(out: Path) -> Path:
    """Where the sessions' lengths of a table of events are written."""
    return out.with_suffix(".sessions.csv")


def write_events(
    out: Path, sessions: Sequence[SessionEvents], *, videos: Mapping[str, Path] | None = None
) -> list[Path]:
    """Write all events; return the files' paths.

    A table has the sessions' lengths beside it, in the second file.

    Args:
        out: the file; ``{session}`` in its name stands for each session's.
        sessions: whose events.
        videos: the sessions' videos as far as they are known, for formats that link them.
    """
    if writer_of(out) is not None:
        tracks = {session.session_id: event_tracks(session.events) for session in sessions}
        return write_tracks(out, tracks, videos=videos)
    lengths = lengths_beside(out)
    rows = [row for session in sessions for row in event_rows(session.events)]
    length_rows = [_length_row(session) for session in sessions]
    with replacing(lengths) as part:
        write_csv(part, LENGTH_COLUMNS, length_rows)
    with replacing(out) as part:
        write_csv(part, EVENT_COLUMNS, rows)
    return [out, lengths]


def _length_row(session: SessionEvents) -> tuple[object, ...]:
    """A session's row in the order of ``LENGTH_COLUMNS``."""
    return (
        session.session_id,
        round(session.end_s, 6),
        round(session.valid_s, 6),
        stretches_text(session.observed),
    )
