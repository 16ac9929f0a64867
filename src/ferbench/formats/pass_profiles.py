"""``profile.csv``: where the time of each pass of a run went, a row per pass."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import DataError, FormatError
from ferbench.formats.file_sizes import check_size
from ferbench.secret_texts import masked
from ferbench.types import LANE_STAGES, READER_STAGES, PassProfile

PROFILE_FILE: Final = "profile.csv"
_STAGES: Final = (*READER_STAGES, *LANE_STAGES)
HEADER: Final = (
    *("video", "frames", "wall_s", "lanes"),
    *(f"{stage}_s" for stage in _STAGES),
    *("reader_wait_s", "lane_wait_s"),
)


def write_pass_profiles(path: Path, profiles: Sequence[PassProfile]) -> None:
    """Write a row per pass, seconds with six decimals; the file is replaced as a whole."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for each in profiles:
        waits = (each.reader_wait_s, each.lane_wait_s)
        seconds = [f"{value:.6f}" for value in (*(each.busy_s[s] for s in _STAGES), *waits)]
        writer.writerow(
            [masked(each.video), each.frames, f"{each.wall_s:.6f}", each.lanes, *seconds]
        )
    write_text(path, text.getvalue())


def read_pass_profiles(path: Path) -> tuple[PassProfile, ...]:
    """Read what ``write_pass_profiles`` wrote.

    Raises:
        FormatError: it cannot be read, or is another table; names the line.
    """
    try:
        check_size(path)
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: not a table of passes ({error})") from error
    if not rows:
        raise FormatError(f"{path}: expected a row per pass, got none")
    return tuple(_profile(row, path, line) for line, row in enumerate(rows, start=2))


def _profile(row: Mapping[str, str], path: Path, line: int) -> PassProfile:
    missing = [name for name in HEADER if row.get(name) is None]
    if missing:
        raise FormatError(
            f"{path}, line {line}: no {', '.join(missing)}; expected a {PROFILE_FILE} as runs "
            "write it"
        )
    try:
        return PassProfile(
            video=row["video"],
            frames=int(row["frames"]),
            wall_s=float(row["wall_s"]),
            lanes=int(row["lanes"]),
            busy_s={stage: float(row[f"{stage}_s"]) for stage in _STAGES},
            reader_wait_s=float(row["reader_wait_s"]),
            lane_wait_s=float(row["lane_wait_s"]),
        )
    except (ValueError, DataError) as error:
        raise FormatError(f"{path}, line {line}: {error}") from error
