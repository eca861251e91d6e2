"""The recipe's optimizer, of a model's parameters."""

from __future__ import annotations

import torch
from torch import nn

from lossbench.spec import Optimizer

__all__ = ["make_optimizer"]


def make_optimizer(settings: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """An optimizer of those parameters that can be trained, in torch's fused form.

    Args:
        settings: the recipe's.
        model: on its device, in its memory format.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if settings.name == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=settings.lr,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            nesterov=settings.nesterov,
            fused=True,
        )
    kind = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return kind(parameters, lr=settings.lr, betas=settings.decay_rates, weight_decay=settings.weight_decay, fused=True)
