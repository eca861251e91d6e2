"""The catalogue of losses: one file per family, each loss a pure function with its card beside it."""

from lossbench.losses.bound import BoundLoss, PerSampleLoss
from lossbench.losses.card import Claim, Equality, Hyperparameter, LossCard, Need, Properties, Reference
from lossbench.losses.catalogue import CATALOGUE, Loss, bind, complete, loss
from lossbench.losses.curve import Curve, curve
from lossbench.losses.families.cross_entropy import cross_entropy
from lossbench.losses.families.focal import focal
from lossbench.losses.families.regression import l1
from lossbench.losses.own import loss_digest

__all__ = [
    "CATALOGUE",
    "BoundLoss",
    "Claim",
    "Curve",
    "Equality",
    "Hyperparameter",
    "Loss",
    "LossCard",
    "Need",
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
    "loss_digest",
]
