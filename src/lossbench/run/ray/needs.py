"""What one trial takes of a node, and how many trials that lets a node train at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lossbench.errors import RequestError

__all__ = ["Needs"]

_HAIR = 1e-6  # Ray counts in ten-thousandths: three thirds of a GPU are one


@dataclass(frozen=True)
class Needs:
    """Processor cores and GPUs of a trial, which Ray keeps free for it.

    Args:
        cpus: whole cores, at least 1; a trial computes with one thread however many it is given.
        gpus: a share of a GPU, or whole ones; 0 for a trial that is trained on a processor.

    Raises:
        RequestError: another number.
    """

    cpus: float = 1
    gpus: float = 0

    def __post_init__(self) -> None:
        if not _is_number(self.cpus) or self.cpus != int(self.cpus) or self.cpus < 1:
            raise RequestError("--cpus-per-trial", "a whole number of at least 1", self.cpus)
        if not _is_number(self.gpus) or self.gpus < 0 or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise RequestError("--gpus-per-trial", "0, a share of one GPU, or a whole number of them", self.gpus)

    def __str__(self) -> str:
        cpus = "1 CPU" if self.cpus == 1 else f"{self.cpus:g} CPUs"
        gpus = "" if not self.gpus else f" and {self.gpus:g} GPU" + "s" * (self.gpus > 1)
        return f"{cpus}{gpus}"

    def beside(self, slots: int) -> int:
        """How many of a cluster's trials share a device's memory at most, where it trains so many at once."""
        return max(round(1 / self.gpus), 1) if self.gpus else slots

    def slots(self, resources: Mapping[str, float]) -> int:
        """How many trials a node trains at once.

        Args:
            resources: what the node has, as Ray names it: `CPU`, `GPU`.
        """
        by_cpus = int((resources.get("CPU", 0.0) + _HAIR) // self.cpus)
        if not self.gpus:
            return by_cpus
        cards = resources.get("GPU", 0.0) + _HAIR
        if self.gpus > 1:
            return min(by_cpus, int(cards // self.gpus))
        return min(by_cpus, int(cards) * int((1 + _HAIR) // self.gpus))  # a share lies on one card


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
