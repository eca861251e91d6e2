"""Study files that somebody made to hurt: aliases that unfold, numbers and files without end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lossbench.errors import RequestError, StudyFileError, shown
from lossbench.spec import Study
from lossbench.spec.study_file import load_study

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def laughs(first: str, item: str, levels: int, indent: str = "") -> str:
    """Each level stands for some of the one before."""
    lines = [f"{indent}a: &a {first}"]
    lines += [
        f"{indent}{name}: &{name} {item.replace('*', '*' + LETTERS[at])}" for at, name in enumerate(LETTERS[1:levels])
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (laughs("[x, x]", "[*, *, *, *, *, *, *, *, *, *]", 12), "more than 1,000,000 values, aliases unfolded"),
        ("recipe:\n" + laughs("{x: 1}", "{p: *, q: *}", 26, "  "), "more than 1,000,000 values"),
        (laughs("{x: 1}", "{<<: [*, *, *, *, *, *, *, *, *, *]}", 12), "more than 1,000,000 values"),
        ("name: x\nrecipe: &a {b: *a}", "an alias to what it stands in"),
        ("losses: &a [[*a]]", "an alias to what it stands in"),
        ("seeds: 0x" + "f" * 20_000, "a whole number of 20,002 digits in line 1"),
        ("name: x\nseeds: 1" + ":59" * 400_000, "a whole number of 1,200,001 digits in line 2"),
        ("question: " + "x" * 4_000_001, "at most 4,000,000 bytes"),
        ("losses: " + "[" * 5000 + "]" * 5000, "maximum recursion depth exceeded"),
        ("x: !!python/object/apply:os.system [id]", "could not determine a constructor"),
    ],
    ids=lambda value: value[:12],
)
def test_one_sentence_within_a_moment(tmp_path: Path, text: str, received: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(StudyFileError) as error:
        load_study(path)
    assert received in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_pipe_that_never_ends_is_left(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    os.mkfifo(path)
    for unending in (path, Path("/dev/zero")):
        with pytest.raises(StudyFileError, match="a pipe or a device, which may never end"):
            load_study(unending)


def test_aliases_and_merge_keys_that_somebody_means_are_read(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("losses:\n- &a {loss: mae, lr: 0.5}\n- {<<: *a, loss: l1}\n- {<<: *a, loss: gce}\n")
    assert [str(arm) for arm in load_study(path).losses] == ["mae[lr=0.5]", "l1[lr=0.5]", "gce[lr=0.5]"]


def test_a_large_study_is_read(tmp_path: Path) -> None:
    losses = [f"focal(gamma={number / 100})" for number in range(1, 500)]
    path = tmp_path / "study.yaml"
    path.write_text(Study(losses=losses, seeds=5, recipe={"epochs": 2}).to_yaml())
    assert len(load_study(path).losses) == 499


@pytest.mark.parametrize("value", [2**20_000, [2**20_000], {"a": -(2**20_000)}], ids=["one", "list", "mapping"])
def test_a_number_that_python_will_not_write_is_told_by_its_bits(value: object) -> None:
    assert "a whole number of 20001 bits" in shown(value)
    with pytest.raises(RequestError, match="a whole number of 20001 bits"):
        Study(seeds=value)
