"""A stack computes what its trials compute alone: in float64 to the last digits, whatever its other lanes are."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lossbench.data import Pictures, Split
from lossbench.losses import CATALOGUE
from lossbench.run import one_thread
from lossbench.spec import Crop, Cutout, Flip, Optimizer, Schedule, Trial
from lossbench.train import Clock, Epoch, Snapshot, classifier, train
from lossbench.train.stack import Form, UnstackableError, train_stack
from makers import made_pictures, made_trial

PICTURES = made_pictures()
LOSS_NAMES = tuple(CATALOGUE)
MODELS = """
import random
import numpy
import torch
from torch import nn

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2, padding=(1, 2))
        self.grouped = nn.Conv2d(4, 6, 3, groups=2, bias=False)
        self.norm = nn.GroupNorm(2, 6)
        self.frozen = nn.Conv2d(6, 5, 1)
        self.frozen.requires_grad_(False)
        self.last = nn.Linear(5, 3, bias=False)
    def forward(self, x):
        x = torch.relu(self.norm(self.grouped(self.first(x))))
        return self.last(self.frozen(x).mean(dim=(2, 3)))

class Drops(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat, self.drop, self.layer = nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3)
    def forward(self, x):
        return self.layer(self.drop(self.flat(x)))

class Mixes(Drops):
    def __init__(self):
        super().__init__()
        self.drop = nn.Identity()
    def forward(self, x):
        return self.layer(self.flat(x)) - x.mean()

class Draws(Mixes):
    def forward(self, x):
        return self.layer(self.flat(x)) * torch.rand(())

class Idle(Mixes):
    def __init__(self):
        super().__init__()
        self.idle = nn.Linear(3, 3)
    def forward(self, x):
        return self.layer(self.flat(x))

class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.norm.register_buffer("passing", torch.ones(4), persistent=False)
        self.last = nn.Linear(4, 3)
    def forward(self, x):
        return self.last(torch.relu(self.norm(self.first(x)) * self.norm.passing[:, None, None]).mean(dim=(2, 3)))

class Seldom(Mixes):
    def forward(self, x):
        y = self.flat(x)
        return self.layer(torch.where(torch.rand(()) < 1e-6, 0.0, y) if self.training else y)

class Shuffles(Mixes):
    def forward(self, x):
        random.random(), numpy.random.rand()
        return self.layer(self.flat(x))

class Guards(Mixes):
    def forward(self, x):
        y = self.layer(self.flat(x))
        return y if torch.isfinite(y).all() else torch.zeros_like(y) + y.nan_to_num() * 0.5

class Twice(Mixes):
    def __init__(self):
        super().__init__()
        self.again = self.layer

class Narrow(Mixes):
    def forward(self, x):
        return self.layer(x.reshape(-1, 64))

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(64, 3))
    def forward(self, x):
        return x.flatten(1) @ self.weight

def _maker(kind):
    def make(num_classes, in_channels):
        return kind()
    return make

odd, drops, mixes, draws, twice, narrow, own = map(_maker, (Odd, Drops, Mixes, Draws, Twice, Narrow, Own))
idle, counts = map(_maker, (Idle, Counts))
seldom, shuffles, guards = map(_maker, (Seldom, Shuffles, Guards))
"""


def model_of(name: str) -> str:
    return f"mine_for_stacks:{name.lower()}"


@pytest.fixture(autouse=True)
def _own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "mine_for_stacks.py").write_text(MODELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("mine_for_stacks", None)


def vectors() -> Pictures:
    given = made_pictures()
    train, test = (
        Split(split.pictures.reshape(len(split), -1).astype(np.float32), split.labels)
        for split in (given.train, given.test)
    )
    return Pictures("vectors", train, test, given.class_names, given.digest)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture
def float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both engines in float64: models, inputs and logits."""
    build = classifier.build_classifier

    def wide(*args: Any, **options: Any) -> torch.nn.Module:
        return build(*args, **options).double()

    from lossbench.native import normalise

    monkeypatch.setattr(classifier, "normalise", lambda *given: normalise(*given[:4]).double())
    for module in ("train.state", "train.stack.state"):
        monkeypatch.setattr(f"lossbench.{module}.build_classifier", wide)
        monkeypatch.setattr(f"lossbench.{module}.input_type", lambda recipe: torch.float64)
    for module in ("train.classifier", "train.stack.layers", "train.stack.model"):
        monkeypatch.setattr(f"lossbench.{module}.widened", Tensor.double)


