"""A merge that is killed before any of its changes leaves no half trial, and the next one ends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fault_makers import SMALL, Server, results

from lossbench.store import Store

MERGE = ("merge", "log", "job1", "job2")


@pytest.fixture(scope="module")
def merged(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """Two parts of a study, the same put together, and in how many changes."""
    folder = tmp_path_factory.mktemp("merged")
    for part in ("1", "2"):
        options = ("--scenario", "noise(symmetric, 0.2)", "--shard", f"{part}/2", "--save-dir", f"job{part}")
        assert server.run(folder / "parts", *SMALL, *options) == 0, (folder / "parts" / "out.txt").read_text()
    shutil.copytree(folder / "parts", folder / "whole")
    assert server.run(folder / "whole", *MERGE, kill_at=0) == 0, (folder / "whole" / "out.txt").read_text()
    return folder / "parts", folder / "whole", int((folder / "whole" / "log.changes").read_text())


def test_killed_anywhere_no_trial_is_half_and_the_next_one_ends_it(
    server: Server, merged: tuple[Path, Path, int], tmp_path: Path, long: bool
) -> None:
    """In the short form, before six of its changes."""
    parts, whole, changes = merged
    assert changes > 50
    step = 1 if long else max(1, changes // 6)
    for change in range(1, changes + 1, step):
        folder = tmp_path / str(change)
        shutil.copytree(parts, folder)
        ended = server.run(folder, *MERGE, kill_at=change)
        assert ended == -9 or (ended == 0 and change > 0.8 * changes), "its threads make a few changes more or less"
        store = Store(folder / "log")
        for provenance in store.root.glob("trials/*/provenance.json"):
            assert store.verify(provenance.parent.name)[1] == {}, change
        assert results(folder / "job1") == results(parts / "job1")
        assert server.run(folder, *MERGE) == 0, (folder / "out.txt").read_text()
        assert results(folder / "log") == results(whole / "log"), change
        shutil.rmtree(folder)


def test_two_at_once_put_together_the_same(server: Server, merged: tuple[Path, Path, int], tmp_path: Path) -> None:
    """A trial that one of them holds is left to it; a second call finds all there."""
    parts, whole, _ = merged
    shutil.copytree(parts, tmp_path, dirs_exist_ok=True)
    commands = [server.start(tmp_path, *MERGE), server.start(tmp_path, *MERGE)]
    assert [command.wait() for command in commands] == [0, 0], (tmp_path / "out.txt").read_text()
    assert server.run(tmp_path, *MERGE) == 0
    assert results(tmp_path / "log") == results(whole / "log")
