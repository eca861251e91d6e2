"""Store -> Results: one study's trials read into one table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from lossbench.errors import StoreError
from lossbench.results.types import HISTORY_COLUMNS, DataView, LossView, Results
from lossbench.store import FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY, Row, Store, StudyFolder

__all__ = ["collect"]

_PROVENANCE = (
    "lossbench",
    "commit",
    "torch",
    "numpy",
    "python",
    "device",
    "processor",
    "instruction_set",
    "system",
    "threads",
    "precision",
    "compiled",
)

_HISTORY_SCHEMA: dict[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "split": pl.String,
    **dict.fromkeys(HISTORY_COLUMNS[4:-1], pl.Float64),
    "status": pl.String,
    "mean_confidence": pl.Float64,
    "gradient_norm": pl.Float64,
}

_TRIALS_SCHEMA: dict[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "key": pl.String,
    "status": pl.String,
    "epochs": pl.Int64,
    "reason": pl.String,
    "seconds": pl.Float64,
    "selected_epoch": pl.Int64,
    "initial_gradient_norm": pl.Float64,
    "cross_entropy_gradient_norm": pl.Float64,
}


_MEASURED = ("seconds", "selected_epoch", "initial_gradient_norm", "cross_entropy_gradient_norm")


def collect(store: Store, name: str) -> Results:
    """The results of one study.

    Args:
        store: the save dir.
        name: the study's name.

    Raises:
        StoreError: a file of the study or of a finished trial is missing or damaged.
    """
    folder = StudyFolder.read(store, name)
    trials: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    correct: dict[str, dict[int, np.ndarray]] = {}
    confusion: dict[str, dict[int, np.ndarray]] = {}
    provenances: list[dict[str, Any]] = []
    for (label, seed), key in sorted(folder.trials.items(), key=lambda item: _place(folder, item[0])):
        trial = _trial(store, label, seed, key)
        trials.append(trial)
        if trial["status"] not in ("finished", "diverged"):
            continue
        provenances.append(store.provenance(key))
        rows = store.history(key)
        trial["seconds"] = provenances[-1]["seconds"]
        first = {row.split: _null(row.gradient_norm) for row in rows if row.epoch == 0}
        trial["initial_gradient_norm"] = first.get(FIRST_BATCH)
        trial["cross_entropy_gradient_norm"] = first.get(FIRST_BATCH_CROSS_ENTROPY)
        history += [_history(row, label, seed, trial["status"]) for row in rows if row.epoch > 0]
        if trial["status"] == "finished":
            correct.setdefault(label, {})[seed] = _correct(store.logits(key))
            confusion.setdefault(label, {})[seed] = _last_confusion(store, key)
    return Results(
        study=folder.study.canonical(),
        losses=tuple(LossView(**_tuples(card)) for card in folder.cards),
        data=_data(store, folder),
        history=pl.DataFrame(history, schema=_HISTORY_SCHEMA, orient="row"),
        trials=pl.DataFrame(trials, schema=_TRIALS_SCHEMA, orient="row"),
        correct=correct,
        confusion=confusion,
        provenance=_provenance(provenances),
    )


def _place(folder: StudyFolder, trial: tuple[str, int]) -> tuple[int, int]:
    """Where a trial stands: losses in the study's order, seeds ascending."""
    labels = [card["label"] for card in folder.cards]
    return labels.index(trial[0]), trial[1]


def _trial(store: Store, label: str, seed: int, key: str) -> dict[str, Any]:
    status = store.status(key)
    row = {"loss_function": label, "seed": seed, "key": key, "status": status, "epochs": 0, "reason": ""}
    empty = dict.fromkeys(_MEASURED)
    if status in ("finished", "diverged"):
        return {**row, **empty, **store.outcome(key)}
    if status == "running":
        status = "missing"  # a report speaks of what there is
    return {**row, **empty, "status": status, "reason": store.reason(key)}


def _history(row: Row, label: str, seed: int, status: str) -> dict[str, Any]:
    measured = {name: _null(getattr(row, name)) for name in Row.columns()}
    return {**measured, "loss_function": label, "seed": seed, "status": status}


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _correct(logits: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.asarray(logits["test.last"].argmax(axis=1) == logits["test.target"])


def _last_confusion(store: Store, key: str) -> np.ndarray:
    counts = store.counts(key)
    return counts[max(epoch for epoch, split in counts if split == "test"), "test"]


def _tuples(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card as JSON gives it, with lists back to tuples."""
    pairs = {name: tuple((text, source) for text, source in card[name]) for name in ("strengths", "weaknesses")}
    curve = {name: tuple(card[name]) for name in ("margin", "probability", "value", "gradient")}
    return {**card, **pairs, **curve}


def _data(store: Store, folder: StudyFolder) -> DataView:
    data = folder.data
    try:
        pictures, labels = store.pictures(data["digest"]).samples()
        samples = tuple(pictures[labels == label] for label in range(len(data["class_names"])))
    except StoreError:  # the decoded pictures are a cache: a report can be written without them
        samples = ()
    return DataView(
        name=data["name"],
        digest=data["digest"],
        class_names=tuple(data["class_names"]),
        train=data["train"],
        test=data["test"],
        validation=data["validation"],
        size=tuple(data["size"]),
        samples=samples,
    )


def _provenance(ended: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Per kind of provenance the values met, sorted."""
    return {name: tuple(sorted({str(p[name]) for p in ended if p.get(name) not in (None, "")})) for name in _PROVENANCE}
