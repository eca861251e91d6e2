"""Small trials on small made data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossbench.data import Pictures, Split
from lossbench.data.pictures import digest_of, parts_of
from lossbench.losses import complete
from lossbench.rng import stream
from lossbench.spec import LossSpec, Recipe, Scenario, Trial

CLASSES = 3


def made_pictures(train: int = 60, test: int = 30, size: int = 8, channels: int = 1) -> Pictures:
    """Pictures whose brightness tells the class, in noise: learned within a few epochs."""
    splits = []
    for index, count in enumerate((train, test)):
        generator = stream(0, "made", index)
        labels = np.arange(count) % CLASSES
        noise = generator.integers(0, 120, (count, size, size, channels))
        splits.append(Split((noise + 60 * labels[:, None, None, None]).astype(np.uint8), labels.astype(np.int64)))
    names = ("dark", "middle", "bright")
    digest = digest_of(parts_of(splits[0], splits[1]), names)
    return Pictures("made", splits[0], splits[1], names, digest)


MADE_DIGEST = made_pictures().digest


def made_trial(loss: str = "cross_entropy", seed: int = 1, **changes: Any) -> Trial:
    """A trial of three epochs; `lr` goes to the optimizer, what is neither `scenario` nor its own to the recipe.

    `scenario` is text, or `validation` its share; `label_noise` is the digest of labels from a file.
    """
    scenario = Scenario.parse(changes.pop("scenario", "clean"), "made")
    scenario = scenario.model_copy(update={"validation": changes.pop("validation", scenario.validation)})
    digests = {"data": MADE_DIGEST} | ({"label_noise": changes.pop("label_noise")} if "label_noise" in changes else {})
    recipe = Recipe(model=changes.pop("model", "cnn"), epochs=3, batch_size=16, precision="fp32")
    if "lr" in changes:
        changes["optimizer"] = recipe.optimizer.model_copy(update={"lr": changes.pop("lr")})
    recipe = recipe.model_copy(update=changes)
    return Trial(complete(LossSpec.parse(loss)), scenario, recipe, seed, {"loop": 1}, digests)
