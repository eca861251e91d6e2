"""The height and width that pictures are resized to: `64`, `[64, 48]` or `64x48`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from lossbench.errors import RequestError

__all__ = ["PictureSize"]

_LARGEST = 4096
_FORM = f"a side, or height and width, of 1 to {_LARGEST} pixels, as in 64 or 64x48"


def _sides(value: object) -> object:
    if value is None:
        return None
    given = re.split("[x×,]", value) if isinstance(value, str) else value
    sides = list(given) if isinstance(given, list | tuple) else [given]
    try:
        whole = [int(side) if isinstance(side, str) and side.strip().isdecimal() else side for side in sides]
    except ValueError:
        whole = []
    if len(whole) not in (1, 2) or not all(type(side) is int and 1 <= side <= _LARGEST for side in whole):
        raise RequestError("size", _FORM, value)
    return (whole[0], whole[-1])


PictureSize = Annotated[tuple[int, int] | None, BeforeValidator(_sides)]
