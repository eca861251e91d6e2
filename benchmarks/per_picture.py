"""The map-style dataset of the tutorials: every picture is transformed by itself, whenever it is asked for.

`to_tensor` and `normalise` do step by step what torchvision's ToTensor and Normalize do to a uint8 array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.task import Task
from lossbench.data import Pictures, Split

__all__ = ["Pairs", "PerPicture", "loaders", "normalise", "to_tensor"]

Pairs = Dataset[Any]  # of a picture and its label
Loader = DataLoader[Any]  # of their batches


class PerPicture(Dataset[tuple[Tensor, int]]):
    """One split, transformed picture by picture."""

    def __init__(self, pictures: Pictures, split: Split) -> None:
        self.split = split
        mean, std = pictures.normalisation()
        self.mean, self.std = mean.tolist(), std.tolist()

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = to_tensor(self.split.pictures[index])
        return normalise(picture, self.mean, self.std), int(self.split.labels[index])


def to_tensor(picture: npt.NDArray[np.uint8]) -> Tensor:
    """uint8 (height, width, channels) -> float32 (channels, height, width) from 0 to 1."""
    return torch.from_numpy(picture.transpose((2, 0, 1))).contiguous().to(dtype=torch.get_default_dtype()).div(255)


def normalise(picture: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(picture - mean) / std per channel, (channels, height, width), as a copy."""
    picture = picture.clone()
    means = torch.as_tensor(mean, dtype=picture.dtype, device=picture.device)
    stds = torch.as_tensor(std, dtype=picture.dtype, device=picture.device)
    if (stds == 0).any():
        raise ValueError("a standard deviation of 0")
    return picture.sub_(means.view(-1, 1, 1)).div_(stds.view(-1, 1, 1))


def loaders(task: Task, train: Pairs, test: Pairs) -> tuple[Loader, list[Loader]]:
    """What is trained on, shuffled, and what is evaluated: both splits, in order."""
    size, workers = task.recipe.batch_size, task.loaders
    evaluated: list[Loader] = [DataLoader(split, batch_size=size, num_workers=workers) for split in (train, test)]
    return DataLoader(train, batch_size=size, shuffle=True, num_workers=workers), evaluated
