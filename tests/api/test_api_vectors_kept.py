"""Networks that were trained on feature vectors: predicted with and exported like those of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import safetensors.numpy
import torch
from kept_makers import kept_vectors, made_vectors

import lossbench
from lossbench.errors import DataError, RequestError
from lossbench.models import build
from lossbench.store import Store, StudyFolder
from tuning_makers import small

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")

MADE = made_vectors()
TEST = MADE["x_test"]
NAMES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    return kept_vectors(tmp_path_factory.mktemp("vectors"))


def stored(log: Path, loss: str, seed: int = 1) -> np.ndarray:
    store = Store(log)
    (name,) = store.study_names()
    return store.logits(StudyFolder.read(store, name).trials[loss, seed])["test.last"]


class TestPredict:
    @pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
    @pytest.mark.parametrize("form", ["array", "tensor", "x_test.npz", "one.npz", "it.csv", "it.parquet"])
    def test_every_form_has_the_logits_that_were_stored(self, log: Path, tmp_path: Path, form: str, loss: str) -> None:
        path = tmp_path / form
        frame = pl.DataFrame(TEST, schema=NAMES)
        if form == "x_test.npz":
            np.savez(path, **MADE)  # type: ignore[arg-type]  # NumPy's stubs take it for an option
        elif form == "one.npz":
            np.savez(path, mine=TEST, labels=MADE["y_test"])
        elif form == "it.csv":
            frame.write_csv(path)
        elif form == "it.parquet":
            frame.write_parquet(path)
        given: Any = {"array": TEST, "tensor": torch.from_numpy(TEST)}.get(form, path)
        found = lossbench.predict(log, given, loss, seed=1)
        assert np.array_equal(found.logits[0], stored(log, loss))
        assert found.notes == ()
        assert found.frame.columns == ["vector", "prediction", "probability", "0", "1", "2"]
        name = "pictures" if form in ("array", "tensor") else str(path)
        assert found.pictures[-1] == f"{name}[29]"

    @pytest.mark.parametrize("values", [MADE["y_test"], [f"kind {label}" for label in MADE["y_test"]]])
    def test_a_column_of_labels_is_left_out(self, log: Path, tmp_path: Path, values: Any) -> None:
        frame = pl.DataFrame(TEST, schema=NAMES).insert_column(1, pl.Series("target", values))
        frame.write_csv(tmp_path / "it.csv")
        found = lossbench.predict(log, [tmp_path / "it.csv"], "bce")
        assert np.array_equal(found.logits[0], stored(log, "bce"))
        assert found.notes == ("the column 'target' of labels was left out",)

    def test_the_column_that_the_study_names_is_the_one(self, tmp_path: Path) -> None:
        folder = tmp_path / "table"
        folder.mkdir()
        for split in ("train", "test"):
            frame = pl.DataFrame(MADE[f"x_{split}"], schema=["a", "y", "c", "d"])
            frame.with_columns(species=pl.Series(MADE[f"y_{split}"])).write_csv(folder / f"{split}.csv")
        study = small(folder, losses=["cross_entropy"], seeds=1, label_column="species")
        lossbench.run(study, tmp_path / "log", executor="inline", keep_weights=True)
        found = lossbench.predict(tmp_path / "log", folder / "test.csv")
        assert np.array_equal(found.logits[0], stored(tmp_path / "log", "cross_entropy"))
        assert found.notes == ("the column 'species' of labels was left out",)
        pl.read_csv(folder / "test.csv").drop("species").write_csv(tmp_path / "bare.csv")  # where y is a feature
        again = lossbench.predict(tmp_path / "log", tmp_path / "bare.csv")
        assert np.array_equal(again.logits, found.logits)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (TEST[:, :3], r"^pictures: expected at least one vector of 4 numbers, .* got float32 of shape \(30, 3\)"),
            (TEST[:0], r"at least one vector of 4 numbers, .* got float32 of shape \(0, 4\)"),
            (np.zeros((2, 8, 8), np.uint8), "at least one vector of 4 numbers"),
            (np.array([[1, 2, np.inf, 4]]), "pictures row 0, feature 2: expected finite numbers, .* got inf"),
            ("nowhere.csv", r"^PICTURES: expected vectors in \.npz, \.csv or \.parquet files, got nowhere\.csv"),
            ([], "^PICTURES: expected vectors in .* got nothing"),
        ],
    )
    def test_what_is_no_vector(self, log: Path, given: Any, said: str) -> None:
        with pytest.raises(RequestError, match=said):
            lossbench.predict(log, given)

    @pytest.mark.parametrize(
        ("frame", "said"),
        [
            (pl.DataFrame(TEST[:, :3], schema=["a", "b", "y"]), "got 2 a row, without the column 'y' of labels"),
            (pl.DataFrame(TEST[:, :3], schema=["a", "b", "c"]), r"got 3 a row .the columns are those of the training"),
            (pl.DataFrame({"a": [1.0], "b": ["x"], "c": [1], "d": [1]}), "got String in column 'b'"),
            (pl.DataFrame({"a": [1.0, None], "b": [1, 2], "c": [1, 2], "d": [1, 2]}), "row 1, column a: .* got nothin"),
        ],
    )
    def test_tables_without_such_vectors(self, log: Path, tmp_path: Path, frame: pl.DataFrame, said: str) -> None:
        frame.write_parquet(tmp_path / "it.parquet")
        with pytest.raises(DataError, match=said):
            lossbench.predict(log, tmp_path / "it.parquet")

    def test_nothing_is_resized(self, log: Path) -> None:
        with pytest.raises(RequestError, match=r"--resize: expected pictures, .* got a study of feature vectors"):
            lossbench.predict(log, TEST, resize=True)


class TestExport:
    @pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
    @pytest.mark.parametrize("form", ["torch", "onnx"])
    def test_raw_features_give_what_predict_says(self, log: Path, tmp_path: Path, form: str, loss: str) -> None:
        if form == "onnx":
            for name in ("onnx", "onnxscript", "onnxruntime"):
                pytest.importorskip(name, reason="needs the packages onnx, onnxscript and onnxruntime")
        found = lossbench.export(log, form, tmp_path / "it", loss=loss)
        said = lossbench.predict(log, TEST, loss)
        for number in (1, 7, 30):
            if form == "torch":
                module = torch.export.load(found.file).module()
                given = {name: value.detach().numpy() for name, value in module(torch.tensor(TEST[:number])).items()}
            else:
                import onnxruntime

                session = onnxruntime.InferenceSession(found.file)
                outputs = [output.name for output in session.get_outputs()]
                given = dict(zip(outputs, session.run(None, {"features": TEST[:number]}), strict=True))
            assert np.allclose(given["logits"], said.logits[0][:number], atol=1e-5)
            assert np.allclose(given["probabilities"], said.probabilities[:number], atol=1e-6)
        about = json.loads(found.about.read_text())
        assert about["input"] == {
            "name": "features", "type": "float32", "shape": ["n", 4], "axes": ["vector", "feature"]
        }  # fmt: skip
        assert found.notes[-1].startswith("checked on 30 test vectors: probabilities within ")

    def test_the_bare_weights(self, log: Path, tmp_path: Path) -> None:
        found = lossbench.export(log, "safetensors", tmp_path / "it.safetensors")
        model = build("mlp", 3, 4, (), seed=5)
        weights = safetensors.numpy.load_file(found.file)
        model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        about = found.described["normalisation"]
        assert about["where"] == "before the model: (features - mean) / std"
        inputs = torch.from_numpy((TEST - np.array(about["mean"])) / about["std"]).float()
        with torch.no_grad():
            logits = model.eval()(inputs).numpy()
        assert np.allclose(logits, lossbench.predict(log, TEST).logits[0], atol=1e-3)  # float32 near 1000
