"""What the module of a loss is called, by one rule."""

from __future__ import annotations

__all__ = ["class_name", "keyword_name"]

_ACRONYMS = frozenset(
    [
        "ael",
        "agce",
        "amse",
        "aul",
        "cdt",
        "ce",
        "drw",
        "flsd",
        "gce",
        "kl",
        "l1",
        "ldam",
        "ldr",
        "mae",
        "mmce",
        "mse",
        "nce",
        "nfl",
        "ngce",
        "rce",
        "sce",
        "vs",
        "ww",
    ]
)
_SPELLED = {"bce": "BCEWithLogits", "maxsup": "MaxSup", "mbls": "MbLS", "phuber": "PHuber"}
"""As people write them. `bce` takes logits, as torch's BCEWithLogitsLoss does and its BCELoss does not."""

_TAKEN = {"weight": "term_weight"}
"""Hyperparameters that are called as an option that every module has."""


def class_name(name: str) -> str:
    """The class of a loss of the catalogue: its words capitalised, acronyms in capitals, and `Loss`.

    `focal` is FocalLoss, `smooth_l1` SmoothL1Loss, `nce_rce` NCERCELoss.
    """
    return "".join(_word(part) for part in name.split("_")) + "Loss"


def keyword_name(hyperparameter: str) -> str:
    """The keyword of a hyperparameter: its own name, but `term_weight` where that is `weight`."""
    return _TAKEN.get(hyperparameter, hyperparameter)


def _word(part: str) -> str:
    if part in _ACRONYMS:
        return part.upper()
    return _SPELLED.get(part, part.capitalize())
