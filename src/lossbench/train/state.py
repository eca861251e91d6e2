"""What training reads and changes: the splits, the model, the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.data import Part, Pictures, Split, prepare
from lossbench.spec import Scenario, Trial
from lossbench.train.classifier import build_classifier, forward, input_type, prepared, scale_and_shift
from lossbench.train.epoch import Snapshot
from lossbench.train.judge import Judge
from lossbench.train.objective import Objective
from lossbench.train.optimizer import FusedOptimizer

__all__ = ["DeviceSplit", "State", "fill_of", "judge_of", "labels_of", "splits_of", "to_numpy"]

_COPIED = 1 << 28  # bytes: so much of a split is copied into memory, where batches are gathered faster


def splits_of(pictures: Pictures, scenario: Scenario, seed: int, label_noise: str | None = None) -> dict[str, Split]:
    """The splits of a scenario, as `prepare` makes them: with the labels that are trained on.

    Where pictures are left out they are copies; a split that is whole shares the data's memory.
    """
    return _splits(pictures, prepare(pictures, scenario, seed, label_noise))


def labels_of(
    pictures: Pictures, scenario: Scenario, seed: int, label_noise: str | None = None
) -> dict[str, np.ndarray]:
    """The labels of the same splits, for whoever needs no pictures: nothing of the size of the data is copied."""
    return {name: part.labels for name, part in prepare(pictures, scenario, seed, label_noise).items()}


def _splits(pictures: Pictures, parts: Mapping[str, Part]) -> dict[str, Split]:
    return {name: _taken(pictures.test if name == "test" else pictures.train, part) for name, part in parts.items()}


def _taken(split: Split, part: Part) -> Split:
    whole = len(part) == len(split)
    return Split(split.pictures if whole else np.ascontiguousarray(split.pictures[part.rows]), part.labels)


@dataclass(frozen=True, eq=False)
class DeviceSplit:
    """One split on the device, with int64 labels (n,).

    Its pictures are uint8 (n, height, width, channels); feature vectors are float32 (n, features). Where `rows` (m,)
    is there, the split has only these of them.
    """

    pictures: Tensor
    labels: Tensor
    rows: Tensor | None = None

    @classmethod
    def of(cls, split: Split, part: Part, device: torch.device) -> DeviceSplit:
        """A part of the data's split as tensors; on a processor a whole one shares the arrays' memory.

        Of one that is large, and lies in a file, the pictures are taken from there batch by batch.
        """
        size = split.pictures.nbytes * len(part) // max(len(split), 1)
        if device.type == "cpu" and len(part) < len(split) and size > _COPIED:
            rows = torch.from_numpy(part.rows.astype(np.int64, copy=False))
            return cls(torch.from_numpy(split.pictures), torch.from_numpy(part.labels), rows)
        taken = _taken(split, part)
        return cls(torch.from_numpy(taken.pictures).to(device), torch.from_numpy(taken.labels).to(device))

    def places(self, positions: Tensor) -> Tensor:
        """Where in `pictures` the pictures at some positions of the split lie, int64 (m,)."""
        return positions if self.rows is None else self.rows[positions]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class State:
    """What training reads and changes.

    Args:
        model: in channels-last memory format.
        optimizer: of the model's parameters.
        objective: the loss.
        splits: `train`, `test`, and `validation` where the scenario has it.
        judge: makes epochs of logits and losses.
        scale: 1 / (255 · standard deviation) of a place's channel, (height, width, channels); of vectors 1 / standard
            deviation, (features,).
        shift: − mean / standard deviation of a place's channel, (height, width, channels); of vectors − mean, which is
            added before they are scaled: a feature may be far from 0 and hardly vary.
        fill: what augmentation cuts out becomes: the mean of each channel, uint8 (channels,).
        bf16: whether the forward pass runs under bfloat16 autocast.
        inputs: what pictures are handed over as: bfloat16 where the first layer would make them so, float32 else.
        classes: how many logits each has.
    """

    model: nn.Module
    optimizer: FusedOptimizer
    objective: Objective
    splits: Mapping[str, DeviceSplit]
    judge: Judge
    scale: Tensor
    shift: Tensor
    fill: Tensor
    bf16: bool
    inputs: torch.dtype
    classes: int

    @classmethod
    def start(cls, trial: Trial, pictures: Pictures, device: torch.device) -> State:
        """The state before the first step: weights from the trial's stream, splits on the device."""
        recipe = trial.recipe
        shape = pictures.num_classes, pictures.channels, pictures.size
        model = build_classifier(recipe.model, *shape, trial.seed, device, trial.make_model)
        parts = prepare(pictures, trial.scenario, trial.seed, trial.digests.get("label_noise"))
        mean, std = pictures.normalisation()  # of all training pictures of the data, whichever the scenario leaves
        objective = Objective.of(trial, parts["train"].labels, pictures.num_classes, device)
        scale, shift = scale_and_shift(mean, std, pictures.size, device)
        return cls(
            model=model,
            optimizer=FusedOptimizer(recipe.optimizer, model),
            objective=objective,
            splits={
                name: DeviceSplit.of(pictures.test if name == "test" else pictures.train, part, device)
                for name, part in parts.items()
            },
            judge=judge_of(trial, parts, objective),
            scale=scale,
            shift=shift,
            fill=fill_of(mean, pictures, device),
            bf16=recipe.precision == "bf16",
            inputs=input_type(recipe),
            classes=pictures.num_classes,
        )

    def prepared(self, pictures: Tensor, chosen: Tensor) -> Tensor:
        """Chosen pictures normalised (batch, channels, height, width), channels last; vectors (batch, features).

        Args:
            pictures: as they lie: uint8 (n, height, width, channels), or float32 (n, features).
            chosen: which of them, int64 (batch,).
        """
        return prepared(pictures, chosen, self.scale, self.shift, self.inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (batch, classes), float32, of prepared pictures."""
        return forward(self.model, inputs, self.classes, bf16=self.bf16)

    def snapshot(self, epoch: int) -> Snapshot:
        """A copy of the weights, the running statistics and what the optimizer remembers."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"buffer.{name}": value for name, value in self._passing_buffers().items()}
        for index, memory in enumerate(self.optimizer.memory):
            tensors |= {f"optimizer.{index}.{name}": value for name, value in memory.items()}
        copied = {
            name: value.detach().to("cpu", copy=True).contiguous()
            for name, value in tensors.items()
            if isinstance(value, Tensor)
        }
        return Snapshot(epoch, copied)

    def restore(self, snapshot: Snapshot) -> None:
        """Goes back to a snapshot's state."""
        self.model.load_state_dict(_below("model.", snapshot.tensors))
        for name, value in _below("buffer.", snapshot.tensors).items():
            self._passing_buffers()[name].copy_(value)
        self.optimizer.load(
            [_below(f"optimizer.{index}.", snapshot.tensors) for index in range(len(self.optimizer.memory))]
        )

    def _passing_buffers(self) -> dict[str, Tensor]:
        """The buffers that a model leaves out of its state_dict, which training may change all the same."""
        kept = self.model.state_dict().keys()
        return {name: buffer for name, buffer in self.model.named_buffers() if name not in kept}


def judge_of(trial: Trial, parts: Mapping[str, Part], objective: Objective) -> Judge:
    """What judges a trial's outputs on the splits that `prepare` made."""
    true_labels = parts["train"].clean if trial.scenario.label_noise else None
    return Judge(trial, objective.loss.link, {name: part.labels for name, part in parts.items()}, true_labels)


def fill_of(mean: np.ndarray, pictures: Pictures, device: torch.device) -> Tensor:
    """The mean of each channel, uint8 (channels,): what augmentation cuts out becomes that; of vectors zeros."""
    return torch.tensor(np.rint(255 * (0 * mean if pictures.vectors else mean)).astype(np.uint8), device=device)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A tensor's values on the processor."""
    return tensor.detach().cpu().numpy()
