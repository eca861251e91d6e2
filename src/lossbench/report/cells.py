"""Numbers as the report's tables show them; a dash where there is none."""

from __future__ import annotations

from lossbench.analysis.types import Estimate
from lossbench.text import fixed, p_value, signed, significant

__all__ = ["difference", "half", "mean", "mean_and_half", "p", "reach", "size"]


def mean(value: float | None) -> str:
    """Three decimals."""
    return "–" if value is None else fixed(value)


def half(item: Estimate) -> str:
    """Half of an interval, to the decimals of the mean beside it."""
    width = ((item.high or 0) - (item.low or 0)) / 2
    if width >= 1000:
        return fixed(width)
    return f"{width:.3f}" if width >= 0.0005 or width == 0 else "<0.001"


def mean_and_half(item: Estimate | None) -> str:
    """`0.562 ± 0.042`."""
    if item is None:
        return "–"
    return mean(item.mean) + ("" if item.low is None else f" ± {half(item)}")


def difference(value: float | None) -> str:
    """With its sign; one that is float64's rounding alone is none."""
    return "–" if value is None else signed(value if abs(value) > 1e-12 else 0.0)


def reach(ends: tuple[float | None, float | None]) -> str:
    """`0.520 to 0.604`."""
    low, high = ends
    return "–" if low is None or high is None else f"{fixed(low)} to {fixed(high)}"


def size(value: float | None) -> str:
    """Three significant digits."""
    return "–" if value is None else significant(value)


def p(value: float | None) -> str:
    """`0.012`, `< 0.001`."""
    return "–" if value is None else p_value(value).removeprefix("= ")
