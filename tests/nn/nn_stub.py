"""What src/lossbench/nn/classes.pyi has to say; `python tests/nn/nn_stub.py` writes it."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import lossbench
from lossbench.nn import CLASSES, DrawingLossModule, LossModule, ProgressLossModule

PATH = Path(lossbench.__file__).parent / "nn/classes.pyi"
HEAD = '''"""The signatures of the classes, for type checkers and editors; written by `python tests/nn/nn_stub.py`."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lossbench.nn.module import DrawingLossModule, LossModule, ProgressLossModule
'''
BASES = (DrawingLossModule, LossModule, ProgressLossModule)
TAKEN = {"weight", "class_counts", "generator", "ignore_index", "reduction", "label_smoothing"}


def stub() -> str:
    """The whole file, as ruff formats it."""
    text = "\n\n".join([HEAD, "__all__ = [" + ", ".join(f'"{name}"' for name in sorted(CLASSES)) + ",]"])
    text += "\n" + "\n".join(_class(name, cls) for name, cls in CLASSES.items())
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "--stdin-filename", "classes.pyi", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _class(name: str, cls: type[LossModule]) -> str:
    (base,) = cls.__bases__
    assert base in BASES
    parameters = inspect.signature(cls).parameters.values()
    arguments = ["self"]
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in arguments:
            arguments.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        arguments.append(f"{parameter.name}: {_type(parameter)}{default}")
    purpose = textwrap.indent(textwrap.fill(cls.card.purpose, 110), "    ")
    lines = [f"class {name}({base.__name__}):", f'    """{cls.card.title}.', "", purpose, '    """', ""]
    lines += [f"    {p.name}: {_type(p)}" for p in parameters if p.name not in TAKEN]
    lines += ["    class_counts: Tensor"] if "class_counts" in cls.card.needs else []
    return "\n".join([*lines, "", f"    def __init__({', '.join(arguments)},) -> None: ...", ""])


def _type(parameter: inspect.Parameter) -> str:
    text = inspect.formatannotation(parameter.annotation)
    for long, short in (("torch.Tensor", "Tensor"), ("collections.abc.", ""), ("typing.", "")):
        text = text.replace(long, short)
    return text


if __name__ == "__main__":
    PATH.write_text(stub(), encoding="utf-8")
