"""`Study` and its file: the way there and back, and what is said of a file that cannot be read."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lossbench.errors import RequestError, StudyFileError
from lossbench.spec import PRESETS, Crop, Flip, Recipe, Study, load_study, read_study_file


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "study.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


STUDIES: list[dict[str, Any]] = [
    {},
    dict(PRESETS["course-report"]),
    {
        "name": "größer – 2",
        "question": "yes: or # no?",
        "data": "on",
        "models": ["m.n:Net"],
        "losses": ["focal(gamma=0.5, alpha=[1, 2, 1e-07])", "f(a=none, b='1 ')"],
        "scenarios": ["validation(0.1, split_seed=3)"],
        "seeds": [0, 7],
        "recipe": {
            "epochs": 1,
            "optimizer": {"lr": 1e-7, "momentum": 0, "weight_decay": 5e-4, "nesterov": False},
            "schedule": {"name": "constant"},
            "augmentation": ["cutout(2)", "crop(1)"],
            "train_metrics": "running",
            "precision": "bf16",
        },
        "plan": {"metric": "test.nll", "margin": 1e-3},
    },
]


@pytest.mark.parametrize("values", STUDIES, ids=["default", "preset", "odd"])
def test_a_study_written_is_the_study_read(tmp_path: Path, values: dict[str, Any]) -> None:
    study = Study(**values)
    again = load_study(write(tmp_path, study.to_yaml()))
    assert again == study
    assert again.to_yaml() == study.to_yaml()
    assert Study.model_validate(study.canonical()) == study


def test_the_file_holds_every_default_and_no_model_in_the_recipe(tmp_path: Path) -> None:
    values = read_study_file(write(tmp_path, Study().to_yaml()))
    absent = {"tuned", "published", "image_column", "label_column", "size"}
    assert set(values) == set(Study.model_fields) - absent  # what is not there is not written
    off = {"clip", "mixup"}  # the same
    assert set(values["recipe"]) == set(Recipe.model_fields) - {"model"} - off
    assert next(iter(values)) == "name"


def test_a_file_as_people_write_it(tmp_path: Path) -> None:
    text = """
        # a comment
        data: cifar10
        losses: [cross_entropy, "focal(gamma=0.5)"]
        recipe: {epochs: 3, optimizer: {lr: 1e-3}, augmentation: [crop(4), flip]}
    """
    study = load_study(write(tmp_path, text))
    assert (study.name, study.recipe.epochs, study.recipe.optimizer.lr) == ("cifar10-cnn", 3, 0.001)
    assert study.recipe.optimizer.momentum == 0.9
    assert study.recipe.augmentation == (Crop(4), Flip())
    assert load_study(write(tmp_path, "\ufeffname: with a mark in front")).name == "with a mark in front"


ALLOWED = "a readable YAML file with a mapping (`lossbench init` writes one to start from)"


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("", "an empty file"),
        ("# only a comment\n", "an empty file"),
        ("null", "an empty file"),
        ("- a\n- b", "['a', 'b']"),
        ("5", "5"),
        ("just words", "just words"),
        ("1: 2", "{1: 2}"),
        ("a: [", "while parsing a flow node"),
        ("a: b: c", "mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "expected a single document in the stream"),
        ("? [a]\n: 1", "while constructing a mapping"),
        ("x: *nowhere", "found undefined alias 'nowhere'"),
        ("x: !!python/object/apply:os.system [ls]", "could not determine a constructor for the tag"),
        ("!!python/object/new:os._exit [3]", "could not determine a constructor for the tag"),
        ("x: !unknown 5", "could not determine a constructor for the tag '!unknown'"),
        ("name: 2020-13-45", "month must be in 1..12"),
        ("seeds: !!int abc", "invalid literal for int() with base 10: 'abc'"),
        ("x: !!float abc", "could not convert string to float: 'abc'"),
        ("x: !!bool abc", "'abc'"),
        ("x: !!timestamp abc", "'NoneType' object has no attribute"),
        ("seeds: " + "1" * 5000, "Exceeds the limit"),
        ("[" * 3000, "maximum recursion depth exceeded"),
        ("&a [*a]", "[["),
        ("\0", "unacceptable character #x0000"),
        (b"name: \xe9", "'utf-8' codec can't decode byte 0xe9"),
        (bytes(range(256)), "'utf-8' codec can't decode byte 0x80"),
        ("name: x".encode("utf-16"), "'utf-8' codec can't decode byte 0xff"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str | bytes, received: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(StudyFileError) as error:
        load_study(path)
    assert str(error.value).startswith(f"{path}: expected {ALLOWED}, got ")
    assert received in str(error.value)
    assert "\n" not in str(error.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, received in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(StudyFileError) as error:
            load_study(path)
        assert str(error.value) == f"{path}: expected {ALLOWED}, got nothing readable ({received})"
    with pytest.raises(StudyFileError):
        load_study("a\0b")


LETTERS = "abcdefghi"
ALIASES = ["&a [x,x,x,x,x,x,x,x,x]"] + [
    f"&{name} [{','.join([f'*{below}'] * 9)}]" for below, name in pairwise(LETTERS)
]  # the last stands for 9^9 letters
LIST = f"[{', '.join(ALIASES)}]"
MAPPING = "{" + ", ".join(f"{name}: {value}" for name, value in zip(LETTERS, ALIASES, strict=True)) + "}"
PLACES = [
    "name: X",
    "question: X",
    "data: X",
    "models: X",
    "models: [X]",
    "losses: X",
    "losses: [X]",
    "scenarios: [X]",
    "seeds: X",
    "recipe: X",
    "recipe: {model: X}",
    "recipe: {epochs: X}",
    "recipe: {augmentation: X}",
    "recipe: {augmentation: [X]}",
    "recipe: {optimizer: {name: adam, betas: X}}",
    "recipe: {schedule: {name: multistep, milestones: X}}",
    "recipe: {schedule: {warmup: X}}",
    "recipe: {mixup: X}",
    "plan: {margin: X}",
    "plan: {metric: X}",
    "X",
]


@pytest.mark.parametrize("value", [LIST, MAPPING], ids=["list", "mapping"])
@pytest.mark.parametrize("place", PLACES)
def test_aliases_are_not_unfolded(tmp_path: Path, place: str, value: str) -> None:
    """Without care the complaint alone would take the memory of the machine."""
    with pytest.raises(RequestError) as error:
        load_study(write(tmp_path, place.replace("X", value)))
    assert len(str(error.value).replace(str(tmp_path), "")) < 400


@pytest.mark.parametrize("text", ["recipe: {5: 1}", "recipe: {optimizer: {on: 1}}", "plan: {null: 1}"])
def test_a_key_that_is_no_text(tmp_path: Path, text: str) -> None:
    with pytest.raises(RequestError, match=r"study.yaml: expected keys that are text .*, got (5|True|None)"):
        load_study(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("name: a\nname: b\n", "name twice (lines 1 and 2)"),
        ("recipe:\n  epochs: 3\n  batch_size: 64\n  epochs: 30\n", "epochs twice (lines 2 and 4)"),
        ('recipe: {optimizer: {lr: 0.1, "lr": 0.2}}', "lr twice (line 1)"),
        ("losses: [{loss: mae, lr: 1, lr: 2}]", "lr twice (line 1)"),
        ("recipe: {<<: {epochs: 3}, <<: {epochs: 4}}", "<< twice (line 1)"),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, text: str, received: str) -> None:
    """YAML's own readers take the last one, and a study would be another than its file seems to say."""
    path = write(tmp_path, text)
    with pytest.raises(StudyFileError) as error:
        load_study(path)
    assert str(error.value) == f"{path}: expected every key once in its mapping, got {received}"


