"""Save dirs with any number of ended trials that nobody trained, as a run would have left them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scaling.made_results import made_record
from lossbench.api import running
from lossbench.api.running import Prepared
from lossbench.data import Part, prepare
from lossbench.rng import stream
from lossbench.run.provenance import machine
from lossbench.spec import Study, Trial
from lossbench.store.contents import trial_contents

__all__ = ["made_data", "made_store", "made_study"]

_CLASSES = ("dark", "dim", "light", "bright")


def made_data(folder: Path, train: int = 40, test: int = 40) -> Path:
    """An .npz of small pictures of four classes; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {"class_names": np.array(_CLASSES)}
    for split, count in (("train", train), ("test", test)):
        labels = np.arange(count) % len(_CLASSES)
        noise = stream(0, f"made {split}").integers(0, 90, (count, 8, 8, 1))
        arrays |= {f"x_{split}": (noise + 50 * labels[:, None, None, None]).astype(np.uint8), f"y_{split}": labels}
    path = folder / "made.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # names are not those of its own arguments
    return path


def made_study(data: Path, losses: list[str], seeds: int, **changes: Any) -> Study:
    """A study of short trials on such pictures; changes are those of `Study`, `recipe` among them."""
    recipe = {"epochs": 3, "precision": "fp32", "batch_size": 16, **changes.pop("recipe", {})}
    values = {"name": "made", "models": ["mlp"], "losses": losses, "seeds": seeds, **changes}
    return Study(data=str(data), recipe=recipe, **values)


def made_store(study: Study, save_dir: Path, most: int | None = None) -> Prepared:
    """Writes a study's folder, and of its trials so many as if they had ended; gives the study as a run prepares it.

    Files are written as they are, without the fsync of a run: nothing is lost with them.

    Args:
        study: what is made.
        save_dir: where.
        most: how many of the trials, seed by seed; all of them when it is None.
    """
    prepared = running.prepare(study, save_dir)
    store = prepared.store
    store.put_pictures(prepared.pictures, prepared.source.fingerprint)
    for folder in (*(part.folder for part in prepared.parts), prepared.folder):
        folder.write(store)
    left = len(prepared.trials) if most is None else most
    for part in prepared.parts:
        trials = list(part.resolved.trials.values())[:left]
        _write(prepared, trials)
        left -= len(trials)
    return prepared


def _write(prepared: Prepared, trials: Sequence[Trial]) -> None:
    """Writes trials of one condition; what its scenario draws for a seed is drawn once for all losses."""
    classes, store = prepared.pictures.num_classes, prepared.store
    for seed, group in groupby(trials, key=lambda trial: trial.seed):
        parts: dict[str, Part] = {}
        for trial in group:
            if not parts:
                parts = prepare(prepared.pictures, trial.scenario, seed)
                drawn = store.put_prepared(trial, parts)
            provenance = _provenance(prepared, trial, parts) | ({"prepared": drawn} if drawn else {})
            targets = {name: part.labels for name, part in parts.items() if name != "train"}
            contents = trial_contents(trial, made_record(trial, parts, classes), targets, provenance)
            folder = store.trial_folder(trial.key)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "claim.lock").touch()
            for name, content in contents.items():
                (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _provenance(prepared: Prepared, trial: Trial, parts: Mapping[str, Part]) -> dict[str, Any]:
    """As a worker writes it, of an hour that is always the same."""
    return {
        **machine(),
        "device": "cpu",
        "threads": 1,
        "compiled": True,
        "precision": trial.recipe.precision,
        "data": {
            "name": prepared.pictures.name,
            "path": prepared.data_path,
            **{name: len(part) for name, part in parts.items()},
        },
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:02+00:00",
        "seconds": round(2.0 + float(stream(trial.seed, f"made seconds {trial.key}").exponential(0.2)), 3),
    }
