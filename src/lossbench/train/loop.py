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
from lossbench.errors import TrialError
from lossbench.losses import PerSampleLoss, cross_entropy
from lossbench.rng import torch_stream
from lossbench.spec import Trial
from lossbench.train.batches import Batch, Batches
from lossbench.train.classifier import EVALUATION_BATCH
from lossbench.train.clock import Clock
from lossbench.train.epoch import Epoch, Snapshot
from lossbench.train.judge import mean_of
from lossbench.train.state import State, to_numpy

__all__ = ["VERSION", "train"]

VERSION = 3
"""Of the loop: raised when its results would change; part of a trial's key."""

NO_GRADIENT = "no gradient reaches the model: the logits do not depend on its parameters, or the loss not on them"


def train(
    trial: Trial,
    pictures: Pictures,
    resume_from: Snapshot | None = None,
    *,
    device: str = "cpu",
    clock: Clock | None = None,
) -> Iterator[Epoch]:
    """Trains one classifier, epoch by epoch.

    With one thread the same trial gives the same bits on the same kind of machine, also when it is resumed. It ends
    early, with a reason, at the first epoch that meets a non-finite loss or logit.

    Args:
        trial: what to train, precision settled.
        pictures: the data with the trial's digest.
        resume_from: a snapshot of the same trial.
        device: a torch device.
        clock: is told where the time goes.

    Yields:
        The first look (epoch 0, unless resumed), then every epoch.
    """
    clock = clock or Clock()
    state = State.start(trial, pictures, torch.device(device))
    if resume_from is None:
        look = _first_look(trial, state)
        clock.lap("starting")
        yield look
    else:
        state.restore(resume_from)
        clock.lap("starting")
    done = resume_from.epoch if resume_from else 0
    for number in range(done + 1, trial.recipe.epochs + 1):
        epoch = _train_epoch(trial, state, number, clock)
        if trial.recipe.evaluated(number) and not epoch.diverged:
            epoch = _evaluate(trial, state, epoch)
        clock.lap("evaluation")
        yield epoch
        if epoch.diverged:
            return


def _train_epoch(trial: Trial, state: State, number: int, clock: Clock) -> Epoch:
    """One pass over the training split, in the seed's order of this epoch."""
    recipe = trial.recipe
    state.optimizer.lr = recipe.optimizer.lr * recipe.schedule.factor(number, recipe.epochs)
    batches = Batches.of(trial, state.splits["train"], number, state.fill)
    loss = state.objective.for_epoch(number, len(batches.parts))
    outputs, norms = [], []  # kept as tensors: nothing inside an epoch waits for the device
    state.model.train()
    with torch_stream(trial.seed, "forward", number):  # what a model's dropout draws from
        for step, batch in enumerate(batches):
            clock.lap("data")
            outputs.append(_forward_backward(state, batch, loss(step), clock))
            norms.append(_gradient_norm(state.model, recipe.clip))
            state.optimizer.step()
            clock.lap("step")
    logits, losses = (to_numpy(torch.cat(parts)) for parts in zip(*outputs, strict=True))
    norm = to_numpy(torch.stack(norms))
    return state.judge.trained(
        number, logits, losses, norm, lambda: to_numpy(batches.order), partial(state.snapshot, number)
    )


def _forward_backward(state: State, batch: Batch, loss: PerSampleLoss, clock: Clock) -> tuple[Tensor, Tensor]:
    """Logits (batch, classes) and losses (batch,), without their graph; the gradients are in the model."""
    inputs = state.prepared(batch.pictures, batch.chosen)
    if batch.mix:
        inputs = batch.mix.pictures(inputs)
    clock.lap("data")
    logits = state.forward(inputs)
    clock.lap("forward")
    losses = loss(logits, batch.mix.target(batch.labels, logits.shape[1]) if batch.mix else batch.labels)
    mean = losses.mean()
    clock.lap("loss")
    if not mean.requires_grad:
        raise TrialError(NO_GRADIENT)
    mean.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    clock.lap("backward")
    return logits.detach(), losses.detach()


def _evaluate(trial: Trial, state: State, epoch: Epoch) -> Epoch:
    """The epoch with its splits evaluated in evaluation mode."""
    state.model.eval()
    return state.judge.evaluated(epoch, _outputs(trial, state, epoch.number))


def _outputs(trial: Trial, state: State, number: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Split by split the logits and losses after an epoch."""
    for name in state.splits:
        if name == "train" and trial.recipe.train_metrics == "running":
            continue
        with torch_stream(trial.seed, f"evaluation of {name}", number):  # for models that draw here, too
            logits, losses = _infer(state, name, number)
        yield name, logits, losses


def _infer(state: State, name: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and losses (n,) of a split after an epoch, in evaluation mode."""
    split = state.splits[name]
    with torch.no_grad():  # not inference mode, whose tensors a model may keep and meet again in training
        everything = torch.arange(len(split), device=split.labels.device)
        parts = torch.split(everything, EVALUATION_BATCH)
        logits = torch.cat([state.forward(state.prepared(split.pictures, split.places(chosen))) for chosen in parts])
        return to_numpy(logits), to_numpy(state.objective.of_split(name, logits, split.labels, number))


def _first_look(trial: Trial, state: State) -> Epoch:
    """The first batch at the first weights, which at one seed are the same for every loss.

    Its loss and gradient norm, and those of cross entropy: at one learning rate for all losses, part of what is
    compared is the scale of their gradients.
    """
    batches = Batches.of(trial, state.splits["train"], 1, state.fill)
    batch = replace(next(iter(batches)), mix=None)  # a look at the data as they are
    own = state.objective.for_epoch(1, len(batches.parts))(0)
    before = [buffer.clone() for buffer in state.model.buffers()]  # a forward pass moves batch norm's statistics
    state.model.train()
    looks = []
    for loss in (own, cross_entropy):
        with torch_stream(trial.seed, "forward"):
            _, losses = _forward_backward(state, batch, loss, Clock())
        looks.append((mean_of(to_numpy(losses)), float(_gradient_norm(state.model))))
        state.optimizer.forget()
    for buffer, value in zip(state.model.buffers(), before, strict=True):
        buffer.copy_(value)
    return Epoch(0, *looks[0], partial(state.snapshot, 0), cross_entropy=looks[1])


def _gradient_norm(model: nn.Module, clip: float | None = None) -> Tensor:
    """The gradient's L2 norm, before it is scaled down to a length of `clip` where it is longer."""
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    if not gradients:
        raise TrialError(NO_GRADIENT)
    norm = torch.nn.utils.get_total_norm(gradients)
    if clip is not None:
        torch.nn.utils.clip_grads_with_norm_(model.parameters(), clip, norm)
    return norm