def test_what_a_merge_key_brings_may_be_said_anew(tmp_path: Path) -> None:
    text = "recipe: {optimizer: &o {lr: 0.5, momentum: 0}, <<: &r {epochs: 3}, epochs: 4}\n"
    study = load_study(write(tmp_path, text))
    assert (study.recipe.epochs, study.recipe.optimizer.lr) == (4, 0.5)


@pytest.mark.parametrize(
    "text", ["&a {recipe: *a}", "recipe: &a {optimizer: *a}", "tuned: &a {l1: *a}", "losses: [&a {loss: *a}]"]
)
def test_a_value_that_holds_itself_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(StudyFileError, match="expected values that do not hold themselves"):
        load_study(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "tag"),
    [("name: !!binary aGVsbG8=", "binary"), ("models: !!set {cnn, mlp}", "set"), ("losses: [!!set {l1}]", "set")],
)
def test_bytes_and_sets_are_no_values_of_a_study(tmp_path: Path, text: str, tag: str) -> None:
    """Bytes would be taken for text, and a set for a list in an order that changes from run to run."""
    with pytest.raises(
        StudyFileError, match=f"expected text, numbers, lists and mappings, got a value of the tag !!{tag}"
    ):
        load_study(write(tmp_path, text))


def test_a_file_that_may_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(StudyFileError, match="got a pipe or a device, which may never end"):
            load_study(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, "#" * 4_000_001)
    with pytest.raises(StudyFileError) as error:
        load_study(path)
    assert str(error.value) == f"{path}: expected a study file of at most 4,000,000 bytes, got a larger one"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seeds: 0x" + "1" * 6000, "got a whole number of 23997 bits"),
        (
            "recipe: {epochs: 0x" + "1" * 6000 + "}",
            "recipe.epochs: expected a number of at most 1e+09, got a whole number",
        ),
        (
            "recipe: {epochs: 1" + "0" * 4000 + "}",
            "recipe.epochs: expected a number of at most 1e+09, got a whole number",
        ),
        (
            "recipe: {optimizer: {lr: 0x" + "1" * 6000 + "}}",
            "recipe.optimizer.lr: expected a finite number, got a whole",
        ),
        ("losses: [{loss: l1, lr: 0x" + "1" * 600 + "}]", "losses.l1.lr: expected a finite number, got 197650689859"),
        ("x: " + ":".join(["1"] * 300) + ".5", "study.yaml: expected a readable YAML file"),
        ("name: 9999-12-31T23:59:59-24:00", "study.yaml: expected a readable YAML file"),
    ],
    ids=["seeds", "epochs", "epochs in digits", "rate", "arm", "base 60", "time"],
)
def test_numbers_that_python_will_not_write_or_hold(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        load_study(write(tmp_path, text))
    assert sentence in str(error.value)


@pytest.mark.parametrize("value", ["0", "false", "[]", "{}"])
def test_a_name_that_is_no_text_is_not_taken_for_none(tmp_path: Path, value: str) -> None:
    with pytest.raises(RequestError, match=r"^name: expected text, got "):
        load_study(write(tmp_path, f"name: {value}\n"))


@pytest.mark.parametrize("question", ["a\x85b", "a\u2028b", "a\u2029", "\r", "a\r\nb", "\ufeff", " a\n b ", "\ue000"])
def test_any_question_comes_back_from_a_file(tmp_path: Path, question: str) -> None:
    study = Study(question=question)
    assert load_study(write(tmp_path, study.to_yaml())) == study


def test_a_path_with_nul_is_refused() -> None:
    for field in ("data", "published"):
        for text in ("a\0b", "\0/.."):
            with pytest.raises(RequestError, match=f"^{field}: expected text without NUL, got "):
                Study(**{field: text})
    with pytest.raises(RequestError, match=r"^models\.0: expected text without NUL"):
        Study(models=["\0"])
