"""`Arm`: a loss as a study compares it, with what it changes in the study's recipe; written `mae[lr=0.5]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec.call import Value, parse_arguments, plain_value, print_value
from lossbench.spec.loss import LossSpec
from lossbench.spec.recipe import Recipe

__all__ = ["OVERRIDES", "Arm"]

# what a loss may change, and where in a recipe that is
OVERRIDES: Mapping[str, tuple[str, ...]] = {
    "lr": ("optimizer", "lr"),
    "momentum": ("optimizer", "momentum"),
    "weight_decay": ("optimizer", "weight_decay"),
    "nesterov": ("optimizer", "nesterov"),
    "batch_size": ("batch_size",),
    "clip": ("clip",),
}

_FORM = "a loss with its own recipe, as in {loss: mae, lr: 0.5} or mae[lr=0.5]"


@dataclass(frozen=True)
class Arm:
    """A loss as a study compares it.

    Args:
        loss: with its hyperparameters.
        overrides: (name, value) pairs sorted by name: what it is trained with instead of the study's recipe.
    """

    loss: LossSpec
    overrides: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, value: object, field: str = "losses") -> Arm:
        """Reads a text, a mapping with `loss` and what it changes, a spec, or a user's own function, class or module.

        Raises:
            RequestError: it is none of these, or changes something that a loss may not.
        """
        if isinstance(value, Arm):
            return value
        if isinstance(value, str):
            return cls.parse(value, field)
        if isinstance(value, Mapping):
            return cls._of_mapping(value, field)
        spec = getattr(value, "spec", value)
        if isinstance(spec, LossSpec):
            return cls(spec)
        if callable(value):
            return cls(LossSpec.of_callable(value, field=field))
        raise RequestError(field, "losses of the form name(key=value, ...)", value)

    @classmethod
    def parse(cls, text: str, field: str = "losses") -> Arm:
        """Reads `focal(gamma=0.5)` and `mae[lr=0.5]`.

        Raises:
            RequestError: the text is of neither form.
        """
        written = text.strip()
        opened = _last_bracket(written)
        if opened is None:
            return cls(LossSpec.parse(text, field))
        call = parse_arguments(f"({written[opened + 1 : -1]})", field, text)
        if call.arguments or not call.keywords:
            raise RequestError(field, _FORM, text)
        return cls._checked(LossSpec.parse(written[:opened], field), call.keywords, field)

    @classmethod
    def _of_mapping(cls, values: Mapping[Any, Any], field: str) -> Arm:
        changes = {str(key): value for key, value in values.items()}
        loss = changes.pop("loss", None)
        if loss is None:
            raise RequestError(field, _FORM, dict(values))
        arm = cls.of(loss, field)
        return cls._checked(arm.loss, {**dict(arm.overrides), **changes}, field)

    @classmethod
    def _checked(cls, loss: LossSpec, changes: Mapping[str, Any], field: str) -> Arm:
        plain: dict[str, Value] = {}
        for name, value in changes.items():
            if name not in OVERRIDES:
                raise UnknownNameError(f"{field}.{loss}", name, OVERRIDES)
            if not isinstance(value, bool | int | float):
                raise RequestError(f"{field}.{loss}.{name}", "a number, or true or false", value)
            try:
                plain[name] = plain_value(value)
            except ValueError:
                raise RequestError(f"{field}.{loss}.{name}", "a finite number", value) from None
        arm = cls(loss, tuple(sorted(plain.items())))
        try:
            arm.recipe(Recipe())
        except RequestError as error:
            raise error.renamed(f"{field}.{loss}.{error.field.rpartition('.')[2]}") from None
        return arm

    def recipe(self, base: Recipe) -> Recipe:
        """The study's recipe with this arm's changes.

        Raises:
            RequestError: together they are not allowed.
        """
        if not self.overrides:
            return base
        values = base.model_dump(exclude_unset=True)
        for name, value in self.overrides:
            *path, last = OVERRIDES[name]
            place = values
            for step in path:
                place = place.setdefault(step, {})
            whole = isinstance(value, float) and name == "batch_size" and value.is_integer()
            place[last] = int(value) if whole and isinstance(value, float) else value
        return Recipe(**values)

    def written(self) -> str | dict[str, Value]:
        """As a study file has it: a text, or a mapping where it changes the recipe."""
        return {"loss": str(self.loss), **dict(self.overrides)} if self.overrides else str(self.loss)

    def __str__(self) -> str:
        changes = ", ".join(f"{name}={print_value(value)}" for name, value in self.overrides)
        return f"{self.loss}[{changes}]" if changes else str(self.loss)


def _last_bracket(text: str) -> int | None:
    """Where the bracket that ends a text was opened; None where it does not end in one."""
    if not text.endswith("]"):
        return None
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == "]") - (text[place] == "[")
        if not depth:
            return place
    return None
