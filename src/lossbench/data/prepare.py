"""`prepare`: what a scenario makes of a data set: which pictures each split has, and what they are said to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossbench.data.class_maps import class_map
from lossbench.data.imbalance import thinned
from lossbench.data.instance_noise import instance_dependent
from lossbench.data.noise import mapped, pair_map, symmetric
from lossbench.data.pictures import Indices, Labels, Pictures
from lossbench.data.split import hold_out
from lossbench.data.subset import subset
from lossbench.errors import DataError, StoreError
from lossbench.rng import stream
from lossbench.spec import Noise, Scenario

__all__ = ["Part", "prepare"]

_PURPOSES = {"train": "label noise", "validation": "label noise of validation"}


@dataclass(frozen=True, eq=False)
class Part:
    """One split as a scenario leaves it.

    Args:
        rows: int64 (n,) sorted positions in the split of the data that the pictures come from: `test` comes from the
            test split, `train` and `validation` from the training split.
        labels: int64 (n,) what the pictures are said to show, the wrong ones among them.
        clean: int64 (n,) what the data say of them.
    """

    rows: Indices
    labels: Labels
    clean: Labels

    def __len__(self) -> int:
        return len(self.rows)


def prepare(pictures: Pictures, scenario: Scenario, seed: int, label_noise: str | None = None) -> dict[str, Part]:
    """The splits of a scenario: `train`, `test`, and `validation` where there is one.

    First the training split gets its size, then its classes theirs, then some of it is held out by its true labels,
    then labels are made wrong. All of it is drawn from streams of the scenario's split seed, or else of the trial's
    seed, so that it is the same for every loss; the test split stays as it is.

    Args:
        pictures: the data.
        scenario: what is done to them.
        seed: the trial's.
        label_noise: of `noise(file, ...)`, the digest of the labels, which the pictures carry.

    Raises:
        RequestError: something that these data do not allow; one sentence says what.
        StoreError: the pictures do not carry the labels.
    """
    split_seed = seed if scenario.split_seed is None else scenario.split_seed
    splits = _rows(pictures, scenario, split_seed)
    clean = pictures.train.labels
    parts = {"train": splits["train"], "test": np.arange(len(pictures.test)), **splits}
    prepared = {name: _clean(rows, pictures.test.labels if name == "test" else clean) for name, rows in parts.items()}
    noise = scenario.label_noise
    if noise is not None:
        for name in ("train",) if scenario.validation_clean else tuple(splits):
            part = prepared[name]
            labels = _noisy(pictures, noise, part, split_seed, _PURPOSES[name], label_noise)
            prepared[name] = Part(part.rows, labels, part.clean)
        _check_classes(pictures, prepared["train"].labels, noise)
    return prepared


def _rows(pictures: Pictures, scenario: Scenario, seed: int) -> dict[str, Indices]:
    """Positions in the training split of the data: `train`, and `validation` where there is one."""
    labels = pictures.train.labels
    rows = np.arange(len(labels))
    if scenario.train_size is not None:
        rows = subset(labels, scenario.train_size, seed)
    if scenario.imbalance is not None:
        rows = rows[thinned(labels[rows], scenario.imbalance, pictures.class_names, seed)]
    if scenario.validation is None:
        return {"train": rows}
    kept, held = hold_out(labels[rows], scenario.validation, seed)
    return {"train": rows[kept], "validation": rows[held]}


def _clean(rows: Indices, labels: Labels) -> Part:
    """A split with its true labels; nothing is copied where it is the whole split of the data."""
    given = labels if len(rows) == len(labels) else labels[rows]
    return Part(rows, given, given)


def _noisy(pictures: Pictures, noise: Noise, part: Part, seed: int, purpose: str, digest: str | None) -> Labels:
    if noise.kind == "file":
        return _from_file(pictures, digest)[part.rows]
    rate, classes = noise.rate or 0.0, pictures.num_classes
    if noise.kind == "instance":
        return instance_dependent(pictures, part.rows, rate, seed, purpose)
    if noise.kind == "symmetric":
        return symmetric(part.clean, classes, rate, stream(seed, purpose))
    moves = pair_map(classes) if noise.kind == "pair" else class_map(noise.map, pictures.class_names)
    return mapped(part.clean, classes, moves, rate, stream(seed, purpose))


def _from_file(pictures: Pictures, digest: str | None) -> Labels:
    labels = pictures.other_labels.get(digest or "")
    if labels is None:
        raise StoreError(f"the labels {digest} of noise(file, ...) are missing or damaged: run the study again")
    return labels


def _check_classes(pictures: Pictures, labels: Labels, noise: Noise) -> None:
    """Losses that count classes cannot do with none."""
    absent = np.setdiff1d(np.arange(pictures.num_classes), labels)
    if len(absent):
        received = f"none that {noise} leaves with the label {pictures.class_names[absent[0]]!r}"
        raise DataError("scenarios.noise", "training pictures of every class after label noise", received)
