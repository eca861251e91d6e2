"""Losses for imbalanced classes on long-tailed CIFAR-10, in the recipe of Cao et al."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["LONG_TAIL"]

# The recipe is that of the code of Cao, Wei, Gaidon, Arechiga, Ma, 2019, Learning Imbalanced Datasets with
# Label-Distribution-Aware Margin Loss, arXiv:1906.07413, which the published table's configurations repeat; the losses'
# hyperparameters are those of the configurations.
LONG_TAIL: Mapping[str, Any] = {
    "question": "Which loss helps the rare classes of a long tail?",
    "data": "cifar10",
    "models": ["resnet32"],
    "losses": [
        "cross_entropy",
        "focal(gamma=2)",
        "class_balanced(beta=0.9999)",
        "class_balanced_focal(beta=0.9999, gamma=1)",
        "label_smoothing(epsilon=0.1)",
        "ldam(max_margin=0.5, scale=30)",
        "balanced_softmax",
        "ldam_drw(defer=0.8, max_margin=0.5, scale=30)",
    ],
    "scenarios": ["imbalance(exponential, 100)"],
    "seeds": 3,
    "recipe": {
        "epochs": 200,
        "batch_size": 128,
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 2e-4},
        "schedule": {"name": "multistep", "milestones": [160, 180], "gamma": 0.01, "warmup": 5},
        "augmentation": ["crop(4)", "flip"],
        "eval_interval": 5,
    },
    "published": "long-tail",
}
