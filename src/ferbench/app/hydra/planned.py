"""Before the cells of a sweep run: what they miss is made in passes that they share."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.app import console
from ferbench.app.hydra.job import KEPT_PARTS
from ferbench.app.words import RunWords, reason_in
from ferbench.config.settings import Settings, settings_from
from ferbench.errors import FerbenchError
from ferbench.formats.pass_profiles import PROFILE_FILE, write_pass_profiles
from ferbench.secret_texts import masked
from ferbench.workflows.cell_digest import cell_digest
from ferbench.workflows.evaluate import load_dataset
from ferbench.workflows.planned_sweep import SweepPlan, make_tables, plan_sweep
from ferbench.workflows.progress import Progress
from ferbench.workflows.run_outcome import outcome_of
from ferbench.workflows.sweep_note import SweepNote, read_sweep_note
from ferbench.workflows.tracked_run import FORESEEN, check_target

log = logging.getLogger("ferbench")


def make_shared_tables(cells: Sequence[DictConfig]) -> None:
    """Make the tables that cells of a sweep miss, so that each video is decoded once for all.

    Nothing that can be foreseen is raised: what goes wrong here goes wrong again in the cells that
    it is about, and is told there.

    Args:
        cells: their composed configurations, Hydra's node included.
    """
    usable = [settings for cell in cells if (settings := _settings(cell)) is not None]
    if not usable:
        return
    try:
        plan = plan_sweep(usable, notify=log.info)
        log.info("planned: %s", plan)
        _make(plan, Path(cells[0].hydra.sweep.dir))
    except FORESEEN as error:
        text = reason_in(RunWords(), error)
        log.warning("what cells share was not made to the end: %s: %s", type(error).__name__, text)


def _make(plan: SweepPlan, folder: Path) -> None:
    """Make the tables, and keep where the time of the passes went beside the cells."""
    if not plan.num_passes:
        return
    with console.frames_bar() as bar:

        def show(progress: Progress) -> None:
            bar(progress.done_frames, progress.total_frames, progress.videos)

        outcomes = make_tables(plan, on_progress=show)
    for outcome in outcomes:
        KEPT_PARTS.lost.update(outcome.lost)
        _tell(outcome.failures)
    profiles = [profile for outcome in outcomes for profile in outcome.profiles]
    if profiles:
        write_pass_profiles(folder / PROFILE_FILE, profiles)


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
