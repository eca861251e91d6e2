"""`LossModule`: a loss of the catalogue as a `torch.nn.Module`, to be put where `nn.CrossEntropyLoss` stands."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lossbench.errors import RequestError
from lossbench.losses import Hyperparameter, LossCard
from lossbench.losses.widen import widen
from lossbench.nn.names import keyword_name
from lossbench.nn.options import (
    Reduction,
    checked_class_counts,
    checked_options,
    checked_progress,
    checked_weight,
    plain,
)
from lossbench.nn.rows import Rows
from lossbench.nn.weighing import reduced, smoothed, weighed
from lossbench.spec import LossSpec

__all__ = ["DrawingLossModule", "LossModule", "ProgressLossModule"]


class LossModule(nn.Module):
    """What all modules of `lossbench.nn` are: each is the class of one loss, and this alone is of none.

    Attributes:
        card: of the loss, from the catalogue.
        weight: a buffer: of each class, (classes,), or None.
        ignore_index: the class index of targets that do not count, or None.
        reduction: `mean`, `sum` or `none`.
        label_smoothing: how much of a target is shared among all classes.

    Hyperparameters are attributes, too, under the names of the arguments; setting one checks it as the constructor
    does.
    """

    card: ClassVar[LossCard]
    _by_keyword: ClassVar[Mapping[str, Hyperparameter]] = {}
    _function: ClassVar[Callable[..., Tensor]]

    weight: Tensor | None
    ignore_index: int | None
    reduction: Reduction
    label_smoothing: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__()
        given = _given(type(self), arguments, options)
        self.ignore_index, self.reduction, self.label_smoothing = checked_options(self.card, given)
        self.register_buffer("weight", checked_weight(given["weight"]))
        if "class_counts" in self.card.needs:
            self.register_buffer("class_counts", checked_class_counts(self.card, given["class_counts"]))
        for name in self._by_keyword:
            setattr(self, name, given[name])

    def __setattr__(self, name: str, value: Any) -> None:
        item = self._by_keyword.get(name)
        if item is not None and not isinstance(value, nn.Parameter):  # which one may train with the network
            value = _checked(self.card, item, value)
        super().__setattr__(name, value)

    @property
    def text(self) -> str:
        """The loss as `lossbench run --losses` takes it, with the hyperparameters that are not the catalogue's."""
        return str(self._named())

    @property
    def spec(self) -> LossSpec | None:
        """The loss that a study or an audit trains or examines in its place; None where options make it another one.

        Class weights, label smoothing and class counts of one's own are no part of a loss of the catalogue, nor is what
        a user's class adds that is built upon one of these: a study takes such a module as a loss of the user's.
        """
        built_upon = "card" not in vars(type(self))
        if built_upon or self.label_smoothing or next(self.buffers(), None) is not None:
            return None
        return self._named()

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 - as torch's losses call it
        """The loss of a batch.

        Args:
            input: logits, shape (batch, classes), (classes,) or (batch, classes, d1, ..., dk).
            target: class indices, shape (batch,), () or (batch, d1, ..., dk), or, where the loss takes them, class
                probabilities in the shape of the input.

        Returns:
            One number, or with `reduction="none"` one per target, in its shape; float32 or wider.

        Raises:
            RequestError: a target of another shape, or class probabilities for a loss that is not defined for them.
        """
        return self._loss(input, target)

    def extra_repr(self) -> str:
        """Hyperparameters, and the options that are not as torch has them."""
        shown = {keyword_name(name): value for name, value in self._hyperparameters().items()}
        shown |= dict(self.named_buffers())
        if self.ignore_index != -100:
            shown["ignore_index"] = self.ignore_index
        shown["reduction"] = self.reduction
        if self.label_smoothing:
            shown["label_smoothing"] = self.label_smoothing
        return ", ".join(f"{name}={_written(value)}" for name, value in shown.items())

    def _named(self) -> LossSpec:
        defaults = {item.name: item.default for item in self.card.hyperparameters}
        set_by_user = {name: value for name, value in self._hyperparameters().items() if value != defaults[name]}
        return LossSpec.of(self.card.name, set_by_user)

    def _hyperparameters(self) -> dict[str, Any]:
        """Each by its name in the catalogue."""
        return {item.name: getattr(self, keyword_name(item.name)) for item in self.card.hyperparameters}

    def _loss(self, input: Tensor, target: Tensor, **needed: Any) -> Tensor:  # noqa: A002 - as above
        rows = Rows.of(input, target)
        self._check(rows)
        if input.is_meta:  # which has no autocast
            return self._of_rows(rows, needed)
        with torch.autocast(input.device.type, enabled=False):  # a loss is computed in float32 or wider
            return self._of_rows(rows, needed)

    def _check(self, rows: Rows) -> None:
        """Raises a RequestError where the batch does not fit this loss."""
        if rows.soft and not self.card.properties.soft_targets:
            allowed = f"class indices, for {self.card.name} is not defined for class probabilities"
            raise RequestError("target", allowed, f"{rows.target.dtype} in the shape of the input")
        if rows.soft and self.ignore_index is not None and self.ignore_index >= 0:
            raise RequestError("ignore_index", "below 0 where the target is class probabilities", self.ignore_index)
        for name, values in self.named_buffers():
            if len(values) != rows.logits.shape[1]:
                raise RequestError(name, f"one value per class ({rows.logits.shape[1]})", f"{len(values)} values")

    def _of_rows(self, rows: Rows, needed: Mapping[str, Any]) -> Tensor:
        if rows.soft or self.ignore_index is None:
            losses, counted = self._weighed(rows.logits, rows.target, needed)
            return reduced(losses, counted, self.reduction, rows.shape)
        kept = rows.target != self.ignore_index
        if "batch" in self.card.needs:  # what is ignored may not take part in the others' loss
            some, counted = self._weighed(rows.logits[kept], rows.target[kept], needed)
            losses = some.new_zeros(len(kept)).masked_scatter(kept, some)
            counted = kept.to(some.dtype) if counted is None else counted
        else:
            losses, counted = self._weighed(rows.logits, torch.where(kept, rows.target, 0), needed)
            losses = torch.where(kept, losses, 0)
            counted = kept.to(losses.dtype) if counted is None else torch.where(kept, counted, 0)
        return reduced(losses, counted, self.reduction, rows.shape)

    def _weighed(self, logits: Tensor, target: Tensor, needed: Mapping[str, Any]) -> tuple[Tensor, Tensor | None]:
        """The loss of each row times its class weight, (rows,), and what each counts in the mean where that is not 1.

        As in torch, the mean is over the weights of class indices, and over the rows of class probabilities.
        """
        dtype = widen(logits[:0]).dtype
        weight = None if self.weight is None else self.weight.to(dtype)
        counted = None if weight is None or target.is_floating_point() else weight[target]
        if self.label_smoothing:
            target = smoothed(target, logits.shape[1], self.label_smoothing, dtype)
        if weight is None:
            return self._each(logits, target, needed), counted
        target, factor = weighed(target, weight)
        return factor * self._each(logits, target, needed), counted

    def _each(self, logits: Tensor, target: Tensor, needed: Mapping[str, Any]) -> Tensor:
        """What the catalogue's function gives, (rows,)."""
        counts = {}
        if "class_counts" in self.card.needs:
            wide = torch.float32 if logits.device.type == "mps" else torch.float64  # mps has none
            counts["class_counts"] = self.get_buffer("class_counts").to(wide)
        return type(self)._function(logits, target, **needed, **counts, **self._hyperparameters())


