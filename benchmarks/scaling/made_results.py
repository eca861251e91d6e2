"""What a trial might have given, drawn and not trained: true to the store's format, cheap enough for 100,000 trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from lossbench.data import Part
from lossbench.metrics import Evaluation, confusion, evaluate
from lossbench.rng import stream
from lossbench.spec import Trial
from lossbench.store import FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY, Record, Row

__all__ = ["made_record"]

_SKILL, _OF_SEED, _OF_PICTURE = 0.6, 0.12, 1.0  # spread of a loss, of a seed, of a picture's logits


def made_record(trial: Trial, parts: Mapping[str, Part], classes: int) -> Record:
    """A trial's results: losses differ, seeds differ alike for all of them, and training helps.

    Args:
        trial: whose they are.
        parts: what its scenario makes of the pictures.
        classes: how many there are.
    """
    noise = trial.scenario.label_noise
    skill = 1.5 + _SKILL * stream(0, str(trial.loss)).standard_normal() - (2.0 * (noise.rate or 0) if noise else 0.0)
    skill += _OF_SEED * stream(trial.seed, "made seed").standard_normal()
    drawn = stream(trial.seed, f"made {trial.key}")
    recipe, rows = trial.recipe, _first(drawn)
    base = {name: drawn.standard_normal((len(part), classes)) for name, part in parts.items()}
    counts: dict[tuple[int, str], np.ndarray] = {}
    logits: dict[str, np.ndarray] = {}
    for epoch in _evaluated(recipe.epochs, recipe.eval_interval):
        for name, part in parts.items():
            given = _logits(base[name], part.clean, skill * epoch / recipe.epochs)
            measured = evaluate(given, part.labels, _losses(given, part.labels))
            rows.append(_row(epoch, name, measured, float(drawn.uniform(0.1, 1.0))))
            counts |= {(epoch, split): table for split, table in _counts(name, given, part, measured, classes).items()}
            if name != "train":
                logits[f"{name}.last"] = given
    return Record(tuple(rows), counts, logits, epochs=recipe.epochs)


def _evaluated(epochs: int, interval: int) -> Sequence[int]:
    return [epoch for epoch in range(1, epochs + 1) if epoch % interval == 0 or epoch == epochs]


def _first(drawn: np.random.Generator) -> list[Row]:
    """The first batch, before any step."""
    return [
        Row(0, name, float(drawn.uniform(0.5, 3.0)), gradient_norm=float(drawn.uniform(0.5, 3.0)))
        for name in (FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY)
    ]


def _logits(base: np.ndarray, clean: np.ndarray, skill: float) -> np.ndarray:
    made = _OF_PICTURE * base
    made[np.arange(len(clean)), clean] += skill
    return np.asarray(made, dtype=np.float32)


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A loss of its own scale, which no other metric is."""
    return np.asarray(logits.max(axis=1) - logits[np.arange(len(labels)), labels])


def _row(epoch: int, split: str, measured: Evaluation, norm: float) -> Row:
    return Row(
        epoch=epoch,
        split=split,
        loss=measured.loss,
        **asdict(measured.scores),
        nll=measured.nll,
        brier=measured.brier,
        ece=measured.ece,
        mean_confidence=measured.mean_confidence,
        **({"gradient_norm": norm} if split == "train" else {}),
    )


def _counts(name: str, logits: np.ndarray, part: Part, measured: Evaluation, classes: int) -> dict[str, np.ndarray]:
    """Confusion counts, with wrong labels those against what the pictures show, too."""
    found = {name: measured.counts}
    if name == "train" and (wrong := part.labels != part.clean).any():
        predicted = logits.argmax(axis=1).astype(np.int64)
        found["train_clean"] = confusion(part.clean, predicted, classes)
        found["train_wrong"] = confusion(part.labels[wrong], predicted[wrong], classes)
    return found
