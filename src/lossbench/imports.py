"""A user's own code by import path, `module:object`: found in the working directory, too, and known by its source.

Code is imported only from a path that the user typed (law 10).
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.errors import RequestError, told

__all__ = ["import_own", "import_path", "order_of_sums", "settings_kept", "source_digest", "working_directory_on_path"]


def import_own(name: str, field: str) -> Callable[..., Any]:
    """The callable that `module:callable` names.

    Args:
        name: as the user wrote it.
        field: what a complaint is about: `models`, `losses`.

    Raises:
        RequestError: it cannot be imported, or is not callable.
    """
    module_name, _, attribute = name.partition(":")
    allowed = "module:callable that can be imported from here"
    if module_name == "__main__":
        raise RequestError(field, f"{allowed}, also by a worker process", name)
    try:
        with working_directory_on_path(), settings_kept():
            found: Any = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
    except (Exception, SystemExit) as error:  # importing runs a user's own code, which may raise anything
        raise RequestError(field, allowed, f"{name} ({told(error)})") from error
    if not callable(found):
        raise RequestError(field, allowed, f"{name}, which is of type {type(found).__name__}")
    return found  # type: ignore[no-any-return]  # callable by the line above


def import_path() -> tuple[str, ...]:
    """Where modules are looked for here, for a worker process to look there, too."""
    return tuple(str(Path(folder or ".").resolve()) for folder in ["", *sys.path])


def source_digest(name: str, field: str) -> str:
    """A digest of the source of `module:callable`, so that edited code trains anew.

    It covers the module that the user named and the one that defines the callable, not what these import.
    """
    found = import_own(name, field)
    while isinstance(found, partial):
        found = found.func
    names = {name.partition(":")[0], getattr(found, "__module__", "")} & set(sys.modules)
    files = [getattr(sys.modules[module], "__file__", None) for module in names]
    sources = sorted(hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files if file)
    return hashlib.sha256("".join(sources).encode()).hexdigest()[:32]


@contextmanager
def settings_kept() -> Iterator[None]:
    """Puts back what a user's own code may change for the whole process, and other trials' bits with it (law 1).

    That are torch's settings as far as they can be asked for, NumPy's handling of floating-point errors, and the
    working directory.
    """
    import torch  # not where this is imported: results are read without it

    cudnn, mkldnn, device = torch.backends.cudnn, torch.backends.mkldnn, torch.get_default_device()
    threads, dtype, gradients = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    order = order_of_sums()
    matmul, anomaly, fused = torch.get_float32_matmul_precision(), torch.is_anomaly_enabled(), mkldnn.enabled
    tuned, fixed, coarse = cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32
    here = None
    with suppress(OSError):  # it may be gone
        here = Path.cwd()
    try:
        with np.errstate():
            yield
    finally:
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        if order_of_sums() != order:  # setting it imports torch's compiler, as long as torch itself takes
            torch.use_deterministic_algorithms(order[0], warn_only=order[1])
        torch.set_float32_matmul_precision(matmul)
        torch.set_anomaly_enabled(anomaly)
        mkldnn.enabled = fused
        cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = tuned, fixed, coarse
        if here is not None:
            with suppress(OSError):
                os.chdir(here)


def order_of_sums() -> tuple[bool, bool]:
    """Whether torch computes in an order that is always the same, and only warns where it cannot."""
    import torch

    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


@contextmanager
def working_directory_on_path() -> Iterator[None]:
    """`python -m` looks in the working directory and a console script does not: both shall find a user's module."""
    here = str(Path.cwd())
    added = here not in sys.path and "" not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        yield
    finally:
        if added and here in sys.path:
            sys.path.remove(here)
