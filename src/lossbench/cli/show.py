"""What commands print: catalogues of models and data, tables of trials, the answer at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from lossbench.cli.duration import duration
from lossbench.cli.ranking import curve_by_loss, ranking
from lossbench.cli.tables import empty_table
from lossbench.text import MANY_SEEDS, MOST_ROWS

if TYPE_CHECKING:
    from rich.table import Table

    from lossbench.analysis import Analysis, Within
    from lossbench.api.running import Prepared
    from lossbench.report import Summary
    from lossbench.results import Results
    from lossbench.run import Executor
    from lossbench.spec import Trial

__all__ = [
    "show_answer",
    "show_answers",
    "show_data",
    "show_models",
    "show_plan",
    "show_profile",
    "show_status",
    "show_total",
]


def show_answer(console: Console, results: Results, analysis: Analysis, page: Path | None) -> None:
    """The report's answer, a ranking, what became of the hypotheses, and where the report is, if it was written."""
    from lossbench.report import summary_text  # charts take a second, which `--help` need not wait for

    summary = summary_text(results, analysis)
    for sentence in summary.sentences:
        console.print(escape(sentence), highlight=False, soft_wrap=True)
    console.print(ranking(console, summary, *curve_by_loss(results, analysis)))
    if summary.findings:
        console.print(_hypotheses(summary))
    if page is not None:
        console.print(f"report: {page}", highlight=False, soft_wrap=True, markup=False)


def show_answers(console: Console, within: Sequence[Within], page: Path | None) -> None:
    """The answer within each condition of a study, and where the report is."""
    conditions = [item.condition for item in within]
    for item in within:
        told = item.condition.told(conditions)
        if told:
            console.print(f"\n{told}", markup=False, highlight=False, soft_wrap=True, style="bold")
        show_answer(console, item.results, item.analysis, None if told else page)
    if len(within) > 1:
        _show_across(console, within, page)


def _show_across(console: Console, within: Sequence[Within], page: Path | None) -> None:
    """The answer across a study's conditions."""
    from lossbench.report import across_text  # charts take a second, which `--help` need not wait for

    console.print(f"\nacross {len(within)} conditions", markup=False, highlight=False, style="bold")
    for sentence in across_text(within):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    if page is not None:
        console.print(f"report: {page}", highlight=False, soft_wrap=True, markup=False)


def _hypotheses(summary: Summary) -> Table:
    """What became of each hypothesis; the evidence stands in the report."""
    table = empty_table("outcome", "hypothesis")
    for finding in summary.findings:
        table.add_row(finding.outcome, escape(finding.hypothesis))
    return table


def show_plan(console: Console, prepared: Prepared, executor: Executor, *, keep_weights: bool) -> None:
    """The trials, which of them the store has, and what the others will cost."""
    from lossbench.api.executors import words_of
    from lossbench.run import Stacked
    from lossbench.run.estimate import can_measure, estimate

    trials, missing = prepared.trials, prepared.missing
    if len(trials) > MOST_ROWS:
        console.print(_many_planned(prepared, missing))
    else:
        table = empty_table("loss and seed", "trial", "in the store")
        for key, (words, _) in trials.items():
            table.add_row(escape(words), key, _kept(prepared, key, missing))
        console.print(table)
    if not missing:
        console.print("nothing to train", highlight=False)
        return
    side_by_side = min(executor.workers, len(missing))
    count = "1 trial" if len(missing) == 1 else f"{len(missing)} trials"
    if not can_measure(prepared.device):
        words = f"{count} to train, {side_by_side} at a time; how long takes a {prepared.device} device to measure"
        console.print(f"{words}, and this machine has none", highlight=False, soft_wrap=True)
        return
    costs = [
        (estimate(trial, prepared.pictures, prepared.device, keep_weights=keep_weights), count)
        for trial, count in _kinds([trial for _, trial in missing.values()])
    ]
    seconds = duration(sum(cost.seconds * count for cost, count in costs) / side_by_side)
    checkpoints = max(cost.checkpoint_bytes for cost, _ in costs) * side_by_side
    disk = _size(sum(cost.disk_bytes * count for cost, count in costs) + checkpoints + _decoded(prepared))
    stacked = isinstance(executor, Stacked)
    about = f"at most {seconds}, which is what they would take alone," if stacked else f"about {seconds}"
    words = f"{count} to train, {words_of(executor, side_by_side)}: {about} and {disk} of disk"
    console.print(f"{words} (measured on a few batches just now)", highlight=False, soft_wrap=True)


def _many_planned(prepared: Prepared, missing: Container[str]) -> Table:
    """Of many trials a row per loss and condition: how many there are, and how many the store has."""
    conditions, states = prepared.study.conditions, ("yes", "no", "damaged", "failed before: --retry-failed")
    counts: dict[str, Counter[str]] = {}
    for part in prepared.parts:
        told = part.condition.told(conditions)
        for (label, _), trial in part.resolved.trials.items():
            if trial.key not in prepared.trials:  # another part's
                continue
            words = f"{label}, {told}" if told else label
            counts.setdefault(words, Counter())[_kept(prepared, trial.key, missing)] += 1
    shown = [state for state in states if any(count[state] for count in counts.values())]
    table = empty_table("loss", "trials", *(f"in the store: {state}" for state in shown))
    for words, count in counts.items():
        table.add_row(escape(words), str(count.total()), *(str(count[state]) for state in shown))
    return table


