"""`LossSpec`: a loss by name with hyperparameters, written `focal(gamma=0.5)` everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.errors import RequestError
from lossbench.spec.call import Value, parse_call, plain_value, print_call

__all__ = ["LossSpec"]


@dataclass(frozen=True)
class LossSpec:
    """A loss by name, with the hyperparameters that were written; knows no catalogue.

    Args:
        name: the loss's name.
        hyperparameters: (name, value) pairs sorted by name. Numbers are floats, so that `2` and `2.0` are one.
    """

    name: str
    hyperparameters: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def parse(cls, text: str, field: str = "losses") -> LossSpec:
        """Reads `focal(gamma=0.5)`.

        Raises:
            RequestError: the text is not of the form name(key=value, ...).
        """
        call = parse_call(text, field)
        if call.arguments:
            raise RequestError(field, "hyperparameters by name, as in focal(gamma=0.5)", text)
        return cls.of(call.name, call.keywords)

    @classmethod
    def of(cls, name: str, hyperparameters: Mapping[str, Value]) -> LossSpec:
        """The spec of a name and a mapping of hyperparameters."""
        return cls(name, tuple(sorted((key, plain_value(value)) for key, value in hyperparameters.items())))

    @property
    def keywords(self) -> dict[str, Value]:
        """The hyperparameters as keyword arguments."""
        return dict(self.hyperparameters)

    def __str__(self) -> str:
        return print_call(self.name, self.keywords)

    def canonical(self) -> dict[str, Any]:
        """The spec as plain JSON values.

        Hyperparameters that are None, and flags that are off, are left out, so that a later version's new ones
        keep old trials' keys.
        """
        told = {key: value for key, value in self.hyperparameters if value is not None and value is not False}
        return {"name": self.name, **told}
