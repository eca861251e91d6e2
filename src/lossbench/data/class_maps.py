"""Which class each class is mistaken for, in asymmetric label noise: the data's own map, or the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lossbench.data.class_names import class_number
from lossbench.data.named import KNOWN
from lossbench.errors import RequestError

__all__ = ["class_map"]

_FIELD = "scenarios.noise.map"

# CIFAR-10's and that of handwritten digits: Patrini et al. (2017), arXiv:1609.03683, and since then most papers.
_CIFAR10 = "truck>automobile, bird>airplane, deer>horse, cat>dog, dog>cat"
_TEN_DIGITS = "7>1, 2>7, 5>6, 6>5, 3>8"
# Ours, for papers have none that most of them use: the articles that classifiers take for each other most.
_FASHION = "T-shirt/top>Shirt, Shirt>T-shirt/top, Pullover>Coat, Sandal>Sneaker, Ankle boot>Sneaker"

_OWN: Mapping[tuple[str, ...], str] = {
    KNOWN["cifar10"].class_names: _CIFAR10,
    KNOWN["digits"].class_names: _TEN_DIGITS,
    KNOWN["fashion_mnist"].class_names: _FASHION,
}


def class_map(written: str | None, class_names: Sequence[str]) -> dict[int, int]:
    """From each class that is mistaken to the one that it is taken for.

    Args:
        written: `class>class` pairs joined by commas; None for the data's own, which CIFAR-10, ten digits and
            Fashion-MNIST have, known by their class names.
        class_names: the data's.

    Raises:
        RequestError: data without a map of their own, or pairs that are none: a class mapped to itself, or twice.
        UnknownNameError: a class that the data do not have.
    """
    text = written if written is not None else _OWN.get(_spelled(class_names))
    if text is None:
        allowed = (
            "map='class>class, ...' for data without a map of their own, which cifar10, fashion_mnist and digits have"
        )
        raise RequestError(_FIELD, allowed, None)
    names = class_names if written is not None else _spelled(class_names)
    pairs = [_pair(pair, names) for pair in text.split(",")]
    if len(dict(pairs)) < len(pairs):
        raise RequestError(_FIELD, "every class once before >", text)
    return dict(pairs)


def _pair(text: str, class_names: Sequence[str]) -> tuple[int, int]:
    names = text.split(">")
    if len(names) != 2:
        raise RequestError(_FIELD, "pairs of the form class>class, joined by commas", text.strip() or "nothing")
    here, there = (class_number(_FIELD, name, class_names) for name in names)
    if here == there:
        raise RequestError(_FIELD, "two different classes in each pair", text.strip())
    return here, there


def _spelled(class_names: Sequence[str]) -> tuple[str, ...]:
    """`T - shirt / top`, as the Hub spells it, is `T-shirt/top`."""
    return tuple(name.replace(" - ", "-").replace(" / ", "/") for name in class_names)
