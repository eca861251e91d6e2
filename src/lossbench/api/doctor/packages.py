"""The packages: those that lossbench needs, and those that some part of it is better with."""

from __future__ import annotations

import platform
import re
import sys
from importlib import import_module, metadata
from importlib.util import find_spec

from lossbench.api.doctor.finding import Finding

__all__ = ["cannot_be_imported", "optional", "versions"]

_OLDEST_PYTHON = (3, 11)
_NEEDED = ("torch", "numpy", "polars", "scipy", "altair")

_OPTIONAL = (
    ("huggingface-hub", "huggingface_hub", "data sets of the Hugging Face Hub"),
    ("optuna", "optuna", "lossbench tune"),
    ("ray", "ray", "training on a Ray cluster"),
    ("typst", "typst", "reports as PDF"),
    ("ziamath", "ziamath", "formulas in PDF"),
    ("pandas", "pandas", "results as pandas frames"),
    ("timm", "timm", "models of timm"),
    ("torchvision", "torchvision", "models of torchvision"),
    ("tensorboard", "tensorboard", "tracking in TensorBoard"),
    ("mlflow", "mlflow", "tracking in MLflow"),
    ("wandb", "wandb", "tracking in Weights & Biases"),
    ("onnx", "onnx", "models as ONNX"),
    ("onnxscript", "onnxscript", "models as ONNX"),
)
"""What is installed under which name, what it is imported as, and what it is for."""


def versions() -> list[Finding]:
    """Python, lossbench, and what it stands on; each of these has to be importable."""
    old = sys.version_info[:2] < _OLDEST_PYTHON
    found = [
        Finding("versions", "lossbench", _version("lossbench") or "a source tree that was not installed"),
        Finding("versions", "Python", platform.python_version(), "broken" if old else "ok", "3.11 or newer" * old),
    ]
    return [*found, *map(_needed, _NEEDED)]


def cannot_be_imported(error: Exception) -> str:
    """What an import raised, in one line: the first of what lies at its bottom."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"cannot be imported: {lines[0] if lines else type(error).__name__}"


def optional() -> list[Finding]:
    """What is installed beyond that, and the command for what is not; nothing is imported."""
    found = []
    for distribution, module, purpose in _OPTIONAL:
        if find_spec(module) is None:
            found.append(Finding("optional", distribution, f"not here: {purpose}", "missing", _command(distribution)))
        else:
            found.append(Finding("optional", distribution, f"{_version(distribution) or 'here'}: {purpose}"))
    return found


def _needed(name: str) -> Finding:
    version = _version(name)
    if not version:
        return Finding("versions", name, "not installed", "broken", f"pip install {name}")
    try:
        import_module(name)
    except Exception as error:  # whatever a broken installation raises
        return Finding("versions", name, f"{version} {cannot_be_imported(error)}", "broken", f"install {name} anew")
    return Finding("versions", name, version)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _command(distribution: str) -> str:
    """What installs it: the extra of lossbench that has it, where there is one."""
    try:
        requirements = metadata.requires("lossbench") or []
    except metadata.PackageNotFoundError:
        requirements = []
    for requirement in requirements:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
        if name == distribution and extra and extra[1] not in ("dev", "docs"):
            return f"pip install 'lossbench[{extra[1]}]'"
    return f"pip install {distribution}"
