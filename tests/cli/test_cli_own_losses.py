"""Losses of one's own on the command line and in a study file, and the whole catalogue at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from cli_runner import QUICK, Runner
from lossbench.losses import CATALOGUE

pytestmark = pytest.mark.usefixtures("blank_figures")

MODULE = "own_losses_of_the_command_line"
SOURCE = """
from torch import nn
from torch.nn import functional as F

def plain(logits, target):
    return F.cross_entropy(logits, target)

class Smoothed(nn.Module):
    def __init__(self, epsilon=0.1):
        super().__init__()
        self.epsilon = epsilon
    def forward(self, logits, target):
        return F.cross_entropy(logits, target, label_smoothing=self.epsilon, reduction="none")
"""
STUDY = f"""
name: own
data: digits
models: [mlp]
losses: [cross_entropy, {MODULE}:plain, "{MODULE}:Smoothed(epsilon=0.2)", "label_smoothing(epsilon=0.2)"]
seeds: 2
recipe: {{epochs: 2}}
"""


@pytest.fixture(autouse=True)
def module(here: Path) -> Iterator[Path]:
    path = here / f"{MODULE}.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop(MODULE, None)


def last_accuracies(here: Path, name: str = "own") -> dict[str, list[float]]:
    """Per loss the last test accuracy of each seed."""
    history = pl.read_csv(here / f"log/studies/{name}/history.csv")
    last = history.filter((pl.col("split") == "test") & (pl.col("epoch") == history["epoch"].max())).sort("seed")
    return {key[0]: table["accuracy"].to_list() for key, table in last.group_by("loss_function")}


def test_in_a_study_file_with_worker_processes(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text(STUDY)
    done = lossbench("run", "study.yaml", "--workers", "1")
    assert done.code == 0, done.err
    found = last_accuracies(here)
    assert found[f"{MODULE}:plain"] == found["cross_entropy"]
    smoothed = found[f"{MODULE}:Smoothed(epsilon=0.2)"]
    assert smoothed == pytest.approx(found["label_smoothing(epsilon=0.2)"], abs=0.02)


def test_reading_a_study_imports_nothing_of_the_users(lossbench: Runner, here: Path, module: Path) -> None:
    done = lossbench("run", *QUICK, "--losses", f"{MODULE}:plain", "--name", "own")
    assert done.code == 0, done.err
    sys.modules.pop(MODULE)
    module.write_text("raise RuntimeError('nobody typed my name')")
    done = lossbench("report", "log/studies/own")
    assert done.code == 0, done.err
    assert f"{MODULE}:plain" in done.out
    assert MODULE not in sys.modules


def test_an_edited_loss_is_another_study(lossbench: Runner, module: Path) -> None:
    command = ("run", *QUICK, "--losses", f"{MODULE}:plain", "--name", "own")
    assert lossbench(*command).code == 0
    assert "nothing to train" in lossbench(*command).out
    module.write_text(SOURCE + "# edited\n")
    done = lossbench(*command)
    assert done.code == 2
    assert f"losses (the source of {MODULE}:plain is not the same)" in done.err
    assert lossbench(*command[:-1], "edited").code == 0


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (f"{MODULE}:nothing", "module 'own_losses_of_the_command_line' has no attribute 'nothing'"),
        ("no_such_module:loss", "No module named 'no_such_module'"),
        (f"{MODULE}:Smoothed(epsilom=1)", "did you mean epsilon?"),
        ("torch.nn:Linear(in_features=10, out_features=2)", "parameters of its own"),
        ("python:plain", "a Python object of the program that ran it"),
        ("__main__:plain", "also by a worker process"),
    ],
)
def test_what_cannot_be_trained_with_is_one_sentence(lossbench: Runner, here: Path, loss: str, words: str) -> None:
    done = lossbench("run", *QUICK, "--losses", loss)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert not (here / "log").exists()


def test_all_is_the_whole_catalogue(lossbench: Runner, here: Path) -> None:
    done = lossbench(
        "run", "--losses", "all", "--model", "mlp", "--epochs", "1", "--seeds", "1", "--executor", "inline"
    )
    assert done.code == 0, done.err
    trials = pl.read_csv(here / "log/studies/digits-mlp/summary.csv")
    assert set(trials["loss_function"]) == set(CATALOGUE)
    assert len(list(here.glob("log/trials/*/provenance.json"))) == len(CATALOGUE)