class ProgressLossModule(LossModule):
    """A loss that changes in the course of training, which has to be told how far that is.

    Attributes:
        progress: the share of training done, 0 to 1, to be set before a step or an epoch; None until it is.
    """

    _progress: float | None = None

    @property
    def progress(self) -> float | None:
        """The share of training done, 0 to 1; None until it is set."""
        return self._progress

    @progress.setter
    def progress(self, value: float | None) -> None:
        self._progress = None if value is None else checked_progress(value)

    def forward(self, input: Tensor, target: Tensor, progress: float | None = None) -> Tensor:  # noqa: A002 - as above
        """The loss of a batch, as `LossModule.forward` has it.

        Args:
            input: logits.
            target: class indices.
            progress: the share of training done, 0 to 1; where it is None, the attribute of that name.

        Raises:
            RequestError: neither is given, or what `LossModule.forward` raises.
        """
        share = self._progress if progress is None else progress
        if share is None:
            allowed = f"the share of training done, 0 to 1, which {self.card.name} needs: set it before a step"
            raise RequestError("progress", allowed, None)
        return self._loss(input, target, progress=share)


class DrawingLossModule(LossModule):
    """A loss that draws random numbers.

    Attributes:
        generator: what is drawn from, on the device of the logits; None for torch's own, as dropout has it.
    """

    def __init__(self, *arguments: Any, generator: torch.Generator | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.generator = generator

    def forward(self, input: Tensor, target: Tensor, generator: torch.Generator | None = None) -> Tensor:  # noqa: A002 - as above
        """The loss of a batch, as `LossModule.forward` has it.

        Args:
            input: logits.
            target: class indices.
            generator: what is drawn from; where it is None, the attribute of that name, or torch's own.
        """
        return self._loss(input, target, generator=generator or self.generator)


def _given(cls: type, arguments: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument with its value, defaults filled in, by the signature of the class."""
    if not hasattr(cls, "card"):
        raise TypeError(f"{cls.__name__} is the class of no loss; lossbench.nn.CLASSES has those that are")
    try:
        bound = inspect.signature(cls).bind(*arguments, **options)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}: {error}") from None
    bound.apply_defaults()
    return bound.arguments


def _checked(card: LossCard, item: Hyperparameter, value: Any) -> Any:
    """A hyperparameter as a spec holds it, of a type that its function's parameter has.

    Raises:
        RequestError: it is out of its range, or nothing that a hyperparameter may be.
    """
    value = plain(value)
    value = tuple(value) if isinstance(value, list) else value
    if not all(isinstance(one, float | int | str | None) for one in (value if isinstance(value, tuple) else [value])):
        raise RequestError(f"losses.{card.name}.{item.name}", item.allowed, value)
    item.check(card.name, value)
    return _typed(item, value)


def _typed(item: Hyperparameter, value: Any) -> Any:
    """A number in the type that its function's parameter has."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return int(value) if item.whole else float(value)


def _written(value: object) -> str:
    if isinstance(value, Tensor):
        return f"<{len(value)} values>" if len(value) > 10 else repr(value.tolist())
    return repr(value)
