"""The options of `run` that make a recipe: where they go, what they outrank, and that they are trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_runner import Runner
from lossbench.cli.overrides import build_study
from lossbench.errors import RequestError
from lossbench.spec import Optimizer, Recipe, Schedule

FILE = """
recipe:
  optimizer: {name: sgd, lr: 0.05, momentum: 0.8, weight_decay: 0.01, nesterov: true}
  schedule: {name: multistep, milestones: [10, 20], gamma: 0.2, warmup: 3}
  clip: 2
  mixup: 0.3
losses: [cross_entropy]
"""


@pytest.fixture
def file(here: Path) -> Path:
    path = here / "study.yaml"
    path.write_text(FILE)
    return path


def recipe(file: Path | None = None, preset: str | None = None, **options: Any) -> Recipe:
    return build_study(file, preset, {f"--{name.replace('_', '-')}": value for name, value in options.items()}).recipe


def test_each_option_has_its_place(here: Path) -> None:
    made = recipe(optimizer="adamw", lr=0.01, weight_decay=0.05, schedule="cosine", warmup=5, clip=1, mixup=0.2)
    assert made.optimizer == Optimizer(name="adamw", lr=0.01, weight_decay=0.05)
    assert made.schedule == Schedule(name="cosine", warmup=5)
    assert (made.clip, made.mixup) == (1, 0.2)
    stepped = recipe(nesterov=True, schedule="multistep", milestones="10,20", lr_gamma=0.3)
    assert stepped.optimizer == Optimizer(nesterov=True)
    assert stepped.schedule == Schedule(name="multistep", milestones=(10, 20), gamma=0.3)


def test_options_beside_the_files_own_optimizer_and_schedule_change_them_alone(file: Path) -> None:
    made = recipe(file, optimizer="sgd", lr=0.2, nesterov=False, milestones="5", warmup=0)
    assert made.optimizer == Optimizer(lr=0.2, momentum=0.8, weight_decay=0.01)
    assert made.schedule == Schedule(name="multistep", milestones=(5,), gamma=0.2)
    assert (made.clip, made.mixup) == (2, 0.3)
    assert recipe(file).optimizer.nesterov


def test_another_optimizer_or_schedule_drops_the_files_settings_of_the_old(file: Path) -> None:
    made = recipe(file, optimizer="adam", schedule="step", lr_step=7)
    assert made.optimizer == Optimizer(name="adam")
    assert made.schedule == Schedule(step=7)


def test_a_file_without_names_means_the_defaults(here: Path) -> None:
    path = here / "study.yaml"
    path.write_text("recipe: {optimizer: {lr: 0.05}, schedule: {step: 7}}\n")
    assert recipe(path, optimizer="sgd", schedule="step").optimizer.lr == 0.05
    assert recipe(path, optimizer="adam").optimizer == Optimizer(name="adam")
    assert recipe(path, schedule="constant").schedule == Schedule(name="constant")
    path.write_text("recipe: {optimizer: {name: adam}}\n")
    assert recipe(path, lr=0.01).optimizer == Optimizer(name="adam", lr=0.01)


def test_another_optimizer_than_a_presets(here: Path) -> None:
    made = recipe(preset="course-report", optimizer="adam", schedule="cosine")
    assert (made.optimizer, made.schedule) == (Optimizer(name="adam"), Schedule(name="cosine"))


def test_a_study_as_it_was_run_can_be_run_with_another_optimizer(here: Path) -> None:
    path = here / "study.yaml"
    path.write_text(build_study(None, None, {}).to_yaml())
    assert recipe(path, optimizer="adamw").optimizer == Optimizer(name="adamw")


def test_zero_takes_back_what_the_file_turns_on(file: Path) -> None:
    off = recipe(file, clip=0, mixup=0, warmup=0)
    assert (off.clip, off.mixup, off.schedule.warmup) == (None, None, None)


def test_a_mapping_is_still_asked_for(here: Path) -> None:
    path = here / "study.yaml"
    path.write_text("recipe: {schedule: cosine}\n")
    with pytest.raises(RequestError, match=r"recipe\.schedule: expected a mapping, got cosine"):
        recipe(path, schedule="cosine")


@pytest.mark.usefixtures("blank_figures")
def test_they_are_trained_with_and_the_report_lists_them(lossbench: Runner, here: Path) -> None:
    options = ("--optimizer", "adamw", "--weight-decay", "0.05", "--schedule", "multistep", "--milestones", "1")
    more = ("--warmup", "1", "--clip", "0.75", "--mixup", "0.4", "--losses", "cross_entropy,mae")
    done = lossbench("run", *options, *more, "--model", "mlp", "--epochs", "2", "--seeds", "2", "--executor", "inline")
    assert done.code == 0, done.err
    folder = here / "log/studies/digits-mlp"
    written = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))["recipe"]
    assert written["optimizer"] == {"name": "adamw", "lr": 0.001, "weight_decay": 0.05}
    assert written["schedule"] == {"name": "multistep", "gamma": 0.1, "milestones": [1], "warmup": 1}
    assert (written["clip"], written["mixup"]) == (0.75, 0.4)
    assert "nothing to train" in lossbench("run", str(folder / "study.yaml"), "--executor", "inline").out
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name in ("optimizer.weight_decay", "schedule.milestones", "schedule.warmup", "clip", "mixup"):
        assert name in page
