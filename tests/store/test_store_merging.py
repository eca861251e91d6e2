"""Copying decoded pictures, what scenarios drew, and locks that are asked about without writing."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from lossbench.data import Pictures, prepare
from lossbench.data.pictures import label_digest
from lossbench.files import is_held, write_together
from lossbench.store import Record, Store, merge_pictures, merge_trials
from makers import CLASSES, made_pictures, made_trial

NOISY = made_trial(scenario="noise(symmetric, 0.4)")
PROVENANCE = {"seconds": 1.0}


def labelled(shift: int) -> Pictures:
    """The made pictures with other labels beside their own."""
    pictures = made_pictures()
    labels = (pictures.train.labels + shift) % CLASSES
    return replace(pictures, other_labels={label_digest(labels): labels})


def ended(store: Store) -> str:
    """A trial on noisy labels that has ended, with what was drawn for it; gives the latter's path."""
    noted = store.put_prepared(NOISY, prepare(made_pictures(), NOISY.scenario, NOISY.seed))
    with store.claim(NOISY):
        store.finish(NOISY, Record(epochs=1), {}, {**PROVENANCE, "prepared": noted})
    return noted["file"]


class TestPictures:
    def test_labels_and_notes_of_all_sources_come_together(self, tmp_path: Path) -> None:
        into, one, two = (Store(tmp_path / name) for name in ("into", "one", "two"))
        one.put_pictures(labelled(1), "first")
        two.put_pictures(labelled(2), "second")
        copied, faults = merge_pictures(into, [one, two])
        digest = made_pictures().digest
        assert (copied, faults) == ((digest,), {})
        assert len(into.pictures(digest, every_pixel=True).other_labels) == 2
        for fingerprint in ("first", "second"):
            found = into.find_pictures(fingerprint)
            assert found is not None
            assert not found.resized

    def test_nothing_is_written_where_all_is_there(self, tmp_path: Path) -> None:
        into, one = Store(tmp_path / "into"), Store(tmp_path / "one")
        for store in (into, one):
            store.put_pictures(labelled(1), "first")
        before = {path: path.stat().st_mtime_ns for path in into.root.rglob("*")}
        assert merge_pictures(into, [one]) == ((), {})
        assert {path: path.stat().st_mtime_ns for path in into.root.rglob("*")} == before

    def test_damaged_ones_that_are_there_are_replaced(self, tmp_path: Path) -> None:
        into, one = Store(tmp_path / "into"), Store(tmp_path / "one")
        for store in (into, one):
            store.put_pictures(made_pictures(), "first")
        digest = made_pictures().digest
        (into.root / "data" / digest / "train_labels.npy").write_bytes(b"no")
        assert merge_pictures(into, [one]) == ((digest,), {})
        assert np.array_equal(into.pictures(digest, every_pixel=True).train.labels, made_pictures().train.labels)


class TestDrawn:
    def test_what_was_drawn_is_copied_once_and_whole(self, tmp_path: Path) -> None:
        into, one = Store(tmp_path / "into"), Store(tmp_path / "one")
        file = ended(one)
        assert merge_trials(into, [one]).trials == (NOISY.key,)
        assert (into.root / file).read_bytes() == (one.root / file).read_bytes()
        assert into.prepared_faults(NOISY.key) == {}

    @pytest.mark.parametrize("damage", ["missing", "changed"])
    def test_damaged_it_is_named_and_the_trial_is_copied(self, tmp_path: Path, damage: str) -> None:
        into, one = Store(tmp_path / "into"), Store(tmp_path / "one")
        file = one.root / ended(one)
        file.unlink() if damage == "missing" else file.write_bytes(b"no")
        copied = merge_trials(into, [one])
        assert (copied.trials, copied.lost) == ((NOISY.key,), ())
        assert [path for path, _ in copied.damaged] == [str(file)]


class TestMeanwhile:
    def test_a_trial_that_a_run_finishes_before_it_is_written_stays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        into, one, run = (Store(tmp_path / name) for name in ("into", "one", "run"))
        for store in (one, run):
            ended(store)
        hold = Store.hold

        def held(store: Store, key: str) -> AbstractContextManager[None]:
            shutil.copytree(run.trial_folder(key), into.trial_folder(key))
            return hold(store, key)

        monkeypatch.setattr(Store, "hold", held)
        copied = merge_trials(into, [one])
        assert (copied.had, copied.trials, copied.replaced) == ((NOISY.key,), (), ())
        assert not (into.root / "damaged").exists()


class TestFiles:
    def test_a_held_lock_is_seen_without_a_change(self, tmp_path: Path) -> None:
        lock = tmp_path / "claim.lock"
        assert not is_held(lock)
        with FileLock(lock):
            before = lock.stat()
            assert is_held(lock)
            assert lock.stat() == before
        assert not is_held(lock)
        with FileLock(lock, timeout=0):  # asking left nothing behind
            pass

    def test_files_are_written_together_and_no_draft_stays(self, tmp_path: Path) -> None:
        write_together(tmp_path, {"a": b"1", "b": b"2"})
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}
        with pytest.raises(OSError, match="none"):
            write_together(tmp_path / "none", {"a": b"1"})
