"""skorch's NeuralNetClassifier on arrays that are normalised beforehand."""

from __future__ import annotations

import time
from typing import Any

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.prepared import prepared
from benchmarks.task import Answer, Task, serve

__all__ = ["train"]


class _Stamps(Callback):  # type: ignore[misc]  # of any type: skorch is not annotated
    """Notes the time at the beginning and after each epoch; it stands behind the scorings."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.times.append(time.monotonic())

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.times.append(time.monotonic())


def train(task: Task) -> Answer:
    """Trains one model with torch's default threads."""
    recipe, pictures = task.recipe, task.pictures()
    x, y = (tensor.numpy() for tensor in prepared(pictures, pictures.train))
    test = Dataset(*(tensor.numpy() for tensor in prepared(pictures, pictures.test)))
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=recipe.schedule.step, gamma=recipe.schedule.gamma)
    stamps = _Stamps()
    net = NeuralNetClassifier(
        task.network(pictures),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=recipe.optimizer.momentum,
        lr=recipe.optimizer.lr,
        batch_size=recipe.batch_size,
        max_epochs=task.epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(test),
        callbacks=[
            ("schedule", schedule),
            ("train_acc", EpochScoring(_training_scores, on_train=True, use_caching=False, name="train_acc")),
            ("stamps", stamps),
        ],
        verbose=0,
        device="cpu",
    )
    net.fit(x, y)
    return Answer([stamps.times])


def _training_scores(net: Any, x: Any, y: Any) -> float:
    """Loss and accuracy of the training split in evaluation mode, in one pass; the test split's are skorch's own."""
    logits, target = net.forward(x), torch.as_tensor(y)
    net.history.record("train_loss_evaluated", cross_entropy(logits, target).item())
    return float((logits.argmax(dim=1) == target).float().mean())


if __name__ == "__main__":
    serve(train)
