"""docs/data.md and docs/models.md: every command is tried on made data, and every block of Python runs."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

import lossbench
from cifar_maker import write_cifar100
from cli_runner import Runner
from lossbench.models import MODELS, libraries
from lossbench.spec import Study

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("data", "models")}
RNG = np.random.default_rng(0)
LABELS = np.arange(24) % 2

TIMM = """
from torch import nn

__version__ = "1"

class Net(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.stem, self.head = nn.Conv2d(channels, 4, 3), nn.Linear(4, classes)
    def forward(self, x):
        return self.head(self.stem(x).mean((2, 3)))

def list_models(pretrained=False):
    return ["resnet18"]

def create_model(name, pretrained=False, num_classes=1000, in_chans=3):
    return Net(num_classes, in_chans)
"""

TORCHVISION = """
from types import SimpleNamespace
from timm import Net

__version__ = "1"
models = SimpleNamespace(
    list_models=lambda module: ["mobilenet_v3_small"],
    get_model=lambda name, weights, num_classes=1000: Net(num_classes, 3),
)
"""


def blocks(page: str, kind: str) -> list[str]:
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", PAGES[page], re.DOTALL | re.MULTILINE)
    return [body for named, body in found if named == kind]


COMMANDS = [line for page in PAGES for line in "".join(blocks(page, "sh")).splitlines()]


def pictures(root: Path) -> None:
    """Pictures of several sizes, in class folders."""
    for split in ("train", "test"):
        for number, label in enumerate(LABELS):
            folder = root / split / ("cat", "dog")[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(RNG.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(folder / f"{number}.png")


def tables(root: Path) -> None:
    x = RNG.normal(size=(24, 4))
    np.savez(root / "features.npz", x_train=x, y_train=LABELS, x_test=x, y_test=LABELS)
    for name in ("measurements", "parquet"):
        (root / name).mkdir()
    encoded = [path.read_bytes() for path in sorted((root / "pets" / "train").rglob("*.png"))]
    for split in ("train", "test"):
        frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "species": ["setosa", "virginica"] * 12})
        frame.write_csv(root / "measurements" / f"{split}.csv")
        frame = pl.DataFrame({"photo": encoded, "kind": ["dog", "cat"] * 12})
        frame.write_parquet(root / "parquet" / f"{split}.parquet")
        frame.rename({"photo": "image", "kind": "label"}).write_parquet(root / f"{split}.parquet")


@pytest.fixture
def made(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the commands name: folders, files, a data set on the Hub, and libraries of models."""
    pictures(here / "pets")
    tables(here)
    write_cifar100(here / "downloads" / "cifar-100-python")
    for name in ("train", "test"):
        (here / "hub" / "small").mkdir(parents=True, exist_ok=True)
        (here / f"{name}.parquet").rename(here / "hub" / "small" / f"{name}.parquet")
    hub = ModuleType("huggingface_hub")
    hub.snapshot_download = lambda *_, **__: str(here / "hub")  # type: ignore[attr-defined]  # a module made here
    names = [file.relative_to(here / "hub").as_posix() for file in (here / "hub").rglob("*.parquet")]
    hub.list_repo_files = lambda *_, **__: names  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    for name, source in (("timm", TIMM), ("torchvision", TORCHVISION)):
        (here / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setattr(libraries, "_version", lambda package: "1")
    (here / "my_models.py").write_text(blocks("models", 'python title="my_models.py"')[0])
    return here


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 17


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_possible(command: str, made: Path, lossbench: Runner) -> None:
    """With `--dry-run`, which decodes, builds, and trains a few batches of one trial."""
    program, *arguments = shlex.split(command)
    assert program == "lossbench"
    if arguments[0] == "run":
        arguments += ["--dry-run", "--losses", "cross_entropy", "--seeds", "1", "--batch-size", "8"]
    done = lossbench(*arguments)
    assert (done.code, done.err) == (0, "")
    for name in [name for name in ("timm", "torchvision") if name in sys.modules]:
        del sys.modules[name]


@pytest.mark.usefixtures("blank_figures")
def test_the_study_runs(made: Path) -> None:
    (text,) = blocks("data", "yaml")
    study = Study(**yaml.safe_load(text))
    results = lossbench.run(study, made / "log", executor="inline")
    assert isinstance(results, lossbench.Results)
    assert results.data.size == (64, 64, 3)


def test_the_models_are_those_that_there_are() -> None:
    (row,) = re.findall(r"^\| (`mlp`.*?) \|", PAGES["models"], re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(MODELS)
