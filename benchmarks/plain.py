"""The script that tutorials teach: a Dataset, a DataLoader, and a loop."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.per_picture import Pairs, PerPicture, loaders
from benchmarks.prepared import prepared
from benchmarks.task import Answer, Task, serve
from lossbench.data import Pictures, Split

__all__ = ["train"]


def train(task: Task) -> Answer:
    """Trains one model with torch's default threads."""
    recipe, pictures = task.recipe, task.pictures()
    train_loader, evaluated = loaders(task, *(_dataset(task, pictures, s) for s in (pictures.train, pictures.test)))
    model = task.network(pictures)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.optimizer.lr, momentum=recipe.optimizer.momentum)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, recipe.schedule.step, recipe.schedule.gamma)
    stamps = [time.monotonic()]
    for _ in range(task.epochs):
        model.train()
        running_loss = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        scheduler.step()
        for loader in evaluated:
            _evaluate(model, criterion, loader)
        stamps.append(time.monotonic())
    return Answer([stamps])


def _dataset(task: Task, pictures: Pictures, split: Split) -> Pairs:
    return TensorDataset(*prepared(pictures, split)) if task.prepared else PerPicture(pictures, split)


def _evaluate(model: nn.Module, criterion: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> tuple[float, float]:
    """Loss and accuracy of a split."""
    model.eval()
    loss, correct, n = 0.0, 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += criterion(logits, y).item() * len(y)
            correct += (logits.argmax(dim=1) == y).sum().item()
            n += len(y)
    return loss / n, correct / n


if __name__ == "__main__":
    serve(train)
