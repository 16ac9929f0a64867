"""Runs as they leave their tables: counts, matches and lengths of sessions, from times alone."""

from __future__ import annotations

import csv

import numpy as np

from ferbench.report.against_baseline import BASELINE_TAG
from ferbench.report.files import COUNT_COLUMNS, MATCH_COLUMNS
from ferbench.results import RunRow
from ferbench.scoring.matching.one_to_one import match

PRE_S, POST_S = 0.5, 5.0
LENGTH_S = 300.0


def written(folder, header, rows):
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def make_run(
    folder,
    name,
    onsets,
    events,
    *,
    post_s=POST_S,
    sha="same",
    sessions=None,
    goes_by="",
    ignoring=False,
):
    """A run of one session per person.

    Args:
        folder: for its tables; its name is the run's id.
        name: of the run.
        onsets: of annotations, seconds, an array per session.
        events: their times, likewise.
        post_s: end of the window.
        sha: of the annotations.
        sessions: their names.
        goes_by: what it goes by where it is a baseline.
        ignoring: further events where another one counts are no false alarms.
    """
    sessions = sessions or [f"s{k}" for k in range(len(onsets))]
    counts, matches = [], []
    for session, of_session, found in zip(sessions, onsets, events, strict=True):
        pairs = match(found, of_session, pre_s=PRE_S, post_s=post_s)
        tp, person = len(pairs), session.replace("s", "p")
        free = set(range(len(found))) - {i for i, _ in pairs}
        further = set()
        if ignoring:
            inside = (found[:, None] >= of_session - PRE_S) & (
                found[:, None] <= of_session + post_s
            )
            further = free & set(np.flatnonzero(inside.any(axis=1)).tolist())
        fp, fn = len(free) - len(further), len(of_session) - tp
        counts.append([session, person, 0.5, PRE_S, post_s, tp, fp, fn, len(of_session)])
        counts[-1] += [LENGTH_S, LENGTH_S, len(further), sha]
        for i, j in pairs:
            lag_s = found[i] - of_session[j]
            matches.append([session, "match", "x", "k", found[i], of_session[j], lag_s])
        missed = set(range(len(of_session))) - {j for _, j in pairs}
        for i in free:
            outcome = "ignored" if i in further else "false alarm"
            matches.append([session, outcome, "x", "", found[i], "", ""])
        matches += [[session, "miss", "", "k", "", of_session[j], ""] for j in missed]
    written(folder / "counts.csv", COUNT_COLUMNS, counts)
    written(folder / "matches.csv", MATCH_COLUMNS, matches)
    lengths = [[session, LENGTH_S, ""] for session in sessions]
    written(folder / "sessions.csv", ("session", "observed_s", "observed"), lengths)
    params = {"scoring": "window", "scoring.pre_s": str(PRE_S), "scoring.post_s": str(post_s)}
    if ignoring:
        params["scoring.duplicates"] = "ignored"
    tp, fp, fn = (sum(row[column] for row in counts) for column in (5, 6, 7))
    return RunRow(
        run_id=folder.name,
        name=name,
        params=params,
        metrics={"event/f1": 2 * tp / max(2 * tp + fp + fn, 1)},
        tags={BASELINE_TAG: goes_by} if goes_by else {},
    )
