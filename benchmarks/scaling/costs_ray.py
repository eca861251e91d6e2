"""What Ray costs per task, per item that a task tells, and per megabyte of the object store, on one machine."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["ray_costs"]

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def ray_costs(tasks: int = 400, items: int = 2_000, megabytes: int = 180) -> dict[str, float]:
    """Seconds per task, per streamed item, per put and first get of an array; the cluster has two slots.

    Args:
        tasks: handed out with a few in flight, as a run does.
        items: told by two tasks side by side.
        megabytes: of the array; 180 is CIFAR-10.
    """
    import ray

    os.environ.update(_QUIET)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        nothing = ray.remote(_nothing)
        ray.get([nothing.remote(0) for _ in range(8)])  # its workers are begun
        costs = {"task_seconds": _task_seconds(ray, nothing, tasks), "item_seconds": _item_seconds(ray, items)}
        array = np.zeros(megabytes * 1_000_000, np.uint8)
        began = time.perf_counter()
        reference = ray.put(array)
        put = time.perf_counter() - began
        size = ray.remote(_size)
        began = time.perf_counter()
        ray.get(size.remote(reference))
        got = time.perf_counter() - began
        return {**costs, "put_megabytes_per_second": megabytes / put, "get_on_a_node_seconds": got}
    finally:
        ray.shutdown()


def _task_seconds(ray: Any, nothing: Any, tasks: int) -> float:
    began, handed = time.perf_counter(), 0
    flying: list[Any] = []
    while handed < tasks or flying:
        while handed < tasks and len(flying) < 4:
            flying.append(nothing.remote(handed))
            handed += 1
        ready, flying = ray.wait(flying, num_returns=1)
        ray.get(ready)
    return (time.perf_counter() - began) / tasks


def _item_seconds(ray: Any, items: int) -> float:
    telling = ray.remote(num_returns="streaming")(_telling)
    streams = [telling.remote(items // 2) for _ in range(2)]
    began, heard = time.perf_counter(), 0
    while streams:
        ready, _ = ray.wait(streams, num_returns=1)
        for stream in ready:
            try:
                ray.get(next(stream))
                heard += 1
            except StopIteration:
                streams.remove(stream)
    return (time.perf_counter() - began) / heard


def _nothing(number: int) -> int:
    return number


def _telling(items: int) -> Iterator[dict[str, float]]:
    for number in range(items):
        yield {"epoch": number, "accuracy": 0.5}


def _size(array: Any) -> int:
    return len(array)
