"""Stores that were made by hand, every seal and digest right: they are shown, or refused in one sentence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_runner import QUICK, Runner
from lossbench.api.running import run
from lossbench.spec import Study
from lossbench.store.files import tensors_bytes, tensors_of
from lossbench.store.kept import provenance_text
from lossbench.store.sealed import sealed, unsealed

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    """A finished study with label noise."""
    log = tmp_path_factory.mktemp("made") / "log"
    recipe, losses, scenarios = {"epochs": 2}, "cross_entropy", ["noise(symmetric, 0.2)"]
    study = Study(models=["mlp"], losses=losses, seeds=2, scenarios=scenarios, recipe=recipe)
    run(study, log, executor="inline")
    return log


def resealed(trial: Path, **changes: bytes) -> None:
    """Changes files of a trial, and makes its digests fit."""
    provenance = unsealed((trial / "provenance.json").read_bytes())
    contents = {name: (trial / name).read_bytes() for name in provenance["digests"]}
    for name, content in changes.items():
        contents[name.replace("__", ".")] = content
    for name, content in contents.items():
        (trial / name).write_bytes(content)
    (trial / "provenance.json").write_text(provenance_text(contents, provenance), encoding="utf-8")


def outcome(value: object) -> Change:
    return lambda trial: resealed(trial, outcome__json=json.dumps(value).encode())


def history(change: Callable[[str], str]) -> Change:
    return lambda trial: resealed(trial, history__csv=change((trial / "history.csv").read_text()).encode())


def tensors(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    def changed(trial: Path) -> None:
        resealed(
            trial, logits__safetensors=tensors_bytes(change(tensors_of((trial / "logits.safetensors").read_bytes())))
        )

    return changed


def document(path: str, change: Callable[[dict[str, Any]], object]) -> Change:
    """Changes a sealed document; `path` leads to it from the trial's folder."""

    def changed(trial: Path) -> None:
        place = trial / path
        values = unsealed(place.read_bytes())
        change(values)
        place.write_text(sealed(values), encoding="utf-8")

    return changed


STUDY = "../../studies/digits-mlp/study.json"
WHOLE = {"status": "finished", "epochs": 2, "selected_epoch": None, "reason": ""}
CHANGES: dict[str, Change] = {
    "no outcome": outcome(None),
    "an outcome that is text": outcome("finished"),
    "an empty outcome": outcome({}),
    "endless epochs": outcome({**WHOLE, "epochs": float("inf")}),
    "a reason of half a character": outcome({**WHOLE, "reason": "\ud800"}),
    "another status": outcome({**WHOLE, "status": "<script>"}),
    "a history without rows": history(lambda text: text.splitlines(keepends=True)[0]),
    "an epoch of two thousand million": history(lambda text: text.replace("\n2,", "\n2000000000,")),
    "fewer logits": tensors(lambda found: {name: values[:-1] for name, values in found.items()}),
    "no logits": tensors(lambda found: {name: values[:0] for name, values in found.items()}),
    "flat logits": tensors(lambda found: {name: values.reshape(-1) for name, values in found.items()}),
    "probabilities of another shape": tensors(
        lambda found: {**found, "test.last.log_probabilities": found["test.target"].astype("f8")}
    ),
    "no seconds": document("provenance.json", lambda values: values.pop("seconds")),
    "seconds that are text": document("provenance.json", lambda values: values.update(seconds="<script>")),
    "a drawn file elsewhere": document(
        "provenance.json", lambda values: values.update(prepared={"file": "/etc/hostname", "sha256": "0"})
    ),
    "a drawn file of no name": document(
        "provenance.json", lambda values: values.update(prepared={"file": "a\0b", "sha256": "0"})
    ),
    "a seed that is none": document(STUDY, lambda values: values["trials"][0].update(seed=None)),
    "a seed of thirty digits": document(STUDY, lambda values: values["trials"][0].update(seed=10**30)),
    "a key that leads out": document(STUDY, lambda values: values["trials"][0].update(key="../../..")),
    "counts that are a mapping": document(STUDY, lambda values: values["data"].update(class_counts={})),
    "counts of thirty digits": document(STUDY, lambda values: values["data"].update(class_counts=[10**30] * 10)),
    "a size that is markup": document(STUDY, lambda values: values["data"].update(train="<script>")),
    "cards of nothing": document(STUDY, lambda values: values.update(cards=[{"label": "cross_entropy"}])),
}


@pytest.mark.parametrize("name", CHANGES)
def test_it_is_shown_or_refused_in_one_sentence(lossbench: Runner, here: Path, made: Path, name: str) -> None:
    shutil.copytree(made, here / "log")
    CHANGES[name](sorted((here / "log/trials").iterdir())[0])
    told = ""
    for command in ("status", "report", "watch"):
        done = lossbench(command, "log", *(("--verify",) if command == "status" else ()))
        told += done.out + done.err
        assert done.err.count("\n") == (1 if done.code and done.err else 0)
        assert done.code in (0, 1)
    assert "Traceback" not in told
    assert any(words in told for words in ("damaged", "failed", "run it again", "run the study again"))


@pytest.mark.parametrize("file", ["history.csv", "provenance.json", "../../store.json", "failure.json"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(lossbench: Runner, here: Path, made: Path, file: str) -> None:
    shutil.copytree(made, here / "log")
    trial = sorted((here / "log/trials").iterdir())[0]
    path = trial / file
    if file == "failure.json":
        (trial / "provenance.json").unlink()
    else:
        path.unlink()
    os.mkfifo(path)
    for command in ("status", "report"):
        done = lossbench(command, "log", *(("--verify",) if command == "status" else ()))
        assert done.code in (0, 1)
        assert "Traceback" not in done.err


def test_what_a_crash_left_beside_a_finished_trial_is_dropped_by_the_next_run(
    lossbench: Runner, here: Path, made: Path
) -> None:
    shutil.copytree(made, here / "log")
    trial = sorted((here / "log/trials").iterdir())[0]
    (trial / "checkpoint").mkdir()
    (trial / "checkpoint/state.safetensors").write_bytes(b"old")
    (trial / "failure.json").write_text(sealed({"reason": "once", "for_good": True}))
    done = lossbench("run", *QUICK, "--losses", "cross_entropy", "--scenario", "noise(symmetric, 0.2)")
    assert done.code == 0, done.err
    assert "nothing to train" in done.out
    assert not (trial / "checkpoint").exists()
    assert not (trial / "failure.json").exists()
