"""Studies without pixels: people who talk, or look surprised, as stored tables of frames and faces.

Timelines, faces with landmarks and expressions are stored under the keys of files that no decoder
could read, so that a run takes them for what was made of videos, and decides everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stages import Analyser
from ferbench.results import StageTiming
from ferbench.types import Expressions, Faces, Timeline, VideoInfo

RATE_HZ = 5
LENGTH_S = 600
BOUT_S = 4.0
"""How long people talk, or look surprised, at a time."""
SEEN = 0.8
"""Share of these that landmarks, or the model, see: each misses others."""
LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass(frozen=True, kw_only=True)
class Person:
    """What happens in a session, seconds.

    Attributes:
        errors_s: when the robot errs.
        talks_s: when the person begins to talk.
        surprised_s: when the person begins to look surprised.
    """

    errors_s: np.ndarray
    talks_s: np.ndarray
    surprised_s: np.ndarray


def person(rng: np.random.Generator, *, reaction: str) -> Person:
    """Eight errors, of which three in four are reacted to by ``talk`` or ``surprise``.

    Both also happen ten times at any time.
    """
    errors_s = np.sort(rng.choice(np.arange(10, LENGTH_S - 10, 20), 8, replace=False)).astype(float)
    answered = errors_s[rng.random(8) < 0.75]
    after_s = answered + rng.uniform(0.5, 2.0, len(answered))
    anyhow_s = [rng.uniform(0, LENGTH_S - BOUT_S, 10) for _ in range(2)]
    talks_s, surprised_s = anyhow_s
    if reaction == "talk":
        talks_s = np.concatenate([talks_s, after_s])
        surprised_s = talks_s  # a model that takes a mouth that talks for a surprised one
    else:
        surprised_s = np.concatenate([surprised_s, after_s])
    return Person(errors_s=errors_s, talks_s=np.sort(talks_s), surprised_s=np.sort(surprised_s))


def store_study(folder: Path, people: list[Person], analyser: Analyser, seed: int) -> None:
    """Write files, annotations (``errors.csv``) and stored tables.

    Args:
        folder: new; the files are in ``videos``.
        people: one session each.
        analyser: its recipe and cache.
        seed: of noise.
    """
    rng = np.random.default_rng([seed, 1])
    (folder / "videos").mkdir(parents=True)
    lines = ["session,participant,onset_s"]
    for number, one in enumerate(people):
        video = folder / "videos" / f"p{number:02d}.mp4"
        video.write_bytes(f"no video: {folder} {seed} {number}".encode())
        _store(video, one, analyser, rng)
        lines += [f"{video.stem},{video.stem},{onset_s:g}" for onset_s in one.errors_s]
    (folder / "errors.csv").write_text("\n".join(lines) + "\n")


def _store(video: Path, one: Person, analyser: Analyser, rng: np.random.Generator) -> None:
    keys = analyser.keys(video)
    timeline = _timeline(video, analyser.cache)
    made = {
        "timeline": tables.timeline_table(timeline),
        "faces": (tables.faces_table(_faces(one, rng)), {}),
        "expressions": tables.expressions_table(_expressions(one, rng)),
    }
    for stage, (table, about) in made.items():
        timing = StageTiming(
            busy_s=1.0, units=1, video_s=LENGTH_S, device="cpu", load=0.0, cached=False
        )
        analyser.cache.write(keys[stage], table, {**about, "timing": timing.about()})


def _timeline(video: Path, cache: Cache) -> Timeline:
    info = VideoInfo(
        video_id=video.stem,
        path=video,
        sha256=cache.digest(video),
        num_frames=LENGTH_S * RATE_HZ,
        width_px=640,
        height_px=480,
        fps_hz=float(RATE_HZ),
        rotation_deg=0,
        mirrored=False,
        picture_notes=(),
        picture_start_s=0.0,
    )
    edges_s = np.arange(LENGTH_S * RATE_HZ + 1) / RATE_HZ
    return Timeline(video=info, edges_s=edges_s, num_repaired=0, damage="", drift_s=0.0, notes=())


def _seen(onsets_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """1 in frames within ``BOUT_S`` of an onset that is seen, else 0."""
    onsets_s = onsets_s[rng.random(len(onsets_s)) < SEEN]
    at_s = np.arange(LENGTH_S * RATE_HZ) / RATE_HZ
    since_s = at_s[:, None] - onsets_s[None]
    return ((since_s >= 0) & (since_s < BOUT_S)).any(axis=1).astype(float)


def _faces(one: Person, rng: np.random.Generator) -> Faces:
    """A face that sways a little, and whose mouth opens with syllables while it talks."""
    count = LENGTH_S * RATE_HZ
    at_s = np.arange(count) / RATE_HZ
    sways = np.cumsum(rng.normal(0, 0.3, (count, 2)), axis=0).clip(-60, 60)
    centre = np.array([320.0, 240.0]) + sways
    opening_px = _seen(one.talks_s, rng) * (8 + 6 * np.sin(2 * np.pi * 2.1 * at_s))
    points = np.array([[-20, -20], [20, -20], [0, 0], [-15, 20], [15, 20]], float)
    landmarks = centre[:, None] + points[None]
    landmarks[:, 3:, 1] += opening_px[:, None]
    landmarks += rng.normal(0, 1.0, landmarks.shape)
    half = np.array([45.0, 55.0])
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    return Faces(
        frame=np.arange(count),
        box_xyxy=(boxes + rng.normal(0, 0.5, boxes.shape)).astype(np.float32),
        score=np.full(count, 0.99, np.float32),
        landmarks_xy=landmarks.astype(np.float32),
    )


def _expressions(one: Person, rng: np.random.Generator) -> Expressions:
    count = LENGTH_S * RATE_HZ
    logits = np.zeros((count, len(LABELS)), np.float32)
    logits[:, LABELS.index("neutral")] = 2.0
    surprised = _seen(one.surprised_s, rng) * 5 + rng.normal(0, 1.0, count)
    logits[:, LABELS.index("surprise")] = surprised
    return Expressions(frame=np.arange(count), face=np.arange(count), logits=logits, labels=LABELS)
