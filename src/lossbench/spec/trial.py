"""`Trial`: everything that decides a result, and the key that names it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lossbench.errors import RequestError, StoreError
from lossbench.spec._model import canonical_json
from lossbench.spec.loss import LossSpec
from lossbench.spec.recipe import Recipe
from lossbench.spec.scenario import Scenario

__all__ = ["Trial", "key_of"]

_KEY_LENGTH = 24  # hex digits: 96 bits, so that even 10^9 trials meet no collision


def key_of(canonical: Mapping[str, Any]) -> str:
    """The key of a trial, from its canonical form."""
    return hashlib.sha256(canonical_json(canonical).encode()).hexdigest()[:_KEY_LENGTH]


@dataclass(frozen=True)
class Trial:
    """One classifier to be trained.

    Args:
        loss: the loss, every hyperparameter filled in.
        scenario: the data and what was done to them.
        recipe: how it is trained, precision settled.
        seed: what every stream is derived from.
        versions: of loss, model, data preparation and loop: raised when their results would change.
        digests: of the decoded data, of labels from a file, and of a user's own loss and model (their source).
        make_model: of a model that was given as a Python object, what makes it; None for any other.
    """

    loss: LossSpec
    scenario: Scenario
    recipe: Recipe
    seed: int
    versions: Mapping[str, int] = field(hash=False)
    digests: Mapping[str, str] = field(hash=False)
    make_model: Callable[..., Any] | None = field(default=None, repr=False, compare=False)

    @property
    def given(self) -> bool:
        """Whether its loss or model is a Python object, which only this process has."""
        return self.loss.function is not None or self.make_model is not None

    def canonical(self) -> dict[str, Any]:
        """The trial as plain JSON values; the data are in it by their digest, for where they lay is provenance."""
        scenario = self.scenario.canonical()
        del scenario["data"]
        return {
            "loss": self.loss.canonical(),
            "scenario": scenario,
            "recipe": self.recipe.canonical(),
            "seed": self.seed,
            "versions": dict(self.versions),
            "digests": dict(self.digests),
        }

    @cached_property
    def key(self) -> str:
        """A hash of the canonical JSON: the name of the trial's folder."""
        return key_of(self.canonical())

    @classmethod
    def from_canonical(cls, values: Mapping[str, Any]) -> Trial:
        """The trial whose canonical JSON was read back from a store or a worker's job.

        Raises:
            StoreError: the values are not those of a trial.
        """
        try:
            loss = dict(values["loss"])
            name = loss.pop("name")
            hyperparameters = {key: tuple(v) if isinstance(v, list) else v for key, v in loss.items()}
            return cls(
                LossSpec.of(name, hyperparameters),
                Scenario(data="", **values["scenario"]),
                Recipe(**values["recipe"]),
                values["seed"],
                dict(values["versions"]),
                dict(values["digests"]),
            )
        except (RequestError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"trial.json does not describe a trial: {error}") from error
