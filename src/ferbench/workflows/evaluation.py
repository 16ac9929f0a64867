"""What evaluating a data set gives: the report, its statistics, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.config.params import params_of
from ferbench.config.settings import Settings
from ferbench.formats.pass_profiles import PROFILE_FILE, write_pass_profiles
from ferbench.report.files import EVENT_COLUMNS, event_rows, session_rows, write_files
from ferbench.results import Report
from ferbench.scoring.metrics import MAIN
from ferbench.sentences import Words, told
from ferbench.tracking.record import Input, as_logged, metrics_of
from ferbench.types import Annotation, Score
from ferbench.wording import plural
from ferbench.workflows.profile import profiles_of
from ferbench.workflows.recording import tags_of, write_description
from ferbench.workflows.run_pages import write_pages
from ferbench.workflows.run_statistics import RunStatistics
from ferbench.workflows.thesis_exact import exact_tags

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evaluation:
    """A run's results.

    Attributes:
        settings: what was computed, and how.
        choices: name of the choice of every group.
        report: sessions, events, scores, failures.
        statistics: chance levels, intervals, curves; None = not asked for, or nothing is annotated.
        device: where the networks ran.
        inputs: the files that were read.
        everybody: by session, the annotations of all annotators, where one of several was chosen.
        run_id: of the record; "" = nothing was recorded.
    """

    settings: Settings
    choices: Mapping[str, str]
    report: Report
    statistics: RunStatistics | None
    device: str
    inputs: tuple[Input, ...]
    everybody: Mapping[str, tuple[Annotation, ...]] = field(default_factory=dict)
    run_id: str = ""

    def __repr__(self) -> str:
        """``Evaluation: 3 sessions, 5 events; F1 0.889 [0.667, 1.000], chance 0.588, p 0.106``."""
        report = self.report
        num_events = sum(len(result.events) for result in report.sessions)
        sessions = plural(len(report.sessions), "session")
        text = f"Evaluation: {sessions}, {plural(num_events, 'event')}"
        if report.failures:
            text = f"{text}, {len(report.failures)} failed"
        main = self.scores.get(MAIN)
        if main is None:
            return f"{text}; nothing is annotated"
        return f"{text}; F1 {str(main).removeprefix('Score: ')}"

    @property
    def scores(self) -> dict[str, Score]:
        """Scores by metric, with interval, chance level and p where statistics were made."""
        numbers = self.metrics
        participants = int(numbers.get("event/participants", 0)) or None
        scores = {}
        for score in self.report.scores:
            scores[score.name.removeprefix("event/")] = replace(
                score,
                ci95=_interval(numbers, score.name),
                chance=numbers.get(f"{score.name}.chance"),
                p=numbers.get(f"{score.name}.p"),
                participants=participants,
            )
        return scores

    def to_frame(self) -> pd.DataFrame:
        """One row per session: seconds, events, counts and metrics; the columns of sessions.csv."""
        import pandas as pd

        header, rows = session_rows(self.report)
        return pd.DataFrame(rows, columns=list(header)).set_index("session")

    def events_frame(self) -> pd.DataFrame:
        """One row per event, as events.csv."""
        import pandas as pd

        rows = [row for result in self.report.sessions for row in event_rows(result.events)]
        return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))

    @property
    def metrics(self) -> dict[str, float]:
        """Every number by the name that it is logged under, as it is logged: six digits.

        Undefined ones are not there.
        """
        statistics = self.statistics.numbers if self.statistics else {}
        return as_logged({**metrics_of(self.report), **statistics})

    @property
    def params(self) -> dict[str, str]:
        """The semantic choices as short texts."""
        return params_of(self.settings, self.choices)

    @property
    def tags(self) -> dict[str, str]:
        """Short texts that identify code, data, weights and device."""
        tags = tags_of(self.settings, self.report, device=self.device, inputs=self.inputs)
        return tags | exact_tags(self.settings.recipe, self.choices)

    def worded(self, words: Words) -> Evaluation:
        """The same results with notices and reasons in somebody's words."""
        report = self.report
        notices = tuple(told(notice, words) for notice in report.notices)
        failures = tuple(
            replace(failure, reason=told(failure.reason, words)) for failure in report.failures
        )
        return replace(self, report=replace(report, notices=notices, failures=failures))

    def write(
        self,
        folder: Path,
        *,
        config_yaml: str,
        overrides: Sequence[str] = (),
        cell: str = "",
    ) -> None:
        """Write tables, pictures, pages, statistics and a description of the run to a folder.

        Args:
            folder: made if it is missing.
            config_yaml: the configuration, so that the run can be repeated.
            overrides: what was asked for, as it was written.
            cell: name of the run as a cell of a sweep; "" = it is none.
        """
        asked = self.settings.report
        self.write_tables(folder, timelines=asked.timelines)
        write_pages(
            self.report,
            folder,
            self.settings.recipe,
            self.params,
            most=asked.cell_pages if cell else asked.pages,
            cell=cell,
            everybody=self.everybody,
        )
        parts = [part for result in self.report.sessions for part in result.parts]
        profiles = profiles_of(part.analysis for part in parts)
        if profiles:
            write_pass_profiles(folder / PROFILE_FILE, profiles)
        write_description(
            folder,
            self.report,
            root=self.settings.paths.root,
            config_yaml=config_yaml,
            overrides=tuple(overrides),
        )

    def write_tables(self, folder: Path, *, timelines: int = 0) -> None:
        """Write the tables of results and the statistics, with so many pictures of timelines."""
        recipe = self.settings.recipe
        write_files(
            self.report,
            folder,
            stamp_s=recipe.scoring.stamp_s,
            level=recipe.event.level,
            max_timelines=timelines,
            style=self.settings.report.style,
        )
        if self.statistics:
            self.statistics.copy_to(folder)


def _interval(numbers: Mapping[str, float], name: str) -> tuple[float, float] | None:
    """Ends of a number's interval of confidence; None = it was not made."""
    low, high = numbers.get(f"{name}.lo"), numbers.get(f"{name}.hi")
    if low is None or high is None:
        return None
    return low, high
