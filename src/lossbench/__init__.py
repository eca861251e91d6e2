"""Which loss function should this classifier be trained with, and is the difference real?

The public names are loaded when they are first used, so that reading results does not import torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossbench import nn, testing
    from lossbench.api.comparing import compare
    from lossbench.api.conditions_results import Conditions
    from lossbench.api.exporting import export
    from lossbench.api.merging import merge
    from lossbench.api.predicting import predict
    from lossbench.api.reading import load
    from lossbench.api.running import run
    from lossbench.api.study_results import Results
    from lossbench.api.trackers import send
    from lossbench.api.tuning.tune import tune
    from lossbench.api.tuning.tuning import Tuning
    from lossbench.data import Data
    from lossbench.errors import LossbenchError, RequestError
    from lossbench.losses import loss
    from lossbench.losses.audit import audit
    from lossbench.spec import LossSpec, Recipe, Study, load_study

__all__ = [
    "Conditions",
    "Data",
    "LossSpec",
    "LossbenchError",
    "Recipe",
    "RequestError",
    "Results",
    "Study",
    "Tuning",
    "audit",
    "compare",
    "export",
    "load",
    "load_study",
    "loss",
    "merge",
    "nn",
    "predict",
    "run",
    "send",
    "testing",
    "tune",
]

_ROOMS = ("nn", "testing")
"""Rooms that are public as they are."""

_HOMES = {
    "Conditions": "api.conditions_results",
    "Data": "data",
    "LossSpec": "spec",
    "LossbenchError": "errors",
    "Recipe": "spec",
    "RequestError": "errors",
    "Results": "api.study_results",
    "Study": "spec",
    "Tuning": "api.tuning.tuning",
    "audit": "losses.audit",
    "compare": "api.comparing",
    "export": "api.exporting",
    "load": "api.reading",
    "load_study": "spec",
    "loss": "losses",
    "merge": "api.merging",
    "predict": "api.predicting",
    "run": "api.running",
    "send": "api.trackers",
    "tune": "api.tuning.tune",
}


class _CallableRoom(ModuleType):
    """The room `run`, which can be called as the function of that name: once it is imported, it has taken its place."""

    def __call__(self, *arguments: Any, **options: Any) -> object:
        """See lossbench.api.running.run."""
        return import_module("lossbench.api.running").run(*arguments, **options)


class _Package(ModuleType):
    """This package, which meets its rooms when the import system hands them over."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "run" and isinstance(value, ModuleType):
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"lossbench.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'lossbench' has no attribute {name!r}")
    return getattr(import_module(f"lossbench.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
