"""Weights, videos and tables of a run: whether they are those that it read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from ferbench.pipeline.recipe import Recipe
from ferbench.secret_texts import masked
from ferbench.tracking.record import Input
from ferbench.types import LoadedDataset
from ferbench.weights.digests import sha256_of, with_digests
from ferbench.weights.published import WHOLE_DIGITS, PublishedFile
from ferbench.workflows.recording import weights_tag
from ferbench.workflows.reproduction.change import Change

DigestOf = Callable[[Path], str]

VIDEO: Final = "video"
_TABLES: Final[tuple[Literal["annotations", "manifest"], ...]] = ("annotations", "manifest")


def recorded_digests(recipe: Recipe, tags: Mapping[str, str]) -> dict[str, str]:
    """The digest of each weight file, as far as the run recorded whole ones."""
    digests = {item.file: tags.get(weights_tag(item.file), "") for item in weights_of(recipe)}
    return {file: digest for file, digest in digests.items() if len(digest) == WHOLE_DIGITS}


def weights_of(recipe: Recipe) -> tuple[PublishedFile, ...]:
    """All weight files of a recipe."""
    return (*recipe.detector.weights_files(), *recipe.model.weights_files())


def with_weights(recipe: Recipe, digests: Mapping[str, str]) -> Recipe:
    """A recipe that takes no other weights than those of these digests."""
    return with_digests(recipe, lambda item: digests.get(item.file))


def changed_weights(
    recipe: Recipe, recorded: Mapping[str, str], models: Path
) -> tuple[list[Change], dict[str, str]]:
    """Weights that are not those of the run, and the digests of all that are there.

    A file that is missing is no change: it is fetched, and checked against the digest of the run.
    """
    changes, there = [], {}
    for item in weights_of(recipe):
        path, digest = models / item.file, recorded.get(item.file, "")
        if not path.is_file():
            continue
        there[item.file] = sha256_of(path)
        if there[item.file] != digest:
            changes.append(_change("weights", item.file, digest, there[item.file]))
    return changes, there


def changed_inputs(
    inputs: Iterable[Input], loaded: LoadedDataset, digest_of: DigestOf
) -> list[Change]:
    """Videos and tables that are not those of the run, are missing, or came later."""
    recorded = tuple(inputs)
    videos = (part.path for session in loaded.sessions for part in session.parts)
    changes = list(_changed(VIDEO, recorded, videos, digest_of))
    for kind in _TABLES:
        changes += _changed(kind, recorded, loaded.tables.get(kind, ()), digest_of)
    return changes


def _changed(
    kind: Literal["video", "annotations", "manifest"],
    inputs: Iterable[Input],
    paths: Iterable[Path],
    digest_of: DigestOf,
) -> Iterator[Change]:
    recorded = [item for item in inputs if item.kind == kind]
    digests = {item.sha256 for item in recorded}
    left = {item.name: item.sha256 for item in recorded}
    there: set[str] = set()
    for path in paths:
        name = masked(path.name)
        now = digest_of(path) if path.is_file() else ""
        was = left.pop(name, "")
        there.add(now)
        if now not in digests and (now or was):
            yield _change(kind, name, was, now)
    for name, was in left.items():
        if was not in there:
            yield _change(kind, name, was, "")


def _change(
    kind: Literal["weights", "video", "annotations", "manifest"], name: str, was: str, now: str
) -> Change:
    return Change(kind=kind, name=name, recorded=was, now=now, stops=bool(was))