def together(
    trials: list[Trial], pictures: Pictures = PICTURES, resume_from: tuple[Snapshot | None, ...] = (), **options: Any
) -> list[list[Epoch]]:
    """The epochs of each trial of a stack, each with its snapshot taken at once."""
    epochs: list[list[Epoch]] = [[] for _ in trials]
    for place, epoch in train_stack(trials, pictures, resume_from, **options):
        assert isinstance(epoch, Epoch), epoch
        epochs[place].append(kept(epoch))
    return epochs


def kept(epoch: Epoch) -> Epoch:
    taken = epoch.snapshot()
    return replace(epoch, snapshot=lambda: taken)


def alone(trial: Trial, pictures: Pictures = PICTURES) -> list[Epoch]:
    return [kept(epoch) for epoch in train(trial, pictures)]


def assert_same(ours: list[Epoch], theirs: list[Epoch], tolerance: float = 1e-9) -> None:
    """Every number of every epoch, and the last weights."""
    assert [epoch.number for epoch in ours] == [epoch.number for epoch in theirs]
    close: dict[str, Any] = {"rtol": tolerance, "atol": tolerance}
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.loss, other.loss, **close)
        np.testing.assert_allclose(one.gradient_norm, other.gradient_norm, **close)
        assert one.diverged == other.diverged
        assert (one.cross_entropy is None) == (other.cross_entropy is None)
        np.testing.assert_allclose(one.cross_entropy or (), other.cross_entropy or (), **close)
        assert one.evaluations.keys() == other.evaluations.keys()
        for split, evaluation in one.evaluations.items():
            np.testing.assert_allclose(evaluation.loss, other.evaluations[split].loss, **close)
            np.testing.assert_allclose(evaluation.nll, other.evaluations[split].nll, **close)
            np.testing.assert_array_equal(evaluation.counts, other.evaluations[split].counts)
        assert one.counts.keys() == other.counts.keys()
        for split, counts in one.counts.items():
            np.testing.assert_array_equal(counts, other.counts[split])
        for split, logits in one.logits.items():
            np.testing.assert_allclose(logits, other.logits[split], **close)
    weights = {name: value for name, value in theirs[-1].snapshot().tensors.items() if name.startswith("model.")}
    assert weights
    found = ours[-1].snapshot().tensors
    for name, value in weights.items():
        torch.testing.assert_close(found[name], value, rtol=tolerance, atol=tolerance, msg=name)


def assert_equal(ours: list[Epoch], theirs: list[Epoch]) -> None:
    """To the bit."""
    assert_same(ours, theirs, tolerance=0)
    for one, other in zip(ours, theirs, strict=True):
        assert one.snapshot().tensors.keys() == other.snapshot().tensors.keys()
        for name, value in one.snapshot().tensors.items():
            assert torch.equal(value, other.snapshot().tensors[name]), name


LOSSES = ("cross_entropy", "focal(gamma=0.5)", "l1", "focal(gamma=2)")


