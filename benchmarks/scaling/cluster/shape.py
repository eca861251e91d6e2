"""What is simulated: a cluster, a driver, and the trials of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossbench.rng import stream

__all__ = ["Cluster", "Driver", "Outcome", "trial_seconds"]

_BUSY = 0.9  # the efficiency that is asked for


@dataclass(frozen=True)
class Driver:
    """What the one process costs that hands out trials and alone writes the store.

    Args:
        begin_seconds: per trial, to claim it and hand it out.
        end_seconds: per trial, to take in all that it told and write its files.
        checkpoint_seconds: per checkpoint that it writes.
    """

    begin_seconds: float = 0.0
    end_seconds: float = 0.0
    checkpoint_seconds: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """Nodes that train.

    Args:
        nodes: how many.
        slots: trials that a node trains at once.
        data_megabytes: what every node fetches once before its first trial.
        megabytes_per_second: that the data's home sends to all nodes together.
        node_hours: between two failures of one node on average; infinite where none fails.
        away_seconds: that a failed node is gone for.
        checkpoint_every: seconds of training between two checkpoints of a trial.
        checkpoints_per_second: that the driver takes from all trials together; more slots send theirs less often.
        reserve_share: how many trials wait in the cluster for a slot to come free, of its slots.
    """

    nodes: int
    slots: int = 16
    data_megabytes: float = 0.0
    megabytes_per_second: float = 1_000.0
    node_hours: float = math.inf
    away_seconds: float = 300.0
    checkpoint_every: float = 5.0
    checkpoints_per_second: float = 20.0
    reserve_share: float = 1 / 2

    @property
    def all_slots(self) -> int:
        """Trials that are trained at once."""
        return self.nodes * self.slots

    @property
    def reserve(self) -> int:
        """Trials that wait in the cluster for a slot to come free."""
        return 1 + int(self.all_slots * self.reserve_share)

    @property
    def checkpoint_pause(self) -> float:
        """Seconds between two checkpoints of a trial, when all slots are taken."""
        return max(self.checkpoint_every, self.all_slots / self.checkpoints_per_second)


@dataclass(frozen=True)
class Outcome:
    """How a study went.

    Args:
        makespan: seconds from the start until the last trial's files are written.
        work: seconds of training that the trials need, added up.
        slots: of the cluster.
        driver_busy: seconds that the driver worked.
        tail: seconds from the moment when no trial was left to hand out until the end.
        fetching: seconds until the last node had the data for the first time.
        lost: seconds of training that failures cost.
    """

    makespan: float
    work: float
    slots: int
    driver_busy: float
    tail: float
    fetching: float
    lost: float

    @property
    def efficiency(self) -> float:
        """Work over what all slots could have done meanwhile."""
        return self.work / (self.slots * self.makespan)

    @property
    def driver(self) -> float:
        """The share of the time in which the driver worked."""
        return self.driver_busy / self.makespan

    @property
    def limit(self) -> str:
        """What slots wait for: the data, the last trials, or else the driver; `cores` where they hardly wait.

        While the nodes fetch their data one after the other, and while the last trials end, half of the slots are idle
        on average.
        """
        if self.efficiency >= _BUSY:
            return "cores"
        idle = {"data": self.fetching / self.makespan / 2, "tail": self.tail / self.makespan / 2}
        idle["driver"] = 1 - self.efficiency - sum(idle.values())
        return max(idle, key=lambda name: idle[name])


def trial_seconds(count: int, mean: float, ratios: Sequence[float], stragglers: float = 0.0) -> np.ndarray:
    """The seconds of so many trials: anywhere between measured ones, as often as these lie there, and scaled.

    Args:
        count: how many.
        mean: seconds.
        ratios: of measured trials, in any unit.
        stragglers: the share of trials that take three times as long.
    """
    drawn = stream(count, "simulated trials")
    seconds = np.quantile(np.asarray(ratios, dtype=np.float64), drawn.random(count))
    seconds *= mean / seconds.mean()
    return np.where(drawn.random(count) < stragglers, 3 * seconds, seconds)
