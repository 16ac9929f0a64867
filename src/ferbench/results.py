"""What a run hands over to those who record, draw and compare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ferbench.face_columns import face_columns
from ferbench.fingerprint import canonical_json, fingerprint
from ferbench.types import (
    F64,
    I64,
    Counts,
    CountsRow,
    Event,
    Expressions,
    Faces,
    PassProfile,
    Pictures,
    Score,
    Session,
    Signal,
    Timeline,
)
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class StageKey:
    """What a stage result is a function of.

    Attributes:
        stage: ``timeline``, ``faces``, ``expressions`` or ``pictures``.
        key: 64 hexadecimal digits, the fingerprint of ``spec``.
        spec: the canonical JSON that was hashed.
    """

    stage: str
    key: str
    spec: str

    @staticmethod
    def of(stage: str, spec: dict[str, Any]) -> StageKey:
        """The key of a stage's spec."""
        full = {"stage": stage, **spec}
        return StageKey(stage=stage, key=fingerprint(full), spec=canonical_json(full))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTiming:
    """Where the time of a stage went.

    Attributes:
        busy_s: seconds spent in the stage when its table was made.
        units: frames (faces for the classification) that went through.
        video_s: seconds of video.
        device: where it ran.
        load: the machine's load average at that time (busy processes).
        cached: read from a stored table instead of made now.
    """

    busy_s: float
    units: int
    video_s: float
    device: str
    load: float
    cached: bool

    def about(self) -> dict[str, Any]:
        """As stored in a table's description."""
        about = asdict(self)
        del about["cached"]
        return about


