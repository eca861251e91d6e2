"""Whether confidence can be believed, said of the table that the reliability diagrams draw."""

from __future__ import annotations

import polars as pl

from lossbench.text import fixed, isolate, listed

__all__ = ["calibration_sentences"]

_ALIKE = 0.005  # a mean confidence this near the accuracy is as good as right


def calibration_sentences(table: pl.DataFrame) -> tuple[str, ...]:
    """Per direction the losses whose mean confidence lies above, below or at their accuracy.

    Args:
        table: of the reliability figure, `RELIABILITY`.
    """
    groups: dict[str, list[str]] = {"above": [], "below": [], "at": []}
    for loss in dict.fromkeys(table["loss_function"]):
        rows = table.filter(pl.col("loss_function") == loss)
        gap = float((rows["share"] * (rows["confidence"] - rows["accuracy"])).sum())
        side = "at" if abs(gap) < _ALIKE else "above" if gap > 0 else "below"
        groups[side].append(isolate(loss) if side == "at" else f"{isolate(loss)} (by {fixed(abs(gap))})")
    words = {
        "above": "lies above accuracy, so that networks believe themselves too much, with",
        "below": "lies below accuracy, so that networks believe themselves too little, with",
        "at": "is as high as accuracy with",
    }
    said = [f"{words[side]} {listed(names)}" for side, names in groups.items() if names]
    return (f"Mean confidence {'; it '.join(said)}.",) if said else ()
