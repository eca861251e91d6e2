"""What `lossbench tune` prints: what will be tried on what, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from lossbench.cli.tables import empty_table
from lossbench.spec import print_value
from lossbench.text import counted

if TYPE_CHECKING:
    from lossbench.api.tuning.attempt import Attempt
    from lossbench.api.tuning.tune import Planned
    from lossbench.api.tuning.tuning import TunedLoss, Tuning

__all__ = ["show_planned", "show_tuning"]


def show_planned(console: Console, planned: Planned, missing: int) -> None:
    """What is tuned, with what, and on which pictures.

    Args:
        console: where it is printed.
        planned: the checked tuning.
        missing: how many losses have attempts left.
    """
    job, name = planned.jobs[0], planned.study.name
    each = f"{counted(job.budget, 'setting')} each with {counted(len(planned.seeds), 'seed')}"
    left = f"{missing} of {counted(len(planned.jobs), 'loss', 'losses')} to tune" if missing else "nothing to tune"
    _say(console, f"{name}: {left}, {each}, by validation {job.metric}")
    if planned.adds_validation:
        share = f"a share of {planned.scenario.validation:g} of the training pictures is held out"
        _say(console, f"the study has no validation split: {share} while tuning, and trained with in the confirmation")


def show_tuning(console: Console, tuning: Tuning) -> None:
    """What the study's own values and the chosen ones gave on validation, loss by loss."""
    endings = [ending for ending in ("pruned", "diverged", "failed") if any(one.count(ending) for one in tuning.losses)]
    table = empty_table("loss", "fixed", "tuned", "chosen", "trials", *endings)
    for one in tuning.losses:
        values = (_value(one.fixed), _value(one.best))
        counts = (str(one.count(ending)) for ending in endings)
        table.add_row(escape(str(one.arm)), *values, escape(_chosen(one)), str(len(one.attempts)), *counts)
    console.print(table)
    many = f", mean of {len(tuning.seeds)} seeds" if len(tuning.seeds) > 1 else ""
    _say(console, f"{tuning.metric}{many}: it chose the settings and flatters them, as the confirmation will not")
    for one in tuning.losses:
        if reasons := {attempt.reason for attempt in one.attempts if attempt.status == "failed"}:
            _say(console, f"{one.arm}: failed: {'; '.join(sorted(reasons))}")
    _say(console, f"every trial: {tuning.folder / 'tuning.csv'}")


def _chosen(one: TunedLoss) -> str:
    """What the best attempt changes."""
    if one.best is None:
        return "nothing: no trial finished"
    changed = {
        axis.name: one.best.settings[axis.name] for axis in one.space if one.best.settings[axis.name] != axis.own
    }
    return ", ".join(f"{name}={print_value(value)}" for name, value in changed.items()) or "its own values"


def _value(attempt: Attempt | None) -> str:
    return "–" if attempt is None or attempt.value is None else f"{attempt.value:.4f}"


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
