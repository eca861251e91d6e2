"""Seeds as users write them."""

from __future__ import annotations

from lossbench.errors import RequestError

__all__ = ["parse_seeds"]

_LARGEST_SEED = 2**63 - 1


def parse_seeds(value: object, field: str = "seeds") -> tuple[int, ...]:
    """Seeds as users write them: `5` means 1 to 5, `1,2,3` and `[1, 2, 3]` are lists, `7,` is seed 7 alone.

    Raises:
        RequestError: no seeds, a seed twice, or something that is no whole number.
    """
    allowed = "a number of seeds (5) or a list of different whole numbers (1,2,3 or 7,)"
    given = value
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",") if part.strip()]
        numbers = [int(part) if part.isdecimal() and len(part) < 20 else part for part in parts]
        value = numbers if "," in value or not numbers else numbers[0]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000:
        return tuple(range(1, value + 1))
    listed = tuple(value) if isinstance(value, list | tuple) else ()
    if listed and all(_is_seed(item) for item in listed) and len(set(listed)) == len(listed):
        return listed
    raise RequestError(field, allowed, given)


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_SEED
