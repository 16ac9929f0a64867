"""What somebody sees who watches a pass over a video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferbench.types import Channels, Expressions, Faces, FrameBatch

if TYPE_CHECKING:
    from ferbench.types import F32, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Consecutive frames and what was found in them; frames are counted from the first of them.

    Attributes:
        first: number of the first frame among those that are looked at.
        rgb: u8 (N, H, W, 3), only until the watcher returns.
        faces: all faces.
        expressions: of the classified faces.
    """

    first: int
    rgb: NDArray[np.uint8]
    faces: Faces
    expressions: Expressions


Watch = Callable[[Seen], None]
"""Called from the thread of the pass, in the order of the frames; the pass waits for it."""


def seen_in(batch: FrameBatch, faces: Faces, rows: I64, outputs: F32, channels: Channels) -> Seen:
    """What was found in a batch.

    Args:
        batch: consecutive frames.
        faces: theirs, frames counted from the batch's first.
        rows: of ``faces`` that were classified.
        outputs: f32 (rows, K + R).
        channels: what they are.
    """
    return Seen(
        first=int(batch.index[0]),
        rgb=batch.rgb.permute(0, 2, 3, 1).contiguous().numpy(),
        faces=faces,
        expressions=Expressions.of_outputs(
            frame=faces.frame[rows], face=rows, outputs=outputs, channels=channels
        ),
    )
