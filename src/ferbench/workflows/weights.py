"""``ferbench models``: which weight files there are, where they come from, and whether they are
here and right.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Group
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from ferbench.app.console import error_console
from ferbench.app.tables import rows_table
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.published import published_files
from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.download import content
from ferbench.weights.importing import Imported
from ferbench.weights.loading import FOUND_HERE, keep
from ferbench.weights.published import (
    UNKNOWN,
    Notice,
    OnFileBytes,
    PublishedFile,
    advice,
    check,
    digest,
    fetch,
    is_there,
    remove_empty,
)

GROUPS: Final = ("detector", "model")
SHOWN: Final = 10  # names of unknown files


def catalogue() -> dict[str, tuple[PublishedFile, ...]]:
    """Files by ``group/choice``."""
    return {
        f"{group}/{name}": files
        for group in GROUPS
        for name, files in published_files(group).items()
    }


def by_choice(names: Iterable[str]) -> dict[str, tuple[PublishedFile, ...]]:
    """Files of the named choices (``mtcnn`` or ``detector/mtcnn``) by choice, and the named files
    themselves.

    Raises:
        ConfigError: no such choice or file; names the choices there are.
    """
    everything = catalogue()
    found: dict[str, tuple[PublishedFile, ...]] = {}
    for name in names:
        hits = {key: files for key, files in everything.items() if name in (key, key.split("/")[1])}
        hits = hits or {
            f.file: (f,) for files in everything.values() for f in files if f.file == name
        }
        if not hits:
            raise ConfigError(
                f"no detector or model {name!r} with weights; {_meant(name, everything)}there are: "
                f"{', '.join(everything)}"
            )
        found |= hits
    return found


def _meant(name: str, everything: Mapping[str, Sequence[PublishedFile]]) -> str:
    """Which choice or file was meant, as far as that can be guessed."""
    files = [item.file for own in everything.values() for item in own]
    there = dict.fromkeys([*everything, *(key.split("/")[1] for key in everything), *files])
    near = difflib.get_close_matches(name, there, n=1)
    return f"did you mean {near[0]}? " if near else ""


def all_files() -> tuple[PublishedFile, ...]:
    """Every file that some choice names, once."""
    return tuple({item.file: item for files in catalogue().values() for item in files}.values())


def listing(folder: Path) -> Group:
    """What ``models list`` shows, readable at 80 columns: a line per choice."""
    rows = [
        [
            choice,
            _state(files, folder),
            size_text(files),
            "research only" if is_restricted(files) else "",
        ]
        for choice, files in catalogue().items()
    ]
    table = rows_table(f"weights in {folder}", ("choice", "state", "size", "use"), rows)
    return Group(
        table,
        Text(
            "\nfiles, licences, origins and papers of one: ferbench models list NAME", style="dim"
        ),
    )


def details(names: Iterable[str], folder: Path) -> Group:
    """What ``models list NAME`` shows: all that is known of a choice's files.

    Raises:
        ConfigError: no such choice or file.
    """
    shown: list[Text | Table] = []
    for choice, files in by_choice(names).items():
        lines = Table.grid(padding=(0, 1))
        for item in files:
            lines.add_row(
                "  file",
                Text(f"{item.file}: {_whole_state(item, folder)}, size {size_text((item,))}"),
            )
            lines.add_row("  sha256", Text(_digest_text(item, folder), overflow="fold"))
            lines.add_row("  source", Text(str(item.source), overflow="fold"))
        for name in ("licence", "accuracy", "paper"):
            for said in dict.fromkeys(getattr(item, name) for item in files):
                lines.add_row(f"  {name}", Text(said or "not published"))
        use = "research only" if is_restricted(files) else "see the licence"
        lines.add_row("  use", Text(use))
        shown += [Text(choice, style="bold"), lines]
    return Group(*shown)


def is_restricted(files: Iterable[PublishedFile]) -> bool:
    """Whether one of the files is for research only."""
    return any(item.research_only for item in files)


def size_text(files: Iterable[PublishedFile]) -> str:
    """Their size together.

    >>> size_text(())
    '0.0 MB'
    """
    sizes = [item.size_bytes for item in files]
    total = sum(size or 0 for size in sizes) / 1e6
    if None in sizes:
        return f"over {total:.1f} MB" if total else "unknown"
    return f"{total:.1f} MB"


def _digest_text(item: PublishedFile, folder: Path) -> str:
    known = digest(item, folder)
    if known is not None:
        return known if len(item.sha256) == 64 else f"{known} (of {weights_lock.NAME})"
    told = "not published" if item.sha256 == UNKNOWN else f"{item.sha256}..., no more is published"
    return f"{told}; {weights_lock.NAME} keeps that of the file that is loaded first"


def _state(files: Sequence[PublishedFile], folder: Path) -> str:
    """Whether files are here, and as long as they should be."""
    here = [item for item in files if is_there(item, folder)]
    wrong = [item for item in here if _fault_at_a_glance(item, folder)]
    if wrong:
        return f"WRONG: {', '.join(Path(item.file).name for item in wrong)}"
    return (
        "here"
        if len(here) == len(files)
        else "missing"
        if not here
        else f"{len(here)} of {len(files)} here"
    )


def _fault_at_a_glance(item: PublishedFile, folder: Path) -> str:
    """Why a file that is here cannot be the right one, without reading all of it.

    "" = it can be.
    """
    path = folder / item.file
    line = weights_lock.read(folder).get(item.file) if len(item.sha256) < 64 else None
    expected = item.size_bytes if line is None else line.size_bytes
    size = path.stat().st_size
    if expected not in (None, size):
        return f"it has {size} bytes, expected {expected}"
    return content.fault(path, path.suffix) if digest(item, folder) is None else ""


def fault(item: PublishedFile, folder: Path) -> str:
    """What is wrong with a file that is here, size first, and what to do.

    "" = as far as its bytes tell nothing.
    """
    if seen := _fault_at_a_glance(item, folder):
        return f"{folder / item.file} is not the file that it should be: {seen}. {advice(item, folder)}"
    try:
        check(item, folder)
    except WeightsError as error:
        return str(error)
    return ""


def _whole_state(item: PublishedFile, folder: Path) -> str:
    if not is_there(item, folder):
        return "missing"
    wrong = fault(item, folder)
    return f"WRONG ({wrong})" if wrong else "here"


def fetch_chosen(
    choices: Mapping[str, Sequence[PublishedFile]], folder: Path, notify: Notice
) -> tuple[dict[Path, str], list[str]]:
    """Fetch choice by choice, so that one that cannot be had keeps none of the others away.

    Returns:
        The files that are there and checked, with what vouches for them, and what went wrong.
    """
    paths: dict[Path, str] = {}
    errors: dict[str, None] = {}
    with download_progress() as on_bytes:
        for choice, files in choices.items():
            restricted = [
                item for item in files if item.research_only and not is_there(item, folder)
            ]
            if restricted:
                notify(f"{choice} is for research only: {restricted[0].licence}")
            try:
                missing = {item.file for item in files if not is_there(item, folder)}
                fetched = fetch(files, folder, notify=notify, on_bytes=on_bytes)
                for path, item in zip(fetched, files, strict=True):
                    _confirm_fetched(item, folder, is_new=item.file in missing)
                    paths[path] = how_known(item, folder)
            except WeightsError as error:
                errors[str(error)] = None
    return paths, list(errors)


def _confirm_fetched(item: PublishedFile, folder: Path, *, is_new: bool) -> None:
    """Raise WeightsError where a file does not fit its network.

    One that came just now is not kept then.
    """
    try:
        confirm(item, folder, origin=str(item.source) if is_new else FOUND_HERE)
    except WeightsError as error:
        if not is_new:
            raise WeightsError(f"{error} {advice(item, folder)}") from error
        path = folder / item.file
        path.unlink(missing_ok=True)
        remove_empty(path, folder)
        raise WeightsError(f"what came from {item.source} is not kept: {error}") from error


def confirm(item: PublishedFile, folder: Path, *, origin: str = FOUND_HERE) -> None:
    """Check a file; where nobody knows its digest yet, load its network with it and hold to it if
    that works.

    Where that cannot be tried (another file of the network, or a package is missing), the first run
    will do so.

    Args:
        item: the file.
        folder: the models folder.
        origin: where it came from, for the lock.

    Raises:
        WeightsError: it is not what it should be, or does not fit the network.
    """
    check(item, folder)
    if digest(item, folder) is not None:
        return
    part = next(
        (build_part(key) for key, own in catalogue().items() if item.file in {f.file for f in own}),
        None,
    )
    if part is None or not all(is_there(own, folder) for own in part.weights_files()):
        return
    import torch

    try:
        part.load(torch.device("cpu"), folder)
    except ConfigError:
        return
    keep(item, folder, origin=origin)


def build_part(choice: str) -> Any:
    """The detector or model of ``group/choice``, as its yaml describes it."""
    group, _, name = choice.partition("/")
    return build(composed({group: name})[group], where=choice)


@contextmanager
def download_progress() -> Iterator[OnFileBytes]:
    """A bar per download on stderr; silent in CI and where that is no terminal."""
    quiet = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    shown = Progress(
        *columns,
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=quiet,
        redirect_stdout=sys.stdout.isatty(),  # what goes into a file stays there
    )
    tasks: dict[str, TaskID] = {}

    def on_bytes(item: PublishedFile, done_bytes: int, total_bytes: int | None) -> None:
        if item.file not in tasks:
            tasks[item.file] = shown.add_task(item.file, total=total_bytes)
        shown.update(tasks[item.file], completed=done_bytes, total=total_bytes)

    with shown:
        yield on_bytes


def import_lines(found: Imported, folder: Path) -> list[str]:
    """What an import found beside the copied files, in sentences."""
    lines = [f"{item.file}: was here already" for item in found.here]
    lines += [f"cannot be used: {said}" for said in found.unreadable]
    lines += [f"another file: {said}" for said in found.differing]
    if found.unknown:
        more = f" and {len(found.unknown) - SHOWN} more" if len(found.unknown) > SHOWN else ""
        lines.append(
            f"not known (no yaml names their sha256): {', '.join(found.unknown[:SHOWN])}{more}"
        )
    lines += [f"still missing: {item.file}, from {item.source}" for item in found.missing]
    lines.append(f"{len(found.copied)} copied into {folder}, {len(found.missing)} still missing")
    return lines


def verify(folder: Path) -> tuple[list[str], list[str]]:
    """Check every file that is here; return sentences: those in order, and those not."""
    good, bad = [], []
    for item in all_files():
        if not is_there(item, folder):
            good.append(f"{item.file}: not here (ferbench models fetch {item.file})")
            continue
        try:
            check(item, folder)
        except WeightsError as error:
            bad.append(str(error))
            continue
        try:
            confirm(item, folder)
            good.append(
                f"{item.file}: {how_known(item, folder)} (sha256 {(digest(item, folder) or 'unknown')[:12]})"
            )
        except WeightsError as error:
            bad.append(f"{error} {advice(item, folder)}")
    return good, bad


def how_known(item: PublishedFile, folder: Path) -> str:
    """What a right digest means: the publisher's, or that of the file that was loaded first."""
    if len(item.sha256) == 64:
        return "as published"
    if digest(item, folder) is None:
        return f"it may be the right one; the first run that can load it writes its sha256 into {weights_lock.NAME}"
    return f"as in {weights_lock.NAME}"
