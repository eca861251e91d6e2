"""The loop: what it computes, that it is paired, and that the same trial gives the same bits."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lossbench.data import Pictures
from lossbench.metrics import evaluate, log_softmax
from lossbench.models import build
from lossbench.native import library
from lossbench.native.layers import NativeBatchNorm2d
from lossbench.rng import stream
from lossbench.run import one_thread
from lossbench.spec import Trial
from lossbench.train import Epoch, Snapshot, splits_of, train
from lossbench.train.state import State
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def run(trial: Trial, pictures: Pictures = PICTURES, resume_from: Snapshot | None = None) -> list[Epoch]:
    return list(train(trial, pictures, resume_from))


def last_logits(epochs: list[Epoch]) -> np.ndarray:
    return epochs[-1].logits["test"]


def plain_training(trial: Trial) -> tuple[nn.Module, list[float]]:
    """The same training, written down independently and plainly, in float64: model and mean loss per epoch."""
    recipe = trial.recipe
    model = build(recipe.model, CLASSES, 1, (8, 8), trial.seed).double().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.optimizer.lr, momentum=recipe.optimizer.momentum)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, recipe.schedule.step, recipe.schedule.gamma)
    x = torch.from_numpy(PICTURES.train.pictures).double().permute(0, 3, 1, 2) / 255
    x = (x - x.mean()) / x.std(correction=0)
    y = torch.from_numpy(PICTURES.train.labels)
    means = []
    for epoch in range(1, recipe.epochs + 1):
        total = 0.0
        order = stream(trial.seed, "order", epoch).permutation(len(y))
        for start in range(0, len(y), recipe.batch_size):
            rows = torch.from_numpy(order[start : start + recipe.batch_size])
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimizer.step()
            total += loss.item() * len(rows)
        scheduler.step()
        means.append(total / len(y))
    return model, means


class TestAgainstAPlainLoop:
    def test_three_epochs_agree_with_plain_training_in_float64(self) -> None:
        trial = made_trial(lr=0.02, schedule=made_trial().recipe.schedule.model_copy(update={"step": 2}))
        epochs = run(trial)
        model, means = plain_training(trial)
        assert [epoch.loss for epoch in epochs[1:]] == pytest.approx(means, rel=1e-4)
        state = {name: value.double() for name, value in epochs[-1].snapshot().tensors.items()}
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(state[f"model.{name}"], parameter.detach(), rtol=2e-3, atol=2e-4)

    def test_every_split_is_evaluated_whole_in_evaluation_mode(self) -> None:
        epochs = run(made_trial())
        snapshot = epochs[-1].snapshot()
        model = build("cnn", CLASSES, 1, (8, 8), 1)
        model.load_state_dict(
            {k.removeprefix("model."): v for k, v in snapshot.tensors.items() if k.startswith("model.")}
        )
        mean, std = PICTURES.normalisation()
        x = (torch.from_numpy(PICTURES.test.pictures).permute(0, 3, 1, 2) / 255 - mean[0]) / std[0]
        with torch.no_grad():
            logits = model.eval()(x.float())
        np.testing.assert_allclose(last_logits(epochs), logits.numpy(), rtol=1e-4, atol=1e-5)
        losses = nn.functional.cross_entropy(logits, torch.from_numpy(PICTURES.test.labels), reduction="none")
        expected = evaluate(logits.numpy(), PICTURES.test.labels, losses.numpy())
        assert epochs[-1].evaluations["test"].loss == pytest.approx(expected.loss, rel=1e-4)
        np.testing.assert_array_equal(epochs[-1].evaluations["test"].counts, expected.counts)
        assert epochs[-1].evaluations["train"].counts.sum() == len(PICTURES.train)

    def test_the_first_look_is_the_gradient_at_the_first_weights_on_the_first_batch(self) -> None:
        trial = made_trial()
        first = run(trial)[0]
        model = build("cnn", CLASSES, 1, (8, 8), 1).train()
        rows = torch.from_numpy(stream(1, "order", 1).permutation(60)[:16])
        mean, std = PICTURES.normalisation()
        x = ((torch.from_numpy(PICTURES.train.pictures)[rows].permute(0, 3, 1, 2) / 255 - mean[0]) / std[0]).float()
        loss = nn.functional.cross_entropy(model(x), torch.from_numpy(PICTURES.train.labels)[rows])
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        norm = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()
        assert first.number == 0
        assert first.loss == pytest.approx(loss.item(), rel=1e-5)
        assert first.gradient_norm == pytest.approx(float(norm), rel=1e-4)


class TestSameBits:
    def test_the_same_trial_gives_the_same_bits(self) -> None:
        np.testing.assert_array_equal(last_logits(run(made_trial())), last_logits(run(made_trial())))

    def test_another_seed_gives_others(self) -> None:
        assert not np.array_equal(last_logits(run(made_trial())), last_logits(run(made_trial(seed=2))))

    @pytest.mark.parametrize("model", ["cnn", "mlp", "resnet20"])
    def test_a_resumed_trial_gives_the_bits_of_an_uninterrupted_one(self, model: str) -> None:
        trial = made_trial(model=model, validation=0.2)
        whole = run(trial)
        snapshots = [epoch.snapshot() for epoch in train(trial, PICTURES)]
        resumed = run(trial, resume_from=copy.deepcopy(snapshots[1]))
        assert [epoch.number for epoch in resumed] == [2, 3]
        np.testing.assert_array_equal(last_logits(resumed), last_logits(whole))
        for name, tensor in whole[-1].snapshot().tensors.items():
            assert torch.equal(tensor, resumed[-1].snapshot().tensors[name]), name

    def test_dropout_draws_from_the_trials_stream_and_resumes(self, own_model: str) -> None:
        trial = made_trial(model=own_model)
        torch.manual_seed(5)
        before = torch.get_rng_state()
        whole = run(trial)
        assert torch.equal(torch.get_rng_state(), before), "torch's default generator was moved"
        torch.manual_seed(6)
        snapshots = [epoch.snapshot() for epoch in train(trial, PICTURES)]
        resumed = run(trial, resume_from=snapshots[2])
        np.testing.assert_array_equal(last_logits(resumed), last_logits(whole))

    @pytest.mark.parametrize("name", ["always_drops", "keeps_a_passing_buffer"])
    def test_a_users_model_gives_the_same_bits_and_resumes(self, own_models: str, name: str) -> None:
        trial = made_trial(model=f"{own_models}:{name}")
        whole = run(trial)
        torch.rand(3)  # torch's default generator stands elsewhere now
        snapshots = [epoch.snapshot() for epoch in train(trial, PICTURES)]
        resumed = run(trial, resume_from=snapshots[2])
        np.testing.assert_array_equal(last_logits(resumed), last_logits(whole))
        assert resumed[-1].loss == whole[-1].loss

    def test_a_model_may_keep_what_it_made_in_evaluation(self, own_models: str) -> None:
        assert len(run(made_trial(model=f"{own_models}:caches"))) == 4

    def test_the_first_look_leaves_no_trace(self) -> None:
        first = next(iter(train(made_trial(), PICTURES))).snapshot().tensors
        fresh = build("cnn", CLASSES, 1, (8, 8), 1).state_dict()
        assert all(torch.equal(first[f"model.{name}"], value) for name, value in fresh.items())

    def test_what_is_evaluated_changes_no_weights(self) -> None:
        every = run(made_trial())[-1].snapshot().tensors
        last = run(made_trial(eval_interval=3, train_metrics="running"))[-1].snapshot().tensors
        assert all(torch.equal(every[name], last[name]) for name in every)


OWN_MODELS = """
import torch
from torch import nn
from torch.nn.functional import dropout

