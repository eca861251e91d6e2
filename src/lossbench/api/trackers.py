"""Trackers told of a study: while it is trained, or afterwards from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.analysis import Within
from lossbench.api.conditions import analysed, collected
from lossbench.errors import RequestError
from lossbench.report import across_text, summary_text
from lossbench.spec import Condition, Study
from lossbench.store import locate_study
from lossbench.tracking import (
    Concluded,
    Feed,
    Sent,
    TrackedTrial,
    Tracker,
    TrackerSpec,
    check_installed,
    open_tracker,
    parse_tracker,
    tracked,
)
from lossbench.tracking import send as send_trials

if TYPE_CHECKING:  # a store can be sent without torch
    from lossbench.api.running import Prepared

__all__ = ["concluded", "feed_for", "own_of", "send", "telling", "trials_of"]

_AT_AN_INTERRUPT = 1.0  # seconds that a tracker gets: whoever interrupts waits for the end


def feed_for(trackers: Iterable[str | TrackerSpec | Tracker], field: str = "--track") -> Feed:
    """What tells several trackers; texts are read as the option `--track` reads them.

    They are opened when the first trials are known, so that a study that cannot be run leaves nothing there.

    Raises:
        RequestError: one is unknown, not installed, or named twice.
    """
    specs = [parse_tracker(given, field) if isinstance(given, str) else given for given in trackers]
    for place, given in enumerate(specs):
        if isinstance(given, TrackerSpec):
            check_installed(given, field)
            if given in specs[:place]:
                raise RequestError(field, "every tracker once", f"{given} twice")
    return Feed(lambda: [open_tracker(given, field) for given in specs])


@contextmanager
def telling(
    trackers: Iterable[str | TrackerSpec | Tracker], field: str, complain: Callable[[str], None]
) -> Iterator[Feed]:
    """Trackers that are told of a run until it is over.

    Args:
        trackers: as `feed_for` has them.
        field: what a complaint about one that cannot be opened is about.
        complain: is told of each that does not have everything in the end.

    Raises:
        RequestError: as `feed_for`.
    """
    feed = feed_for(trackers, field)
    try:
        yield feed
    except BaseException:
        feed.close(patience=_AT_AN_INTERRUPT)
        raise
    for sentence in feed.close():
        complain(sentence)


def trials_of(prepared: Prepared) -> Mapping[str, TrackedTrial]:
    """The trials of a study as trackers are told of them, by their keys."""
    conditions, found = prepared.study.conditions, dict[str, TrackedTrial]()
    for part in prepared.parts:
        words = part.condition.told(conditions)
        for (label, _), trial in part.resolved.trials.items():
            found.setdefault(trial.key, tracked(trial, prepared.study.name, part.folder.data["name"], label, words))
    return found


def own_of(prepared: Prepared) -> Mapping[str, str]:
    """A study's own metrics as trackers are told of them: the digest of the source of each by its path."""
    found: Mapping[str, str] = prepared.parts[0].folder.data.get("metric_digests", {})
    return found


def concluded(study: Study, within: Sequence[Within], page: Path) -> Concluded:
    """What a study came to, with its report and the tables beside it."""
    tables = sorted(page.parent.glob("*.csv"))
    return Concluded(study.name, study.question, _answer(within), (page, *tables))


def send(folder: str | Path, to: str | TrackerSpec | Tracker, field: str = "--to") -> Sent:
    """Sends what the store has of a study to a tracker; imports no torch.

    Args:
        folder: a study's folder, or a save dir with one study.
        to: a tracker as the option `--track` has it, or one of the user's own.
        field: what a complaint about the tracker is about.

    Raises:
        RequestError: the tracker is unknown, not installed, or cannot be opened.
        SaveDirError: there is no such study.
        StoreError: a file of the study is missing or damaged.
        TrackerError: the tracker raised.
    """
    store, place = locate_study(folder)
    whole, results = collected(store, place)
    opened = open_tracker(parse_tracker(to, field) if isinstance(to, str) else to, field)
    page = store.study_folder(whole.path) / "report.html"
    came_to = concluded(whole.study, analysed(results, pictures=False), page) if page.exists() else None
    return send_trials(store, whole, opened, came_to)


def _answer(within: Sequence[Within]) -> str:
    """The answer within each condition, and across several, plain text."""
    conditions: list[Condition] = [item.condition for item in within]
    parts = []
    for item in within:
        told = item.condition.told(conditions)
        answer = str(summary_text(item.results, item.analysis))
        parts.append(f"{told}: {answer}" if told else answer)
    return "\n\n".join([*parts, *([" ".join(across_text(within))] if len(within) > 1 else [])])
