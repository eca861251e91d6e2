"""What a contender's process is asked, and what it answers: JSON on its command line and on its standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torch import nn

from lossbench.data import Pictures, find
from lossbench.models import build
from lossbench.spec import Recipe
from lossbench.spec.recipe import Precision

__all__ = ["Answer", "Task", "serve"]


@dataclass(frozen=True)
class Task:
    """What is to be trained.

    Args:
        data: the .npz file of the share.
        model: of lossbench's catalogue.
        epochs: how many, both splits evaluated after each.
        seeds: one trial is trained per seed.
        precision: of lossbench and of the bound; the other contenders train in float32.
        loaders: processes of a DataLoader; 0 for none.
        prepared: whether a plain script finds its pictures normalised beforehand.
    """

    data: str
    model: str
    epochs: int
    seeds: tuple[int, ...] = (1,)
    precision: Precision = "fp32"
    loaders: int = 0
    prepared: bool = False

    @property
    def recipe(self) -> Recipe:
        """Batch size, learning rate, momentum and schedule: lossbench's defaults, for every contender."""
        return Recipe(model=self.model, epochs=self.epochs, precision=self.precision)

    def pictures(self) -> Pictures:
        """The share."""
        return find(self.data).decode()

    def network(self, pictures: Pictures, seed: int = 1) -> nn.Module:
        """The model with the first weights of a seed, the same for every contender."""
        return build(self.model, pictures.num_classes, pictures.channels, pictures.size, seed)


@dataclass(frozen=True)
class Answer:
    """What a process measured.

    Args:
        trials: per trial the monotonic time at its beginning and after each epoch, seconds.
        precision: that was trained in.
        finishing: per trial the seconds from the last epoch until all was stored; empty where nothing is stored.
    """

    trials: list[list[float]]
    precision: str = "fp32"
    finishing: list[float] = field(default_factory=list)


def serve(train: Callable[[Task], Answer]) -> None:
    """The main function of a contender's process; the last line of its output is the answer."""
    values = json.loads(sys.argv[1])
    answer = train(Task(**{**values, "seeds": tuple(values["seeds"]), "data": str(Path(values["data"]))}))
    print(json.dumps(asdict(answer)))
