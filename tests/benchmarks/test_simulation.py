"""The simulation of the statistical protocol in a short form: its gates hold, and they can fail."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulation.__main__ import main, table
from benchmarks.simulation.cells import COVERS, ERRS, FEW, Cell, Result, cells, run
from benchmarks.simulation.drawn import deviations, draw_pictures, draw_values
from benchmarks.simulation.judged import agree, judge, pairs_of
from lossbench.rng import stream

STUDIES = 2_000
ALL = list(cells())
SHORT = [
    cell
    for cell in ALL
    if cell.gate is not None
    and (cell.setting == "4 losses, variances equal" or (cell.seeds == 5 and "10 losses" not in cell.setting))
]


@pytest.mark.parametrize("cell", SHORT, ids=lambda cell: f"{cell.promise}, {cell.setting}, {cell.seeds} seeds")
def test_a_promise_is_kept(cell: Cell) -> None:
    result = run(cell, STUDIES)
    assert result.passed, f"{result.rate:.4f} of {result.studies} studies, allowed {result.gate}"


def test_the_short_form_has_every_kind_of_promise() -> None:
    assert {cell.promise for cell in SHORT} == {cell.promise for cell in ALL if cell.gate}


def test_losses_seeds_and_variances_of_the_protocol_are_all_there() -> None:
    for losses in (4, 10, 40):
        for spread in ("equal", "one five times", "lognormal"):
            gated = {cell.seeds for cell in ALL if cell.gate and cell.setting == f"{losses} losses, variances {spread}"}
            assert gated >= {3, 5, 10}
            assert (0 in gated) == (losses < 40)


def drawn(studies: int, losses: int, seeds: int, spread: str = "equal") -> np.ndarray:
    rng = stream(1, "test of the simulation")
    return draw_values(rng, [0.0] * losses, deviations(rng, spread, studies, losses, 0.003), seeds)


class TestGatesCanFail:
    def test_without_holm_differences_are_found_where_there_are_none(self) -> None:
        values = drawn(STUDIES, 10, 5)
        with_holm, without = (judge(values, 0.005, plain=True, adjust=adjust).real for adjust in (True, False))
        assert with_holm.any(axis=1).mean() <= FEW.high < without.any(axis=1).mean()

    def test_looking_again_and_again_without_paying_for_it(self) -> None:
        values = drawn(STUDIES, 2, 30)
        naive = [judge(values[..., :n], 0.005) for n in range(3, 31)]
        ever = np.any([item.real.any(axis=1) for item in naive], axis=0)
        assert ever.mean() > 4 * FEW.high

    def test_a_bootstrap_over_seeds_covers_too_little(self) -> None:
        rng = stream(2, "test of the simulation")
        values = drawn(STUDIES, 2, 5)
        d = values[:, 0] - values[:, 1]
        means = d[:, rng.integers(0, 5, (400, 5))].mean(axis=-1)
        low, high = np.quantile(means, [0.025, 0.975], axis=1)
        assert ((low <= 0) & (high >= 0)).mean() < COVERS.low

    def test_the_paired_t_does_not_speak_of_new_pictures(self) -> None:
        wrong = next(cell for cell in ALL if cell.promise == "paired t, read for new pictures" and cell.seeds == 5)
        assert run(replace(wrong, share=1.0), STUDIES).rate < COVERS.low

    def test_a_result_beyond_its_gate_fails_and_the_command_with_it(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = [Result("p", "s", 3, ERRS, 20_000, 0.0551), Result("p", "s", 5, ERRS, 20_000, 0.0549)]
        assert [item.passed for item in made] == [False, True]
        assert "| p | s | 0.0551 FAILS | 0.0549 |  | at most 0.055 | 20,000 |" in table(made)
        always = Cell("p", "s", 3, ERRS, 1, 1.0, partial(_always))
        monkeypatch.setattr("benchmarks.simulation.__main__.cells", lambda: [always])
        assert main(["--studies", "30", "--workers", "1"]) == 1
        assert "0 of 1 gates hold" in capsys.readouterr().out


def _always(rng: np.random.Generator, studies: int) -> np.ndarray:
    return np.full(studies, True)


@pytest.mark.parametrize(("losses", "seeds"), [(2, 3), (8, 4), (8, 3), (20, 3), (40, 5)])
def test_many_studies_at_once_are_judged_as_each_is(losses: int, seeds: int) -> None:
    values = drawn(6, losses, seeds, "lognormal")
    values[:, 0] += 0.02
    values[:, 1, :] = values[:, 0, :] + 1e-4 * np.arange(seeds)
    assert agree(values, 0.005)


def test_so_are_those_that_are_looked_at() -> None:
    values = drawn(60, 4, 8)
    values[:, 0] += 0.004
    assert agree(values, 0.005, looks=(3, 5, 8))
    assert not np.array_equal(judge(values, 0.005, looks=(3, 5, 8)).better, judge(values, 0.005).better)


def test_made_up_studies_are_what_they_should_be() -> None:
    values = drawn(20_000, 3, 4)
    a, b = pairs_of(3)
    assert (a.tolist(), b.tolist()) == ([0, 0, 1], [1, 2, 2])
    assert (values[:, a] - values[:, b]).std() == pytest.approx(0.003, rel=0.02)
    five = deviations(stream(1, "test"), "one five times", 10, 3, 0.003)
    assert (five[:, 0] ** 2 / five[:, 1] ** 2).tolist() == pytest.approx([5.0] * 10)
    spread = deviations(stream(1, "test"), "lognormal", 50_000, 2, 0.003)
    assert np.mean(spread**2) == pytest.approx(0.003**2 / 2, rel=0.02)
    assert np.log(spread**2).std() == pytest.approx(0.5, rel=0.02)
    pictures = draw_pictures(stream(1, "test"), 400, 3, 50, 0.3, 0.02, 0.1)
    mean = pictures.values.mean(axis=(2, 3))
    assert (mean[:, 0] - mean[:, 1]).std() == pytest.approx(
        np.sqrt(2 * (0.3**2 / 50 + 0.02**2 / 3 + 0.1**2 / 150)), rel=0.1
    )


def test_the_documents_table_is_of_these_cells_and_every_gate_holds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- simulation -->\n(.*?)<!-- end of simulation -->", text, re.DOTALL)
    assert block
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block[1].splitlines() if "|" in line]
    assert [tuple(line[:2]) for line in lines[2:]] == list(dict.fromkeys((cell.promise, cell.setting) for cell in ALL))
    assert "FAILS" not in block[1]
    gates = {tuple(line[:2]): line[-2] for line in lines[2:]}
    for cell in ALL:
        if cell.gate and cell.gate is not ERRS:
            assert gates[cell.promise, cell.setting] == str(cell.gate)
