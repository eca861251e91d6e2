"""The executor: trials on the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from lossbench.run.halting import listening
from lossbench.run.job import Job, Notify
from lossbench.run.ray.cluster import Cluster
from lossbench.run.ray.dispatch import Dispatch
from lossbench.run.ray.needs import Needs
from lossbench.run.stacks import Stack, checked_stack, stacks_of

__all__ = ["Ray"]


class Ray:
    """Trains on the nodes of a Ray cluster; needs the extra `ray`.

    The nodes need lossbench, the same as here, and no folder in common: data, a user's own code and checkpoints are
    sent to them, and they send back what they make. This process alone writes the save dir. A trial has the bits that
    it has anywhere on the same kind of machine.

    A trial whose node is lost goes on from its last checkpoint on another, however often that happens. One whose own
    worker process dies has failed, as everywhere. Between the two is a worker of Ray's that ends while its node lives,
    as where Ray finds the node's memory used up: the trial goes on from its last checkpoint, and has failed when that
    happens three times in a row without a new one.

    It connects when it is first asked for something, and stays connected until it is closed.

    Args:
        address: `auto` for the cluster that runs on this machine, or HOST:PORT as `ray start --head` prints it; None
            for the one that RAY_ADDRESS names, and without that for one that is started on this machine, for as long as
            the executor is open. Where the process is connected to a cluster already, that one is used.
        cpus_per_trial: processor cores that Ray keeps free for a trial, which computes with one thread.
        gpus_per_trial: GPUs, or a share of one; 0 to train on processors.
        stack: how many trials of one architecture are trained side by side in one model by a task, at most, or `auto`
            for as many as pay, which is measured there; a stack takes what a trial would. None for one trial a task.

    Raises:
        RequestError: a number that is out of range.
    """

    def __init__(
        self,
        address: str | None = None,
        cpus_per_trial: float = 1,
        gpus_per_trial: float = 0,
        stack: int | Literal["auto"] | None = None,
    ) -> None:
        self._address, self._needs = address, Needs(cpus_per_trial, gpus_per_trial)
        self._stack = checked_stack(stack)
        self._cluster: Cluster | None = None

    @property
    def device(self) -> str:
        """What a node trains on."""
        return "cuda" if self._needs.gpus else "cpu"

    @property
    def workers(self) -> int:
        """How many trials are trained side by side at most, with the nodes that the cluster has now.

        Raises:
            RequestError: there is no such cluster, or it has no node for a trial.
        """
        return max(self._joined().slots(), 1)

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; an interrupt ends what runs in the cluster before it is raised."""
        todo = list(jobs)
        if not todo:
            return
        cluster, stacked = self._joined(), self._stack is not None
        if stacked:
            slots, width = max(cluster.slots(), 1), None if self._stack == "auto" else self._stack
            work = stacks_of(todo, slots, width, self._needs.beside(slots))
        else:
            work = [Stack((job,)) for job in todo]
        with listening(notify) as tell:
            Dispatch(cluster, self.device, work, tell, stacked=stacked)()

    def close(self) -> None:
        """Removes what the run left on the nodes, and lets go of the cluster; one that was started here is stopped."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.leave()

    def _joined(self) -> Cluster:
        if self._cluster is None:
            self._cluster = Cluster(self._address, self._needs)
        return self._cluster
