"""What is imported is declared, what is declared is pinned, and torch stands on every install line."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "vl_convert": "vl-convert-python", "yaml": "pyyaml"}
OPTIONAL = {
    "huggingface_hub": "the extra `hub`, imported where a data set is asked of the Hub",
    "timm": "the extra of its name, imported where a model of it is asked for",
    "torchvision": "the same",
    "mlflow": "the extra of its name, imported where a study is tracked there",
    "tensorboard": "the same",
    "wandb": "the same",
    "pandas": "frames for those who have it",
    "optuna": "the extra `tune`, imported where a study is tuned",
    "ray": "the extra of its name, imported where a study is trained on a cluster",
    "typst": "the extra `pdf`, imported where a PDF is asked for",
    "ziamath": "the same",
    "jaxtyping": "shapes are checked where the development extra is installed, and plain tensors elsewhere",
}


def name_of(requirement: str) -> str:
    """The distribution's name in a requirement, lower case, with hyphens."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0].lower().replace("_", "-")


def third_party() -> set[str]:
    """The top-level names that the package imports, its own and the standard library's left out."""
    names: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"lossbench"}


DECLARED = {name_of(requirement) for requirement in PROJECT["dependencies"]}


def test_every_import_is_a_declared_dependency() -> None:
    used = {DISTRIBUTIONS.get(name, name) for name in third_party() - set(OPTIONAL)}
    assert used == DECLARED


@pytest.mark.parametrize("extra", ["", "dev", "docs"])
def test_every_requirement_is_pinned(extra: str) -> None:
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {name_of(line) for line in lines if "==" in line}
    assert {name_of(requirement) for requirement in requirements} <= pinned


def test_torch_stands_on_every_install_line() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (pin,) = re.findall(r"^TORCH := (torch==\S+)$", makefile, re.MULTILINE)
    assert pin in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    installs = [line for line in makefile.splitlines() if "pip install" in line]
    assert installs
    assert all("$(TORCH)" in line for line in installs)
