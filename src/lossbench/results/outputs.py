"""What the stored logits of one ended trial say, picture by picture and after temperature scaling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lossbench.metrics import PerPicture, auroc, calibration_error, in_top, per_picture
from lossbench.results.temperature import fit_temperature
from lossbench.store import Row

__all__ = ["Outputs"]

_TOP = 5
_SAME = 1e-9  # relative; the same probabilities give the same NLL but for the order of a sum


@dataclass(frozen=True)
class Outputs:
    """The last logits of one ended trial.

    Args:
        tensors: as `Store.logits` gives them.
        rows: the trial's history.
    """

    tensors: Mapping[str, np.ndarray]
    rows: Sequence[Row]
    _known: dict[str, PerPicture | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def correct(self) -> np.ndarray:
        """Which test pictures are right, bool (pictures,)."""
        return np.asarray(self.tensors["test.last"].argmax(axis=1) == self.tensors["test.target"])

    def medians(self) -> dict[str, float]:
        """The median of all test logits' absolute values, and of the true class's logit; empty without logits."""
        logits = self.tensors.get("test.last")
        if logits is None:
            return {}
        true = np.take_along_axis(logits, self.tensors["test.target"][:, None], axis=1)
        return {
            "median_absolute_logit": float(np.median(np.abs(logits))),
            "median_true_logit": float(np.median(true)),
        }

    def per_picture(self, split: str = "test") -> PerPicture | None:
        """What the probabilities of a split say of its pictures; None where the store does not have them.

        Trials of losses whose probabilities are not the softmax of the logits lack them if they were trained before
        they were kept. The NLL of the history tells.
        """
        if split not in self._known:
            self._known[split] = self._per_picture(split)
        return self._known[split]

    def _per_picture(self, split: str) -> PerPicture | None:
        if f"{split}.last" not in self.tensors:
            return None
        each = per_picture(self._given(split), self.tensors[f"{split}.target"])
        last = max((row for row in self.rows if row.split == split), key=lambda row: row.epoch)
        return each if math.isclose(float(each.nll.mean()), last.nll, rel_tol=_SAME, abs_tol=_SAME**2) else None

    def calibrated(self) -> dict[str, float]:
        """The temperature of the validation split, and the test ECE with it; empty where one cannot be had."""
        if self.per_picture("validation") is None or self.per_picture("test") is None:
            return {}
        temperature = fit_temperature(self._given("validation"), self.tensors["validation.target"])
        cooled = per_picture(self._given("test").astype(np.float64) / temperature, self.tensors["test.target"])
        return {"temperature": temperature, "ece_calibrated": calibration_error(cooled.confidence, self.correct)}

    def top5(self, split: str = "test") -> np.ndarray | None:
        """Which pictures of a split have their class among the five highest logits; None with five classes or fewer."""
        logits = self.tensors.get(f"{split}.last")
        if logits is None or logits.shape[1] <= _TOP:
            return None
        return in_top(logits, self.tensors[f"{split}.target"], _TOP)

    def logit_columns(self, split: str) -> dict[str, float | None]:
        """`top5` and `auroc` of a split, as far as the store has what they are taken from."""
        top = self.top5(split)
        found: dict[str, float | None] = {"top5": None if top is None else float(top.mean()), "auroc": None}
        if self.per_picture(split) is not None:
            area = auroc(self._given(split), self.tensors[f"{split}.target"])
            found["auroc"] = None if math.isnan(area) else area
        return found

    def _given(self, split: str) -> np.ndarray:
        """Logits, or logarithms of probabilities where these are not their softmax; (n, classes)."""
        return self.tensors.get(f"{split}.last.log_probabilities", self.tensors[f"{split}.last"])
