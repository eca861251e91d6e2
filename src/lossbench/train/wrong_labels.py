"""What a network has learned of wrong labels: confusion counts beside those of an evaluation."""

from __future__ import annotations

import numpy as np

from lossbench.metrics import confusion

__all__ = ["counts_beside"]


def counts_beside(name: str, logits: np.ndarray, given: np.ndarray, true: np.ndarray | None) -> dict[str, np.ndarray]:
    """Confusion counts of a split whose labels were made wrong, each (classes, classes).

    Args:
        name: the split's, `train` or `train_running`.
        logits: (n, classes).
        given: (n,) the labels that are trained on.
        true: (n,) what the pictures show; None where no label was made wrong.

    Returns:
        `<name>_clean`: true label by prediction, of all pictures; `<name>_wrong`: given label by prediction, of those
        that are wrongly labelled. Empty without true labels.
    """
    if true is None:
        return {}
    classes, predicted, wrong = logits.shape[1], logits.argmax(axis=1).astype(np.int64), given != true
    return {
        f"{name}_clean": confusion(true, predicted, classes),
        f"{name}_wrong": confusion(given[wrong], predicted[wrong], classes),
    }
