"""The tables that a pass makes: put together from its reads, and stored in chunks on the way."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from ferbench.pipeline import tables
from ferbench.pipeline.chunks import Chunk, Chunks
from ferbench.pipeline.grey import GreyChange, pictures_of
from ferbench.pipeline.pass_part import PassPart
from ferbench.pipeline.wanted import WantedExpressions, WantedFaces, WantedPictures
from ferbench.types import Expressions, Faces, Pictures

Rows = TypeVar("Rows", Faces, Expressions, Pictures)
Wanted = TypeVar("Wanted", WantedFaces, WantedExpressions, WantedPictures)


@dataclass(slots=True, eq=False)
class _MadeTable(ABC, Generic[Wanted, Rows]):
    """A table that grows by the rows of consecutive frames.

    Attributes:
        wanted: what it is of.
        busy_s: seconds that were spent on its rows, those of earlier passes among them.
        pieces: its rows so far, in order.
    """

    wanted: Wanted
    busy_s: float = 0.0
    pieces: list[Rows] = field(default_factory=list)

    @abstractmethod
    def rows_of(self, parts: Sequence[PassPart]) -> Rows:
        """The rows of consecutive reads, not before ``wanted.until``."""

    @abstractmethod
    def rows_from(self, chunk: Chunk) -> Rows:
        """The rows of a chunk."""

    @abstractmethod
    def whole(self) -> Rows:
        """All rows."""

    def go_on_from(self, chunks: Iterator[Chunk]) -> None:
        """Take over what an earlier pass left."""
        for chunk in chunks:
            self.pieces.append(self.rows_from(chunk))
            self.busy_s += chunk.busy_s
            self.wanted.until = chunk.until

    def grow(self, parts: Sequence[PassPart]) -> Chunk | None:
        """Take in the rows of reads; returns them as a chunk, None = all were there before."""
        new = [part for part in parts if part.first >= self.wanted.until]
        rows = self.rows_of(new)
        busy_s = sum(part.busy_s[self.wanted.key] for part in new)
        self.pieces.append(rows)
        self.busy_s += busy_s
        if not new:
            return None
        table, about = tables.table_of(rows)
        first, until = new[0].first, new[-1].until
        return Chunk(first=first, until=until, busy_s=busy_s, table=table, about=about)


class _MadeFaces(_MadeTable[WantedFaces, Faces]):
    def rows_of(self, parts: Sequence[PassPart]) -> Faces:
        return Faces.concat([part.faces[self.wanted.key].shifted(part.first) for part in parts])

    def rows_from(self, chunk: Chunk) -> Faces:
        return tables.faces_from(chunk.table)

    def whole(self) -> Faces:
        return Faces.concat(self.pieces)


class _MadeExpressions(_MadeTable[WantedExpressions, Expressions]):
    def rows_of(self, parts: Sequence[PassPart]) -> Expressions:
        key, faces_key = self.wanted.key, self.wanted.faces_key
        channels = self.wanted.model.channels
        frame, face = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        outputs = [np.empty((0, len(channels)), np.float32)]
        for part in parts:
            rows = part.rows[key]
            frame.append(part.faces[faces_key].frame[rows] + part.first)
            face.append(rows + part.faces_before[faces_key])
            outputs.append(part.outputs[key])
        return Expressions.of_outputs(
            frame=np.concatenate(frame),
            face=np.concatenate(face),
            outputs=np.concatenate(outputs),
            channels=channels,
        )

    def rows_from(self, chunk: Chunk) -> Expressions:
        return tables.expressions_from(chunk.table, chunk.about)

    def whole(self) -> Expressions:
        outputs = [np.concatenate((each.logits, each.regressed), axis=1) for each in self.pieces]
        return Expressions.of_outputs(
            frame=np.concatenate([each.frame for each in self.pieces]),
            face=np.concatenate([each.face for each in self.pieces]),
            outputs=np.concatenate(outputs),
            channels=self.wanted.model.channels,
        )


class _MadePictures(_MadeTable[WantedPictures, Pictures]):
    def rows_of(self, parts: Sequence[PassPart]) -> Pictures:
        return pictures_of(part.grey for part in parts if part.grey is not None)

    def rows_from(self, chunk: Chunk) -> Pictures:
        return tables.pictures_from(chunk.table)

    def whole(self) -> Pictures:
        return Pictures(
            luma=np.concatenate([each.luma for each in self.pieces]),
            change=np.concatenate([each.change for each in self.pieces]),
        )


class MadeTables:
    """All tables that a pass makes.

    Attributes:
        first: the first frame of which something is to be made.
        begin: the first frame that has to be seen for that.
    """

    def __init__(
        self,
        wanted: tuple[WantedFaces, ...],
        pictures: WantedPictures | None,
        chunks: Chunks | None,
    ) -> None:
        """Go on from what an earlier pass left; what is wanted is told until where that is.

        Args:
            wanted: faces and expressions.
            pictures: whole pictures; None = nobody asks for them.
            chunks: where finished rows are stored on the way; None = nowhere.
        """
        self._chunks = chunks
        self._by_key: dict[str, _MadeFaces | _MadeExpressions | _MadePictures] = {}
        for faces in wanted:
            self._add_faces(faces)
        if pictures is not None:
            self._add(_MadePictures(pictures))
        self.first = min((table.wanted.until for table in self._by_key.values()), default=0)
        # The first new picture is compared to the one before it.
        goes_on = pictures is not None and 0 < pictures.until == self.first
        self.begin = self.first - goes_on
        self._num_faces = {
            faces.key: int(np.searchsorted(faces.stored.frame, self.begin)) if faces.stored else 0
            for faces in wanted
        }
        self._parts: list[PassPart] = []
        self._grey = GreyChange()
        self._stored_s = time.monotonic()
        self._is_storing = False

    @property
    def last_known(self) -> int:
        """Frames that an earlier pass has seen at least."""
        return max((table.wanted.until for table in self._by_key.values()), default=0)

    def _add_faces(self, faces: WantedFaces) -> None:
        if faces.detect is not None:
            made = _MadeFaces(faces)
            self._add(made)
            faces.stored = made.whole()
        for crops in faces.crops:
            for expressions in crops.expressions:
                self._add(_MadeExpressions(expressions))

    def _add(self, table: _MadeFaces | _MadeExpressions | _MadePictures) -> None:
        key = table.wanted.key
        self._by_key[key] = table
        if self._chunks is not None:
            table.go_on_from(self._chunks.stored(key))

    def take(self, part: PassPart) -> None:
        """Keep what came out of a read; reads come in their order."""
        if part.grey is not None:
            self._grey.follow(part.grey)
        part.faces_before = dict(self._num_faces)
        for key, faces in part.faces.items():
            self._num_faces[key] += len(faces)
        self._parts.append(part)

    def store_if_due(self) -> None:
        """Store what is finished where the last time was long enough ago."""
        if self._chunks and time.monotonic() - self._stored_s >= self._chunks.every_s:
            self.store()

    def store(self) -> None:
        """Store what is finished, up to the end of a whole read."""
        if self._chunks is None or self._is_storing:
            return
        self._is_storing = True  # still so after an interrupt: then it is not tried again
        self._grow(self._num_whole(self._chunks.read_frames), self._chunks)
        self._stored_s = time.monotonic()
        self._is_storing = False

    def finish(self) -> None:
        """Nothing more comes: the tables are whole."""
        self._grow(len(self._parts), None)

    def rows(self, key: str) -> Faces | Expressions | Pictures:
        """The whole table of a key."""
        return self._by_key[key].whole()

    def busy_s(self, key: str) -> float:
        """Seconds that were spent on a table, by this pass and by those that it goes on from."""
        return self._by_key[key].busy_s

    def forget_chunks(self) -> None:
        """Delete the chunks of these tables."""
        if self._chunks is not None:
            self._chunks.forget(self._by_key)

    def _num_whole(self, read_frames: int) -> int:
        """Parts up to the last one that ends a read; one of large frames comes in several."""
        ends = [at + 1 for at, part in enumerate(self._parts) if part.until % read_frames == 0]
        return ends[-1] if ends else 0

    def _grow(self, count: int, chunks: Chunks | None) -> None:
        parts, rest = self._parts[:count], self._parts[count:]
        may_store = chunks is not None and bool(parts) and chunks.is_same_video()
        for key, table in self._by_key.items():
            chunk = table.grow(parts)
            if chunks is not None and may_store and chunk is not None:
                chunks.write(key, chunk)
        self._parts = rest
