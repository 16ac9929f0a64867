"""What may be asked of Ray: where it is, and what each pass over a video needs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferbench.checks import check_at_least_1, check_finite
from ferbench.errors import ClusterError, ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class RayEngine:
    """How passes are dealt out by Ray.

    Attributes:
        address: of a cluster that runs already: ``auto`` finds it, ``host:port`` names it; None =
            a cluster of this machine alone, for as long as the passes take.
        num_cpus: processor cores of a pass, which is also the number of its lanes.
        num_gpus: GPUs of a pass; 0.5 lets two passes share one.
        max_retries: how often a pass begins again when its process or its machine dies.
    """

    address: str | None = None
    num_cpus: int = 1
    num_gpus: float = 0.0
    max_retries: int = 3

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_at_least_1("num_cpus", self.num_cpus, of="core")
        check_finite("num_gpus", self.num_gpus)
        if self.num_gpus < 0 or (self.num_gpus > 1 and self.num_gpus != int(self.num_gpus)):
            expected = "0 to 1, or a whole number of GPUs"  # Ray takes no others
            raise ConfigError(key="num_gpus", expected=expected, got=self.num_gpus)
        if self.max_retries < 0:
            raise ConfigError(key="max_retries", expected="0 or more", got=self.max_retries)

    def check_device(self, device: str) -> None:
        """Check that a pass is given the kind of device that its tables are of.

        Raises:
            ClusterError: Ray hides every GPU from a pass that asks for none.
        """
        if device == "cuda" and not self.num_gpus:
            raise ClusterError(
                key="num_gpus",
                expected="more than 0, as the sweep computes on cuda",
                got=self.num_gpus,
                hint="a pass that asks for no GPU sees none",
            )


def imported_ray() -> Any:
    """The module.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            f"Ray is not installed ({error})",
            hint="pip install 'ferbench[ray]'; Ray has wheels for Linux and macOS on arm64, for "
            "Windows in a trial version, and for a new Python some months after it",
        ) from error
    return ray
