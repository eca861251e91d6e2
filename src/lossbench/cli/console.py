"""Where answers go: a console on which no name can steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from lossbench.errors import visible

__all__ = ["make_console"]

_LINES = "\n\t"  # what tables and paragraphs are laid out with


class _Console(Console):
    """Shows control characters by number.

    Losses, classes and reasons come from tables, pictures and stores that somebody else made. Markup is escaped where
    they are printed; Rich lets escape sequences pass, so here, where all that is printed comes through, they end.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed, piece by piece; Rich's own control codes are no text and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text, keep=_LINES))


def make_console() -> Console:
    """A console for standard output."""
    return _Console()
