"""Which loss function should this classifier be trained with, and is the difference real?

The public names are loaded when they are first used, so that reading results does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossbench.api.reading import load
    from lossbench.api.running import run
    from lossbench.errors import LossbenchError, RequestError
    from lossbench.losses import loss
    from lossbench.results import Results
    from lossbench.spec import LossSpec, Recipe, Study, load_study

__all__ = [
    "LossSpec",
    "LossbenchError",
    "Recipe",
    "RequestError",
    "Results",
    "Study",
    "load",
    "load_study",
    "loss",
    "run",
]

_HOMES = {
    "LossSpec": "spec",
    "LossbenchError": "errors",
    "Recipe": "spec",
    "RequestError": "errors",
    "Results": "results",
    "Study": "spec",
    "load": "api.reading",
    "load_study": "spec",
    "loss": "losses",
    "run": "api.running",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'lossbench' has no attribute {name!r}")
    return getattr(import_module(f"lossbench.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
