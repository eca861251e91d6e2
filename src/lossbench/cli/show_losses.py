"""What `lossbench losses` prints: the catalogue, and cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.cli.card_words import needs, properties, searched
from lossbench.cli.choice import NEEDS
from lossbench.spec import LossSpec, Value, print_value

if TYPE_CHECKING:
    from lossbench.losses import Hyperparameter, LossCard

__all__ = ["own_line", "show_cards", "show_catalogue"]

_WIDE = 130  # columns of a terminal from which on hyperparameters have a column of their own
_FIRST = 21  # width of the column with names: that of the longest family
_LONGEST = 8  # characters of a number that the table shows in full

_TABLED = ("bounded", "symmetric", "convex", "soft_targets")  # nearly all are nonnegative, too
_SYMBOLS = "z logits, y the true class, p softmax(z), e one-hot(y), K classes"


def show_catalogue(console: Console, cards: Sequence[LossCard]) -> None:
    """Cards of the catalogue in its order, family by family."""
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("loss", width=_FIRST)
    if wide:
        table.add_column("hyperparameters", style="dim")
    table.add_column("properties", width=None if wide else 12)
    table.add_column("purpose")
    for family, members in groupby(cards, key=lambda card: card.family):
        table.add_row()
        table.add_row(Text(family, style="bold"))
        for card in members:
            table.add_row(*_row(card, wide=wide))
    console.print(table)
    words = "`lossbench losses NAME` shows one card; with --plot it draws it."
    console.print(f"\n{len(cards)} losses. {words}", markup=False, highlight=False, soft_wrap=not console.is_terminal)


def show_cards(console: Console, specs: Sequence[LossSpec]) -> None:
    """The card of every loss, and a line for a user's own."""
    for position, spec in enumerate(specs):
        if position:
            console.print()
        if spec.own:
            console.print(own_line(spec), markup=False, highlight=False, soft_wrap=not console.is_terminal)
        else:
            _show_card(console, spec)


def own_line(spec: LossSpec) -> str:
    """Where a user's own loss is from."""
    from lossbench.losses import loss_digest

    where = f"imported as {spec.name}; its source has the digest {loss_digest(spec)}"
    return f"{spec}: a loss of your own, {where}. `lossbench audit` examines it."


def _row(card: LossCard, *, wide: bool) -> tuple[Text | str, ...]:
    defaults = ", ".join(f"{h.name}={_short(h.default)}" for h in card.hyperparameters)
    facts = [name for name in _TABLED if getattr(card.properties, name)]
    words = ", ".join([*facts, *(name for name in NEEDS if name in card.needs)])
    if wide:
        return card.name, Text(defaults), words, Text(card.purpose)
    lines = wrap(defaults, _FIRST, initial_indent="  ", subsequent_indent="  ")
    return Text(card.name).append("".join(f"\n{line}" for line in lines), style="dim"), words, Text(card.purpose)


def _show_card(console: Console, spec: LossSpec) -> None:
    from lossbench.losses import CATALOGUE

    card = CATALOGUE[spec.name].card
    console.print(f"{card.name}: {card.title}", style="bold", markup=False, highlight=False)
    lines = [
        "",
        card.purpose,
        "",
        f"use it: {card.when[0].lower()}{card.when[1:]}",
        "",
        f"family: {card.family}",
        "",
        f"formula (TeX): {card.formula}",
        f"  ({_SYMBOLS})",
    ]
    if card.link:
        lines += ["", f"probabilities: {card.link}, in place of softmax(z)"]
    if card.hyperparameters:
        lines += ["", "hyperparameters:", *(_hyperparameter(h, spec.keywords) for h in card.hyperparameters)]
    lines += ["", "properties at the defaults, as a function of the logits:"]
    lines += [f"  - {words}" for words in properties(card)]
    lines += ["", f"needs: {needs(card)}"]
    for title, claims in (("strengths", card.strengths), ("weaknesses", card.weaknesses)):
        lines += ["", f"{title}:", *(f"  - {claim.text} [{claim.source}]" for claim in claims)]
    lines += ["", f"reference: {card.reference}"]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=not console.is_terminal)


def _hyperparameter(one: Hyperparameter, given: Mapping[str, Value]) -> str:
    default = print_value(one.default)
    value = print_value(given[one.name]) if one.name in given else default
    instead = "" if value == default else f" (default {default})"
    return f"  {one.name}={value}{instead}  {one.meaning}; {one.allowed}{searched(one)}"


def _short(value: Value) -> str:
    """A value for the table: a number with many digits is shortened."""
    text = print_value(value)
    return f"{value:.4g}" if isinstance(value, float | int) and len(text) > _LONGEST else text
