"""From a composed configuration to the objects of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ferbench.config.binding import bind, build, unknown_key
from ferbench.config.kinds import check_kind
from ferbench.errors import ConfigError
from ferbench.look import Theme
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.protocols import Dataset
from ferbench.report.figures import PictureStyle
from ferbench.sentences import Setting, Text
from ferbench.tracking.settings import Tracking

PLUGS: Final = (
    "reader",
    "detector",
    "classify",
    "preprocessing",
    "model",
    "selector",
    "signal",
    "event",
    "scoring",
    "statistics",
)
"""Groups whose choices make up the recipe."""
SECTIONS: Final = ("allow_targets", "paths", "dataset", *PLUGS, "tracking", "runtime", "report")
"""Keys at the top of a configuration that a run needs."""
OF_A_SWEEP: Final = "sweep"
"""The key at the top that only the sweep of runs goes by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Folders of a run: ``root`` holds all others unless they are set.

    Attributes:
        root: of everything.
        cache: of stored tables.
        models: of weights.
        cache_limit_gb: most that the cache may take after a run, in 10^9 bytes; None = no limit.
    """

    root: Path
    cache: Path
    models: Path
    cache_limit_gb: float | None = None

    def __post_init__(self) -> None:
        """Check the limit."""
        if self.cache_limit_gb is not None and not self.cache_limit_gb > 0:
            got = self.cache_limit_gb
            raise ConfigError(key="cache_limit_gb", expected="more than 0 GB, or null", got=got)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """What is made for people to look at; of sessions at most so many, worst F1 first.

    Attributes:
        timelines: pictures of sessions.
        theme: of pictures, light or dark.
        vector: each picture as SVG too.
        pages: pages of HTML, of a run of its own.
        cell_pages: the same of each cell of a sweep.
    """

    timelines: int = 10
    theme: Theme = "light"
    vector: bool = False
    pages: int = 10
    cell_pages: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for key in ("timelines", "pages", "cell_pages"):
            if getattr(self, key) < 0:
                raise ConfigError(key=key, expected="0 or more", got=getattr(self, key))

    @property
    def style(self) -> PictureStyle:
        """How pictures are drawn."""
        return PictureStyle(theme=self.theme, vector=self.vector)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """How a sweep is begun.

    Attributes:
        resume: the same command again, after its sweep was killed or interrupted or had cells that
            failed: ``auto`` goes on with that sweep, ``never`` begins a new one.
    """

    resume: Literal["auto", "never"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole run."""

    paths: Paths
    dataset: Dataset
    recipe: Recipe
    runtime: Runtime
    tracking: Tracking
    report: ReportSettings


def settings_from(
    config: Mapping[str, Any], *, components: Mapping[str, object] | None = None
) -> Settings:
    """Check a composed configuration and build everything in it.

    Args:
        config: plain values by section.
        components: objects that are there already, by group; the configuration's are not built.

    Raises:
        ConfigError: names the key, what was got and what is allowed.
    """
    ready = components or {}
    for key in config:
        if key not in (*SECTIONS, OF_A_SWEEP):
            raise unknown_key(key, key, [*SECTIONS, OF_A_SWEEP])
    missing = [key for key in SECTIONS if config.get(key) is None and key not in ready]
    if missing:
        raise ConfigError(
            f"nothing chosen for {', '.join(missing)}",
            hint=Text("choose with ", Setting(missing[0], "<choice>")),
        )
    allowed_packages = tuple(config["allow_targets"])

    def component(name: str) -> Any:
        if name in ready:
            made = ready[name]
        elif name == "runtime":
            made = bind(Runtime, config[name], where=name)
        else:
            made = build(config[name], where=name, allow_targets=allowed_packages)
        check_kind(name, made)
        return made

    bind(SweepSettings, config.get(OF_A_SWEEP) or {}, where=OF_A_SWEEP)
    return Settings(
        paths=bind(Paths, config["paths"], where="paths"),
        dataset=component("dataset"),
        recipe=Recipe(**{name: component(name) for name in PLUGS}),
        runtime=component("runtime"),
        tracking=component("tracking"),
        report=bind(ReportSettings, config["report"], where="report"),
    )
