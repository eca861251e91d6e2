"""Randomness: one stream per (seed, purpose, epoch), and no global seeding anywhere.

A stream never depends on the loss, so at one seed every loss starts from the same weights and sees the same
order (law 2), and it depends on the epoch instead of on what was drawn before, so a resumed trial needs no
generator state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["stream", "torch_generator", "torch_stream"]


def stream(seed: int, purpose: str, epoch: int = 0) -> np.random.Generator:
    """The generator of one purpose in one epoch.

    Args:
        seed: the trial's seed, or the split seed of a scenario.
        purpose: what is drawn: "order", "split", ...; two purposes are independent.
        epoch: the epoch it is drawn for; 0 for what is drawn once per trial.

    Returns:
        A fresh generator; the same arguments give the same numbers, always.
    """
    return np.random.Generator(np.random.PCG64(_entropy(seed, purpose, epoch)))


@contextmanager
def torch_stream(seed: int, purpose: str, epoch: int = 0) -> Iterator[None]:
    """Lets torch's default generator be the stream of one purpose, and puts its state back at the end.

    Layers draw their first weights and their dropout masks from torch's default generator and accept no other;
    inside this block they draw from the stream, and nothing outside it notices.
    """
    import torch

    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    metal = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(_entropy(seed, purpose, epoch) % 2**63)
        try:
            yield
        finally:
            if metal is not None:
                torch.mps.set_rng_state(metal)


def torch_generator(seed: int, purpose: str, epoch: int = 0, device: str | torch.device = "cpu") -> torch.Generator:
    """A torch generator of its own for one purpose in one epoch, on a device; as `stream` otherwise."""
    import torch

    return torch.Generator(device).manual_seed(_entropy(seed, purpose, epoch) % 2**63)


def _entropy(seed: int, purpose: str, epoch: int) -> int:
    digest = hashlib.sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:16], "big")
