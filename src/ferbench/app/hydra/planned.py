"""Before the cells of a sweep run: what they miss is made in passes that they share."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.app import console
from ferbench.app.hydra.job import KEPT_PARTS
from ferbench.app.words import RunWords, reason_in
from ferbench.checks import check_choice
from ferbench.config.settings import Settings, settings_from
from ferbench.errors import ClusterError, ConfigError, FerbenchError, errors_within
from ferbench.formats.pass_profiles import PROFILE_FILE, write_pass_profiles
from ferbench.pipeline.on_ray.engine import RayEngine
from ferbench.pipeline.plan import Hire
from ferbench.secret_texts import masked
from ferbench.sentences import Setting, Text
from ferbench.workflows.cell_digest import cell_digest
from ferbench.workflows.evaluate import load_dataset
from ferbench.workflows.planned_sweep import SweepPlan, make_tables, plan_sweep
from ferbench.workflows.progress import Progress
from ferbench.workflows.run_outcome import outcome_of
from ferbench.workflows.sweep_note import SweepNote, read_sweep_note
from ferbench.workflows.tracked_run import FORESEEN, check_target

log = logging.getLogger("ferbench")


def make_shared_tables(cells: Sequence[DictConfig], launcher: Mapping[str, Any]) -> None:
    """Make the tables that cells of a sweep miss, so that each video is decoded once for all.

    What can be foreseen is not raised: what goes wrong here goes wrong again in the cells that it
    is about, and is told there.

    Args:
        cells: their composed configurations, Hydra's node included.
        launcher: ``hydra.launcher``: the engine that makes the tables, and its settings.

    Raises:
        ConfigError: settings of the launcher that cannot be.
        ClusterError: there is no such cluster, or its machines cannot be used. Cells would make by
            themselves, one after the other, what was meant for many machines.
    """
    with errors_within("hydra.launcher"):
        engine = _engine(**launcher)
    usable = [settings for cell in cells if (settings := _settings(cell)) is not None]
    if not usable:
        return
    try:
        plan = plan_sweep(usable, notify=log.info)
        log.info("planned: %s", plan)
        _make(plan, Path(cells[0].hydra.sweep.dir), engine)
    except ClusterError as error:
        raise error.within("hydra.launcher") from error
    except FORESEEN as error:
        text = reason_in(RunWords(), error)
        log.warning("what cells share was not made to the end: %s: %s", type(error).__name__, text)


def _engine(engine: str, **settings: Any) -> RayEngine | None:
    """Who makes the tables; None = this machine.

    Raises:
        ConfigError: there is no such engine, or it cannot have these settings.
    """
    check_choice("engine", engine, ("local", "ray"))
    on_ray = RayEngine(**settings)
    if engine == "ray":
        return on_ray
    for key, value in asdict(RayEngine()).items():
        if settings[key] != value:
            raise ConfigError(
                key=key,
                expected=f"{value} with engine local",
                got=settings[key],
                hint=Text("it is one of ", Setting("engine", "ray")),
            )
    return None


def _make(plan: SweepPlan, folder: Path, engine: RayEngine | None) -> None:
    """Make the tables, and keep where the time of the passes went beside the cells."""
    if not plan.num_passes:
        return
    with _hired(engine) as hire, console.frames_bar() as bar:

        def show(progress: Progress) -> None:
            bar(progress.done_frames, progress.total_frames, progress.videos)

        outcomes = make_tables(plan, on_progress=show, hire=hire)
    for outcome in outcomes:
        KEPT_PARTS.lost.update(outcome.lost)
        _tell(outcome.failures)
    profiles = [profile for outcome in outcomes for profile in outcome.profiles]
    if profiles:
        write_pass_profiles(folder / PROFILE_FILE, profiles)


@contextmanager
def _hired(engine: RayEngine | None) -> Iterator[Hire | None]:
    """Who finds makers of the tables, for as long as they are needed."""
    if engine is None:
        yield None
        return
    from ferbench.pipeline.on_ray.cluster import connected
    from ferbench.pipeline.on_ray.crew import RayCrew

    with connected(engine) as ray:
        yield partial(RayCrew, ray=ray, engine=engine)


def _tell(failures: Mapping[Path, Exception]) -> None:
    """Tell of failures that nobody foresaw; the others are told by the cells that meet them."""
    for path, error in failures.items():
        if not isinstance(error, FORESEEN):
            reason = masked(f"{type(error).__name__}: {error}".splitlines()[0])
            log.warning("the shared pass over %s failed (%s); see its cells", path.name, reason)


def _settings(cell: DictConfig) -> Settings | None:
    """What a cell will be.

    None = it is finished, will end before pixels, or computes in another environment.
    """
    if cell.hydra.job.env_set:
        return None
    known: Any = HydraConfig.instance()
    before = known.cfg
    try:
        known.cfg = cell  # so that ${hydra:...} can be read
        note = read_sweep_note(Path(cell.hydra.sweep.dir))
        plain = _plain(cell)
        settings = settings_from(plain)
        check_target(settings, {"experiment": str(cell.hydra.runtime.choices.get("experiment"))})
        if note is not None and _is_finished(cell, plain, settings, note):
            return None
    except (FerbenchError, OmegaConfBaseException):  # the cell tells
        return None
    finally:
        known.cfg = before
    return settings


def _is_finished(
    cell: DictConfig, plain: dict[str, Any], settings: Settings, note: SweepNote
) -> bool:
    """Whether an earlier process finished a cell, and nothing of it has changed.

    Raises:
        FerbenchError: what it goes by cannot be read.
    """
    folder = Path(cell.hydra.sweep.dir) / str(cell.hydra.sweep.subdir)
    if folder.name not in note.context.finished:
        return False
    loaded = load_dataset(settings.dataset)
    digest = cell_digest(plain, settings, loaded, number=cell.hydra.job.num)
    return outcome_of(folder, digest) is not None


def _plain(cell: DictConfig) -> dict[str, Any]:
    """The values of a configuration without Hydra's node."""
    plain: dict[str, Any] = {}
    for key in cell:
        if key != "hydra":
            node: Any = cell[key]
            if OmegaConf.is_config(node):
                node = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
            plain[str(key)] = node
    return plain
