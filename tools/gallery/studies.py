"""The gallery's studies, each with something else to show; all are small, and none needs a download."""

from __future__ import annotations

from lossbench import Study

__all__ = ["ELSEWHERE", "STUDIES"]

_RECIPE = {"epochs": 10}

STUDIES = (
    Study(
        name="four-losses",
        question="Which of the course report's four losses suits digits?",
        models=["cnn"],
        seeds=5,
        recipe={"epochs": 6},
        plan={"hypotheses": ["test.accuracy: cross_entropy > l1", "test.f1: lowest l1"]},
    ),
    Study(
        name="wrong-labels",
        question="Which loss survives wrong labels?",
        models=["mlp"],
        losses=["cross_entropy", "gce", "mae"],
        scenarios=["clean", "noise(symmetric, 0.2)", "noise(symmetric, 0.4)"],
        seeds=4,
        recipe=_RECIPE,
    ),
    Study(
        name="rare-classes",
        question="Which loss does best when the rarest class has a twentieth of the pictures?",
        models=["mlp"],
        losses=["cross_entropy", "focal", "balanced_softmax", "logit_adjusted", "class_balanced"],
        scenarios=["imbalance(exponential, 20)"],
        seeds=5,
        recipe=_RECIPE,
        plan={"hypotheses": ["test.few: balanced_softmax > cross_entropy"]},
    ),
    Study(
        name="a-loss-that-diverges",
        question="What becomes of a loss whose learning rate is too high?",
        models=["mlp"],
        losses=["cross_entropy", "mse", {"loss": "mse", "lr": 2}],
        seeds=5,
        recipe=_RECIPE,
    ),
)
"""Trained when the gallery is made."""

ELSEWHERE = {
    "loss_function": ["plain"] * 6 + ["margin"] * 6 + ["smooth"] * 6 + ["wild"] * 6,
    "seed": [1, 2, 3, 4, 5, 6] * 4,
    "accuracy": [
        *(0.912, 0.908, 0.915, 0.910, 0.907, 0.913),
        *(0.911, 0.909, 0.914, 0.911, 0.907, 0.912),
        *(0.925, 0.919, 0.928, 0.921, 0.920, 0.926),
        *(0.931, 0.874, 0.940, 0.899, 0.936, 0.861),
    ],
}
"""A table as `lossbench compare` takes it; its numbers are made up, so that every verdict occurs."""
