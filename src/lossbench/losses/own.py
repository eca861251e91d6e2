"""A user's own loss: imported, built, tried on a few logits, and adapted to one value per sample.

It may be a function of (logits, target), a class or a function that makes one, or a `torch.nn.Module`; its value may be
one number per sample, or the mean or the sum over the batch. By naming a parameter so it gets what it needs:
`class_counts` and `num_classes` when it is made, `progress` and `generator` at every step.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lossbench.errors import LossbenchError, RequestError, TrialError, UnknownNameError, told
from lossbench.imports import import_own, settings_kept, source_digest
from lossbench.losses.bound import BoundLoss
from lossbench.losses.card import Need
from lossbench.losses.fingerprint import fingerprint
from lossbench.rng import torch_generator
from lossbench.spec import LossSpec, Value

__all__ = [
    "OwnLoss",
    "Reduction",
    "Tried",
    "bind_own",
    "build_own_loss",
    "check_own",
    "found_own",
    "loss_digest",
    "try_own_loss",
]

Reduction = Literal["none", "mean", "sum"]

_STEPWISE: tuple[Need, ...] = ("progress", "generator")


@dataclass(frozen=True, eq=False)
class OwnLoss:
    """A user's loss, built.

    Args:
        function: of (logits, target), and by name of what it needs at every step.
        needs: those of `progress` and `generator` that it has a parameter for.
    """

    function: Callable[..., Any]
    needs: frozenset[Need]

    def __call__(self, logits: Tensor, target: Tensor, **needed: Any) -> Any:
        """Whatever the user's code gives; it is handed only what it has a parameter for."""
        return self.function(logits, target, **{name: needed[name] for name in self.needs})


def check_own(spec: LossSpec) -> None:
    """Checks that a user's loss is there.

    Raises:
        RequestError: it cannot be imported, or is not callable.
    """
    found_own(spec)


def loss_digest(spec: LossSpec) -> str | None:
    """A digest of the source of a user's own loss, so that an edited one trains anew; None for the catalogue's."""
    if not spec.own:
        return None
    return fingerprint(spec.function) if spec.function else source_digest(spec.name, "losses")


def build_own_loss(spec: LossSpec, class_counts: Sequence[int], device: torch.device | str = "cpu") -> OwnLoss:
    """A user's loss with its hyperparameters and what it needs at set-up.

    Raises:
        RequestError: it is not callable with these, has parameters to be trained, or its code raised something.
    """
    found = found_own(spec)
    try:
        function = _made(found, spec, {"class_counts": tuple(class_counts), "num_classes": len(class_counts)})
        if isinstance(function, nn.Module):
            function = function.to(device)
            if any(parameter.requires_grad for parameter in function.parameters()):
                raise _unfit(spec, "one with parameters of its own, which nobody would train")
        if not callable(function):
            raise _unfit(spec, f"something of type {type(function).__name__}")
        asked_for = _parameters(function.forward if isinstance(function, nn.Module) else function)
    except LossbenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own code raises is an answer to the request
        raise _unfit(spec, told(error)) from error
    return OwnLoss(function, frozenset(name for name in _STEPWISE if name in asked_for))


@settings_kept()
def bind_own(spec: LossSpec, class_counts: Sequence[int], device: torch.device | str = "cpu") -> BoundLoss:
    """A user's loss as one value per sample.

    A loss that gives one value per batch counts as one that couples the batch: it is evaluated on batches of the
    recipe's size, and its value stands for each sample of its batch.

    Raises:
        RequestError: as `build_own_loss`, and a loss that cannot be trained with: it raises, or gives something of
            another shape, a whole number, or a value that does not depend on the logits.
    """
    own = build_own_loss(spec, class_counts, device)
    before = _memory(own.function)
    tried = try_own_loss(spec, own, len(class_counts), device)
    if _memory(own.function) != before:
        raise _unfit(spec, "one that remembers earlier batches, which a resumed trial could not")
    if not tried.finite:
        raise _unfit(spec, "a value that is not finite")

    def per_sample(logits: Tensor, target: Tensor, **needed: Any) -> Tensor:
        expected = one_hot(target, logits.shape[1]).to(logits.dtype) if tried.one_hot_target else target.clone()
        value = own(logits.clone(), expected, **needed)  # copies: what it changes in place is nobody else's
        wrong = _wrong(value, len(target), differentiable=logits.requires_grad) or _other_form(value, tried.reduction)
        if wrong:
            raise TrialError(f"{spec}, asked for the loss of {len(target)} samples, gave {wrong}")
        if tried.reduction == "none":
            return value  # type: ignore[no-any-return]  # a tensor, or _wrong had said so
        total = value / len(target) if tried.reduction == "sum" else value
        return total.expand(len(target))  # type: ignore[no-any-return]  # as above

    coupled: frozenset[Need] = frozenset() if tried.reduction == "none" else frozenset({"batch"})
    return BoundLoss(spec, per_sample, own.needs | coupled)


def found_own(spec: LossSpec) -> Callable[..., Any]:
    """What a spec names: a function, a class, or an object.

    Raises:
        RequestError: it cannot be imported, or is not callable.
    """
    if spec.function is not None:
        return spec.function
    if spec.given:
        allowed = "a loss that can be found by its name; this one was a Python object of the program that ran it"
        raise RequestError("losses", allowed, spec.name)
    return import_own(spec.name, "losses")


