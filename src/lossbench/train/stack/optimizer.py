"""The recipe's optimizer for all lanes at once: a few operations on one vector."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lossbench.spec import Optimizer
from lossbench.train.stack.model import StackedModel

__all__ = ["StackedOptimizer"]

_EPSILON = 1e-8  # of Adam, torch's


class StackedOptimizer:
    """SGD, Adam and AdamW by torch's formulas; every lane has a learning rate of its own.

    Args:
        settings: the recipe's; its learning rate counts for nothing here.
        model: whose values follow the gradient.

    Attributes:
        memory: what is remembered between steps, by name, each as `model.values` lies.
        steps: how many steps each lane has taken, (lanes,).

    References:
        Kingma, Ba, 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
        Loshchilov, Hutter, 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101.
    """

    def __init__(self, settings: Optimizer, model: StackedModel) -> None:
        self.settings, self.model = settings, model
        names = ("momentum",) * bool(settings.momentum) if settings.name == "sgd" else ("mean", "square")
        self.memory = {name: torch.zeros_like(model.values) for name in names}
        self.steps = torch.zeros(model.lanes, dtype=torch.float64, device=model.values.device)
        self._rates = torch.zeros_like(model.values)

    def set_rates(self, rates: Tensor) -> None:
        """Gives each lane its learning rate, (lanes,)."""
        self._rates.copy_(self.model.spread(rates))

    @torch.no_grad()
    def step(self) -> None:
        """Follows the gradients, and makes them zero."""
        self.steps += 1
        if self.settings.name == "sgd":
            self._sgd()
        else:
            self._adam(decoupled=self.settings.name == "adamw")
        self.model.gradients.zero_()

    def _sgd(self) -> None:
        values, gradients, settings = self.model.values, self.model.gradients, self.settings
        if settings.weight_decay:
            gradients.add_(values, alpha=settings.weight_decay)
        if settings.momentum:
            momentum = self.memory["momentum"].mul_(settings.momentum).add_(gradients)
            gradients = gradients.add_(momentum, alpha=settings.momentum) if settings.nesterov else momentum
        values.addcmul_(self._rates, gradients, value=-1)

    def _adam(self, *, decoupled: bool) -> None:
        values, gradients, settings = self.model.values, self.model.gradients, self.settings
        first, second = settings.decay_rates
        if settings.weight_decay and decoupled:
            values.mul_(1 - self._rates * settings.weight_decay)
        elif settings.weight_decay:
            gradients.add_(values, alpha=settings.weight_decay)
        mean, square = self.memory["mean"], self.memory["square"]
        mean.lerp_(gradients, 1 - first)
        square.mul_(second).addcmul_(gradients, gradients, value=1 - second)
        sizes = self._rates / self.model.spread(1 - first**self.steps)
        roots = square.sqrt() / self.model.spread((1 - second**self.steps).sqrt())
        values.addcmul_(sizes, mean / roots.add_(_EPSILON), value=-1)

    def state(self, lane: int) -> dict[str, Tensor]:
        """What a lane's steps are remembered by; it shares the stack's memory."""
        found = {"steps": self.steps[lane]}
        for name, vector in self.memory.items():
            found |= {f"{name}.{parameter}": part for parameter, part in self.model.parts(vector, lane).items()}
        return found

    def load(self, lane: int, state: Mapping[str, Tensor]) -> None:
        """Gives a lane what `state` gave."""
        for name, value in self.state(lane).items():
            value.copy_(state[name])
