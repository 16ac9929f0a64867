"""What a reader of the numbers should know of a run and of its sessions."""

from __future__ import annotations

from collections.abc import Sequence

from ferbench.pipeline.parts import gaps_s
from ferbench.pipeline.recipe import Recipe
from ferbench.protocols import Selector
from ferbench.results import SessionResult
from ferbench.selectors.track import Track
from ferbench.timespans import contains

MANY_SWITCHES = 3
"""Changes of the chosen face that are told, if they also are more than one per minute."""


def crop_notice(recipe: Recipe) -> list[str]:
    """Crops of another kind than those that the weights were trained on.

    Allowed, and may cost accuracy.
    """
    differences = recipe.crop_differences
    return (
        [f"the model was trained on other crops: {'; '.join(differences)} (preprocessing)"]
        if differences
        else []
    )


def oddities(result: SessionResult, selector: Selector) -> list[str]:
    """Damage, repaired times, annotations where there is no video, and a chosen face that keeps
    changing.
    """
    name = result.session.session_id
    return [
        f"{name}: {text}"
        for text in (*_video(result), *_annotations(result), *_switches(result, selector))
    ]


def _video(result: SessionResult) -> list[str]:
    found = []
    for part in result.parts:
        timeline = part.analysis.timeline
        if timeline.damage:
            found.append(f"damaged video, only its beginning was used: {timeline.damage}")
        if timeline.num_repaired:
            found.append(
                f"{timeline.num_repaired} of {timeline.video.num_frames} timestamps were repaired"
            )
    return found


def _annotations(result: SessionResult) -> list[str]:
    onsets_s = [a.onset_s for a in result.session.annotations or ()]
    observed, end_s = result.session.observed, result.parts[-1].end_s
    lost = [onset_s for onset_s in onsets_s if contains(gaps_s(result.parts), onset_s)]
    late = [
        onset_s
        for onset_s in onsets_s
        if onset_s >= end_s and (observed is None or contains(observed, onset_s))
    ]
    found = []
    if lost:
        found.append(
            f"annotated at {_few(lost)} s, where nothing was recorded: not counted ({len(lost)})"
        )
    if late:
        found.append(
            f"annotated after the video's end ({end_s:.1f} s), at {_few(late)} s: counted as missed ({len(late)}); "
            "check the unit of the times, and that the video was not cut short"
        )
    return found


def _few(times_s: Sequence[float]) -> str:
    return ", ".join(f"{time_s:g}" for time_s in times_s[:5]) + (" ..." if len(times_s) > 5 else "")


def _switches(result: SessionResult, selector: Selector) -> list[str]:
    switches, per_min = result.quality["switches"], result.quality["switches_per_min"]
    if isinstance(selector, Track) or not (switches >= MANY_SWITCHES and per_min > 1):
        return []
    return [f"the chosen face changed {switches:.0f} times; selector=track keeps to one person"]
