"""The bound: what a loop could reach that does nothing but step and evaluate, one thread per trial, one trial per core.

No store, no counts beyond summed loss and correct answers, no gradient norms. A change that makes this faster belongs
here first: lossbench is held against it.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.prepared import prepared
from benchmarks.task import Answer, Task, serve
from lossbench.data import Pictures, Split
from lossbench.native import fuse

__all__ = ["train"]

_EVALUATION_BATCH = 250  # larger ones leave the cache


def train(task: Task) -> Answer:
    """Trains the seeds one after another."""
    pictures = task.pictures()
    kind = torch.bfloat16 if task.precision == "bf16" else torch.float32
    splits = [_ready(pictures, split, kind) for split in (pictures.train, pictures.test)]
    return Answer([_trial(task, task.network(pictures, seed), splits) for seed in task.seeds], task.precision)


def _ready(pictures: Pictures, split: Split, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """Normalised pictures as they are gathered, (n, height, width, channels), and labels (n,)."""
    normalised, labels = prepared(pictures, split)
    return normalised.permute(0, 2, 3, 1).to(kind).contiguous(), labels


def _trial(task: Task, model: nn.Module, splits: list[tuple[Tensor, Tensor]]) -> list[float]:
    """The times at the beginning and after each epoch."""
    recipe, (x, y) = task.recipe, splits[0]
    fuse(model)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    settings = recipe.optimizer
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.lr, momentum=settings.momentum, fused=True)
    stamps = [time.monotonic()]
    for epoch in range(1, task.epochs + 1):
        optimizer.param_groups[0]["lr"] = settings.lr * recipe.schedule.factor(epoch, recipe.epochs)
        model.train()
        for batch in torch.split(torch.randperm(len(y)), recipe.batch_size):
            loss = cross_entropy(_forward(task, model, x.index_select(0, batch)), y[batch])
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimizer.step()
            optimizer.zero_grad()
        model.eval()
        with torch.inference_mode():
            for pictures, labels in splits:
                _evaluate(task, model, pictures, labels)
        stamps.append(time.monotonic())
    return stamps


def _evaluate(task: Task, model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Loss and accuracy of a split."""
    logits = torch.cat([_forward(task, model, part) for part in torch.split(x, _EVALUATION_BATCH)])
    return cross_entropy(logits, y).item(), (logits.argmax(dim=1) == y).float().mean().item()


def _forward(task: Task, model: nn.Module, x: Tensor) -> Tensor:
    """Logits, float32 (batch, classes), of prepared pictures (batch, height, width, channels)."""
    with torch.autocast("cpu", torch.bfloat16, enabled=task.precision == "bf16"):
        logits: Tensor = model(x.permute(0, 3, 1, 2))  # (batch, channels, height, width), channels last
    return logits.float()


if __name__ == "__main__":
    serve(train)
