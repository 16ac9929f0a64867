"""What of a run goes into the records: description, tags, inputs, predictions."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ferbench import atomic
from ferbench.config.recorded import with_folder_names
from ferbench.config.settings import Settings
from ferbench.fingerprint import fingerprint
from ferbench.folder_names import FolderNames
from ferbench.formats.predictions import predictions_table, write_predictions
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.count_rows import annotations_sha
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.places import file_stem, without_folders
from ferbench.provenance import environment, revision
from ferbench.report.against_baseline import BASELINE_TAG
from ferbench.results import Analysis, Report, SessionResult
from ferbench.rights import make_folder
from ferbench.secret_texts import masked
from ferbench.tracking.record import Input, speed_source
from ferbench.tracking.store import PREDICTIONS_TAG, SESSIONS_FAILED_TAG, Store
from ferbench.types import LoadedDataset
from ferbench.weights.digests import with_resolved_digests

_DIGITS: Final = 12
"""Of a key, in the names of its tables."""
_LOGGED: Final = "logged"
"""What a claim says once its tables are logged; its claimer may be killed before."""
CONFIG_FILE: Final = "config.yaml"
ENVIRONMENT_FILE: Final = "environment.json"
KEYS_FILE: Final = "keys.json"
PREDICTIONS: Final = "predictions"
"""Folder of prediction tables among the artifacts."""
CONFIG_TAG: Final = "ferbench.config_sha"
DEVICE_TAG: Final = "ferbench.device"
COMMIT_TAG: Final = "mlflow.source.git.commit"
DIRTY_TAG: Final = "ferbench.dirty"


def write_description(
    folder: Path, report: Report, *, root: Path, config_yaml: str, overrides: tuple[str, ...]
) -> None:
    """Configuration, overrides, environment and stage keys, so that the run can be repeated.

    Absolute folders have the names of ``folder_names.py``.
    """
    folders = FolderNames(root)
    config = with_folder_names(config_yaml, folders)
    asked = "".join(f"{line}\n" for line in folders.hidden_lines(overrides))
    keys = {result.session.session_id: _keys(result) for result in report.sessions}
    texts = {
        CONFIG_FILE: masked(config),
        "overrides.txt": masked(asked),
        ENVIRONMENT_FILE: json.dumps(environment(), indent=1),
        KEYS_FILE: json.dumps(keys, indent=1),
    }
    if report.notices:
        lines = [without_folders(masked(line)) for line in report.notices]
        texts["notices.txt"] = "".join(f"{line}\n" for line in lines)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _keys(result: SessionResult) -> list[dict[str, str]]:
    """Keys of the stages of each part."""
    keys = []
    for part in result.parts:
        keys.append({stage: key.key for stage, key in part.analysis.keys.items()})
    return keys


def tags_of(
    settings: Settings, report: Report, *, device: str, inputs: tuple[Input, ...]
) -> dict[str, str]:
    """Short texts that identify a run; those that would be empty are left out."""
    commit, dirty = revision()
    recipe, runtime = (
        with_resolved_digests(settings.recipe, settings.paths.models),
        settings.runtime,
    )
    videos = sorted(item.sha256 for item in inputs if item.kind == "video")
    tags = {
        CONFIG_TAG: config_sha(recipe, runtime),
        "ferbench.videos_sha": fingerprint(videos) if videos else "",
        "ferbench.annotations_sha": _annotations_sha(report),
        BASELINE_TAG: recipe.baseline,
        "ferbench.crop": _crop(recipe),
        DEVICE_TAG: device,
        "speed.source": speed_source(report),
        SESSIONS_FAILED_TAG: "; ".join(
            f"{f.session_id}: {without_folders(masked(f.reason))}" for f in report.failures
        ),
    }
    if commit:
        tags |= {COMMIT_TAG: commit, DIRTY_TAG: str(dirty).lower()}
    for item in (*recipe.detector.weights_files(), *recipe.model.weights_files()):
        tags[weights_tag(item.file)] = item.sha256
    return {name: value for name, value in tags.items() if value}


def weights_tag(file: str) -> str:
    """The tag that has the digest of a weight file."""
    return f"weights.{re.sub('[^A-Za-z0-9_./-]', '_', file)}"


def config_sha(recipe: Recipe, runtime: Runtime) -> str:
    """Digest of all that decides results, apart from the data; weights have their whole digests."""
    return fingerprint({"recipe": recipe, **runtime.semantic})


def _crop(recipe: Recipe) -> str:
    """Whether faces are cut out as for the model's training."""
    if recipe.model.trained_crop.kind == "unpublished":
        return "trained crop unpublished"
    return "; ".join(recipe.crop_differences) or "as trained"