def _kept(prepared: Prepared, key: str, missing: Container[str]) -> str:
    """Whether the store has a trial."""
    if key in prepared.damaged:
        return "damaged"
    if key in prepared.left_out:
        return "failed before: --retry-failed"
    return "no" if key in missing else "yes"


def _kinds(trials: Sequence[Trial]) -> list[tuple[Trial, int]]:
    """Trials that cost the same, by the first of them: those of one model on one scenario with one batch size."""
    kinds: dict[tuple[str, str, int], tuple[Trial, int]] = {}
    for trial in trials:
        kind = (trial.recipe.model, str(trial.scenario), trial.recipe.batch_size)
        first, count = kinds.get(kind, (trial, 0))
        kinds[kind] = (first, count + 1)
    return list(kinds.values())


def show_profile(console: Console, rows: Sequence[tuple[str, float, float]], path: Path) -> None:
    """Where the time of a run went: phase, seconds of wall time, share."""
    table = empty_table("phase", "seconds", "share")
    for phase, seconds, share in rows:
        table.add_row(phase, f"{seconds:.2f}", f"{share:.1%}")
    table.add_row("whole", f"{sum(seconds for _, seconds, _ in rows):.2f}", f"{sum(share for *_, share in rows):.1%}")
    console.print(table)
    console.print(f"profile: {path}", highlight=False, soft_wrap=True, markup=False)


def show_models(console: Console) -> None:
    """The models that can be named."""
    from lossbench.models import MODELS

    table = empty_table("name", "smallest picture", "what it is")
    for name, model in MODELS.items():
        table.add_row(name, f"{model.smallest}×{model.smallest}", model.description)
    console.print(table)
    for words in (
        "Those of timm and torchvision by their names there: --model timm:NAME, --model torchvision:NAME, and with "
        "(pretrained=true) behind the name those with the weights that they were trained to.",
        "Any other by its import path: --model module:callable, called with num_classes and in_channels.",
    ):
        console.print(words, markup=False, soft_wrap=not console.is_terminal)


def show_data(console: Console, data_dir: Path | None) -> None:
    """The data sets that can be named, and where they are."""
    from lossbench.data import described

    table = empty_table("name", "what it is", "train", "test", "classes", "here", "how to get it")
    for item in described(data_dir):
        sizes = [f"{item.train:,}", f"{item.test:,}", str(item.classes)]
        found = escape(item.location) if item.location else "no"
        table.add_row(item.name, escape(item.description), *sizes, found, escape(" or ".join(item.get)))
    console.print(table)
    for words in (
        "Any folder or file: a Hugging Face data set in Parquet, split/class/*.png, train.csv and test.csv, idx files, "
        "CIFAR's own archives, or an .npz; pictures, or feature vectors.",
        "Any data set of the Hugging Face Hub: hub:owner/name, or hub:owner/name:configuration.",
    ):
        console.print(words, markup=False, soft_wrap=not console.is_terminal)


def show_total(console: Console, name: str, conditions: int, statuses: Sequence[str]) -> None:
    """How far all conditions of a study are together; a trial that two of them share counts once."""
    words = f"{name}: {conditions} conditions, {len(statuses)} trials, {_counts(statuses)}"
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def show_status(console: Console, name: str, states: Sequence[tuple[str, int, str, str]]) -> None:
    """How far a study's trials are: (loss, seed, status, reason) each."""
    words = f"{name}: {len(states)} trials, {_counts([status for _, _, status, _ in states])}"
    console.print(words, markup=False, highlight=False)
    console.print(_states_table(states))
    said = [(loss, seed, status, reason) for loss, seed, status, reason in states if reason]
    for loss, seed, status, reason in said[:MOST_ROWS]:
        console.print(f"{loss}, seed {seed}: {status}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if len(said) > MOST_ROWS:
        words = f"and {len(said) - MOST_ROWS} more; `lossbench report` lists them all in unfinished.csv"
        console.print(words, markup=False, highlight=False, soft_wrap=True)


def _states_table(states: Sequence[tuple[str, int, str, str]]) -> Table:
    """A column per seed; of many seeds one per status, with how many trials have it."""
    by_loss: dict[str, list[str]] = {}
    for loss, _, status, _ in states:
        by_loss.setdefault(loss, []).append(status)
    seeds = dict.fromkeys(str(seed) for _, seed, _, _ in states)
    if len(seeds) <= MANY_SEEDS:
        table = empty_table("loss", *seeds)
        for loss, statuses in by_loss.items():
            table.add_row(escape(loss), *statuses)
        return table
    shown = sorted({status for statuses in by_loss.values() for status in statuses})
    table = empty_table("loss", *shown)
    for loss, statuses in by_loss.items():
        counts = Counter(statuses)
        table.add_row(escape(loss), *(str(counts[status]) for status in shown))
    return table


def _counts(statuses: Sequence[str]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(Counter(statuses).items()))


def _decoded(prepared: Prepared) -> int:
    """Bytes of the decoded pictures, if the store does not have them yet."""
    pictures = prepared.pictures
    if prepared.store.find_pictures(prepared.source.fingerprint):
        return 0
    return int(pictures.train.pictures.nbytes + pictures.test.pictures.nbytes)


def _size(count: float) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
