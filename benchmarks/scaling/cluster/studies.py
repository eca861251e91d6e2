"""What the page asks of the simulation: studies of three sizes on clusters of four, and a run that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.scaling.cluster.shape import Cluster, Driver, Outcome, trial_seconds
from benchmarks.scaling.cluster.simulate import simulated
from benchmarks.scaling.costs_trials import DOCUMENT_SECONDS

__all__ = ["ALIKE", "NODES", "TRIALS", "alike", "driver_of", "most_nodes", "rows", "validated"]

TRIALS = (10, 1_000, 10_000, 100_000)
NODES = (1, 8, 64, 1_024)
ALIKE = (0.95, 1.05)
"""Between which trials of one kind lie on machines of one kind, of their mean; the measured ones, on a busy machine,
lie further apart, which spares the driver the rush of all slots coming free at once."""

_EPOCHS = 30
_CIFAR_MEGABYTES = 184.0
_NETWORK = (
    250.0  # megabytes a second from the driver to all nodes together: 2.5 Gbit/s, of a driver on 10 Gbit/s little
)
_STRAGGLERS = 0.001  # take three times as long
_NODE_HOURS = 24.0 * 7
_LISTS_A_SECOND, _LONGEST_PAUSE = 500.0, 5.0  # of news, as the Ray executor has them


def driver_of(measured: Mapping[str, Any], slots: int, seconds: float) -> Driver:
    """What a trial of some seconds costs the driver of a cluster of some slots, from what was measured."""
    store, driver, ray = measured["store"], measured["driver"], measured["ray"]
    lists = min(_EPOCHS, seconds / max(min(slots / _LISTS_A_SECOND, _LONGEST_PAUSE), 1e-9))
    told = lists * ray["item_seconds"] + _EPOCHS * driver["epoch_event_seconds"] + driver["end_event_seconds"]
    return Driver(
        begin_seconds=store["claim_seconds"] + ray["task_seconds"],
        end_seconds=store["finish_seconds"] + told,
        checkpoint_seconds=store["checkpoint_seconds"],
    )


def most_nodes(measured: Mapping[str, Any], seconds: float = DOCUMENT_SECONDS, slots: int = 16) -> float:
    """How many nodes a driver keeps busy that does nothing else: its seconds per trial, held against a trial's."""
    nodes = 1.0
    for _ in range(20):  # the cost hardly depends on the nodes
        driver = driver_of(measured, int(nodes * slots), seconds)
        pause = Cluster(max(int(nodes), 1), slots).checkpoint_pause
        each = driver.begin_seconds + driver.end_seconds + seconds // pause * driver.checkpoint_seconds
        nodes = seconds / each / slots
    return nodes


def rows(measured: Mapping[str, Any], reserve: float) -> Iterator[dict[str, Any]]:
    """One per size of the study and of the cluster: LeNet-5 on CIFAR-10, with stragglers and failing nodes.

    Args:
        measured: what one trial costs.
        reserve: how many trials wait in the cluster, of its slots.
    """
    for trials in TRIALS:
        seconds = trial_seconds(trials, DOCUMENT_SECONDS, measured["trials"]["trial_seconds"], _STRAGGLERS)
        for nodes in NODES:
            cluster = Cluster(
                nodes,
                data_megabytes=_CIFAR_MEGABYTES,
                megabytes_per_second=_NETWORK,
                node_hours=_NODE_HOURS,
                reserve_share=reserve,
            )
            found = simulated(cluster, driver_of(measured, cluster.all_slots, DOCUMENT_SECONDS), seconds)
            yield _row(trials, nodes, found)


def alike(measured: Mapping[str, Any], reserve: float, nodes: int = 64, trials: int = 10_000) -> dict[str, Any]:
    """The same of trials that take almost equally long, without stragglers and failures."""
    cluster = Cluster(nodes, data_megabytes=_CIFAR_MEGABYTES, megabytes_per_second=_NETWORK, reserve_share=reserve)
    driver = driver_of(measured, cluster.all_slots, DOCUMENT_SECONDS)
    return _row(trials, nodes, simulated(cluster, driver, trial_seconds(trials, DOCUMENT_SECONDS, ALIKE)))


def _row(trials: int, nodes: int, found: Outcome) -> dict[str, Any]:
    return {
        "trials": trials,
        "nodes": nodes,
        "slots": found.slots,
        "makespan_seconds": round(found.makespan, 1),
        "efficiency": round(found.efficiency, 4),
        "driver": round(found.driver, 4),
        "tail_seconds": round(found.tail, 1),
        "fetching_seconds": round(found.fetching, 2),
        "lost_seconds": round(found.lost, 1),
        "limit": found.limit,
    }


def validated(trials: Mapping[str, Any]) -> dict[str, float]:
    """The makespan of a run that was measured, and the one that the simulation gives for its trials.

    Worker processes write the store themselves, so that the driver costs nothing; their start stands in the place of
    fetching the data.
    """
    cluster = Cluster(1, trials["workers"], trials["start_seconds"], 1.0)
    found = simulated(cluster, Driver(), trials["trial_seconds"])
    return {"measured_seconds": trials["makespan_seconds"], "simulated_seconds": round(found.makespan, 3)}
