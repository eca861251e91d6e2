"""What an epoch's logits and losses say of a trial, whichever engine computed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from lossbench.losses.bound import Link
from lossbench.metrics import evaluate
from lossbench.spec import Trial
from lossbench.train.epoch import Epoch, Snapshot
from lossbench.train.wrong_labels import counts_beside

__all__ = ["Judge", "mean_of"]

Outputs = tuple[str, np.ndarray, np.ndarray]
"""A split's name, its logits (n, classes) and its losses (n,)."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Makes epochs of outputs.

    Args:
        trial: which.
        link: how its loss's probabilities come from the logits; None where that is softmax.
        labels: of each split, int64 (n,), the wrong ones among them.
        true_labels: what the training pictures show, (n,), where some of their labels are made wrong; else None.
    """

    trial: Trial
    link: Link | None
    labels: Mapping[str, np.ndarray]
    true_labels: np.ndarray | None

    def trained(
        self,
        number: int,
        logits: np.ndarray,
        losses: np.ndarray,
        norms: np.ndarray,
        order: Callable[[], np.ndarray],
        snapshot: Callable[[], Snapshot],
    ) -> Epoch:
        """An epoch that was trained and is not evaluated yet.

        Args:
            number: counted from 1.
            logits: of the pictures as they were trained on, (n, classes).
            losses: of the same, (n,).
            norms: the gradient's before each step, (steps,).
            order: which training pictures they are of, (n,).
            snapshot: copies the state after this epoch.
        """
        epoch = Epoch(number, mean_of(losses), mean_of(norms), snapshot)
        if not _finite(logits, losses):
            return replace(epoch, diverged=f"a non-finite loss or logit while training in epoch {number}")
        if self.trial.recipe.train_metrics == "running" and self.trial.recipe.evaluated(number):
            chosen = order()
            evaluation = evaluate(logits, self.labels["train"][chosen], losses, self._log_probabilities(logits))
            counts = self._counts_beside("train_running", logits, chosen)
            return replace(epoch, evaluations={"train_running": evaluation}, counts=counts)
        return epoch

    def evaluated(self, epoch: Epoch, outputs: Iterable[Outputs]) -> Epoch:
        """The epoch with its splits evaluated, up to the first one with a logit or loss that is not finite."""
        evaluations, counts, kept, linked = dict(epoch.evaluations), dict(epoch.counts), {}, {}
        for name, logits, losses in outputs:
            if not _finite(logits, losses):
                where = f"on the {name} split after epoch {epoch.number}"
                return replace(epoch, diverged=f"a non-finite loss or logit {where}")
            log_p = self._log_probabilities(logits)
            evaluations[name] = evaluate(logits, self.labels[name], losses, log_p)
            if name == "train":
                counts |= self._counts_beside(name, logits)
            else:
                kept[name] = logits
                if log_p is not None:
                    linked[name] = log_p
        return replace(epoch, evaluations=evaluations, counts=counts, logits=kept, log_probabilities=linked)

    def _log_probabilities(self, logits: np.ndarray) -> np.ndarray | None:
        """Float64 (n, classes) where the loss's card names a link; None where softmax of the logits is meant."""
        return None if self.link is None else self.link(torch.from_numpy(logits).double()).numpy()

    def _counts_beside(
        self, name: str, logits: np.ndarray, order: np.ndarray | slice = slice(None)
    ) -> dict[str, np.ndarray]:
        """Counts of the training split's wrong labels, as the function of that name has them; empty without any."""
        given = self.labels["train"][order]
        return counts_beside(name, logits, given, None if self.true_labels is None else self.true_labels[order])


def mean_of(values: np.ndarray) -> float:
    """The mean, added up in float64."""
    return float(values.astype(np.float64).mean())


def _finite(logits: np.ndarray, losses: np.ndarray) -> bool:
    return bool(np.isfinite(logits).all() and np.isfinite(losses).all())
