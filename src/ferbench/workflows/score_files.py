"""Score a table of events against annotations, without a run and without any video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Track, match_tracks
from ferbench.formats.writing import write_tracks
from ferbench.scoring.evaluation import Scores
from ferbench.scoring.scored_session import ScoredSession
from ferbench.workflows.file_kinds import events_in, seem_swapped
from ferbench.workflows.linked_videos import linked_videos, links_videos
from ferbench.workflows.matched_sessions import EventsAndAnnotations, score_by_session
from ferbench.workflows.score_notes import unused_window
from ferbench.workflows.score_tables import Request, events_of_label, lengths_of, stamp_of
from ferbench.workflows.scoring_settings import scoring_settings


def score_files(request: Request) -> Scores:
    """Compare events with annotations, session by session.

    Raises:
        FormatError: a table of events or lengths cannot be used.
        DatasetError: the annotations cannot be used, or there is no session to score.
        ConfigError: an option that does not fit the tables.
    """
    table = events_in(request.events)
    known_lengths, notes = lengths_of(request)
    if seem_swapped(request.events, request.annotations):
        notes.append(
            f"{request.events.name} has no trigger_s, {request.annotations.name} has: are the "
            "arguments swapped?"
        )
    stamp = stamp_of(table, request, notes)
    videos = sorted(table.sessions | frozenset(known_lengths or ()))
    annotated = read_annotations(request.annotations, request.table, videos=videos)
    if annotated.clock and request.study is not None:
        annotated = request.study.in_seconds(annotated)
    settings = scoring_settings(
        request.scoring,
        request.settings,
        pre_s=request.pre_s,
        post_s=request.post_s,
        stamp=stamp,
    )
    if settings.window_unused:
        notes.append(unused_window(request.scoring))
    given = EventsAndAnnotations(
        events=events_of_label(table, request),
        sessions=table.sessions,
        complete=known_lengths is not None or request.events.suffix.lower() == ".json",
        lengths=known_lengths or {},
        annotated=annotated,
        annotator=request.annotator,
        naming=request.naming,
        unlisted=request.unlisted,
        events_name=request.events.name,
        annotations_name=request.annotations.name,
    )
    scores = score_by_session(
        given, settings.criterion, settings.rules, intervals=request.intervals
    )
    return replace(scores, notes=(*notes, *scores.notes))


def match_tracks_of(scores: Scores) -> dict[str, tuple[Track, ...]]:
    """Hits, false alarms and misses of each session, for annotation programs."""
    return {session.session_id: _match_tracks(session, scores) for session in scores.sessions}


def _match_tracks(session: ScoredSession, scores: Scores) -> tuple[Track, ...]:
    events, annotations, criterion = session.events, session.annotations, scores.criterion
    pairs = criterion.matches(events, annotations)
    return match_tracks(
        events,
        annotations,
        pairs,
        scored_events=range(len(events)),
        scored_annotations=range(len(annotations)),
        ignored=criterion.ignored(events, annotations, pairs),
    )


def write_matches(
    scores: Scores, out: Path, *, folder: Path | None, beside: Sequence[Path]
) -> list[str]:
    """Write hits, false alarms and misses of each session for annotation programs; return notes.

    Args:
        scores: of ``score_files``.
        out: the file; ``{session}`` in its name stands for each session's.
        folder: where the sessions' videos are, which some formats link; None = nobody said.
        beside: folders in which they may be then, besides that of ``out``.

    Raises:
        ConfigError: no format has such a name, it cannot hold the sessions, or it is there already.
    """
    tracks = match_tracks_of(scores)
    videos: dict[str, Path] = {}
    notes: list[str] = []
    if links_videos(out):
        folders = [out.parent, *beside]
        videos, notes = linked_videos(tracks, folder=folder, known={}, beside=folders)
    write_tracks(out, tracks, videos=videos, key="matches")
    return notes
