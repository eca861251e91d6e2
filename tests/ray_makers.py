"""Ray for the tests: on loopback, without a dashboard, without statistics of its use."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MARK = {"LOSSBENCH_TESTS_OF": str(os.getpid())}  # what Ray starts inherits it, and is told by it from others' Ray
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", **MARK}


@contextmanager
def _surroundings(aside: Path, kernels: Path) -> Iterator[None]:
    """What Ray's processes inherit: a folder for scratch, and the kernels that were compiled for all tests."""
    own = {"TMPDIR": str(aside), "XDG_CACHE_HOME": str(kernels.parents[1])}
    short = {"RAY_TMPDIR": tempfile.gettempdir()}  # for sockets, whose paths may have no more than 107 bytes
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**QUIET, **own, **short}.items():
            patch.setenv(name, value)
        yield


@contextmanager
def started(cpus: int, aside: Path, kernels: Path) -> Iterator[None]:
    """Ray on this machine, connected to.

    Args:
        cpus: how many cores it is told of.
        aside: where scratch lies.
        kernels: where the native kernels were compiled.
    """
    import ray

    with _surroundings(aside, kernels):
        ray.init(
            address="local",
            num_cpus=cpus,
            include_dashboard=False,
            _node_ip_address="127.0.0.1",
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def machines(count: int, aside: Path, kernels: Path) -> Iterator[Any]:
    """A cluster of several nodes of one core on this machine, which nothing is connected to; the rest as above."""
    from ray.cluster_utils import Cluster

    with _surroundings(aside, kernels):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            for _ in range(count - 1):
                cluster.add_node(num_cpus=1)
            yield cluster
        finally:
            cluster.shutdown()  # type: ignore[no-untyped-call]  # Ray does not annotate it


def training(seconds: float = 10.0) -> list[int]:
    """The worker processes of lossbench below the tests' Ray that are still there after some seconds."""
    until = time.monotonic() + seconds
    while (found := workers()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def workers() -> list[int]:
    """The worker processes of lossbench below the tests' Ray."""
    mark = next(f"{name}={value}".encode() for name, value in MARK.items())
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words, environment = (file.read_bytes().split(b"\0") for file in (path, path.with_name("environ")))
        except OSError:
            continue
        if {b"lossbench.run.worker", b"lossbench.run.stack_worker"} & set(words) and mark in environment:
            found.append(int(path.parent.name))
    return found
