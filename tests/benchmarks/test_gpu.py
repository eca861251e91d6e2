"""The benchmark of a GPU on what every machine has: it trains, counts and says what it measured."""

from __future__ import annotations

import pytest

from benchmarks.gpu.__main__ import main, table
from benchmarks.gpu.arms import Arm, Measured, measure
from benchmarks.gpu.bare import Bare, bare
from lossbench.data import find
from lossbench.run import Inline


def test_an_arm_counts_the_pictures_that_it_trained_on() -> None:
    measured = measure(Arm("inline", lambda device: Inline(), 0.5), "digits", "mlp", 1, 2, "cpu", "fp32")
    assert (measured.trials, measured.pictures, measured.lanes) == (4, 4 * 1437, 1)
    assert measured.memory is None
    assert measured.per_second == pytest.approx(measured.pictures / measured.seconds)


def test_the_bare_loop_has_both_forms() -> None:
    found = bare(find("digits").decode(), "cnn", 2, "cpu", bf16=False, steps=1)
    assert [(each.form, each.graph) for each in found] == [("grouped", False), ("gathered", False)]
    for each in found:
        assert each.per_second == pytest.approx(2 * 1437 / (12 * each.step + 8 * each.evaluation))


def test_the_table_reckons_what_was_measured_on_few() -> None:
    arms = {
        "stack": Measured(20, 50.0, 1_000_000, 2**31, 20),
        "one after another": Measured(4, 100.0, 200_000, 2**30, 1),
    }
    bounds = [Bare("grouped", False, 0.1, 0.1, 40_000.0), Bare("gathered", True, 0.1, 0.1, 10_000.0)]
    text = table("lenet5", arms, bounds)
    assert "| stack | 50.0 | 20,000 | 50% | 2.0 GiB | 20 |" in text
    assert "| one after another | 500.0 (4 trials took 100.0) | 2,000 | 5% | 1.0 GiB | 1 |" in text
    assert "| bare loop, gathered, CUDA graph | | 10,000 | 25% | | 20 |" in text
    assert "stack beside one after another: 10.0 times" in text


def test_a_device_that_is_not_here_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["--data", "digits"]) == 2
    assert "--device: expected cpu, for torch sees no CUDA device here, got cuda" in capsys.readouterr().err
