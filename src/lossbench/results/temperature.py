"""Temperature scaling: one number that all logits are divided by, fitted on pictures held out of training.

Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

__all__ = ["TEMPERATURES", "fit_temperature"]

TEMPERATURES = (1e-6, 1e6)
"""Between which the temperature is sought. The lower end is the fit where every picture is right, so that the NLL falls
for as long as the temperature does; the upper end where logits say less than nothing."""


def fit_temperature(given: NDArray[np.floating[Any]], target: NDArray[np.int64]) -> float:
    """The temperature T at which softmax(given / T) has the least mean NLL; 1 where no T changes it.

    The NLL is convex in 1 / T, so that its derivative has one zero, which is found to the last digits. All is done in
    float64: in float32 the changes of the NLL that lead there are lost.

    Args:
        given: logits, or logarithms of probabilities where these are not their softmax; (n, classes), n at least 1.
        target: true classes, (n,).
    """
    gaps = given.astype(np.float64)
    gaps -= gaps[np.arange(len(target)), target][:, None]
    above = gaps.max(axis=1, keepdims=True)

    def slope(log_temperature: float) -> float:
        """The derivative of the mean NLL by 1 / T, which falls as T grows."""
        weights = np.exp((gaps - above) * math.exp(-log_temperature))
        return float(((weights * gaps).sum(axis=1) / weights.sum(axis=1)).mean())

    low, high = map(math.log, TEMPERATURES)
    falls_below, falls_above = slope(low) <= 0, slope(high) >= 0  # the NLL beyond either end
    if falls_below or falls_above:
        return 1.0 if falls_below and falls_above else TEMPERATURES[0 if falls_below else 1]
    return math.exp(brentq(slope, low, high, xtol=1e-12))
