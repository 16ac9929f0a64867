"""What a network sees of a crop: one by one on a CPU, the same as in a batch of tensors."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from ferbench.face_input import Colour, Resize, coloured, levels, resized

SIDES = (7, 24, 48, 60)


def crops(side: int, *, channels_last: bool = False) -> torch.Tensor:
    values = np.random.default_rng(side).integers(0, 256, (5, side, side, 3), dtype=np.uint8)
    values[0] = 255
    tensor = torch.from_numpy(values).permute(0, 3, 1, 2)
    return tensor if channels_last else tensor.contiguous()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("how", get_args(Resize))
@pytest.mark.parametrize("colour", get_args(Colour))
def test_one_by_one_equals_the_batch_to_the_bit(colour, how, side):
    expected = resized(coloured(crops(side), colour), 24, how)
    for channels_last in (False, True):
        given = crops(side, channels_last=channels_last)
        before = given.clone()
        ours = levels(given, colour=colour, size_px=24, how=how)
        assert ours.dtype == torch.uint8
        assert torch.equal(ours, expected)
        assert torch.equal(given, before), "crops are nobody's to change"


def test_grey_of_all_levels_of_each_channel():
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    for channel in range(3):
        crop = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
        crop[:, channel] = ramp[0, 0]
        assert torch.equal(
            levels(crop, colour="grey", size_px=16, how="area"), coloured(crop, "grey")
        )
