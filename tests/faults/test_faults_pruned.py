"""A pruning that is killed before any of its changes leaves a store that can be read, and the next one ends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fault_makers import SMALL, Server, results

from lossbench.api.verifying import verified
from lossbench.store import Store, StudyFolder, needless

PRUNE = ("prune", "log", "--weights", "--delete")


@pytest.fixture(scope="module")
def pruned(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A save dir with a trial of no study, the same pruned, and in how many changes."""
    folder = tmp_path_factory.mktemp("pruned")
    assert server.run(folder / "before", *SMALL) == 0
    assert server.run(folder / "before", *SMALL, "--name", "gone", "--losses", "mae") == 0
    shutil.rmtree(folder / "before" / "log" / "studies" / "gone")
    shutil.copytree(folder / "before", folder / "after")
    assert server.run(folder / "after", *PRUNE, kill_at=0) == 0, (folder / "after" / "out.txt").read_text()
    return folder / "before", folder / "after", int((folder / "after" / "log.changes").read_text())


def test_it_leaves_what_its_study_needs(pruned: tuple[Path, Path, int]) -> None:
    before, after, changes = pruned
    left, had = results(after / "log"), results(before / "log")
    assert changes > 20
    assert len([name for name in left if name.endswith("provenance.json")]) == 4
    changed = {name for name in left if left[name] != had[name]}
    assert {Path(name).name for name in changed} == {"provenance.json"}
    assert not any(name.endswith("weights.safetensors") for name in left)


def test_killed_anywhere_it_leaves_a_whole_store_and_the_next_one_ends_it(
    server: Server, pruned: tuple[Path, Path, int], tmp_path: Path, long: bool
) -> None:
    """In the short form, before eight of its changes."""
    before, after, changes = pruned
    step = 1 if long else max(1, changes // 8)
    for change in range(1, changes + 1, step):
        folder = tmp_path / str(change)
        shutil.copytree(before, folder)
        assert server.run(folder, *PRUNE, kill_at=change) == -9
        store = Store(folder / "log")
        (name,) = store.study_names()
        found = verified(store, StudyFolder.read(store, name))
        assert found.damaged == (), change
        assert found.trials == 4
        assert server.run(folder, *PRUNE) == 0
        assert results(folder / "log") == results(after / "log"), change
        assert needless(store) == ()
        shutil.rmtree(folder)


def test_a_run_beside_two_prunings_loses_nothing(server: Server, tmp_path: Path) -> None:
    """They begin together, on trials that a study has no more and the run wants again."""
    assert server.run(tmp_path, *SMALL) == 0
    shutil.rmtree(tmp_path / "log" / "studies")
    (tmp_path / "log" / "studies").mkdir()
    commands = [server.start(tmp_path, *command) for command in (PRUNE[:2] + PRUNE[3:], SMALL, PRUNE[:2] + PRUNE[3:])]
    assert [command.wait() for command in commands] == [0, 0, 0], (tmp_path / "out.txt").read_text()
    store = Store(tmp_path / "log")
    (name,) = store.study_names()
    found = verified(store, StudyFolder.read(store, name))
    assert (found.trials, found.damaged) == (4, ())