def _annotations_sha(report: Report) -> str:
    """Digest of what events were scored against, however it was written.

    "" = nothing was scored.
    """
    sessions = [result.session for result in report.sessions if result.counts is not None]
    return annotations_sha(sessions) if sessions else ""


def inputs_of(loaded: LoadedDataset, report: Report, cache: Cache) -> tuple[Input, ...]:
    """Files that a run read: names without folders, and digests."""
    inputs = [
        Input(name=masked(part.path.name), sha256=done.analysis.timeline.video.sha256, kind="video")
        for result in report.sessions
        for part, done in zip(result.session.parts, result.parts, strict=True)
    ]
    for kind, files in loaded.tables.items():
        inputs += [
            Input(name=masked(file.name), sha256=cache.digest(file), kind=kind) for file in files
        ]
    return tuple(inputs)


def log_predictions(
    report: Report, store: Store, run_id: str, *, known: frozenset[str], claims: Path | None
) -> None:
    """Log the prediction tables of a report, those of ``known`` keys left out.

    Args:
        report: with the tables.
        store: where to.
        run_id: the run that gets them (of a sweep: the parent).
        known: first 12 digits of keys whose tables are in the experiment already.
        claims: folder in which the cells of a sweep say which key they log; None = a single run.
    """
    logged: list[str] = []
    for stem, analysis in _analyses(report):
        key = analysis.keys["expressions"].key[:_DIGITS]
        if key in known or key in logged:
            continue
        if claims is not None and not _claim(claims, key):
            continue
        try:
            _log_table(analysis, stem, store, run_id, f"{PREDICTIONS}/{key}")
        except BaseException:
            if claims is not None:
                (claims / key).unlink(missing_ok=True)
            raise
        if claims is not None:
            atomic.write_text(claims / key, _LOGGED)
        logged.append(key)
    if logged and claims is None:
        store.log_numbers(run_id, params={}, metrics={}, tags=predictions_tag(logged))


def _analyses(report: Report) -> Iterator[tuple[str, Analysis]]:
    """Every video's tables with a name for their files."""
    for result in report.sessions:
        stem = file_stem(result.session.session_id)
        has_parts = len(result.parts) > 1
        for number, part in enumerate(result.parts):
            yield f"{stem}.part{number}" if has_parts else stem, part.analysis


def _log_table(analysis: Analysis, stem: str, store: Store, run_id: str, folder: str) -> None:
    table = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
    with tempfile.TemporaryDirectory(prefix="ferbench-predictions-") as scratch:
        files = write_predictions(Path(scratch), stem, table)
        store.log_files(run_id, files, folder)


def predictions_tag(keys: list[str]) -> Mapping[str, str]:
    """The tag by which later runs find that a key's tables are logged."""
    return {PREDICTIONS_TAG: ",".join(sorted(keys))}


def logged_claims(folder: Path) -> list[str]:
    """Keys whose tables the cells of a sweep have logged.

    Args:
        folder: in which they said so.
    """
    claims = [path for path in folder.glob("*") if len(path.name) == _DIGITS]
    return [path.name for path in claims if path.read_text(encoding="utf-8") == _LOGGED]


def forget_unlogged(folder: Path) -> None:
    """Let cells claim the tables again whose claimers were killed before they had logged them."""
    logged = logged_claims(folder)
    for claim in folder.glob("*"):
        if claim.name not in logged:
            claim.unlink()


def _claim(folder: Path, key: str) -> bool:
    """Whether this process is the first of the sweep to ask for a key."""
    make_folder(folder)
    try:
        (folder / key).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
