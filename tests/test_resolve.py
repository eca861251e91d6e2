"""Study -> Trials: what a trial's key is made of, and what is refused before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import lossbench.data
import lossbench.train
from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE
from lossbench.models import MODELS
from lossbench.resolve import card_values, resolve, settle_device, settle_names, settle_precision, untestable
from lossbench.spec import Arm, LossSpec, Study
from makers import made_pictures

PICTURES = made_pictures()


def keys(study: Study) -> list[str]:
    return [trial.key for trial in resolve(study, PICTURES).trials.values()]


def test_trials_come_seed_by_seed_so_that_an_interrupted_study_has_whole_pairs() -> None:
    resolved = resolve(Study(losses="l1, focal", seeds=[3, 5]), PICTURES)
    assert list(resolved.trials) == [("l1", 3), ("focal", 3), ("l1", 5), ("focal", 5)]


def test_a_trial_has_every_default_version_and_digest() -> None:
    (trial,) = resolve(Study(losses="focal", seeds="7,"), PICTURES).trials.values()
    assert trial.loss == LossSpec.of("focal", {"gamma": 2, "alpha": None, "detach": False})
    assert trial.recipe.precision == settle_precision("cpu")
    assert trial.digests == {"data": PICTURES.digest}
    assert trial.versions == {
        "loss": CATALOGUE["focal"].card.version,
        "model": MODELS["cnn"].version,
        "data": lossbench.data.VERSION,
        "loop": lossbench.train.VERSION,
    }


def test_a_default_that_is_written_out_is_the_same_trial() -> None:
    assert keys(Study(losses="focal", seeds=1)) == keys(Study(losses="focal(gamma=2.0, alpha=none)", seeds=1))


def test_the_studys_name_question_and_plan_decide_no_result() -> None:
    other = Study(losses="l1", seeds=1, name="other", question="Why?", plan={"margin": 0.5, "metric": "test.nll"})
    assert keys(other) == keys(Study(losses="l1", seeds=1))


def test_other_pictures_are_other_trials() -> None:
    edited = resolve(Study(losses="l1", seeds=1), replace(PICTURES, digest="f" * 32))
    assert [trial.key for trial in edited.trials.values()] != keys(Study(losses="l1", seeds=1))


def test_an_edited_model_is_another_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    layers = "nn.Sequential(nn.Flatten(), nn.Linear(64, 3))"
    source = f"from torch import nn\ndef net(num_classes, in_channels):\n    return {layers}\n"
    path = tmp_path / "mine_to_resolve.py"
    path.write_text(source)
    study = Study(losses="l1", seeds=1, models=["mine_to_resolve:net"])
    before = keys(study)
    path.write_text(source + "# edited\n")
    assert keys(study) != before


def test_a_validation_split_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(RequestError, match="validation split"):
        resolve(Study(losses="l1", seeds=1, scenarios=["validation(0.01)"]), PICTURES)


def test_a_card_as_plain_values_has_its_curve_and_every_hyperparameter() -> None:
    values = card_values(Arm.parse("focal(gamma=0.5)"), [30, 20, 10])
    assert values["label"] == "focal(gamma=0.5)"
    assert values["hyperparameters"] == {"gamma": 0.5, "alpha": None, "detach": False}
    assert len(values["margin"]) == len(values["probability"]) == len(values["value"]) == len(values["gradient"]) > 100


@pytest.mark.parametrize(
    ("capabilities", "device", "precision"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, "cpu", "bf16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "cpu", "bf16"),
        ({"avx512_bf16": False, "amx_bf16": False}, "cpu", "fp32"),
        ({}, "cpu", "fp32"),
        ({"avx512_bf16": True, "amx_bf16": True}, "cuda", "fp32"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_it(
    capabilities: dict[str, bool], device: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    study = Study(losses="l1", seeds=1)
    assert resolve(study, PICTURES, device).study.recipe.precision == precision
    asked = Study(losses="l1", seeds=1, recipe={"precision": "fp32"})
    assert resolve(asked, PICTURES, device).study.recipe.precision == "fp32"


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(RequestError, match="--device: expected auto, cpu, cuda or mps, got tpu"):
        settle_device("tpu")
    assert settle_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("cuda", "mps", "auto"), [(False, False, "cpu"), (True, False, "cuda"), (False, True, "cpu"), (True, True, "cuda")]
)
def test_auto_is_cuda_or_the_processor_and_what_is_not_here_is_refused(
    cuda: bool, mps: bool, auto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert settle_device("auto") == auto
    for device, here, words in (("cuda", cuda, "CUDA"), ("mps", mps, r"Metal \(mps\)")):
        if here:
            assert settle_device(device) == device
        else:
            with pytest.raises(RequestError, match=f"^--device: expected cpu, for torch sees no {words} device here"):
                settle_device(device)
    assert settle_precision("mps") == "fp32"


def test_all_is_every_loss_once_whatever_else_is_written() -> None:
    every = settle_names(Study(losses="all", seeds=1)).losses
    assert [str(loss) for loss in every] == list(CATALOGUE)
    some = settle_names(Study(losses="focal(gamma=2), all, focal(gamma=1)", seeds=1)).losses
    assert [str(loss) for loss in some[:1] + some[-1:]] == ["focal(gamma=2)", "focal(gamma=1)"]
    assert len(some) == len(CATALOGUE) + 1


def test_an_own_loss_is_known_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "mine_to_lose.py"
    source = "from torch.nn.functional import cross_entropy\ndef mine(z, y):\n    return cross_entropy(z, y)\n"
    path.write_text(source)
    study = Study(losses="mine_to_lose:mine, l1", seeds=1)
    own, catalogues = resolve(study, PICTURES).trials.values()
    assert own.versions["loss"] == 0
    assert set(own.digests) == {"data", "loss"}
    assert set(catalogues.digests) == {"data"}
    path.write_text(source + "# edited\n")
    edited = keys(study)
    assert edited[0] != own.key
    assert edited[1] == catalogues.key


def test_an_own_loss_that_cannot_be_asked_for_single_points_is_not_drawn() -> None:
    def squeezes(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits.squeeze(), target)

    values = card_values(Arm(LossSpec.of_callable(squeezes)), [30, 20, 10])
    assert values["margin"] == values["value"] == ()
    assert values["title"] == "squeezes, a loss of your own"


class TestHypotheses:
    def test_a_loss_goes_by_the_name_that_it_has_in_the_study(self) -> None:
        study = Study(losses="l1, focal", plan={"hypotheses": "test.accuracy: focal(gamma=2) > l1"})
        assert settle_names(study).plan.hypotheses == ("test.accuracy: focal > l1",)

    def test_two_that_are_one_after_that_are_refused(self) -> None:
        study = Study(
            losses="l1, focal", plan={"hypotheses": ["test.f1: lowest focal", "test.f1: lowest focal(gamma=2)"]}
        )
        with pytest.raises(
            RequestError, match=r"^plan\.hypotheses: expected every hypothesis once, got test\.f1: lowest"
        ):
            settle_names(study)

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("test.accuracy: cros_entropy > l1", r"got cros_entropy \(did you mean cross_entropy\?\)$"),
            ("test.accuracy: focal(gama=2) > l1", r"got gama"),
            ("test.accuracy: focal(gamma=-1) > l1", r"got -1"),
            ("test.accuracy: not_here:loss > l1", r"got not_here:loss"),
            ('test.accuracy: "two words" > l1', r"got two words"),
        ],
    )
    def test_a_slip_of_the_pen_is_found_before_anything_is_trained(self, text: str, complaint: str) -> None:
        with pytest.raises(RequestError, match=complaint) as caught:
            settle_names(Study(losses="l1, cross_entropy", plan={"hypotheses": [text]}))
        assert str(caught.value).startswith(f"plan.hypotheses ({text}): expected")

    def test_what_a_study_will_not_tell_of_is_said_with_the_reason(self) -> None:
        texts = [
            "test.accuracy: cross_entropy > l1",
            "test.accuracy: gce > l1",
            "test.accuracy: gce ~ mae within 0.01",
            "noise(symmetric, 0.4) | test.accuracy: cross_entropy > l1",
            "clean | test.accuracy: cross_entropy > l1",
            "validation.accuracy: cross_entropy > l1",
            "noise(symmetric, 0.4) | test.recall[no such class]: cross_entropy > l1",
        ]
        study = Study(losses="l1, cross_entropy", plan={"hypotheses": texts})
        assert dict(resolve(study, PICTURES).untestable) == {
            texts[1]: "gce is not in the study",
            texts[2]: "gce and mae are not in the study",
            texts[3]: "the study has no scenario noise(symmetric, 0.4)",
            texts[5]: "the study has no validation split",
            texts[6]: "the study has no scenario noise(symmetric, 0.4)",
        }
        held_out = study.model_copy(update={"scenarios": ("validation(0.2)",)})
        assert texts[5] not in untestable(held_out, PICTURES.class_names)

    def test_what_only_some_scenarios_measure_is_not_tested_in_others(self) -> None:
        texts = [f"{metric}: cross_entropy > l1" for metric in ("train.memorised", "train.corrected", "test.many")]
        texts += ["test.few: cross_entropy > l1", "test.medium: cross_entropy > l1"]
        study = Study(losses="l1, cross_entropy", plan={"hypotheses": texts})
        unequal = "the study has no imbalance: its classes have about as many training pictures"
        plain = {**dict.fromkeys(texts[:2], "the study has no label noise"), **dict.fromkeys(texts[2:], unequal)}
        assert dict(resolve(study, PICTURES).untestable) == plain
        noisy = study.model_copy(update={"scenarios": ("noise(pair, 0.1)",)})
        assert set(resolve(noisy, PICTURES).untestable) == set(texts[2:])
        step = study.model_copy(update={"scenarios": ("imbalance(step, 4)",)})
        expected = {**dict.fromkeys(texts[:2], "the study has no label noise")}
        expected[texts[4]] = "the study has no medium-shot classes"
        assert dict(resolve(step, PICTURES).untestable) == expected
        assert not untestable(noisy, (), [9, 3, 1])

    def test_a_class_that_the_data_do_not_have_is_refused(self) -> None:
        study = Study(losses="l1, cross_entropy", plan={"hypotheses": ["test.recall[catt]: cross_entropy > l1"]})
        with pytest.raises(
            RequestError, match=r"^plan\.hypotheses: expected one of cat, dog, got catt \(did you mean cat"
        ):
            untestable(study, ("cat", "dog"))
        assert untestable(study, ("catt", "dog")) == {}

    def test_a_trials_key_knows_nothing_of_hypotheses(self) -> None:
        plain = Study(losses="l1, focal", seeds=2)
        plan = {"hypotheses": ["test.f1: lowest l1"], "max_seeds": 5, "margin": 0.5}
        assert keys(plain) == keys(Study(losses="l1, focal", seeds=2, plan=plan))