@pytest.mark.usefixtures("float64")
class TestInFloat64:
    @pytest.mark.parametrize("model", ["mlp", "cnn", "cnn8", "resnet20"])
    def test_each_lane_is_trained_as_it_is_alone(self, model: str) -> None:
        trials = [made_trial(loss, seed, model=model, epochs=2) for seed, loss in zip((1, 2, 1), LOSSES, strict=False)]
        for trial, epochs in zip(trials, together(trials), strict=True):
            assert_same(epochs, alone(trial))

    def test_lenet5(self) -> None:
        pictures = made_pictures(size=12)
        trials = [made_trial(loss, seed, model="lenet5") for seed, loss in enumerate(LOSSES)]
        for trial, epochs in zip(trials, together(trials, pictures), strict=True):
            assert_same(epochs, alone(trial, pictures))

    def test_feature_vectors(self) -> None:
        pictures = vectors()
        trials = [made_trial(loss, seed, model="mlp") for seed, loss in enumerate(LOSSES)]
        for trial, epochs in zip(trials, together(trials, pictures), strict=True):
            assert_same(epochs, alone(trial, pictures))

    @pytest.mark.parametrize("form", ["grouped", "gathered"])
    def test_both_forms_of_a_convolution(self, form: Form) -> None:
        trials = [made_trial(loss, seed, model=model_of("Odd"), epochs=2) for seed, loss in enumerate(LOSSES)]
        for trial, epochs in zip(trials, together(trials, form=form), strict=True):
            assert_same(epochs, alone(trial))

    @pytest.mark.parametrize(
        "optimizer",
        [
            Optimizer(momentum=0),
            Optimizer(momentum=0.9, nesterov=True, weight_decay=0.01),
            Optimizer(name="adam", weight_decay=0.01),
            Optimizer(name="adamw", weight_decay=0.1, betas=(0.8, 0.99)),
        ],
        ids=["sgd", "nesterov", "adam", "adamw"],
    )
    def test_every_optimizer_with_a_learning_rate_for_each_lane(self, optimizer: Optimizer) -> None:
        rates = [optimizer.model_copy(update={"lr": optimizer.lr * share}) for share in (1, 0.3, 0.01)]
        schedules = [Schedule(), Schedule(name="cosine"), Schedule(step=1, gamma=0.1)]
        trials = [
            made_trial(loss, 1, optimizer=rate, schedule=schedule, clip=0.5)
            for loss, rate, schedule in zip(LOSSES, rates, schedules, strict=False)
        ]
        for trial, epochs in zip(trials, together(trials), strict=True):
            assert_same(epochs, alone(trial))

    def test_augmentation_mixup_and_a_last_batch_that_is_smaller(self) -> None:
        steps = (Crop(padding=1), Flip(), Cutout(side=3))
        trials = [made_trial(loss, seed, augmentation=steps, batch_size=13) for seed, loss in enumerate(LOSSES)]
        mixed = [
            made_trial(loss, seed, augmentation=steps, mixup=0.4) for seed, loss in enumerate(("mae", "cross_entropy"))
        ]
        for some in (trials, mixed):
            for trial, epochs in zip(some, together(some), strict=True):
                assert_same(epochs, alone(trial))

    @pytest.mark.parametrize("metrics", ["full", "running"])
    def test_wrong_labels_a_validation_split_and_few_pictures(self, metrics: str) -> None:
        text = "noise(symmetric, 0.4) + train_size(0.5)"
        trials = [
            made_trial(loss, seed, scenario=text, validation=0.25, train_metrics=metrics, eval_interval=2)
            for seed, loss in enumerate(LOSSES)
        ]
        for trial, epochs in zip(trials, together(trials), strict=True):
            assert_same(epochs, alone(trial))

    def test_lanes_of_unequal_length_leave_when_they_are_done(self) -> None:
        trials = [made_trial(loss, seed, epochs=seed) for seed, loss in zip((1, 4, 2), LOSSES, strict=False)]
        for trial, epochs in zip(trials, together(trials), strict=True):
            assert len(epochs) == trial.recipe.epochs + 1
            assert_same(epochs, alone(trial))

    def test_a_lane_that_diverges_disturbs_none(self) -> None:
        trials = [made_trial("cross_entropy", 1), made_trial("mse", 2, lr=1e200), made_trial("focal(gamma=2)", 3)]
        lanes = together(trials)
        assert lanes[1][-1].diverged
        assert len(lanes[1]) < len(lanes[0])
        for trial, epochs in zip(trials, lanes, strict=True):
            if trial is not trials[1]:
                assert_same(epochs, alone(trial))

    def test_a_stack_that_is_resumed_at_other_epochs_goes_on_as_it_would_have(self) -> None:
        trials = [made_trial(loss, seed, epochs=4) for seed, loss in enumerate(LOSSES[:3])]
        whole = together(trials)
        snapshots = (whole[0][3].snapshot(), None, whole[2][1].snapshot())
        again = together(trials, resume_from=snapshots)
        assert [epochs[0].number for epochs in again] == [4, 0, 2]
        for epochs, before in zip(again, whole, strict=True):
            assert_same(epochs, before[-len(epochs) :])

    @pytest.mark.parametrize("loss", sorted(set(LOSS_NAMES) - {"cross_entropy"}))
    def test_every_loss_of_the_catalogue(self, loss: str) -> None:
        trials = [made_trial(loss, 1, model="mlp", epochs=2), made_trial(loss, 2, model="mlp", epochs=2)]
        for trial, epochs in zip(trials, together([*trials, made_trial(model="mlp", epochs=2)]), strict=False):
            assert_same(epochs, alone(trial), tolerance=1e-7)


