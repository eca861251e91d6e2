"""One trial from its first step to its last: the loop and nothing else.

Knows neither store nor executor: whoever drives it checkpoints, shows progress and stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.data import Pictures
from lossbench.metrics import evaluate
from lossbench.rng import stream, torch_stream
from lossbench.spec import Trial
from lossbench.train.epoch import Epoch, Snapshot
from lossbench.train.state import DeviceSplit, State, to_numpy

__all__ = ["VERSION", "train"]

VERSION = 1
"""Of the loop: raised when its results would change; part of a trial's key."""

_EVALUATION_BATCH = 250  # larger ones leave the cache: 1,000 is up to three times slower on a processor


def train(
    trial: Trial, pictures: Pictures, resume_from: Snapshot | None = None, *, device: str = "cpu"
) -> Iterator[Epoch]:
    """Trains one classifier, epoch by epoch.

    With one thread the same trial gives the same bits on the same kind of machine, also when it is resumed. It ends
    early, with a reason, at the first epoch that meets a non-finite loss or logit.

    Args:
        trial: what to train, precision settled.
        pictures: the data with the trial's digest.
        resume_from: a snapshot of the same trial.
        device: a torch device.

    Yields:
        The first look (epoch 0, unless resumed), then every epoch.
    """
    state = State.start(trial, pictures, torch.device(device))
    if resume_from is None:
        yield _first_look(trial, state)
    else:
        state.restore(resume_from)
    done = resume_from.epoch if resume_from else 0
    for number in range(done + 1, trial.recipe.epochs + 1):
        epoch = _train_epoch(trial, state, number)
        if trial.recipe.evaluated(number) and not epoch.diverged:
            epoch = _evaluate(trial, state, epoch)
        yield epoch
        if epoch.diverged:
            return


def _train_epoch(trial: Trial, state: State, number: int) -> Epoch:
    """One pass over the training split, in the seed's order of this epoch."""
    recipe, training = trial.recipe, state.splits["train"]
    for group in state.optimizer.param_groups:
        group["lr"] = recipe.optimizer.lr * recipe.schedule.factor(number)
    batches = _batches(trial, training, number)
    order = torch.cat(batches)
    outputs, norms = [], []  # kept as tensors: nothing inside an epoch waits for the device
    state.model.train()
    with torch_stream(trial.seed, "forward", number):  # what a model's dropout draws from
        for batch in batches:
            outputs.append(_forward_backward(state, training, batch))
            norms.append(_gradient_norm(state.model))
            state.optimizer.step()
            state.optimizer.zero_grad()
    logits, losses = (to_numpy(torch.cat(parts)) for parts in zip(*outputs, strict=True))
    epoch = Epoch(number, _mean(losses), _mean(to_numpy(torch.stack(norms))), partial(state.snapshot, number))
    if not _finite(logits, losses):
        return replace(epoch, diverged=f"a non-finite loss or logit while training in epoch {number}")
    if recipe.train_metrics == "running" and recipe.evaluated(number):
        running = evaluate(logits, to_numpy(training.labels[order]), losses)
        return replace(epoch, evaluations={"train_running": running})
    return epoch


def _forward_backward(state: State, training: DeviceSplit, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (batch, classes) and losses (batch,), without their graph; the gradients are in the model."""
    logits = state.forward(training.pictures[batch])
    losses = state.loss(logits, training.labels[batch])
    losses.mean().backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    return logits.detach(), losses.detach()


def _evaluate(trial: Trial, state: State, epoch: Epoch) -> Epoch:
    """The epoch with its splits evaluated in evaluation mode."""
    evaluations, kept = dict(epoch.evaluations), {}
    state.model.eval()
    for name, split in state.splits.items():
        if name == "train" and trial.recipe.train_metrics == "running":
            continue
        with torch_stream(trial.seed, f"evaluation of {name}", epoch.number):  # for models that draw here, too
            logits, losses = _infer(state, split)
        if not _finite(logits, losses):
            return replace(epoch, diverged=f"a non-finite loss or logit on the {name} split after epoch {epoch.number}")
        evaluations[name] = evaluate(logits, to_numpy(split.labels), losses)
        if name != "train":
            kept[name] = logits
    return replace(epoch, evaluations=evaluations, logits=kept)


def _infer(state: State, split: DeviceSplit) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and losses (n,) of a split, in evaluation mode."""
    with torch.no_grad():  # not inference mode, whose tensors a model may keep and meet again in training
        logits = torch.cat([state.forward(pictures) for pictures in torch.split(split.pictures, _EVALUATION_BATCH)])
        return to_numpy(logits), to_numpy(state.loss(logits, split.labels))


def _first_look(trial: Trial, state: State) -> Epoch:
    """Loss and gradient norm of the first batch at the first weights, which at one seed are the same for every loss."""
    training = state.splits["train"]
    batch = _batches(trial, training, 1)[0]
    before = [buffer.clone() for buffer in state.model.buffers()]  # a forward pass moves batch norm's statistics
    state.model.train()
    with torch_stream(trial.seed, "forward"):
        _, losses = _forward_backward(state, training, batch)
    norm = float(_gradient_norm(state.model))
    state.optimizer.zero_grad()
    for buffer, value in zip(state.model.buffers(), before, strict=True):
        buffer.copy_(value)
    return Epoch(0, _mean(to_numpy(losses)), norm, partial(state.snapshot, 0))


def _batches(trial: Trial, training: DeviceSplit, number: int) -> list[Tensor]:
    """The indices of an epoch's batches; a last batch of one picture is dropped, for batch norm cannot take it."""
    order = torch.from_numpy(stream(trial.seed, "order", number).permutation(len(training)))
    batches = torch.split(order.to(training.labels.device), trial.recipe.batch_size)
    return [batch for batch in batches if len(batch) > 1]


def _gradient_norm(model: nn.Module) -> Tensor:
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)


def _finite(logits: np.ndarray, losses: np.ndarray) -> bool:
    return bool(np.isfinite(logits).all() and np.isfinite(losses).all())


def _mean(values: np.ndarray) -> float:
    return float(values.astype(np.float64).mean())
