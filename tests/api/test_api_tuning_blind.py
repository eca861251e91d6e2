"""Tuning reads no test label, and holds out a validation split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossbench.api.tuning.blind import blind
from lossbench.data import find
from lossbench.spec import Trial
from lossbench.train import train
from makers import made_pictures
from tuning_makers import MadeEngine, small, tried, tuned, written


class TestNoTestLabel:
    def test_the_data_without_their_test_split(self) -> None:
        pictures = made_pictures()
        given = blind(pictures)
        np.testing.assert_array_equal(given.test.labels, pictures.train.labels[:2])
        np.testing.assert_array_equal(given.test.pictures, pictures.train.pictures[:2])
        assert given.train is pictures.train
        noisy = replace(pictures, test=replace(pictures.test, labels=pictures.test.labels[::-1].copy()), digest="other")
        assert blind(noisy).digest == given.digest

    def test_test_labels_of_noise_give_the_same_choices(self, tmp_path: Path) -> None:
        true, noise = written(tmp_path / "a"), written(tmp_path / "b", noise=1)
        assert find(str(true)).decode().digest != find(str(noise)).decode().digest
        one, other = tuned(small(true), tmp_path / "log1", 6), tuned(small(noise), tmp_path / "log2", 6)
        assert tried(one).equals(tried(other))
        assert one.study.tuned == other.study.tuned
        assert [path.name for path in sorted((tmp_path / "log1/tuning/small").iterdir())] == [
            path.name for path in sorted((tmp_path / "log2/tuning/small").iterdir())
        ]

    def test_the_engine_is_never_given_one(
        self, made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = []

        def seen(trial: Trial, pictures: Any, **options: Any) -> Any:
            given.append(pictures)
            return train(trial, pictures, **options)

        monkeypatch.setattr("lossbench.api.tuning.loop.train", seen)
        tuned(small(made_data), tmp_path / "log", 2)
        whole = find(str(made_data)).decode()
        assert len(given) == 4
        for pictures in given:
            assert len(pictures.test) == 2
            np.testing.assert_array_equal(pictures.test.pictures, whole.train.pictures[:2])
            np.testing.assert_array_equal(pictures.train.pictures, whole.train.pictures)

    def test_what_the_engine_says_of_the_test_split_is_not_looked_at(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        """The made engine's test accuracy is highest where validation is lowest."""
        (one, _) = tuned(small(made_data), tmp_path / "log", 12).losses
        assert one.best is not None
        assert one.best.value == max(attempt.value for attempt in one.attempts if attempt.value is not None)


class TestTheValidationSplit:
    def test_one_is_held_out_where_the_study_has_none(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        tuning = tuned(small(made_data), tmp_path / "log", 1)
        assert tuning.scenario == "validation(0.1)"
        assert {trial.scenario.validation for trial in engine.trials} == {0.1}
        assert tuning.study.scenarios == ("clean",)

    def test_the_studys_own_is_taken_with_its_noise(self, made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
        text = "validation(0.25) + noise(symmetric, 0.3)"
        tuning = tuned(small(made_data, scenarios=text), tmp_path / "log", 1)
        assert (tuning.scenario, tuning.study.scenarios) == (text, (text,))
        assert {str(trial.scenario) for trial in engine.trials} == {text}
