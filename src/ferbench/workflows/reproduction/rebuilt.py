"""The settings of a run, from its configuration; and whether that is the one that it ran with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ferbench.config.arguments import value_of
from ferbench.config.params import params_of
from ferbench.config.saved import saved_settings, saved_value
from ferbench.config.settings import ReportSettings, Settings
from ferbench.errors import ConfigError
from ferbench.places import cache_dir, models_dir
from ferbench.secret_texts import masked
from ferbench.tracking.mlflow_rows import shortened
from ferbench.workflows.recording import CONFIG_TAG, config_sha
from ferbench.workflows.reproduction.change import Change
from ferbench.workflows.reproduction.inputs import recorded_digests, with_weights
from ferbench.workflows.reproduction.recorded_run import RecordedRun
from ferbench.workflows.reproduction.surroundings import is_same_code

_PLACES: Final = ("videos", "folder", "manifest", "annotations", "pseudonyms")
"""Fields of data sets that say where something lies; what lies there is known by its digest."""
_NOTHING_TO_LOOK_AT: Final = ReportSettings(timelines=0, pages=0, cell_pages=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be otherwise than in the run.

    Attributes:
        values: by dotted key, in place of what the run's configuration says.
        allow_targets: packages outside ferbench that components may come from.
    """

    values: Mapping[str, Any]
    allow_targets: tuple[str, ...]

    @classmethod
    def of(cls, settings: Sequence[str], allow_targets: Sequence[str]) -> Asked:
        """Settings as texts such as ``dataset.annotations=marks.csv``.

        Raises:
            ConfigError: one is no such text.
        """
        values = {}
        for text in settings:
            key, sign, value = text.partition("=")
            if not sign or "." not in key:
                raise ConfigError(
                    key="settings", expected="texts such as dataset.annotations=a.csv", got=text
                )
            values[key] = value_of(key, value)
        return cls(values=values, allow_targets=tuple(allow_targets))

    def with_places(self, places: Mapping[str, str]) -> Asked:
        """The same with other places by dotted key."""
        return replace(self, values={**self.values, **places})


def rebuilt_settings(run: RecordedRun, asked: Asked, *, cache: Path | None, root: Path) -> Settings:
    """The settings of a run, with the places of this machine; nothing will be recorded.

    Args:
        run: the run.
        asked: what is to be otherwise.
        cache: folder of stored tables; None = the run's own, or that of ``root``.
        root: the folder that holds runs.

    Raises:
        ConfigError: its configuration does not describe a run of this version, names code outside
            ferbench that is not allowed, or folders that nobody here knows.
    """
    here: dict[str, Any] = {
        "paths.root": str(root),
        "paths.models": _folder(run, "paths.models", models_dir(root)),
        "paths.cache": str(cache or _folder(run, "paths.cache", cache_dir(root))),
        "tracking": {"_target_": "ferbench.tracking.settings.NoTracking"},
        "runtime.measure": False,
    }
    if cache is not None:  # it is gone afterwards, so nobody would go on from there
        here["runtime.chunk_s"] = None
    settings = saved_settings(
        run.config, allow_targets=asked.allow_targets, values={**here, **asked.values}, root=root
    )
    return replace(settings, report=_NOTHING_TO_LOOK_AT)


def _folder(run: RecordedRun, key: str, default: Path) -> str:
    """A folder of the run where it is still there, or else the default one."""
    recorded = saved_value(run.config, key)
    is_there = isinstance(recorded, str) and Path(recorded).is_dir()
    return recorded if is_there else str(default)


def changed_settings(run: RecordedRun, asked: Asked) -> list[Change]:
    """The settings that are to be otherwise than in the run."""
    changes = []
    for key, value in asked.values.items():
        recorded, now = _short(saved_value(run.config, key)), _short(value)
        is_place = key.removeprefix("dataset.") in _PLACES
        if recorded != now and not is_place:
            changes.append(Change(kind="setting", name=key, recorded=recorded, now=now))
    return changes


def changed_configuration(run: RecordedRun, settings: Settings) -> list[Change]:
    """Where the configuration is not the one that the run's choices and its digest tell of.

    Choices that only one of the two has stop nothing: versions of ferbench differ in them.
    """
    recorded, now = run.row.params, params_of(settings, run.choices)
    changes = []
    for name in sorted({*recorded, *now}):
        was, is_now = recorded.get(name, ""), now.get(name, "")
        is_place = name.removeprefix("dataset.") in _PLACES
        if was in (is_now, masked(is_now), shortened(is_now)) or is_place:
            continue
        stops = name in recorded and name in now
        changes.append(
            Change(kind="configuration", name=name, recorded=was, now=is_now, stops=stops)
        )
    return changes or _changed_digest(run, settings)


def _changed_digest(run: RecordedRun, settings: Settings) -> list[Change]:
    """Where all choices are alike and the digest is not: other classes, or versions of them."""
    recipe = with_weights(settings.recipe, recorded_digests(settings.recipe, run.row.tags))
    recorded, now = run.row.tags.get(CONFIG_TAG, ""), config_sha(recipe, settings.runtime)
    if recorded == now:
        return []
    name = "(components or their versions)"
    stops = bool(recorded) and is_same_code(run)
    return [Change(kind="configuration", name=name, recorded=recorded, now=now, stops=stops)]


def _short(value: Any) -> str:
    """A value as text; of a path its last part, as folders may name people."""
    text = str(value)
    return Path(text).name if "/" in text else text
