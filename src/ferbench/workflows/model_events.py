"""Events of several models, from their tables of events or predictions, to be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferbench.config.choices import Choice, component_for
from ferbench.errors import ConfigError, FerbenchError
from ferbench.formats.grading_key import KeyRow
from ferbench.formats.length_table import is_lengths, read_lengths
from ferbench.sentences import Setting, Text
from ferbench.thesis.names import parse_thesis_name
from ferbench.types import Event
from ferbench.workflows.file_kinds import default_rule, events_in, kind_of
from ferbench.workflows.find_events import FindOptions, find_in_file
from ferbench.workflows.prediction_sources import OnFailure, prediction_sources

_PLAIN_NAMES: Final = ("events", "predictions")
"""Names of files and folders that say nothing about the model: the folder above them does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for in predictions; tables of events hold what was found already.

    Attributes:
        labels: expressions.
        rule: as ``find_events`` takes it.
        fps: of the thesis' files: rows per second.
        video: of the thesis' files: their videos' folder, or one video.
    """

    labels: tuple[str, ...] = ("surprise",)
    rule: Choice = None
    fps: float | None = None
    video: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A table or a folder of predictions, and whose it is."""

    model: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEvents:
    """Events of all models, ``item`` still empty.

    Attributes:
        rows: in no order.
        ends_s: by session where its video ends, seconds, as far as that is known.
        tables: by session its files of predictions.
    """

    rows: tuple[KeyRow, ...]
    ends_s: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Sorted."""
        return tuple(sorted({row.model for row in self.rows}))


def sources_of(texts: Sequence[str]) -> list[Source]:
    """``PATH`` or ``MODEL=PATH``, each a model.

    Raises:
        ConfigError: a path is not there, or two have one name.
    """
    sources = [_source(text) for text in texts]
    names = [source.model for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"two of the results are called {name!r}", hint="name them: MODEL=PATH"
            )
    return sources


def _source(text: str) -> Source:
    path = Path(text).expanduser()
    name, sign, rest = text.partition("=")
    if not path.exists() and sign and name.strip():
        path = Path(rest).expanduser()
        if path.exists():
            return Source(name.strip(), path)
    if not path.exists():
        raise ConfigError(
            f"there is no file or folder {path}; expected tables of events or predictions"
        )
    name = path.name if path.is_dir() else path.stem
    if name in _PLAIN_NAMES:
        name = path.absolute().parent.name
    return Source(name, path)


def model_events(
    sources: Sequence[Source], search: Search, *, on_failure: OnFailure
) -> ModelEvents:
    """Read or find the events of all models; a file that cannot be used is told, others go on.

    Raises:
        ConfigError: the rule or a label cannot be used, or there is no event.
    """
    rows: list[KeyRow] = []
    failed: list[Exception] = []
    ends_s: dict[str, float] = {}
    tables: dict[str, list[Path]] = {}
    for source in sources:
        for model, path in _files(source):
            try:
                rows += _rows(model, path, search, ends_s, tables)
            except (FerbenchError, OSError) as error:
                on_failure(path, error)
                failed.append(error)
    if not rows:
        raise _no_event(search, failed)
    return ModelEvents(rows=tuple(rows), ends_s=ends_s, tables=tables)


def _no_event(search: Search, failed: Sequence[Exception]) -> FerbenchError:
    """Why there is nothing to grade: the first file's reason, where files failed."""
    for error in failed:
        if isinstance(error, FerbenchError):
            return error
    rule = search.rule if isinstance(search.rule, str) else "the default"
    return ConfigError(
        f"there is no event to grade: none of {', '.join(search.labels)} with the rule {rule}",
        hint=Text("look for others with ", Setting("labels"), " or ", Setting("rule")),
    )


def _files(source: Source) -> Iterator[tuple[str, Path]]:
    """The files of a source with their models: the thesis' files name theirs."""
    if not source.path.is_dir():
        yield source.model, source.path
        return
    for path in prediction_sources([source.path], model=None, several=True).paths:
        name = parse_thesis_name(path.name) if kind_of(path) == "thesis" else None
        yield (name.model if name and name.model else source.model), path


def _rows(
    model: str,
    path: Path,
    search: Search,
    ends_s: dict[str, float],
    tables: dict[str, list[Path]],
) -> list[KeyRow]:
    """The events of a file; of predictions, their session's end and themselves are noted too."""
    if path.suffix.lower() == ".json" or kind_of(path) == "events":
        participants = _participants(path)
        return [
            _row(model, event, participant=participants.get(event.session_id, ""))
            for event in events_in(path).events
        ]
    found = find_in_file(path, _options(search, path))
    ends_s[found.session_id] = max(found.end_s, ends_s.get(found.session_id, 0.0))
    tables.setdefault(found.session_id, []).append(path)
    pairs = zip(found.events, found.timecodes, strict=True)
    return [_row(model, event, timecode=timecode) for event, timecode in pairs]


def _options(search: Search, path: Path) -> FindOptions:
    is_thesis = kind_of(path) == "thesis"
    rule = search.rule if search.rule is not None else default_rule([path])
    return FindOptions(
        rule=component_for("event", rule),
        labels=search.labels,
        fps=search.fps if is_thesis else None,
        video=search.video if is_thesis else None,
    )


def _participants(path: Path) -> dict[str, str]:
    """Whose sessions are, by the table of lengths beside a table of events."""
    for beside in (path.with_suffix(".sessions.csv"), path.with_name("sessions.csv")):
        if beside.is_file() and is_lengths(beside):
            lengths = read_lengths(beside)
            return {name: length.participant for name, length in lengths.items()}
    return {}


def _row(model: str, event: Event, *, participant: str = "", timecode: str = "") -> KeyRow:
    return KeyRow(
        item="",
        participant=participant,
        session=event.session_id,
        model=model,
        label=event.label,
        onset_s=event.onset_s,
        offset_s=event.offset_s,
        trigger_s=event.trigger_s,
        timecode=timecode,
    )
