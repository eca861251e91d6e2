"""The simulation: a driver that does one thing at a time, a line of trials that wait, and slots that train them.

What a trial tells while it trains is charged to the driver when it ends: the work is the same, and a trial's end
waits for all of it. Checkpoints are charged in the same way. The data's home sends to one node after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import simpy

from benchmarks.scaling.cluster.shape import Cluster, Driver, Outcome
from lossbench.rng import stream

__all__ = ["simulated"]

Steps = Generator[Any, Any, None]


def simulated(cluster: Cluster, driver: Driver, seconds: Sequence[float] | np.ndarray) -> Outcome:
    """How a cluster trains a study.

    Args:
        cluster: its nodes.
        driver: what a trial costs it.
        seconds: of every trial, in the order in which they are handed out.
    """
    return _Run(cluster, driver, np.asarray(seconds, dtype=np.float64)).outcome()


class _Run:
    def __init__(self, cluster: Cluster, driver: Driver, seconds: np.ndarray) -> None:
        self.cluster, self.driver, self.seconds = cluster, driver, seconds
        self.world = simpy.Environment()
        self.home = simpy.Resource(self.world)
        self.line = simpy.Store(self.world)
        self.ended: deque[float] = deque()  # trials that the driver has not heard of yet, by how long they took
        self.news = self.world.event()
        self.busy = self.handed = self.fetched = self.lost = 0.0

    def outcome(self) -> Outcome:
        """Runs it to its end."""
        driver = self.world.process(self._drive())
        for number in range(min(self.cluster.nodes, len(self.seconds))):
            node = _Node(self, number)
            slots = [self.world.process(node.train()) for _ in range(self.cluster.slots)]
            if np.isfinite(self.cluster.node_hours):
                self.world.process(node.fail(slots))
        self.world.run(driver)
        makespan, work = float(self.world.now), float(self.seconds.sum())
        tail = makespan - self.handed
        return Outcome(makespan, work, self.cluster.all_slots, self.busy, tail, self.fetched, self.lost)

    def _drive(self) -> Steps:
        """The driver's loop: hears all that has ended, then hands out as much as there is room for."""
        handed = done = 0
        room = self.cluster.all_slots + self.cluster.reserve
        while done < len(self.seconds):
            if self.ended:
                yield from self._work(self._to_end(self.ended.popleft()))
                done += 1
            elif handed < len(self.seconds) and handed - done < room:
                yield from self._work(self.driver.begin_seconds)
                self.line.put(float(self.seconds[handed]))
                handed += 1
                self.handed = self.world.now
            else:
                self.news = self.world.event()
                yield self.news

    def _work(self, seconds: float) -> Steps:
        self.busy += seconds
        yield self.world.timeout(seconds)

    def _to_end(self, trained: float) -> float:
        checkpoints = trained // self.cluster.checkpoint_pause
        return self.driver.end_seconds + checkpoints * self.driver.checkpoint_seconds

    def tell(self, trained: float) -> None:
        """Tells the driver that a trial has ended."""
        self.ended.append(trained)
        if not self.news.triggered:
            self.news.succeed()


class _Node:
    def __init__(self, run: _Run, number: int) -> None:
        self.run, self.number = run, number
        self.data = run.world.event()
        self._asked = self._failed = False
        self._back: simpy.Event | None = None

    def train(self) -> Steps:
        """One slot: takes what waits; after a failure goes on elsewhere from the last checkpoint."""
        run = self.run
        while True:
            if self._back is not None:
                yield self._back
            yield from self._fetch()
            waiting = run.line.get()
            seconds = 0.0
            began = run.world.now
            try:
                seconds = yield waiting
                began = run.world.now
                yield run.world.timeout(seconds)
            except simpy.Interrupt:
                self._give_back(waiting, seconds, run.world.now - began)
                continue
            run.tell(seconds)

    def _fetch(self) -> Steps:
        """Waits for the data, which the first slot of a node asks for."""
        run = self.run
        if not self._asked:
            self._asked = True
            with run.home.request() as turn:
                yield turn
                yield run.world.timeout(run.cluster.data_megabytes / run.cluster.megabytes_per_second)
            if not self._failed:
                run.fetched = max(run.fetched, float(run.world.now))
            self.data.succeed()
        elif not self.data.processed:
            yield self.data

    def _give_back(self, waiting: Any, seconds: float, trained: float) -> None:
        """What a failure took from a slot: all since the last checkpoint."""
        run = self.run
        if not waiting.triggered:
            waiting.cancel()
        elif seconds:
            kept = trained // run.cluster.checkpoint_pause * run.cluster.checkpoint_pause
            run.lost += trained - kept
            run.line.put(seconds - kept)

    def fail(self, slots: Sequence[simpy.Process]) -> Steps:
        """Fails now and then, and comes back without data."""
        run, drawn = self.run, stream(self.number, "simulated failures")
        while True:
            yield run.world.timeout(float(drawn.exponential(3600 * run.cluster.node_hours)))
            if not self.data.processed:
                continue
            self._back = run.world.event()
            for slot in slots:
                slot.interrupt()
            yield run.world.timeout(run.cluster.away_seconds)
            self.data, self._asked, self._failed = run.world.event(), False, True
            back, self._back = self._back, None
            back.succeed()
