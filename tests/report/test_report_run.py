"""What is said of the run itself."""

from dataclasses import replace

from lossbench.report.definitions import definitions
from lossbench.report.sentences_run import data_sentences, mixed, recipe_rows, reproduce
from lossbench.report.trials_lost import unfinished
from lossbench.spec import Study
from lossbench.text import plain
from synthetic import analyse, study


def test_the_data_in_numbers() -> None:
    data = study(losses=("l1",), seeds=1, epochs=1).data
    assert [plain(text) for text in data_sentences(data)] == [
        "cifar10 has 10 classes of colour pictures of 32 × 32 pixels: 50,000 to train on and 10,000 to test on."
    ]
    held = replace(data, validation=500, size=(8, 8, 1), class_names=("a",))
    (text,) = data_sentences(held)
    assert "1 class of grey pictures" in text
    assert "500 more were held out for validation" in text


def test_mixed_circumstances_are_warned_of() -> None:
    assert mixed({"torch": ("2.13.0",), "data path": ("/a", "/b")}) == ()
    (text,) = mixed({"device": ("cpu", "cuda"), "torch": ("2.13.0",)})
    assert plain(text) == "The trials differ in device: cpu and cuda. Comparing them mixes losses and circumstances."


def test_every_setting_is_listed_once() -> None:
    rows = recipe_rows(study(losses=("l1",), seeds=2, epochs=3).study)
    assert dict(rows)["optimizer.lr"] == "0.1"
    assert dict(rows)["optimizer.nesterov"] == "no"
    assert dict(rows)["seeds"] == "1, 2"
    assert dict(rows)["margin"] == "0.01"
    assert len(dict(rows)) == len(rows)


def test_the_augmentation_is_listed_and_none_is_said() -> None:
    for augmentation, words in (("crop(4), flip", "crop(4), flip"), ("", "none")):
        values = Study(recipe={"augmentation": augmentation}).canonical()
        assert dict(recipe_rows(values))["augmentation"] == words


def test_what_a_recipe_has_besides_is_listed_and_what_it_has_no_use_for_is_not() -> None:
    recipe = {
        "optimizer": {"name": "adamw", "betas": [0.9, 0.99], "weight_decay": 0.05},
        "schedule": {"name": "multistep", "milestones": [10, 20], "warmup": 3},
        "clip": 1,
        "mixup": 0.2,
    }
    rows = dict(recipe_rows(Study(recipe=recipe).canonical()))
    assert rows["optimizer.name"] == "adamw"
    assert rows["optimizer.betas"] == "0.9, 0.99"
    assert (rows["schedule.milestones"], rows["schedule.gamma"], rows["schedule.warmup"]) == ("10, 20", "0.1", "3")
    assert (rows["clip"], rows["mixup"]) == ("1", "0.2")
    assert not {"optimizer.momentum", "optimizer.nesterov", "schedule.step"} & set(rows)
    assert not {"clip", "mixup", "schedule.warmup"} & set(dict(recipe_rows(Study().canonical())))


def test_unfinished_trials_come_in_the_studys_order() -> None:
    status = {("l1", 2): ("failed", 0, "x"), ("focal", 1): ("diverged", 1, "y"), ("l1", 1): ("missing", 0, "")}
    rows = unfinished(study(losses=("focal", "l1"), seeds=2, epochs=2, status=status))
    assert [(row["loss_function"], row["seed"], row["status"]) for row in rows] == [
        ("focal", 1, "diverged"),
        ("l1", 1, "missing"),
        ("l1", 2, "failed"),
    ]


def test_seeds_in_singular_and_plural() -> None:
    assert "with seed 1." in reproduce(study(losses=("l1",), seeds=1, epochs=1))[0]
    assert "with seeds 1 and 2." in reproduce(study(losses=("l1",), seeds=2, epochs=1))[0]
    assert "with 13 seeds." in reproduce(study(losses=("l1",), seeds=13, epochs=1))[0]


def test_definitions_name_what_was_measured() -> None:
    full, running = (
        definitions(results, replace(analyse(results), margin=0.02))
        for results in (study(losses=("l1",), seeds=1, epochs=1, running=r) for r in (False, True))
    )
    text = " ".join(body for _, body in full)
    assert "guessing gives 1/10" in text
    assert "margin 0.02" in text
    assert "15 equally wide bins" in text
    assert "summed over classes" in text
    assert "geometric mean over seeds" in dict(full)["First gradient"]
    assert "Train (running)" in dict(running)
    assert "Train (running)" not in dict(full)
