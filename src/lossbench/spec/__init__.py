"""What is asked for: frozen values, checked at the boundary, with one canonical JSON form. Knows no catalogue."""

from lossbench.spec._model import canonical_json
from lossbench.spec.arm import OVERRIDES, Arm
from lossbench.spec.augmentation import (
    Augmentation,
    Crop,
    Cutout,
    Flip,
    check_augmentation,
    parse_augmentation,
)
from lossbench.spec.call import Value, print_value, split_outside
from lossbench.spec.condition import FIXED, TUNED, Condition, slugs
from lossbench.spec.hypothesis import (
    Band,
    Claim,
    Equivalence,
    Extreme,
    Follows,
    Hypothesis,
    Measure,
    Order,
    Trend,
    written,
)
from lossbench.spec.hypothesis_parser import parse_hypotheses, parse_hypothesis
from lossbench.spec.looks import LOOKS, looks_up_to
from lossbench.spec.loss import LossSpec
from lossbench.spec.optimizer import Optimizer
from lossbench.spec.own_metric import OwnMetric, own_metrics
from lossbench.spec.presets import FOUR_LOSSES, PRESETS
from lossbench.spec.recipe import Precision, Recipe
from lossbench.spec.scaled import scaled
from lossbench.spec.scenario import Imbalance, Noise, Scenario
from lossbench.spec.schedule import Schedule
from lossbench.spec.seeds import parse_seeds
from lossbench.spec.shard import Shard, deal
from lossbench.spec.study import Plan, Study, default_name, parse_arms, parse_losses
from lossbench.spec.study_file import load_study, read_study_file
from lossbench.spec.trial import Trial, key_of

__all__ = [
    "FIXED",
    "FOUR_LOSSES",
    "LOOKS",
    "OVERRIDES",
    "PRESETS",
    "TUNED",
    "Arm",
    "Augmentation",
    "Band",
    "Claim",
    "Condition",
    "Crop",
    "Cutout",
    "Equivalence",
    "Extreme",
    "Flip",
    "Follows",
    "Hypothesis",
    "Imbalance",
    "LossSpec",
    "Measure",
    "Noise",
    "Optimizer",
    "Order",
    "OwnMetric",
    "Plan",
    "Precision",
    "Recipe",
    "Scenario",
    "Schedule",
    "Shard",
    "Study",
    "Trend",
    "Trial",
    "Value",
    "canonical_json",
    "check_augmentation",
    "deal",
    "default_name",
    "key_of",
    "load_study",
    "looks_up_to",
    "own_metrics",
    "parse_arms",
    "parse_augmentation",
    "parse_hypotheses",
    "parse_hypothesis",
    "parse_losses",
    "parse_seeds",
    "print_value",
    "read_study_file",
    "scaled",
    "slugs",
    "split_outside",
    "written",
]
