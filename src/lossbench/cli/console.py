"""Where answers go: a console on which no name can steer the terminal, and plain text where that is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from lossbench.errors import visible

__all__ = ["can_move", "make_console"]

_LINES = "\n\t"  # what tables and paragraphs are laid out with


class _Console(Console):
    """Shows control characters by number.

    Losses, classes and reasons come from tables, pictures and stores that somebody else made. Markup is escaped where
    they are printed; Rich lets escape sequences pass, so here, where all that is printed comes through, they end.
    """

    still = False  # whether nothing that is printed may be changed later, though it is a terminal

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed, piece by piece; Rich's own control codes are no text and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text, keep=_LINES))


def make_console() -> Console:
    """A console for standard output: with colours on a terminal, unless the environment asks for none.

    NO_COLOR and TERM=dumb ask for plain text, without any escape sequence; so does CI, unless FORCE_COLOR is there.
    With FORCE_COLOR a file or a pipe gets colours, too; bars, which go back over what they printed, need a terminal.
    """
    terminal = sys.stdout.isatty()
    if _plain(os.environ) or not (terminal or _says_yes(os.environ, "FORCE_COLOR")):
        return _Console(force_terminal=False, color_system=None)
    console = _Console(force_terminal=True)
    console.still = _says_yes(os.environ, "CI") or not terminal
    return console


def can_move(console: Console) -> bool:
    """Whether bars and the like may be drawn, which go back over what they have printed."""
    return console.is_interactive and not console.is_dumb_terminal and not getattr(console, "still", False)


def _plain(environment: Mapping[str, str]) -> bool:
    if environment.get("NO_COLOR") or environment.get("TERM", "").lower() in ("dumb", "unknown"):
        return True  # NO_COLOR whatever it says, as https://no-color.org has it
    return _says_yes(environment, "CI") and not _says_yes(environment, "FORCE_COLOR")


def _says_yes(environment: Mapping[str, str], name: str) -> bool:
    """Whether a variable says yes: anything but nothing, 0 and false."""
    return environment.get(name, "").lower() not in ("", "0", "false")
