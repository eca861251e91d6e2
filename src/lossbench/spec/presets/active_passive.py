"""Losses against label noise on CIFAR-10, as Ma et al. train them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ACTIVE_PASSIVE"]

# The recipe is that of Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with
# Noisy Labels, arXiv:2006.13554, and of the authors' configurations; the focal loss of their code holds its factor
# constant in differentiation.
ACTIVE_PASSIVE: Mapping[str, Any] = {
    "question": "Which loss survives wrong labels?",
    "data": "cifar10",
    "models": ["cnn8"],
    "losses": [
        "cross_entropy",
        "focal(detach=true, gamma=0.5)",
        "gce(q=0.7)",
        "sce(alpha=0.1, beta=1)",
        "nce_mae",
        "nce_rce",
        "nfl_rce",
    ],
    "scenarios": ["clean", *(f"noise(symmetric, {rate})" for rate in (0.2, 0.4, 0.6, 0.8))],
    "seeds": 3,
    "recipe": {
        "epochs": 120,
        "batch_size": 128,
        "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4},
        "schedule": {"name": "cosine"},
        "augmentation": ["crop(4)", "flip"],
        "clip": 5.0,
        "eval_interval": 5,  # evaluating every epoch would take about half as long again; the last always is
    },
    "published": "active-passive",
}
