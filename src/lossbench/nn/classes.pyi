"""The signatures of the classes, for type checkers and editors; written by `python tests/nn/nn_stub.py`."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lossbench.nn.module import DrawingLossModule, LossModule, ProgressLossModule

__all__ = [
    "AELLoss",
    "AGCELoss",
    "AMSELoss",
    "AULLoss",
    "AsymmetricLoss",
    "BCEWithLogitsLoss",
    "BalancedSoftmaxLoss",
    "BiTemperedLoss",
    "BootstrapHardLoss",
    "BootstrapSoftLoss",
    "BrierLoss",
    "CDTLoss",
    "ClassBalancedFocalLoss",
    "ClassBalancedLoss",
    "ConfidencePenaltyLoss",
    "CrossEntropyLoss",
    "DualFocalLoss",
    "EpsilonSoftmaxLoss",
    "EvidentialLoss",
    "FLSDLoss",
    "FocalLoss",
    "GCELoss",
    "HingeLoss",
    "HingeWWLoss",
    "HuberLoss",
    "JensenShannonLoss",
    "L1Loss",
    "L1ProbabilitiesLoss",
    "LDAMDRWLoss",
    "LDAMLoss",
    "LDRKLLoss",
    "LabelSmoothingLoss",
    "LogitAdjustedLoss",
    "MAELoss",
    "MMCELoss",
    "MSELoss",
    "MaxSupLoss",
    "MbLSLoss",
    "NCELoss",
    "NCEMAELoss",
    "NCERCELoss",
    "NFLLoss",
    "NFLMAELoss",
    "NFLRCELoss",
    "NGCELoss",
    "NGCEMAELoss",
    "PHuberCELoss",
    "PeerLoss",
    "Poly1Loss",
    "RCELoss",
    "SCELoss",
    "SmoothL1Loss",
    "SoftmaxEqualizationLoss",
    "TaylorCELoss",
    "VSLoss",
    "WeightedCELoss",
]

class L1Loss(LossModule):
    """L1 loss (mean absolute error on the logits).

    A regression loss on the logits, kept as a baseline that shows what a loss can do to a classifier.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class L1ProbabilitiesLoss(LossModule):
    """L1 loss on the probabilities.

    The mean absolute error as L1Loss of PyTorch computes it on softmax outputs, to compare with such code.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class MAELoss(LossModule):
    """Mean absolute error (on the probabilities).

    For noisy labels: the simplest loss that withstands them, and a part of those that were built on it.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class SmoothL1Loss(LossModule):
    """Smooth L1 loss (on the logits).

    L1 without its kink: a regression loss of object detection, put to classification.
    """

    beta: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        beta: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class HuberLoss(LossModule):
    """Huber loss (on the logits).

    The classical compromise between squared and absolute error, put to classification on the logits.
    """

    delta: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        delta: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class MSELoss(LossModule):
    """Square loss (squared error on the logits).

    The least-squares classifier: an alternative to cross entropy that needs no softmax in training.
    """

    true_weight: float
    true_target: float
    mean: bool

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        true_weight: float = 1.0,
        true_target: float = 1.0,
        mean: bool = False,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BrierLoss(LossModule):
    """Brier score (squared error on the probabilities).

    A bounded proper scoring rule, where probabilities matter and single wrong labels must not.
    """

    mean: bool

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        mean: bool = False,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class AMSELoss(LossModule):
    """Asymmetric mean square error.

    The passive part of the joint asymmetric loss against label noise, looked at alone.
    """

    a: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        a: float = 30.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class CrossEntropyLoss(LossModule):
    """Cross entropy.

    The standard loss of classification: the negative log-likelihood of the true class.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class LabelSmoothingLoss(LossModule):
    """Label smoothing.

    Cross entropy that does not ask for certainty: the usual first remedy against over-confidence.
    """

    epsilon: float
    convention: Literal["uniform", "others", "normalised"]

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        epsilon: float = 0.1,
        convention: Literal["uniform", "others", "normalised"] = "uniform",
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class Poly1Loss(LossModule):
    """Poly-1 cross entropy.

    Cross entropy with one number to tune, where its confidence is too low or too high for the task.
    """

    epsilon: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        epsilon: float = 2.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class ConfidencePenaltyLoss(LossModule):
    """Confidence penalty.

    Cross entropy that rewards uncertainty: an alternative to label smoothing against over-confidence.
    """

    beta: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        beta: float = 0.1,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class MaxSupLoss(LossModule):
    """Max suppression.

    Label smoothing that holds back the predicted class, right or wrong, instead of the true one.
    """

    alpha: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 0.1,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class FocalLoss(LossModule):
    """Focal loss.

    Cross entropy that gives less weight to samples that are already classified well.
    """

    gamma: float
    alpha: float | Sequence[float] | None
    detach: bool

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        detach: bool = False,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class FLSDLoss(LossModule):
    """Sample-dependent focal loss (FLSD-53).

    Focal loss for calibrated probabilities, with a gamma that depends on how hard the sample is.
    """

    gamma_hard: float
    gamma_easy: float
    threshold: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        gamma_hard: float = 5.0,
        gamma_easy: float = 3.0,
        threshold: float = 0.2,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class DualFocalLoss(LossModule):
    """Dual focal loss.

    Focal loss for calibration that also widens the gap to the runner-up, against under-confidence.
    """

    gamma: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        gamma: float = 5.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class MbLSLoss(LossModule):
    """Margin-based label smoothing (MbLS).

    Cross entropy for calibrated networks: only logits too far below the largest one are pulled up.
    """

    term_weight: float
    margin: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        term_weight: float = 0.1,
        margin: float = 10.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class MMCELoss(LossModule):
    """Maximum mean calibration error (MMCE).

    Cross entropy with an estimate of the calibration error of the batch as a second term to bring down.
    """

    term_weight: float
    width: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        term_weight: float = 2.0,
        width: float = 0.4,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BCEWithLogitsLoss(LossModule):
    """Binary cross entropy, one class against the others.

    Treats every class as a yes or no of its own, for pictures that may show several classes or none.
    """

    mean: bool

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        mean: bool = False,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class AsymmetricLoss(LossModule):
    """Asymmetric loss (ASL), single label.

    Label smoothing in which only wrong classes that the network already believes in keep their weight.
    """

    gamma_pos: float
    gamma_neg: float
    epsilon: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        epsilon: float = 0.1,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class EvidentialLoss(ProgressLossModule):
    """Evidential loss (expected squared error under a Dirichlet distribution).

    Lets a network say how much evidence it has for each class, and so when it has little for any.
    """

    evidence: Literal["relu", "softplus", "exp"]
    annealing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        evidence: Literal["relu", "softplus", "exp"] = "relu",
        annealing: float = 0.2,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class GCELoss(LossModule):
    """Generalised cross entropy.

    For noisy labels: one exponent chooses between cross entropy and the mean absolute error.
    """

    q: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        q: float = 0.7,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class AGCELoss(LossModule):
    """Asymmetric generalised cross entropy.

    For noisy labels, as long as the right label of a picture is more frequent than any wrong one.
    """

    a: float
    q: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        a: float = 0.6,
        q: float = 0.6,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class AULLoss(LossModule):
    """Asymmetric unhinged loss.

    For noisy labels, as long as the right label of a picture is more frequent than any wrong one.
    """

    a: float
    q: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        a: float = 5.5,
        q: float = 3.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class AELLoss(LossModule):
    """Asymmetric exponential loss.

    For noisy labels, as long as the right label of a picture is more frequent than any wrong one.
    """

    a: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        a: float = 2.5,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class TaylorCELoss(LossModule):
    """Taylor cross entropy.

    For noisy labels: cross entropy by the first terms of its series, the fewer the more robust.
    """

    terms: int

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        terms: int = 2,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class PHuberCELoss(LossModule):
    """Partially Huberised cross entropy.

    For noisy labels: cross entropy, but linear in p for samples whose label is improbable.
    """

    tau: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        tau: float = 10.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class RCELoss(LossModule):
    """Reverse cross entropy.

    For noisy labels: the mean absolute error by another name, used mostly beside another loss.
    """

    log_zero: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        log_zero: float = -9.210340371976182,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class SCELoss(LossModule):
    """Symmetric cross entropy.

    For noisy labels: cross entropy to learn fast and reverse cross entropy to withstand wrong labels.
    """

    alpha: float
    beta: float
    log_zero: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 0.1,
        beta: float = 1.0,
        log_zero: float = -9.210340371976182,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NCELoss(LossModule):
    """Normalised cross entropy.

    Cross entropy made robust to noisy labels; a part of combinations rather than a loss to use alone.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NFLLoss(LossModule):
    """Normalised focal loss.

    Focal loss made robust to noisy labels; a part of combinations rather than a loss to use alone.
    """

    gamma: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        gamma: float = 0.5,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NGCELoss(LossModule):
    """Normalised generalised cross entropy.

    Generalised cross entropy made symmetric; a part of combinations rather than a loss to use alone.
    """

    q: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        q: float = 0.1,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NCEMAELoss(LossModule):
    """Normalised cross entropy + mean absolute error.

    For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.
    """

    alpha: float
    beta: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NCERCELoss(LossModule):
    """Normalised cross entropy + reverse cross entropy.

    For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.
    """

    alpha: float
    beta: float
    log_zero: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        log_zero: float = -9.210340371976182,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NFLMAELoss(LossModule):
    """Normalised focal loss + mean absolute error.

    For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.
    """

    alpha: float
    beta: float
    gamma: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        gamma: float = 0.5,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NFLRCELoss(LossModule):
    """Normalised focal loss + reverse cross entropy.

    For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.
    """

    alpha: float
    beta: float
    gamma: float
    log_zero: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        gamma: float = 0.5,
        log_zero: float = -9.210340371976182,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class NGCEMAELoss(LossModule):
    """Normalised generalised cross entropy + mean absolute error.

    For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.
    """

    alpha: float
    beta: float
    q: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        q: float = 0.1,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class JensenShannonLoss(LossModule):
    """Jensen-Shannon divergence.

    A bounded loss for noisy labels, between cross entropy, which learns fast, and the robust absolute error.
    """

    pi: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        pi: float = 0.5,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BiTemperedLoss(LossModule):
    """Bi-tempered logistic loss.

    Cross entropy made bounded, with a softmax of heavy tails, for labels of which some are wrong.
    """

    t1: float
    t2: float
    smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        t1: float = 0.8,
        t2: float = 1.4,
        smoothing: float = 0.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class LDRKLLoss(LossModule):
    """Label-distributionally robust loss (LDR-KL).

    Cross entropy with a temperature and a margin: how many of the wrong classes a sample is held against.
    """

    lam: float
    margin: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        lam: float = 1.0,
        margin: float = 2.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class EpsilonSoftmaxLoss(LossModule):
    """Cross entropy on ε-softmax.

    Cross entropy that stops pulling once the label is predicted, for labels of which some are wrong.
    """

    m: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        m: float = 100000.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BootstrapSoftLoss(LossModule):
    """Soft bootstrapping.

    For labels of which a few are wrong: the network's own probabilities are mixed into the target.
    """

    beta: float
    detach: bool

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        beta: float = 0.95,
        detach: bool = False,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BootstrapHardLoss(LossModule):
    """Hard bootstrapping.

    For labels of which some are wrong: the network's own prediction is mixed into the target.
    """

    beta: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        beta: float = 0.8,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class PeerLoss(DrawingLossModule):
    """Peer loss.

    For noisy labels whose noise rates are unknown: it punishes agreement with labels drawn at random.
    """

    alpha: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        alpha: float = 1.0,
        generator: torch._C.Generator | None = None,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class WeightedCELoss(LossModule):
    """Weighted cross entropy.

    Cross entropy in which each class weighs the same in all, however few samples it has.
    """

    normalisation: Literal["samples", "classes"]
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        normalisation: Literal["samples", "classes"] = "samples",
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class ClassBalancedLoss(LossModule):
    """Class-balanced cross entropy.

    Cross entropy for imbalanced classes, with weights that are less extreme than inverse frequencies.
    """

    beta: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        beta: float = 0.9999,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class ClassBalancedFocalLoss(LossModule):
    """Class-balanced focal loss.

    Focal loss for imbalanced classes: less weight on frequent classes and on what is classified well.
    """

    beta: float
    gamma: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        beta: float = 0.9999,
        gamma: float = 2.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class BalancedSoftmaxLoss(LossModule):
    """Balanced softmax.

    For imbalanced training data, where all classes will matter alike when the network is used.
    """

    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class LogitAdjustedLoss(LossModule):
    """Logit-adjusted cross entropy.

    For imbalanced training data, where the balanced error, the mean over the classes, is to be small.
    """

    tau: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        tau: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class CDTLoss(LossModule):
    """Class-dependent temperatures.

    For imbalanced classes: the logits of rare classes are scaled down while training, so that they grow.
    """

    gamma: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        gamma: float = 0.3,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class VSLoss(LossModule):
    """Vector-scaling loss.

    For imbalanced classes and long training: logits are scaled and shifted by class.
    """

    gamma: float
    tau: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        gamma: float = 0.3,
        tau: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class SoftmaxEqualizationLoss(DrawingLossModule):
    """Softmax equalization loss.

    For long-tailed classes: samples of other classes mostly do not push the logits of rare ones down.
    """

    rate: float
    threshold: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        rate: float = 0.9,
        threshold: float = 0.05,
        generator: torch._C.Generator | None = None,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class LDAMLoss(LossModule):
    """Label-distribution-aware margin loss (LDAM).

    For imbalanced classes: the fewer samples a class has, the larger the margin by which it has to lead.
    """

    max_margin: float
    scale: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        max_margin: float = 0.5,
        scale: float = 30.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class LDAMDRWLoss(ProgressLossModule):
    """LDAM with deferred reweighting (LDAM-DRW).

    For imbalanced classes: margins by class all along, and weights by class late in training.
    """

    max_margin: float
    scale: float
    beta: float
    defer: float
    class_counts: Tensor

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        class_counts: Sequence[int] | Tensor,
        max_margin: float = 0.5,
        scale: float = 30.0,
        beta: float = 0.9999,
        defer: float = 0.8,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class HingeLoss(LossModule):
    """Multi-class hinge loss (Crammer-Singer).

    The loss of the multi-class support vector machine, for when only the predicted class counts.
    """

    margin: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        margin: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...

class HingeWWLoss(LossModule):
    """Multi-class hinge loss (Weston-Watkins).

    A multi-class support vector machine's loss in which every rival of the true class counts.
    """

    margin: float

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        margin: float = 1.0,
        ignore_index: int | None = -100,
        reduction: Literal["mean", "sum", "none"] = "mean",
        label_smoothing: float = 0.0,
    ) -> None: ...
