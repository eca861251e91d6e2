"""Losses of one's own from Python: what has an import path goes to worker processes, what has none stays here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import lossbench
from lossbench.results import Results

pytestmark = pytest.mark.usefixtures("blank_figures")

CALLS: list[int] = []


def in_this_process(logits: Tensor, target: Tensor) -> Tensor:
    CALLS.append(os.getpid())
    return functional.cross_entropy(logits, target)


def run(losses: list[object], folder: Path, executor: str = "inline") -> Results:
    recipe = {"epochs": 2}
    study = lossbench.Study(losses=losses, seeds=[1], models=["mlp"], recipe=recipe, name="own")
    results = lossbench.run(study, folder, executor=executor, workers=1)
    assert isinstance(results, lossbench.Results)
    return results


def accuracies(results: Results) -> dict[str, float]:
    last = results.history.sort("epoch").filter(split="test").group_by("loss_function").last()
    return dict(zip(last["loss_function"], last["accuracy"], strict=True))


def test_every_form_from_python(here: Path) -> None:
    results = run(["cross_entropy", lossbench.loss("focal(gamma=0)"), nn.CrossEntropyLoss(), nn.MSELoss], here / "log")
    focal = "focal(alpha=none, detach=false, gamma=0)"
    assert results.labels == ("cross_entropy", focal, "python:CrossEntropyLoss", "torch.nn.modules.loss:MSELoss")
    assert results.trials["status"].to_list() == ["finished"] * 4
    found = accuracies(results)
    assert found["python:CrossEntropyLoss"] == found["cross_entropy"]
    assert results.losses[2].title == "CrossEntropyLoss, a loss of your own"
    assert results.losses[2].purpose.startswith("Given as a Python object; its source has the digest ")
    assert results.losses[3].purpose.startswith("Imported as torch.nn.modules.loss:MSELoss; its source has the digest ")
    loaded = lossbench.load(here / "log")
    assert isinstance(loaded, lossbench.Results)
    assert loaded.labels == results.labels


def test_an_object_without_a_path_runs_here_and_the_others_in_workers(here: Path) -> None:
    CALLS.clear()
    kept = lossbench.LossSpec.of_callable(in_this_process, name="kept")
    results = run([kept, "torch.nn:CrossEntropyLoss"], here / "log", "processes")
    assert results.trials["status"].to_list() == ["finished", "finished"]
    assert set(CALLS) == {os.getpid()}
    assert len(set(accuracies(results).values())) == 1


def test_the_same_object_is_not_trained_again_and_an_edited_one_is_another_study(here: Path) -> None:
    def smoothed(epsilon: float) -> object:
        def mine(logits: Tensor, target: Tensor) -> Tensor:
            return functional.cross_entropy(logits, target, label_smoothing=epsilon)

        return mine

    keys = run([smoothed(0.1)], here / "log").trials["key"].to_list()
    assert run([smoothed(0.1)], here / "log").trials["key"].to_list() == keys
    assert len(list(here.glob("log/trials/*"))) == 1
    with pytest.raises(lossbench.RequestError, match="the source of python:mine is not the same"):
        run([smoothed(0.2)], here / "log")


def test_a_loss_that_raises_fails_its_own_trial(here: Path) -> None:
    def fails_later(logits: Tensor, target: Tensor) -> Tensor:
        if len(target) == 1437 % 128:
            raise ValueError("the last batch is odd")
        return functional.cross_entropy(logits, target, reduction="none")

    def collapses(logits: Tensor, target: Tensor, progress: float) -> Tensor:
        return functional.cross_entropy(logits, target, reduction="none") * (1 - torch.tensor(1 - progress).log())

    trials = run([fails_later, collapses, "cross_entropy"], here / "log").trials
    assert trials["status"].to_list() == ["failed", "diverged", "finished"]
    assert trials["reason"][0] == "ValueError: the last batch is odd"
