"""Shares: how often something happened, with exact intervals."""

from __future__ import annotations

from functools import lru_cache

from scipy import stats

from lossbench.analysis.paired import ALPHA

__all__ = ["exact_interval", "mcnemar"]


@lru_cache  # of all pairs of many losses there are few different ones
def exact_interval(count: float, of: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    Args:
        count: how often; half a tie counts as a half.
        of: how many times it could have.

    References:
        Clopper, Pearson, 1934, The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial,
        doi:10.1093/biomet/26.4.404.
    """
    low = float(stats.beta.ppf(ALPHA / 2, count, of - count + 1)) if count > 0 else 0.0
    high = float(stats.beta.ppf(1 - ALPHA / 2, count + 1, of - count)) if count < of else 1.0
    return low, high


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact McNemar test: two-sided p-value that neither of two networks is right more often.

    Args:
        only_a: pictures that the first alone got right.
        only_b: pictures that the second alone got right.

    References:
        McNemar, 1947, Note on the Sampling Error of the Difference between Correlated Proportions,
        doi:10.1007/BF02295996.
    """
    total = only_a + only_b
    return float(stats.binomtest(only_a, total).pvalue) if total else 1.0
