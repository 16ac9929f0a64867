"""Whether a file is there and is the right one, and what to do if not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ferbench.errors import WeightsError
from ferbench.sentences import Action, Text
from ferbench.weights import lock as weights_lock
from ferbench.weights.digests import known_digest, sha256_of
from ferbench.weights.download import content
from ferbench.weights.published import PublishedFile


def is_there(item: PublishedFile, folder: Path) -> bool:
    """Whether the file exists (its hash is checked when it is loaded)."""
    return (folder / item.file).is_file()


def check(item: PublishedFile, folder: Path) -> Path:
    """Return the path of a file that is there and is, as far as its bytes tell, what it should be.

    Raises:
        WeightsError: it is missing, its hash differs (names both), or it cannot be what its name
            says.
    """
    return check_with_digest(item, folder)[0]


def check_all(items: Iterable[PublishedFile], folder: Path) -> tuple[Path, ...]:
    """``check`` several files; one error tells all that is wrong, a line each."""
    paths = []
    problems: list[str] = []
    for item in items:
        try:
            paths.append(check(item, folder))
        except WeightsError as error:
            problems.append(error.text())
    raise_all(problems)
    return tuple(paths)


def check_with_digest(item: PublishedFile, folder: Path) -> tuple[Path, str]:
    """Path and digest of a file (see ``check``)."""
    path = folder / item.file
    if not path.is_file():
        raise WeightsError(_missing(item, folder))
    sha256 = sha256_of(path)
    problem = _problem(item, path, sha256, known_digest(item, folder))
    if problem:
        raise WeightsError(Text(f"{path} {problem}. ", advice(item, folder)))
    return path, sha256


def _problem(item: PublishedFile, path: Path, sha256: str, expected: str | None) -> str:
    """What is wrong with a file; "" = nothing, as far as its bytes tell."""
    if expected is None:
        reason = why_impossible(item, path, sha256)
        return f"cannot be used: {reason}" if reason else ""
    if sha256 != expected:
        return f"is not the file that it should be: sha256 is {sha256}, expected {expected}"
    return ""


def _missing(item: PublishedFile, folder: Path) -> Text:
    return Text(
        f"{item.file} is not in {folder}. It is {item.source}. Fetch it with ",
        Action("fetch_weights", item.file),
        "; without network, fetch it on another machine (",
        Action("fetch_weights", item.file, settings={"folder": "DIR"}),
        ") and bring it here with ",
        Action("import_weights", "DIR"),
        ".",
    )


def advice(item: PublishedFile, folder: Path) -> Text:
    """What to do about a file that is there and is not the right one."""
    fetch_again = Text(
        "Delete the file and run ",
        Action("fetch_weights", item.file),
        ", or run ",
        Action("import_weights", "DIR"),
        " on a folder with a good copy.",
    )
    if item.has_whole_digest or known_digest(item, folder) is None:
        return fetch_again
    return Text(
        f"{folder / weights_lock.NAME} keeps the sha256 that counts. If another file is meant, "
        f"delete the line of {item.file} there first (every result of it gets a new key). ",
        fetch_again,
    )


def why_impossible(item: PublishedFile, path: Path, sha256: str) -> str:
    """Why a file whose digest nobody published cannot be what it should be; "" = it can be.

    Args:
        item: the file that it should be.
        path: the file, under any name.
        sha256: its digest.
    """
    size_bytes = path.stat().st_size
    if item.size_bytes not in (None, size_bytes):
        return f"it has {size_bytes} bytes, expected {item.size_bytes} (size_bytes in the yaml)"
    reason = content.why_impossible(path, Path(item.file).suffix)
    if reason:
        return reason
    if not sha256.startswith(item.published_digits):
        return f"its sha256 is {sha256}, expected one that begins with {item.sha256}"
    return ""


def refuse_impossible(item: PublishedFile, path: Path, sha256: str, *, origin: str) -> None:
    """Raise WeightsError for a file that just came and cannot be what it should be.

    Args:
        item: the file that it should be.
        path: the file, under any name.
        sha256: its digest.
        origin: where it came from, for the message.
    """
    reason = why_impossible(item, path, sha256)
    if reason:
        raise WeightsError(f"{origin} cannot be {item.file}: {reason}. It is not kept.")


def raise_all(problems: Iterable[str]) -> None:
    """Raise one WeightsError with all problems, a line each and each once; none = do nothing."""
    lines: list[str] = []
    for problem in dict.fromkeys(problems):
        lines += ["\n", problem] if lines else [problem]
    if lines:
        raise WeightsError(Text(*lines))
