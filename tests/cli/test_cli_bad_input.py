"""Bad input: one sentence on standard error, exit code 2, nothing written, no traceback."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli_runner import Done, Runner


def refused(done: Done, *words: str) -> None:
    """Checks that a command was refused with one sentence that has these words."""
    assert done.code == 2, done
    assert done.out == ""
    assert done.err.startswith("lossbench: ")
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


OPTIONS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("--losses", "focall"), ("losses: expected one of", "got focall", "did you mean focal?")),
    (("--losses", "focal(gama=2)"), ("losses.focal: expected one of alpha, detach, gamma", "did you mean gamma?")),
    (("--losses", "focal(gamma=-1)"), ("losses.focal.gamma: expected a number of at least 0, got -1",)),
    (("--losses", "focal(gamma=high)"), ("losses.focal.gamma: expected a number of at least 0, got high",)),
    (("--losses", "focal(2)"), ("hyperparameters by name",)),
    (("--losses", "focal(gamma=2"), ("expected name or name(key=value, ...)",)),
    (("--losses", ","), ("--losses: expected at least one loss",)),
    (("--losses", "focal,focal(gamma=2)"), ("every loss once", "which are the same")),
    (("--losses", "focal(alpha=[1, 2])"), ("one value per class (10)",)),
    (("--losses", "l1(gamma=2)"), ("losses.l1: expected no hyperparameters, got gamma",)),
    (("--model", "lenet"), ("models: expected one of", "or module:callable", "did you mean lenet5?")),
    (("--model", "lenet5"), ("at least 12×12", "got 8×8", "cnn")),
    (("--model", "no_such_module:net"), ("module:callable that can be imported", "no_such_module")),
    (("--data", "digit"), ("digit", "did you mean digits?")),
    (("--data", "no/such/path"), ("no/such/path",)),
    (("--epochs", "0"), ("--epochs: expected a number of at least 1, got 0",)),
    (("--epochs", "three"), ("--epochs: expected a whole number, got three",)),
    (("--epochs", "2.5"), ("--epochs: expected a whole number, got 2.5",)),
    (("--lr", "fast"), ("--lr: expected a number, got fast",)),
    (("--batch-size", "1"), ("--batch-size: expected a number of at least 2, got 1",)),
    (("--lr", "0"), ("--lr: expected a number greater than 0, got 0",)),
    (("--lr", "nan"), ("--lr: expected a finite number, got nan",)),
    (("--momentum", "1"), ("--momentum: expected a number less than 1, got 1",)),
    (("--lr-step", "0"), ("--lr-step: expected a number of at least 1, got 0",)),
    (("--lr-gamma", "-1"), ("--lr-gamma: expected a number greater than 0, got -1",)),
    (("--optimizer", "lion"), ("--optimizer: expected one of 'sgd', 'adam' or 'adamw', got lion",)),
    (
        ("--optimizer", "adam", "--momentum", "0.5"),
        ("--momentum: expected the optimizer sgd, which alone has it, got 0.5 for adam",),
    ),
    (("--optimizer", "adamw", "--no-nesterov"), ("--nesterov: expected the optimizer sgd, which alone has it",)),
    (("--nesterov", "--momentum", "0"), ("--nesterov: expected false, or a momentum greater than 0 beside it",)),
    (("--weight-decay", "-1"), ("--weight-decay: expected a number of at least 0, got -1",)),
    (("--schedule", "linear"), ("--schedule: expected one of 'step', 'constant', 'multistep' or 'cosine'", "linear")),
    (("--schedule", "multistep"), ("recipe.schedule.milestones: expected rising numbers of epochs", "got None")),
    (
        ("--schedule", "multistep", "--milestones", "9,5"),
        ("--milestones: expected rising numbers of epochs, as in [80, 120], got 9,5",),
    ),
    (("--milestones", "9"), ("--milestones: expected the schedule multistep, which alone has it, got [9] for step",)),
    (("--schedule", "cosine", "--lr-step", "2"), ("--lr-step: expected the schedule step", "got 2 for cosine")),
    (("--warmup", "30"), ("--warmup: expected less than the recipe's epochs (30), got 30",)),
    (("--warmup", "1.5"), ("--warmup: expected a whole number, got 1.5",)),
    (("--clip", "-1"), ("--clip: expected a number greater than 0, got -1",)),
    (("--mixup", "much"), ("--mixup: expected a number, got much",)),
    (
        ("--losses", "cross_entropy,focal(gamma=2)", "--mixup", "0.2"),
        ("recipe.mixup: expected losses whose target may be class probabilities (l1, ", "got focal(gamma=2)"),
    ),
    (("--mixup", "1", "--train-metrics", "running"), ("--train-metrics: expected full beside mixup", "got running")),
    (("--augmentation", "crop"), ("--augmentation: expected crop(PADDING), flip and cutout(SIDE)", "got crop")),
    (("--augmentation", "flip,crop(4),flip"), ("--augmentation: expected", "each at most once", "flip, crop(4), flip")),
    (("--augmentation", "flop"), ("--augmentation: expected one of", "got flop", "did you mean flip?")),
    (("--augmentation", "crop(8)"), ("recipe.augmentation: expected a crop's padding of less than", "got crop(8)")),
    (("--eval-interval", "0"), ("--eval-interval: expected a number of at least 1, got 0",)),
    (("--train-metrics", "some"), ("--train-metrics: expected one of 'full' or 'running', got some",)),
    (("--precision", "fp16"), ("--precision: expected one of 'auto', 'fp32' or 'bf16', got fp16",)),
    (("--seeds", "0"), ("--seeds: expected a number of seeds (5) or a list",)),
    (("--seeds", "1,1"), ("--seeds: expected",)),
    (("--seeds", "a,b"), ("--seeds: expected",)),
    (("--workers", "none"), ("--workers: expected auto or a number of at least 1, got none",)),
    (("--executor", "magic"), ("--executor: expected processes, stack or inline, got magic",)),
    (("--device", "tpu"), ("--device: expected auto, cpu, cuda or mps, got tpu",)),
    (
        ("--preset", "course-repor"),
        (
            "--preset: expected one of active-passive, calibration, course-report, course-report-imbalance, long-tail, "
            "got course-repor",
            "did you mean course-",
        ),
    ),
    (("--scenario", "noise(symetric, 0.4)"), ("--scenario: expected noise(symmetric, RATE)", "got noise(symetric")),
    (("--scenario", "noise(symmetric, 1.4)"), ("--scenario: expected a number less than 1, got 1.4",)),
    (("--scenario", "clean", "--scenario", "clean"), ("--scenario: expected each once, got clean, clean",)),
    (("--scale", "1"), ("--scale: expected a share of the training data", "less than 1, got 1")),
    (("--scale", "-0.1"), ("--scale: expected a share of the training data", "got -0.1")),
    (("--scale", "half"), ("--scale: expected a share of the training data", "got half")),
    (
        ("--scale", "0.5", "--scenario", "train_size(0.2)"),
        ("--scale: expected scenarios without a train_size of their own, got train_size(0.2)",),
    ),
    (("--name", "a/b"), ("--name: expected a folder's name", "got a/b")),
    (("--data", ""), ("--data: expected text that is not empty",)),
    (("--epoch", "3"), ("--epoch",)),
    (
        ("missing.yaml",),
        ("missing.yaml: expected a readable YAML file", "nothing readable (No such file or directory)"),
    ),
]


@pytest.mark.parametrize(("arguments", "words"), OPTIONS, ids=lambda value: " ".join(value)[:60])
def test_a_wrong_option_is_one_sentence(
    lossbench: Runner, here: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(lossbench("run", *arguments), *words)
    assert list(here.iterdir()) == []


STUDIES: list[tuple[str, tuple[str, ...]]] = [
    ("", ("study.yaml: expected a readable YAML file with a mapping", "an empty file")),
    ("- a\n- b\n", ("expected a readable YAML file with a mapping",)),
    ("losses: [l1\n", ("expected a readable YAML file with a mapping",)),
    ("\x00\x01\x02", ("expected a readable YAML file with a mapping",)),
    ("a: !!python/object/apply:os.system ['true']\n", ("expected a readable YAML file with a mapping",)),
    ("loses: [l1]\n", ("study: expected one of", "got loses", "did you mean losses?")),
    ("recipe: {epoch: 3}\n", ("recipe: expected one of", "did you mean epochs?")),
    ("recipe: {optimizer: {name: lion}}\n", ("recipe.optimizer.name: expected one of 'sgd', 'adam' or 'adamw', got",)),
    ("recipe: {optimizer: {lr: fast}}\n", ("recipe.optimizer.lr: expected a number, got fast",)),
    ("recipe: {augmentation: 3}\n", ("recipe.augmentation: expected a list of crop(PADDING)", "got 3")),
    ("recipe: 3\n", ("recipe: expected a mapping, got 3",)),
    ("losses: 3\n", ("losses: expected at least one loss",)),
    ("losses: [{lr: 0.5}]\n", ("losses: expected a loss with its own recipe, as in {loss: mae, lr: 0.5}",)),
    ("losses: [{loss: l1, epochs: 5}]\n", ("losses.l1: expected one of batch_size, clip, lr, ", "got epochs")),
    ("losses: [{loss: l1, lr: -1}]\n", ("losses.l1.lr: expected a number greater than 0, got -1",)),
    ("losses: ['l1[lr=fast]']\n", ("losses.l1.lr: expected a number, or true or false, got fast",)),
    ("seeds: [1, x]\n", ("seeds: expected",)),
    ("models: [cnn, cnn]\n", ("models: expected each once",)),
    ("scenarios: ['noise(symetric, 0.4)']\n", ("scenarios: expected noise(symmetric, RATE)",)),
    ("scenarios: ['validation(1.5)']\n", ("scenarios.validation: expected a number less than 1, got 1.5",)),
    ('question: "\\ud800"\n', ("question: expected text that is valid Unicode",)),
    ('name: "a\\udcff"\n', ("name: expected text that is valid Unicode",)),
    ("models: []\n", ("models: expected at least 1 of them",)),
    ("plan: {margin: 0}\n", ("plan.margin: expected a number greater than 0, got 0",)),
    ("plan: {metric: train.accuracy}\n", ("plan.metric: expected one of 'test.accuracy'",)),
]


@pytest.mark.parametrize(("text", "words"), STUDIES, ids=lambda value: repr(value)[:50])
def test_a_wrong_study_file_is_one_sentence(lossbench: Runner, here: Path, text: str, words: tuple[str, ...]) -> None:
    (here / "study.yaml").write_text(text)
    refused(lossbench("run", "study.yaml"), *words)
    assert [path.name for path in here.iterdir()] == ["study.yaml"]


def test_an_option_outranks_the_file_and_is_named_where_it_is_wrong(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text("recipe: {epochs: 0}\n")
    refused(lossbench("run", "study.yaml"), "recipe.epochs: expected")
    refused(lossbench("run", "study.yaml", "--epochs", "-1"), "--epochs: expected a number of at least 1, got -1")
    assert lossbench("run", "study.yaml", "--epochs", "1", "--dry-run").code == 0


def test_an_empty_option_takes_back_what_the_file_augments_with(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text("recipe: {augmentation: [crop(4), cutout(9)]}\n")
    refused(lossbench("run", "study.yaml"), "a cutout's side of at most the picture's (8), got cutout(9)")

    def keys(*arguments: str) -> set[str]:
        return set(re.findall("[0-9a-f]{24}", lossbench("run", *arguments, "--seeds", "1", "--dry-run").out))

    flipped = keys("study.yaml", "--augmentation", "crop(4),flip")
    assert len(flipped) == 4
    assert keys("study.yaml", "--augmentation", "") == keys()
    assert not keys() & flipped


def test_an_option_does_not_hide_a_wrong_value_beside_it(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text("recipe: {optimizer: adam}\n")
    refused(lossbench("run", "study.yaml", "--lr", "0.01"), "recipe.optimizer: expected a mapping, got adam")


def test_an_empty_list_of_models_with_a_preset(lossbench: Runner, here: Path) -> None:
    (here / "study.yaml").write_text("models: []\n")
    refused(lossbench("run", "study.yaml", "--preset", "course-report"), "models: expected at least 1 of them")


class TestData:
    def test_a_folder_without_labels(self, lossbench: Runner, here: Path) -> None:
        (here / "pictures").mkdir()
        Image.new("L", (8, 8)).save(here / "pictures" / "1.png")
        refused(lossbench("run", "--data", "pictures"), "pictures")
        assert not (here / "log").exists()

    def test_a_broken_picture(self, lossbench: Runner, here: Path) -> None:
        for split in ("train", "test"):
            for name in ("cat", "dog"):
                folder = here / "pictures" / split / name
                folder.mkdir(parents=True)
                Image.new("L", (8, 8)).save(folder / "1.png")
        (here / "pictures/train/dog/2.png").write_bytes(b"\x89PNG broken")
        refused(lossbench("run", "--data", "pictures"), "2.png")
        assert not (here / "log").exists()

    def test_a_label_outside_the_classes(self, lossbench: Runner, here: Path) -> None:
        x, names = np.zeros((4, 8, 8), np.uint8), np.array(["a", "b"])
        labels = np.array([0, 1, 0, 5])
        np.savez(here / "data.npz", x_train=x, y_train=labels, x_test=x, y_test=labels, class_names=names)
        refused(lossbench("run", "--data", "data.npz"), "5")
        assert not (here / "log").exists()

    def test_a_name_that_is_nowhere_says_where_it_looked_and_how_to_get_it(
        self, lossbench: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        refused(lossbench("run", "--data", "cifar10", "--data-dir", str(here)), "cifar10", "lossbench[hub]", "--data")


class TestTheSaveDir:
    def test_a_file_in_its_place(self, lossbench: Runner, here: Path) -> None:
        (here / "log").write_text("a file")
        refused(lossbench("run"), "--save-dir: expected a folder that can be written, got log")
        assert (here / "log").read_text() == "a file"

    def test_a_file_in_the_place_of_its_trials(self, lossbench: Runner, here: Path) -> None:
        (here / "log").mkdir()
        (here / "log/data").write_text("a file")
        refused(lossbench("run", "--epochs", "1"), "--save-dir: expected a folder that can be written", "log/data")

    @pytest.mark.parametrize("command", ["report", "status"])
    def test_a_folder_without_a_study(self, lossbench: Runner, here: Path, command: str) -> None:
        refused(lossbench(command, "log"), "FOLDER: expected a study's folder", "got log", "`lossbench run` makes one")

    def test_several_studies_have_to_be_told_apart(self, lossbench: Runner, here: Path) -> None:
        for name in ("one", "two"):
            (here / "log/studies" / name).mkdir(parents=True)
            (here / "log/studies" / name / "study.yaml").write_text("name: x\n")
        refused(lossbench("report", "log"), "it has one, two")


class TestOtherCommands:
    def test_an_unknown_command(self, lossbench: Runner) -> None:
        refused(lossbench("runn"), "runn")

    def test_an_unknown_loss(self, lossbench: Runner) -> None:
        refused(lossbench("losses", "focl"), "NAME: expected one of", "did you mean focal?")

    def test_init_overwrites_nothing(self, lossbench: Runner, here: Path) -> None:
        (here / "study.yaml").write_text("mine")
        refused(lossbench("init"), "PATH: expected a file that does not exist yet, got study.yaml")
        assert (here / "study.yaml").read_text() == "mine"

    def test_init_in_no_folder(self, lossbench: Runner) -> None:
        refused(lossbench("init", "no/study.yaml"), "PATH: expected a file that can be written")
