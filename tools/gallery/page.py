"""The gallery's page: a card per report, with its picture, its question, and a sentence computed from its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Card", "page"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #1b1f23; background: #fff; }
ul { list-style: none; padding: 0; display: grid; gap: 2rem;
  grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
li a { color: inherit; text-decoration: none; display: block; }
li a:hover h2, li a:focus h2 { text-decoration: underline; }
img { width: 100%; aspect-ratio: 11 / 7.8; object-fit: cover; object-position: top; border: 1px solid #d0d5da; }
h2 { font-size: 1.1rem; margin: .6rem 0 .2rem; color: #0a5c9e; }
p { margin: .2rem 0; }
.about { color: #57606a; font-size: .9rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e8ea; background: #15181c; } h2 { color: #79bdf2; } img { border-color: #333a42; }
  .about { color: #a5aeb8; }
}
"""


@dataclass(frozen=True)
class Card:
    """One report.

    Args:
        title: the study's name.
        question: what it asks.
        said: the first sentence of its answer.
        report: the report's address beside the page.
        picture: the picture's, or None.
        about: how much was trained, and how long it took.
    """

    title: str
    question: str
    said: str
    report: str
    picture: str | None
    about: str


def page(cards: Sequence[Card], about: str) -> str:
    """The page as HTML; it asks no host for anything."""
    items = Markup("\n").join(map(_item, cards))
    return Markup(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>lossbench: a gallery of reports</title>'
        "<style>{style}</style></head><body><h1>A gallery of reports</h1>\n<p>{about}</p>\n"
        "<ul>\n{items}\n</ul></body></html>\n"
    ).format(style=Markup(_STYLE), about=about, items=items)  # noqa: S704 # our own style sheet


def _item(card: Card) -> Markup:
    shown = Markup('<img src="{}" alt="">').format(card.picture) if card.picture else Markup("")
    return Markup(
        '<li><a href="{report}">{shown}<h2>{title}</h2></a><p><strong>{question}</strong></p><p>{said}</p>'
        '<p class="about">{about}</p></li>'
    ).format(
        report=card.report, shown=shown, title=card.title, question=card.question, said=card.said, about=card.about
    )
