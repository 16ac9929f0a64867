"""Whether what lies in a cache is what was written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.errors import CacheError
from ferbench.json_texts import read_json
from ferbench.pipeline import tables
from ferbench.pipeline.cache import remembered
from ferbench.pipeline.cache_contents import CHUNKS, KEPT, Contents, Entry
from ferbench.pipeline.sealed import MANIFEST, read_folder

_KEY: Final = re.compile(r"[0-9a-f]{64}")
_GRAPH: Final = re.compile(r"[0-9a-f]{64}-([0-9a-f]{64})\.onnx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A stored result that cannot be used.

    Attributes:
        entry: the result.
        why: what is wrong with it.
    """

    entry: Entry
    why: str


def broken_ones(contents: Contents) -> Iterator[Broken]:
    """Read all results, and give those that are not as they were written.

    What another process deletes meanwhile is not broken.
    """
    for entry in contents.entries:
        why = _why_broken(entry, contents.folder)
        if why and entry.path.exists():
            yield Broken(entry=entry, why=why)


def table_about(path: Path) -> dict[str, Any]:
    """The description of a table, without its rows and unchecked; {} = none that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about: dict[str, Any] = json.loads(pq.read_metadata(path).metadata[tables.ABOUT])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return {}
    return about


def _why_broken(entry: Entry, cache: Path) -> str:
    """What is wrong with a result; "" = nothing, or it is none of ferbench's."""
    path = entry.path
    try:
        if entry.stage == CHUNKS and path.is_dir():
            for chunk in sorted(path.glob("*.parquet")):
                _check_chunk(chunk, path.name)
        elif (path / MANIFEST).is_file():
            read_folder(path)
        elif path.suffix == ".parquet":
            _check_table(entry, cache)
        else:
            _check_other(entry)
    except (CacheError, OSError, ValueError) as error:
        return str(error.__cause__ or error).removeprefix(f"{path}: ")
    return ""


def _check_table(entry: Entry, cache: Path) -> None:
    """Read a table, and check that it lies where its own key says."""
    _, about = tables.read(entry.path)
    key, stage = about.get("key"), about.get("stage")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise CacheError("it does not say of which key it is")
    if entry.path != cache / str(stage) / key[:2] / f"{key}.parquet":
        raise CacheError(f"it is the table {stage} {key[:12]} and lies in another's place")
    if hashlib.sha256(str(about.get("spec")).encode()).hexdigest() != key:
        raise CacheError("its key is not that of what it says it was made from")


def _check_chunk(path: Path, key: str) -> None:
    _, about = tables.read(path)
    if about.get("chunk_of") != key:
        raise CacheError(f"{path.name} is a chunk of another table")


def _check_other(entry: Entry) -> None:
    """Check a translated network, a remembered digest, or a note of a suspect."""
    graph = _GRAPH.fullmatch(entry.path.name)
    if graph is not None:
        if hashlib.sha256(entry.path.read_bytes()).hexdigest() != graph[1]:
            raise CacheError("its bytes are not those that its name says")
    elif entry.stage == "digests" and not remembered(entry.path):
        raise CacheError("it is not as it was written")
    elif entry.stage == KEPT:
        read_json(entry.path)
