"""Predictions from kept weights: the bits of training, whichever way pictures come, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept_makers import OWN_MODEL, kept_study
from PIL import Image
from torch import nn

import lossbench
from lossbench.errors import RequestError, SaveDirError, StoreError
from lossbench.models.libraries import library_digest
from lossbench.store import Store, StudyFolder
from makers import made_pictures
from tuning_makers import small, written

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")

TEST = made_pictures().test.pictures


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    return kept_study(tmp_path_factory.mktemp("kept"))


def stored(log: Path, loss: str, seed: int) -> np.ndarray:
    store = Store(log)
    (name,) = store.study_names()
    return store.logits(StudyFolder.read(store, name).trials[loss, seed])["test.last"]


class TestBits:
    @pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
    @pytest.mark.parametrize("seed", [1, 2])
    def test_the_test_set_has_the_logits_that_were_stored(self, log: Path, loss: str, seed: int) -> None:
        found = lossbench.predict(log, TEST, loss, seed=seed)
        assert np.array_equal(found.logits[0], stored(log, loss, seed))

    def test_a_network_of_bfloat16_too(self, tmp_path: Path) -> None:
        log = kept_study(tmp_path, recipe={"precision": "bf16"}, losses=["cross_entropy"], seeds=1)
        assert np.array_equal(lossbench.predict(log, TEST).logits[0], stored(log, "cross_entropy", 1))

    def test_a_test_set_of_several_batches_too(self, tmp_path: Path) -> None:
        made = made_pictures(train=60, test=610)
        train, test = made.train, made.test
        arrays = {"x_train": train.pictures, "y_train": train.labels, "x_test": test.pictures, "y_test": test.labels}
        np.savez(tmp_path / "many.npz", **arrays)  # type: ignore[arg-type]  # NumPy's stubs take it for an option
        study = small(tmp_path / "many.npz", models="cnn", losses=["cross_entropy"], seeds=1)
        lossbench.run(study, tmp_path / "log", executor="inline", keep_weights=True)
        found = lossbench.predict(tmp_path / "log", test.pictures)
        assert np.array_equal(found.logits[0], stored(tmp_path / "log", "cross_entropy", 1))

    def test_more_pictures_than_fit_into_a_batch(self, log: Path) -> None:
        many = np.tile(TEST, (10, 1, 1, 1))
        found = lossbench.predict(log, many, "cross_entropy", seed=1)
        assert found.probabilities.shape == (300, 3)
        one = lossbench.predict(log, TEST, "cross_entropy", seed=1).probabilities
        assert np.allclose(found.probabilities, np.tile(one, (10, 1)), atol=1e-6)


class TestProbabilities:
    def test_they_are_the_softmax_of_the_logits(self, log: Path) -> None:
        found = lossbench.predict(log, TEST, "cross_entropy")
        powers = np.exp(found.logits[0].astype(np.float64))
        assert np.allclose(found.probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-12)

    def test_of_a_loss_with_another_link_they_are_that_links(self, log: Path) -> None:
        """bce trains one sigmoid per class; its probabilities are these, divided by their sum."""
        found = lossbench.predict(log, TEST, "bce")
        sigmoids = 1 / (1 + np.exp(-found.logits[0].astype(np.float64)))
        assert np.allclose(found.probabilities, sigmoids / sigmoids.sum(axis=1, keepdims=True), atol=1e-9)

    def test_of_several_seeds_they_are_the_mean(self, log: Path) -> None:
        each = [lossbench.predict(log, TEST, "bce", seed=seed).probabilities for seed in (1, 2)]
        both = lossbench.predict(log, TEST, "bce", seeds="all")
        assert both.seeds == (1, 2)
        assert np.allclose(both.probabilities, np.mean(each, axis=0), atol=1e-15)
        assert both.logits.shape == (2, 30, 3)
        assert np.array_equal(lossbench.predict(log, TEST, "bce", seeds=[2]).probabilities, each[1])


class TestChoice:
    def test_best_is_the_first_of_the_ranking_and_its_first_seed(self, log: Path) -> None:
        results = lossbench.load(log)
        assert isinstance(results, lossbench.Results)
        found = lossbench.predict(log, TEST)
        assert found.loss == results.analysis.ranking[0]
        assert found.seeds == (1,)
        assert found.why.endswith("seed 1, the first that finished with weights")

    def test_where_no_seed_was_kept_the_error_says_how(self, tmp_path: Path) -> None:
        lossbench.run(small(written(tmp_path / "data")), tmp_path / "log", executor="inline")
        with pytest.raises(RequestError, match=r"none with weights .run the study with --keep-weights"):
            lossbench.predict(tmp_path / "log", TEST, "gce")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"loss": "focal"}, "--loss: expected one of bce, best, cross_entropy, got focal"),
            ({"loss": "("}, "--loss: expected"),
            ({"loss": None}, "--loss: expected best, or a loss of the study as its report writes it, got None"),
            ({"seed": 7}, "seed: expected a seed whose weights were kept, 1 or 2, got 7"),
            ({"seeds": [1, 7]}, "seeds: expected a seed whose weights were kept, 1 or 2, got 7"),
            ({"seed": 1, "seeds": "all"}, "seeds: expected nothing beside seed, got all"),
        ],
    )
    def test_what_is_not_there(self, log: Path, options: dict[str, object], said: str) -> None:
        with pytest.raises(RequestError) as raised:
            lossbench.predict(log, TEST, **options)  # type: ignore[arg-type]  # wrong on purpose
        assert str(raised.value).startswith(said)

    def test_of_several_conditions_one_has_to_be_named(self, tmp_path: Path) -> None:
        log = kept_study(tmp_path, scenarios=["clean", "noise(symmetric, 0.2)"], losses=["cross_entropy"], seeds=1)
        with pytest.raises(SaveDirError, match="the folder of one condition of the study"):
            lossbench.predict(log, TEST)
        found = lossbench.predict(log / "studies" / "small" / "conditions" / "cnn-clean", TEST)
        assert found.seeds == (1,)


class TestPictures:
    @pytest.mark.parametrize("shape", [(0, 8, 8), (0, 8, 8, 1), (2, 0, 8)])
    def test_none_at_all(self, log: Path, shape: tuple[int, ...]) -> None:
        with pytest.raises(RequestError, match=r"^pictures: expected at least one picture, got an array of shape"):
            lossbench.predict(log, np.zeros(shape, np.uint8))

    @pytest.mark.parametrize("what", [5, None, [TEST], [1.5]])
    def test_what_is_none(self, log: Path, what: Any) -> None:
        with pytest.raises(RequestError, match=r"^pictures: expected a path, paths, or an array, got"):
            lossbench.predict(log, what)

    def test_of_a_study_that_resized_its_own_they_are_resized_too(self, tmp_path: Path) -> None:
        """Those that it was tested with, in their own size, have the logits that were stored."""
        log = kept_study(tmp_path, size=6, losses=["cross_entropy"], seeds=1, models="mlp")
        Image.fromarray(TEST[0, ..., 0]).save(tmp_path / "0.png")
        for given in (TEST, tmp_path / "data" / "made.npz"):
            found = lossbench.predict(log, given)
            assert np.array_equal(found.logits[0], stored(log, "cross_entropy", 1))
            assert found.notes == ("30 pictures resized to 6×6, as the study's were",)
        file = lossbench.predict(log, tmp_path / "0.png")
        assert np.allclose(file.logits[0, 0], found.logits[0, 0], atol=1e-5)
        assert lossbench.predict(log, TEST[:, :6, :6]).notes == ()


class TestWeights:
    @pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
    def test_damaged_ones_are_refused(self, tmp_path: Path, damage: object) -> None:
        log = kept_study(tmp_path, losses=["cross_entropy"], seeds=1, models="mlp")
        (file,) = log.glob("trials/*/weights.safetensors")
        file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]  # one of the two above
        with pytest.raises(StoreError, match=r"weights\.safetensors is missing or damaged"):
            lossbench.predict(log, TEST)


class TestOwnModels:
    @pytest.fixture
    def own(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (here / "kept_model_of_mine.py").write_text(OWN_MODEL)
        monkeypatch.delitem(sys.modules, "kept_model_of_mine", raising=False)
        return kept_study(here, models="kept_model_of_mine:net", losses=["cross_entropy"], seeds=1)

    def test_their_code_is_imported_where_it_is_named_alone(self, own: Path) -> None:
        found = lossbench.predict(own, TEST, model="kept_model_of_mine:net")
        assert np.array_equal(found.logits[0], stored(own, "cross_entropy", 1))
        assert found.notes == ()
        script = "import sys, lossbench, numpy\ntry:\n    lossbench.predict('log', numpy.zeros((1, 8, 8), 'uint8'))\n"
        script += (
            "except lossbench.RequestError as error:\n    print(error)\nprint('kept_model_of_mine' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=own.parent, capture_output=True, text=True, check=True
        )
        said, imported = done.stdout.splitlines()
        assert said.startswith(
            "--model: expected kept_model_of_mine:net, for the network is of your own code, got nothing"
        )
        assert imported == "False"

    def test_another_one_is_refused(self, own: Path) -> None:
        with pytest.raises(RequestError, match="--model: expected kept_model_of_mine:net, which was trained, got mlp"):
            lossbench.predict(own, TEST, model="mlp")

    def test_a_changed_source_is_said(self, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = own.parent / "kept_model_of_mine.py"
        source.write_text(OWN_MODEL + "\n# changed\n")
        monkeypatch.delitem(sys.modules, "kept_model_of_mine")
        found = lossbench.predict(own, TEST, model="kept_model_of_mine:net")
        assert found.notes == (
            "the source of kept_model_of_mine:net is not the one that was trained, though the weights may fit it",
        )

    def test_weights_that_do_not_fit_are_refused(self, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = own.parent / "kept_model_of_mine.py"
        source.write_text(OWN_MODEL.replace("nn.Linear(", "nn.LayerNorm(64 * in_channels), nn.Linear("))
        monkeypatch.delitem(sys.modules, "kept_model_of_mine")
        with pytest.raises(RequestError, match="as it was trained, got one that the weights do not fit"):
            lossbench.predict(own, TEST, model="kept_model_of_mine:net")


def test_the_table(log: Path, tmp_path: Path) -> None:
    for number, picture in enumerate(TEST[:3]):
        Image.fromarray(picture[..., 0]).save(tmp_path / f"{number}.png")
    found = lossbench.predict(log, tmp_path, "cross_entropy")
    frame = found.frame
    assert frame.columns == ["picture", "prediction", "probability", "0", "1", "2"]
    assert frame["picture"].to_list() == [str(tmp_path / f"{number}.png") for number in range(3)]
    best = frame.select("0", "1", "2").to_numpy()
    assert frame["prediction"].to_list() == [str(label) for label in best.argmax(axis=1)]
    assert np.array_equal(frame["probability"].to_numpy(), best.max(axis=1))


def test_a_class_whose_name_is_taken_gets_its_number() -> None:
    from lossbench.api.predicting import Predictions

    names = ("picture", "probability", "b")
    found = Predictions(("x",), names, np.full((1, 3), 1 / 3), np.zeros((1, 1, 3)), "mae", (1,), "")
    assert found.frame.columns[3:] == ["picture (0)", "probability (1)", "b"]


def test_classes_of_one_name_have_a_column_each_in_the_table_and_in_json() -> None:
    from lossbench.api.predicting import Predictions
    from lossbench.cli.predict import json_text

    names = ("cat (3)", "cat", "dog", "cat", "cat (3)")
    shares = np.array([[0.1, 0.2, 0.3, 0.25, 0.15]])
    found = Predictions(("x",), names, shares, np.zeros((1, 1, 5)), "mae", (1,), "")
    columns = ["cat (3)", "cat", "dog", "cat (3) (3)", "cat (3) (4)"]
    assert found.frame.columns[3:] == columns
    (row,) = json.loads(json_text(found))["predictions"]
    assert row["probabilities"] == dict(zip(columns, shares[0], strict=True))


class TestModelsFromPython:
    @pytest.fixture
    def given(self, tmp_path: Path) -> Path:
        return kept_study(tmp_path, losses=["cross_entropy"], seeds=1, models={"mine": lambda **shape: net(**shape)})

    def test_the_object_is_asked_for_and_makes_the_network_again(self, given: Path) -> None:
        with pytest.raises(
            RequestError, match=r"^model: expected the object that python:mine was made by, got nothing"
        ):
            lossbench.predict(given, TEST)
        found = lossbench.predict(given, TEST, model=lambda **shape: net(**shape))
        assert np.array_equal(found.logits[0], stored(given, "cross_entropy", 1))

    def test_another_object_is_said_to_be_one(self, given: Path) -> None:
        def other(num_classes: int, in_channels: int) -> nn.Module:
            return net(num_classes=num_classes, in_channels=in_channels)

        found = lossbench.predict(given, TEST, model=other)
        assert found.notes == (
            "the source of python:mine is not the one that was trained, though the weights may fit it",
        )

    def test_a_model_with_a_name_takes_no_object(self, log: Path) -> None:
        with pytest.raises(RequestError, match="--model: expected cnn, which was trained, got <function net"):
            lossbench.predict(log, TEST, model=net)


def net(num_classes: int, in_channels: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64 * in_channels, num_classes))


def test_a_librarys_model_need_not_be_named_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from torch import nn\n__version__ = '1'\ndef list_models(pretrained=False): return ['net']\n"
    source += "def create_model(name, pretrained=False, num_classes=1, in_chans=3):\n"
    source += "    return nn.Sequential(nn.Flatten(), nn.Linear(64 * in_chans, num_classes))\n"
    (tmp_path / "timm.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.setattr("lossbench.models.libraries._version", lambda package: "1")
    library_digest.cache_clear()
    log = kept_study(tmp_path, losses=["cross_entropy"], seeds=1, models="timm:net")
    assert np.array_equal(lossbench.predict(log, TEST).logits[0], stored(log, "cross_entropy", 1))
    monkeypatch.setattr("lossbench.models.libraries._version", lambda package: "2")
    library_digest.cache_clear()
    assert lossbench.predict(log, TEST).notes[0].startswith("the version of timm:net is not the one that was trained")
    library_digest.cache_clear()
    monkeypatch.delitem(sys.modules, "timm")


PRETRAINED = """
from torch import nn

__version__ = "1"
online = True

def list_models(pretrained=False):
    return ["net"]

def create_model(name, pretrained=False, num_classes=1000, in_chans=3):
    net = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(in_chans, 5), nn.ReLU(), nn.Linear(5, num_classes))
    if pretrained:
        if not online:
            raise ConnectionError("no network")
        nn.init.constant_(net[2].weight, 0.5)
    return net
"""


def test_kept_weights_of_a_pretrained_model_are_all_that_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "timm.py").write_text(PRETRAINED, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.setattr("lossbench.models.libraries._version", lambda package: "1")
    library_digest.cache_clear()
    log = kept_study(tmp_path, losses=["cross_entropy"], seeds=1, models="timm:net(pretrained=true)")
    library_digest.cache_clear()
    monkeypatch.setattr("timm.online", False)
    found = lossbench.predict(log, TEST)
    assert np.array_equal(found.logits[0], stored(log, "cross_entropy", 1))
    assert found.notes == ()
    assert lossbench.export(log, "torch", tmp_path / "it.pt2").notes[0].startswith("checked on 30 test pictures")
    monkeypatch.delitem(sys.modules, "timm")
