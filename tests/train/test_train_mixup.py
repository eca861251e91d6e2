"""Mixup within training: the same for every loss at a seed, held against its formula, off where pictures are judged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE
from lossbench.models import build
from lossbench.resolve import resolve
from lossbench.rng import stream
from lossbench.run import one_thread
from lossbench.spec import Recipe, Schedule, Study
from lossbench.train import train
from lossbench.train.batches import Batch, Batches
from lossbench.train.mixup import Mix, draw_mixes
from lossbench.train.state import State
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def batches(loss: str = "cross_entropy", seed: int = 1, number: int = 1) -> list[Batch]:
    trial = made_trial(loss, seed, mixup=0.4)
    state = State.start(trial, PICTURES, CPU)
    return list(Batches.of(trial, state.splits["train"], number, state.fill))


def mixes(loss: str = "cross_entropy", seed: int = 1, number: int = 1) -> list[tuple[float, list[int]]]:
    found = [batch.mix for batch in batches(loss, seed, number)]
    return [(mix.share, mix.partners.tolist()) for mix in found if mix]


class TestWhatIsDrawn:
    def test_every_batch_has_a_share_and_an_order_of_its_own(self) -> None:
        drawn = mixes()
        assert [sorted(partners) for _, partners in drawn] == [list(range(n)) for n in (16, 16, 16, 12)]
        assert len({share for share, _ in drawn}) == 4
        assert drawn[0][1] != drawn[1][1]

    def test_it_is_the_seeds_and_the_epochs_alone(self) -> None:
        first = mixes()
        assert mixes(loss="mae") == first
        assert mixes(seed=2) != first
        assert mixes(number=2) != first

    @pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
    def test_shares_are_of_the_beta_distribution(self, alpha: float) -> None:
        shares = [mix.share for mix in draw_mixes(alpha, [2] * 2000, stream(1, "mixup", 1), CPU)]
        assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01
        assert all(0 <= share <= 1 for share in shares)

    def test_order_and_augmentation_are_those_without_it(self) -> None:
        trial = made_trial()
        state = State.start(trial, PICTURES, CPU)
        plain = list(Batches.of(trial, state.splits["train"], 1, state.fill))
        assert all(torch.equal(a.chosen, b.chosen) for a, b in zip(plain, batches(), strict=True))
        assert not any(batch.mix for batch in plain)


class TestHowItIsMixed:
    def test_pictures_and_labels_by_hand(self) -> None:
        mix = Mix(0.25, torch.tensor([2, 0, 1]))
        inputs = torch.tensor([1.0, 2.0, 4.0])[:, None, None, None].expand(3, 2, 5, 5)
        mixed = mix.pictures(inputs.contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(mixed[:, 0, 0, 0], torch.tensor([0.25 + 3.0, 0.5 + 0.75, 1.0 + 1.5]))
        assert mixed.is_contiguous(memory_format=torch.channels_last)
        expected = torch.tensor([[0.25, 0.0, 0.75], [0.75, 0.25, 0.0], [0.0, 0.75, 0.25]])
        torch.testing.assert_close(mix.target(torch.tensor([0, 1, 2]), 3), expected)

    def test_targets_are_probabilities_in_float32(self) -> None:
        target = Mix(0.3, torch.randperm(50)).target(torch.arange(50) % 7, 10)
        assert target.dtype == torch.float32
        torch.testing.assert_close(target.sum(dim=1), torch.ones(50))
        assert bool((target[:, 7:] == 0).all())

    def test_pictures_stay_in_bfloat16(self) -> None:
        inputs = torch.rand(6, 3, 4, 4).bfloat16()
        assert Mix(0.3, torch.randperm(6)).pictures(inputs).dtype == torch.bfloat16


class TestTraining:
    def test_three_epochs_agree_with_the_papers_form_of_the_loss_in_float64(self) -> None:
        """Of cross entropy it is the sum of two losses in shares, as the authors' code has it."""
        trial = made_trial(model="mlp", lr=0.02, mixup=0.4, schedule=Schedule(name="constant"))
        model = build("mlp", CLASSES, 1, (8, 8), 1).double().train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
        x = torch.from_numpy(PICTURES.train.pictures).double().permute(0, 3, 1, 2) / 255
        x = (x - x.mean()) / x.std(correction=0)
        y = torch.from_numpy(PICTURES.train.labels)
        means = []
        for epoch in (1, 2, 3):
            total = 0.0
            rows = torch.split(torch.from_numpy(stream(1, "order", epoch).permutation(60)), 16)
            for part, (share, partners) in zip(rows, mixes(number=epoch), strict=True):
                a, b = part, part[partners]
                logits = model(share * x[a] + (1 - share) * x[b])
                cross_entropy = nn.functional.cross_entropy
                loss = share * cross_entropy(logits, y[a]) + (1 - share) * cross_entropy(logits, y[b])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                total += loss.item() * len(part)
            means.append(total / 60)
        assert [epoch.loss for epoch in list(train(trial, PICTURES))[1:]] == pytest.approx(means, rel=1e-4)

    def test_the_first_look_is_not_mixed(self) -> None:
        plain, mixed = (next(iter(train(made_trial(mixup=alpha), PICTURES))) for alpha in (None, 1.0))
        assert (mixed.loss, mixed.gradient_norm) == (plain.loss, plain.gradient_norm)

    def test_evaluation_is_of_pictures_as_they_are(self) -> None:
        epoch = list(train(made_trial(mixup=1.0), PICTURES))[-1]
        logits = torch.from_numpy(epoch.logits["test"])
        labels = torch.from_numpy(PICTURES.test.labels)
        expected = nn.functional.cross_entropy(logits, labels).item()
        assert epoch.evaluations["test"].loss == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("loss", [name for name, e in CATALOGUE.items() if e.card.properties.soft_targets])
    def test_every_loss_that_takes_class_probabilities_is_trained(self, loss: str) -> None:
        epochs = list(train(made_trial(loss, model="mlp", mixup=0.4, epochs=2, lr=0.01), PICTURES))
        assert not epochs[-1].diverged
        assert np.isfinite([epoch.loss for epoch in epochs]).all()

    def test_a_non_finite_loss_still_ends_the_trial(self) -> None:
        epochs = list(train(made_trial("mae", lr=1e38, epochs=8, mixup=0.4), PICTURES))
        assert "non-finite loss or logit" in epochs[-1].diverged


