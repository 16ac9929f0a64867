"""Weight files: which there are, bringing them here, and whether they are here and right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ferbench.config.published import chosen_files
from ferbench.errors import ConfigError, WeightsError, WeightsFolderError
from ferbench.places import default_root, models_dir
from ferbench.sentences import Text
from ferbench.weights import importing
from ferbench.weights import lock as weights_lock
from ferbench.weights.checking import advice, check, is_there
from ferbench.weights.digests import known_digest
from ferbench.weights.download import content
from ferbench.weights.fetching import (
    Notice,
    OnFileBytes,
    fetch,
    ignore_bytes,
    ignore_notice,
)
from ferbench.weights.importing import Imported
from ferbench.weights.loading import FOUND_HERE
from ferbench.weights.placing import remove_empty_folders
from ferbench.weights.published import PublishedFile
from ferbench.workflows import weights_catalogue
from ferbench.workflows.weights_catalogue import GROUPS, Choices
from ferbench.workflows.weights_results import (
    Basis,
    State,
    WeightChoice,
    WeightFile,
    WeightList,
    WeightReport,
)


def list_weights(
    names: str | Sequence[str] = (), *, folder: Path | str | None = None
) -> WeightList:
    """Detectors and models, and whether their weights are here.

    Args:
        names: one or more choices (``mtcnn`` or ``detector/mtcnn``) or files, whose digests are
            then checked; () = all, judged by their size and beginning.
        folder: the models folder; None = the usual one.

    Raises:
        ConfigError: no such choice or file.
    """
    folder = _usual(folder)
    choices = _chosen(names, everything=not names)
    listed = [_listed(name, items, folder, thorough=bool(names)) for name, items in choices.items()]
    return WeightList(folder=folder, choices=tuple(listed))


def fetch_weights(
    names: str | Sequence[str] = (),
    *,
    everything: bool = False,
    folder: Path | str | None = None,
    notify: Notice = ignore_notice,
    on_bytes: OnFileBytes = ignore_bytes,
) -> WeightReport:
    """Bring weight files from where they are published, and check them.

    Choice by choice, so that one that cannot be had keeps none of the others away.

    Args:
        names: one or more choices (``mtcnn`` or ``detector/mtcnn``) or files; () = those of the
            default configuration.
        everything: those of every detector and model.
        folder: where they go; None = the usual models folder.
        notify: called with one sentence before each download, and for research-only weights.
        on_bytes: called with how far a download is.

    Returns:
        The files that are here and right; its ``problems`` say what could not be had, and why.

    Raises:
        ConfigError: no such choice or file, or names and everything are given.
    """
    folder = _usual(folder)
    files: list[WeightFile] = []
    problems: list[str] = []
    for choice, items in _chosen(names, everything=everything).items():
        _notify_of_restriction(choice, items, folder, notify)
        try:
            for item in _fetched(items, folder, notify, on_bytes):
                files.append(_weight_file(item, folder, "here"))
        except WeightsError as error:
            problems.append(error.text())
    return WeightReport(
        folder=folder,
        files=tuple({file.item.file: file for file in files}.values()),
        problems=tuple(dict.fromkeys(problems)),
    )


def import_weights(source: Path | str, *, folder: Path | str | None = None) -> Imported:
    """Find weight files below a folder by their content, and copy them to where they belong.

    Args:
        source: the folder to search, with all below it; wheels and zip archives too.
        folder: the models folder; None = the usual one.

    Raises:
        ConfigError: ``source`` is no folder.
        WeightsError: a ``weights.lock`` cannot be read, or contradicts a yaml.
    """
    return importing.import_files(
        weights_catalogue.all_files(),
        Path(source),
        _usual(folder),
        confirm=weights_catalogue.confirm,
    )


def verify_weights(*, folder: Path | str | None = None) -> WeightReport:
    """Check the digest of every weight file that is here.

    Args:
        folder: the models folder; None = the usual one.
    """
    folder = _usual(folder)
    files = tuple(_verified(item, folder) for item in weights_catalogue.all_files())
    problems = tuple(file.problem for file in files if file.problem)
    return WeightReport(folder=folder, files=files, problems=problems)


def problem_of(item: PublishedFile, folder: Path) -> str:
    """What is wrong with a file that is here, size first, and what to do.

    "" = as far as its bytes tell nothing.
    """
    reason = problem_at_a_glance(item, folder)
    if reason:
        problem = f"{folder / item.file} is not the file that it should be: {reason}. "
        return Text(problem, advice(item, folder))
    try:
        check(item, folder)
    except WeightsError as error:
        return error.text()
    return ""


def problem_at_a_glance(item: PublishedFile, folder: Path) -> str:
    """Why a file that is here cannot be the right one, without reading all of it.

    "" = it can be.
    """
    path = folder / item.file
    size_bytes = path.stat().st_size
    expected_bytes = _expected_bytes(item, folder)
    if expected_bytes not in (None, size_bytes):
        return f"it has {size_bytes} bytes, expected {expected_bytes}"
    if known_digest(item, folder) is None:
        return content.why_impossible(path, path.suffix)
    return ""


def _expected_bytes(item: PublishedFile, folder: Path) -> int | None:
    """The size of a file, of the lock or as published; None = not known."""
    if not item.has_whole_digest:
        entry = weights_lock.read(folder).get(item.file)
        if entry is not None:
            return entry.size_bytes
    return item.size_bytes


def _usual(folder: Path | str | None) -> Path:
    return models_dir(default_root()) if folder is None else Path(folder)


def _chosen(names: str | Sequence[str], *, everything: bool) -> Choices:
    if everything and names:
        raise ConfigError("expected names, or everything, not both")
    if everything:
        return weights_catalogue.catalogue()
    if names:
        return weights_catalogue.by_choice([names] if isinstance(names, str) else names)
    return chosen_files(GROUPS)


def _listed(
    name: str, items: Sequence[PublishedFile], folder: Path, *, thorough: bool
) -> WeightChoice:
    files = tuple(_state_of(item, folder, thorough=thorough) for item in items)
    return WeightChoice(name=name, files=files)


def _state_of(item: PublishedFile, folder: Path, *, thorough: bool) -> WeightFile:
    if not is_there(item, folder):
        return _weight_file(item, folder, "missing")
    problem = problem_of(item, folder) if thorough else problem_at_a_glance(item, folder)
    return _weight_file(item, folder, "wrong" if problem else "here", problem)


def _weight_file(item: PublishedFile, folder: Path, state: State, problem: str = "") -> WeightFile:
    sha256 = known_digest(item, folder)
    basis: Basis = "unproven"
    if item.has_whole_digest:
        basis = "published"
    elif sha256 is not None:
        basis = "locked"
    return WeightFile(item=item, state=state, basis=basis, sha256=sha256, problem=problem)


def _notify_of_restriction(
    choice: str, items: Sequence[PublishedFile], folder: Path, notify: Notice
) -> None:
    for item in items:
        if item.research_only and not is_there(item, folder):
            notify(f"{choice} is for research only: {item.licence}")
            return


def _fetched(
    items: Sequence[PublishedFile], folder: Path, notify: Notice, on_bytes: OnFileBytes
) -> Iterable[PublishedFile]:
    """Fetch the missing files of a choice; give each of its files once it is confirmed.

    Raises:
        WeightsError: one cannot be had, or does not fit its network.
    """
    missing = {item.file for item in items if not is_there(item, folder)}
    fetch(items, folder, notify=notify, on_bytes=on_bytes)
    for item in items:
        if item.file in missing:
            _confirm_new(item, folder)
        else:
            _confirm_old(item, folder)
        yield item


def _confirm_new(item: PublishedFile, folder: Path) -> None:
    """Keep a file that came just now only if it fits its network."""
    try:
        weights_catalogue.confirm(item, folder, origin=str(item.source))
    except WeightsFolderError:
        raise  # the file may be right
    except WeightsError as error:
        path = folder / item.file
        path.unlink(missing_ok=True)
        remove_empty_folders(path, folder)
        refusal = Text(f"what came from {item.source} is not kept: ", error.text())
        raise WeightsError(refusal) from error


def _confirm_old(item: PublishedFile, folder: Path) -> None:
    try:
        weights_catalogue.confirm(item, folder, origin=FOUND_HERE)
    except WeightsFolderError:
        raise
    except WeightsError as error:
        raise WeightsError(Text(error.text(), " ", advice(item, folder))) from error


def _verified(item: PublishedFile, folder: Path) -> WeightFile:
    if not is_there(item, folder):
        return _weight_file(item, folder, "missing")
    try:
        check(item, folder)
    except WeightsError as error:
        return _weight_file(item, folder, "wrong", error.text())
    try:
        _confirm_old(item, folder)
    except WeightsFolderError:
        raise
    except WeightsError as error:
        return _weight_file(item, folder, "wrong", error.text())
    return _weight_file(item, folder, "here")
