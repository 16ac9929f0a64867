"""Making the tables of one video for any number of requests: one pass, every table once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ferbench.errors import FerbenchError, VideoError, WeightsError
from ferbench.interrupts import in_hand
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.chunks import Chunks
from ferbench.pipeline.device_memory import fits
from ferbench.pipeline.one_pass import OnePass, frames_of_reads
from ferbench.pipeline.recipe import Runtime
from ferbench.pipeline.stage_keys import PICTURES
from ferbench.pipeline.suspects import Suspects
from ferbench.pipeline.wanted import Request, Stored, WantedPictures, wanted_by
from ferbench.pipeline.watching import Watch
from ferbench.results import StageTiming, Work
from ferbench.types import PassProfile, Timeline
from ferbench.weights.digests import sha256_of

log = logging.getLogger("ferbench")


def digest_of(cache: Cache, path: Path) -> str:
    """SHA-256 of a video.

    Raises:
        VideoError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "missing"
        raise VideoError(f"{path} is {kind}; expected a video file")
    try:
        return cache.digest(path)
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror or error}") from error


def stored_tables(cache: Cache, request: Request) -> Stored:
    """What can be read of a video's tables; an unreadable one counts as missing."""
    stored: Stored = {}
    for stage, key in request.keys.items():
        if not cache.has(key):
            continue
        try:
            table, about = cache.read(key)
            timing = StageTiming(**about["timing"], cached=True)
            stored[stage] = (_parsed(stage, table, about, request), timing)
        except (FerbenchError, KeyError, TypeError, ValueError) as error:
            log.debug("%s: %s", type(error).__name__, error)
    return stored


def computed(
    requests: Sequence[tuple[Request, Stored]],
    *,
    runtime: Runtime,
    cache: Cache,
    work: Work,
    on_frames: Callable[[int], None],
    watch: Watch | None = None,
) -> tuple[list[Stored], PassProfile | None]:
    """Decode a video once, make what each request lacks, and store it.

    Args:
        requests: for one video and one reader, at least one, with what is there of it already.
        runtime: how this machine computes.
        cache: where tables are stored.
        work: counted up.
        on_frames: told how many frames were done.
        watch: sees what is found; None = nobody does.

    Returns:
        All tables of each request, and where the time went.

    Raises:
        ConfigError: the video does not fit into the device's memory.
        VideoError: nothing of it can be decoded, it changed meanwhile, its decoder died, or had
            done so before (``ferbench.pipeline.suspects``).
        WeightsError: a network cannot be loaded.
        CacheError: a table cannot be stored.
    """
    request = requests[0][0]
    reader = request.recipe.reader
    suspects = Suspects(folder=cache.suspects, is_retrying=runtime.retry_suspects)
    with suspects.watch(request.path, request.sha256, reader), in_hand() as hand:
        while True:
            one_pass = OnePass(
                reader=reader,
                runtime=runtime,
                device=request.networks.device,
                wanted=wanted_by(requests),
                pictures=_wanted_pictures(requests),
                chunks=_chunks(request, runtime, cache),
                in_hand=hand,
                work=work,
                on_frames=on_frames,
                watch=watch,
            )
            timeline = _run(one_pass, request, cache)
            if one_pass.fits(timeline):
                break
            log.debug("%s: its chunks are of a longer video", request.path)
            one_pass.forget_chunks()
        work.frames_continued += one_pass.num_continued
        results = _Results(one_pass, timeline, cache).of(requests)
        one_pass.forget_chunks()
        return results, one_pass.profile


def _wanted_pictures(requests: Sequence[tuple[Request, Stored]]) -> WantedPictures | None:
    """What whole pictures are like, where a request lacks it."""
    for request, stored in requests:
        if PICTURES in request.keys and PICTURES not in stored:
            return WantedPictures(key=request.keys[PICTURES].key)
    return None


def _chunks(request: Request, runtime: Runtime, cache: Cache) -> Chunks | None:
    """Where finished rows go on the way; None = nowhere."""
    if runtime.chunk_s is None or runtime.measure:
        return None

    def is_same_video() -> bool:
        try:
            return digest_of(cache, request.path) == request.sha256
        except FerbenchError:
            return False

    chunks = Chunks(
        folder=cache.chunks,
        read_frames=frames_of_reads(runtime, request.networks.device),
        every_s=runtime.chunk_s,
        is_same_video=is_same_video,
    )
    chunks.forget_old()
    return chunks


def _run(one_pass: OnePass, request: Request, cache: Cache) -> Timeline:
    path = request.path
    with fits(str(path), one_pass.device):
        timeline = one_pass.run(path, video_id=request.video_id, sha256=request.sha256)
    try:
        sha256 = _digest_now(cache, path, timeline)
    except VideoError:  # a disk that fails may have given other bytes before
        one_pass.forget_chunks()
        raise
    if sha256 != request.sha256:
        one_pass.forget_chunks()
        raise VideoError(
            f"{path} changed while it was read; nothing of it was stored. Run again when it "
            "is complete."
        )
    return timeline


def _digest_now(cache: Cache, path: Path, timeline: Timeline) -> str:
    """The digest of a video after it was decoded.

    A disk or a mount that fails looks like damage to a decoder. Damage is the video's own only
    where all of its bytes can be read again.
    """
    if not timeline.damage:
        return digest_of(cache, path)
    try:
        return sha256_of(path)
    except WeightsError as error:
        raise VideoError(error.message) from error.__cause__


class _Results:
    """What a pass made, as tables that are stored once."""

    def __init__(self, one_pass: OnePass, timeline: Timeline, cache: Cache) -> None:
        self._pass = one_pass
        self._timeline = timeline
        self._cache = cache
        self._done: Stored = {}  # by key

    def of(self, requests: Sequence[tuple[Request, Stored]]) -> list[Stored]:
        """All tables of each request; those that were missing are stored now."""
        return [
            {stage: stored.get(stage) or self._made(stage, request) for stage in request.keys}
            for request, stored in requests
        ]

    def _made(self, stage: str, request: Request) -> tuple[Any, StageTiming]:
        key = request.keys[stage]
        if key.key not in self._done:
            result = self._result(stage, request)
            table, about = tables.table_of(result)
            timing = self._pass.timing(stage, key.key, self._timeline, num_rows=table.num_rows)
            self._cache.write(key, table, {**about, "timing": timing.about()})
            self._done[key.key] = (result, timing)
        return self._done[key.key]

    def _result(self, stage: str, request: Request) -> tables.Result:
        if stage == "timeline":
            return self._timeline
        return self._pass.rows(request.keys[stage].key)


def _parsed(stage: str, table: Any, about: dict[str, Any], request: Request) -> tables.Result:
    """A stage's result from its stored table."""
    if stage == "timeline":
        return tables.timeline_from(table, about, video_id=request.video_id, path=request.path)
    if stage == "faces":
        return tables.faces_from(table)
    if stage == PICTURES:
        return tables.pictures_from(table)
    return tables.expressions_from(table, about)
