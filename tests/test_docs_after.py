"""docs/after.md: its commands and its Python run in its order, on a small study."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli_runner import Runner
from makers import made_pictures

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "after.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```([^\n]*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
MODEL = """
from torch import nn


def net(num_classes, in_channels):
    return nn.Sequential(nn.Flatten(), nn.Linear(64 * in_channels, num_classes))
"""


@pytest.fixture
def prepared(here: Path, lossbench: Runner) -> Path:
    """What a reader of the page would have: data, pictures, a model of their own."""
    made = made_pictures()
    train, test = made.train, made.test
    np.savez("shapes.npz", x_train=train.pictures, y_train=train.labels, x_test=test.pictures, y_test=test.labels)
    np.savez("more.npz", pictures=test.pictures[:2])
    for folder, size in (("pictures", 8), ("photos", 20)):
        Path(folder).mkdir()
        picture = Image.fromarray(test.pictures[0, ..., 0])
        picture.resize((size, size)).convert("RGB" if folder == "photos" else "L").save(f"{folder}/1.png")
    Path("my_model.py").write_text(MODEL)
    own = ("--data", "shapes.npz", "--losses", "cross_entropy", "--seeds", "1", "--epochs", "1", "--save-dir", "own")
    done = lossbench("run", *own, "--model", "my_model:net", "--keep-weights", "--executor", "inline")
    assert done.code == 0, done.err
    return here


@pytest.mark.usefixtures("blank_figures", "prepared")
def test_everything_on_the_page_runs(lossbench: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for kind, body in BLOCKS:
        if kind == 'python title="my_metrics.py"':
            Path("my_metrics.py").write_text(body)
        elif kind == "python":
            exec(compile(body, str(PAGE), "exec"), {})
            said.append(capsys.readouterr().out)
        else:
            for line in body.splitlines():
                said.append(_ran(lossbench, line))
    assert "torch.Size([5, 3])" in "".join(said)
    assert Path("predictions.csv").exists()
    assert "my_metrics:cost, lower is better" in Path("log/studies/shapes/study.yaml").read_text()
    assert ",cost," in Path("log/studies/shapes/summary.csv").read_text()
    assert said[-1].splitlines()[-1].startswith("deleted: 6, ")


def _ran(lossbench: Runner, line: str) -> str:
    program, command, *arguments = shlex.split(line)
    assert program == "lossbench"
    done = lossbench(command, *arguments, *(("--executor", "inline") if command == "run" else ()))
    if "onnx" in arguments and find_spec("onnxscript") is None:  # then it is what the page says of the extra
        assert 'pip install "lossbench[onnx]"' in done.err
        return done.out
    assert done.code == 0, f"{line}\n{done.out}{done.err}"
    return done.out


def test_what_it_says_of_targets_is_what_there_is() -> None:
    from lossbench.api.kept.targets import TARGETS

    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == list(TARGETS)
