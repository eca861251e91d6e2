"""What a study's classifiers say of new pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from lossbench.api.kept.choice import BEST, Chosen, chosen
from lossbench.api.kept.classifier import EVALUATION_BATCH, Classifier, Maker
from lossbench.data.loose import Form, Loose, loose, of_array
from lossbench.data.pictures import Values
from lossbench.errors import RequestError
from lossbench.text import counted

__all__ = ["Predictions", "predict"]

_RESERVED = ("picture", "prediction", "probability")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What was said of pictures.

    Args:
        pictures: what each is called.
        class_names: the classes.
        probabilities: float64 (pictures, classes); of several networks their mean.
        logits: float32 (networks, pictures, classes).
        loss: the loss that was trained with.
        seeds: of the networks.
        why: why this loss and these seeds, in one sentence.
        notes: what else is to be said: which pictures were changed, whose source is another one.
    """

    pictures: tuple[str, ...]
    class_names: tuple[str, ...]
    probabilities: np.ndarray
    logits: np.ndarray
    loss: str
    seeds: tuple[int, ...]
    why: str
    notes: tuple[str, ...] = ()

    @property
    def predicted(self) -> np.ndarray:
        """The number of each picture's most probable class, int64 (pictures,); the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def frame(self) -> pl.DataFrame:
        """One row per picture: `picture, prediction, probability` (of that class), and the probability of each class.

        A class whose name is taken has its number behind it.
        """
        columns = {
            "picture": list(self.pictures),
            "prediction": [self.class_names[label] for label in self.predicted],
            "probability": self.probabilities.max(axis=1),
            **{name: self.probabilities[:, label] for label, name in enumerate(self.columns)},
        }
        return pl.DataFrame(columns, schema_overrides={"picture": pl.String, "prediction": pl.String})

    @property
    def columns(self) -> tuple[str, ...]:
        """What each class's column of `frame` is called, which no other is: the class's name, or a like one."""
        taken = list(_RESERVED)
        for label, name in enumerate(self.class_names):
            own = name
            while own in taken:
                own = f"{own} ({label})"
            taken.append(own)
        return tuple(taken[len(_RESERVED) :])


def predict(
    folder: str | Path,
    pictures: str | Path | Sequence[str | Path] | Values,
    loss: str = BEST,
    *,
    seed: int | None = None,
    seeds: Sequence[int] | Literal["all"] | None = None,
    model: str | Maker | None = None,
    resize: bool = False,
) -> Predictions:
    """Predicts pictures with the kept weights of a study.

    One network predicts, as one is what the study's verdict speaks of: that of the first seed that finished with
    weights, unless a seed is given. Several seeds are an ensemble, whose probabilities are the mean of theirs.

    Args:
        folder: a study's folder, one of a condition of it, or a save dir with one study; run with kept weights.
        pictures: a path or paths of pictures, folders, `.npz` or `.parquet` files; or an array, uint8 (n, height,
            width) or (n, height, width, channels).
        loss: `best` for the loss with the best mean of the plan's metric, or a loss of the study.
        seed: of which trial.
        seeds: of which trials, or `all`.
        model: for a model of the user's own, its name as the study has it, for code is imported only where it is named;
            or the object that the study was given.
        resize: whether pictures of another size than the training's are resized, not refused.

    Raises:
        RequestError: the study has no such loss or seed, no weights, or the pictures are not fit for it.
        StoreError: the weights are damaged.
    """
    if seed is not None and seeds is not None:
        raise RequestError("seeds", "nothing beside seed", seeds)
    sources = _sources(pictures)
    meant = None if seeds == "all" else [seed] if seed is not None else list(seeds or ())
    found = chosen(folder, loss, meant, field="seed" if seed is not None else "seeds")
    return _predicted(found, [Classifier.of(found, key, model) for key in found.trials.values()], sources, resize)


def _sources(pictures: str | Path | Sequence[str | Path] | Values) -> list[Loose]:
    if isinstance(pictures, np.ndarray):
        if (
            pictures.dtype != np.uint8
            or pictures.ndim not in (3, 4)
            or (pictures.ndim == 4 and pictures.shape[3] not in (1, 3))
        ):
            allowed = "uint8 (n, height, width) or (n, height, width, channels) with 1 or 3 channels"
            raise RequestError("pictures", allowed, f"{pictures.dtype} of shape {pictures.shape}")
        return [of_array(pictures, "pictures")]
    return loose([pictures] if isinstance(pictures, str | Path) else pictures)


def _predicted(found: Chosen, networks: Sequence[Classifier], sources: Sequence[Loose], resize: bool) -> Predictions:
    data = networks[0].pictures
    if data.vectors:
        raise RequestError("FOLDER", "a study that was trained on pictures", f"{found.folder.study.name}, of vectors")
    height, width = data.size
    form = Form((height, width), data.channels, resize)
    logits: list[np.ndarray] = []
    probabilities: list[np.ndarray] = []
    for source in sources:
        for pixels in source.batches(form, EVALUATION_BATCH):
            given = [network.logits(pixels) for network in networks]
            likely = [network.probabilities(each) for network, each in zip(networks, given, strict=True)]
            logits.append(np.stack(given))
            probabilities.append(np.mean(likely, axis=0))
    notes = tuple(dict.fromkeys(note for network in networks for note in network.notes))
    return Predictions(
        pictures=tuple(name for source in sources for name in source.names),
        class_names=data.class_names,
        probabilities=np.concatenate(probabilities),
        logits=np.concatenate(logits, axis=1),
        loss=found.loss,
        seeds=tuple(found.trials),
        why=found.why,
        notes=(*notes, *_changed(form)),
    )


def _changed(form: Form) -> tuple[str, ...]:
    """What was done to pictures that are not as the training's."""
    notes = []
    if form.recoloured:
        made = "made grey" if form.channels == 1 else "grey, and were given three equal channels"
        of = "in colour, and were " if form.channels == 1 else ""
        notes.append(f"{counted(form.recoloured, 'picture')} {'was' if form.recoloured == 1 else 'were'} {of}{made}")
    if form.resized:
        height, width = form.size
        notes.append(f"{counted(form.resized, 'picture')} resized to {height}×{width}")
    return tuple(notes)
