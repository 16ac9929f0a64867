"""Work on labelled images in pieces: each is stored by its key, and read where it is there.

Pieces keep the memory flat however many images there are, and make a run that was ended go on where
it was. On a CPU every picture is alone in a network, so no number depends on pieces or lanes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.labelled_images.pictures import content_of, pixels_of
from ferbench.errors import CacheError, DatasetError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.lanes import Lanes, use_one_thread, without_thread_pools
from ferbench.pipeline.recipe import Runtime
from ferbench.results import StageKey
from ferbench.types.labelled_images import LabelledImage, LabelledImages

if TYPE_CHECKING:
    import torch

PIECE: Final = 512
"""Images whose results are stored together."""

AT_ONCE: Final = 16
"""Images that a lane takes at a time, at least."""

View = Literal["crop", "whole"]
"""The face as the data set cuts it, or the picture in which a face is looked for."""

Columns = dict[str, NDArray[Any]]
OnImages = Callable[[int], None]
"""Told how many more images are done."""


@dataclass(slots=True, kw_only=True)
class Part:
    """What came out of some images.

    Attributes:
        columns: of a table, all of one length; ``place`` i64 says which image of the piece.
        broken: why images cannot be used, by their place in the piece.
        busy_s: seconds that count for the speed.
    """

    columns: Columns
    broken: dict[int, str] = field(default_factory=dict)
    busy_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some images, and where they are among all.

    Attributes:
        first: place of the first among all images.
        start: place of the first within its stored piece.
        images: the images.
    """

    first: int
    start: int
    images: Sequence[LabelledImage]


