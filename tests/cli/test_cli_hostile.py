"""The nastiest study files and names through the command line: one sentence, exit code 2, nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spec_strategies as drawn
from cli_runner import Runner
from lossbench.cli.overrides import build_study
from lossbench.spec import Study

NASTIEST: dict[str, bytes] = {
    "code": b"name: !!python/object/apply:os.system ['touch written']\n",
    "twice": b"recipe: {epochs: 3}\nrecipe: {epochs: 30}\n",
    "billions": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"\n".join(b"%c: &%c [%s]" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 108)),
    "in itself": b"recipe: &a {optimizer: *a}\n",
    "deep": b"losses: " + b"[" * 100_000,
    "huge number": b"seeds: 0x" + b"f" * 100_000,
    "base 60": b"recipe: {epochs: 1" + b":59" * 5000 + b".5}\n",
    "long": b"plan: {hypotheses: ['test.accuracy: " + b"x" * 100_000 + b" > l1']}\n",
    "terminal": b'data: "\\e]0;owned\\a\\e[2J"\n',
    "nul": b'data: "a\\0b"\n',
    "bytes": bytes(range(256)),
    "other encoding": "name: x\n".encode("utf-16"),
    "folder": b"name: ../../x\n",
    "endless name": b"name: " + b"x" * 100_000,
}


def refused_in_a_process(folder: Path, content: bytes) -> None:
    (folder / "study.yaml").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "lossbench", "run", "study.yaml", "--dry-run"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    sentence = done.stderr.removesuffix("\n")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert sentence.startswith("lossbench: ")
    assert sentence.isprintable()
    assert len(sentence) < 700
    assert [path.name for path in folder.iterdir()] == ["study.yaml"]


def test_the_nastiest_study_files_in_processes_of_their_own(tmp_path: Path, long: bool) -> None:
    """Two at a time; the short form takes every third."""
    chosen = list(NASTIEST.items())[:: 1 if long else 3]
    folders = []
    for name, _ in chosen:
        folders.append(tmp_path / name)
        folders[-1].mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(refused_in_a_process, folders, [content for _, content in chosen]))


@pytest.mark.parametrize("name", NASTIEST)
def test_the_nastiest_study_files(lossbench: Runner, here: Path, name: str) -> None:
    (here / "study.yaml").write_bytes(NASTIEST[name])
    done = lossbench("run", "study.yaml", "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("lossbench: ")
    assert done.err.removesuffix("\n").isprintable()
    assert [path.name for path in here.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "..",
        "/",
        "a/b",
        "../x",
        "a\\b",
        "  ",
        "x" * 201,
        "é" * 101,
        "a\nb",
        "a\x1b[2J",
        "a\x7f",
        "a\x85",
        "a\u2028b",
    ],
    ids=ascii,
)
def test_a_name_that_can_be_no_folder_is_refused_before_anything_is_read(
    lossbench: Runner, here: Path, name: str
) -> None:
    done = lossbench("run", "--name", name, "--data", "nowhere/at/all")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("lossbench: --name: expected a folder's name: at most 200 bytes, no slash, ")
    assert len(done.err.splitlines()) == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--workers", "9" * 5000), "--workers: expected auto or a number of at least 1, got 999"),
        (("--bad\nop\x1btion", "1"), "No such option: --bad"),
        (("--data", "\udcff/x"), "--data: expected text that is valid Unicode, got \\udcff/x"),
        (("a\nb.yaml",), "a b.yaml: expected a readable YAML file"),
        (("x" * 5000,), "xxxxx"),
        (("--data", "x/" * 3000), "x/x/x/"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_hostile_options(lossbench: Runner, here: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = lossbench("run", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"lossbench: {sentence}")
    assert done.err.removesuffix("\n").isprintable()
    assert len(done.err) < 700
    assert list(here.iterdir()) == []


def test_a_study_of_any_name_in_a_folder_of_any_name(lossbench: Runner, here: Path, blank_figures: None) -> None:
    """Spaces, quotes, a newline, letters of several languages, markup and 200 bytes of name, from run to report."""
    place, name = "größe 日本\nit's <b>100 %<b> & $HOME", f"{'é' * 94} <i>'\"&$%{{}}"
    assert len(name.encode()) == 199
    quick = ("--model", "mlp", "--losses", "l1", "--seeds", "1", "--epochs", "1", "--executor", "inline")
    done = lossbench("run", "--save-dir", place, "--name", name, *quick)
    assert (done.code, done.err) == (0, "")
    assert [path.name for path in here.iterdir()] == [place]
    folder = here / place / "studies" / name
    assert "<i>" not in (folder / "report.html").read_text(encoding="utf-8").replace("&lt;i&gt;", "")
    for command in ("report", "status"):
        assert lossbench(command, str(folder)).code == 0
    again = lossbench("run", str(folder / "study.yaml"), "--save-dir", place, *quick)
    assert "nothing to train" in again.out


OPTIONAL: dict[str, tuple[st.SearchStrategy[Any], Callable[[Study], Any]]] = {
    "--epochs": (st.integers(31, 10**6), lambda study: study.recipe.epochs),
    "--batch-size": (st.integers(2, 10**6), lambda study: study.recipe.batch_size),
    "--lr": (drawn.positive(), lambda study: study.recipe.optimizer.lr),
    "--name": (drawn.folder_names(), lambda study: study.name),
    "--data": (drawn.words(), lambda study: study.data),
    "--seeds": (st.integers(1, 99).map(str), lambda study: str(len(study.seeds))),
    "--eval-interval": (st.integers(1, 10**6), lambda study: study.recipe.eval_interval),
    "--clip": (drawn.positive(), lambda study: study.recipe.clip),
}


@given(st.fixed_dictionaries({}, optional={name: values for name, (values, _) in OPTIONAL.items()}), st.data())
def test_options_outrank_the_file_which_outranks_the_defaults(options: dict[str, object], data: st.DataObject) -> None:
    other = Study(name="a", seeds=7, recipe={"epochs": 31, "clip": 3, "batch_size": 9})
    filed = data.draw(st.sampled_from([Study(), other]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(filed.to_yaml(), encoding="utf-8", newline="")
        study = build_study(path, None, options)
    for name, (_, read) in OPTIONAL.items():
        assert read(study) == options.get(name, read(filed)), name
