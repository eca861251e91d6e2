"""PyTorch Lightning's Trainer over the dataset of the plain script, with nothing switched on that costs time."""

from __future__ import annotations

import time
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.per_picture import PerPicture, loaders
from benchmarks.task import Answer, Task, serve
from lossbench.spec import Recipe

__all__ = ["train"]


class _Module(pl.LightningModule):
    """The model, its loss, and both splits as validation data."""

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.model, self.recipe = model, recipe

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        return cross_entropy(self.model(x), y)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int, dataloader_idx: int) -> None:  # noqa: ARG002 - Lightning asks for them
        x, y = batch
        logits = self.model(x)
        self.log("loss", cross_entropy(logits, y))
        self.log("accuracy", (logits.argmax(dim=1) == y).float().mean())

    def configure_optimizers(self) -> Any:
        settings, schedule = self.recipe.optimizer, self.recipe.schedule
        optimizer = torch.optim.SGD(self.parameters(), lr=settings.lr, momentum=settings.momentum)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, schedule.step, schedule.gamma)]


class _Stamps(pl.Callback):
    """Notes the time at the beginning and after each epoch; the validation of an epoch lies before its end."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_start(self, *_: Any) -> None:
        self.times.append(time.monotonic())

    def on_train_epoch_end(self, *_: Any) -> None:
        self.times.append(time.monotonic())


def train(task: Task) -> Answer:
    """Trains one model with torch's default threads."""
    pictures = task.pictures()
    datasets = (PerPicture(pictures, split) for split in (pictures.train, pictures.test))
    train_loader, evaluated = loaders(task, *datasets)
    stamps = _Stamps()
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=task.epochs,
        callbacks=[stamps],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(_Module(task.network(pictures), task.recipe), train_loader, evaluated)
    return Answer([stamps.times])


if __name__ == "__main__":
    serve(train)