class TestToTheBit:
    def test_a_lane_gives_the_same_bits_whatever_the_others_are(self) -> None:
        one = made_trial("focal(gamma=0.5)", 1)
        others = [made_trial(loss, seed) for seed in (1, 2) for loss in ("l1", "cross_entropy", "focal(gamma=0.5)")]
        lonely = together([one])[0]
        for company in ([others[0], one], [*others[1:3], one, others[4]], [one, *others[:2], *others[3:]]):
            assert_equal(together(company)[company.index(one)], lonely)

    def test_a_lane_goes_on_with_the_same_bits_when_others_leave_or_it_is_resumed(self) -> None:
        one = made_trial("focal(gamma=2)", 1, epochs=4)
        whole = together([one])[0]
        short = made_trial("cross_entropy", 2, epochs=1)
        assert_equal(together([short, one])[1], whole)
        assert_equal(together([one], resume_from=(whole[2].snapshot(),))[0], whole[3:])

    def test_bfloat16_stays_near_float32(self) -> None:
        trials = [made_trial(loss, 1, precision="bf16", epochs=1) for loss in ("cross_entropy", "focal(gamma=2)")]
        for trial, epochs in zip(trials, together(trials), strict=True):
            assert epochs[1].logits["test"].dtype == np.float32
            np.testing.assert_allclose(epochs[1].loss, alone(trial)[1].loss, rtol=0.02)


