"""What a stack reads and changes: its lanes, their models as one, the optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lossbench.data import Pictures
from lossbench.models import MODELS, build
from lossbench.spec import Recipe, Trial
from lossbench.train.classifier import build_classifier, input_type, prepared, scale_and_shift
from lossbench.train.epoch import Snapshot
from lossbench.train.stack.check import check_stackable
from lossbench.train.stack.lanes import Lane, lanes_of
from lossbench.train.stack.layers import FORMS, Form
from lossbench.train.stack.model import StackedModel
from lossbench.train.stack.optimizer import StackedOptimizer
from lossbench.train.state import fill_of

__all__ = ["ENGINE", "StackState", "one_lane"]

ENGINE = "engine.stack"
"""The name in a snapshot by which a stack knows its own: no trial begins in one engine and goes on in another.

Its value is the place in `FORMS` of the form of the convolutions.
"""

_FIT = set[tuple[object, ...]]()
"""Models that this process has tried, each with its digest and the shape of the data."""


@dataclass(eq=False)
class StackState:
    """What a stack reads and changes.

    Args:
        lanes: those with one loss side by side; a single one has a twin beside it, for with several lanes each
            gives the same bits whatever the others are, and alone it may not.
        template: one lane's model, of which the layers alone count.
        model: all lanes'.
        optimizer: of the same.
        scale: as `scale_and_shift` gives it.
        shift: the same.
        fill: uint8 (channels,), what augmentation cuts out becomes.
        classes: how many logits each has.
    """

    lanes: list[Lane]
    template: nn.Module
    model: StackedModel
    optimizer: StackedOptimizer
    scale: Tensor
    shift: Tensor
    fill: Tensor
    classes: int

    @classmethod
    def start(
        cls,
        trials: Sequence[Trial],
        pictures: Pictures,
        resume_from: Sequence[Snapshot | None],
        device: torch.device,
        form: Form,
    ) -> StackState:
        """The state before the first step, of each lane that has no snapshot with weights from its trial's stream."""
        mean, std = pictures.normalisation()
        scale, shift = scale_and_shift(mean, std, pictures.size, device)
        _check(trials[0], pictures)
        lanes = lanes_of(trials, pictures, device)
        template = one_lane(trials[0], pictures, device)
        model = StackedModel(template, max(len(lanes), 2), form)
        optimizer = StackedOptimizer(trials[0].recipe.optimizer, model)
        state = cls(
            lanes, template, model, optimizer, scale, shift, fill_of(mean, pictures, device), pictures.num_classes
        )
        state._arrange()
        for place, lane in enumerate(state.lanes):
            found = resume_from[lane.index]
            if found is None:
                model.take(place, one_lane(lane.trial, pictures, device))
            else:
                state._restore(place, lane, found)
        return state

    @property
    def recipe(self) -> Recipe:
        """What all lanes have in common of their recipes stands in this one, the first lane's."""
        return self.lanes[0].trial.recipe

    def _arrange(self) -> None:
        """Puts lanes with one loss side by side, and a twin beside a single one."""
        self.lanes.sort(key=lambda lane: (str(lane.trial.loss), lane.counts, lane.epoch, lane.index))
        if len(self.lanes) == 1:
            self.lanes.append(replace(self.lanes[0], twin=True))

    def narrow(self, places: Sequence[int]) -> None:
        """Goes on with some lanes alone, each as it is."""
        old, before, memory = self.lanes, self.model, self.optimizer
        self.lanes = [old[place] for place in places if not old[place].twin]
        origins = {id(old[place]): place for place in places}
        kept = list(self.lanes)
        self._arrange()
        self.model = StackedModel(self.template, len(self.lanes), before.form)
        self.optimizer = StackedOptimizer(self.recipe.optimizer, self.model)
        for place, lane in enumerate(self.lanes):
            origin = origins[id(kept[0] if lane.twin else lane)]
            self.model.load(place, before.state(origin))
            self.optimizer.load(place, memory.state(origin))

    def set_rates(self, numbers: Sequence[int]) -> None:
        """Gives each lane the learning rate of its epoch of that number, counted from 1."""
        rates = [
            lane.trial.recipe.optimizer.lr * lane.trial.recipe.schedule.factor(number, lane.trial.recipe.epochs)
            for lane, number in zip(self.lanes, numbers, strict=True)
        ]
        self.optimizer.set_rates(torch.tensor(rates, dtype=self.model.values.dtype))

    def prepared(self, pictures: Tensor, chosen: Tensor) -> Tensor:
        """Chosen pictures normalised (n, channels, height, width), channels last; vectors (n, features)."""
        return prepared(pictures, chosen, self.scale, self.shift, input_type(self.recipe))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (lanes, batch, classes), float32, of prepared pictures (batch, lanes · channels, height, width)."""
        return self.model.forward(inputs, self.classes, bf16=self.recipe.precision == "bf16")

    def snapshots(self) -> list[Snapshot]:
        """A copy of everything that each lane's next epoch starts from."""
        return [Snapshot(lane.epoch, self._copied(place)) for place, lane in enumerate(self.lanes)]

    def _copied(self, place: int) -> dict[str, Tensor]:
        kept = self.template.state_dict().keys()  # a model leaves passing buffers out, as `State.snapshot` says
        state = self.model.state(place)
        tensors = {f"{'model' if name in kept else 'buffer'}.{name}": value for name, value in state.items()}
        tensors |= {f"stack.{name}": value for name, value in self.optimizer.state(place).items()}
        copied = {name: value.to("cpu", copy=True).contiguous() for name, value in tensors.items()}
        return {**copied, ENGINE: torch.tensor(FORMS.index(self.model.form))}

    def _restore(self, place: int, lane: Lane, snapshot: Snapshot) -> None:
        self.model.load(place, {**_below("model.", snapshot.tensors), **_below("buffer.", snapshot.tensors)})
        self.optimizer.load(place, _below("stack.", snapshot.tensors))
        lane.epoch = snapshot.epoch


def _check(trial: Trial, pictures: Pictures) -> None:
    """The catalogue's models are held to it by the suite; of any other it is tried."""
    name = trial.recipe.model
    shape = pictures.num_classes, pictures.channels, pictures.size
    tried = (name, trial.digests.get("model"), *shape)
    if name in MODELS or tried in _FIT:
        return
    check_stackable(build(name, *shape, trial.seed, trial.make_model), (pictures.channels, *pictures.size))
    if trial.make_model is None:
        _FIT.add(tried)


def one_lane(trial: Trial, pictures: Pictures, device: torch.device) -> nn.Module:
    """A trial's model alone, in torch's own layers, as a stack takes them up."""
    shape = pictures.num_classes, pictures.channels, pictures.size
    return build_classifier(trial.recipe.model, *shape, trial.seed, device, trial.make_model, native=False)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
