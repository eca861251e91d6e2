"""The tab key: names are offered, at once, and they are those of the catalogues."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runner import Runner
from lossbench.cli.complete import DATA, EXECUTORS, LOSSES, MODELS, NETWORKS, TRACKERS, losses, one_of
from lossbench.data.named import KNOWN
from lossbench.losses import CATALOGUE
from lossbench.spec import PRESETS
from lossbench.tracking import KINDS

HEAVY = ("torch", "polars", "scipy", "altair", "sklearn", "numpy")


def offered(*words: str) -> list[str]:
    """What the program offers for the last of the words, as bash asks for it."""
    told = {"_LOSSBENCH_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(["lossbench", *words])}
    command = [sys.executable, "-m", "lossbench"]
    asked = {**os.environ, **told, "COMP_CWORD": str(len(words))}
    done = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_names_are_those_of_the_catalogues() -> None:
    from lossbench.api.kept.targets import TARGETS
    from lossbench.models import MODELS as MODELS_BY_NAME

    assert tuple(CATALOGUE) == LOSSES
    assert tuple(MODELS_BY_NAME) == MODELS
    assert tuple(KNOWN) == DATA
    assert tuple(TARGETS) == NETWORKS
    assert tuple(KINDS) == TRACKERS


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("foc", ["focal"]),
        ("al", ["all"]),
        ("cross_entropy,foc", ["cross_entropy,focal"]),
        ("cross_entropy, foc", ["cross_entropy, focal"]),
        ("focal,foc", []),
        ("focal(gamma=2),nce_", ["focal(gamma=2),nce_mae", "focal(gamma=2),nce_rce"]),
        ("focal(al", []),
        ("focal(alpha=[1,f", []),
        ("nothing", []),
    ],
)
def test_losses_of_a_list(typed: str, expected: list[str]) -> None:
    assert losses(typed) == expected


def test_all_of_them_for_nothing_typed() -> None:
    assert losses("") == ["all", *LOSSES]
    assert one_of(EXECUTORS)("") == list(EXECUTORS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("st",), ["status"]),
        (("run", "--losses", "l1,foc"), ["l1,focal"]),
        (("run", "--model", "res"), ["resnet20", "resnet32", "resnet50"]),
        (("run", "--data", "di"), ["digits"]),
        (("run", "--data", "cifar"), ["cifar10", "cifar100"]),
        (("run", "--track", "m"), ["mlflow"]),
        (("export", "log", "--to", "t"), ["torch", "tensorboard"]),
        (("run", "--preset", "course-report-"), [name for name in PRESETS if name.startswith("course-report-")]),
        (("run", "--precision", "b"), ["bf16"]),
        (("run", "--device", "c"), ["cpu", "cuda"]),
        (("losses", "gc"), ["gce"]),
        (("losses", "--property", "not-b"), ["not-bounded", "not-batch"]),
        (("audit", "brie"), ["brier"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bash_is_offered_them(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_script_works_in_a_real_bash(tmp_path: Path) -> None:
    program = tmp_path / "lossbench"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m lossbench "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        'eval "$(lossbench --show-completion bash)"; complete -p lossbench;'
        "COMP_WORDS=(lossbench run --losses cross_entropy,fo); COMP_CWORD=3;"
        '_lossbench_completion lossbench; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    command = ["bash", "-c", script]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["complete -o default -F _lossbench_completion lossbench", "cross_entropy,focal"]


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("presets", "--help")], ids=str)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert _imported(f"from lossbench.cli import main\ntry: main({list(arguments)})\nexcept SystemExit: pass") == []


def test_completion_imports_nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"_LOSSBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "lossbench run --losses f", "COMP_CWORD": "3"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert _imported("from lossbench.cli import main\ntry: main([])\nexcept SystemExit: pass") == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert _imported("import lossbench") == []


def _imported(code: str) -> list[str]:
    """Which of the heavy packages a piece of code imports."""
    asked = f"import sys\n{code}\nprint([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    last = done.stderr.splitlines()[-1].strip("[]")
    return [name.strip(" '") for name in last.split(",") if name]


def test_the_help_names_the_options_that_install_it(lossbench: Runner) -> None:
    assert "--install-completion" in lossbench("--help").out
