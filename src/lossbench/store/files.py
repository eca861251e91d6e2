"""The files of a trial's folder: how a record, a checkpoint and logits are written and read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from lossbench.errors import StoreError
from lossbench.store.record import Record, Row

__all__ = [
    "checkpoint_bytes",
    "counts_bytes",
    "history_rows",
    "history_text",
    "read_checkpoint",
    "read_counts",
    "read_history",
    "read_json",
    "read_tensors",
    "tensors_bytes",
]


def history_text(rows: tuple[Row, ...]) -> str:
    """Rows as CSV: numbers so that they read back exactly, empty where nothing was measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.columns())
    for row in rows:
        writer.writerow([_cell(getattr(row, column)) for column in Row.columns()])
    return text.getvalue()


def history_rows(text: str) -> tuple[Row, ...]:
    """The rows that `history_text` wrote.

    Raises:
        ValueError: the text is not such a table.
    """
    lines = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(lines.fieldnames or ()) != Row.columns():
        raise ValueError("other columns than a history has")
    rows = []
    for line in lines:
        epoch, split = int(line.pop("epoch")), line.pop("split")
        rows.append(Row(epoch, split, **{name: float(cell) if cell else math.nan for name, cell in line.items()}))
    return tuple(rows)


def read_history(path: Path) -> tuple[Row, ...]:
    """The rows of a trial's history.csv.

    Raises:
        StoreError: it is missing or damaged.
    """
    try:
        return history_rows(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def counts_bytes(record: Record) -> bytes:
    """`counts` (evaluations, splits, classes, classes) with their `epochs` and `splits`, as .npz."""
    epochs = sorted({epoch for epoch, _ in record.counts})
    splits = sorted({split for _, split in record.counts})
    counts = np.array([[record.counts[epoch, split] for split in splits] for epoch in epochs], dtype=np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, epochs=np.array(epochs, dtype=np.int64), splits=np.array(splits, dtype=np.str_), counts=counts
    )
    return buffer.getvalue()


def read_counts(path: Path) -> dict[tuple[int, str], np.ndarray]:
    """Confusion counts by (epoch, split).

    Raises:
        StoreError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            epochs, splits, counts = file["epochs"].tolist(), file["splits"].tolist(), file["counts"]
        return {(e, s): counts[i, j] for i, e in enumerate(epochs) for j, s in enumerate(splits)}
    except Exception as error:  # a damaged zip file raises what it likes
        raise _damaged(path, error) from error


def tensors_bytes(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Arrays as safetensors."""
    contiguous = {name: np.ascontiguousarray(tensor).reshape(tensor.shape) for name, tensor in tensors.items()}
    return safetensors.numpy.save(contiguous, dict(metadata or {}))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a safetensors file.

    Raises:
        StoreError: it is missing or damaged.
    """
    try:
        with safe_open(path, "np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error


def checkpoint_bytes(record: Record, snapshot: Mapping[str, np.ndarray], epoch: int, seconds: float) -> bytes:
    """One file with all that a trial goes on from, so that no two of its parts can disagree."""
    tensors = {f"state.{name}": value for name, value in snapshot.items()}
    tensors |= {f"logits.{name}": value for name, value in record.logits.items()}
    tensors |= {f"log_probabilities.{name}": value for name, value in record.log_probabilities.items()}
    tensors |= {f"counts.{number}.{split}": value for (number, split), value in record.counts.items()}
    about = {"epoch": epoch, "seconds": seconds, "selected_epoch": record.selected_epoch, "epochs": record.epochs}
    return tensors_bytes(tensors, {"about": json.dumps(about), "history": history_text(record.rows)})


def read_checkpoint(path: Path) -> tuple[Record, dict[str, np.ndarray], int, float]:
    """Record, state by name, epoch and seconds so far of a checkpoint.

    Raises:
        StoreError: it is missing or damaged.
    """
    tensors, metadata = read_tensors(path)
    try:
        about = json.loads(metadata["about"])
        rows = history_rows(metadata["history"])
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error
    counts = {}
    for name, value in _below("counts.", tensors).items():
        number, _, split = name.partition(".")
        counts[int(number), split] = value
    record = Record(
        rows=rows,
        counts=counts,
        logits=_below("logits.", tensors),
        log_probabilities=_below("log_probabilities.", tensors),
        selected_epoch=about["selected_epoch"],
        epochs=about["epochs"],
    )
    return record, _below("state.", tensors), about["epoch"], about["seconds"]


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        StoreError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _below(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _cell(value: int | float | str) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else str(value)


def _damaged(path: Path, error: Exception) -> StoreError:
    again = f"delete the folder {path.parent} and run the study again"
    return StoreError(f"{path} is missing or damaged ({error}); {again}")
