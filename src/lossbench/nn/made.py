"""The classes, one for each loss of the catalogue: its card gives the signature and the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from lossbench.errors import UnknownNameError
from lossbench.losses import CATALOGUE, Hyperparameter, Loss, LossCard
from lossbench.nn.module import DrawingLossModule, LossModule, ProgressLossModule
from lossbench.nn.names import class_name, keyword_name
from lossbench.spec import LossSpec

__all__ = ["CLASSES", "module_of"]

_HOME = "lossbench.nn"  # where users find the classes, and where pickle does
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def _made(loss: Loss) -> type[LossModule]:
    """The class of a loss."""
    card = loss.card
    base = LossModule
    if "progress" in card.needs:
        base = ProgressLossModule
    elif "generator" in card.needs:
        base = DrawingLossModule
    members = {
        "__doc__": _documentation(card),
        "__module__": _HOME,
        "__signature__": _signature(card),
        "card": card,
        "_by_keyword": MappingProxyType({keyword_name(item.name): item for item in card.hyperparameters}),
        "_function": staticmethod(loss.function),
    }
    return type(class_name(card.name), (base,), members)


def _signature(card: LossCard) -> inspect.Signature:
    """`weight` as in torch, then keywords: what the loss needs, its hyperparameters, torch's other options."""
    parameters = [inspect.Parameter("weight", _POSITIONAL, default=None, annotation=Tensor | None)]
    if "class_counts" in card.needs:
        parameters.append(inspect.Parameter("class_counts", _KEYWORD, annotation=Sequence[int] | Tensor))
    parameters += [
        inspect.Parameter(keyword_name(item.name), _KEYWORD, default=item.default, annotation=_annotation(item))
        for item in card.hyperparameters
    ]
    if "generator" in card.needs:
        kind = torch.Generator | None
        parameters.append(inspect.Parameter("generator", _KEYWORD, default=None, annotation=kind))
    reductions = Literal["mean", "sum", "none"]
    parameters += [
        inspect.Parameter("ignore_index", _KEYWORD, default=-100, annotation=int | None),
        inspect.Parameter("reduction", _KEYWORD, default="mean", annotation=reductions),
        inspect.Parameter("label_smoothing", _KEYWORD, default=0.0, annotation=float),
    ]
    return inspect.Signature(parameters)


def _annotation(item: Hyperparameter) -> object:
    if isinstance(item.default, bool):
        return bool
    if item.choices:
        return Literal[item.choices]
    kind: object = int if item.whole else float
    if item.per_class:
        kind = float | Sequence[float]
    return kind | None if item.optional else kind  # type: ignore[operator]  # as above


def _documentation(card: LossCard) -> str:
    """What `help` shows."""
    lines = [f"{card.title}: `{card.name}` of the catalogue as a module.", "", card.purpose, "", f"    {card.formula}"]
    lines += ["", "Args:", "    weight: of each class, (classes,), as in torch.nn.CrossEntropyLoss."]
    if "class_counts" in card.needs:
        lines.append("    class_counts: training samples per class.")
    lines += [f"    {keyword_name(item.name)}: {item.meaning}; {item.allowed}." for item in card.hyperparameters]
    if "generator" in card.needs:
        lines.append("    generator: what is drawn from, on the device of the logits; torch's own where it is None.")
    lines += [
        "    ignore_index: targets of this class do not count; None where there are none.",
        "    reduction: mean, sum or none; the mean is over the weights of the targets.",
        "    label_smoothing: the share of a target that is spread over all classes, 0 to 1"
        + ("." if card.properties.soft_targets else "; 0, as this loss takes no class probabilities."),
        "",
        f"References:\n    {card.reference}",
    ]
    return "\n".join(lines)


def _gathered() -> dict[str, type[LossModule]]:
    return {class_name(name): _made(loss) for name, loss in CATALOGUE.items()}


CLASSES: Mapping[str, type[LossModule]] = MappingProxyType(_gathered())
"""Every class by its name, in the order of the catalogue."""


def module_of(spec: str | LossSpec, weight: Tensor | None = None, **options: object) -> LossModule:
    """The module of a loss as it is written on the command line and in reports.

    Args:
        spec: such as `focal(gamma=0.5)`.
        weight: of each class, (classes,).
        options: whatever else the class takes: `reduction`, `class_counts`, ...

    Raises:
        UnknownNameError: no loss of the catalogue is called so.
        RequestError: the text cannot be read, or a value is out of its range.
    """
    spec = spec if isinstance(spec, LossSpec) else LossSpec.parse(spec)
    if spec.name not in CATALOGUE:
        raise UnknownNameError("loss", spec.name, CATALOGUE)
    CATALOGUE[spec.name].card.complete(spec.keywords)
    hyperparameters = {keyword_name(name): value for name, value in spec.hyperparameters}
    return CLASSES[class_name(spec.name)](weight, **hyperparameters, **options)
