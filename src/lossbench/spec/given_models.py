"""Models of a study that are Python objects: each has a name in the study, and is kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lossbench.errors import RequestError
from lossbench.spec.python_object import named_object

__all__ = ["Makers", "named_models"]

Makers = Mapping[str, Callable[..., Any]]

_ALLOWED = "a model with a name, as in models={'mine': callable}"
_MAKER = "what makes a model, called as callable(num_classes=..., in_channels=...), for every seed has its own weights"


def named_models(models: object) -> tuple[object, Makers]:
    """The models as a study writes them, and those that are Python objects by what they are called there.

    Args:
        models: what a user gave: one, a list, or a mapping of names to callables; texts stay as they are.

    Raises:
        RequestError: a model in the place of what makes one, or one without a name.
    """
    if isinstance(models, Mapping):
        pairs = [(str(name), model) for name, model in models.items()]
    elif isinstance(models, list | tuple):
        pairs = [("", model) for model in models]
    elif callable(models):
        pairs = [("", models)]
    else:
        return models, {}
    named = [_named(name, model) for name, model in pairs]
    return [name for name, _ in named], {name: kept for name, kept in named if kept is not None}


def _named(name: str, model: Any) -> tuple[Any, Callable[..., Any] | None]:
    if isinstance(model, str) or not callable(model):
        if name:
            raise RequestError("models", "a callable for each name", model)
        return model, None
    if hasattr(model, "state_dict") and not isinstance(model, type):
        raise RequestError("models", _MAKER, f"a {type(model).__name__}")
    return named_object(model, name, "models", _ALLOWED)
