"""Losses that are held to leave calibrated networks, on CIFAR-10, as Mukhoti et al. train them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CALIBRATION"]

# The recipe is that of Mukhoti, Kulharia, Sanyal, Golodetz, Torr, Dokania, 2020, Calibrating Deep Neural Networks using
# Focal Loss, arXiv:2002.09437; the authors' code has the augmentation.
CALIBRATION: Mapping[str, Any] = {
    "question": "Which loss leaves a network whose confidence can be believed?",
    "data": "cifar10",
    "models": ["resnet50"],
    "losses": [
        "cross_entropy",
        "brier",
        "mmce",
        "label_smoothing(epsilon=0.05)",
        "focal(gamma=3)",
        "flsd",
    ],
    "scenarios": ["validation(0.1)"],
    "seeds": 3,
    "recipe": {
        "epochs": 350,
        "batch_size": 128,
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4},
        "schedule": {"name": "multistep", "milestones": [150, 250], "gamma": 0.1},
        "augmentation": ["crop(4)", "flip"],
        "eval_interval": 10,
    },
    "plan": {"metric": "test.ece", "margin": 0.005},  # ECE lies between 0.01 and 0.05 here: a margin of 0.01 hides it
    "published": "calibration",
}
