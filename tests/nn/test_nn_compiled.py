"""torch.compile takes the module of every loss into one graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nn_makers import NAMES


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What went wrong of each, in a process of its own: the hook that checks types here is nothing to compile."""
    script = Path(__file__).with_name("compiled.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, str] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_into_one_graph_with_the_same_value_and_gradient(name: str, found: dict[str, str]) -> None:
    assert found[name] == ""


def test_a_compiled_loss_follows_progress(found: dict[str, str]) -> None:
    assert found["progress"] == ""


def test_a_compiled_loss_follows_a_schedule_of_a_hyperparameter(found: dict[str, str]) -> None:
    assert found["scheduled"] == ""
