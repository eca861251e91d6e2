"""How each number of the overview is made: the terms that it uses, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from lossbench.analysis.across import Across

__all__ = ["definitions_across"]


def definitions_across(across: Across) -> tuple[tuple[str, str], ...]:
    """(term, definition) of everything that is in the overview."""
    return tuple(_entries(across))


def _entries(across: Across) -> Iterator[tuple[str, str]]:
    yield (
        "Condition",
        "One model on one scenario in one recipe. Losses are compared within a condition, each a family of its own: "
        "p-values are adjusted within it and not over conditions, so that of many verdicts in many conditions more "
        "are wrong by chance than of those in one.",
    )
    yield (
        "Best set, verdict",
        "As each condition's own report defines them: the losses not shown to be below the best; better, worse, "
        "equivalent or undecided.",
    )
    yield "Interval of a mean", "95 %, Student's t over the seeds that finished."
    if across.series:
        yield (
            "Crossing",
            "Two losses change places where the straight line between their mean differences at two neighbouring "
            "levels meets zero; on a logarithmic axis where factors count. It is shown where the one is shown to be "
            "better on this side and worse on that, with no other change of sign between. Its 95 % interval is "
            "Fieller's (1954), paired over the seeds that finished at both levels: the places along the line where a "
            "t test shows no difference. It takes the line to be straight, and ends at the two levels, beyond which it "
            "may reach.",
        )
    if across.carried:
        yield (
            "Kendall's tau",
            "Tau-b (Kendall, 1945) between the losses' means in two conditions: 1 for the same order, −1 for the "
            "opposite. With few losses it takes few values, and means that differ by chance alone count as much as "
            "those that are shown to differ.",
        )
        yield (
            "Turns round",
            "Of two losses the one is shown to be better in the one condition and worse in the other. A winner in one "
            "condition only is no contradiction: the other is undecided or equivalent.",
        )
    if across.tuned:
        yield (
            "Gain",
            "The study's metric as tuned minus that in the fixed recipe, paired over seeds, with its 95 % t interval. "
            "Intervals are not adjusted over losses.",
        )
