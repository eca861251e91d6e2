"""What the answer speaks of and what it lacks: looks, divergence, networks at chance, trials without an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from lossbench.analysis.looks import looks_taken
from lossbench.analysis.types import Analysis, Comparison, Estimate, Outcome, Standing
from lossbench.report.gradient_scale import gradient_scales, spread
from lossbench.report.lookup import finished
from lossbench.report.sentences_comparison import NAMES_UP_TO
from lossbench.results import Results
from lossbench.spec import LOOKS
from lossbench.text import counted, isolate, listed

__all__ = [
    "at_chance_at_the_end",
    "diverged",
    "diverged_in",
    "failures",
    "looked_at",
    "outcomes",
    "qualifications",
    "scope",
]


def qualifications(results: Results, analysis: Analysis) -> tuple[str, ...]:
    """What the answer speaks of, and what it lacks."""
    ranked = finished(analysis)
    said = (
        scope(ranked) if ranked else "",
        looked_at(results),
        spread(gradient_scales(results)),
        *failures(results),
        *diverged(analysis),
        at_chance_at_the_end(analysis),
    )
    return tuple(sentence for sentence in said if sentence)


def outcomes(results: Results, analysis: Analysis) -> str:
    """How many hypotheses came out how; nothing where there are none."""
    counts = Counter(item.outcome for item in analysis.findings)
    if not counts:
        return ""
    parts = [f"{counts[outcome]} {outcome}" for outcome in get_args(Outcome) if counts[outcome]]
    when = "" if results.external else " written before the run"
    return f"Of {counted(len(analysis.findings), 'hypothesis', 'hypotheses')}{when}: {listed(parts)}."


def scope(ranked: Sequence[Estimate]) -> str:
    """What the numbers speak of."""
    if max(len(item.seeds) for item in ranked) <= 1:
        return (
            "Every loss was trained with one seed: these numbers speak of these trained networks only, "
            "and what retraining would give is undecided."
        )
    return (
        "The intervals speak of retraining with other seeds, judged on this test set; "
        "nothing here speaks of new training data."
    )


def looked_at(results: Results) -> str:
    """Of a study that ran until it was decided: when it was looked at, and that this is paid for."""
    looks = looks_taken(results)
    if looks is None:
        return ""
    lead = f"The study runs until decided, with at most {counted(results.study['plan']['max_seeds'], 'seed')}"
    if not looks:
        return f"{lead}: the first look is taken after {LOOKS[0]} seeds, and nothing can be decided before."
    return (
        f"{lead}: it was looked at after "
        f"{listed(map(str, looks))} seeds, and p-values and intervals of differences pay for all looks."
    )


def failures(results: Results) -> tuple[str, ...]:
    """How many trials did not get to their end; nothing where all did."""
    total = results.trials.height
    parts = []
    for status, words in (("diverged", "diverged"), ("failed", "failed"), ("missing", "missing")):
        count = int((results.trials["status"] == status).sum())
        verb = ("is " if count == 1 else "are ") if status == "missing" else ""
        if count:
            parts.append(f"{count:,} {verb}{words}")
    return (f"Of {counted(total, 'trial')}, {listed(parts)}.",) if parts else ()


def diverged(analysis: Analysis) -> tuple[str, ...]:
    """Which losses diverged in how many seeds, and what that makes of their numbers."""
    known = {item.loss: item for item in analysis.standings if item.diverged}
    found = [known[loss] for loss in analysis.ranking if loss in known]
    if len(found) > NAMES_UP_TO:
        never = sum(not item.finished for item in found)
        always = f", {never} of them in every seed that ended" if never else ""
        return (f"{len(found)} losses diverged in some seed{always}: the others' numbers hold given convergence.",)
    return tuple(f"{isolate(item.loss)} {diverged_in(item)}, {_so(analysis, item)}." for item in found)


def diverged_in(item: Standing) -> str:
    """`diverged in 2 of 5 seeds (95 % interval 5 % to 85 %)`."""
    ended = item.finished + item.diverged
    share = _of_seeds(item.diverged, ended)
    if item.diverged_low is None or item.diverged_high is None:
        return f"diverged in {share}"
    return f"diverged in {share} (95 % interval {100 * item.diverged_low:.0f} % to {100 * item.diverged_high:.0f} %)"


def at_chance_at_the_end(analysis: Analysis) -> str:
    """Which losses ended at chance in how many seeds; nothing where none did."""
    known = {item.loss: item for item in analysis.standings if item.collapsed}
    found = [known[loss] for loss in analysis.ranking if loss in known]
    if not found:
        return ""
    if len(found) > NAMES_UP_TO:
        return f"With {len(found)} losses test accuracy ended at chance in some seed."
    return f"Test accuracy ended at chance with {listed(_collapsed(item) for item in found)}."


def _collapsed(item: Standing) -> str:
    return f"{isolate(item.loss)} in {_of_seeds(item.collapsed, item.finished)}"


def _of_seeds(count: int, of: int) -> str:
    """`2 of 5 seeds`, `all 5 seeds`, `both seeds`, `its one seed`."""
    if count < of:
        return f"{count} of {of} seeds"
    return {1: "its one seed", 2: "both seeds"}.get(of, f"all {of} seeds")


def _so(analysis: Analysis, item: Standing) -> str:
    if item.finished:
        return "so its numbers hold given convergence"
    counts = any(_verdict_with(pair, item.loss) for pair in analysis.comparisons)
    return "and counts as guessing" if counts else "so nothing is said of it"


def _verdict_with(pair: Comparison, loss: str) -> bool:
    return loss in (pair.a, pair.b) and pair.verdict in ("better", "worse")