def _made(found: Callable[..., Any], spec: LossSpec, at_set_up: Mapping[str, Any]) -> Any:
    """The loss itself: what was found, with its hyperparameters, or what it makes of them.

    What takes two arguments that are still open is the loss; what takes fewer makes it.
    """
    if isinstance(found, nn.Module):
        if spec.hyperparameters:
            raise _unfit(spec, "an object, which takes no hyperparameters any more")
        return found
    parameters = _parameters(found)
    known = {name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD}
    for key, _ in spec.hyperparameters:
        if key not in known and len(known) == len(parameters):
            raise UnknownNameError(f"losses.{spec.name}", key, known)
    keywords = {key: _typed(value, parameters.get(key)) for key, value in spec.hyperparameters}
    keywords |= {key: value for key, value in at_set_up.items() if key in parameters and key not in keywords}
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    still_open = [
        parameter
        for name, parameter in parameters.items()
        if parameter.kind in positional and parameter.default is parameter.empty and name not in keywords
    ]
    if isinstance(found, type) or len(still_open) < 2:
        return found(**keywords)
    return partial(found, **keywords) if keywords else found


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def _typed(value: Value, parameter: inspect.Parameter | None) -> Any:
    """A whole number as an int where the parameter says that it is one; text says nothing of the kind."""
    whole = parameter is not None and (type(parameter.default) is int or parameter.annotation in (int, "int"))
    return int(value) if whole and isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Tried:
    """What was found out about a user's loss on a few logits.

    Args:
        one_hot_target: whether it wants one-hot rows instead of class indices.
        reduction: how it reduces over the batch.
        finite: whether its value was finite.
    """

    one_hot_target: bool
    reduction: Reduction
    finite: bool


def try_own_loss(spec: LossSpec, own: OwnLoss, classes: int, device: torch.device | str) -> Tried:
    """Asks a user's loss for the loss of a few random logits.

    Raises:
        RequestError: it raises, or gives something that is no loss of these.
    """
    n = classes + 1  # another number than the classes, so that nothing is broadcast by chance
    logits = torch.randn(n, classes, generator=torch_generator(0, "try")).to(device)
    indices = (torch.arange(n) % classes).to(device)
    rows = one_hot(indices, classes).to(logits.dtype)

    def ask(logits: Tensor, target: Tensor) -> Any:
        needed = {"progress": 0.0, "generator": torch_generator(0, "try", 1, device)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a shape that broadcasts, which is found out here
            return own(logits.clone().requires_grad_(), target, **needed)

    try:
        value, target = ask(logits, indices), indices
    except (Exception, SystemExit) as first:  # whatever a user's own code raises
        try:
            value, target = ask(logits, rows), rows
        except (Exception, SystemExit):
            raise _unfit(spec, told(first)) from first
    wrong = _wrong(value, n, differentiable=True)
    if wrong:
        raise _unfit(spec, wrong)
    finite = bool(torch.isfinite(value).all())
    if value.dim() == 1:
        return Tried(target is rows, "none", finite)
    inside = logits if finite else logits.softmax(dim=1)  # where a loss of probabilities is finite
    once, twice = ask(inside, target).item(), ask(torch.cat([inside, inside]), torch.cat([target, target])).item()
    return Tried(target is rows, "sum" if abs(twice - 2 * once) < abs(twice - once) else "mean", finite)


def _memory(function: Callable[..., Any]) -> dict[str, object]:
    """What an object could remember batches in: its buffers, and its attributes that are numbers or tensors."""
    buffers = dict(function.named_buffers()) if isinstance(function, nn.Module) else {}
    attributes: dict[str, object] = getattr(function, "__dict__", {})
    return {
        name: value.tolist() if isinstance(value, Tensor) else value
        for name, value in {**attributes, **buffers}.items()
        if isinstance(value, Tensor | float | int)
    }


def _wrong(value: object, n: int, *, differentiable: bool) -> str:
    """What keeps a value from being a loss of n samples; empty when nothing does."""
    if not isinstance(value, Tensor):
        return f"something of type {type(value).__name__} instead of a tensor"
    if value.dim() == 2:
        return f"shape {tuple(value.shape)}, which wants a sum or mean over classes"
    if tuple(value.shape) not in ((), (n,)):
        return f"shape {tuple(value.shape)}, neither one value nor one per sample"
    if not value.is_floating_point():
        return f"{value.dtype}, which has no gradient"
    if value.is_meta:
        return "a tensor on the device meta, which holds no values"
    if differentiable and torch.is_grad_enabled() and not value.requires_grad:
        return "a value that does not depend on the logits (detached, or computed outside torch)"
    return ""


def _other_form(value: Tensor, reduction: Reduction) -> str:
    """What a value is where it was reduced otherwise than at set-up; empty where it was not."""
    if (value.dim() == 0) == (reduction != "none"):
        return ""
    before = "one per sample" if reduction == "none" else f"their {reduction}"
    return f"shape {tuple(value.shape)}, and had given {before} when it was tried"


def _unfit(spec: LossSpec, received: str) -> RequestError:
    allowed = f"{spec} to give the loss of logits (batch, classes) and target (batch,), per sample or as mean or sum"
    return RequestError("losses", allowed, received)
