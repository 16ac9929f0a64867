"""Videos' tables, choices and signals kept in memory between the cells of a sweep.

Cells that differ in what follows (event rule, criterion) need the same of every video; over 100
hours of video, reading and choosing take longer than events and scores.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from ferbench.errors import VideoError
from ferbench.fingerprint import canonical_json
from ferbench.pipeline.compute import digest_of
from ferbench.pipeline.stages import Analyser
from ferbench.results import PartResult
from ferbench.types import Part, Session

_LIMIT_BYTES: Final = 3 * 2**29
"""About 130 hours of one face at 25 frames per second."""


@dataclass(slots=True, kw_only=True, eq=False)
class KeptParts:
    """What was used last, up to a limit.

    A video's is used again only where its stored tables are the very files that it was made of, and
    selector, signal and camera are the same. For one thread.

    Attributes:
        limit_bytes: size of the arrays that are kept.
        lost: why a video is not analysed, by the digest of its bytes: it ended the process that
            did so.
    """

    limit_bytes: int = _LIMIT_BYTES
    lost: dict[str, VideoError] = field(default_factory=dict)
    _kept: OrderedDict[str, PartResult] = field(default_factory=OrderedDict)
    _num_bytes: int = 0

    def get(
        self, part: Part, session: Session, analyser: Analyser, make: Callable[[], PartResult]
    ) -> PartResult:
        """The result of a video, kept or made.

        Args:
            part: the video.
            session: its session.
            analyser: with the recipe.
            make: makes the result; what it raises is passed on, and nothing is kept.

        Raises:
            VideoError: the video is lost, and would have to be decoded.
        """
        state = _state(part, session, analyser)
        if state in self._kept:
            self._kept.move_to_end(state)
            return self._kept[state]
        if self.lost and not state and not analyser.runtime.measure:
            self._check_not_lost(part.path, analyser)
        result = make()
        state = _state(part, session, analyser)  # its tables may be there only now
        if state:
            self._keep(state, result)
        return result

    def _check_not_lost(self, path: Path, analyser: Analyser) -> None:
        error = self.lost.get(digest_of(analyser.cache, path))
        if error is not None:
            raise error

    def _keep(self, state: str, result: PartResult) -> None:
        if state in self._kept:
            self._num_bytes -= _size_bytes(self._kept.pop(state))
        self._kept[state] = result
        self._num_bytes += _size_bytes(result)
        while self._num_bytes > self.limit_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._num_bytes -= _size_bytes(oldest)


def _state(part: Part, session: Session, analyser: Analyser) -> str:
    """All that a result comes from; "" = a table is missing, or nothing stored may be used."""
    if analyser.runtime.measure:
        return ""
    keys = analyser.keys(part.path, camera=session.camera)
    try:
        files = [(key.key, analyser.cache.path(key).stat()) for key in keys.values()]
    except OSError:
        return ""
    spec = {
        "tables": [f"{key} {stat.st_mtime_ns} {stat.st_size}" for key, stat in files],
        "path": str(part.path),
        "session": session.session_id,
        "camera": session.camera,
        "selector": analyser.recipe.selector,
        "signal": analyser.recipe.signal,
        "on_damaged": analyser.runtime.on_damaged,
    }
    return canonical_json(spec)


def _size_bytes(result: PartResult) -> int:
    analysis = result.analysis
    faces, expressions = analysis.faces, analysis.expressions
    arrays: list[NDArray[Any]] = [analysis.timeline.edges_s, result.chosen]
    arrays += [faces.frame, faces.box_xyxy, faces.score, faces.landmarks_xy]
    arrays += [expressions.frame, expressions.face, expressions.logits, expressions.regressed]
    arrays += [signal.value for signal in result.signals]
    return sum(array.nbytes for array in arrays)
