"""The catalogue of losses: one file per family, each loss a pure function with its card beside it."""

from lossbench.losses.card import Claim, Hyperparameter, LossCard, Properties, Reference
from lossbench.losses.catalogue import CATALOGUE, Loss, PerSampleLoss, bind, complete, loss
from lossbench.losses.cross_entropy import cross_entropy, focal
from lossbench.losses.curve import Curve, curve
from lossbench.losses.regression import l1

__all__ = [
    "CATALOGUE",
    "Claim",
    "Curve",
    "Hyperparameter",
    "Loss",
    "LossCard",
    "PerSampleLoss",
    "Properties",
    "Reference",
    "bind",
    "complete",
    "cross_entropy",
    "curve",
    "focal",
    "l1",
    "loss",
]
