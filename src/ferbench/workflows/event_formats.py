"""Events, and what became of them, in files that annotation programs open (ELAN, BORIS, WebVTT)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError
from ferbench.formats.boris import write_boris
from ferbench.formats.elan import write_elan
from ferbench.formats.marks import Track
from ferbench.formats.webvtt import write_webvtt
from ferbench.places import file_stem

SESSION: Final = "{session}"
ENDINGS: Final = (".csv", ".eaf", ".vtt", ".boris.tsv", ".boris.csv")


def is_foreign(out: Path) -> bool:
    """Whether a file is to be written for an annotation program, by its ending."""
    return out.name.lower().endswith(ENDINGS[1:])


def check_foreign(out: Path, *, several: bool, option: str = "--out") -> None:
    """Raise ConfigError where such a file cannot be written.

    Args:
        out: the file; ``{session}`` in its name stands for each session's.
        several: there are several sessions.
        option: of the command, for messages.
    """
    if not is_foreign(out):
        raise ConfigError(
            f"{option}: expected a file that ends in {', '.join(ENDINGS[1:])}, got {out.name!r}"
        )
    if _of_one(out) and several and SESSION not in out.name:
        example = out.with_name(f"{SESSION}{out.suffix}")
        raise ConfigError(
            f"{option}: {out.suffix} files hold one session each; name them after it, as {str(example)!r}"
        )
    if not _of_one(out) and SESSION in out.name:
        raise ConfigError(
            f"{option}: BORIS's table holds all sessions; leave {SESSION} out of {out.name}"
        )
    if SESSION in str(out.parent):
        raise ConfigError(f"{option}: {SESSION} can stand in the file's name only, got {out}")
    if SESSION not in out.name:
        _check_free(out, option)


def write_tracks(
    out: Path, tracks: Mapping[str, Sequence[Track]], *, option: str = "--out"
) -> list[Path]:
    """Write tracks of each session, of all or of none where a file is there already.

    Return the files' paths.

    Raises:
        ConfigError: there are several sessions for one file, or a file is there already.
    """
    check_foreign(out, several=len(tracks) > 1, option=option)
    if not _of_one(out):
        write_boris(out, tracks)
        return [out]
    paths = {
        session: out.with_name(out.name.replace(SESSION, file_stem(session))) for session in tracks
    }
    for path in paths.values():
        _check_free(path, option)
    for session, path in paths.items():
        if path.suffix.lower() == ".eaf":
            write_elan(path, tracks[session])
        else:
            write_webvtt(path, tracks[session])
    return list(paths.values())


def _of_one(out: Path) -> bool:
    """Whether such a file holds one session only."""
    return out.suffix.lower() in (".eaf", ".vtt")


def _check_free(path: Path, option: str) -> None:
    if path.exists():
        raise ConfigError(
            f"{option}: {path} is there, and may hold somebody's work; choose another name, or remove it"
        )
