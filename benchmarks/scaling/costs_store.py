"""What the store costs per trial on the disk that is measured: seconds, files, bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.scaling.made_results import made_record
from benchmarks.scaling.made_store import made_data, made_store, made_study
from benchmarks.scaling.timed import each
from lossbench.data import prepare
from lossbench.results import collect
from lossbench.spec import Trial

__all__ = ["store_costs"]

_CHECKPOINT_BYTES = 530_000  # of LeNet-5 with momentum: 61,706 parameters, two float32 each, and its last logits


def store_costs(folder: Path, trials: int = 200) -> dict[str, float]:
    """Seconds of each thing that is done once per trial, and what a trial leaves on the disk.

    Args:
        folder: an empty one, on the disk that is measured.
        trials: over how many.
    """
    study = made_study(made_data(folder), ["cross_entropy"], trials, recipe={"epochs": 30})
    prepared = made_store(study, folder / "read")
    other = made_store(study, folder / "written", most=0)
    store, all_trials = other.store, [trial for _, trial in prepared.trials.values()]
    parts = prepare(prepared.pictures, all_trials[0].scenario, 1)
    record, targets = made_record(all_trials[0], parts, 4), {"test": parts["test"].labels}
    state = {"weights": np.zeros(_CHECKPOINT_BYTES // 4, np.float32)}

    def claim(trial: Trial) -> None:
        with store.claim(trial):
            pass

    costs = {
        "claim_seconds": each(claim, all_trials),
        "checkpoint_seconds": each(lambda t: store.save_checkpoint(t.key, record, state, 1, 0.0), all_trials),
        "finish_seconds": each(lambda t: store.finish(t, record, targets, {"seconds": 1.0}), all_trials),
        "finished_seconds": each(lambda t: prepared.store.finished(t.key), all_trials),
        "verify_seconds": each(lambda t: prepared.store.verify(t.key), all_trials),
        "collect_seconds": each(lambda _: collect(prepared.store, "made"), range(3)) / trials,
    }
    files = [file for file in prepared.store.trial_folder(all_trials[0].key).iterdir() if file.is_file()]
    return {**costs, "files": len(files), "bytes": sum(file.stat().st_size for file in files)}
