"""What is wrong with a study's trials: damaged files, and failures that would only be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from lossbench.api.running import Prepared
    from lossbench.api.verifying import Verified

__all__ = ["show_unmeasured", "show_verified", "show_what_is_wrong"]

_MOST = 5  # of the trials that are named


def show_what_is_wrong(console: Console, prepared: Prepared) -> None:
    """Says before a run which trials are damaged and trained anew, and which are left out."""
    words = {key: told for key, (told, _) in prepared.trials.items()}
    if prepared.damaged:
        named = _named([f"{words[key]} ({files})" for key, files in prepared.damaged.items()])
        aside = prepared.store.root / "damaged"
        _say(console, f"{_trials(prepared.damaged)} damaged, set aside in {aside} and trained anew: {named}")
    if prepared.left_out:
        named = _named([f"{words[key]} ({reason})" for key, reason in prepared.left_out.items()])
        again = "to try again, add --retry-failed"
        _say(console, f"{_trials(prepared.left_out)} left out after failing in an earlier run; {again}: {named}")


def show_unmeasured(console: Console, lost: Sequence[tuple[str, int, str, str]]) -> None:
    """Says which values of the study's own metrics are missing, each (loss, seed, metric, reason)."""
    if lost:
        named = _named([f"{metric} of {loss} seed {seed} ({reason})" for loss, seed, metric, reason in lost])
        count = f"{len(lost)} value{'s' if len(lost) > 1 else ''}"
        _say(console, f"{count} of the study's own metrics could not be computed: {named}")


def show_verified(console: Console, verified: Verified) -> None:
    """What reading every file of a study found."""
    counts = f"{verified.files} files of {verified.trials} trials"
    if not verified.damaged:
        _say(console, f"verified: {counts}, all as they were written")
        return
    for where, why in verified.damaged:
        _say(console, f"damaged: {where}: {why}")
    count = len(verified.damaged)
    mend = "sets it aside and makes it anew" if count == 1 else "sets them aside and makes them anew"
    _say(console, f"verified: {counts}; {count} damaged; running the study again {mend}")


def _trials(some: Mapping[str, str]) -> str:
    count = len(some)
    return f"{count} trial is" if count == 1 else f"{count} trials are"


def _named(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
