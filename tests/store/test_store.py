"""Folders of trials: what is written when, and that a damaged or half-written one is never taken for a finished one."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from lossbench.errors import HeldError, SaveDirError, StoreError
from lossbench.files import write_atomically
from lossbench.run import Event, Inline, Job
from lossbench.run.drive import drive
from lossbench.spec import Trial
from lossbench.store import FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY, Record, Row, Store
from lossbench.train import train
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()
FILES = {"trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json", "provenance.json"}


def driven(tmp_path: Path, trial: Trial, keep_weights: bool = False) -> tuple[Store, Path]:
    store = Store(tmp_path / "log")
    drive(Job(trial, "loss", str(store.root), keep_weights=keep_weights), lambda: PICTURES, lambda event: None)
    return store, store.trial_folder(trial.key)


class TestAFinishedTrial:
    def test_its_folder_has_the_files_of_the_design_and_no_checkpoint(self, tmp_path: Path) -> None:
        store, folder = driven(tmp_path, made_trial())
        assert {path.name for path in folder.iterdir()} - {"claim.lock"} == FILES
        assert store.status(made_trial().key) == "finished"

    def test_its_history_is_a_row_per_evaluated_epoch_and_split_after_the_first_batchs(self, tmp_path: Path) -> None:
        _, folder = driven(tmp_path, made_trial(validation=0.2))
        with (folder / "history.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        places = [(row["epoch"], row["split"]) for row in rows]
        evaluated = [(str(epoch), split) for epoch in (1, 2, 3) for split in ("train", "test", "validation")]
        assert places == [("0", FIRST_BATCH), ("0", FIRST_BATCH_CROSS_ENTROPY), *evaluated]
        assert float(rows[0]["gradient_norm"]) > 0
        assert rows[0]["accuracy"] == ""
        assert all(float(row["gradient_norm"]) > 0 for row in rows if row["split"] == "train")
        assert not any("time" in name or "second" in name for name in rows[0])

    def test_its_history_reads_back_to_the_bit(self, tmp_path: Path) -> None:
        store, _ = driven(tmp_path, made_trial())
        record = Record()
        for epoch in train(made_trial(), PICTURES):
            record = record.noted(epoch)
        again = store.history(made_trial().key)
        assert [repr(row) for row in again] == [repr(row) for row in record.rows]

    def test_its_counts_are_those_of_its_accuracies(self, tmp_path: Path) -> None:
        store, folder = driven(tmp_path, made_trial())
        with np.load(folder / "counts.npz") as file:
            assert file["counts"].shape == (3, 2, CLASSES, CLASSES)
        counts = store.counts(made_trial().key)
        for row in store.history(made_trial().key)[2:]:
            table = counts[row.epoch, row.split]
            assert row.accuracy == pytest.approx(np.trace(table) / table.sum(), abs=1e-15)

    def test_its_logits_are_the_last_epochs_and_the_selected_ones(self, tmp_path: Path) -> None:
        store, folder = driven(tmp_path, made_trial(validation=0.2))
        logits = load_file(folder / "logits.safetensors")
        names = {f"{split}.{kind}" for split in ("test", "validation") for kind in ("last", "selected", "target")}
        assert set(logits) == names
        rows = {(row.epoch, row.split): row for row in store.history(made_trial(validation=0.2).key)}
        chosen = store.outcome(made_trial(validation=0.2).key)["selected_epoch"]
        for kind, epoch in (("last", 3), ("selected", chosen)):
            right = (logits[f"test.{kind}"].argmax(axis=1) == logits["test.target"]).mean()
            assert right == pytest.approx(rows[epoch, "test"].accuracy)
        accuracies = [rows[epoch, "validation"].accuracy for epoch in (1, 2, 3)]
        assert chosen == 1 + int(np.argmax(accuracies))

    def test_where_probabilities_are_no_softmax_their_logarithms_lie_beside_the_last_logits(
        self, tmp_path: Path
    ) -> None:
        trial = made_trial("bce", validation=0.2)
        store, folder = driven(tmp_path, trial)
        logits = load_file(folder / "logits.safetensors")
        linked = {f"{split}.last.log_probabilities" for split in ("test", "validation")}
        assert {name for name in logits if name.endswith("log_probabilities")} == linked
        last = list(train(trial, PICTURES))[-1]
        for split in ("test", "validation"):
            kept = logits[f"{split}.last.log_probabilities"]
            np.testing.assert_array_equal(kept, last.log_probabilities[split])
            nll = -kept[range(len(kept)), logits[f"{split}.target"]].mean()
            rows = {(row.epoch, row.split): row for row in store.history(trial.key)}
            assert nll == pytest.approx(rows[3, split].nll, rel=1e-12)

    def test_without_a_validation_split_no_epoch_is_selected(self, tmp_path: Path) -> None:
        store, folder = driven(tmp_path, made_trial())
        assert store.outcome(made_trial().key)["selected_epoch"] is None
        assert set(load_file(folder / "logits.safetensors")) == {"test.last", "test.target"}

    def test_its_provenance_has_the_digest_of_every_other_file(self, tmp_path: Path) -> None:
        import hashlib

        store, folder = driven(tmp_path, made_trial())
        digests = store.provenance(made_trial().key)["digests"]
        assert set(digests) == FILES - {"provenance.json"}
        for name, digest in digests.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest

    def test_its_provenance_says_where_it_ran(self, tmp_path: Path) -> None:
        store, _ = driven(tmp_path, made_trial())
        provenance = store.provenance(made_trial().key)
        wanted = {
            "torch",
            "device",
            "instruction_set",
            "compiled",
            "seconds",
            "threads",
            "data",
            "started",
            "processor",
        }
        assert wanted <= set(provenance)

    def test_weights_are_kept_on_request_alone(self, tmp_path: Path) -> None:
        _, folder = driven(tmp_path, made_trial(), keep_weights=True)
        weights = load_file(folder / "weights.safetensors")
        last = list(train(made_trial(), PICTURES))[-1].snapshot().tensors
        assert {f"model.{name}" for name in weights} == {name for name in last if name.startswith("model.")}
        np.testing.assert_array_equal(weights["1.weight"], last["model.1.weight"].numpy())

    def test_its_trial_json_gives_its_key_back(self, tmp_path: Path) -> None:
        _, folder = driven(tmp_path, made_trial("focal(gamma=0.5, alpha=[1, 2, 3])", validation=0.2))
        trial = Trial.from_canonical(json.loads((folder / "trial.json").read_text(encoding="utf-8")))
        assert trial.key == folder.name


class TestADivergedTrial:
    def test_it_keeps_its_history_up_to_then_and_says_why(self, tmp_path: Path) -> None:
        trial = made_trial("l1", lr=1e36, epochs=8)
        store, _ = driven(tmp_path, trial)
        outcome = store.outcome(trial.key)
        assert store.status(trial.key) == outcome["status"] == "diverged"
        assert "non-finite" in store.reason(trial.key)
        rows = store.history(trial.key)
        assert max(row.epoch for row in rows) == outcome["epochs"] < 8
        assert all(math.isfinite(row.loss) for row in rows)


class TestCheckpoints:
    @pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
    @pytest.mark.parametrize("eval_interval", [1, 4])
    def test_a_trial_goes_on_from_its_checkpoint_to_the_same_bytes(
        self, tmp_path: Path, loss: str, eval_interval: int
    ) -> None:
        trial = made_trial(loss, validation=0.2, epochs=4, eval_interval=eval_interval)
        _, whole = driven(tmp_path / "whole", trial)
        store = Store(tmp_path / "cut" / "log")
        record, seen = Record(), []
        with store.claim(trial):
            for epoch in train(trial, PICTURES):
                record = record.noted(epoch)
                if epoch.number == 2:
                    state = {name: tensor.numpy() for name, tensor in epoch.snapshot().tensors.items()}
                    store.save_checkpoint(trial.key, record, state, epoch.number, 1.5)
                    break
        assert store.status(trial.key) == "missing"
        drive(Job(trial, "loss", str(store.root)), lambda: PICTURES, lambda event: seen.append(event.epoch))
        assert seen == [0, 3, 4]
        for name in FILES - {"provenance.json"}:
            assert (store.trial_folder(trial.key) / name).read_bytes() == (whole / name).read_bytes(), name
        assert store.provenance(trial.key)["seconds"] > 1.5
        assert not (store.trial_folder(trial.key) / "checkpoint").exists()

    def test_they_are_written_while_training_and_dropped_at_the_end(self, tmp_path: Path) -> None:
        store, trial, seen = Store(tmp_path / "log"), made_trial(), []

        def look(event: object) -> None:
            found = store.load_checkpoint(trial.key)
            seen.append(found[2] if found else None)

        drive(Job(trial, "loss", str(store.root), checkpoint_seconds=0), lambda: PICTURES, look)
        assert seen == [None, 0, 1, 2, 3]

    def test_weights_are_kept_of_a_trial_that_had_only_its_results_left_to_write(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, whole = driven(tmp_path / "whole", made_trial(), keep_weights=True)
        store = Store(tmp_path / "log")
        job = Job(made_trial(), "loss", str(store.root), keep_weights=True, checkpoint_seconds=0)

        def interrupted(*parts: object, **more: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Store, "finish", interrupted)
            with pytest.raises(KeyboardInterrupt):
                drive(job, lambda: PICTURES, lambda event: None)
        drive(job, lambda: PICTURES, lambda event: None)
        again = store.trial_folder(made_trial().key) / "weights.safetensors"
        assert again.read_bytes() == (whole / "weights.safetensors").read_bytes()

    @pytest.mark.parametrize("damage", ["garbage", "a flipped bit in a weight", "a flipped bit in the history"])
    def test_a_damaged_checkpoint_is_started_over(self, tmp_path: Path, damage: str) -> None:
        _, whole = driven(tmp_path / "whole", made_trial())
        store = Store(tmp_path / "log")
        path = store.trial_folder(made_trial().key) / "checkpoint" / "state.safetensors"

        def interrupt(event: Event) -> None:
            if event.epoch == 2:
                raise KeyboardInterrupt

        job = Job(made_trial(), "loss", str(store.root), checkpoint_seconds=0)
        with pytest.raises(KeyboardInterrupt):
            drive(job, lambda: PICTURES, interrupt)
        content = bytearray(path.read_bytes())
        if damage == "garbage":
            content = bytearray(20)
        else:
            content[-8 if "weight" in damage else content.index(b"first_batch")] ^= 1
        path.write_bytes(content)
        assert store.load_checkpoint(made_trial().key) is None
        drive(job, lambda: PICTURES, lambda event: None)
        again = store.trial_folder(made_trial().key) / "history.csv"
        assert again.read_bytes() == (whole / "history.csv").read_bytes()


class TestClaims:
    def test_a_claimed_trial_is_running_until_it_is_let_go(self, tmp_path: Path) -> None:
        store, other, trial = Store(tmp_path), Store(tmp_path), made_trial()
        with store.claim(trial):
            assert other.status(trial.key) == "running"
        assert other.status(trial.key) == "missing"

    def test_what_somebody_else_holds_is_not_waited_for(self, tmp_path: Path) -> None:
        trial = made_trial()
        with Store(tmp_path).claim(trial):
            with pytest.raises(HeldError, match=trial.key), Store(tmp_path).claim(trial):
                pass
            told = drive(Job(trial, "loss", str(tmp_path)), lambda: PICTURES, lambda event: None)
        assert told == Event("held", trial.key)
        with Store(tmp_path).claim(trial):
            pass

    def test_what_a_crash_left_in_a_finished_trial_is_dropped(self, tmp_path: Path) -> None:
        _, folder = driven(tmp_path, made_trial())
        (folder / ".history.csv.0a1b2c3d.tmp").write_bytes(b"half a fi")
        (folder / "checkpoint").mkdir()
        (folder / "checkpoint/state.safetensors").write_bytes(b"old")
        driven(tmp_path, made_trial())
        assert {path.name for path in folder.iterdir()} - {"claim.lock"} == FILES

    def test_a_finished_trial_is_not_trained_again(self, tmp_path: Path) -> None:
        _, folder = driven(tmp_path, made_trial())
        before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        driven(tmp_path, made_trial())
        assert {name: (folder / name).stat().st_mtime_ns for name in FILES} == {n: before[n] for n in FILES}


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "again"),
        [
            (MemoryError("no room"), True),
            (torch.OutOfMemoryError("CUDA out of memory"), True),
            (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
            (RuntimeError("a layer broke"), False),
            (SystemExit(3), False),
        ],
    )
    def test_a_failed_trial_says_why_and_whether_it_would_fail_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, again: bool
    ) -> None:
        def broken(*arguments: object, **keywords: object) -> object:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("lossbench.run.drive.train", broken)
            store, folder = driven(tmp_path, made_trial())
        assert store.status(made_trial().key) == "failed"
        assert store.reason(made_trial().key) == f"{type(error).__name__}: {error}"
        assert store.failed_for_good(made_trial().key) is not again
        driven(tmp_path, made_trial())
        assert store.status(made_trial().key) == ("finished" if again else "failed")
        assert (folder / "failure.json").exists() is not again
        store.forgive(made_trial().key)
        driven(tmp_path, made_trial())
        assert store.status(made_trial().key) == "finished"

    @pytest.mark.parametrize("name", ["history.csv", "counts.npz", "logits.safetensors", "outcome.json"])
    def test_a_damaged_file_is_an_error_that_names_it(self, tmp_path: Path, name: str) -> None:
        store, folder = driven(tmp_path, made_trial())
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        read = {"history.csv": store.history, "counts.npz": store.counts, "logits.safetensors": store.logits}
        with pytest.raises(StoreError, match=f"{name} is missing or damaged .*SHA-256.*; run the study again: it sets"):
            read.get(name, store.outcome)(made_trial().key)
        names, faults = store.verify(made_trial().key)
        assert set(names) == FILES
        assert list(faults) == [name]

    def test_a_save_dir_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("x")
        with pytest.raises(SaveDirError, match=r"--save-dir: expected a folder that can be written, got .*taken"):
            Store(tmp_path / "taken" / "log").check_writable()

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
    def test_a_save_dir_without_permission_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(SaveDirError, match="--save-dir"):
            Store(tmp_path / "log").check_writable()

    def test_the_check_leaves_nothing_behind(self, tmp_path: Path) -> None:
        Store(tmp_path / "a" / "b").check_writable()
        assert list(tmp_path.iterdir()) == []


class TestPictures:
    def test_decoded_pictures_are_found_by_their_source_and_shared_by_memory_map(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        assert store.find_pictures("abc") is None
        store.put_pictures(PICTURES, "abc")
        store.put_pictures(PICTURES, "def")
        found = store.find_pictures("def")
        assert found is not None
        assert found.digest == PICTURES.digest
        assert isinstance(found.train.pictures, np.memmap)
        np.testing.assert_array_equal(found.train.pictures, PICTURES.train.pictures)

    def test_a_job_without_its_pictures_fails_with_their_folders_name(self, tmp_path: Path) -> None:
        Inline()([Job(made_trial(), "loss", str(tmp_path))], lambda event: None)
        assert Store(tmp_path).status(made_trial().key) == "failed"
        assert PICTURES.digest in Store(tmp_path).reason(made_trial().key)

    def test_a_damaged_copy_is_written_anew(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        store.put_pictures(PICTURES, "abc")
        (tmp_path / "data" / PICTURES.digest / "train_labels.npy").unlink()
        assert store.find_pictures("abc") is None
        store.put_pictures(PICTURES, "abc")
        assert store.find_pictures("abc") is not None


class TestAtomicWrites:
    def test_a_write_that_fails_leaves_the_old_file_and_no_neighbour(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        write_atomically(path, "old")

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("lossbench.files.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_atomically(path, "new")
        assert path.read_text() == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["file"]

    def test_rows_have_no_more_columns_than_they_say(self) -> None:
        assert Row.columns()[:4] == ("epoch", "split", "loss", "accuracy")
