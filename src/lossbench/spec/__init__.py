"""What is asked for: frozen values, checked at the boundary, with one canonical JSON form. Knows no catalogue."""

from lossbench.spec._model import canonical_json
from lossbench.spec.augmentation import (
    Augmentation,
    Crop,
    Cutout,
    Flip,
    check_augmentation,
    parse_augmentation,
)
from lossbench.spec.call import Value, print_value, split_outside
from lossbench.spec.loss import LossSpec
from lossbench.spec.recipe import Optimizer, Precision, Recipe, Scenario, Schedule
from lossbench.spec.study import (
    FOUR_LOSSES,
    PRESETS,
    Plan,
    Study,
    default_name,
    load_study,
    parse_losses,
    parse_seeds,
    read_study_file,
)
from lossbench.spec.trial import Trial

__all__ = [
    "FOUR_LOSSES",
    "PRESETS",
    "Augmentation",
    "Crop",
    "Cutout",
    "Flip",
    "LossSpec",
    "Optimizer",
    "Plan",
    "Precision",
    "Recipe",
    "Scenario",
    "Schedule",
    "Study",
    "Trial",
    "Value",
    "canonical_json",
    "check_augmentation",
    "default_name",
    "load_study",
    "parse_augmentation",
    "parse_losses",
    "parse_seeds",
    "print_value",
    "read_study_file",
    "split_outside",
]