class TestOwnCode:
    @pytest.mark.usefixtures("float64")
    def test_a_loss_that_draws_draws_what_it_draws_alone(self) -> None:
        import lossbench

        def jittered(logits: Tensor, target: Tensor) -> Tensor:
            return torch.nn.functional.cross_entropy(
                logits + 0.1 * torch.rand(len(logits), 1), target, reduction="none"
            ) * torch.rand(())

        own = lossbench.Study(losses=[jittered]).losses[0].loss
        trials = [replace(made_trial(seed=seed, model="mlp"), loss=own) for seed in (1, 2)]
        for trial, epochs in zip(trials, together([*trials, made_trial(model="mlp")]), strict=False):
            assert_same(epochs, alone(trial))

    @pytest.mark.usefixtures("float64")
    def test_what_a_model_leaves_out_of_its_state_is_kept_apart(self) -> None:
        trials = [made_trial(seed=seed, model=model_of("Counts"), epochs=2) for seed in (1, 2)]
        whole = together(trials)
        for trial, epochs in zip(trials, whole, strict=True):
            assert_same(epochs, alone(trial))
            snapshot = epochs[-1].snapshot().tensors
            assert "buffer.norm.passing" in snapshot
            assert "model.norm.passing" not in snapshot
        resumed = together(trials, resume_from=tuple(epochs[1].snapshot() for epochs in whole))
        assert_equal(resumed[1], whole[1][2:])

    def test_a_loss_that_remembers_is_called_as_often_as_alone(self) -> None:
        import lossbench

        calls: list[int] = []

        def remembers(logits: Tensor, target: Tensor) -> Tensor:
            calls.append(len(target))
            return torch.nn.functional.cross_entropy(logits, target, reduction="none")

        trial = replace(made_trial(), loss=lossbench.Study(losses=[remembers]).losses[0].loss)
        alone(trial)
        before, calls[:] = list(calls), []
        together([trial])
        assert calls == before

    def test_a_loss_that_raises_ends_its_lane_alone(self) -> None:
        import lossbench

        calls: list[int] = []

        def breaks(logits: Tensor, target: Tensor) -> Tensor:
            calls.append(len(target))
            if len(calls) > 8:
                raise RuntimeError("a loss of mine broke")
            return torch.nn.functional.cross_entropy(logits, target)

        own = lossbench.Study(losses=[breaks]).losses[0].loss
        trials = [made_trial("l1", 2), replace(made_trial(), loss=own), made_trial("focal(gamma=2)", 3)]
        told: list[list[Any]] = [[], [], []]
        for place, epoch in train_stack(trials, PICTURES):
            told[place].append(epoch)
        assert str(told[1][-1]) == "a loss of mine broke"
        assert len(told[1]) < len(told[0]) == len(told[2]) == 4
        lonely = together([trials[0]])[0]
        np.testing.assert_array_equal(told[0][-1].logits["test"], lonely[-1].logits["test"])

    def test_a_loss_that_raises_when_its_lane_is_resumed_ends_it_with_a_word(self) -> None:
        import lossbench

        whole = True

        def breaks(logits: Tensor, target: Tensor) -> Tensor:
            if not whole and len(target) == 16:  # a batch, not what it is tried on before
                raise FileNotFoundError("weights.npy")
            return torch.nn.functional.cross_entropy(logits, target)

        own = replace(made_trial(), loss=lossbench.Study(losses=[breaks]).losses[0].loss)
        snapshot = together([own])[0][1].snapshot()
        whole = False
        told = list(train_stack([own, made_trial("l1", 2)], PICTURES, (snapshot, None)))
        assert [str(epoch) for place, epoch in told if place == 0] == ["weights.npy"]
        assert sum(place == 1 for place, _ in told) == 4

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("Drops", "no stack has a layer of type Dropout"),
            ("Mixes", "its outputs in a stack are not what it has alone"),
            ("Draws", "it draws, which lanes would do in each other's place"),
            ("Seldom", "it draws, which lanes would do in each other's place"),
            ("Shuffles", "it draws, which lanes would do in each other's place"),
            ("Guards", "its outputs beside a lane that has diverged in a stack are not what it has alone"),
            ("Own", "no stack has a layer of type Own"),
            ("Idle", "a parameter of it gets no gradient"),
            ("Twice", "a layer or a parameter of it stands in two places"),
            ("Narrow", "it raised in a stack: RuntimeError"),
        ],
    )
    def test_a_model_that_would_mix_lanes_is_refused(self, name: str, reason: str) -> None:
        trial = made_trial(model=model_of(name))
        with pytest.raises(UnstackableError, match=re.escape(reason)):
            next(train_stack([trial], PICTURES))

    def test_lanes_with_splits_of_other_lengths_are_refused(self) -> None:
        trials = [made_trial(), made_trial(scenario="train_size(0.5)")]
        with pytest.raises(ValueError, match="splits of the same lengths"):
            next(train_stack(trials, PICTURES))


def test_the_clocks_share_the_time() -> None:
    clocks = [Clock(), Clock()]
    list(train_stack([made_trial(epochs=1), made_trial("l1", epochs=3)], PICTURES, clocks=clocks))
    assert 0 < clocks[0].seconds["backward"] < clocks[1].seconds["backward"]
    assert set(clocks[1].seconds) >= {"starting", "data", "forward", "loss", "backward", "step", "evaluation"}


def test_what_is_done_with_an_epoch_is_not_the_stacks_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("lossbench.train.clock.time.perf_counter", lambda: now[0])
    clocks = [Clock(), Clock()]
    for _ in train_stack([made_trial(epochs=2), made_trial("l1", epochs=3)], PICTURES, clocks=clocks):
        now[0] += 1.0  # whoever keeps it takes a second
    assert sum(sum(clock.seconds.values()) for clock in clocks) == 0
