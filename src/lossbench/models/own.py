"""A user's own model, by import path: `module:callable`, called as callable(num_classes=..., in_channels=...)."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lossbench.errors import LossbenchError, RequestError

__all__ = ["build_own", "import_own", "import_path", "source_digest"]


def import_own(name: str) -> Callable[..., Any]:
    """The callable that `module:callable` names.

    Raises:
        RequestError: it cannot be imported, or is not callable.
    """
    module_name, _, attribute = name.partition(":")
    allowed = "module:callable that can be imported from here"
    if module_name == "__main__":
        raise RequestError("models", f"{allowed}, also by a worker process", name)
    try:
        with _working_directory_on_path():
            found = getattr(importlib.import_module(module_name), attribute)
    except (Exception, SystemExit) as error:  # importing runs a user's own code, which may raise anything
        raise RequestError("models", allowed, f"{name} ({type(error).__name__}: {error})") from error
    if not callable(found):
        raise RequestError("models", allowed, f"{name}, which is a {type(found).__name__}")
    return found  # type: ignore[no-any-return]  # callable by the line above


def import_path() -> tuple[str, ...]:
    """Where modules are looked for here, for a worker process to look there, too."""
    return tuple(str(Path(folder or ".").resolve()) for folder in ["", *sys.path])


def source_digest(name: str) -> str:
    """A digest of the source of `module:callable`, so that an edited model trains anew.

    It covers the module that the user named and the one that defines the callable, not what these import.
    """
    found = import_own(name)
    while isinstance(found, partial):
        found = found.func
    names = {name.partition(":")[0], getattr(found, "__module__", "")} & set(sys.modules)
    files = [getattr(sys.modules[module], "__file__", None) for module in names]
    sources = sorted(hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files if file)
    return hashlib.sha256("".join(sources).encode()).hexdigest()[:32]


def build_own(name: str, num_classes: int, in_channels: int, size: tuple[int, int]) -> nn.Module:
    """A user's own model, tried on two black pictures.

    Raises:
        RequestError: it is no module that can be trained to give so many logits, or something of its raised.
    """
    pictures = f"{in_channels}×{size[0]}×{size[1]} pictures"
    allowed = f"{name} to give a torch.nn.Module with {num_classes} logits for {pictures}"
    try:
        with _working_directory_on_path(), _settings_kept():
            model: Any = import_own(name)(num_classes=num_classes, in_channels=in_channels)
            unfit = _unfit(model) or _wrong_shape(model, num_classes, torch.zeros(2, in_channels, *size))
    except LossbenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own code raises is an answer to the request
        raise RequestError("models", allowed, f"{type(error).__name__}: {error}") from error
    if unfit:
        raise RequestError("models", allowed, unfit)
    return model  # type: ignore[no-any-return]  # a module, or _unfit had said so


def _unfit(model: object) -> str:
    """What makes an object no model that can be trained and resumed; empty when nothing does."""
    if not isinstance(model, nn.Module):
        return type(model).__name__
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return "a model without a parameter that can be trained"
    if any(parameter.dtype != torch.float32 for parameter in model.parameters()):
        return "a model with parameters that are not float32"
    if any(type(layer).get_extra_state is not nn.Module.get_extra_state for layer in model.modules()):
        return "a model with an extra state, which a checkpoint cannot hold"
    return ""


def _wrong_shape(model: nn.Module, num_classes: int, pictures: torch.Tensor) -> str:
    """What shape the outputs have instead; empty when it is right."""
    training = model.training
    with torch.no_grad():
        shape = tuple(model.eval()(pictures.float()).shape)
    model.train(training)
    return "" if shape == (len(pictures), num_classes) else f"outputs of shape {shape} for two pictures"


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Puts torch's number of threads and default type back, whatever a user's constructor makes of them."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
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
