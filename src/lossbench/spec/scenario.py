"""`Scenario`: which data are trained on, and what is done to them first.

Written as parts joined by `+`: `imbalance(exponential, 100) + validation(0.1) + noise(symmetric, 0.2)`. They are
applied in one order, however they are written: train_size, imbalance, validation, noise. The test set is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec._model import Positive, Spec
from lossbench.spec.call import Call, Value, parse_call, print_value, split_outside

__all__ = ["Imbalance", "Noise", "Scenario"]

_PLACE = "scenarios"

_FORMS: Mapping[str, str] = {
    "clean": "clean",
    "train_size": "train_size(SHARE) or train_size(N)",
    "imbalance": "imbalance(exponential, FACTOR) or imbalance(step, FACTOR), with minority='class, class' where wanted",
    "validation": "validation(SHARE), or validation(SHARE, clean) for one without label noise",
    "noise": (
        "noise(symmetric, RATE), noise(asymmetric, RATE), noise(pair, RATE), noise(instance, RATE), "
        "with map='class>class, ...' for asymmetric where wanted, or noise(file, 'PATH')"
    ),
}
_SEED_FORM = "split_seed=N in one part's parentheses, N a whole number"


class Noise(Spec):
    """Wrong labels in the training split.

    Args:
        kind: `symmetric`, `asymmetric`, `pair`, `instance` or `file`.
        rate: the share of each class that is moved (of `instance`, the expected share of all); None with `file`.
        map: of `asymmetric`, `class>class` pairs joined by commas; None for the data set's own map.
        path: of `file`, where the labels are; where they lay is no part of a trial's key, what they say is.
        column: of `file`, which column or array of it.
    """

    place: ClassVar[str] = f"{_PLACE}.noise"

    kind: Literal["symmetric", "asymmetric", "pair", "instance", "file"]
    rate: Annotated[Positive, Field(lt=1)] | None = None
    map: str | None = None
    path: str | None = None
    column: str | None = None

    def __str__(self) -> str:
        first = self.path or "" if self.kind == "file" else self.rate
        return _printed("noise", self.kind, first, map=self.map, column=self.column)


class Imbalance(Spec):
    """A training split with classes of unequal size.

    Args:
        kind: `exponential`, each class smaller than the last by the same factor; `step`, small and large classes.
        factor: how many times as many pictures the largest class has as the smallest.
        minority: class names joined by commas: of `step`, which are small (the last half when it is None); of
            `exponential`, which come last, the rarest at the end (the data's order when it is None).
    """

    place: ClassVar[str] = f"{_PLACE}.imbalance"

    kind: Literal["exponential", "step"]
    factor: Annotated[Positive, Field(gt=1)]
    minority: str | None = None

    @property
    def minority_names(self) -> tuple[str, ...] | None:
        """The named classes; None where none are named."""
        return None if self.minority is None else tuple(split_outside(self.minority))

    def __str__(self) -> str:
        return _printed("imbalance", self.kind, self.factor, minority=self.minority)


class Scenario(Spec):
    """Which data are trained on and what was done to them.

    Args:
        data: the data set's name or path.
        train_size: the share of the training split that is used, below 1, or the number of pictures; stratified.
        imbalance: how unequal the classes are made.
        validation: the share of the training split that is held out, stratified by class.
        validation_clean: true where the validation split has no label noise; noisy like the training split when None.
        label_noise: which wrong labels the training split has.
        split_seed: what all of this is drawn with; the trial's seed when it is None.
    """

    place: ClassVar[str] = _PLACE

    data: str
    train_size: Positive | None = None
    imbalance: Imbalance | None = None
    validation: Annotated[Positive, Field(lt=1)] | None = None
    validation_clean: Literal[True] | None = None
    label_noise: Noise | None = None
    split_seed: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        size = self.train_size
        if size is not None and size >= 1 and (size < 2 or not size.is_integer()):
            raise RequestError(f"{_PLACE}.train_size", "a share below 1, or a whole number of at least 2", size)
        if self.validation_clean and (self.validation is None or self.label_noise is None):
            allowed = "a validation split and label noise beside `clean`: without noise every validation split is clean"
            raise RequestError(f"{_PLACE}.validation", allowed, "clean")
        return self

    @classmethod
    def parse(cls, text: str, data: str) -> Scenario:
        """Reads parts joined by `+`: `clean`, or `noise(symmetric, 0.4) + validation(0.1)`.

        Raises:
            RequestError: a part is unknown, has something that it does not take, or stands twice.
        """
        parts = split_outside(text, "+")
        values: dict[str, Any] = {}
        seeds: set[int] = set()
        if not parts:
            raise RequestError(_PLACE, _every_form(), text)
        for part in parts:
            call, seed = _without_seed(parse_call(part, _PLACE), part)
            seeds |= {seed} if seed is not None else set()
            if call.name not in _FORMS:
                raise UnknownNameError(_PLACE, call.name, _FORMS)
            if call.name in values or (call.name == "clean" and len(parts) > 1):
                raise RequestError(_PLACE, "each part once, and clean alone", text)
            try:
                values[call.name] = _READERS[call.name](call)
            except (_UnreadableError, TypeError):
                raise RequestError(_PLACE, _FORMS[call.name], part.strip()) from None
        if len(seeds) > 1 or (seeds and "clean" in values):
            raise RequestError(_PLACE, _SEED_FORM, text)
        fields: dict[str, Any] = {}
        for value in values.values():
            fields |= value
        return cls(data=data, **fields, split_seed=next(iter(seeds), None))

    @property
    def thinned(self) -> bool:
        """Whether pictures are left out of the training split."""
        return self.train_size is not None or self.imbalance is not None

    def canonical(self) -> dict[str, Any]:
        """The scenario as plain JSON values; where a file of labels lay is not in it, for its digest is the trial's."""
        values = super().canonical()
        if self.label_noise is not None:
            values["label_noise"].pop("path", None)
        return values

    def __str__(self) -> str:
        parts = []
        if self.train_size is not None:
            parts.append(_printed("train_size", self.train_size))
        if self.imbalance is not None:
            parts.append(str(self.imbalance))
        if self.validation is not None:
            share = repr(self.validation)
            parts.append(f"validation({share}, clean)" if self.validation_clean else f"validation({share})")
        if self.label_noise is not None:
            parts.append(str(self.label_noise))
        if self.split_seed is not None and parts:
            parts[-1] = f"{parts[-1][:-1]}, split_seed={self.split_seed})"
        return " + ".join(parts) or "clean"


class _UnreadableError(Exception):
    """A part has something that it does not take."""


def _clean(call: Call) -> dict[str, Any]:
    if call.arguments or call.keywords:
        raise _UnreadableError
    return {}


def _train_size(call: Call) -> dict[str, Any]:
    (size,) = _arguments(call, 1)
    return {"train_size": _number(size)}


def _imbalance(call: Call) -> dict[str, Any]:
    kind, factor = _arguments(call, 2, "minority")
    if kind not in ("exponential", "step"):
        raise _UnreadableError
    minority = _words(call, "minority")
    return {"imbalance": Imbalance(kind=kind, factor=_number(factor), minority=minority)}


def _validation(call: Call) -> dict[str, Any]:
    share, *rest = call.arguments or (None,)
    if call.keywords or rest not in ([], ["clean"]):
        raise _UnreadableError
    return {"validation": _number(share), "validation_clean": True if rest else None}


def _noise(call: Call) -> dict[str, Any]:
    kind, second = _arguments(call, 2, "map", "column")
    flips, column = _words(call, "map"), _words(call, "column")
    if (flips and kind != "asymmetric") or (column and kind != "file"):
        raise _UnreadableError
    if kind == "file":
        if not isinstance(second, str) or not second:
            raise _UnreadableError
        return {"label_noise": Noise(kind=kind, path=second, column=column)}
    if kind not in ("symmetric", "asymmetric", "pair", "instance"):
        raise _UnreadableError
    return {"label_noise": Noise(kind=kind, rate=_number(second), map=flips)}


_READERS: Mapping[str, Callable[[Call], dict[str, Any]]] = {
    "clean": _clean,
    "train_size": _train_size,
    "imbalance": _imbalance,
    "validation": _validation,
    "noise": _noise,
}


def _without_seed(call: Call, part: str) -> tuple[Call, int | None]:
    """The call without its split seed, and that."""
    keywords = dict(call.keywords)
    seed = keywords.pop("split_seed", 0.0)
    if not isinstance(seed, float) or not seed.is_integer() or not 0 <= seed < 2**53:
        raise RequestError(_PLACE, _SEED_FORM, part.strip())
    return Call(call.name, call.arguments, keywords), int(seed) if "split_seed" in call.keywords else None


def _arguments(call: Call, number: int, *keywords: str) -> tuple[Any, ...]:
    if len(call.arguments) != number or not set(call.keywords) <= set(keywords):
        raise _UnreadableError
    return call.arguments


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise _UnreadableError
    return value


def _words(call: Call, name: str) -> str | None:
    """A text of words with single spaces and commas; None where it was not given."""
    value = call.keywords.get(name)
    if value is None and name not in call.keywords:
        return None
    if not isinstance(value, str) or not value.strip():
        raise _UnreadableError
    return ", ".join(" ".join(word.split()) for word in split_outside(value)) if name != "column" else value


def _printed(name: str, *arguments: Value, **keywords: Value) -> str:
    inside = [print_value(value) for value in arguments]
    inside += [f"{key}={print_value(value)}" for key, value in keywords.items() if value is not None]
    return f"{name}({', '.join(inside)})"


def _every_form() -> str:
    return "; ".join(_FORMS.values())
