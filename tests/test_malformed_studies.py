"""Thousands of malformed study files: each is refused in one sentence, or is a study that its own file gives back."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from lossbench.data import Pictures, find
from lossbench.errors import RequestError
from lossbench.resolve import resolve, settle_names
from lossbench.spec import Study, load_study
from malformed import malformed

FIELDS = {*Study.model_fields, "study", "study.yaml"}
TRIALS_CHECKED = 40  # of larger studies, making every trial would take most of the time


@pytest.fixture(scope="module")
def digits() -> Pictures:
    return find("digits").decode()


def answered(path: Path, pictures: Pictures) -> str:
    """What becomes of a study file, as far as a dry run goes without other data than digits."""
    try:
        study = load_study(path)
        accepted = "read"
        check_meaning(study, path)
        check_file(study, path.with_name("again.yaml"))
        study = settle_names(study)
        accepted = "settled"
        check_file(study, path.with_name("again.yaml"))
        if study.data == "digits" and len(study.losses) * len(study.seeds) * len(study.conditions) <= TRIALS_CHECKED:
            for condition in study.conditions:
                resolve(study.within(condition), pictures)
            accepted = "resolved"
    except RequestError as error:
        check_sentence(error, path)
        return "refused"
    return accepted


def check_sentence(error: RequestError, path: Path) -> None:
    sentence = str(error)
    assert sentence.isprintable()
    assert len(sentence) - len(error.allowed) < 700  # what is allowed may be the whole catalogue
    assert len(sentence) < 2000
    field = sentence.replace(str(path), path.name).partition(": expected ")[0]
    assert re.match(r"study\.yaml$|\w+", field)[0] in FIELDS, field  # type: ignore[index]  # it matches any field


def check_meaning(study: Study, path: Path) -> None:
    """What the file says in so many words is what was read, by a reader of YAML that knows nothing of studies."""
    said = yaml.safe_load(path.read_bytes())
    for name in ("name", "question", "data", "published"):
        if said.get(name):
            assert getattr(study, name) == said[name]
    if isinstance(said.get("seeds"), list):
        assert list(study.seeds) == said["seeds"]
    for of_said, of_study in (
        (said.get("recipe") or {}, study.recipe),
        ((said.get("recipe") or {}).get("optimizer") or {}, study.recipe.optimizer),
        ((said.get("recipe") or {}).get("schedule") or {}, study.recipe.schedule),
        (said.get("plan") or {}, study.plan),
    ):
        for name, value in of_said.items():
            if isinstance(value, float | int) and value != 0 and name != "milestones":  # 0 may stand for none
                assert float(getattr(of_study, name)) == float(value)


def check_file(study: Study, path: Path) -> None:
    text = study.to_yaml()
    path.write_text(text, encoding="utf-8", newline="")
    again = load_study(path)
    assert again == study
    assert again.to_yaml() == text
    path.unlink()


def test_malformed_study_files(here: Path, digits: Pictures, long: bool, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    path = here / "study.yaml"
    for number in range(10_000 if long else 500):
        path.write_bytes(malformed(number))
        try:
            counts[answered(path, digits)] += 1
        except BaseException as error:
            error.add_note(f"this is malformed study {number}")
            raise
    seconds = time.perf_counter() - began
    assert [entry.name for entry in here.iterdir()] == ["study.yaml"]
    assert capsys.readouterr() == ("", "")
    with capsys.disabled():
        if long:
            sys.stdout.write(f"\n{counts.total()} malformed study files in {seconds:.0f} s: {dict(counts)}\n")
    assert counts["refused"] > counts.total() / 3
    assert counts["resolved"] > counts.total() / 50
