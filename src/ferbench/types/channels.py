"""What a model tells of a face, by name: classes, and regressions with a range and a meaning.

Classes share a softmax: their outputs are logits. A regression stands for itself, in its own units.
A model has at least one of either kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ferbench.checks import check_number
from ferbench.errors import ConfigError
from ferbench.labels import EMOTIONS, channel_name, expression_name
from ferbench.wording import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """One output of a model that is no class.

    Attributes:
        name: ferbench's spelling (``labels.channel_name``): ``valence``, ``arousal``, ``AU12``.
        low: where its range begins, in its own units; -inf = not told. A network may say less:
            values are not cut off.
        high: where its range ends; inf = not told.
        meaning: what its values say, for people; "" = not told.
    """

    name: str
    low: float
    high: float
    meaning: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check the name and the range."""
        if channel_name(self.name) != self.name:
            raise ConfigError(key="name", expected=f"{channel_name(self.name)!r}", got=self.name)
        if self.name in EMOTIONS:
            raise ConfigError(
                f"{self.name} is an expression: it belongs to the labels, or needs another name",
                key="name",
            )
        for key in ("low", "high"):
            check_number(key, getattr(self, key))
        if not self.low < self.high:  # NaN is refused, too
            raise ConfigError(
                key="high", expected=f"a number above low, {self.low:g}", got=self.high
            )

    def __str__(self) -> str:
        """``arousal (-1 to 1)``."""
        if not self.is_bounded:
            return self.name
        return f"{self.name} ({self.low:g} to {self.high:g})"

    @property
    def is_bounded(self) -> bool:
        """Whether both ends of the range are told."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The outputs of a model in their order: classes first, then regressions.

    Attributes:
        labels: K classes, ferbench's spelling; () = the model has none, so there is no softmax and
            no strongest label.
        regressions: R further outputs.
    """

    labels: tuple[str, ...] = ()
    regressions: tuple[Regression, ...] = ()

    def __post_init__(self) -> None:
        """Check that names are spelled as in ferbench and that each stands once."""
        for label in self.labels:
            if expression_name(label) != label:
                raise ConfigError(key="labels", expected=f"{expression_name(label)!r}", got=label)
        if len(set(self.labels)) != len(self.labels):
            raise ConfigError(key="labels", expected="different labels", got=self.labels)
        names = [regression.name for regression in self.regressions]
        if len(set(names)) != len(names):
            raise ConfigError(key="regressions", expected="different names", got=names)

    def __len__(self) -> int:
        return len(self.labels) + len(self.regressions)

    def __str__(self) -> str:
        """``anger, surprise (classes), valence (-1 to 1)``."""
        classes = (
            [f"{', '.join(self.labels)} (classes)"] if self.labels and self.regressions else []
        )
        if not self.regressions:
            classes = list(self.labels)
        return ", ".join([*classes, *map(str, self.regressions)])

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the outputs."""
        return (*self.labels, *(regression.name for regression in self.regressions))

    def regression(self, name: str) -> Regression | None:
        """The regression of a name; None = it is a class, or there is none."""
        return next((each for each in self.regressions if each.name == name), None)

    def range_of(self, name: str) -> tuple[float, float]:
        """Least and largest value: of a class 0 and 1, as its probability; of a regression its own.

        Args:
            name: of one of the channels.
        """
        regression = self.regression(name)
        return (0.0, 1.0) if regression is None else (regression.low, regression.high)

    def check_has(self, names: Iterable[str], *, key: str) -> None:
        """Raise ConfigError about the setting ``key`` unless there is a channel of each name."""
        missing = [name for name in names if name not in self.names]
        if missing:
            nearest = did_you_mean(missing[0], self.names) if len(missing) == 1 else ""
            raise ConfigError(
                f"the model has no {', '.join(missing)}{nearest}; it has {self}", key=key
            )
