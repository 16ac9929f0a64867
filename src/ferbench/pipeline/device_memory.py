"""Want of memory, of a device or of the machine, as an error that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text

if TYPE_CHECKING:
    import torch


@contextmanager
def fits(what: str, device: torch.device) -> Iterator[None]:
    """What is done inside has to fit into the memory of a device.

    Batches were halved before (``ferbench.pipeline.batches``), so there is no smaller one to try.

    Args:
        what: is worked on, for people.
        device: where.

    Raises:
        ConfigError: it does not.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and type(error).__name__ != "OutOfMemoryError":
            raise
        reason = str(error).partition(". ")[0]
        other = "" if device.type == "cpu" else Text(", or ", Setting("runtime.device", "cpu"))
        hint = Text("end what else uses that memory, or choose a smaller detector or model", other)
        message = f"{what} does not fit into the memory of {device}: {reason}".removesuffix(": ")
        raise ConfigError(message, hint=hint) from error
