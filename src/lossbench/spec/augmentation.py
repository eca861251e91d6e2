"""What is done to training pictures batch by batch: `crop(4)`, `flip`, `cutout(8)`, in the order written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec.call import parse_call, split_outside

__all__ = ["Augmentation", "Augmentations", "Crop", "Cutout", "Flip", "check_augmentation", "parse_augmentation"]

_FIELD = "recipe.augmentation"
_FORMS = "crop(PADDING), flip and cutout(SIDE), each at most once, in whole pixels of at least 1"


@dataclass(frozen=True)
class Crop:
    """Black pixels around the picture, and of that a piece of the picture's size, cut anywhere.

    Args:
        padding: how many pixels on each side.
    """

    padding: int

    def __str__(self) -> str:
        return f"crop({self.padding})"


@dataclass(frozen=True)
class Flip:
    """Left and right change places, with probability 1/2."""

    def __str__(self) -> str:
        return "flip"


@dataclass(frozen=True)
class Cutout:
    """A square of the training pictures' mean colour, its centre anywhere in the picture, cut off at the borders.

    DeVries & Taylor (2017). Improved Regularization of Convolutional Neural Networks with Cutout. arXiv:1708.04552.

    Args:
        side: of the square, in pixels.
    """

    side: int

    def __str__(self) -> str:
        return f"cutout({self.side})"


Augmentation = Crop | Flip | Cutout


def parse_augmentation(value: object) -> tuple[Augmentation, ...]:
    """Augmentations as users write them: one text with commas outside parentheses, or a list of texts; may be empty.

    Raises:
        RequestError: something else, a number of pixels that is none, or one of them twice.
    """
    parts = split_outside(value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise RequestError(_FIELD, f"a list of {_FORMS}", value)
    steps = tuple(_parsed(part) for part in parts)
    if len({type(step) for step in steps}) < len(steps):
        raise RequestError(_FIELD, _FORMS, ", ".join(str(step) for step in steps))
    return steps


def check_augmentation(augmentation: Sequence[Augmentation], size: tuple[int, ...]) -> None:
    """Checks augmentations against the pictures' height and width, which feature vectors have not.

    Raises:
        RequestError: any of vectors; a crop that can show no pixel of the picture, or a square larger than it.
    """
    if augmentation and not size:
        allowed = "none, for the data are feature vectors"
        raise RequestError(_FIELD, allowed, ", ".join(str(step) for step in augmentation))
    side = min(size, default=0)
    for step in augmentation:
        if isinstance(step, Crop) and step.padding >= side:
            raise RequestError(_FIELD, f"a crop's padding of less than the picture's side ({side})", str(step))
        if isinstance(step, Cutout) and step.side > side:
            raise RequestError(_FIELD, f"a cutout's side of at most the picture's ({side})", str(step))


def _parsed(part: object) -> Augmentation:
    text = str(part) if isinstance(part, Augmentation) else part
    if not isinstance(text, str):
        raise RequestError(_FIELD, _FORMS, text)
    call = parse_call(text, _FIELD)
    match call.name, call.arguments, len(call.keywords):
        case "flip", (), 0:
            return Flip()
        case "crop", (float(padding),), 0 if _is_count(padding):
            return Crop(int(padding))
        case "cutout", (float(side),), 0 if _is_count(side):
            return Cutout(int(side))
        case "crop" | "flip" | "cutout", _, _:
            raise RequestError(_FIELD, _FORMS, text)
    raise UnknownNameError(_FIELD, call.name, ("crop", "flip", "cutout"))


def _is_count(pixels: float) -> bool:
    return pixels >= 1 and pixels.is_integer()


Augmentations = Annotated[
    tuple[Augmentation, ...],
    BeforeValidator(parse_augmentation),
    PlainSerializer(lambda steps: [str(step) for step in steps], return_type=list[str]),
]
