"""Small finished and unfinished stores, and ways to damage their files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lossbench.api.running import Prepared, prepare, train_missing
from lossbench.run import Event, Inline
from lossbench.spec import Study

__all__ = ["KINDS", "copied", "damaged_by", "finish", "interrupt", "small_study"]

Draw = np.random.Generator


def small_study(data: Path, *scenarios: str) -> Study:
    """Two losses, two seeds, two epochs on little data, under each scenario."""
    return Study(
        name="small",
        data=str(data),
        models="mlp",
        losses=["cross_entropy", "l1"],
        seeds=2,
        scenarios=list(scenarios),
        recipe={"epochs": 2, "batch_size": 16, "precision": "fp32"},
    )


def finish(study: Study, save_dir: Path) -> Prepared:
    """Trains what is missing, without a report."""
    prepared = prepare(study, save_dir)
    train_missing(prepared, Inline(), lambda event: None)
    return prepared


def interrupt(study: Study, save_dir: Path, trials: int) -> None:
    """Trains so many trials, and of the next one epoch of which a checkpoint is kept."""
    ended = 0

    def stop(event: Event) -> None:
        nonlocal ended
        ended += event.ends
        if ended == trials and event.epoch == 2 and not event.ends:
            raise KeyboardInterrupt

    try:
        train_missing(prepare(study, save_dir), Inline(), stop, checkpoint_seconds=0)
    except KeyboardInterrupt:
        return
    raise AssertionError("it was not interrupted")


def _flip(path: Path, draw: Draw) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[draw.integers(len(content))] ^= 1 << int(draw.integers(8))
    path.write_bytes(content)


def _truncate(path: Path, draw: Draw) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.integers(len(content))] if content else b"")


def _empty(path: Path, draw: Draw) -> None:
    path.write_bytes(b"")


def _delete(path: Path, draw: Draw) -> None:
    path.unlink()


def _garble(path: Path, draw: Draw) -> None:
    path.write_bytes(draw.bytes(int(draw.integers(1, 300))))


def _append(path: Path, draw: Draw) -> None:
    path.write_bytes(path.read_bytes() + draw.bytes(8))


def _overwrite(path: Path, draw: Draw) -> None:
    content = path.read_bytes()
    start = int(draw.integers(len(content))) if content else 0
    path.write_bytes(content[:start] + draw.bytes(min(16, len(content) - start)) + content[start + 16 :])


def _directory(path: Path, draw: Draw) -> None:
    path.unlink()
    path.mkdir()
    if draw.integers(2):
        (path / "inside").write_text("something")


KINDS: dict[str, Callable[[Path, Draw], None]] = {
    "flipped": _flip,
    "truncated": _truncate,
    "emptied": _empty,
    "deleted": _delete,
    "a directory": _directory,
    "garbage": _garble,
    "longer": _append,
    "overwritten": _overwrite,
}
"""What may have become of a file."""


def damaged_by(store: Path, draw: Draw, faults: int) -> list[tuple[Path, str]]:
    """Damages a store at random; gives which file was damaged how."""
    done = []
    for _ in range(faults):
        files = sorted(path for path in store.rglob("*") if path.is_file())
        path = files[draw.integers(len(files))]
        kind = sorted(KINDS)[draw.integers(len(KINDS))]
        KINDS[kind](path, draw)
        done.append((path, kind))
    return done


def copied(store: Path, to: Path) -> Path:
    """A copy of a store, in the place of one that is there."""
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(store, to))
