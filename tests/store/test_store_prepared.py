"""What a scenario drew lies in the store: the same file for every loss at a seed, the same bytes always."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from lossbench.data import Part, prepare
from lossbench.run import Job
from lossbench.run.drive import drive
from lossbench.spec import Trial
from lossbench.store import Store
from lossbench.store.prepared import prepared_bytes, prepared_name
from makers import MADE_DIGEST, made_pictures, made_trial

PICTURES = made_pictures()
SCENARIO = "noise(symmetric, 0.25) + validation(0.2)"


def driven(store: Store, trial: Trial) -> dict[str, str]:
    drive(Job(trial, "loss", str(store.root)), lambda: PICTURES, lambda event: None)
    found: dict[str, str] = store.provenance(trial.key).get("prepared", {})
    return found


def test_losses_at_a_seed_share_a_file_and_seeds_do_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "log")
    one, other = (driven(store, made_trial(loss, scenario=SCENARIO)) for loss in ("l1", "mae"))
    second = driven(store, made_trial("l1", 2, scenario=SCENARIO))
    assert one == other
    assert one["file"] != second["file"]
    assert one["sha256"] != second["sha256"]
    folder = store.root / "data" / MADE_DIGEST / "prepared"
    assert {path.name for path in folder.iterdir()} == {Path(found["file"]).name for found in (one, second)}
    for found in (one, second):
        assert hashlib.sha256((store.root / found["file"]).read_bytes()).hexdigest() == found["sha256"]


def test_the_file_holds_what_was_drawn(tmp_path: Path) -> None:
    store, trial = Store(tmp_path / "log"), made_trial(scenario=SCENARIO)
    with np.load(store.root / driven(store, trial)["file"], allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    parts = prepare(PICTURES, trial.scenario, 1)
    expected = {
        f"{name}_{kind}": getattr(parts[name], kind)
        for name in ("train", "validation")
        for kind in ("rows", "labels", "clean")
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].tolist() == values.tolist()


def test_bytes_are_pinned() -> None:
    """No date, no compressor and no system in them."""
    part = Part(np.array([0, 3, 300]), np.array([1, 0, 1]), np.array([1, 1, 1]))
    content = prepared_bytes({"train": part, "test": part})
    assert hashlib.sha256(content).hexdigest() == "3b0a562cca9750321d214b1d82f26453088c07ec38b00816ff3a16fccbe57dd6"


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    store, trial = Store(tmp_path / "log"), made_trial(scenario=SCENARIO)
    parts = prepare(PICTURES, trial.scenario, 1)
    first = store.put_prepared(trial, parts)
    (store.root / first["file"]).write_bytes(b"rubbish")
    assert store.put_prepared(trial, parts) == first
    assert (store.root / first["file"]).read_bytes() == prepared_bytes(parts)


def test_a_clean_trial_has_no_such_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "log")
    assert driven(store, made_trial()) == {}
    assert not (store.root / "data").exists()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (SCENARIO, "noise(symmetric, 0.3) + validation(0.2)"),
        (SCENARIO, f"{SCENARIO[:-1]}, clean)"),
        ("imbalance(step, 3)", "imbalance(exponential, 3)"),
        ("train_size(30)", "train_size(30, split_seed=2)"),
    ],
)
def test_other_scenarios_have_other_names(text: str, other: str) -> None:
    assert prepared_name(made_trial(scenario=text)) != prepared_name(made_trial(scenario=other))


def test_the_name_is_of_what_decides_the_draw() -> None:
    named = prepared_name(made_trial(scenario="train_size(30)", seed=4))
    assert prepared_name(made_trial("mae", 9, scenario="train_size(30, split_seed=4)", epochs=9)) == named
    from_file = "noise(file, 'a.npy')"
    ones, others = (prepared_name(made_trial(scenario=from_file, label_noise=digest)) for digest in ("1", "2"))
    assert ones != others
    assert ones == prepared_name(made_trial(scenario="noise(file, 'b.npy')", label_noise="1"))
