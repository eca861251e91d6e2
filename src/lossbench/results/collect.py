"""Store -> Results: one study's trials read into one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from lossbench.errors import StoreError
from lossbench.metrics import class_scores, reliability
from lossbench.results.outputs import Outputs
from lossbench.results.own_columns import own_columns
from lossbench.results.scenario_columns import scenario_columns
from lossbench.results.types import CLASS_COLUMNS, HISTORY_SCHEMA, TRIALS_SCHEMA, DataView, LossView, Results
from lossbench.spec import own_metrics
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
    placed = sorted(folder.trials.items(), key=lambda item: _place(folder, item[0]))
    parts = [_read_or_failed(store, folder, label, seed, key) for (label, seed), key in placed]
    return Results(
        study=folder.study.canonical(),
        losses=_views(folder),
        data=_data(store, folder),
        history=_joined(parts, tuple(own_metrics(folder.study.canonical()["plan"]))),
        trials=pl.DataFrame([part.trial for part in parts], schema=TRIALS_SCHEMA, orient="row"),
        correct=_last(parts, "correct"),
        confusion=_last(parts, "confusion"),
        provenance=_provenance([part.provenance for part in parts if part.provenance]),
        per_picture={name: _last(parts, name) for name in ("nll", "brier", "top5")},
        calibration=_last(parts, "calibration"),
        classes=pl.concat([part.classes for part in parts]) if parts else pl.DataFrame(schema=CLASS_COLUMNS),
        unmeasured=tuple(lost for part in parts for lost in part.unmeasured),
    )


def _joined(parts: Sequence[_Part], own: Sequence[str]) -> pl.DataFrame:
    """The history of all trials, with a column for each of the study's own metrics."""
    schema = {**HISTORY_SCHEMA, **dict.fromkeys(own, pl.Float64)}
    return pl.DataFrame([row for part in parts for row in part.history], schema=schema, orient="row")


@dataclass(frozen=True, eq=False)
class _Part:
    """What one trial gives to the results: its rows, and of its last epoch arrays by the name of their field."""

    trial: dict[str, Any]
    history: Sequence[dict[str, Any]] = ()
    classes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLASS_COLUMNS))
    provenance: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, np.ndarray] = field(default_factory=dict)
    unmeasured: tuple[tuple[str, int, str, str], ...] = ()


def _read_or_failed(store: Store, folder: StudyFolder, label: str, seed: int, key: str) -> _Part:
    """What a trial gives, be it that its files are damaged."""
    try:
        return _read(store, folder, label, seed, key)
    except StoreError as error:
        return _Part({**_lost(label, seed, key), "status": "failed", "reason": str(error)})


def _lost(label: str, seed: int, key: str) -> dict[str, Any]:
    """A trial of which nothing is known."""
    row = {"loss_function": label, "seed": seed, "key": key, "status": "missing", "epochs": 0, "reason": ""}
    return {**row, **dict.fromkeys(_MEASURED)}


def _read(store: Store, folder: StudyFolder, label: str, seed: int, key: str) -> _Part:
    if not store.finished(key):
        return _Part(_unfinished(store, label, seed, key))
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
    cells, unmeasured = _at_the_last(store, folder, trial, outputs)
    sizes = folder.data.get("class_counts", ())
    history = [
        _history(row, label, seed, trial["status"])
        | scenario_columns(everything, row.epoch, row.split, sizes)
        | dict(cells.get((row.epoch, row.split), {}))
        for row in rows
        if row.epoch > 0
    ]
    return _Part(trial, history, _classes(counts, trial, folder.data["class_names"]), provenance, last, unmeasured)


def _at_the_last(
    store: Store, folder: StudyFolder, trial: Mapping[str, Any], outputs: Outputs
) -> tuple[dict[tuple[int, str], dict[str, float | None]], tuple[tuple[str, int, str, str], ...]]:
    """What the last logits of a finished trial say by epoch and split, and which own metrics have no value and why."""
    if trial["status"] != "finished":
        return {}, ()
    own, lost = own_columns(store.kept(trial["key"]), folder)
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


def _last(parts: Sequence[_Part], name: str) -> dict[str, dict[int, np.ndarray]]:
    """An array of the last epoch by loss and finished seed, where it is known."""
    found: dict[str, dict[int, np.ndarray]] = {}
    for part in parts:
        if name in part.last:
            found.setdefault(part.trial["loss_function"], {})[part.trial["seed"]] = part.last[name]
    return found


def _place(folder: StudyFolder, trial: tuple[str, int]) -> tuple[int, int]:
    """Where a trial stands: losses in the study's order, seeds ascending."""
    labels = [card["label"] for card in folder.cards]
    return labels.index(trial[0]), trial[1]


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


def _classes(counts: Mapping[int, np.ndarray], trial: Mapping[str, Any], names: Sequence[str]) -> pl.DataFrame:
    """One trial's rows of `Results.classes`."""
    scores = [class_scores(table) for table in counts.values()]
    columns = {
        "epoch": np.repeat(list(counts), len(names)),
        "class_name": [*names] * len(counts),
        **{name: [value for each in scores for value in getattr(each, name)] for name in ("precision", "recall", "f1")},
    }
    constant = {"split": "test", **{name: trial[name] for name in ("loss_function", "seed", "status")}}
    table = pl.DataFrame(columns).with_columns(**{name: pl.lit(value) for name, value in constant.items()})
    return table.select(pl.col(name).cast(kind) for name, kind in CLASS_COLUMNS.items())


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


def _provenance(ended: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Per kind of provenance the values met, sorted."""
    names: tuple[str, ...] = _PROVENANCE
    if any("engine" in p for p in ended):  # of a trial that was trained alone none is noted
        names, ended = (*_PROVENANCE, "engine"), [{"engine": "alone", **p} for p in ended]
    return {name: tuple(sorted({str(p[name]) for p in ended if p.get(name) not in (None, "")})) for name in names}
