"""Studies made up for tests: results that look like the document's study, and their analysis, from the types alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from lossbench.analysis.types import Analysis, Comparison, Estimate, Verdict
from lossbench.metrics import class_scores
from lossbench.results import HISTORY_COLUMNS, DataView, LossView, Results
from lossbench.results.types import CLASS_COLUMNS, TRIALS_SCHEMA

DOCUMENT = ("l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)")
METRICS = ("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece")
LOWER = {"loss", "nll", "brier", "ece"}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HOSTILE = (
    '<script>alert("1")</script>',
    "'\"&amp;</title>",
    "\u202eright\u2069 to left \u05d0\u05d1",
    "=" + "x" * 199,
)

# final test accuracy, final train accuracy, scale of the loss, whether test loss rises late
_SHAPES: Mapping[str, tuple[float, float, float, float]] = {
    "l1": (0.100, 0.100, 0.11, 0.0),
    "cross_entropy": (0.58, 0.84, 2.3, 0.5),
    "focal(gamma=2)": (0.535, 0.70, 1.9, 0.0),
    "focal(gamma=0.5)": (0.572, 0.80, 2.1, 0.3),
}

# how long the first gradient is, where cross entropy's has the length 2
_NORMS = {"l1": 0.46, "cross_entropy": 2.0, "focal(gamma=2)": 2.6, "focal(gamma=0.5)": 2.2}

Norms = Mapping[tuple[str, int], tuple[float | None, float | None]]  # (loss, seed) -> its own, cross entropy's
Status = Mapping[tuple[str, int], tuple[str, int, str]]  # (loss, seed) -> status, epochs done, reason


def study(
    losses: Sequence[str] = DOCUMENT,
    seeds: int = 5,
    epochs: int = 30,
    status: Status | None = None,
    running: bool = False,
    metric: str = "test.accuracy",
    classes: Sequence[str] = CLASSES,
    accuracy: Mapping[str, float] | None = None,
    provenance: Mapping[str, tuple[str, ...]] | None = None,
    samples: bool = True,
    rise: bool = True,
    name: str = "cifar10-lenet5",
    data: str = "cifar10",
    norms: Norms | None = None,
    validation: int = 0,
) -> Results:
    """A study's results; `status` makes trials end early, `accuracy` sets where a loss's accuracy ends."""
    ended = dict(status or {})
    other = ["train_running" if running else "train", *(["validation"] if validation else [])]
    rows: list[dict[str, Any]] = []
    trials: list[dict[str, Any]] = []
    for index, loss in enumerate(losses):
        shape = _shape(loss, index, accuracy or {})
        for seed in range(1, seeds + 1):
            state, done, reason = ended.get((loss, seed), ("finished", epochs, ""))
            made = _history(loss, seed, state, done, epochs, shape, other, rise)
            trial = _trial(loss, seed, state, done, reason) | _first(loss, seed, state, norms or {})
            trials.append(trial | _outputs(loss, state, made))
            rows += made
    schema = dict.fromkeys(HISTORY_COLUMNS, pl.Float64) | {
        "loss_function": pl.String,
        "seed": pl.Int64,
        "epoch": pl.Int64,
        "split": pl.String,
        "status": pl.String,
    }
    history = pl.DataFrame(rows, schema=schema)
    finished = [(t["loss_function"], t["seed"]) for t in trials if t["status"] == "finished"]
    trained = [(t["loss_function"], t["seed"]) for t in trials if t["status"] in {"finished", "diverged"}]
    confusion = _confusion(losses, trained, len(classes), accuracy or {})
    return Results(
        study={
            "name": name,
            "question": "Which of L1, cross entropy and focal loss should a classifier of pictures be trained with?",
            "data": data,
            "models": ["lenet5"],
            "losses": list(losses),
            "scenarios": ["clean"],
            "seeds": list(range(1, seeds + 1)),
            "recipe": {
                "model": "lenet5",
                "epochs": epochs,
                "batch_size": 128,
                "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False},
                "schedule": {"name": "step", "step": 5, "gamma": 0.5},
                "eval_interval": 1,
                "train_metrics": "running" if running else "full",
                "precision": "fp32",
            },
            "plan": {"metric": metric, "margin": 0.01},
        },
        losses=tuple(_view(label, len(classes)) for label in losses),
        data=_data(classes, data, samples, validation),
        history=history,
        trials=pl.DataFrame(trials, schema=TRIALS_SCHEMA),
        correct={},
        confusion={
            loss: {seed: counts for seed, counts in of.items() if (loss, seed) in finished}
            for loss, of in confusion.items()
        },
        provenance=provenance
        or {
            "torch": ("2.13.0",),
            "device": ("cpu",),
            "machine": ("x86_64",),
            "precision": ("fp32",),
            "data path": ("/data/cifar10",),
        },
        per_picture=_per_picture([row for row in rows if row["epoch"] == epochs], finished),
        classes=_classes(history, confusion, classes),
        calibration=_calibration(rows, epochs, finished),
    )


def analyse(results: Results, margin: float = 0.01) -> Analysis:
    """A plain analysis: t intervals, paired t tests, two one-sided tests; Holm left out."""
    metric = results.study["plan"]["metric"]
    column = metric.partition(".")[2]
    estimates = tuple(
        _estimate(results, loss, split, name)
        for loss in results.labels
        for split in sorted(set(results.history["split"])) or ["test", "train"]
        for name in METRICS
    )
    higher = column not in LOWER
    means = {e.loss: e.mean for e in estimates if e.metric == column and e.split == "test"}
    sign = -1 if higher else 1
    order = sorted(results.labels, key=lambda loss: math.inf if means[loss] is None else sign * (means[loss] or 0))
    by_loss = {e.loss: e for e in estimates if e.metric == column and e.split == "test"}
    pairs = tuple(
        _comparison(metric, by_loss[a], by_loss[b], higher, margin) for a, b in combinations(results.labels, 2)
    )
    beaten = {p.b for p in pairs if p.verdict == "better"} | {p.a for p in pairs if p.verdict == "worse"}
    leaders = tuple(loss for loss in order if loss not in beaten and means[loss] is not None)
    return Analysis(metric, margin, higher, estimates, pairs, tuple(order), leaders)


def _shape(loss: str, index: int, accuracy: Mapping[str, float]) -> tuple[float, float, float, float]:
    test, train, scale, late = _SHAPES.get(loss, (0.5 + 0.02 * (index % 5), 0.75, 2.0, 0.1 * (index % 3)))
    return (
        (accuracy[loss], min(accuracy[loss] + 0.1, 1.0), scale, late)
        if loss in accuracy
        else (test, train, scale, late)
    )


def _history(
    loss: str,
    seed: int,
    state: str,
    done: int,
    epochs: int,
    shape: tuple[float, ...],
    other: Sequence[str],
    rise: bool,
) -> list[dict[str, Any]]:
    if state in {"missing", "failed"}:
        return []
    test_end, train_end, scale, late = shape
    rng = np.random.default_rng([seed, len(loss), sum(map(ord, loss))])
    offset = rng.normal(0, 0.006) if test_end > 0.11 else rng.normal(0, 0.0005)
    rows = []
    for epoch in range(1, done + 1):
        t = epoch / epochs
        grown = 1 - math.exp(-5 * t)
        for split in (*other, "test"):
            end = train_end if split.startswith("train") else test_end
            noise = rng.normal(0, 0.002) if end > 0.11 else rng.normal(0, 0.0006)
            value = min(1.0, max(0.0, 0.1 + (end - 0.1) * grown + offset * t + noise))
            falling = scale * (1 - (0.62 if split.startswith("train") else 0.42) * grown * (end > 0.11) - 0.05 * grown)
            falling += late * rise * max(0, t - 0.4) ** 1.5 * (split == "test")
            nll = 2.3 - 1.9 * (value - 0.1) + late * max(0, t - 0.4) * (split == "test")
            rows.append(
                {
                    "loss_function": loss,
                    "seed": seed,
                    "epoch": epoch,
                    "split": split,
                    "loss": falling,
                    "accuracy": value,
                    "precision": value + 0.004 if end > 0.11 else 0.02 + value / 50,
                    "recall": value,
                    "f1": value - 0.003 if end > 0.11 else 0.03 + value / 50,
                    "nll": nll,
                    "brier": 0.9 - 0.6 * (value - 0.1),
                    "ece": 0.05 + 0.1 * t * (end > 0.11),
                    "status": state,
                }
            )
    return sorted(rows, key=lambda row: (row["epoch"], row["split"]))


def _trial(loss: str, seed: int, state: str, done: int, reason: str) -> dict[str, Any]:
    return {
        "loss_function": loss,
        "seed": seed,
        "key": f"{abs(sum(map(ord, loss)) * 31 + seed):016x}",
        "status": state,
        "epochs": done,
        "reason": reason,
        "seconds": 12.5 if state == "finished" else None,
        "selected_epoch": None,
    }


def _outputs(loss: str, state: str, history: Sequence[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """What the last logits say: L1's lie at 0; with a validation split, the temperature takes half of the test ECE."""
    if state in {"missing", "failed"} or not history:
        return {}
    medians = {
        "median_absolute_logit": 0.02 if loss == "l1" else 2.4,
        "median_true_logit": 0.0 if loss == "l1" else 4.1,
    }
    best = max(
        (row for row in history if row["split"] == "validation"), key=lambda row: float(row["accuracy"]), default=None
    )
    if best is None or state != "finished":
        return {**medians}
    ece = next(row["ece"] for row in reversed(history) if row["split"] == "test")
    return {**medians, "selected_epoch": best["epoch"], "temperature": 1.6, "ece_calibrated": ece / 2}


