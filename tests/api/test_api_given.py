"""Data and models from Python, the whole way: run, store, report, again, in worker processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

import lossbench
from lossbench.api.running import prepare
from lossbench.data import find
from lossbench.errors import RequestError
from lossbench.spec import load_study

pytestmark = pytest.mark.usefixtures("blank_figures")

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 3, (3, 6))
Y, Y_TEST = np.arange(90) % 3, np.arange(30) % 3
X, X_TEST = (CENTRES[y] + RNG.normal(0, 1, (len(y), 6)) for y in (Y, Y_TEST))
WORDS = np.array(["ash", "beech", "cedar"])
VECTORS = lossbench.Data(train=(X, WORDS[Y]), test=(X_TEST, WORDS[Y_TEST]), name="trees")
MADE_IN: list[int] = []


def study(**values: Any) -> lossbench.Study:
    options = {"losses": "cross_entropy, mae", "seeds": 2, "models": "mlp", "recipe": {"epochs": 4, "batch_size": 16}}
    return lossbench.Study(**(options | values))


def test_vectors_from_python_to_the_report(tmp_path: Path) -> None:
    results = lossbench.run(study(), tmp_path, data=VECTORS, workers=2)
    assert isinstance(results, lossbench.Results)
    assert results.trials["status"].to_list() == ["finished"] * 4
    last = results.history.filter(split="test", epoch=4, loss_function="cross_entropy")["accuracy"]
    assert (last > 0.9).all(), "six features of well separated classes"
    assert (results.data.size, results.data.samples, results.data.called) == ((6,), (), "examples")
    assert results.data.class_names == ("ash", "beech", "cedar")
    page = (tmp_path / "studies" / "trees-mlp" / "report.html").read_text(encoding="utf-8")
    assert "vectors of 6 features, each standardised over the training split: 90 to train on and 30 to test on" in page
    assert "lossbench.run(lossbench.load_study(" in page
    assert "picture" not in page.replace("pictures_per_second", "")
    assert "<img" not in page


def test_the_same_arrays_find_their_trials_whatever_they_are_called(tmp_path: Path) -> None:
    lossbench.run(study(), tmp_path, data=VECTORS, executor="inline")
    for name in ("trees", "wood"):
        again = lossbench.Data(train=(X.tolist(), WORDS[Y].tolist()), test=(X_TEST, WORDS[Y_TEST]), name=name)
        prepared = prepare(study(), tmp_path, data=again)
        assert (prepared.study.name, prepared.study.data) == (f"{name}-mlp", f"python:{name}")
        assert not prepared.missing
    other = lossbench.Data(train=(X[::-1], WORDS[Y]), test=(X_TEST, WORDS[Y_TEST]), name="trees")
    with pytest.raises(RequestError, match="the pictures are not the same"):
        prepare(study(), tmp_path, data=other)


def test_a_kept_study_needs_the_data_again(tmp_path: Path) -> None:
    lossbench.run(study(), tmp_path, data=VECTORS, executor="inline")
    kept = load_study(tmp_path / "studies" / "trees-mlp" / "study.yaml")
    with pytest.raises(RequestError) as error:
        lossbench.run(kept, tmp_path)
    assert str(error.value) == (
        "data python:trees: expected its pictures, which were given from Python, got the name alone "
        "(lossbench.run(lossbench.load_study(...), data=lossbench.Data(...)) gives them)"
    )
    assert not prepare(kept, tmp_path, data=VECTORS).missing


def test_pictures_from_python_are_those_of_the_name(tmp_path: Path) -> None:
    digits = find("digits").decode()
    given = lossbench.Data(
        train=(digits.train.pictures, digits.train.labels), test=(digits.test.pictures, digits.test.labels)
    )
    named, from_python = (prepare(study(), tmp_path, data=data) for data in (None, given))
    assert list(named.trials) == list(from_python.trials)


def test_what_a_study_says_of_data_is_outranked_but_for_its_name(tmp_path: Path) -> None:
    prepared = prepare(study(data="cifar10", name="mine"), tmp_path, data=VECTORS)
    assert (prepared.study.name, prepared.study.data) == ("mine", "python:trees")
    for values, text in (
        ({"label_column": "y"}, "label_column: expected none, for trees has no columns to choose from, got y"),
        ({"size": 8}, "size: expected none, for the data are feature vectors, got 8×8"),
        ({"models": "cnn"}, "models: expected pictures for cnn, got feature vectors"),
        ({"recipe": {"augmentation": "flip"}}, "recipe.augmentation: expected none, for the data are feature vectors"),
    ):
        with pytest.raises(RequestError) as error:
            prepare(study(**values), tmp_path, data=VECTORS)
        assert str(error.value).startswith(text)


def test_scenarios_and_mixup_of_vectors(tmp_path: Path) -> None:
    scenarios = ["noise(instance, 0.3) + validation(0.2)", "imbalance(exponential, 3) + train_size(0.8)"]
    asked = study(scenarios=scenarios, recipe={"epochs": 2, "mixup": 0.2, "precision": "bf16"}, seeds=1)
    results = lossbench.run(asked, tmp_path, data=VECTORS, executor="inline")
    assert isinstance(results, lossbench.Conditions)
    assert all(set(each.trials["status"]) == {"finished"} for each in results.values())
    overview = (tmp_path / "studies" / "trees-mlp" / "report.html").read_text(encoding="utf-8")
    assert "vectors of 6 features" in overview
    assert "picture" not in overview.replace("pictures_per_second", "")


def test_a_size_is_said_where_the_data_are(tmp_path: Path) -> None:
    asked = study(data="digits", size=5, seeds=1)
    results = lossbench.run(asked, tmp_path, executor="inline")
    assert isinstance(results, lossbench.Results)
    assert results.data.size == (5, 5, 1)
    page = (tmp_path / "studies" / "digits-mlp" / "report.html").read_text(encoding="utf-8")
    assert "grey pictures of 5 × 5 pixels" in page
    assert "Pictures of another size were resized to that" in page
    assert prepare(asked, tmp_path).data_path == "scikit-learn, resized to 5×5"


@pytest.mark.parametrize("form", ["digits", "folder"])
def test_what_has_the_size_already_is_not_said_to_be_resized(tmp_path: Path, form: str) -> None:
    for name in ("train/a", "train/b", "test/a", "test/b"):
        (tmp_path / "folder" / name).mkdir(parents=True)
        for number in range(4):
            picture = RNG.integers(0, 255, (5, 6), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "folder" / name / f"{number}.png")
    data, size = ("digits", 8) if form == "digits" else (str(tmp_path / "folder"), (5, 6))
    for data_size, said in ((size, False), (4, True)):
        for _ in range(2):  # decoded, and then found in the save dir
            asked = study(data=data, size=data_size, seeds=1, losses=["cross_entropy"], name=f"s{said}")
            results = lossbench.run(asked, tmp_path / "log", executor="inline")
            assert isinstance(results, lossbench.Results)
            assert results.data.resized is said
            page = (tmp_path / "log" / "studies" / f"s{said}" / "report.html").read_text(encoding="utf-8")
            assert ("were resized to that" in page) is said
            assert prepare(asked, tmp_path / "log").pictures.resized is said


class Small(nn.Module):
    """A model that takes pictures and vectors, and says where it was made."""

    def __init__(self, num_classes: int, in_channels: int) -> None:
        super().__init__()
        MADE_IN.append(os.getpid())
        self.head = nn.Linear(in_channels, num_classes)

    def forward(self, x: Any) -> Any:
        return self.head(x.flatten(2).mean(2) if x.dim() == 4 else x)


def test_models_that_are_python_objects_run_here_and_those_with_a_path_in_workers(tmp_path: Path) -> None:
    asked = study(models={"mine": Small}, seeds=1)
    assert (asked.models, asked.name) == (("python:mine",), "digits-mine")
    MADE_IN.clear()
    results = lossbench.run(asked, tmp_path, data=VECTORS)
    assert isinstance(results, lossbench.Results)
    assert results.trials["status"].to_list() == ["finished"] * 2
    assert len(MADE_IN) > 2
    assert not prepare(study(models={"mine": Small}, seeds=1), tmp_path, data=VECTORS).missing
    named = study(models=[Small], seeds=1)
    assert (named.models, dict(named.given_models)) == ((f"{__name__}:Small",), {})
    MADE_IN.clear()
    again = lossbench.run(named, tmp_path, data=VECTORS, workers=1)
    assert isinstance(again, lossbench.Results)
    assert again.trials["status"].to_list() == ["finished"] * 2
    assert len(MADE_IN) == 1, "it was tried here, and trained elsewhere"


def test_an_edited_model_trains_anew(tmp_path: Path) -> None:
    def made(width: int) -> Any:
        return lambda num_classes, in_channels: nn.Sequential(
            nn.Linear(in_channels, width), nn.ReLU(), nn.Linear(width, num_classes)
        )

    first, again, other = (
        prepare(study(models={"net": made(width)}), tmp_path, data=VECTORS).trials for width in (4, 4, 5)
    )
    assert list(first) == list(again)
    assert not set(first) & set(other)


def test_several_models_each_their_own(tmp_path: Path) -> None:
    def net(num_classes: int, in_channels: int) -> nn.Module:
        return nn.Linear(in_channels, num_classes)

    results = lossbench.run(study(models=[net, "mlp"], seeds=1), tmp_path, data=VECTORS, workers=1)
    assert isinstance(results, lossbench.Conditions)
    assert list(results) == ["python:net", "mlp"]
    assert all(set(each.trials["status"]) == {"finished"} for each in results.values())


@pytest.mark.parametrize(
    ("models", "text"),
    [
        (
            [nn.Linear(6, 3)],
            "models: expected what makes a model, called as callable(num_classes=..., in_channels=...)",
        ),
        (
            [lambda num_classes, in_channels: None],
            "models: expected a model with a name, as in models={'mine': callable}",
        ),
        ({"mine": "mlp"}, "models: expected a callable for each name, got mlp"),
    ],
)
def test_what_is_no_model(models: Any, text: str) -> None:
    with pytest.raises(RequestError) as error:
        study(models=models)
    assert str(error.value).startswith(text)


def test_a_python_object_cannot_be_found_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="this one was a Python object of the program that ran it, got python:mine"):
        prepare(study(models="python:mine"), tmp_path, data=VECTORS)


def test_tuning_takes_data_too(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra tune")
    asked = study(seeds=1, scenarios="validation(0.3)", recipe={"epochs": 1})
    tuning = lossbench.tune(asked, 2, save_dir=tmp_path, data=VECTORS, executor="inline")
    assert tuning.study.data == "python:trees"
    results = lossbench.run(tuning.study, tmp_path, data=VECTORS, executor="inline")
    assert isinstance(results, lossbench.Conditions)


@pytest.mark.parametrize("data", [(X, Y), ((X, Y), (X_TEST, Y_TEST)), X, [1, 2], object()])
def test_data_that_are_not_wrapped_are_refused_in_a_sentence(tmp_path: Path, data: Any) -> None:
    said = f"data: expected lossbench.Data(train=..., test=...), got {type(data).__name__}"
    for call in (lossbench.run, lossbench.tune):
        with pytest.raises(RequestError) as error:
            call(study(), save_dir=tmp_path / "log", data=data)
        assert str(error.value) == said
    assert not (tmp_path / "log").exists()


def test_a_name_goes_into_the_study(tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match=r"got str \(a name or a path goes into the study, as lossbench.Study\(data="
    ):
        lossbench.run(study(), tmp_path, data="digits")  # type: ignore[arg-type]  # wrong on purpose
