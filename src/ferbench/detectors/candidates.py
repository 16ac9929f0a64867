"""What of a network's outputs is looked at: the anchors that may be faces.

A frame has some ten thousand anchors and a handful of faces. One comparison goes over all anchors,
where the outputs are; everything after it is done for those that passed, in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.types import F32, I64

Output = F32 | Tensor
"""An output of a network: numpy's where onnxruntime computes it, else a tensor on any device."""

Mask = NDArray[np.bool_] | Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the anchors of N frames, as P of them in a row.

    Attributes:
        sure: whether an anchor may be a face, bool (N, P).
        outputs: what the network says of it, each (N, P, k) with a k of its own.
    """

    sure: Mask
    outputs: Sequence[Output]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Anchors that may be faces, C rows by frame and anchor.

    Attributes:
        frame: i64 (C,).
        anchor: i64 (C,), counted through all parts.
        values: f32 (C, K), the outputs side by side.
    """

    frame: I64
    anchor: I64
    values: F32

    @staticmethod
    def concat(parts: Sequence[Candidates]) -> Candidates:
        """Those of one or more batches after each other."""
        return Candidates(
            frame=np.concatenate([part.frame for part in parts]),
            anchor=np.concatenate([part.anchor for part in parts]),
            values=np.concatenate([part.values for part in parts]),
        )

    def where(self, keep: NDArray[np.bool_]) -> Candidates:
        """Some of them, bool (C,)."""
        return Candidates(
            frame=self.frame[keep], anchor=self.anchor[keep], values=self.values[keep]
        )


def candidates(parts: Sequence[Part], first_frame: int) -> Candidates:
    """Pick the anchors that may be faces.

    Args:
        parts: of all anchors; either all numpy and of one frame, or all on one device.
        first_frame: number of the first frame.
    """
    if isinstance(parts[0].sure, Tensor):
        return _on_device(parts, first_frame)
    rows, tables, before = [], [], 0
    for part in parts:
        sure = np.asarray(part.sure)
        row = np.flatnonzero(sure)
        rows.append(row + before)
        tables.append(np.concatenate([output[0, row] for output in part.outputs], axis=1))
        before += sure.size
    anchor = np.concatenate(rows)
    frame = np.full(len(anchor), first_frame)
    return Candidates(frame=frame, anchor=anchor, values=np.concatenate(tables))


def _on_device(parts: Sequence[Part], first_frame: int) -> Candidates:
    """The device is waited for twice, however many frames there are: to count, and to copy."""
    sure = torch.cat([torch.as_tensor(part.sure) for part in parts], dim=1)
    place = sure.flatten().nonzero()
    kinds = zip(*(part.outputs for part in parts), strict=True)
    columns = [torch.cat(list(kind), dim=1).flatten(0, 1)[place[:, 0]] for kind in kinds]
    # Numbers of anchors travel as the bits of the first column.
    table = torch.cat([place.int().view(torch.float32), *columns], dim=1).cpu().numpy()
    frame, anchor = np.divmod(table[:, 0].copy().view(np.int32).astype(np.int64), sure.shape[1])
    return Candidates(frame=frame + first_frame, anchor=anchor, values=table[:, 1:])
