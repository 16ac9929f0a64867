"""Batches for a device, halved where its memory is too small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ferbench.wording import plural

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class Batches:
    """How many items a network is given at a time.

    Attributes:
        size: items, at least 1; it only ever shrinks.
    """

    size: int

    def map(
        self, call: Callable[[torch.Tensor], Result], items: torch.Tensor
    ) -> Iterator[tuple[int, Result]]:
        """What a network makes of items, batch by batch, with the number of each one's first item.

        Where the device has no memory for a batch, half as many are tried from then on.

        Raises:
            torch.OutOfMemoryError: there is no memory for a single item.
        """
        import torch

        at = 0
        while at < len(items):
            size = self.size
            batch = items[at : at + size]
            try:
                result = call(batch)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                self._halve(len(batch))
                continue
            yield at, result
            at += len(batch)

    def _halve(self, tried: int) -> None:
        import torch

        self.size = max(1, min(self.size, tried // 2))
        torch.cuda.empty_cache()
        log.warning(
            "the device has no memory for %s at a time; going on with %d",
            plural(tried, "item"),
            self.size,
        )