class Base(nn.Module):
    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.layer = nn.Linear(64 * in_channels, num_classes)
        self.lock = __import__("threading").Lock()  # cannot be copied

class always_drops(Base):
    def forward(self, x):
        return self.layer(dropout(x.flatten(1), 0.5, training=True))

class keeps_a_passing_buffer(Base):
    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.register_buffer("seen", torch.zeros(()), persistent=False)
    def forward(self, x):
        if self.training:
            self.seen += 0.01
        return self.layer(x.flatten(1)) * (1 + self.seen)

class caches(Base):
    scale = None
    def forward(self, x):
        if self.scale is None or not self.training:
            self.scale = torch.ones(x.flatten(1).shape[1]) * 0.5
        return self.layer(x.flatten(1) * self.scale)
"""


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of users' models that are harder to repeat than most."""
    (tmp_path / "models_hard_to_repeat.py").write_text(OWN_MODELS)
    monkeypatch.syspath_prepend(tmp_path)
    return "models_hard_to_repeat"


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's model with dropout, by import path."""
    source = (
        "from torch import nn\n"
        "def net(num_classes, in_channels):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * in_channels, num_classes))\n"
    )
    (tmp_path / "net_with_dropout.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return "net_with_dropout:net"


class TestPairing:
    def test_at_one_seed_every_loss_starts_from_the_same_weights_and_meets_the_same_order(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        orders: dict[str, list[tuple[int, str, int]]] = {}
        for loss in ("l1", "cross_entropy", "focal(gamma=0.5)"):
            drawn = orders.setdefault(loss, [])

            def spied(
                seed: int, purpose: str, epoch: int = 0, drawn: list[tuple[int, str, int]] = drawn
            ) -> np.random.Generator:
                drawn.append((seed, purpose, epoch))
                return stream(seed, purpose, epoch)

            monkeypatch.setattr("lossbench.train.batches.stream", spied)
            epochs = run(made_trial(loss))
            start = next(iter(train(made_trial(loss), PICTURES))).snapshot().tensors
            reference = next(iter(train(made_trial(), PICTURES))).snapshot().tensors
            assert all(torch.equal(start[name], reference[name]) for name in reference)
            assert len(epochs) == 4
        assert orders["l1"] == orders["cross_entropy"] == orders["focal(gamma=0.5)"]
        assert {purpose for _, purpose, _ in orders["l1"]} == {"order", "augmentation"}

    def test_each_epoch_has_its_own_order(self) -> None:
        first, second = (stream(1, "order", epoch).permutation(60) for epoch in (1, 2))
        assert not np.array_equal(first, second)


class TestDetails:
    @pytest.mark.skipif(library() is None, reason="no C++ compiler: torch's own kernels are used here")
    def test_models_are_trained_with_native_layers(self) -> None:
        model = State.start(made_trial(model="cnn"), PICTURES, torch.device("cpu")).model
        assert sum(isinstance(layer, NativeBatchNorm2d) and layer.relu for layer in model.modules()) == 3

    def test_a_last_batch_of_one_is_dropped_and_a_smaller_one_kept(self) -> None:
        seventeen = made_pictures(train=17)
        sixteen_and_two = made_pictures(train=18)
        assert len(run(made_trial(train_metrics="running"), seventeen)[1].evaluations) == 2
        assert run(made_trial(train_metrics="running"), seventeen)[1].evaluations["train_running"].counts.sum() == 16
        assert (
            run(made_trial(train_metrics="running"), sixteen_and_two)[1].evaluations["train_running"].counts.sum() == 18
        )

    def test_running_metrics_come_from_the_training_passes(self) -> None:
        epoch = run(made_trial(train_metrics="running"))[1]
        assert set(epoch.evaluations) == {"train_running", "test"}
        assert epoch.evaluations["train_running"].loss == pytest.approx(epoch.loss, rel=1e-12)

    def test_the_interval_and_always_the_last_epoch_are_evaluated(self) -> None:
        epochs = run(made_trial(epochs=5, eval_interval=2))
        assert [epoch.number for epoch in epochs if epoch.evaluations] == [2, 4, 5]

    def test_a_validation_split_is_held_out_of_training_and_evaluated(self) -> None:
        epochs = run(made_trial(validation=0.25))
        assert epochs[-1].evaluations["train"].counts.sum() == 45
        assert epochs[-1].evaluations["validation"].counts.sum() == 15
        assert epochs[-1].logits["validation"].shape == (15, CLASSES)

    @pytest.mark.parametrize("loss", ["bce", "evidential", "bi_tempered", "ldam(scale=3)"])
    def test_probabilities_that_are_no_softmax_are_given_beside_the_logits(self, loss: str) -> None:
        trial = made_trial(loss, validation=0.25)
        epoch = run(trial)[-1]
        assert set(epoch.log_probabilities) == {"test", "validation"}
        log_p = epoch.log_probabilities["test"]
        assert log_p.dtype == np.float64
        np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, atol=1e-12)
        assert not np.allclose(log_p, log_softmax(epoch.logits["test"]))
        nll = -log_p[np.arange(len(log_p)), PICTURES.test.labels].mean()
        assert epoch.evaluations["test"].nll == pytest.approx(nll, rel=1e-12)

    @pytest.mark.parametrize("loss", ["cross_entropy", "l1", "focal(gamma=2)"])
    def test_softmax_is_not_given_twice(self, loss: str) -> None:
        assert run(made_trial(loss))[-1].log_probabilities == {}

    def test_the_held_out_share_is_the_seeds_own_unless_a_split_seed_is_given(self) -> None:
        scenario = made_trial(validation=0.25).scenario
        ones, twos = (splits_of(PICTURES, scenario, seed)["validation"].pictures for seed in (1, 2))
        assert not np.array_equal(ones, twos)
        fixed = scenario.model_copy(update={"split_seed": 7})
        ones, twos = (splits_of(PICTURES, fixed, seed)["validation"].pictures for seed in (1, 2))
        np.testing.assert_array_equal(ones, twos)

    def test_a_trial_that_meets_a_non_finite_loss_ends_there(self) -> None:
        epochs = run(made_trial("l1", lr=1e38, epochs=8))
        assert epochs[-1].diverged
        assert "non-finite loss or logit" in epochs[-1].diverged
        assert not any(epoch.diverged for epoch in epochs[:-1])
        assert len(epochs) < 9

    def test_it_learns(self) -> None:
        assert run(made_trial(epochs=8))[-1].evaluations["test"].scores.accuracy > 0.9

    def test_bf16_keeps_the_head_and_the_loss_in_float32(self) -> None:
        logits = last_logits(run(made_trial(precision="bf16")))
        assert logits.dtype == np.float32
        rounded = torch.from_numpy(logits).bfloat16().float().numpy()
        assert not np.array_equal(rounded, logits), "the logits were rounded to bfloat16"
