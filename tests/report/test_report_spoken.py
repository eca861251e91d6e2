"""A report on feature vectors speaks of examples, and leaves what users wrote as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lossbench.report.pdf import _said
from lossbench.report.spoken import words_of
from lossbench.results import Results
from synthetic import study as made_study

TEXT = "Pictures of a picture; pictures_per_second, depicture."


def results(size: tuple[int, ...], class_name: str = "cat", **study: Any) -> Results:
    made = made_study()
    data = replace(made.data, size=size, class_names=(class_name, *made.data.class_names[1:]))
    return replace(made, data=data, study={**made.study, "question": "Which?", **study})


def test_vectors_are_examples() -> None:
    assert words_of(results((20,)))(TEXT) == "Examples of an example; pictures_per_second, depicture."
    assert words_of(results((8, 8, 1)))(TEXT) == TEXT


@pytest.mark.parametrize("own", [{"class_name": "a picture"}, {"question": "Pictures?"}, {"name": "my picture"}])
def test_a_users_own_words_stay(own: dict[str, str]) -> None:
    assert words_of(results((20,), **own))(TEXT) == TEXT


def test_what_a_template_goes_by_stays() -> None:
    block = {"kind": "picture", "file": "picture.svg", "text": [{"text": "a picture", "name": False}], "level": 1}
    said = _said(block, words_of(results((20,))))
    assert said == {**block, "text": [{"text": "an example", "name": False}]}
