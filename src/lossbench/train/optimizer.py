"""The recipe's optimizer, of a model's parameters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lossbench.spec import Optimizer

__all__ = ["FusedOptimizer"]

_EPSILON = 1e-8  # of Adam, torch's


@dataclass(frozen=True)
class _Alike:
    """Parameters of one device and type that a gradient has reached, and what each is remembered by."""

    parameters: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor] = field(default_factory=list)
    memory: list[dict[str, Tensor]] = field(default_factory=list)

    def remembered(self, name: str) -> list[Tensor]:
        return [memory[name] for memory in self.memory]


class FusedOptimizer:
    """SGD, Adam and AdamW by torch's fused kernels: the bits of `torch.optim` with `fused=True`.

    `torch.optim` imports torch's compiler when it is first used, which takes each process as long as torch itself.

    Args:
        settings: the recipe's.
        model: whose parameters it changes, those that can be trained; on its device, in its memory format.

    Attributes:
        lr: the learning rate of the next step.
        memory: what each parameter's steps are remembered by, by torch's names, in the parameters' order; nothing
            before the first step that its gradient reached it in.

    References:
        Kingma, Ba, 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
        Loshchilov, Hutter, 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101.
    """

    def __init__(self, settings: Optimizer, model: nn.Module) -> None:
        self.settings, self.lr = settings, settings.lr
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.memory: list[dict[str, Tensor]] = [{} for _ in self._parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Follows the gradients, and forgets them."""
        groups = defaultdict[tuple[torch.device, torch.dtype, bool], _Alike](_Alike)
        for parameter, memory in zip(self._parameters, self.memory, strict=True):
            if parameter.grad is not None:
                group = groups[parameter.device, parameter.dtype, not memory]
                group.parameters.append(parameter)
                group.gradients.append(parameter.grad)
                group.memory.append(memory)
        follow = self._sgd if self.settings.name == "sgd" else self._adam
        for (_, _, first), group in groups.items():
            follow(group, first=first)
        self.forget()

    def forget(self) -> None:
        """Forgets the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def _sgd(self, group: _Alike, *, first: bool) -> None:
        settings = self.settings
        if first and settings.momentum:
            for remembered, gradient in zip(group.memory, group.gradients, strict=True):
                remembered["momentum_buffer"] = torch.empty_like(gradient)  # becomes the gradient in this step
        torch._fused_sgd_(
            group.parameters,
            group.gradients,
            group.remembered("momentum_buffer") if settings.momentum else [],
            weight_decay=settings.weight_decay,
            momentum=settings.momentum,
            lr=self.lr,
            dampening=0.0,
            nesterov=settings.nesterov,
            maximize=False,
            is_first_step=first and settings.momentum > 0,
        )

    def _adam(self, group: _Alike, *, first: bool) -> None:
        settings = self.settings
        if first:
            for remembered, parameter in zip(group.memory, group.parameters, strict=True):
                remembered["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
                remembered["exp_avg"] = torch.zeros_like(parameter)
                remembered["exp_avg_sq"] = torch.zeros_like(parameter)
        steps = group.remembered("step")
        torch._foreach_add_(steps, 1)
        beta1, beta2 = settings.decay_rates
        follow = torch._fused_adam_ if settings.name == "adam" else torch._fused_adamw_
        follow(
            group.parameters,
            group.gradients,
            group.remembered("exp_avg"),
            group.remembered("exp_avg_sq"),
            [],
            steps,
            lr=self.lr,
            beta1=beta1,
            beta2=beta2,
            weight_decay=settings.weight_decay,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def load(self, memory: Sequence[Mapping[str, Tensor]]) -> None:
        """Goes on from what `memory` was, which is copied."""
        self.memory = [
            {name: _beside(parameter, value) for name, value in remembered.items()}
            for parameter, remembered in zip(self._parameters, memory, strict=True)
        ]


def _beside(parameter: Tensor, value: Tensor) -> Tensor:
    """A value on its parameter's device, in its memory format; a count of steps has none."""
    return torch.empty_like(parameter).copy_(value) if value.ndim else value.to(parameter.device, copy=True)