def own_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(logits, target, reduction="none")


class TestWhatIsRefused:
    @pytest.mark.parametrize("loss", ["focal(gamma=2)", "gce(q=0.7)"])
    def test_a_loss_without_a_meaning_for_class_probabilities(self, loss: str) -> None:
        study = Study(data="made", losses=["cross_entropy", loss], recipe={"mixup": 0.2})
        with pytest.raises(RequestError) as error:
            resolve(study, PICTURES)
        sentence = str(error.value)
        assert sentence.startswith("recipe.mixup: expected losses whose target may be class probabilities (l1, ")
        assert sentence.endswith(f"), got {loss}")
        for name, entry in CATALOGUE.items():
            assert (f" {name}," in sentence or f"({name}," in sentence or f" {name})" in sentence) == (
                entry.card.properties.soft_targets
            )

    def test_a_loss_of_ones_own_is_asked_for_class_indices_alone(self) -> None:
        study = Study(data="made", losses=[own_loss], recipe={"mixup": 0.2})
        with pytest.raises(RequestError, match=r"recipe\.mixup: expected losses .* got \S*own_loss"):
            resolve(study, PICTURES)

    def test_those_that_can_are_resolved(self) -> None:
        fitting = [name for name, entry in CATALOGUE.items() if entry.card.properties.soft_targets]
        study = Study(data="made", losses=fitting, seeds=1, recipe={"mixup": 0.2})
        trials = resolve(study, PICTURES).trials.values()
        assert set(chain.from_iterable(trial.canonical()["recipe"] for trial in trials)) >= {"mixup"}

    def test_metrics_of_mixed_pictures(self) -> None:
        with pytest.raises(RequestError) as error:
            Recipe(mixup=0.2, train_metrics="running")
        allowed = "full beside mixup, whose training passes see no picture as it is"
        assert str(error.value) == f"recipe.train_metrics: expected {allowed}, got running"
