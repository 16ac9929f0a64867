"""Studies in which events and annotations know nothing of each other, or half of each other."""

import numpy as np

from ferbench.scoring.uncertainty.chance import Track

LENGTH_S = 600.0
KINDS = ("uniform", "bursty", "early", "periodic", "adapting", "long")
LONG_S = 30.0


def times_s(kind: str, number: int, rng: np.random.Generator):
    """About so many times in a session of ten minutes, f64 (N,), at least one."""
    if kind == "bursty":
        centres_s = rng.uniform(0, LENGTH_S, max(number // 4, 1))
        found = rng.choice(centres_s, number) + rng.exponential(5, number)
    elif kind == "early":
        found = LENGTH_S * rng.beta(1, 3, number)
    elif kind == "periodic":
        period_s = LENGTH_S / number
        found = rng.uniform(0, period_s) + period_s * np.arange(number)
        found = (found + rng.normal(0, 0.05 * period_s, number)) % LENGTH_S
    elif kind == "adapting":
        # Each comes later after the one before: people get used to things.
        found = np.cumsum(rng.exponential(8, number) * 1.25 ** np.arange(number))
    else:
        found = rng.uniform(0, LENGTH_S - LONG_S * (kind == "long"), number)
    found = found[found < LENGTH_S]
    return found if len(found) else np.array([1.0])


def study(kind: str, seed: int, *, reacted: float = 0.0, participants: int = 12) -> list[Track]:
    """One session for each participant.

    Args:
        kind: how times are drawn, of events and of annotations.
        seed: of the random numbers.
        reacted: share of the annotations that an event follows, after 0.5 to 4 s.
        participants: how many.
    """
    rng = np.random.default_rng(seed)
    tracks = []
    for who in range(participants):
        onsets_s = np.sort(times_s(kind, rng.poisson(8) + 1, rng))
        events_s = times_s(kind, rng.poisson(8) + 1, rng)
        if reacted:
            answered = rng.random(len(onsets_s)) < reacted
            late_s = onsets_s[answered] + rng.uniform(0.5, 4, answered.sum())
            events_s = np.concatenate([events_s, late_s[late_s < LENGTH_S]])
        lasts_s = np.full(len(events_s), LONG_S if kind == "long" else 0.0)
        tracks.append(
            Track(
                times_s=events_s,
                lasts_s=lasts_s,
                marks_s=np.stack([onsets_s, onsets_s], axis=1),
                observed=((0.0, LENGTH_S),),
                participant=f"p{who}",
            )
        )
    return tracks
