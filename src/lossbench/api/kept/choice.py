"""Which trials of a study are meant by `--loss best` and a seed: imports neither torch nor anything of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lossbench.analysis import analyse
from lossbench.errors import RequestError, SaveDirError, UnknownNameError
from lossbench.results import Results, collect
from lossbench.spec import Arm
from lossbench.store import Store, StudyFolder, locate_study
from lossbench.text import fixed, listed

__all__ = ["BEST", "Chosen", "chosen", "folder_of"]

BEST = "best"
"""The loss with the best mean of the plan's metric."""

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Chosen:
    """Finished trials of one loss whose weights were kept.

    Args:
        store: the save dir.
        folder: the study's folder, or that of one condition.
        loss: the loss as the study writes it.
        trials: their keys by seed, in the study's order.
        results: of the whole study.
        why: why this loss and these seeds, in one sentence.
    """

    store: Store
    folder: StudyFolder
    loss: str
    trials: dict[int, str]
    results: Results
    why: str


def folder_of(folder: str | Path, study: str | None = None) -> Path:
    """The folder that a command is about: of a save dir with several studies, the one of a name."""
    return Path(folder) if study is None else Path(folder) / "studies" / study


def chosen(folder: str | Path, loss: str = BEST, seeds: Sequence[int] | None = (), *, field: str = "--seed") -> Chosen:
    """The trials that are meant.

    `best` is the loss with the best mean of the plan's metric, as the verdict ranks them. Of its seeds the first of
    the study stands for it, which was settled before anything was trained: what the report says of the loss is what to
    expect of that network. The best seed is not looked for, neither on the test set, which chooses nothing (law 4),
    nor on validation data, for the report speaks of no such choice.

    Args:
        folder: a study's folder, one of a condition of it, or a save dir with one study.
        loss: `best`, or a loss of the study.
        seeds: which; none for the first that finished with weights, None for all of these.
        field: what a complaint about the seeds is about.

    Raises:
        RequestError: the study has no such loss or seed, or its trials have no weights.
        StoreError: its files are damaged.
    """
    store, place = locate_study(folder)
    whole = StudyFolder.read(store, place)
    if len(whole.places) > 1:
        below = [str(store.study_folder(place)) for place in whole.places.values()]
        hint = ", ".join(below[:_SHOWN]) + (", ..." if len(below) > _SHOWN else "")
        raise SaveDirError("FOLDER", "the folder of one condition of the study", str(folder), hint)
    results = collect(store, place)
    label, why = _loss(results, loss)
    there = _with_weights(store, whole, results, label)
    if seeds is None:
        return Chosen(store, whole, label, there, results, f"{why}; all {len(there)} seeds whose weights were kept")
    for seed in seeds:
        if seed not in there:
            raise RequestError(field, f"a seed whose weights were kept, {listed(map(str, there), 'or')}", seed)
    which = tuple(seeds) or tuple(there)[:1]
    words = f"seed {listed(map(str, which))}" + ("" if seeds else ", the first that finished with weights")
    return Chosen(store, whole, label, {seed: there[seed] for seed in which}, results, f"{why}; {words}")


def _loss(results: Results, asked: str) -> tuple[str, str]:
    """The label of a loss, and why it is this one."""
    if not isinstance(asked, str):
        raise RequestError("--loss", f"{BEST}, or a loss of the study as its report writes it", asked)
    if asked == BEST:
        return _best(results)
    labels = results.labels
    if asked not in labels:
        try:
            asked = str(Arm.parse(asked))
        except RequestError as error:
            raise error.renamed("--loss") from None
    if asked not in labels:
        raise UnknownNameError("--loss", asked, [BEST, *labels])
    return asked, f"{asked}, as asked for"


def _best(results: Results) -> tuple[str, str]:
    analysis = analyse(results)
    label = analysis.ranking[0]
    split, _, metric = analysis.metric.partition(".")
    mean = analysis.estimate(label, metric, split).mean
    if mean is None:
        raise RequestError("--loss", "a study with a finished trial", f"{BEST} of one without any")
    others = [other for other in analysis.leaders if other != label]
    aside = f", though not shown to be better than {listed(others, 'or')}" if others else ""
    end = "highest" if analysis.higher_is_better else "lowest"
    return label, f"{label} has the {end} mean {analysis.metric}, {fixed(mean)}{aside}"


def _with_weights(store: Store, folder: StudyFolder, results: Results, label: str) -> dict[int, str]:
    """The trials of a loss that finished and whose weights were kept, by seed in the study's order."""
    finished = {
        row["seed"]: row["key"]
        for row in results.trials.iter_rows(named=True)
        if row["loss_function"] == label and row["status"] == "finished"
    }
    found = {
        seed: finished[seed]
        for seed in folder.study.seeds
        if seed in finished and store.kept(finished[seed]).has_weights
    }
    if not found:
        hint = "run the study with --keep-weights into another save dir: a finished trial is not trained again"
        allowed = f"a finished trial of {label} whose weights were kept"
        raise RequestError("--loss", allowed, f"{len(finished)} finished, none with weights", hint)
    return found
