"""All statistics of a large study: chance levels, intervals, curves, lag, agreement, breakdowns.

100 sessions of 30 minutes at 25 fps, 50 participants, 20 annotations in each session, about 2,000
events of a smoothed random signal; 1,000 surrogates of each null detector and 2,000 draws of the
participants. The peer of the surrogates is the same matching one draw at a time, as a plain program
would do it (some draws are timed).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.bars import Bar
from benchmarks.run import Result, Run
from benchmarks.turns import Done
from benchmarks.turns import measured as measured_in_turns
from ferbench.events.hysteresis import Hysteresis
from ferbench.report.statistics_files import write_statistics
from ferbench.scoring.matching.window import Window
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.assessment import track
from ferbench.scoring.uncertainty.chance import shifted
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation, Event, Signal, Timeline, VideoInfo

SESSIONS, PARTICIPANTS, ANNOTATIONS = 100, 50, 20
LENGTH_S, RATE_HZ = 1800.0, 25.0
RULE = Hysteresis(enter=0.9, exit=0.7)
DRAWN_PLAINLY = 5

T = TypeVar("T")


def signal_of(rng: np.random.Generator) -> Signal:
    """A session's signal: smoothed noise between 0 and 1."""
    frames = int(LENGTH_S * RATE_HZ)
    noise = gaussian_filter1d(rng.normal(size=frames), 25)
    video = VideoInfo(
        video_id="made",
        path=Path("made"),
        sha256="",
        num_frames=frames,
        width_px=8,
        height_px=8,
        fps_hz=RATE_HZ,
    )
    timeline = Timeline(video=video, edges_s=np.arange(frames + 1) / RATE_HZ)
    return Signal(timeline=timeline, value=1 / (1 + np.exp(-noise / noise.std())), label="surprise")


def profiled(signal: Signal) -> ThresholdSweep:
    """The rule's events at every threshold."""
    found = RULE.threshold_sweep(signal, start_s=0.0)
    assert found is not None
    return found


def session(
    number: int, signal: Signal, profile: ThresholdSweep, rng: np.random.Generator
) -> ScoredSession:
    """A session as statistics see it."""
    name = f"s{number:03}"
    return ScoredSession(
        session_id=name,
        participant=f"p{number % PARTICIPANTS:02}",
        events=tuple(RULE.detect(signal, session_id=name, start_s=0.0)),
        annotations=tuple(
            Annotation(
                session_id=name, onset_s=float(t), offset_s=float(t) + 3, kind=f"kind {k % 3}"
            )
            for k, t in enumerate(np.sort(rng.uniform(0, LENGTH_S, ANNOTATIONS)))
        ),
        observed=((0.0, LENGTH_S),),
        visible=((0.0, LENGTH_S),),
        profile=profile,
    )


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came out."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def one_at_a_time(sessions: list[ScoredSession], draws: int) -> None:
    """Matches of circularly shifted events, drawn and matched singly."""
    rng, window = np.random.default_rng(0), Window()
    for _ in range(draws):
        for session in sessions:
            shift_s = rng.uniform(5.5, LENGTH_S - 5.5)
            moved = [_moved(event, shift_s) for event in session.events]
            window.matches(moved, session.annotations)


def _moved(event: Event, shift_s: float) -> Event:
    by_s = (event.onset_s + shift_s) % LENGTH_S - event.onset_s
    return replace(
        event,
        onset_s=event.onset_s + by_s,
        offset_s=event.offset_s + by_s,
        trigger_s=event.trigger_s + by_s,
    )


def drawn(found: Statistics, rules: StatisticsRules) -> None:
    """All pictures and tables."""
    with tempfile.TemporaryDirectory() as folder:
        write_statistics(found, Path(folder), Window(), rules, level=RULE.enter)


def measured(
    sessions: list[ScoredSession], rules: StatisticsRules
) -> tuple[dict[str, float], Statistics]:
    """Seconds of every piece of work, and the statistics."""
    tracks = [track(session, "trigger") for session in sessions]
    window = Window()
    count = window.count_matches()
    draws = rules.surrogates
    with_intervals_s, found = timed(lambda: statistics(sessions, window, rules, annotators={}))
    without_s, _ = timed(
        lambda: statistics(sessions, window, rules, annotators={}, intervals=False)
    )
    pictures_s, _ = timed(lambda: drawn(found, rules))
    surrogates_s, _ = timed(lambda: shifted(tracks, count=count, least_s=5.5, draws=draws, seed=0))
    plain_s, _ = timed(lambda: one_at_a_time(sessions, DRAWN_PLAINLY))
    seconds = {
        "with_intervals": with_intervals_s,
        "without": without_s,
        "pictures": pictures_s,
        "surrogates": surrogates_s,
        "surrogates_one_at_a_time": plain_s * draws / DRAWN_PLAINLY,
    }
    return seconds, found


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The statistics of the made study; ``Done.seconds`` has every piece of work."""

    name: str = "statistics"

    def ready(self) -> Callable[[], Done]:
        """Make the study."""
        rng, rules = np.random.default_rng(0), StatisticsRules()
        signals = [signal_of(rng) for _ in range(SESSIONS)]
        profiles_s, profiles = timed(lambda: [profiled(signal) for signal in signals])
        sessions = [session(k, signals[k], profiles[k], rng) for k in range(SESSIONS)]
        num_events = sum(len(each.events) for each in sessions)

        def work() -> Done:
            seconds, _ = measured(sessions, rules)
            return Done(units=num_events, seconds={"profiles": profiles_s, **seconds})

        return work


def run(run: Run) -> Result:
    """Measure the pieces."""
    turns = measured_in_turns([Study()], repeats=run.repeats)
    study = turns["statistics"]
    seconds = [turn.done.seconds for turn in study.turns]
    plain = tuple(each["surrogates_one_at_a_time"] / each["surrogates"] for each in seconds)
    note = f"with intervals {study.seconds('with_intervals'):.2f} s, {study.units} events"
    bar = Bar(what="surrogates one at a time over all at once", values=plain, note=note)
    return Result(
        what="all statistics of 100 sessions of 30 min at 25 fps",
        contenders=turns,
        bars=[bar],
    )
