"""What was run, on what, with which doubts: sentences about the study itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.results import DataView, Results
from lossbench.spec import Arm
from lossbench.text import MOST_ROWS, counted, isolate, listed, oxford

__all__ = [
    "all_finished",
    "command",
    "data_sentences",
    "mixed",
    "recipe_rows",
    "reproduce",
    "shown",
    "table_sentences",
]

_COMMAND = "lossbench run study.yaml"
_CALL = 'lossbench.run(lossbench.load_study("study.yaml"), data=lossbench.Data(...))'

_FIRST = ("models", "data", "image_column", "label_column", "size", "scenarios", "losses", "seeds")

# Where the data lay and how long it took says nothing about the results.
_HARMLESS = frozenset({"path", "data path", "data_path", "seconds", "time", "date"})


_RESIZED = (
    "Pictures of another size were resized to that: the largest part of this shape at the centre, by Pillow's bilinear "
    "filter, which averages over all pixels that a new one covers."
)


def data_sentences(data: DataView, *, trained_on: bool = True) -> tuple[str, ...]:
    """The sizes of the data; `trained_on` is False where what is trained on differs, and is told elsewhere."""
    held = f", {data.validation:,} more were held out for validation" if data.validation else ""
    sizes = (
        f"{data.train:,} to train on and {data.test:,} to test on{held}" if trained_on else f"{data.test:,} to test on"
    )
    classes = counted(len(data.class_names), "class", "classes")
    said = f"{isolate(data.name)} has {classes} of {_kind(data)}: {sizes}."
    return (said, _RESIZED) if data.resized else (said,)


def _kind(data: DataView) -> str:
    """What the data are: colour pictures of a size, or vectors."""
    if len(data.size) != 3:
        return f"vectors of {counted(data.size[0], 'feature')}, each standardised over the training split"
    height, width, channels = data.size
    color = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    return f"{color} pictures of {height} × {width} pixels"


def table_sentences(results: Results) -> tuple[str, ...]:
    """Of results trained elsewhere: what their table holds."""
    losses, seeds = len(results.labels), results.trials["seed"].n_unique()
    epochs, pictures = results.history["epoch"].n_unique(), results.data.test
    of = f", over {counted(epochs, 'epoch')}" if epochs > 1 else ""
    known = f" The test set has {pictures:,} pictures." if pictures else ""
    held = f"{counted(losses, 'loss', 'losses')} and {counted(seeds, 'seed')}{of}"
    how = "trained elsewhere: how, and how its numbers were taken, is not known here"
    return (f"The table {isolate(str(results.study['name']))} holds {held}, {how}.{known}",)


def mixed(provenance: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A warning per circumstance in which the trials differ."""
    return tuple(
        f"The trials differ in {isolate(name)}: {oxford(values)}. Comparing them mixes losses and circumstances."
        for name, values in sorted(provenance.items())
        if len(values) > 1 and name.lower() not in _HARMLESS
    )


def all_finished(results: Results) -> str:
    """What is said where no trial is missing, failed or diverged."""
    count = results.trials.height
    return f"None: {'the one trial' if count == 1 else f'all {count} trials'} finished."


def reproduce(results: Results) -> tuple[str, ...]:
    """What the command does, and why it gives the same."""
    seeds = [str(seed) for seed in results.study.get("seeds", [])]
    used = f"{'seed' if len(seeds) == 1 else 'seeds'} {listed(seeds)}" if len(seeds) <= 12 else f"{len(seeds)} seeds"
    what = "call" if command(results.study) == _CALL else "command"
    return (
        f"The study's file, study.yaml, stands beside the report and names every setting with {used}. "
        f"The {what} trains what the save folder lacks, and nothing twice.",
    )


def command(study: Mapping[str, Any]) -> str:
    """What repeats a study: a command, or a call where its data were given from Python."""
    return _CALL if str(study.get("data", "")).startswith("python:") else _COMMAND


def recipe_rows(study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The study's settings, one row each, nested ones joined by a dot."""
    rows = [(name, study[name]) for name in _FIRST if name in study]
    rows = [(name, [_arm(item) for item in value] if name == "losses" else value) for name, value in rows]
    rows = [(name, _few(value) if name == "seeds" else value) for name, value in rows]
    recipe = study.get("recipe", {}) if "data" in study else {}  # of a table nobody knows how its losses were trained
    flat = [*rows, *_flat("", dict(recipe)), *_flat("", dict(study.get("plan", {})))]
    return [(name, shown(value)) for name, value in flat if name not in ("model", "hypotheses")]


def _few(seeds: Any) -> Any:
    """Seeds as they are; of many, how many."""
    return f"{len(seeds):,}, all in study.yaml" if isinstance(seeds, list) and len(seeds) > MOST_ROWS else seeds


def _arm(loss: Any) -> str:
    """A loss of a study: a label, or a mapping where it has a recipe of its own."""
    return str(Arm.of(loss)) if isinstance(loss, Mapping) else str(loss)


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