def _per_picture(
    last: Sequence[Mapping[str, Any]], finished: Sequence[tuple[str, int]], pictures: int = 10_000
) -> dict[str, dict[str, dict[int, np.ndarray]]]:
    """Values of every test picture around the last epoch's mean; what is hard for one trial is hard for the others."""
    hard = np.random.default_rng(0).normal(size=pictures)
    values: dict[str, dict[str, dict[int, np.ndarray]]] = {"nll": {}, "brier": {}}
    for place, row in enumerate(last):
        loss, seed = row["loss_function"], row["seed"]
        if row["split"] == "test" and (loss, seed) in finished:
            spread = 1 + 0.5 * np.tanh(hard + np.random.default_rng([1, place]).normal(size=pictures))
            for metric, of in values.items():
                of.setdefault(loss, {})[seed] = row[metric] * spread / spread.mean()
    return values


def _calibration(
    rows: Sequence[Mapping[str, Any]], epochs: int, finished: Sequence[tuple[str, int]]
) -> dict[str, dict[int, np.ndarray]]:
    """Reliability of the last epoch: more confident than right by the ECE, the bins around the accuracy the fullest."""
    found: dict[str, dict[int, np.ndarray]] = {}
    middles = (np.arange(15) + 0.5) / 15
    for row in rows:
        if (row["epoch"], row["split"]) == (epochs, "test") and (row["loss_function"], row["seed"]) in finished:
            share = np.exp(-((middles - row["accuracy"] - row["ece"]) ** 2) / 0.08) * (middles > 0.1)
            counts = np.round(10_000 * share / share.sum())
            hits = np.round(counts * np.clip(middles - row["ece"], 0, 1))
            found.setdefault(row["loss_function"], {})[row["seed"]] = np.stack([counts, counts * middles, hits])
    return found


