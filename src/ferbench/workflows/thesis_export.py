"""``ferbench events --results --grades``.

The two files that the thesis' batch_detect writes, of all models at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferbench.errors import ConfigError, FormatError, VideoError
from ferbench.events.windowed import Windowed
from ferbench.thesis.grades import GradeBlock, is_grades, read_grades, ungraded, write_grades
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.results import (
    ResultsRow,
    is_results,
    participants_in,
    session_in,
    write_results,
)
from ferbench.workflows.find_events import FindOptions
from ferbench.workflows.found_events import SessionEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The files to write.

    Attributes:
        results: flags of each session and model; None = not wanted.
        grades: sheet to grade the events by hand; None = not wanted.
        max_events: a session with more events of a model gets no block for that model in
            ``grades``.
    """

    results: Path | None
    grades: Path | None
    max_events: int = 10

    def check(self, options: FindOptions, *, alone_needed: Sequence[str]) -> None:
        """Raise ConfigError where the files cannot be made of the answer, or other files are in
        their places.
        """
        if not isinstance(options.rule, Windowed):
            raise ConfigError(
                "--results and --grades hold the segments of the rule windowed; leave --rule out"
            )
        if alone_needed:
            raise ConfigError(
                f"{alone_needed[0]} has no place for several models; call 'ferbench events' once with --results and "
                f"--grades, and once with --model and {alone_needed[0]}"
            )
        for option, path, is_ours in (
            ("--results", self.results, is_results),
            ("--grades", self.grades, is_grades),
        ):
            if path is None:
                continue
            if path.is_dir() or path.suffix.lower() != ".csv":
                raise ConfigError(
                    f"{option}: expected the name of a file that ends in .csv, got {path}"
                )
            if path.exists() and not is_ours(path):
                raise ConfigError(
                    f"{option}: {path} is there and is another kind of file; choose another name"
                )
        if self.grades is not None and self.grades.exists() and is_graded(self.grades):
            raise ConfigError(
                f"--grades: {self.grades} is there and has grades in it; choose another name"
            )

    def write(
        self,
        paths: Sequence[Path],
        found: Mapping[Path, SessionEvents],
        *,
        failed: Callable[[Path, Exception], None],
        failures: Mapping[Path, Exception],
        sources: Sequence[Path],
    ) -> Iterator[str]:
        """Write the files; rows in the order of ``paths``.

        A file whose video could not be opened has a row without flags, as in the thesis; other
        failures have none.

        Args:
            paths: all files.
            found: answers of those that could be used.
            failed: told of a file whose name does not say what the rows need.
            failures: why the others could not be used.
            sources: what the user named; participant and session are looked for in the path below a
                folder.

        Yields:
            Sentences for the user.
        """
        rows: list[ResultsRow] = []
        blocks: list[GradeBlock] = []
        for path in paths:
            unopened = isinstance(failures.get(path), VideoError)
            if path not in found and not unopened:
                continue
            try:
                row, note = _row(path, _below(path, sources), found.get(path))
            except FormatError as error:
                failed(path, error)
                continue
            if note:
                yield f"note: {path.name}: {note}"
            rows.append(row)
            if row.count <= self.max_events:
                times = found[path].timecodes if path in found else ()
                blocks.append(ungraded(row.participant, row.session, row.model, times))
        if not rows:
            raise ConfigError("no file can be used, so nothing is written")
        if self.results is not None:
            self.results.parent.mkdir(parents=True, exist_ok=True)
            write_results(self.results, rows)
            yield f"wrote {self.results}: {len(rows)} rows"
        if self.grades is not None:
            self.grades.parent.mkdir(parents=True, exist_ok=True)
            write_grades(self.grades, blocks)
            more = len(rows) - len(blocks)
            without = (
                f"; {more} with more than {self.max_events} events have no block" if more else ""
            )
            yield f"wrote {self.grades}: {len(blocks)} blocks{without}"


def is_graded(path: Path) -> bool:
    """Whether somebody filled in a grade of a grade file."""
    return any(event.grade.strip() for block in read_grades(path).blocks for event in block.events)


def _below(path: Path, sources: Sequence[Path]) -> str:
    """A file's path below the folder that was named; of a file that was named itself its name."""
    roots = [source for source in sources if source.is_dir() and path.is_relative_to(source)]
    return path.relative_to(roots[0]).as_posix() if roots else path.name


def _row(path: Path, relative: str, found: SessionEvents | None) -> tuple[ResultsRow, str]:
    """The row of a file (``found`` None = its video could not be opened), and what is odd about it.

    Raises:
        FormatError: its path does not say participant, session, model and backend.
    """
    name = parse_thesis_name(path.name)
    if name is None or name.model is None:
        raise FormatError(
            f"{path} is not named <video>.<model>.<backend>.csv, which --results and --grades need"
        )
    participants, session = participants_in(relative), session_in(relative)
    if not participants or session is None:
        lack = (
            "a participant's number of five digits"
            if not participants
            else "'Sessie' with a number"
        )
        raise FormatError(
            f"{path}: expected {lack} in {relative!r}, which --results and --grades need; rename it"
        )
    flags = () if found is None or found.segments is None else found.segments
    row = ResultsRow(
        participant=participants[0],
        session=session,
        model=name.model,
        backend=name.backend,
        flags=flags,
        count=0 if found is None else len(found.events),
    )
    notes = []
    if len(set(participants)) > 1:
        notes.append(
            f"{participants[0]} is taken as the participant; {', '.join(participants[1:])} is in its path too"
        )
    if found is None:
        notes.append("written without segments")
    return row, "; ".join(notes)
