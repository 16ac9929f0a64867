"""``Results.csv`` and the grade file of all models, as the thesis' batch_detect writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError, FormatError, VideoError
from ferbench.events.windowed import Windowed
from ferbench.sentences import Setting, Text
from ferbench.thesis.grades import GradeBlock, is_grades, read_grades, ungraded, write_grades
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.results import (
    ResultsRow,
    is_results,
    participants_in,
    session_in,
    write_results,
)

BOTH: Final = Text(Setting("results"), " and ", Setting("grades"))
"""The two files as a user names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvents:
    """What the windowed rule found in one file of predictions.

    Attributes:
        segments: 1 = the segment has an event, else 0.
        timecodes: one per event: the time code of its first frame, counted from 1.
    """

    segments: tuple[int, ...]
    timecodes: tuple[str, ...]


UNOPENED: Final = FileEvents(segments=(), timecodes=())
"""What a file counts as whose video could not be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisExport:
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

    def check_rule(self, rule: object) -> None:
        """Raise ConfigError unless an event rule has the segments that the files hold."""
        if not isinstance(rule, Windowed):
            raise ConfigError(
                Text(BOTH, " hold the segments of the rule windowed"),
                hint=Text("leave ", Setting("rule"), " out"),
            )

    def check_places(self) -> None:
        """Raise ConfigError where other files, or grades, are in the files' places."""
        _check_place("results", self.results, is_results)
        _check_place("grades", self.grades, is_grades)
        if self.grades is not None and self.grades.exists() and read_grades(self.grades).is_graded:
            raise ConfigError(
                f"{self.grades} is there and has grades in it",
                key="grades",
                hint="choose another name",
            )

    def write(
        self,
        paths: Sequence[Path],
        events: Mapping[Path, FileEvents],
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
            events: of those that could be used.
            failed: told of a file whose name does not say what the rows need.
            failures: why the others could not be used.
            sources: what the user named; participant and session are looked for in the path below a
                folder.

        Yields:
            Sentences for the user.

        Raises:
            ConfigError: no file can be used.
        """
        rows: list[ResultsRow] = []
        blocks: list[GradeBlock] = []
        for path in paths:
            is_unopened = isinstance(failures.get(path), VideoError)
            if path not in events and not is_unopened:
                continue
            file_events = events.get(path, UNOPENED)
            relative = _below(path, sources)
            try:
                row = _row(path, relative, file_events)
            except FormatError as error:
                failed(path, error)
                continue
            notes = _participant_notes(relative)
            if path not in events:
                notes.append("written without segments")
            if notes:
                yield f"note: {path.name}: {'; '.join(notes)}"
            rows.append(row)
            if row.count <= self.max_events:
                times = file_events.timecodes
                blocks.append(ungraded(row.participant, row.session, row.model, times))
        if not rows:
            raise ConfigError("no file can be used, so nothing is written")
        yield from self._write_results(rows)
        yield from self._write_grades(blocks, left_out=len(rows) - len(blocks))

    def _write_results(self, rows: Sequence[ResultsRow]) -> Iterator[str]:
        if self.results is not None:
            write_results(self.results, rows)
            yield f"wrote {self.results}: {len(rows)} rows"

    def _write_grades(self, blocks: Sequence[GradeBlock], *, left_out: int) -> Iterator[str]:
        if self.grades is None:
            return
        write_grades(self.grades, blocks)
        sentence = f"wrote {self.grades}: {len(blocks)} blocks"
        if left_out:
            sentence += f"; {left_out} with more than {self.max_events} events have no block"
        yield sentence


def _check_place(key: str, path: Path | None, is_ours: Callable[[Path], bool]) -> None:
    if path is None:
        return
    if path.is_dir() or path.suffix.lower() != ".csv":
        raise ConfigError(f"expected the name of a file that ends in .csv, got {path}", key=key)
    if path.exists() and not is_ours(path):
        raise ConfigError(
            f"{path} is there and is another kind of file", key=key, hint="choose another name"
        )


def _below(path: Path, sources: Sequence[Path]) -> str:
    """A file's path below the folder that was named; of a file that was named itself its name."""
    for source in sources:
        if source.is_dir() and path.is_relative_to(source):
            return path.relative_to(source).as_posix()
    return path.name


def _row(path: Path, relative: str, events: FileEvents) -> ResultsRow:
    """The row of a file.

    Raises:
        FormatError: its path does not say participant, session, model and backend.
    """
    name = parse_thesis_name(path.name)
    if name is None or name.model is None:
        raise FormatError(
            Text(f"{path} is not named <video>.<model>.<backend>.csv, which ", BOTH, " need")
        )
    participants = participants_in(relative)
    if not participants:
        raise _misnamed(path, relative, "a participant's number of five digits")
    session = session_in(relative)
    if session is None:
        raise _misnamed(path, relative, "'Sessie' with a number")
    return ResultsRow(
        participant=participants[0],
        session=session,
        model=name.model,
        backend=name.backend,
        flags=events.segments,
        count=len(events.timecodes),
    )


def _misnamed(path: Path, relative: str, lack: str) -> FormatError:
    return FormatError(
        Text(f"{path}: expected {lack} in {relative!r}, which ", BOTH, " need"), hint="rename it"
    )


def _participant_notes(relative: str) -> list[str]:
    """What is odd about the participant in a path that has one."""
    first, *others = participants_in(relative)
    if all(other == first for other in others):
        return []
    return [f"{first} is taken as the participant; {', '.join(others)} is in its path too"]