class Worker(Protocol):
    """Makes what is asked of images."""

    def prepare(self) -> None:
        """Load what is needed, in the calling thread; called before each piece."""

    def work(self, piece: Piece) -> Part:
        """Make a part; called in several threads on a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DonePiece:
    """What is known of a piece.

    Attributes:
        first: place of its first image among all.
        size: images.
        key: of its table.
        part: the table; places count from its first image.
        lanes: threads that made it.
        cached: whether it was stored before.
    """

    first: int
    size: int
    key: str
    part: Part
    lanes: int
    cached: bool


class Pieces:
    """The images of a data set, worked on piece by piece.

    Args:
        images: the data set.
        runtime: how this machine computes.
        device: where the networks run.
        cache: where tables are stored.
    """

    def __init__(
        self, images: LabelledImages, runtime: Runtime, device: torch.device, cache: Cache
    ) -> None:
        self.images = images
        self.runtime = runtime
        self.device = device
        self._cache = cache
        self._digests: dict[tuple[View, int], str] = {}

    def __len__(self) -> int:
        return len(self.images.images)

    def pixels(self, image: LabelledImage, view: View) -> torch.Tensor:
        """The pixels of a picture, RGB u8 (1, 3, H, W), on the device.

        Raises:
            DatasetError: it cannot be decoded, or the data set does not say how the face is cut.
        """
        import torch

        rgb = pixels_of(_picture(image, view), self.images.folder)
        if view == "crop" and image.cut is None:
            rgb = _inside(rgb, image)
        return torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self.device)

    def done(
        self,
        stage: str,
        view: View,
        spec: Callable[[int], dict[str, Any]],
        worker: Worker,
        on_images: OnImages,
    ) -> Iterator[DonePiece]:
        """The tables of all pieces, stored or made now.

        Args:
            stage: name of the tables.
            view: which picture of each image is looked at.
            spec: what else decides a piece's table, by the place of its first image.
            worker: makes what is not there.
            on_images: told how many images are done.
        """
        for first in range(0, len(self), PIECE):
            images = self.images.images[first : first + PIECE]
            key = StageKey.of(stage, {"pictures": self._digest(view, first), **spec(first)})
            stored = self._stored(key)
            if stored is not None:
                on_images(len(images))
                part, lanes = stored
            else:
                lanes = self.runtime.num_lanes(self.device)
                worker.prepare()
                piece = Piece(first=first, start=0, images=images)
                part = self._made(piece, worker.work, on_images)
                self._store(key, part, lanes)
            yield DonePiece(
                first=first,
                size=len(images),
                key=key.key,
                part=part,
                lanes=lanes,
                cached=stored is not None,
            )

    def _made(self, piece: Piece, work: Callable[[Piece], Part], on_images: OnImages) -> Part:
        on_cpu = self.device.type == "cpu"
        lanes = Lanes[Piece, tuple[int, Part]](
            count=self.runtime.num_lanes(self.device),
            work=lambda few: (len(few.images), work(few)),
            prepare=use_one_thread if on_cpu else None,
        )
        size = AT_ONCE if on_cpu else max(AT_ONCE, self.runtime.batch_size)
        parts = []
        alone = without_thread_pools() if on_cpu else nullcontext()
        with alone, closing(lanes.results(_pieces_of(piece, size))) as results:
            for num_images, part in results:
                parts.append(part)
                on_images(num_images)
        return _joined(parts)

    def _digest(self, view: View, first: int) -> str:
        """Digest of a piece's pictures and boxes."""
        if (view, first) not in self._digests:
            whole = hashlib.sha256()
            for image in self.images.images[first : first + PIECE]:
                whole.update(self._digest_of(image, view))
            self._digests[view, first] = whole.hexdigest()
        return self._digests[view, first]

    def _digest_of(self, image: LabelledImage, view: View) -> bytes:
        try:
            content = content_of(_picture(image, view), self.images.folder)
        except DatasetError as error:
            content = str(error).encode()
        box = image.box_xyxy if view == "whole" or image.cut is None else None
        return hashlib.sha256(content).digest() + repr(box).encode()

    def _stored(self, key: StageKey) -> tuple[Part, int] | None:
        """A table and the lanes that made it; None = it is not there, or shall not be read."""
        if self.runtime.measure or not self._cache.has(key):
            return None
        try:
            table, about = self._cache.read(key)
            columns = {
                name: table[name].combine_chunks().to_numpy(zero_copy_only=False)
                for name in table.column_names
            }
            broken = {int(place): str(reason) for place, reason in about["broken"].items()}
            part = Part(columns=columns, broken=broken, busy_s=float(about["busy_s"]))
            return part, int(about["lanes"])
        except (CacheError, KeyError, TypeError, ValueError):
            return None  # it is made again

    def _store(self, key: StageKey, part: Part, lanes: int) -> None:
        import pyarrow as pa

        about = {
            "broken": {str(place): reason for place, reason in part.broken.items()},
            "busy_s": part.busy_s,
            "lanes": lanes,
        }
        self._cache.write(key, pa.table(part.columns), about)


def _picture(image: LabelledImage, view: View) -> Any:
    """The picture of a view; the other one where it is not there."""
    first, second = (image.cut, image.whole) if view == "crop" else (image.whole, image.cut)
    return second if first is None else first


def _inside(rgb: NDArray[np.uint8], image: LabelledImage) -> NDArray[np.uint8]:
    """The pixels in an image's box, its corners rounded to whole pixels.

    Raises:
        DatasetError: there is no box, or no pixel in it.
    """
    if image.box_xyxy is None:
        raise DatasetError("nothing says where its face is")
    height_px, width_px = rgb.shape[:2]
    limits = (width_px, height_px, width_px, height_px)
    corners = np.floor(np.array(image.box_xyxy) + 0.5).clip(0, limits).astype(np.int64)
    left, top, right, bottom = corners.tolist()
    if right <= left or bottom <= top:
        raise DatasetError("its box lies outside the picture")
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def _pieces_of(piece: Piece, size: int) -> Iterator[Piece]:
    for start in range(0, len(piece.images), size):
        yield Piece(
            first=piece.first + start, start=start, images=piece.images[start : start + size]
        )


def _joined(parts: Sequence[Part]) -> Part:
    names = parts[0].columns
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in names}
    broken = {place: reason for part in parts for place, reason in part.broken.items()}
    return Part(columns=columns, broken=broken, busy_s=sum(part.busy_s for part in parts))
