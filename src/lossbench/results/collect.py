"""Store -> Results: one study's trials read into one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from lossbench.errors import StoreError
from lossbench.metrics import reliability
from lossbench.results.gathered import Gathered, Part
from lossbench.results.outputs import Outputs
from lossbench.results.own_columns import own_columns
from lossbench.results.scenario_columns import scenario_columns
from lossbench.results.types import TRIALS_SCHEMA, DataView, LossView, Results
from lossbench.spec import own_metrics
from lossbench.store import FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY, Row, Store, StudyFolder
from lossbench.store.kept import Kept

__all__ = ["collect"]

_MEASURED = list(TRIALS_SCHEMA)[6:]  # of ended trials alone


def collect(store: Store, name: str) -> Results:
    """The results of one study.

    Args:
        store: the save dir.
        name: the study's name.

    A trial with a damaged file stands in them as failed, with the file as its reason.

    Raises:
        StoreError: a file of the study is missing or damaged.
    """
    folder = StudyFolder.read(store, name)
    places = {card["label"]: place for place, card in enumerate(folder.cards)}
    placed = sorted(folder.trials.items(), key=lambda item: (places[item[0][0]], item[0][1]))
    gathered = Gathered(tuple(own_metrics(folder.study.canonical()["plan"])), folder.data["class_names"])
    for (label, seed), key in placed:
        gathered.add(_read_or_failed(store, folder, label, seed, key))
    return Results(
        study=folder.study.canonical(),
        losses=_views(folder),
        data=_data(store, folder),
        history=gathered.history(),
        trials=pl.DataFrame(gathered.trials, schema=TRIALS_SCHEMA, orient="row"),
        correct=gathered.last("correct"),
        confusion=gathered.last("confusion"),
        provenance=gathered.provenance(),
        per_picture={name: gathered.last(name) for name in ("nll", "brier", "top5")},
        calibration=gathered.last("calibration"),
        classes=gathered.classes(),
        unmeasured=tuple(gathered.unmeasured),
    )


def _read_or_failed(store: Store, folder: StudyFolder, label: str, seed: int, key: str) -> Part:
    """What a trial gives, be it that its files are damaged."""
    try:
        return _read(store, folder, label, seed, key)
    except StoreError as error:
        return Part({**_lost(label, seed, key), "status": "failed", "reason": str(error)})


def _lost(label: str, seed: int, key: str) -> dict[str, Any]:
    """A trial of which nothing is known."""
    row = {"loss_function": label, "seed": seed, "key": key, "status": "missing", "epochs": 0, "reason": ""}
    return {**row, **dict.fromkeys(_MEASURED)}


def _read(store: Store, folder: StudyFolder, label: str, seed: int, key: str) -> Part:
    if not store.finished(key):
        return Part(_unfinished(store, label, seed, key))
    kept = store.kept(key)
    trial = {**_lost(label, seed, key), **kept.outcome()}
    rows, everything, provenance = kept.history(), kept.counts(), kept.provenance
    counts = _test_counts(everything)
    tensors = kept.logits()
    _check(trial, folder, rows, everything, tensors)
    outputs = Outputs(tensors, rows)
    trial |= {"seconds": provenance["seconds"], **_first_batch(rows), **outputs.medians()}
    last: dict[str, np.ndarray] = {}
    if trial["status"] == "finished":
        trial |= outputs.calibrated()
        each = outputs.per_picture()
        last = {"correct": outputs.correct, "confusion": counts[max(counts)]}
        top = outputs.top5()
        if top is not None:
            last["top5"] = top
        if each:
            last |= {"nll": each.nll, "brier": each.brier, "calibration": reliability(each.confidence, outputs.correct)}
    cells, unmeasured = _at_the_last(kept, folder, trial, outputs)
    sizes = folder.data.get("class_counts", ())
    history = [
        _history(row, label, seed, trial["status"])
        | scenario_columns(everything, row.epoch, row.split, sizes)
        | dict(cells.get((row.epoch, row.split), {}))
        for row in rows
        if row.epoch > 0
    ]
    return Part(trial, history, counts, provenance, last, unmeasured)


def _at_the_last(
    kept: Kept, folder: StudyFolder, trial: Mapping[str, Any], outputs: Outputs
) -> tuple[dict[tuple[int, str], dict[str, float | None]], tuple[tuple[str, int, str, str], ...]]:
    """What the last logits of a finished trial say by epoch and split, and which own metrics have no value and why."""
    if trial["status"] != "finished":
        return {}, ()
    own, lost = own_columns(kept, folder)
    splits = [split for split in ("test", "validation") if f"{split}.last" in outputs.tensors]
    cells = {(trial["epochs"], split): outputs.logit_columns(split) | own.get(split, {}) for split in splits}
    label, seed = trial["loss_function"], trial["seed"]
    return cells, tuple((label, seed, name, reason) for name, reason in lost.items())


def _check(
    trial: Mapping[str, Any],
    folder: StudyFolder,
    rows: Sequence[Row],
    counts: Mapping[tuple[int, str], np.ndarray],
    tensors: Mapping[str, np.ndarray],
) -> None:
    """Checks that an ended trial's files are those of its study: a store may have been made by hand.

    Raises:
        StoreError: they are not.
    """
    classes = len(folder.data["class_names"])
    study = folder.study
    most = max(arm.recipe(study.recipe).epochs for arm in (*study.losses, *(study.tuned or {}).values()))
    fitting = all(0 <= row.epoch <= most for row in rows) and all(0 < epoch <= most for epoch, _ in counts)
    fitting &= all(table.shape == (classes, classes) and table.dtype.kind in "iu" for table in counts.values())
    for split in ("test", "validation"):
        logits, target = tensors.get(f"{split}.last"), tensors.get(f"{split}.target")
        if logits is not None:
            fitting &= logits.ndim == 2 and logits.shape[1] == classes and logits.dtype.kind == "f"
            fitting &= target is not None and target.shape == logits.shape[:1] and target.dtype.kind in "iu"
            fitting &= target is not None and bool(((target >= 0) & (target < classes)).all())
            fitting &= len(logits) == folder.data[split] and any(row.split == split for row in rows)
            linked = tensors.get(f"{split}.last.log_probabilities", logits)
            fitting &= linked.shape == logits.shape and linked.dtype.kind == "f"
    if trial["status"] == "finished":
        fitting &= "test.last" in tensors and any(split == "test" for _, split in counts)
    if not fitting:
        raise StoreError(f"the files of the trial {trial['key']} are not those of this study; run it again")


def _unfinished(store: Store, label: str, seed: int, key: str) -> dict[str, Any]:
    """A trial that failed, or that is missing; one that is running is missing, for a report speaks of what there is."""
    status = "failed" if store.status(key) == "failed" else "missing"
    return {**_lost(label, seed, key), "status": status, "reason": store.reason(key)}


def _history(row: Row, label: str, seed: int, status: str) -> dict[str, Any]:
    measured = {name: _null(getattr(row, name)) for name in Row.columns()}
    return {**measured, "loss_function": label, "seed": seed, "status": status}


def _first_batch(rows: Sequence[Row]) -> dict[str, float | None]:
    first = {row.split: _null(row.gradient_norm) for row in rows if row.epoch == 0}
    return {
        "initial_gradient_norm": first.get(FIRST_BATCH),
        "cross_entropy_gradient_norm": first.get(FIRST_BATCH_CROSS_ENTROPY),
    }


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _test_counts(counts: Mapping[tuple[int, str], np.ndarray]) -> dict[int, np.ndarray]:
    """The test split's confusion counts by epoch, ascending."""
    return {epoch: table for (epoch, split), table in sorted(counts.items()) if split == "test"}


def _views(folder: StudyFolder) -> tuple[LossView, ...]:
    try:
        return tuple(LossView(**_tuples(card)) for card in folder.cards)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the cards of the study {folder.path} cannot be read ({error}); run the study again"
        ) from None


def _tuples(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card as JSON gives it, with lists back to tuples."""
    pairs = {name: tuple((text, source) for text, source in card[name]) for name in ("strengths", "weaknesses")}
    curve = {name: tuple(card[name]) for name in ("margin", "probability", "value", "gradient")}
    return {**card, **pairs, **curve}


def _data(store: Store, folder: StudyFolder) -> DataView:
    data = folder.data
    try:
        kept = store.pictures(data["digest"])
        pictures, labels = kept.samples()
        classes = () if kept.vectors else range(len(data["class_names"]))
        samples = tuple(pictures[labels == label] for label in classes)
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
        class_counts=tuple(data.get("class_counts", ())),
        mislabelled=data.get("mislabelled", 0),
        resized=bool(data.get("resized")),
    )
