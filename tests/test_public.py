"""The public surface, pinned: a name that joins or leaves it does so on purpose."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import lossbench

TOP = [
    "Conditions",
    "Data",
    "LossSpec",
    "LossbenchError",
    "Recipe",
    "RequestError",
    "Results",
    "Study",
    "Tuning",
    "audit",
    "compare",
    "export",
    "load",
    "load_study",
    "loss",
    "nn",
    "predict",
    "run",
    "send",
    "testing",
    "tune",
]

ROOMS = {
    "analysis": [
        "BEST",
        "METRICS",
        "Against",
        "Analysis",
        "BesidePublished",
        "Comparison",
        "Estimate",
        "Explanation",
        "Finding",
        "Ordering",
        "Outcome",
        "Standing",
        "Verdict",
        "Within",
        "analyse",
        "holm",
        "open_questions",
    ],
    "analysis.across": [
        "Across",
        "Both",
        "Carried",
        "Crossing",
        "Gain",
        "Level",
        "Lined",
        "Series",
        "Tuned",
        "across",
    ],
    "data": [
        "VERSION",
        "Asked",
        "Data",
        "Described",
        "Part",
        "Pictures",
        "Source",
        "Split",
        "check_growth",
        "described",
        "find",
        "fitted",
        "hold_out",
        "prepare",
        "read_pictures",
        "with_labels",
        "write_labels",
        "write_pictures",
    ],
    "losses": [
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
    ],
    "losses.audit": ["DECLARATIONS", "Audit", "Check", "Outcome", "audit"],
    "models": ["MODELS", "ModelEntry", "build", "check_model", "is_library_model", "is_pretrained", "model_digest"],
    "native": ["AddReLU", "fuse", "library", "normalise"],
    "nn": [
        "CLASSES",
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
        "DrawingLossModule",
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
        "LossModule",
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
        "ProgressLossModule",
        "RCELoss",
        "SCELoss",
        "SmoothL1Loss",
        "SoftmaxEqualizationLoss",
        "TaylorCELoss",
        "VSLoss",
        "WeightedCELoss",
        "module_of",
    ],
    "results": [
        "HISTORY_COLUMNS",
        "LOGIT_COLUMNS",
        "SCENARIO_COLUMNS",
        "DataView",
        "LossView",
        "Results",
        "collect",
        "read_table",
    ],
    "run": [
        "CHECKPOINT_SECONDS",
        "Event",
        "Executor",
        "Inline",
        "Job",
        "Notify",
        "Processes",
        "Profile",
        "Stacked",
        "one_thread",
        "usable_cores",
        "visible_gpus",
    ],
    "store": [
        "FIRST_BATCH",
        "FIRST_BATCH_CROSS_ENTROPY",
        "KINDS",
        "Kind",
        "Measured",
        "Needless",
        "Progress",
        "Record",
        "Row",
        "Status",
        "Store",
        "StudyFolder",
        "checkpoint_rows",
        "locate_study",
        "needless",
        "places",
        "progress",
        "remove",
    ],
    "tracking": [
        "KINDS",
        "Concluded",
        "Ended",
        "Feed",
        "Opened",
        "Point",
        "Sent",
        "TrackedTrial",
        "Tracker",
        "TrackerSpec",
        "check_installed",
        "open_tracker",
        "parse_tracker",
        "send",
        "tracked",
    ],
    "testing": ["check_loss"],
    "train": ["PHASES", "VERSION", "Clock", "Epoch", "Phase", "Snapshot", "labels_of", "splits_of", "train"],
}


def test_the_names_at_the_top() -> None:
    assert lossbench.__all__ == TOP
    for name in TOP:
        assert getattr(lossbench, name) is not None
    assert set(TOP) <= set(dir(lossbench))


@pytest.mark.parametrize(
    "before", ["", "lossbench.run; ", "from lossbench.run import Processes; ", "import lossbench.run as room; "]
)
def test_run_can_be_called_whatever_was_imported_before(before: str) -> None:
    script = f"import lossbench; {before}"
    script += "assert callable(lossbench.run); from lossbench.run import Inline; "
    script += "from lossbench import run; assert callable(run); "
    script += "lossbench.run(lossbench.Study(data='digits'), executor='nonsense')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "--executor: expected processes" in done.stderr
    assert "RequestError" in done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lossbench.nonsense  # noqa: B018 - the look-up is what is tested


@pytest.mark.parametrize("room", ROOMS)
def test_the_names_of_a_room(room: str) -> None:
    module = import_module(f"lossbench.{room}")
    assert module.__all__ == ROOMS[room]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_documented(room: str) -> None:
    module = import_module(f"lossbench.{room}")
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{room}.{name} has no docstring"