@dataclass(slots=True, kw_only=True)
class Work:
    """What a run really did, counted where it is done; ``frames_continued`` an earlier run did."""

    frames_decoded: int = 0
    frames_detected: int = 0
    faces_classified: int = 0
    frames_continued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Analysis:
    """All that pixels say of a video; no ``profile`` = all stored, ``pictures`` where asked for."""

    timeline: Timeline
    faces: Faces
    expressions: Expressions
    keys: dict[str, StageKey]
    timing: dict[str, StageTiming]
    profile: PassProfile | None = None
    pictures: Pictures | None = None

    def __repr__(self) -> str:
        """``Analysis: 472 frames, 19.7 s, a face in 472, 7 labels``."""
        num_with_face = len(np.unique(self.faces.frame))
        video = f"{self.timeline.video.num_frames} frames, {self.timeline.duration_s:.1f} s"
        labels = f"{len(self.expressions.channels)} labels"
        return f"Analysis: {video}, a face in {num_with_face}, {labels}"

    def to_frame(self) -> pd.DataFrame:
        """One row per face and one per frame without a face, as the CSV of predictions.

        Returns:
            Columns as ``face_columns`` has them; what a row does not have is NA.
        """
        import pandas as pd

        series = {}
        for name, column in face_columns(self.timeline, self.faces, self.expressions).items():
            values = pd.Series(column.values)
            if column.missing is not None:
                dtype = "Int64" if values.dtype.kind == "i" else values.dtype
                values = values.astype(dtype).mask(column.missing)
            series[name] = values
        return pd.DataFrame(series)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One video of a session: its analysis, and what was decided on it.

    Attributes:
        analysis: stored tables.
        start_s: where the video's container begins, seconds of the session.
        chosen: i64 (T,), row in Faces of the participant, -1 = none.
        signals: one per wanted label.
        quality: plain measures of the video.
    """

    analysis: Analysis
    start_s: float
    chosen: I64
    signals: tuple[Signal, ...]
    quality: dict[str, float]

    @property
    def picture_start_s(self) -> float:
        """Where its first frame begins, seconds of the session."""
        return self.start_s + float(self.analysis.timeline.edges_s[0])

    @property
    def end_s(self) -> float:
        """Where its last frame ends, seconds of the session."""
        return self.start_s + float(self.analysis.timeline.edges_s[-1])

    def chosen_probs(self) -> F64:
        """Probabilities of the participant's face per frame, f64 (T, K); NaN = no face."""
        expressions = self.analysis.expressions
        probs = np.full((len(self.chosen), len(expressions.labels)), np.nan)
        row = expressions.rows_of(self.chosen)
        classified = row >= 0
        probs[classified] = expressions.probs()[row[classified]]
        return probs


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """One session: events, and where somebody annotated it, matches and counts.

    Attributes:
        session: what was asked, with each part's start, ``observed`` less what was not recorded.
        parts: its videos.
        events: in time order, seconds of the session.
        matches: pairs (position in ``events``, position in ``session.annotations``).
        latencies_s: stamp of the event minus onset of the annotation, per match.
        scored_events: positions of the events that count (in what was observed), rising.
        scored_annotations: positions of the annotations that count, rising.
        counts: None = not annotated.
        observed_s: seconds that count.
        valid_s: of these, seconds with a face.
        quality: measures pooled over the parts.
        ignored: positions of events that count and are neither hits nor false alarms.
    """

    session: Session
    parts: tuple[PartResult, ...]
    events: tuple[Event, ...]
    matches: tuple[tuple[int, int], ...]
    latencies_s: tuple[float, ...]
    scored_events: tuple[int, ...]
    scored_annotations: tuple[int, ...]
    counts: Counts | None
    observed_s: float
    valid_s: float
    quality: dict[str, float]
    ignored: tuple[int, ...] = ()

    @property
    def video_s(self) -> float:
        """Seconds of video."""
        return sum(part.analysis.timeline.duration_s for part in self.parts)

    def sizes(self) -> tuple[float | None, ...]:
        """Seconds of video, observed and with a face; events; tp, fp and fn, None = not scored."""
        seconds = (self.video_s, self.observed_s, self.valid_s)
        counts = self.counts
        hits = (counts.tp, counts.fp, counts.fn) if counts else (None, None, None)
        return (*seconds, len(self.events), *hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A session without a result."""

    session_id: str
    file: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """All results of a run.

    Attributes:
        sessions: in the order of their names; those that failed are in ``failures``.
        scores: over all annotated sessions together; empty when no session is annotated.
        counts: table for later statistics.
        failures: sessions without a result, with reasons.
        notices: what the data set left out, and why.
        work: what was really computed.
        wall_s: seconds from the first session's start to the last one's end.
        e2e_fps: frames per second of wall time, only where the whole way was measured; else None.
        quality: measures pooled over the videos.
    """

    sessions: tuple[SessionResult, ...]
    scores: tuple[Score, ...]
    counts: tuple[CountsRow, ...]
    failures: tuple[Failure, ...]
    notices: tuple[str, ...]
    work: Work
    wall_s: float
    e2e_fps: float | None = None
    quality: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """``Report: 3 sessions, 5 events, 1 failure``; failures where there are some."""
        num_events = sum(len(result.events) for result in self.sessions)
        text = f"Report: {plural(len(self.sessions), 'session')}, {plural(num_events, 'event')}"
        return f"{text}, {plural(len(self.failures), 'failure')}" if self.failures else text

    def to_frame(self) -> pd.DataFrame:
        """One row per session: ``video_s, observed_s, valid_s, events, tp, fp, fn``.

        Counts of sessions that are not annotated are NA.
        """
        import pandas as pd

        rows = {result.session.session_id: result.sizes() for result in self.sessions}
        columns = ("video_s", "observed_s", "valid_s", "events", "tp", "fp", "fn")
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))
        counted = dict.fromkeys(columns[3:], "Int64")
        return frame.astype(dict.fromkeys(columns[:3], "float64") | counted).rename_axis("session")


RunKind = Literal["run", "sweep", "cell", "agreement", "leaderboard"]
RunState = Literal["running", "finished", "failed", "died"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One recorded run: identity, choices, numbers.

    Attributes:
        run_id: 32 hexadecimal digits.
        name: readable name.
        params: choices as short texts.
        metrics: numbers by name; undefined ones are not there.
        tags: short texts that identify code, data and device.
        kind: a run of its own, a sweep, a cell of one, or an agreement of runs.
        parent: run id of a cell's sweep; "" = none.
        state: ``failed`` also where only some sessions failed; ``died``: nobody has ended it, and
            its process is gone for certain.
        experiment_id: the store's name for its experiment.
        started_unix_s: when it began.
    """

    run_id: str
    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)
    kind: RunKind = "run"
    parent: str = ""
    state: RunState = "finished"
    experiment_id: str = ""
    started_unix_s: float = 0.0
