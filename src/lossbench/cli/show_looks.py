"""What a run says of a study that runs until it is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console

from lossbench.spec import Study
from lossbench.text import counted, listed

__all__ = ["show_look", "show_stages", "show_untestable"]

_NAMED = 3  # more open questions are counted


def show_look(console: Console, seeds: int, still_open: Sequence[str], then: int | None) -> None:
    """What a look left open, and what follows.

    Args:
        console: where it is printed.
        seeds: how many seeds the look saw.
        still_open: the questions that it did not decide.
        then: the seeds of the next look; None after the last.
    """
    if not still_open:
        words = "everything is decided"
    else:
        named = listed(still_open) if len(still_open) <= _NAMED else counted(len(still_open), "question")
        follows = f"the next look is at {then}" if then else "no further look is allowed"
        words = f"not decided: {named}; {follows}"
    console.print(f"look at {seeds} seeds: {words}", markup=False, highlight=False, soft_wrap=True)


def show_stages(console: Console, stages: Sequence[Study]) -> None:
    """At how many seeds a study will be looked at; nothing of one with fixed seeds."""
    if stages[0].plan.max_seeds is None:
        return
    looks = listed(str(len(stage.seeds)) for stage in stages)
    words = f"until decided: looks at {looks} seeds; what is listed is the most that may be trained"
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def show_untestable(console: Console, reasons: Mapping[str, str]) -> None:
    """Which hypotheses a study will not tell of, and why; those with the same reason are counted."""
    for reason, count in Counter(reasons.values()).items():
        first = next(hypothesis for hypothesis, why in reasons.items() if why == reason)
        which = first if count == 1 else f"{count} hypotheses"
        console.print(f"not tested: {which} ({reason})", markup=False, highlight=False, soft_wrap=True)