def _classes(
    history: pl.DataFrame, confusion: Mapping[str, Mapping[int, np.ndarray]], names: Sequence[str]
) -> pl.DataFrame:
    """The classes' scores: in the last epoch those of the confusion counts, before it in proportion to the accuracy."""
    tables = [pl.DataFrame(schema=CLASS_COLUMNS)]
    for (loss, seed, status), rows in history.filter(split="test").group_by(
        "loss_function", "seed", "status", maintain_order=True
    ):
        share = np.minimum(rows["accuracy"].to_numpy() / max(rows["accuracy"][-1], 1e-9), 1.0)
        scores = class_scores(confusion[str(loss)][int(str(seed))])
        columns = {
            "loss_function": loss,
            "seed": seed,
            "epoch": np.repeat(rows["epoch"].to_numpy(), len(names)),
            "split": "test",
            "class_name": [*names] * len(rows),
            **{name: np.outer(share, getattr(scores, name)).ravel() for name in ("precision", "recall", "f1")},
            "status": status,
        }
        tables.append(pl.DataFrame(columns, schema=CLASS_COLUMNS))
    return pl.concat(tables)


def _first(loss: str, seed: int, state: str, norms: Norms) -> dict[str, float | None]:
    """What a trial measured before its first step, unless said otherwise: all but the document's are 1.5 times."""
    moved = 1 + 0.02 * ((seed + 2) % 5 - 2) * (loss != "cross_entropy")
    made = (None, None) if state in {"missing", "failed"} else (_NORMS.get(loss, 3.0) * moved, 2.0)
    own, reference = norms.get((loss, seed), made)
    return {"initial_gradient_norm": own, "cross_entropy_gradient_norm": reference}


def _view(label: str, classes: int) -> LossView:
    margin = np.linspace(-8, 10, 181)
    p = np.exp(margin) / (np.exp(margin) + classes - 1)
    name = label.partition("(")[0] if label in DOCUMENT else label
    gamma = {"focal(gamma=2)": 2.0, "focal(gamma=0.5)": 0.5}.get(label, 0.0)
    if name == "l1":
        value, gradient = np.abs(margin - 1) / classes, np.sign(margin - 1) / classes
    else:
        value = -((1 - p) ** gamma) * np.log(p)
        gradient = ((1 - p) ** gamma) * (gamma * p * np.log(p) + p - 1)
    formula = {
        "l1": r"\frac{1}{K} \sum_{k=1}^{K} |z_k - e_k|",
        "cross_entropy": r"-\log p_y",
        "focal": r"-(1 - p_y)^{\gamma} \log p_y",
    }.get(name, r"-\log p_y")
    titles = {"l1": "L1 loss", "cross_entropy": "Cross entropy", "focal": "Focal loss"}
    return LossView(
        label=label,
        name=name,
        title=titles.get(name, name),
        formula=formula,
        purpose="Classification with a softmax; the usual choice.",
        when="First, and as what everything else is held against." if name == "cross_entropy" else "",
        hyperparameters={"gamma": gamma, "alpha": None} if name == "focal" else {},
        strengths=(("Penalises confident mistakes without bound.", "Goodfellow et al. (2016), section 6.2.2"),),
        weaknesses=(("Fits wrong labels in the end.", "Zhang & Sabuncu (2018)"),),
        reference="Lin et al. (2017). Focal Loss for Dense Object Detection. arXiv:1708.02002.",
        margin=tuple(margin.tolist()),
        probability=tuple(p.tolist()),
        value=tuple(value.tolist()),
        gradient=tuple(gradient.tolist()),
        num_classes=classes,
    )


