"""Which losses a command is about: those that were named, or those of the catalogue that a filter lets through."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import LossSpec, parse_losses, split_outside

if TYPE_CHECKING:
    from lossbench.losses import LossCard

__all__ = ["FACTS", "NEEDS", "chosen_cards", "named_losses", "own_code"]

FACTS = ("bounded", "symmetric", "convex", "soft_targets", "nonnegative")
"""What `--property` asks of a card's properties."""

NEEDS = ("class_counts", "progress", "generator", "batch")
"""What `--property` asks of its needs."""


@contextmanager
def own_code(field: str) -> Iterator[None]:
    """Where a user's loss may run: what it prints is no part of the answer, and a complaint names what they typed."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except RequestError as error:
        if error.field not in ("loss", "losses"):
            raise
        raise error.renamed(field) from error


def named_losses(texts: Sequence[str], field: str) -> tuple[LossSpec, ...]:
    """The losses that were written, each once, as they were written.

    Args:
        texts: such as `focal(gamma=0.5)` or `module:object`; one may hold several, separated by commas.
        field: what a complaint is about.

    Raises:
        RequestError: none, or one that is unknown, has a wrong hyperparameter or cannot be imported.
    """
    from lossbench.losses import complete

    specs = tuple(dict.fromkeys(parse_losses([part for text in texts for part in split_outside(text)], field)))
    with own_code(field):
        for spec in specs:
            complete(spec)
    return specs


def chosen_cards(family: str | None, properties: Sequence[str]) -> list[LossCard]:
    """The cards of a family, or of all, that have every property.

    Args:
        family: its name, or a part that no other family's has, whatever its case and hyphens; None for all.
        properties: of FACTS and NEEDS, each also with `not-` before it.

    Raises:
        UnknownNameError: no family is called so, or no property.
    """
    from lossbench.losses import CATALOGUE

    cards = [loss.card for loss in CATALOGUE.values()]
    if family is not None:
        wanted = _family(family, list(dict.fromkeys(card.family for card in cards)))
        cards = [card for card in cards if card.family == wanted]
    asked = [_property(text) for text in properties]
    return [card for card in cards if all(_has(card, name) == wanted for name, wanted in asked)]


def _family(text: str, families: Sequence[str]) -> str:
    part = _plain(text)
    found = [name for name in families if part == _plain(name)] or [name for name in families if part in _plain(name)]
    if not part or len(found) != 1:
        raise UnknownNameError("--family", text, families)
    return found[0]


def _property(text: str) -> tuple[str, bool]:
    """A property, and whether it is wanted."""
    plain = _plain(text)
    name = plain.removeprefix("not ").replace(" ", "_")
    known = (*FACTS, *NEEDS)
    if name not in known:
        raise UnknownNameError("--property", text, [*known, *(f"not-{name}" for name in known)])
    return name, not plain.startswith("not ")


def _has(card: LossCard, name: str) -> bool:
    return name in card.needs if name in NEEDS else getattr(card.properties, name) is True


def _plain(text: str) -> str:
    """Small letters with single spaces between the words."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
