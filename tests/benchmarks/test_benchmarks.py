"""The benchmarks: their arithmetic by hand, and all of it run on made-up pictures; no figure is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from benchmarks import losses
from benchmarks.__main__ import main
from benchmarks.cases import CASES, Case
from benchmarks.contenders import CONTENDERS, chosen
from benchmarks.memory import peaks
from benchmarks.options import parse
from benchmarks.per_picture import PerPicture
from benchmarks.prepared import prepared
from benchmarks.processes import ROOT
from benchmarks.result import CaseResult
from benchmarks.share import write_share
from benchmarks.summary import Pace, Spread, pace, ratio, spread
from benchmarks.table import case_table, markdown
from benchmarks.task import Answer
from lossbench.data import find
from lossbench.errors import RequestError
from makers import made_pictures


def a_result() -> CaseResult:
    """Two rounds: lossbench needs 1 s and 2 s, the plain script 4 s and 6 s, the bound 0.5 s and 1.5 s."""
    answers: dict[str, list[Answer | None]] = {
        "lossbench fp32": [Answer([[0, 9, 10]]), Answer([[0, 9, 11]])],
        "plain w0": [Answer([[0, 5, 9]]), Answer([[0, 5, 11]])],
        "skorch": [None, None],
        "bound fp32": [Answer([[0, 3, 4], [0, 3, 4]]), Answer([[0, 3, 6], [0, 3, 6]])],
    }
    return CaseResult(Case("cnn", 300, 2), 60, answers, {"skorch": "missing: skorch is not installed"})


def test_the_first_epoch_does_not_count() -> None:
    assert pace([[0.0, 100.0, 102.0, 103.0, 108.0]]) == Pace(2.0, (2.0, 1.0, 5.0), True)


def test_side_by_side_epochs_count_while_all_are_busy() -> None:
    first = [0.0, 1.0, 3.0, 5.0, 7.0]
    second = [3.5, 4.0, 6.0, 8.0, 10.0]
    # both train from 3.5 to 7: of the first 5 to 7, of the second 4 to 6
    assert pace([first, second]) == Pace(1.0, (2.0, 2.0), True)


def test_trials_that_never_meet_are_marked() -> None:
    assert pace([[0.0, 1.0, 2.0], [5.0, 6.0, 10.0]]) == Pace(1.25, (1.0, 4.0), False)


def test_ratios_are_taken_within_rounds() -> None:
    assert ratio([4.0, 6.0, None, 9.0], [1.0, 2.0, 5.0, 3.0]) == Spread(3.0, 3.0, 4.0)
    assert ratio([None], [1.0]) is None
    assert spread([5.0, 1.0, 2.0, 4.0]) == Spread(3.0, 1.0, 5.0)


def test_a_row_holds_seconds_pictures_ratios_and_the_share_of_the_bound() -> None:
    product, plain, skorch, bound = a_result().rows()
    assert product.seconds == Spread(1.5, 1.0, 2.0)
    assert product.pictures == 200.0
    assert product.times == {}
    assert product.share == Spread(0.625, 0.5, 0.75)
    assert plain.times == {"lossbench fp32": Spread(3.5, 3.0, 4.0)}
    assert plain.share is None
    assert bound.seconds == Spread(1.0, 0.5, 1.5)
    assert skorch.seconds is None


def test_the_table_shows_them() -> None:
    lines = case_table(a_result()).splitlines()
    assert lines[0] == "### cnn: 300 training and 60 test pictures, 2 epochs"
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines[2:]}
    assert cells["lossbench fp32"] == ["fp32", "1.5 [1, 2]", "200", "", "62% [50%, 75%]"]
    assert cells["plain w0"] == ["fp32", "5 [4, 6]", "60", "3.50 [3.00, 4.00]", ""]
    assert cells["skorch"][1] == "missing: skorch is not installed"
    assert len({len(line) for line in lines[2:]}) == 1


def test_columns_stand_under_each_other() -> None:
    assert markdown(["a", "b"], [["long", "1"]]) == "| a    | b |\n| ---- | - |\n| long | 1 |"


def test_contenders_by_name_and_family() -> None:
    assert [contender.name for contender in chosen(["plain"])] == ["plain w0", "plain w2", "plain prepared w0"]
    assert [contender.name for contender in chosen(["lossbench bf16", "skorch"])] == ["lossbench bf16", "skorch"]
    assert len(chosen([])) == len(CONTENDERS) - 1
    with pytest.raises(RequestError, match="--contenders"):
        chosen(["plain w3"])


def test_options_change_every_case() -> None:
    options = parse(["--cases", "cnn, resnet20", "--epochs", "7", "--train-size", "100"])
    assert options.cases == (Case("cnn", 100, 7), Case("resnet20", 100, 7))
    assert parse([]).cases == tuple(CASES.values())
    assert parse(["--study"]).cases == ()
    assert parse(["--quick", "--epochs", "3"]).cases[0] == Case("lenet5", 640, 3)
    with pytest.raises(RequestError, match="--epochs: expected at least 2"):
        parse(["--epochs", "1"])


def test_a_share_is_read_back(tmp_path: Path) -> None:
    pictures = made_pictures(train=600, test=90)
    path = tmp_path / "share.npz"
    assert write_share(pictures, 129, path) == (128, 25)  # a last batch of one is avoided
    share = find(str(path)).decode()
    assert share.class_names == pictures.class_names
    assert np.bincount(share.train.labels).tolist() == [43, 43, 42]
    assert write_share(pictures, None, path) == (600, 90)


def test_every_contender_sees_the_same_pictures() -> None:
    pictures = made_pictures()
    x, y = prepared(pictures, pictures.train)
    dataset = PerPicture(pictures, pictures.train)
    pairs = [dataset[index] for index in range(len(dataset))]
    torch.testing.assert_close(torch.stack([picture for picture, _ in pairs]), x)
    assert [label for _, label in pairs] == y.tolist()
    torch.testing.assert_close(x.mean(dim=(0, 2, 3)), torch.zeros(1), atol=1e-5, rtol=0)


def test_a_case_from_pictures_to_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_share(made_pictures(), None, tmp_path / "made.npz")
    out = tmp_path / "figures" / "bench.json"
    asked = ["--cases", "cnn", "--rounds", "1", "--epochs", "2", "--train-size", "60", "--out", str(out)]
    names = ["lossbench fp32", "plain w0", "plain prepared w0", "bound fp32"]
    assert main([*asked, "--data", str(tmp_path / "made.npz"), "--contenders", ",".join(names)]) == 0
    table = capsys.readouterr().out
    assert "### cnn: 60 training and 12 test pictures, 2 epochs" in table
    values = json.loads(out.read_text(encoding="utf-8"))
    assert values["machine"]["torch"] == torch.__version__
    rows = values["cases"]["cnn"]["contenders"]
    assert list(rows) == names
    seconds = {}
    for name, row in rows.items():
        (measured,) = row["rounds"]
        assert all(len(trial) == 2 for trial in measured["epoch_seconds"])
        assert set(measured["counted"]) <= {trial[1] for trial in measured["epoch_seconds"]}
        seconds[name] = median(measured["counted"]) / len(measured["epoch_seconds"])
        assert row["seconds"]["median"] == pytest.approx(seconds[name])
        assert row["pictures"] == pytest.approx(60 / seconds[name])
        assert name in table
    assert len(rows["lossbench fp32"]["rounds"][0]["seconds_after_last_epoch"]) == values["machine"]["cores"]
    assert len(rows["bound fp32"]["rounds"][0]["epoch_seconds"]) == values["machine"]["cores"]
    times = rows["plain w0"]["times"]["lossbench fp32"]["median"]
    assert times == pytest.approx(seconds["plain w0"] / seconds["lossbench fp32"])
    share = rows["lossbench fp32"]["share"]["median"]
    assert share == pytest.approx(seconds["bound fp32"] / seconds["lossbench fp32"])


def test_a_missing_package_is_no_error_and_a_failure_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.contenders.find_spec", lambda name: None)
    write_share(made_pictures(size=8), None, tmp_path / "small.npz")
    asked = ["--data", str(tmp_path / "small.npz"), "--rounds", "1", "--out", str(tmp_path / "bench.json")]
    assert main([*asked, "--cases", "cnn", "--contenders", "skorch"]) == 0
    assert "missing: skorch is not installed" in capsys.readouterr().out
    monkeypatch.undo()
    assert main([*asked, "--cases", "lenet5", "--contenders", "bound fp32"]) == 1  # lenet5 takes no 8×8 pictures
    assert "failed: " in capsys.readouterr().out


def test_a_wrong_request_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "vgg"]) == 2
    assert capsys.readouterr().err == "--cases: expected lenet5, cnn, cnn8, resnet20, got vgg\n"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="proportional set sizes are Linux's")
def test_the_peak_of_a_child(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}, 'lossbench'])"
    child = "import time; x = bytearray(50_000_000); time.sleep(1.5)"
    (peak,) = peaks([sys.executable, "-c", script.format(child)])
    assert 50 < peak < 150


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--contenders" in done.stdout


def test_a_losss_cost_is_held_against_cross_entropy_and_a_step_of_the_same_round() -> None:
    cost = [{"cross_entropy": 1e-5, "dear": 4e-5}, {"cross_entropy": 2e-5, "dear": 4e-5}]
    dear, reference = losses.rows([1e-3, 2e-3], cost)
    assert (dear[0], reference[0]) == ("dear", "cross_entropy")
    assert dear[1] == Spread(4e-5, 4e-5, 4e-5)
    assert dear[2] == Spread(3.0, 2.0, 4.0)
    assert (dear[3].least, dear[3].most) == pytest.approx((0.02, 0.04))
    assert reference[2] == Spread(1.0, 1.0, 1.0)


def test_what_a_loss_costs_is_measured() -> None:
    measured = losses.costs(["cross_entropy", "mmce"])
    assert list(measured) == ["cross_entropy", "mmce"]
    assert all(seconds > 0 for seconds in measured.values())
