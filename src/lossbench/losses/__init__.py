"""The catalogue of losses: one file per family, each loss a pure function with its card beside it."""

from lossbench.losses.bound import BoundLoss, PerSampleLoss
from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Need, Properties, Reference
from lossbench.losses.catalogue import CATALOGUE, Loss, bind, complete, loss
from lossbench.losses.curve import Curve, curve
from lossbench.losses.families.active_passive import nce, nce_mae, nce_rce, nfl, nfl_mae, nfl_rce, ngce, ngce_mae
from lossbench.losses.families.adjustment import balanced_softmax, cdt, logit_adjusted, softmax_equalization, vs
from lossbench.losses.families.bootstrapping import bootstrap_hard, bootstrap_soft, peer
from lossbench.losses.families.calibration import mbls, mmce
from lossbench.losses.families.cross_entropy import confidence_penalty, cross_entropy, label_smoothing, maxsup, poly1
from lossbench.losses.families.divergence import bi_tempered, epsilon_softmax, jensen_shannon, ldr_kl
from lossbench.losses.families.focal import dual_focal, flsd, focal
from lossbench.losses.families.generalised import ael, agce, aul, gce, phuber_ce, taylor_ce
from lossbench.losses.families.margins import hinge, hinge_ww, ldam, ldam_drw
from lossbench.losses.families.one_vs_all import asymmetric, bce, evidential
from lossbench.losses.families.regression import amse, brier, huber, l1, l1_probabilities, mae, mse, smooth_l1
from lossbench.losses.families.reweighting import class_balanced, class_balanced_focal, weighted_ce
from lossbench.losses.families.symmetric import rce, sce
from lossbench.losses.own import loss_digest

__all__ = [
    "CATALOGUE",
    "BoundLoss",
    "Claim",
    "Curve",
    "Equality",
    "Hyperparameter",
    "Interval",
    "Loss",
    "LossCard",
    "Need",
    "PerSampleLoss",
    "Properties",
    "Reference",
    "ael",
    "agce",
    "amse",
    "asymmetric",
    "aul",
    "balanced_softmax",
    "bce",
    "bi_tempered",
    "bind",
    "bootstrap_hard",
    "bootstrap_soft",
    "brier",
    "cdt",
    "class_balanced",
    "class_balanced_focal",
    "complete",
    "confidence_penalty",
    "cross_entropy",
    "curve",
    "dual_focal",
    "epsilon_softmax",
    "evidential",
    "flsd",
    "focal",
    "gce",
    "hinge",
    "hinge_ww",
    "huber",
    "jensen_shannon",
    "l1",
    "l1_probabilities",
    "label_smoothing",
    "ldam",
    "ldam_drw",
    "ldr_kl",
    "logit_adjusted",
    "loss",
    "loss_digest",
    "mae",
    "maxsup",
    "mbls",
    "mmce",
    "mse",
    "nce",
    "nce_mae",
    "nce_rce",
    "nfl",
    "nfl_mae",
    "nfl_rce",
    "ngce",
    "ngce_mae",
    "peer",
    "phuber_ce",
    "poly1",
    "rce",
    "sce",
    "smooth_l1",
    "softmax_equalization",
    "taylor_ce",
    "vs",
    "weighted_ce",
]
