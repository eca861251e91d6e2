"""The catalogue's pages, made from the cards: one per loss, one per family, and one above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from lossbench.cli.card_words import needs, properties, searched
from lossbench.cli.draw_losses import draw_losses
from lossbench.figures import render_svg
from lossbench.losses import CATALOGUE, Claim, LossCard
from lossbench.report.formula import formula
from lossbench.report.inline import inline_svg
from lossbench.spec import LossSpec, print_value
from lossbench.text import plain
from tools.docs.markdown import linked, table, text

__all__ = ["catalogue_pages"]

_SYMBOLS = "z are the logits, y is the true class, p is softmax(z), e is one-hot(y), K is the number of classes."
_DRAWN = "Value and gradient of every loss are drawn for ten classes, with all logits but the true class's at 0."


def catalogue_pages() -> dict[str, str]:
    """Path below the site's sources -> Markdown."""
    cards = [loss.card for loss in CATALOGUE.values()]
    families = {family: list(members) for family, members in groupby(cards, key=lambda card: card.family)}
    pages = {"catalogue/index.md": _index(families)}
    for family, members in families.items():
        pages[f"catalogue/{_file(family)}"] = _family(family, members)
    for before, card, after in zip([None, *cards], cards, [*cards[1:], None], strict=False):
        pages[f"catalogue/losses/{card.name}.md"] = _page(card, before, after)
    return pages


def _file(family: str) -> str:
    return f"{family.replace(' ', '-')}.md"


def _index(families: Mapping[str, Sequence[LossCard]]) -> str:
    count = sum(map(len, families.values()))
    parts = [
        "# Catalogue",
        f"{count} losses in {len(families)} families. Each has a page, made from its card in the code: the formula, "
        "what it is for, what speaks for and against it and who says so, and facts that the tests execute. "
        "`lossbench losses NAME` shows the same in a terminal.",
        _DRAWN,
    ]
    for family, members in families.items():
        parts += [f"## {_title(family)}", f"[All of the family, with formulas]({_file(family)})"]
        parts.append(
            table(["loss", "what it is for"], [[_link(card, "losses/"), text(card.purpose)] for card in members])
        )
    return "\n\n".join(parts) + "\n"


def _family(family: str, members: Sequence[LossCard]) -> str:
    parts = [f"# {_title(family)}", f"{len(members)} losses of the [catalogue](index.md). {_SYMBOLS}"]
    for card in members:
        parts += [f"## {_link(card, 'losses/')} {{#{card.name}}}", text(card.purpose), _formula(card)]
    return "\n\n".join(parts) + "\n"


def _page(card: LossCard, before: LossCard | None, after: LossCard | None) -> str:
    parts = [
        f"# {text(card.title)}",
        f"[Catalogue](../index.md) · [{_title(card.family)}](../{_file(card.family)}) · `{card.name}`",
        text(card.purpose),
        f"**Use it** {text(card.when[0].lower() + card.when[1:])}",
        _formula(card),
        _SYMBOLS,
    ]
    if card.link:
        parts.append(f"Its probabilities are {text(card.link)}, in place of softmax(z).")
    parts += [*_plot(card), *_hyperparameters(card), *_claims("What speaks for it", card.strengths)]
    parts += _claims("What speaks against it", card.weaknesses)
    parts += ["## Facts", "At the defaults, as a function of the logits; tests execute them.", *_facts(card)]
    parts += ["## Reference", linked(str(card.reference)), *_neighbours(before, after)]
    return "\n\n".join(parts) + "\n"


def _plot(card: LossCard) -> Iterator[str]:
    figure = draw_losses([LossSpec(card.name)])
    yield "## Value and gradient"
    yield f'<figure class="drawn">{inline_svg(figure, render_svg(figure))}</figure>'.replace("\n", " ")
    yield text(plain(figure.caption))


def _hyperparameters(card: LossCard) -> Iterator[str]:
    yield "## Hyperparameters"
    if not card.hyperparameters:
        yield "None."
        return
    rows = [
        [
            f"`{one.name}`",
            f"`{_short(print_value(one.default))}`",
            text(one.meaning),
            text(one.allowed),
            text(searched(one).removeprefix("; tuned ")),
        ]
        for one in card.hyperparameters
    ]
    yield table(["name", "default", "what it does", "allowed", "tuned"], rows)
    yield f"Written `{LossSpec.of(card.name, {card.hyperparameters[0].name: card.hyperparameters[0].default})}`."


def _claims(title: str, claims: Sequence[Claim]) -> Iterator[str]:
    yield f"## {title}"
    yield "\n".join(f"- {text(claim.text)} ({linked(claim.source)})" for claim in claims)


def _facts(card: LossCard) -> Iterator[str]:
    yield "\n".join(f"- {text(words)}" for words in (*properties(card), f"needs {needs(card)}"))


def _neighbours(before: LossCard | None, after: LossCard | None) -> Iterator[str]:
    yield "---"
    ways = [f"before: {_link(before)}" if before else "", f"after: {_link(after)}" if after else ""]
    yield " · ".join(way for way in ways if way)


def _link(card: LossCard, folder: str = "") -> str:
    return f"[`{card.name}`]({folder}{card.name}.md)"


def _formula(card: LossCard) -> str:
    return f'<div class="formula" title="{escape(card.formula)}">{formula(card.formula)}</div>'


def _title(family: str) -> str:
    return family[0].upper() + family[1:]


def _short(value: str) -> str:
    digits = value.partition(".")[2]
    return f"{float(value):.4g}" if len(digits) > 4 and digits.isdigit() else value
