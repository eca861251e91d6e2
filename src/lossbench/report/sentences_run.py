"""What was run, on what, with which doubts: sentences about the study itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.figures.curves import train_split
from lossbench.figures.text import counted, isolate, listed, oxford
from lossbench.results import DataView, Results

__all__ = ["data_sentences", "definitions", "mixed", "recipe_rows", "reproduce", "shown", "unfinished"]

# Where the data lay and how long it took says nothing about the results.
_HARMLESS = frozenset({"path", "data path", "data_path", "seconds", "time", "date"})


def data_sentences(data: DataView) -> tuple[str, ...]:
    """The sizes of the data."""
    height, width, channels = data.size
    held = f", {data.validation:,} more were held out for validation" if data.validation else ""
    color = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    return (
        f"{isolate(data.name)} has {counted(len(data.class_names), 'class', 'classes')} of {color} pictures of "
        f"{height} × {width} pixels: {data.train:,} to train on and {data.test:,} to test on{held}.",
    )


def mixed(provenance: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A warning per circumstance in which the trials differ."""
    return tuple(
        f"The trials differ in {isolate(name)}: {oxford(values)}. Comparing them mixes losses and circumstances."
        for name, values in sorted(provenance.items())
        if len(values) > 1 and name.lower() not in _HARMLESS
    )


def unfinished(results: Results) -> list[Mapping[str, Any]]:
    """The trials that did not finish, in the study's order."""
    rows = [row for row in results.trials.iter_rows(named=True) if row["status"] != "finished"]
    return sorted(rows, key=lambda row: (results.labels.index(row["loss_function"]), row["seed"]))


def reproduce(results: Results) -> tuple[str, ...]:
    """What the command does, and why it gives the same."""
    seeds = [str(seed) for seed in results.study.get("seeds", [])]
    used = f"{'seed' if len(seeds) == 1 else 'seeds'} {listed(seeds)}" if len(seeds) <= 12 else f"{len(seeds)} seeds"
    return (
        f"The study's file, study.yaml, stands beside this page and names every setting with {used}. "
        "The command trains what the save folder lacks, and nothing twice.",
    )


def recipe_rows(study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The study's settings, one row each, nested ones joined by a dot."""
    rows = [(name, study[name]) for name in ("models", "data", "scenarios", "losses", "seeds") if name in study]
    flat = [*rows, *_flat("", dict(study.get("recipe", {}))), *_flat("", dict(study.get("plan", {})))]
    return [(name, shown(value)) for name, value in flat if name != "model"]


def definitions(results: Results, margin: float) -> list[tuple[str, str]]:
    """How each number is made: (term, definition)."""
    classes = len(results.data.class_names)
    entries = [
        ("Accuracy", f"The share of pictures whose highest logit is their class's; guessing gives 1/{classes}."),
        (
            "Precision, recall, F1",
            f"Computed per class from the counts of the whole epoch, then averaged over the {classes} classes (macro); "
            "where a class was never predicted, 0 takes the place of a division by zero.",
        ),
        *_PROBABILITIES,
        ("Interval of a mean", "95 %, Student's t over the seeds that finished."),
        (
            "Comparison",
            "Paired over the seeds that both losses finished: at one seed they start from the same weights and see the "
            "same pictures in the same order. The interval is the paired t; p of the difference and p of equivalence "
            f"(two one-sided tests against the margin {margin:g}) are adjusted after Holm over all pairs.",
        ),
        _FIRST_GRADIENT,
        _SCOPE,
    ]
    return [*entries, _RUNNING] if train_split(results) == "train_running" else entries


_PROBABILITIES = (
    ("NLL", "The mean negative logarithm of the softmax probability of the true class, in nats; lower is better."),
    (
        "Brier score",
        "The squared distance of the probabilities from the truth, summed over classes: 0 to 2, lower is better.",
    ),
    (
        "Calibration error (ECE)",
        "The mean distance between confidence and accuracy in 15 equally wide bins of the highest probability; "
        "lower is better.",
    ),
)
_FIRST_GRADIENT = (
    "First gradient",
    "The L2 norm of the gradient of all weights, of the first batch at the first weights, divided by that of cross "
    "entropy's gradient there; the geometric mean over seeds. gradient_scale.csv has for each loss the learning rate "
    "that would give its first steps the length of cross entropy's.",
)
_SCOPE = (
    "What the intervals speak of",
    "Retraining, judged on this test set. They do not speak of new test pictures, and nothing here speaks of new "
    "training data.",
)
_RUNNING = (
    "Train (running)",
    "Training metrics were summed up during each epoch, while the weights moved and in training mode: they lag behind "
    "what an evaluation at the epoch's end would give.",
)


def _flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in values.items():
        rows += _flat(f"{prefix}{name}.", value) if isinstance(value, Mapping) else [(prefix + name, value)]
    return rows


def shown(value: Any) -> str:
    """A setting as a reader would write it."""
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)
