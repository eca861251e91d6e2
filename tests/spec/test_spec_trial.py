"""`Trial.key`: pinned, changed by everything that decides a result, and by nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest

from lossbench.errors import StoreError
from lossbench.spec import (
    Crop,
    Cutout,
    Flip,
    LossSpec,
    Optimizer,
    Recipe,
    Scenario,
    Schedule,
    Trial,
    canonical_json,
)

VERSIONS = {"loss": 1, "model": 1, "data": 1, "loop": 1}
DIGESTS = {"data": "0123456789abcdef"}


def trial(**changes: Any) -> Trial:
    values: dict[str, Any] = {
        "loss": LossSpec.parse("cross_entropy"),
        "scenario": Scenario(data="digits"),
        "recipe": Recipe(precision="fp32"),
        "seed": 1,
        "versions": VERSIONS,
        "digests": DIGESTS,
    }
    return Trial(**{**values, **changes})


def own() -> Trial:
    """A trial with everything that is optional."""
    return trial(
        loss=LossSpec.parse("focal(gamma=0.5, alpha=[1, 2.5])"),
        scenario=Scenario(data="/my/pictures", validation=0.1, split_seed=3),
        recipe=Recipe(
            model="mine:Net",
            epochs=3,
            batch_size=32,
            optimizer=Optimizer(lr=0.001, momentum=0, weight_decay=5e-4, nesterov=False),
            schedule=Schedule(name="constant"),
            eval_interval=2,
            train_metrics="running",
            precision="bf16",
        ),
        seed=2**63 - 1,
        versions={**VERSIONS, "model": 0},
        digests={**DIGESTS, "model": "fedcba9876543210"},
    )


def modern() -> Trial:
    """A trial with everything that joined the recipe later."""
    return trial(
        recipe=Recipe(
            precision="fp32",
            optimizer=Optimizer(name="adamw", betas=(0.9, 0.99), weight_decay=0.05),
            schedule=Schedule(name="multistep", milestones=(9, 12), warmup=2),
            clip=1,
            mixup=0.2,
        )
    )


GOLDEN = (
    '{"digests":{"data":"0123456789abcdef"},"loss":{"name":"cross_entropy"},"recipe":{"batch_size":128,"epochs":30,'
    '"eval_interval":1,"model":"cnn","optimizer":{"lr":0.1,"momentum":0.9,"name":"sgd","nesterov":false,'
    '"weight_decay":0.0},"precision":"fp32","schedule":{"gamma":0.5,"name":"step","step":5},"train_metrics":"full"},'
    '"scenario":{},"seed":1,"versions":{"data":1,"loop":1,"loss":1,"model":1}}'
)
GOLDEN_OWN = (
    '{"digests":{"data":"0123456789abcdef","model":"fedcba9876543210"},"loss":{"alpha":[1.0,2.5],"gamma":0.5,'
    '"name":"focal"},"recipe":{"batch_size":32,"epochs":3,"eval_interval":2,"model":"mine:Net","optimizer":{"lr":0.001,'
    '"momentum":0.0,"name":"sgd","nesterov":false,"weight_decay":0.0005},"precision":"bf16","schedule":{"gamma":0.5,'
    '"name":"constant","step":5},"train_metrics":"running"},"scenario":{"split_seed":3,"validation":0.1},'
    '"seed":9223372036854775807,"versions":{"data":1,"loop":1,"loss":1,"model":0}}'
)


GOLDEN_MODERN = (
    '{"digests":{"data":"0123456789abcdef"},"loss":{"name":"cross_entropy"},"recipe":{"batch_size":128,"clip":1.0,'
    '"epochs":30,"eval_interval":1,"mixup":0.2,"model":"cnn","optimizer":{"betas":[0.9,0.99],"lr":0.001,"name":"adamw",'
    '"weight_decay":0.05},"precision":"fp32","schedule":{"gamma":0.1,"milestones":[9,12],"name":"multistep","warmup":2},'
    '"train_metrics":"full"},"scenario":{},"seed":1,"versions":{"data":1,"loop":1,"loss":1,"model":1}}'
)


@pytest.mark.parametrize(
    ("made", "text", "key"),
    [
        (trial(), GOLDEN, "39a9209d2199d62dde5ee142"),
        (own(), GOLDEN_OWN, "a6fe723c392b0bb56540c52a"),
        (modern(), GOLDEN_MODERN, "aab7e2c870115f1e4f33141d"),
    ],
    ids=["plain", "own", "with everything newer"],
)
def test_golden_keys(made: Trial, text: str, key: str) -> None:
    """A change here makes every store of every user train anew: change it on purpose only."""
    assert canonical_json(made.canonical()) == text
    assert made.key == key
    assert made.key == hashlib.sha256(text.encode()).hexdigest()[:24]


CHANGES: dict[str, dict[str, Any]] = {
    "loss": {"loss": LossSpec.parse("l1")},
    "hyperparameter": {"loss": LossSpec.parse("cross_entropy(gamma=1)")},
    "validation": {"scenario": Scenario(data="digits", validation=0.1)},
    "split_seed": {"scenario": Scenario(data="digits", validation=0.1, split_seed=1)},
    **{
        name: {"scenario": Scenario.parse(text, "digits")}
        for name, text in {
            "train_size": "train_size(0.5)",
            "imbalance": "imbalance(exponential, 10)",
            "factor": "imbalance(exponential, 20)",
            "kind of imbalance": "imbalance(step, 10)",
            "minority": "imbalance(exponential, 10, minority='3')",
            "label_noise": "noise(symmetric, 0.2)",
            "rate": "noise(symmetric, 0.4)",
            "kind of noise": "noise(pair, 0.2)",
            "noise and validation": "noise(symmetric, 0.2) + validation(0.1)",
            "validation_clean": "noise(symmetric, 0.2) + validation(0.1, clean)",
            "map": "noise(asymmetric, 0.2, map='1>2')",
            "another map": "noise(asymmetric, 0.2, map='1>3')",
            "file": "noise(file, 'n.csv')",
            "column": "noise(file, 'n.csv', column=worse)",
        }.items()
    },
    "model": {"recipe": Recipe(precision="fp32", model="mlp")},
    "epochs": {"recipe": Recipe(precision="fp32", epochs=31)},
    "batch_size": {"recipe": Recipe(precision="fp32", batch_size=64)},
    "eval_interval": {"recipe": Recipe(precision="fp32", eval_interval=2)},
    "train_metrics": {"recipe": Recipe(precision="fp32", train_metrics="running")},
    "precision": {"recipe": Recipe(precision="bf16")},
    "lr": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(lr=0.2))},
    "momentum": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(momentum=0.8))},
    "weight_decay": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(weight_decay=1e-4))},
    "nesterov": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(nesterov=True))},
    "schedule": {"recipe": Recipe(precision="fp32", schedule=Schedule(name="constant"))},
    "step": {"recipe": Recipe(precision="fp32", schedule=Schedule(step=6))},
    "gamma": {"recipe": Recipe(precision="fp32", schedule=Schedule(gamma=0.6))},
    "augmentation": {"recipe": Recipe(precision="fp32", augmentation=(Crop(4), Flip()))},
    "order of augmentation": {"recipe": Recipe(precision="fp32", augmentation=(Flip(), Crop(4)))},
    "padding": {"recipe": Recipe(precision="fp32", augmentation=(Crop(3), Flip()))},
    "cutout": {"recipe": Recipe(precision="fp32", augmentation=(Crop(4), Flip(), Cutout(8)))},
    "adam": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(name="adam"))},
    "adamw": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(name="adamw"))},
    "betas": {"recipe": Recipe(precision="fp32", optimizer=Optimizer(name="adam", betas=(0.9, 0.99)))},
    "cosine": {"recipe": Recipe(precision="fp32", schedule=Schedule(name="cosine"))},
    "warmup": {"recipe": Recipe(precision="fp32", schedule=Schedule(warmup=5))},
    "milestones": {"recipe": Recipe(precision="fp32", schedule=Schedule(name="multistep", milestones=(9,)))},
    "other milestones": {"recipe": Recipe(precision="fp32", schedule=Schedule(name="multistep", milestones=(8,)))},
    "clip": {"recipe": Recipe(precision="fp32", clip=1)},
    "mixup": {"recipe": Recipe(precision="fp32", mixup=0.2)},
    "seed": {"seed": 2},
    **{f"version of {name}": {"versions": {**VERSIONS, name: 2}} for name in VERSIONS},
    "digest of the data": {"digests": {"data": "0123456789abcdee"}},
    "digest of given labels": {"digests": {**DIGESTS, "label_noise": "0"}},
    "digest of the model": {"digests": {**DIGESTS, "model": "0"}},
}


def test_every_input_changes_the_key() -> None:
    keys = {name: trial(**change).key for name, change in CHANGES.items()} | {"none": trial().key}
    assert len(set(keys.values())) == len(keys)
    recipe = set(Recipe.model_fields) - {"optimizer"} | set(Optimizer.model_fields) | set(Schedule.model_fields)
    scenario = set(Scenario.model_fields) - {"data"}
    assert (recipe | scenario) - {"name"} <= set(CHANGES), "a new field needs a line above"


@pytest.mark.parametrize(
    "same",
    [
        trial(scenario=Scenario(data="/elsewhere/digits")),
        trial(loss=LossSpec.parse("cross_entropy(alpha=none)")),
        trial(versions=dict(reversed(VERSIONS.items()))),
        trial(
            recipe=Recipe.model_validate({"precision": "fp32", "optimizer": {"lr": "1e-1"}, "schedule": {"step": 5}})
        ),
        trial(recipe=Recipe(precision="fp32", augmentation=())),
        trial(recipe=Recipe.model_validate({"precision": "fp32", "augmentation": ""})),
        trial(recipe=Recipe.model_validate({"precision": "fp32", "clip": 0, "mixup": 0, "schedule": {"warmup": 0}})),
        trial(recipe=Recipe.model_validate({"precision": "fp32", "optimizer": {"betas": None}, "mixup": None})),
    ],
    ids=["path", "none", "order", "text", "no augmentation", "no text", "0 for off", "none for off"],
)
def test_what_decides_nothing_changes_nothing(same: Trial) -> None:
    assert same.key == trial().key


def test_numbers_are_one_however_written() -> None:
    keys = {
        trial(loss=loss).key
        for loss in (
            LossSpec.parse("focal(gamma=2, alpha=[1, 0])"),
            LossSpec.parse("focal(alpha=[1.0, -0.0], gamma=2.0)"),
            LossSpec.of("focal", {"gamma": 2, "alpha": (1, 0)}),
        )
    }
    assert len(keys) == 1


def test_an_augmentation_is_one_however_written() -> None:
    written: list[Any] = [
        "crop(4), cutout(8)",
        ["crop(4)", "cutout(8)"],
        (" crop( 4.0 ) ", "cutout(8)"),
        (Crop(4), Cutout(8)),
    ]
    trials = [trial(recipe=Recipe(precision="fp32", augmentation=each)) for each in written]
    assert {each.key for each in trials} == {trials[0].key}
    assert '"augmentation":["crop(4)","cutout(8)"]' in canonical_json(trials[0].canonical())


AUGMENTED = trial(recipe=Recipe(precision="fp32", augmentation=(Crop(4), Flip(), Cutout(8))))


@pytest.mark.parametrize(
    "made", [trial(), own(), AUGMENTED, modern()], ids=["plain", "own", "augmented", "with everything newer"]
)
def test_through_json_and_back(made: Trial) -> None:
    again = Trial.from_canonical(json.loads(canonical_json(made.canonical())))
    assert again.key == made.key
    assert (again.loss, again.recipe, again.seed) == (made.loss, made.recipe, made.seed)
    assert again.versions == made.versions
    assert again.digests == made.digests
    assert (again.scenario.validation, again.scenario.split_seed) == (
        made.scenario.validation,
        made.scenario.split_seed,
    )


def test_the_mapping_read_from_is_left_as_it_was() -> None:
    values = json.loads(GOLDEN_OWN)
    Trial.from_canonical(values)
    assert values == json.loads(GOLDEN_OWN)


def broken(**changes: Any) -> dict[str, Any]:
    return {**json.loads(GOLDEN), **changes}


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        broken(loss={}),
        broken(loss=5),
        broken(loss="l1"),
        broken(recipe={"epoch": 3}),
        broken(recipe={"epochs": 0}),
        broken(recipe=None),
        broken(scenario={"validation": 2}),
        broken(scenario=[]),
        broken(versions=None),
        broken(digests=5),
        broken(loss={"name": "focal", "alpha": ["a"]}),
    ],
    ids=range(13),
)
def test_what_describes_no_trial(values: Any) -> None:
    with pytest.raises(StoreError, match=r"^trial\.json does not describe a trial: "):
        Trial.from_canonical(values)


def test_frozen_and_hashable() -> None:
    made = trial()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.seed = 2  # type: ignore[misc]  # that it cannot be done is what is tested
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.loss.name = "l1"  # type: ignore[misc]  # the same
    assert len({made, trial(), own()}) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_has_no_nan(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": value})


def test_canonical_json_is_sorted_dense_ascii() -> None:
    assert canonical_json({"b": [1.0, None], "a": "é"}) == '{"a":"\\u00e9","b":[1.0,null]}'


def test_minus_zero_is_the_same_recipe() -> None:
    for name in ("momentum", "weight_decay"):
        written = [Optimizer.model_validate({name: value}) for value in (0, 0.0, -0.0, "-0")]
        assert len({trial(recipe=Recipe(precision="fp32", optimizer=each)).key for each in written}) == 1
    betas = [Optimizer(name="adam", betas=(zero, 0.9)).canonical() for zero in (0.0, -0.0)]
    assert canonical_json(betas[0]) == canonical_json(betas[1])
