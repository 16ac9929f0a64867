"""Profile: where the time of cold passes went, what limits them, what the next limit would be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.checks import path_of
from ferbench.config.choices import Choice, settings_for
from ferbench.errors import FormatError, TrackingError, VideoError
from ferbench.formats.pass_profiles import PROFILE_FILE, read_pass_profiles
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stages import Analyser
from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.results import Analysis
from ferbench.tracking.query import runs_of
from ferbench.tracking.store import Store
from ferbench.types import LANE_STAGES, READER_STAGES, PassProfile
from ferbench.wording import plural
from ferbench.workflows.prepare import prepare_pixels
from ferbench.workflows.progress import OnProgress, untold

if TYPE_CHECKING:
    import pandas as pd

STAGES: Final = (*READER_STAGES, *LANE_STAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a pass cannot be faster than.

    Attributes:
        stage: the one that takes longest on the side that limits: that of the reader, or that of
            the lanes.
        least_s: seconds that this side takes with all its stages.
        without_s: seconds that the pass would take with this stage free: its two sides as they
            are, and what they do not explain as it is.
    """

    stage: str
    least_s: float
    without_s: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Profile:
    """Where the time of passes went, all of them together.

    Attributes:
        passes: at least one.
    """

    passes: tuple[PassProfile, ...]

    @property
    def frames(self) -> int:
        """Frames of all passes."""
        return sum(each.frames for each in self.passes)

    @property
    def wall_s(self) -> float:
        """Seconds of all passes, one after the other."""
        return sum(each.wall_s for each in self.passes)

    def busy_s(self, stage: str) -> float:
        """Seconds in a stage, those of all lanes together."""
        return sum(each.busy_s[stage] for each in self.passes)

    def least_s(self, stages: Sequence[str]) -> float:
        """Seconds that these stages take at least, those of the lanes shared among them."""
        return sum(each.least_s(tuple(stages)) for each in self.passes)

    @property
    def limit(self) -> Limit:
        """What limits the passes."""
        return self._limit(STAGES)

    @property
    def next_limit(self) -> Limit:
        """What would limit them if the limiting stage took no time."""
        return self._limit([stage for stage in STAGES if stage != self.limit.stage])

    def _limit(self, stages: Sequence[str]) -> Limit:
        """What limits a pass that has these stages."""
        side = max(_sides(stages), key=self.least_s)
        stage = max(side, key=lambda each: self.least_s([each]))
        others = [each for each in stages if each != stage]
        unexplained_s = self.wall_s - max(map(self.least_s, _sides(STAGES)))
        without_s = max(map(self.least_s, _sides(others)), default=0.0) + unexplained_s
        return Limit(stage=stage, least_s=self.least_s(side), without_s=without_s)

    def __repr__(self) -> str:
        """``Profile: 1 pass, 472 frames in 5.1 s, 92.5 a second; detect limits``."""
        rate = self.frames / self.wall_s if self.wall_s else float("nan")
        passes = "1 pass" if len(self.passes) == 1 else f"{len(self.passes)} passes"
        frames = (
            f"{plural(self.frames, 'frame')} in {self.wall_s:.1f} s, {number(rate, 1)} a second"
        )
        return f"Profile: {passes}, {frames}; {self.limit.stage} limits"

    def to_frame(self) -> pd.DataFrame:
        """One row per stage: ``stage, busy_s, ms_per_frame, share, least_s, most_fps``.

        ``share`` is of all busy seconds; ``least_s`` what a pass of this stage alone takes, in the
        threads that it has; ``most_fps`` the frames per second of such a pass. Undefined is NaN.
        """
        import pandas as pd

        rows = [(stage, *self._numbers(stage)) for stage in STAGES]
        columns = ["stage", "busy_s", "ms_per_frame", "share", "least_s", "most_fps"]
        return pd.DataFrame(rows, columns=columns).set_index("stage")

    def _numbers(self, stage: str) -> tuple[float, float, float, float, float]:
        busy_s, least_s = self.busy_s(stage), self.least_s([stage])
        all_s = sum(map(self.busy_s, STAGES))
        return (
            busy_s,
            _ratio(1e3 * busy_s, self.frames),
            _ratio(busy_s, all_s),
            least_s,
            _ratio(self.frames, least_s),
        )

    def text_table(self) -> TextTable:
        """The same as texts, in less than 80 columns."""
        rows = []
        for stage in STAGES:
            busy_s, ms, share, least_s, most_fps = self._numbers(stage)
            limits = "limits" if stage == self.limit.stage else ""
            rows.append(
                (
                    stage,
                    "reader" if stage in READER_STAGES else "lanes",
                    number(busy_s, 2),
                    number(ms, 2),
                    f"{number(100 * share, 0)} %",
                    number(least_s, 2),
                    number(most_fps, 0),
                    limits,
                )
            )
        header = ("stage", "in", "busy s", "ms/frame", "share", "alone s", "alone fps", "")
        return TextTable(title=repr(self), header=header, rows=tuple(rows))

    def sentences(self) -> tuple[str, ...]:
        """What waited, what limits, and what the next limit would be."""
        lanes = sorted({each.lanes for each in self.passes})
        lane_s = sum(each.lanes * each.wall_s for each in self.passes)
        reader_wait_s = sum(each.reader_wait_s for each in self.passes)
        lane_wait_s = sum(each.lane_wait_s for each in self.passes)
        now, then = self.limit, self.next_limit
        return (
            f"The reader waited {reader_wait_s:.2f} of {self.wall_s:.2f} s for a lane.",
            f"The lanes ({' or '.join(map(str, lanes))}) waited {lane_wait_s:.2f} of "
            f"{lane_s:.2f} s for frames.",
            f"{now.stage} limits: {_side(now)} {now.least_s:.2f} of {self.wall_s:.2f} s.",
            f"With {now.stage} free the pass would take {now.without_s:.2f} s; next is "
            f"{then.stage}.",
        )

    def as_plain(self) -> dict[str, object]:
        """For JSON."""
        stages = {
            stage: dict(zip(self.to_frame().columns, self._numbers(stage), strict=True))
            for stage in STAGES
        }
        now, then = self.limit, self.next_limit
        return {
            "passes": len(self.passes),
            "frames": self.frames,
            "wall_s": self.wall_s,
            "reader_wait_s": sum(each.reader_wait_s for each in self.passes),
            "lane_wait_s": sum(each.lane_wait_s for each in self.passes),
            "stages": stages,
            "limit": now.stage,
            "without_limit_s": now.without_s,
            "next_limit": then.stage,
        }


