"""The same study by each executor: seconds, pictures per second, memory."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Self

import torch

from lossbench.api.executors import make_executor
from lossbench.api.running import prepare, train_missing
from lossbench.run import Event, Executor
from lossbench.spec import Study

__all__ = ["ARMS", "Arm", "Measured", "measure"]

_LOSSES = ("l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)")  # the document's


@dataclass(frozen=True)
class Arm:
    """A way to train a study.

    Args:
        name: as the table has it.
        make: the executor on a device.
        share: of the seeds that it trains: what is slow is measured on few, and the rest reckoned.
    """

    name: str
    make: Callable[[str], Executor]
    share: float = 1.0


ARMS = (
    Arm("stack", lambda device: make_executor("stack", device=device)),
    Arm("one after another", lambda device: make_executor("processes", 1, device=device), 0.2),
    Arm("four processes", lambda device: make_executor("processes", 4, device=device), 0.2),
)


@dataclass(frozen=True)
class Measured:
    """What an arm was measured to do.

    Args:
        trials: that were trained.
        seconds: from the first to the last, the start of processes included.
        pictures: trained on, in all epochs of all trials.
        memory: bytes of the device at most; None on a processor.
        lanes: side by side, as the results say; 1 where no stack was.
    """

    trials: int
    seconds: float
    pictures: int
    memory: int | None
    lanes: int

    @property
    def per_second(self) -> float:
        """Pictures trained on per second."""
        return self.pictures / self.seconds


def measure(arm: Arm, data: str, model: str, epochs: int, seeds: int, device: str, precision: str) -> Measured:
    """Trains the document's losses by an arm into an empty folder."""
    study = Study(
        data=data,
        models=[model],
        losses=list(_LOSSES),
        seeds=max(1, round(arm.share * seeds)),
        recipe={"epochs": epochs, "precision": precision},
    )

    def notify(event: Event) -> None:
        if event.kind == "failed":
            raise RuntimeError(f"a trial has failed: {event.reason}")

    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(study, folder, device=device)
        began = time.monotonic()
        with _Watched(prepared.device) as watched:
            train_missing(prepared, arm.make(device), notify)
        ended = time.monotonic()
        keys = list(prepared.trials)
        lanes = max(int(prepared.store.provenance(key).get("lanes", 1)) for key in keys)
    pictures = len(keys) * epochs * len(prepared.pictures.train)
    return Measured(len(keys), ended - began, pictures, watched.most, lanes)


class _Watched(AbstractContextManager["_Watched"]):
    """Looks ten times a second how much of a GPU's memory is taken, by whichever process."""

    def __init__(self, device: str) -> None:
        self.most: int | None = None
        self._device, self._over = device, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self._device == "cuda":
            self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            free, total = torch.cuda.mem_get_info()
            self.most = max(self.most or 0, total - free)
