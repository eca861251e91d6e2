"""A trained network made again from its kept weights.

A model of the user's own is imported only where they name it again (law 10): reading a store runs nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.api.kept.choice import Chosen
from lossbench.data import Pictures
from lossbench.errors import LossbenchError, RequestError, told
from lossbench.imports import settings_kept
from lossbench.losses import bind
from lossbench.losses.bound import Link
from lossbench.metrics import log_softmax
from lossbench.models import build, is_library_model, is_pretrained, model_digest
from lossbench.rng import torch_stream
from lossbench.run import one_thread
from lossbench.spec import Trial
from lossbench.train.classifier import (
    build_classifier,
    forward,
    input_type,
    prepared,
    scale_and_shift,
)

__all__ = ["Classifier", "Maker"]

Maker = Callable[..., Any]

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trial's network with its last weights.

    Args:
        trial: what was trained.
        weights: the last ones, by their names in the model's state_dict.
        pictures: what it was trained on.
        notes: what is to be said of it, in sentences.
        function: what makes a model that was given as a Python object; None for any other.
    """

    trial: Trial
    weights: Mapping[str, np.ndarray]
    pictures: Pictures
    notes: tuple[str, ...] = ()
    function: Maker | None = None

    @classmethod
    def of(cls, chosen: Chosen, key: str, model: str | Maker | None = None) -> Classifier:
        """The network of a chosen trial.

        Args:
            chosen: the trials that are meant.
            key: of one of them.
            model: for one whose model is the user's own, its name, typed again, or the object that it was given as.

        Raises:
            RequestError: the model is not the one that was trained, or cannot be imported.
            StoreError: the weights or the decoded pictures are missing or damaged.
        """
        kept = chosen.store.kept(key)
        trial = kept.trial()
        pictures = chosen.store.pictures(chosen.folder.data["digest"])
        function, notes = _checked(trial, model)
        return cls(trial, kept.weights(), pictures, notes, function)

    def logits(self, values: np.ndarray) -> np.ndarray:
        """Logits (n, classes), float32, as training's evaluation computes them on a processor.

        Args:
            values: uint8 (n, height, width, channels), or float32 (n, features); n at most EVALUATION_BATCH, as there.

        Raises:
            RequestError: a model of the user's own raised.
        """
        (scale, shift), recipe = self._scaling, self.trial.recipe
        try:
            with one_thread(), settings_kept(), torch.no_grad(), torch_stream(self.trial.seed, "prediction"):
                everything = torch.arange(len(values))
                inputs = prepared(torch.from_numpy(values), everything, scale, shift, input_type(recipe))
                given = forward(self.model, inputs, self.pictures.num_classes, bf16=recipe.precision == "bf16")
                return given.numpy()
        except LossbenchError:
            raise
        except (Exception, SystemExit) as error:  # whatever a user's model raises
            raise RequestError("--model", f"{recipe.model} to predict", told(error)) from error

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities float64 (n, classes) of logits, by the link of the trial's loss."""
        link = self.link
        log_p = log_softmax(logits) if link is None else link(torch.from_numpy(logits).double()).numpy()
        return np.asarray(np.exp(log_p))

    @cached_property
    def model(self) -> nn.Module:
        """The network as it was evaluated in training."""
        shape = self.pictures.num_classes, self.pictures.channels, self.pictures.size
        with settings_kept():
            name, seed = self.trial.recipe.model, self.trial.seed
            model = build_classifier(name, *shape, seed, _CPU, self.function, fetched=False)
        return _with_weights(model, self.weights, self.trial.recipe.model)

    @cached_property
    def normalisation(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the training data per channel, black 0 and white 1, or per feature."""
        return self.pictures.normalisation()

    @cached_property
    def _scaling(self) -> tuple[Tensor, Tensor]:
        return scale_and_shift(*self.normalisation, self.pictures.size, _CPU)

    @cached_property
    def plain(self) -> nn.Module:
        """The network without the kernels of lossbench, as anybody would build it."""
        shape = self.pictures.num_classes, self.pictures.channels, self.pictures.size
        with settings_kept():
            model = build(self.trial.recipe.model, *shape, self.trial.seed, self.function, fetched=False)
        return _with_weights(model, self.weights, self.trial.recipe.model)

    @cached_property
    def link(self) -> Link | None:
        """How probabilities come from logits, as the loss's card says; None for softmax."""
        if self.trial.loss.own:
            return None
        return bind(self.trial.loss, [1] * self.pictures.num_classes).link


def _with_weights(model: nn.Module, weights: Mapping[str, np.ndarray], name: str) -> nn.Module:
    """The model in evaluation mode, with weights by their names in its state_dict.

    Raises:
        RequestError: they are not those of this model.
    """
    try:
        model.load_state_dict({place: torch.from_numpy(value) for place, value in weights.items()})
    except (RuntimeError, TypeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise RequestError(
            "--model", f"{name} as it was trained", f"one that the weights do not fit ({first})"
        ) from None
    return model.eval()


def _checked(trial: Trial, model: str | Maker | None) -> tuple[Maker | None, tuple[str, ...]]:
    """What makes a model that was given as an object, and what is to be said of the model's code.

    Raises:
        RequestError: it is the user's own and was not named, or is another one than was trained.
    """
    name, function = trial.recipe.model, model if callable(model) else None
    library = is_library_model(name)  # whose package has a name that we know: nobody else's code is meant
    own, given = ":" in name and not library, name.startswith("python:")
    if given and function is None:
        hint = "predict and export of lossbench take it as model="
        raise RequestError("model", f"the object that {name} was made by", model or "nothing", hint)
    if function is None and model is None and own:
        hint = "code is imported only where you type its name"
        raise RequestError("--model", f"{name}, for the network is of your own code", "nothing", hint)
    if (function is not None and not given) or (function is None and model is not None and model != name):
        raise RequestError("--model", f"{name}, which was trained", model)
    if is_pretrained(name):  # its digest is of weights that would have to be fetched for it
        return function, ()
    if (own or library) and model_digest(name, function) != trial.digests.get("model"):
        what = "version" if library else "source"
        return function, (f"the {what} of {name} is not the one that was trained, though the weights may fit it",)
    return function, ()
