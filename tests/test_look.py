from itertools import combinations

import numpy as np
import pytest

from ferbench import look
from ferbench.errors import ConfigError
from ferbench.labels import EMOTIONS

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SEEN_BY = {
    "full colour vision": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colour):
    value = np.array(look.rgb(colour)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    weights = [0.2126, 0.7152, 0.0722]
    high, low = sorted((float(linear(colour) @ weights) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def oklab(light):
    # Ottosson 2020.
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ np.clip(light, 0, 1))


def test_every_expression_has_a_colour_and_a_dash_of_its_own():
    assert set(look.EXPRESSION_COLOURS) == set(look.DASHES) == set(EMOTIONS)
    assert len(set(look.DASHES.values())) == len(EMOTIONS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_drawn_stands_out(theme):
    background = look.BACKGROUND[theme]
    marks = [look.HIT_COLOUR, look.FALSE_ALARM_COLOUR, look.MISSED_COLOUR, look.NOT_SCORED_COLOUR]
    for colour in [*look.EXPRESSION_COLOURS.values(), *marks]:
        assert contrast(colour, background) >= 3, colour
    assert contrast(look.INK[theme], background) >= 7
    assert contrast(look.FAINT[theme], background) >= 4.5


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_colours_of_expressions_are_told_apart(eyes):
    for one, other in combinations(look.EXPRESSION_COLOURS.values(), 2):
        first, second = (oklab(SEEN_BY[eyes] @ linear(colour)) for colour in (one, other))
        assert np.linalg.norm(first - second) >= 0.07, (one, other)


def test_a_colour_of_another_form_is_refused():
    with pytest.raises(ConfigError, match="#rrggbb"):
        look.rgb("red")
