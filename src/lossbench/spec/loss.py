"""`LossSpec`: a loss by name with hyperparameters, written `focal(gamma=0.5)` everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lossbench.errors import RequestError
from lossbench.spec.call import Value, parse_call, plain_value, print_call
from lossbench.spec.python_object import PREFIX, named_object

__all__ = ["LossSpec"]


@dataclass(frozen=True)
class LossSpec:
    """A loss by name, with the hyperparameters that were written; knows no catalogue.

    Args:
        name: the loss's name in the catalogue, or `module:object` for a user's own.
        hyperparameters: (name, value) pairs sorted by name. Numbers are floats, so that `2` and `2.0` are one.
        function: a user's own loss that has no import path; None for any other.
    """

    name: str
    hyperparameters: tuple[tuple[str, Value], ...] = ()
    function: Callable[..., Any] | None = field(default=None, repr=False)

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
        """The spec of a name and a mapping of hyperparameters.

        Raises:
            RequestError: a hyperparameter is called `name`, which is the loss's own in a trial's file, or has a value
                that no trial's file can hold.
        """
        if "name" in hyperparameters:
            raise RequestError(f"losses.{name}", "hyperparameters that are not called name", "name")
        plain = {}
        for key, value in hyperparameters.items():
            try:
                plain[key] = plain_value(value)
            except (ValueError, TypeError):
                allowed = "a finite number, a list of them, text, true, false or none"
                raise RequestError(f"losses.{name}.{key}", allowed, value) from None
        return cls(name, tuple(sorted(plain.items())))

    @classmethod
    def of_callable(cls, function: Callable[..., Any], name: str = "", field: str = "losses") -> LossSpec:
        """The spec of a function, a class or a module that somebody wrote.

        What can be imported is known by its import path. What cannot, such as a function of a notebook or an object
        with settings of its own, is kept, and named `python:NAME`.

        Args:
            function: of (logits, target), or what makes such a function.
            name: what to call it; its own name when it is empty.
            field: what a complaint is about.

        Raises:
            RequestError: it has no name.
        """
        allowed = "a loss with a name, as LossSpec.of_callable(function, name=...) gives it"
        called, kept = named_object(function, name, field, allowed)
        return cls(called, function=kept)

    @property
    def own(self) -> bool:
        """Whether it is a user's own loss."""
        return ":" in self.name

    @property
    def given(self) -> bool:
        """Whether it is a Python object, which no import path leads to."""
        return self.name.startswith(PREFIX)

    @property
    def keywords(self) -> dict[str, Value]:
        """The hyperparameters as keyword arguments."""
        return dict(self.hyperparameters)

    def __str__(self) -> str:
        return print_call(self.name, self.keywords)

    def canonical(self) -> dict[str, Any]:
        """The spec as plain JSON values.

        Of a loss of the catalogue, hyperparameters that are None and flags that are off are left out, so that a later
        version's new ones keep old trials' keys.
        """
        pairs = self.hyperparameters
        if not self.own:
            pairs = tuple((key, value) for key, value in pairs if value is not None and value is not False)
        return {"name": self.name, **dict(pairs)}
