"""Exported networks: what other programs read of them, and that no pickle is in them."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch
from kept_makers import OWN_MODEL, kept_study
from torch import nn

import lossbench
from lossbench.api.kept.graph import Graph, without_kernels
from lossbench.api.kept.targets import TARGETS
from lossbench.errors import RequestError, StoreError
from lossbench.losses import CATALOGUE, bind
from lossbench.models import build
from lossbench.spec import LossSpec
from makers import made_pictures

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")

TEST = made_pictures().test.pictures
NO_ONNX = "needs the packages onnx, onnxscript and onnxruntime"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    return kept_study(tmp_path_factory.mktemp("kept"))


def run_torch(file: Path, pixels: np.ndarray) -> dict[str, np.ndarray]:
    module = torch.export.load(file).module()
    return {name: value.detach().numpy() for name, value in module(torch.from_numpy(pixels)).items()}


def run_onnx(file: Path, pixels: np.ndarray) -> dict[str, np.ndarray]:
    onnxruntime = pytest.importorskip("onnxruntime", reason=NO_ONNX)
    session = onnxruntime.InferenceSession(file)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"pictures": pixels}), strict=True))


@pytest.fixture(params=["torch", "onnx"])
def form(request: pytest.FixtureRequest) -> str:
    if request.param == "onnx":
        for name in ("onnx", "onnxscript", "onnxruntime"):
            pytest.importorskip(name, reason=NO_ONNX)
    return str(request.param)


READERS = {"torch": run_torch, "onnx": run_onnx}


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_raw_pictures_give_what_predict_says(log: Path, tmp_path: Path, form: str, loss: str) -> None:
    found = lossbench.export(log, form, tmp_path / f"it{TARGETS[form].suffix}", loss=loss)
    said = lossbench.predict(log, TEST, loss)
    for number in (1, 7, 30):  # any number of pictures
        given = READERS[form](found.file, TEST[:number])
        assert np.allclose(given["logits"], said.logits[0][:number], atol=1e-5)
        assert np.allclose(given["probabilities"], said.probabilities[:number], atol=1e-6)


def test_the_program_of_torch_holds_no_pickle(log: Path, tmp_path: Path) -> None:
    found = lossbench.export(log, "torch", tmp_path / "it.pt2")
    with zipfile.ZipFile(found.file) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert not content.startswith((b"\x80", b"PK")), name  # a pickle, or an archive that may hold one
        (about,) = [name for name in archive.namelist() if name.endswith("/extra/lossbench.json")]
        assert json.loads(archive.read(about))["seed"] == 1


def test_one_that_would_hold_a_pickle_is_refused(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def older(program: object, buffer: Any, extra_files: object) -> None:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("serialized_state_dict.pt", b"weights")

    monkeypatch.setattr(torch.export, "save", older)
    with pytest.raises(RequestError, match=r"whose exported programs hold no pickle, 2\.9 or later"):
        lossbench.export(log, "torch", tmp_path / "it.pt2")
    assert list(tmp_path.iterdir()) == []


def test_the_bare_weights(log: Path, tmp_path: Path) -> None:
    found = lossbench.export(log, "safetensors", tmp_path / "it.safetensors")
    model = build("cnn", 3, 1, (8, 8), seed=5)
    model.load_state_dict({name: torch.from_numpy(v) for name, v in safetensors.numpy.load_file(found.file).items()})
    about = found.described["normalisation"]
    inputs = (TEST.transpose(0, 3, 1, 2) / 255 - about["mean"]) / about["std"]
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(inputs).float()).numpy()
    assert np.allclose(logits, lossbench.predict(log, TEST).logits[0], atol=1e-5)
    with safetensors.safe_open(found.file, "np") as file:
        assert json.loads(file.metadata()["lossbench"])["classes"] == ["0", "1", "2"]


def test_what_stands_beside_it(log: Path, tmp_path: Path) -> None:
    found = lossbench.export(log, "torch", tmp_path / "it.pt2", loss="bce", seed=2)
    about = json.loads((tmp_path / "it.pt2.json").read_text())
    assert found.about == tmp_path / "it.pt2.json"
    assert about["classes"] == ["0", "1", "2"]
    assert about["input"]["shape"] == ["n", 8, 8, 1]
    assert about["input"]["channels"] == ["grey"]
    assert about["link"] == "sigmoid of each logit, divided by their sum"
    assert (about["loss"], about["seed"], about["file"]) == ("bce", 2, "it.pt2")
    assert about["normalisation"]["mean"] == made_pictures().normalisation()[0].tolist()
    results = lossbench.load(log)
    assert isinstance(results, lossbench.Results)
    last = results.history.filter(loss_function="bce", seed=2, split="test", epoch=2)
    assert about["test"]["accuracy"] == last["accuracy"].item()
    assert found.notes[-1].startswith("checked on 30 test pictures: probabilities within ")


def test_metadata_of_onnx(log: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason=NO_ONNX)
    pytest.importorskip("onnxscript", reason=NO_ONNX)
    found = lossbench.export(log, "onnx", tmp_path / "it.onnx")
    model = onnx.load(found.file)
    onnx.checker.check_model(model)
    props = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(props["lossbench.classes"]) == ["0", "1", "2"]
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == ["n", 8, 8, 1]


LINKED = [name for name, entry in CATALOGUE.items() if entry.link]


@pytest.mark.parametrize("loss", LINKED)
def test_every_link_can_be_traced(loss: str) -> None:
    """Against the link in float64, which evaluation uses."""
    link = bind(LossSpec(loss), [1] * 5).link
    graph = Graph(nn.Sequential(nn.Flatten(), nn.Linear(64, 5)), np.array([0.4]), np.array([0.3]), link).eval()
    pixels = torch.from_numpy(TEST)
    sizes = {"pictures": {0: torch.export.Dim("n", min=1)}}
    given = torch.export.export(graph, (pixels[:2],), dynamic_shapes=sizes).module()(pixels)
    assert link is not None
    expected = link(given["logits"].double()).exp()
    assert torch.allclose(given["probabilities"].double(), expected, atol=1e-6)


@pytest.mark.parametrize("model", ["mlp", "lenet5", "cnn8", "resnet20"])
def test_every_small_model_can_be_traced(model: str) -> None:
    made = without_kernels(build(model, 3, 1, (12, 12), 1))
    graph = Graph(made, np.array([0.4]), np.array([0.3]), None).eval()
    pixels = torch.from_numpy(np.pad(TEST, ((0, 0), (2, 2), (2, 2), (0, 0))))
    sizes = {"pictures": {0: torch.export.Dim("n", min=1)}}
    program = torch.export.export(graph, (pixels[:2],), dynamic_shapes=sizes)
    with torch.no_grad():
        assert torch.allclose(program.module()(pixels)["logits"], graph(pixels)["logits"], atol=1e-5)


class TestRefused:
    def test_a_file_that_is_there(self, log: Path, tmp_path: Path) -> None:
        (tmp_path / "it.pt2.json").write_text("mine")
        with pytest.raises(RequestError, match="OUT: expected a file that does not exist yet"):
            lossbench.export(log, "torch", tmp_path / "it.pt2")
        assert (tmp_path / "it.pt2.json").read_text() == "mine"

    def test_an_unknown_form(self, log: Path) -> None:
        with pytest.raises(
            RequestError, match=r"--to: expected one of onnx, safetensors, torch, got onx .did you mean onnx"
        ):
            lossbench.export(log, "onx")

    def test_onnx_without_its_extra(self, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(RequestError, match=r'the extra onnx: pip install "lossbench\[onnx\]", got no onnx here'):
            lossbench.export(log, "onnx", tmp_path / "it.onnx")

    def test_a_network_that_is_not_the_one_that_was_trained(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The weights fit, and the code computes something else."""
        (here / "exported_model_of_mine.py").write_text(OWN_MODEL)
        name = "exported_model_of_mine:net"
        log = kept_study(here, models=name, losses=["cross_entropy"], seeds=1)
        assert lossbench.export(log, "torch", here / "a.pt2", model=name).notes[0].startswith("checked")
        changed = (
            OWN_MODEL.replace("nn.Sequential(nn.Flatten()", "nn.Sequential(nn.Hardtanh()").replace("nn.Linear", "Flat")
            + "\n\nclass Flat(nn.Linear):\n    def forward(self, x):\n        return super().forward(x.flatten(1))\n"
        )
        (here / "exported_model_of_mine.py").write_text(changed)
        monkeypatch.delitem(sys.modules, "exported_model_of_mine")
        with pytest.raises(StoreError, match=r"gives other outputs than were stored .* nothing was written"):
            lossbench.export(log, "torch", here / "b.pt2", model=name)
        assert not (here / "b.pt2").exists()

    def test_a_model_that_cannot_be_traced(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = OWN_MODEL + (
            "\n\nclass Odd(nn.Linear):\n    def forward(self, x):\n"
            "        x = x.flatten(1)\n        return super().forward(x if float(x.sum()) > 0 else x + 0)\n"
        )
        (here / "odd_model_of_mine.py").write_text(source.replace("nn.Flatten(), nn.Linear", "Odd"))
        name = "odd_model_of_mine:net"
        log = kept_study(here, models=name, losses=["cross_entropy"], seeds=1)
        with pytest.raises(
            RequestError, match="a model that torch can trace for any number of pictures, got odd_model"
        ):
            lossbench.export(log, "torch", here / "it.pt2", model=name)