def profiles_of(analyses: Iterable[Analysis]) -> tuple[PassProfile, ...]:
    """The passes that made these analyses, each once; none of what was read from the cache."""
    profiles: dict[int, PassProfile] = {}
    for analysis in analyses:
        if analysis.profile is not None:
            profiles[id(analysis.profile)] = analysis.profile
    return tuple(profiles.values())


def profile_of_video(
    video: str | Path,
    *,
    choices: Mapping[str, Choice],
    settings: Sequence[str] = (),
    on_progress: OnProgress = untold,
) -> Profile:
    """Make one cold pass over a video now; nothing is read from the cache, or stored there.

    Args:
        video: its path.
        choices: detector, model and so on, by group.
        settings: single values, such as ``runtime.lanes=1``.
        on_progress: told how far the frames are.

    Raises:
        FerbenchError: a choice that cannot be used, or a video that cannot be decoded.
    """
    path = path_of("video", video)
    if not path.is_file():
        raise VideoError(f"{path}: there is no such video")
    chosen = settings_for(choices, settings=settings).settings
    with tempfile.TemporaryDirectory(prefix="ferbench-profile-") as folder:
        cache = Cache(Path(folder))
        analyser = Analyser(chosen.recipe, chosen.runtime, cache, chosen.paths.models)
        prepare_pixels(analyser, [(path, "")], on_progress)
        analysis = analyser.analyse(path, video_id=path.stem)
    return _profile(profiles_of([analysis]), of=str(path))


def profile_of_files(place: Path) -> Profile:
    """The passes of a run whose files are in a folder, or of a ``profile.csv``.

    Raises:
        FormatError: there is no such file, or it is another table.
    """
    for path in (place, place / PROFILE_FILE, place / "artifacts" / PROFILE_FILE):
        if path.is_file():
            return Profile(passes=read_pass_profiles(path))
    raise FormatError(
        f"{place} has no {PROFILE_FILE}; a run that reads every table from the cache makes no pass"
    )


def profile_of_run(store: Store, target: str) -> Profile:
    """The passes of a recorded run, or those of a sweep and its cells.

    Args:
        store: where to look.
        target: a run's id or its first characters, a sweep's, or a name.

    Raises:
        TrackingError: there is no such run, or it made no pass.
    """
    rows = runs_of(store, target).runs
    run_ids = dict.fromkeys(
        [*(row.parent for row in rows if row.parent), *(r.run_id for r in rows)]
    )
    passes: list[PassProfile] = []
    for run_id in run_ids:
        try:
            path = store.file(run_id, PROFILE_FILE)
        except TrackingError:
            continue  # it made no pass
        passes += read_pass_profiles(path)
    return _profile(passes, of=f"run {target}")


def _profile(passes: Sequence[PassProfile], *, of: str) -> Profile:
    if not passes:
        raise TrackingError(
            f"{of} made no pass over a video that was measured: every table was stored before"
        )
    return Profile(passes=tuple(passes))


def _sides(stages: Sequence[str]) -> list[tuple[str, ...]]:
    """The stages of the reader and those of the lanes; a side without a stage is none."""
    both = (READER_STAGES, LANE_STAGES)
    sides = [tuple(stage for stage in stages if stage in side) for side in both]
    return [side for side in sides if side]


def _side(limit: Limit) -> str:
    if limit.stage in READER_STAGES:
        return "the reader is busy for"
    return "each lane is busy for"


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
