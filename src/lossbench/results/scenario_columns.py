"""What a trial's counts say where labels were made wrong or classes unequal: columns beside its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lossbench.metrics import class_scores, shots

__all__ = ["SCENARIO_COLUMNS", "scenario_columns"]

OF_WRONG_LABELS = ("memorised", "corrected", "accuracy_clean")
OF_UNEQUAL_CLASSES = ("many", "medium", "few")
SCENARIO_COLUMNS = (*OF_WRONG_LABELS, *OF_UNEQUAL_CLASSES)
"""Columns of the history that only some scenarios fill."""

Counts = Mapping[tuple[int, str], np.ndarray]
Cells = dict[str, float | None]


def scenario_columns(counts: Counts, epoch: int, split: str, class_counts: Sequence[int]) -> Cells:
    """The cells of one epoch and split, null where they do not apply.

    Args:
        counts: a trial's confusion counts by (epoch, split); with label noise `<train>_clean` and `<train>_wrong` too.
        epoch: an evaluated epoch.
        split: `train`, `train_running`, `test` or `validation`.
        class_counts: how many training pictures each class had before label noise; empty where that is not known.
    """
    cells: Cells = dict.fromkeys(SCENARIO_COLUMNS)
    if (epoch, f"{split}_clean") in counts:
        return cells | _of_wrong_labels(*(counts[epoch, f"{split}{end}"] for end in ("", "_clean", "_wrong")))
    if split == "test" and (epoch, split) in counts:
        return cells | _of_unequal_classes(counts[epoch, split], class_counts)
    return cells


def _of_wrong_labels(given: np.ndarray, clean: np.ndarray, wrong: np.ndarray) -> Cells:
    """Of the wrongly labelled pictures the share predicted as labelled, and that predicted as what they show.

    Args:
        given: given label by prediction, of all pictures, (classes, classes).
        clean: true label by prediction, of all pictures.
        wrong: given label by prediction, of the wrongly labelled pictures.
    """
    hits = {name: int(np.trace(counts)) for name, counts in (("given", given), ("clean", clean), ("wrong", wrong))}
    number = int(wrong.sum())
    of_right_labels = hits["given"] - hits["wrong"]  # rightly labelled pictures, for which both labels are one
    return {
        "memorised": hits["wrong"] / number if number else None,
        "corrected": (hits["clean"] - of_right_labels) / number if number else None,
        "accuracy_clean": hits["clean"] / int(clean.sum()),
    }


def _of_unequal_classes(test: np.ndarray, class_counts: Sequence[int]) -> Cells:
    """The mean recall of each group's classes, as far as they have test pictures."""
    recall, there = class_scores(test).recall, test.sum(axis=1) > 0
    groups = {name: [k for k in classes if there[k]] for name, classes in shots(class_counts).items()}
    return {name: float(recall[classes].mean()) for name, classes in groups.items() if classes}
