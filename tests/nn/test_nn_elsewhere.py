"""The modules where other people's training loops expect a loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import lossbench.nn as losses
from lossbench.rng import torch_generator

NUMBER = 3
WHY = "the development extra brings it"


def data() -> tuple[Tensor, Tensor]:
    """Three clouds of forty points each."""
    target = torch.arange(120) % NUMBER
    points = 3.0 * nn.functional.one_hot(target, 4).float()
    return points + torch.randn(120, 4, generator=torch_generator(0, "clouds")), target


@pytest.fixture(autouse=True)
def _torchs_own_numbers() -> Iterator[None]:
    """Weights are drawn by the others from torch's own generator, which other tests shall not see moved."""
    with torch.random.fork_rng():
        torch.set_rng_state(torch_generator(0, "weights").get_state())
        yield


def test_a_plain_loop_learns_with_it() -> None:
    points, target = data()
    model = nn.Linear(4, NUMBER)
    criterion = losses.GCELoss(q=0.7)
    optimizer = torch.optim.SGD([*model.parameters(), *criterion.parameters()], lr=0.5)
    before = criterion(model(points), target).item()
    for _ in range(30):
        optimizer.zero_grad()
        criterion(model(points), target).backward()
        optimizer.step()
    assert criterion(model(points), target).item() < 0.5 * before


@pytest.mark.filterwarnings("ignore::Warning")  # of the trainer's own: workers, loggers, what it imports
def test_a_lightning_step(tmp_path: Any) -> None:
    lightning = pytest.importorskip("pytorch_lightning", reason=WHY)

    class Classifier(lightning.LightningModule):  # type: ignore[name-defined,misc]  # imported where it is installed
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Linear(4, NUMBER)
            self.criterion = losses.LDAMDRWLoss(class_counts=[40, 40, 40], scale=5.0)
            self.seen: list[float] = []

        def training_step(self, batch: list[Tensor], _: int) -> Tensor:
            points, target = batch
            self.criterion.progress = self.global_step / self.trainer.estimated_stepping_batches
            loss: Tensor = self.criterion(self.model(points), target)
            self.log("loss", loss)
            self.seen.append(float(loss.detach()))
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.2)

    classifier = Classifier()
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(classifier, DataLoader(TensorDataset(*data()), batch_size=40))
    assert len(classifier.seen) == 12
    assert classifier.seen[-1] < 0.5 * classifier.seen[0]
    assert classifier.criterion.progress == pytest.approx(11 / 12)
    assert "criterion.class_counts" in classifier.state_dict()


@pytest.mark.filterwarnings("ignore::Warning")  # of skorch and what it imports
def test_a_skorch_classifier() -> None:
    skorch = pytest.importorskip("skorch", reason=WHY)
    points, target = (part.numpy() for part in data())
    net = skorch.NeuralNetClassifier(
        nn.Linear,
        module__in_features=4,
        module__out_features=NUMBER,
        criterion=losses.FocalLoss,
        criterion__gamma=2.0,
        predict_nonlinearity=nn.Softmax(dim=-1),
        max_epochs=15,
        lr=0.5,
        verbose=0,
    )
    net.fit(points, target)
    assert repr(net.criterion_) == "FocalLoss(gamma=2.0, alpha=None, detach=False, reduction='mean')"
    assert net.score(points, target) > 0.9
    assert net.predict_proba(points).sum(axis=1) == pytest.approx(1, abs=1e-5)
    net.set_params(criterion__gamma=0.5)
    assert net.initialize().criterion_.gamma == 0.5
