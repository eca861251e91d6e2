"""What a shell offers at the tab key: names, found without importing torch or a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = [
    "DATA",
    "DEVICES",
    "EXECUTORS",
    "LOSSES",
    "MODELS",
    "NETWORKS",
    "PRECISIONS",
    "TRACKERS",
    "losses",
    "one_of",
]

LOSSES = (
    *("l1", "l1_probabilities", "mae", "smooth_l1", "huber", "mse", "brier", "amse", "cross_entropy"),
    *("label_smoothing", "poly1", "confidence_penalty", "maxsup", "focal", "flsd", "dual_focal", "mbls", "mmce", "bce"),
    *("asymmetric", "evidential", "gce", "agce", "aul", "ael", "taylor_ce", "phuber_ce", "rce", "sce", "nce", "nfl"),
    *("ngce", "nce_mae", "nce_rce", "nfl_mae", "nfl_rce", "ngce_mae", "jensen_shannon", "bi_tempered", "ldr_kl"),
    *("epsilon_softmax", "bootstrap_soft", "bootstrap_hard", "peer", "weighted_ce", "class_balanced"),
    *("class_balanced_focal", "balanced_softmax", "logit_adjusted", "cdt", "vs", "softmax_equalization", "ldam"),
    *("ldam_drw", "hinge", "hinge_ww"),
)
"""The catalogue's names; a test holds them to it."""

MODELS = ("mlp", "lenet5", "cnn", "cnn8", "resnet20", "resnet32", "resnet50")
"""Those of the models; a test holds them to their catalogue."""

DATA = ("digits", "fashion_mnist", "cifar10", "cifar100", "mnist")
"""The data sets that can be named; a test holds them to those, and a path is completed by the shell itself."""

NETWORKS = ("torch", "onnx", "safetensors")
"""What a network is exported as; a test holds them to the forms that there are."""

TRACKERS = ("tensorboard", "mlflow", "wandb", "csv", "jsonl")
"""The trackers that have a name; a test holds them to those."""

DEVICES = ("auto", "cpu", "cuda", "mps")
EXECUTORS = ("processes", "stack", "inline")
PRECISIONS = ("auto", "fp32", "bf16")


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """A completer that offers the names that begin as what was typed."""
    known = tuple(names)

    def offered(incomplete: str) -> list[str]:
        return [name for name in known if name.startswith(incomplete)]

    return offered


def losses(incomplete: str) -> list[str]:
    """Losses after the last comma of a list, those that stand before it left out; nothing inside parentheses."""
    before, comma, last = incomplete.rpartition(",")
    if last.count("(") > last.count(")") or before.count("(") > before.count(")"):
        return []
    spaces = last[: len(last) - len(last.lstrip())]
    taken = {part.strip() for part in before.split(",")}
    names = LOSSES if comma else ("all", *LOSSES)
    return [f"{before}{comma}{spaces}{name}" for name in names if name.startswith(last.lstrip()) and name not in taken]
