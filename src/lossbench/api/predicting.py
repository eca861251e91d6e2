"""What a study's classifiers say of new pictures or vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from lossbench.api.kept.choice import BEST, Chosen, chosen
from lossbench.api.kept.classifier import Classifier, Maker
from lossbench.api.kept.given import Given, given
from lossbench.errors import RequestError
from lossbench.train.classifier import EVALUATION_BATCH

__all__ = ["Predictions", "predict"]

_RESERVED = ("prediction", "probability")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What was said of pictures, or of feature vectors.

    Args:
        pictures: what each is called.
        class_names: the classes.
        probabilities: float64 (pictures, classes); of several networks their mean.
        logits: float32 (networks, pictures, classes).
        loss: the loss that was trained with.
        seeds: of the networks.
        why: why this loss and these seeds, in one sentence.
        notes: what else is to be said: which pictures were changed, whose source is another one.
        called: what one of them is, `picture` or `vector`, which is the head of the table's first column.
    """

    pictures: tuple[str, ...]
    class_names: tuple[str, ...]
    probabilities: np.ndarray
    logits: np.ndarray
    loss: str
    seeds: tuple[int, ...]
    why: str
    notes: tuple[str, ...] = ()
    called: str = "picture"

    @property
    def predicted(self) -> np.ndarray:
        """The number of each picture's most probable class, int64 (pictures,); the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def frame(self) -> pl.DataFrame:
        """One row per picture: `picture, prediction, probability` (of that class), and the probability of each class.

        Of vectors the first column is `vector`.
        A class whose name is taken has its number behind it.
        """
        columns = {
            self.called: list(self.pictures),
            "prediction": [self.class_names[label] for label in self.predicted],
            "probability": self.probabilities.max(axis=1),
            **{name: self.probabilities[:, label] for label, name in enumerate(self.columns)},
        }
        return pl.DataFrame(columns, schema_overrides={self.called: pl.String, "prediction": pl.String})

    @property
    def columns(self) -> tuple[str, ...]:
        """What each class's column of `frame` is called, which no other is: the class's name, or a like one."""
        taken = [self.called, *_RESERVED]
        for label, name in enumerate(self.class_names):
            own = name
            while own in taken:
                own = f"{own} ({label})"
            taken.append(own)
        return tuple(taken[1 + len(_RESERVED) :])


def predict(
    folder: str | Path,
    pictures: str | Path | Sequence[str | Path] | npt.NDArray[Any],
    loss: str = BEST,
    *,
    seed: int | None = None,
    seeds: Sequence[int] | Literal["all"] | None = None,
    model: str | Maker | None = None,
    resize: bool = False,
) -> Predictions:
    """Predicts pictures, or feature vectors, with the kept weights of a study.

    One network predicts, as one is what the study's verdict speaks of: that of the first seed that finished with
    weights, unless a seed is given. Several seeds are an ensemble, whose probabilities are the mean of theirs.

    Args:
        folder: a study's folder, one of a condition of it, or a save dir with one study; run with kept weights.
        pictures: a path or paths of pictures, folders, `.npz` or `.parquet` files; or an array, uint8 (n, height,
            width) or (n, height, width, channels). Of a study of vectors, `.npz`, `.csv` or `.parquet` files, or an
            array, numbers (n, features), with the features in the order of the training table.
        loss: `best` for the loss with the best mean of the plan's metric, or a loss of the study.
        seed: of which trial.
        seeds: of which trials, or `all`.
        model: for a model of the user's own, its name as the study has it, for code is imported only where it is named;
            or the object that the study was given.
        resize: whether pictures of another size than the training's are resized, not refused; those of a study whose
            own were resized always are.

    Raises:
        RequestError: the study has no such loss or seed, no weights, or what is to be predicted is not fit for it.
        StoreError: the weights are damaged.
    """
    if seed is not None and seeds is not None:
        raise RequestError("seeds", "nothing beside seed", seeds)
    meant = None if seeds == "all" else [seed] if seed is not None else list(seeds or ())
    found = chosen(folder, loss, meant, field="seed" if seed is not None else "seeds")
    networks = [Classifier.of(found, key, model) for key in found.trials.values()]
    return _predicted(found, networks, given(pictures, networks[0].pictures, found.folder.study, resize=resize))


def _predicted(found: Chosen, networks: Sequence[Classifier], to_predict: Given) -> Predictions:
    data = networks[0].pictures
    logits: list[np.ndarray] = []
    probabilities: list[np.ndarray] = []
    for values in to_predict.batches(EVALUATION_BATCH):
        each = [network.logits(values) for network in networks]
        likely = [network.probabilities(one) for network, one in zip(networks, each, strict=True)]
        logits.append(np.stack(each))
        probabilities.append(np.mean(likely, axis=0))
    notes = tuple(dict.fromkeys(note for network in networks for note in network.notes))
    return Predictions(
        pictures=to_predict.names,
        class_names=data.class_names,
        probabilities=np.concatenate(probabilities),
        logits=np.concatenate(logits, axis=1),
        loss=found.loss,
        seeds=tuple(found.trials),
        why=found.why,
        notes=(*notes, *to_predict.notes()),
        called="vector" if data.vectors else "picture",
    )
