"""What the cells of a sweep miss, made in passes that they share, before any of them runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferbench.config.settings import Settings
from ferbench.errors import FerbenchError, WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.plan import Hire, Plan
from ferbench.pipeline.plan_parts import PlanOutcome, VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.protocols import Dataset
from ferbench.wording import plural
from ferbench.workflows.evaluate import load_dataset
from ferbench.workflows.progress import FrameCount, OnProgress, Progress, untold

Notify = Callable[[str], None]
_Videos = dict[tuple[Path, str], str]
"""Names of sessions by path and camera of their videos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where and how tables are made: cells share passes where they agree in all of it."""

    runtime: Runtime
    cache: Path
    models: Path


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """The videos that cells want with one recipe, as far as pixels are concerned."""

    recipe: Recipe
    videos: _Videos = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Need:
    """What has to be made at a place.

    Attributes:
        jobs: videos that miss tables, each with a recipe that makes them.
        missing: keys of tables that have to be made.
        stored: keys of tables that are there.
    """

    jobs: list[VideoJob] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """What the cells of a sweep miss.

    Attributes:
        num_cells: cells that were looked at.
        num_measuring: of these, those that measure: they read no stored table and share nothing.
        num_missing: tables that have to be made.
        num_stored: tables that are wanted and there already.
        plans: the passes, by place.
    """

    num_cells: int
    num_measuring: int
    num_missing: int
    num_stored: int
    plans: tuple[Plan, ...]

    def __str__(self) -> str:
        """``48 cells need 5 passes over 5 videos; 36 tables are there already``."""
        needed = "no pass"
        if self.num_passes:
            passes = "1 pass" if self.num_passes == 1 else f"{self.num_passes} passes"
            needed = f"{passes} over {plural(self.num_videos, 'video')}"
        are = "is" if self.num_stored == 1 else "are"
        need = "needs" if self.num_cells == 1 else "need"
        text = f"{plural(self.num_cells, 'cell')} {need} {needed}"
        if self.num_measuring:
            text = f"{text}, {self.num_measuring} of them measure by themselves"
        return f"{text}; {plural(self.num_stored, 'table')} {are} there already"

    @property
    def num_passes(self) -> int:
        """How often a video has to be decoded: once with every reader."""
        return sum(len(plan.videos) for plan in self.plans)

    @property
    def num_videos(self) -> int:
        """Videos that have to be decoded."""
        return len({path for plan in self.plans for path in plan.videos})


def plan_sweep(cells: Sequence[Settings], *, notify: Notify = lambda _: None) -> SweepPlan:
    """Look at what the cells of a sweep miss; each data set is loaded once.

    What cannot be used (a data set, a video, a file of weights) is left out: its cells will tell.
    Weights that are missing are brought.

    Args:
        cells: settings of each.
        notify: told a sentence before each download.
    """
    sharing = [cell for cell in cells if not cell.runtime.measure]
    needs = {
        place: _need(place, wanted, notify) for place, wanted in _wanted_by_place(sharing).items()
    }
    plans = [
        Plan(
            need.jobs,
            runtime=place.runtime,
            cache=Cache(place.cache),
            models=place.models,
            notify=notify,
        )
        for place, need in needs.items()
        if need.jobs
    ]
    return SweepPlan(
        num_cells=len(cells),
        num_measuring=len(cells) - len(sharing),
        num_missing=len(set().union(*(need.missing for need in needs.values()))),
        num_stored=len(set().union(*(need.stored for need in needs.values()))),
        plans=tuple(plans),
    )


def make_tables(
    plan: SweepPlan, *, on_progress: OnProgress = untold, hire: Hire | None = None
) -> tuple[PlanOutcome, ...]:
    """Make the tables that the cells of a sweep miss.

    Args:
        plan: what they miss.
        on_progress: told how far the frames are.
        hire: finds who makes them; None = this process, or those of ``runtime.workers``.

    Returns:
        What was decoded at each place. A video that fails is told of there and again by its cells.
    """
    progress = Progress(
        done_frames=0,
        total_frames=sum(passes.estimated_frames() for passes in plan.plans),
        decoded_videos=0,
        num_videos=plan.num_passes,
        num_stored=0,
    )
    count = FrameCount(progress, on_progress)
    return tuple(
        passes.run(on_frames=count.frames, on_decoded=count.video, hire=hire)
        for passes in plan.plans
    )


def _wanted_by_place(cells: Sequence[Settings]) -> dict[_Place, dict[str, _Wanted]]:
    """The videos that cells want, by place and by what of a recipe touches pixels."""
    wanted: dict[_Place, dict[str, _Wanted]] = {}
    loaded: list[tuple[Dataset, _Videos]] = []
    for cell in cells:
        place = _Place(
            runtime=replace(cell.runtime, on_damaged="keep", on_drift="keep"),
            cache=cell.paths.cache,
            models=cell.paths.models,
        )
        try:
            pixels = _pixels(cell.recipe)
            videos = _videos(cell.dataset, loaded)
        except (FerbenchError, OSError):  # the cell tells
            continue
        same = wanted.setdefault(place, {}).setdefault(pixels, _Wanted(recipe=cell.recipe))
        same.videos |= videos
    return wanted


def _pixels(recipe: Recipe) -> str:
    """The same for recipes that make the same tables."""
    first = (recipe.reader, recipe.detector, recipe.classify)
    rest = (recipe.preprocessing, recipe.model, recipe.signal.needs_pictures)
    return fingerprint([*first, *rest])


def _videos(dataset: Dataset, loaded: list[tuple[Dataset, _Videos]]) -> _Videos:
    """The videos of a data set, which is loaded if none of ``loaded`` is the same.

    Raises:
        FerbenchError, OSError: it cannot be read.
    """
    for known, videos in loaded:
        if known == dataset:
            return videos
    sessions = load_dataset(dataset).sessions
    found = {
        (part.path, session.camera): session.session_id
        for session in sessions
        for part in session.parts
    }
    loaded.append((dataset, found))
    return found


def _need(place: _Place, wanted: dict[str, _Wanted], notify: Notify) -> _Need:
    """What of the wanted is not there."""
    need = _Need()
    for one in wanted.values():
        try:
            _add_need(need, one, place, notify)
        except (FerbenchError, OSError):  # of weights, or a device: its cells tell
            continue
    return need


def _add_need(need: _Need, wanted: _Wanted, place: _Place, notify: Notify) -> None:
    """Add what is missing with one recipe.

    Raises:
        WeightsError: its weights cannot be had.
        ConfigError: there is no such device.
    """
    analyser = Analyser(
        wanted.recipe, place.runtime, Cache(place.cache), place.models, notify=notify
    )
    for (path, camera), video_id in wanted.videos.items():
        try:
            keys = analyser.keys(path, camera=camera)
        except WeightsError:
            raise
        except (FerbenchError, OSError):  # of this video: its cells tell
            continue
        missing = {key.key for key in keys.values() if not analyser.cache.has(key)}
        need.stored |= {key.key for key in keys.values()} - missing
        if missing <= need.missing:  # nothing, or the same content under another path
            continue
        analyser.networks.ensure_weights()
        need.missing |= missing
        job = VideoJob(recipe=wanted.recipe, path=path, video_id=video_id, camera=camera)
        need.jobs.append(job)