def _data(classes: Sequence[str], name: str, samples: bool, validation: int) -> DataView:
    rng = np.random.default_rng(0)
    pictures = [
        np.clip(rng.integers(40, 216, (1, 1, 1, 3)) + rng.integers(-40, 40, (3, 32, 32, 3)), 0, 255).astype(np.uint8)
        for _ in classes
    ]
    return DataView(
        name=name,
        digest="4f1c0d7a9b2e",
        class_names=tuple(classes),
        train=50_000,
        test=10_000,
        validation=validation,
        size=(32, 32, 3),
        samples=tuple(pictures) if samples else (),
    )


def _confusion(
    losses: Sequence[str], ended: Sequence[tuple[str, int]], classes: int, accuracy: Mapping[str, float]
) -> dict[str, dict[int, np.ndarray]]:
    counts: dict[str, dict[int, np.ndarray]] = {}
    for index, loss in enumerate(losses):
        rng = np.random.default_rng(index)
        right = _shape(loss, index, accuracy)[0]
        noise = rng.dirichlet(np.full(classes, 1.5), size=classes)
        share = right * np.eye(classes) + (1 - right) * noise
        matrix = np.round(1000 * share).astype(np.int64)
        counts[loss] = {seed: matrix + seed for label, seed in ended if label == loss}
    return counts


def _estimate(results: Results, loss: str, split: str, metric: str) -> Estimate:
    trials = results.trials.filter(pl.col("loss_function") == loss)
    rows = results.history.filter(
        (pl.col("loss_function") == loss)
        & (pl.col("split") == split)
        & (pl.col("epoch") == results.last_epoch)
        & (pl.col("status") == "finished")
    ).sort("seed")
    values = [float(value) for value in rows[metric]]
    mean = float(np.mean(values)) if values else None
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    half = None if sd is None else float(stats.t.ppf(0.975, len(values) - 1)) * sd / math.sqrt(len(values))
    return Estimate(
        loss=loss,
        split=split,
        metric=metric,
        epoch=results.last_epoch,
        seeds=tuple(rows["seed"]),
        values=tuple(values),
        mean=mean,
        sd=sd,
        low=None if half is None or mean is None else mean - half,
        high=None if half is None or mean is None else mean + half,
        diverged=trials.filter(pl.col("status") == "diverged").height,
        failed=trials.filter(pl.col("status").is_in(["failed", "missing"])).height,
    )


def _comparison(metric: str, a: Estimate, b: Estimate, higher: bool, margin: float) -> Comparison:
    joint = [s for s in a.seeds if s in b.seeds]
    values = [dict(zip(e.seeds, e.values, strict=True)) for e in (a, b)]
    d = np.array([values[0][s] - values[1][s] for s in joint])
    n = len(d)
    if n < 2:
        difference = float(d[0]) if n else None
        reason = "one seed" if n else "no seed finished by both"
        low, high = (None, None) if difference is None else (difference - 0.01, difference + 0.01)
        return Comparison(metric, a.loss, b.loss, n, difference, low, high, None, None, None, None, "undecided", reason)
    mean, se = float(d.mean()), float(max(d.std(ddof=1), 1e-9)) / math.sqrt(n)
    half = float(stats.t.ppf(0.975, n - 1)) * se
    p = float(2 * stats.t.sf(abs(mean) / se, n - 1))
    equivalence = float(stats.t.sf((margin - abs(mean)) / se, n - 1))
    verdict: Verdict = "undecided"
    if equivalence <= 0.05:
        verdict = "equivalent"
    elif p <= 0.05:
        verdict = "better" if (mean > 0) == higher else "worse"
    wins = float((np.sum(d > 0) + np.sum(d == 0) / 2) / n)
    reason = "interval holds 0" if verdict == "undecided" else ""
    return Comparison(
        metric, a.loss, b.loss, n, mean, mean - half, mean + half, p, p, equivalence, wins, verdict, reason
    )
