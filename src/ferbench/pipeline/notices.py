"""What a reader of the numbers should know of a run and of its sessions."""

from __future__ import annotations

from collections.abc import Sequence

from ferbench.pipeline.parts import gaps_s
from ferbench.pipeline.recipe import Recipe
from ferbench.protocols import Selector
from ferbench.results import SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.selectors.track import Track
from ferbench.sentences import Setting, Text, joined
from ferbench.timespans import contains
from ferbench.video.time_notes import (
    begins_late,
    counted_from,
    is_counted_from_picture,
    other_notes,
    start_note,
)
from ferbench.wording import some

_FEW = 5
_FEW_SESSIONS = 3
MANY_SWITCHES = 3
"""Changes of the chosen face that are told, if they also are more than one per minute."""


def crop_notice(recipe: Recipe) -> list[str]:
    """Crops of another kind than those that the weights were trained on.

    Allowed, and may cost accuracy.
    """
    differences = recipe.crop_differences
    if not differences:
        return []
    return [f"the model was trained on other crops: {'; '.join(differences)} (preprocessing)"]


def unused_statistics(criterion: Criterion, rules: StatisticsRules) -> list[str]:
    """A sentence on settings of the statistics that change nothing with the criterion."""
    names = rules.unused(criterion)
    if not names:
        return []
    settings = joined(", ", [Text(Setting(f"statistics.{name}")) for name in names])
    return [Text("not used: ", settings, f" (an event matches where {criterion})")]


def late_pictures(results: Sequence[SessionResult]) -> list[str]:
    """Pictures that begin later than their files; many of them in one sentence."""
    late = [
        (result.session.session_id, part.analysis.timeline)
        for result in results
        for part in result.parts
        if begins_late(part.analysis.timeline)
    ]
    if len(late) <= _FEW_SESSIONS:
        return [
            joined("", [f"{name}: ", note])
            for name, timeline in late
            if (note := start_note(timeline)) is not None
        ]
    notices: list[str] = []
    for picture in (False, True):
        alike = [line for _, line in late if is_counted_from_picture(line) == picture]
        starts_s = [timeline.video.picture_start_s for timeline in alike]
        if starts_s:
            what = (
                f"the picture begins later than its file in {len(starts_s)} videos, by "
                f"{min(starts_s):.3f} to {max(starts_s):.3f} s (sessions.csv: picture_start_s): "
            )
            notices.append(joined("", [what, counted_from(picture=picture)]))
    return notices


def video_notices(results: Sequence[SessionResult]) -> list[str]:
    """What else is odd about streams and clocks; alike of many sessions in one sentence."""
    sessions_of: dict[str, list[str]] = {}
    for result in results:
        for part in result.parts:
            for note in other_notes(part.analysis.timeline):
                sessions_of.setdefault(note, []).append(result.session.session_id)
    return [f"{some(names)}: {note}" for note, names in sessions_of.items()]


def oddities(result: SessionResult, selector: Selector) -> list[str]:
    """Damage, repaired times, odd pictures and annotations, a chosen face that keeps changing."""
    sentences = (*_video(result), *_annotations(result), *_switches(result, selector))
    session = result.session.session_id
    return [Text(f"{session}: ", sentence) for sentence in sentences]


def _video(result: SessionResult) -> list[str]:
    sentences = []
    for part in result.parts:
        timeline = part.analysis.timeline
        if timeline.damage:
            sentences.append(f"damaged video, only its beginning was used: {timeline.damage}")
        if timeline.num_repaired:
            sentences.append(
                f"{timeline.num_repaired} of {timeline.video.num_frames} timestamps were repaired"
            )
        sentences += timeline.video.picture_notes
    return sentences


def _annotations(result: SessionResult) -> list[str]:
    onsets_s = [annotation.onset_s for annotation in result.session.annotations or ()]
    sentences = []
    gaps = gaps_s(result.parts)
    lost = [onset_s for onset_s in onsets_s if contains(gaps, onset_s)]
    if lost:
        sentences.append(
            f"annotated at {_few(lost)} s, where nothing was recorded: not counted ({len(lost)})"
        )
    observed, end_s = result.session.observed, result.parts[-1].end_s
    late = [onset_s for onset_s in onsets_s if onset_s >= end_s]
    if observed is not None:
        late = [onset_s for onset_s in late if contains(observed, onset_s)]
    if late:
        sentences.append(
            f"annotated after the video's end ({end_s:.1f} s), at {_few(late)} s: counted as "
            f"missed ({len(late)}); check the unit of the times, and that the video was not cut "
            "short"
        )
    return sentences


def _few(times_s: Sequence[float]) -> str:
    first = ", ".join(f"{time_s:g}" for time_s in times_s[:_FEW])
    return f"{first} ..." if len(times_s) > _FEW else first


def _switches(result: SessionResult, selector: Selector) -> list[str]:
    switches, per_min = result.quality["switches"], result.quality["switches_per_min"]
    if isinstance(selector, Track) or not (switches >= MANY_SWITCHES and per_min > 1):
        return []
    what = f"the chosen face changed {switches:.0f} times; "
    return [Text(what, Setting("selector", "track"), " keeps to one person")]
