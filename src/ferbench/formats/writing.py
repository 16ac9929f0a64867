"""Writes events, and what became of them, to files that annotation programs open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError
from ferbench.formats.annotation_format import AnnotationFormat
from ferbench.formats.dispatch import endings, writer_of
from ferbench.formats.tracks import SessionTracks, Track
from ferbench.places import file_stem

SESSION: Final = "{session}"
"""Stands in a file's name for the name of its session."""


def check_target(out: Path, *, several: bool, key: str = "out") -> AnnotationFormat:
    """The format of a file that is to be written.

    Args:
        out: the file; ``{session}`` in its name stands for each session's.
        several: there are several sessions.
        key: what the file was given as, for messages.

    Raises:
        ConfigError: no format has such a name, it cannot hold the sessions, or it is there already.
    """
    annotation_format = _writer(out, key)
    reason = _unfit_name(out, annotation_format, several=several)
    if reason:
        raise ConfigError(reason, key=key)
    if SESSION not in out.name:
        _check_free(out, key)
    return annotation_format


def _writer(out: Path, key: str) -> AnnotationFormat:
    annotation_format = writer_of(out)
    if annotation_format is None:
        expected = f"a file that ends in {', '.join(endings())}"
        raise ConfigError(key=key, expected=expected, got=out.name)
    return annotation_format


def _unfit_name(out: Path, annotation_format: AnnotationFormat, *, several: bool) -> str:
    """Why a file of such a name cannot hold the sessions; "" = it can."""
    if SESSION in str(out.parent):
        return f"{SESSION} can stand in the file's name only, got {out}"
    named_after_session = SESSION in out.name
    if not annotation_format.one_session and named_after_session:
        name = annotation_format.name
        return f"{name}'s table holds all sessions; leave {SESSION} out of {out.name}"
    if annotation_format.one_session and several and not named_after_session:
        return f"{out.suffix} files hold one session each; name them after it, as {_example(out)!r}"
    return ""


def _example(out: Path) -> str:
    """A name that stands for the files of all sessions."""
    return str(out.with_name(f"{SESSION}{out.suffix}"))


def write_tracks(
    out: Path,
    tracks: Mapping[str, Sequence[Track]],
    *,
    videos: Mapping[str, Path] | None = None,
    key: str = "out",
) -> list[Path]:
    """Write tracks of each session; none is written where a file is there already.

    Args:
        out: the file; ``{session}`` in its name stands for each session's.
        tracks: by session.
        videos: the sessions' videos as far as they are known, which formats that link them link.
        key: what the file was given as, for messages.

    Returns:
        The files' paths.

    Raises:
        ConfigError: see ``check_target``.
    """
    annotation_format = check_target(out, several=len(tracks) > 1, key=key)
    assert annotation_format.write is not None
    known = videos or {}
    sessions = {
        session: SessionTracks(tuple(of_session), known.get(session))
        for session, of_session in tracks.items()
    }
    if not annotation_format.one_session:
        annotation_format.write(out, sessions)
        return [out]
    paths = _paths_of_sessions(out, tracks, key)
    for session, path in paths.items():
        annotation_format.write(path, {session: sessions[session]})
    return list(paths.values())


def _paths_of_sessions(out: Path, sessions: Iterable[str], key: str) -> dict[str, Path]:
    """The file of each session. Raises ConfigError where one is there already."""
    paths = {}
    for session in sessions:
        paths[session] = out.with_name(out.name.replace(SESSION, file_stem(session)))
        _check_free(paths[session], key)
    return paths


def _check_free(path: Path, key: str) -> None:
    if path.exists():
        raise ConfigError(
            f"{path} is there, and may hold somebody's work; choose another name, or remove it",
            key=key,
        )
