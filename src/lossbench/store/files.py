"""The files of a trial's folder: how a record, a checkpoint and logits are written and read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from lossbench.data import check_growth
from lossbench.errors import StoreError, shown
from lossbench.files import check_regular, read_regular
from lossbench.store.record import Record, Row
from lossbench.store.sealed import sealed, unsealed

__all__ = [
    "checkpoint_bytes",
    "counts_bytes",
    "counts_of",
    "damaged",
    "history_rows",
    "history_text",
    "read_checkpoint",
    "read_json",
    "tensors_bytes",
    "tensors_of",
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


def counts_of(content: bytes) -> dict[tuple[int, str], np.ndarray]:
    """Confusion counts by (epoch, split), from what `counts_bytes` gave; damage raises anything."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_growth("counts.npz", sum(member.file_size for member in archive.infolist()), len(content))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        epochs, splits, counts = file["epochs"].tolist(), file["splits"].tolist(), file["counts"]
    return {(int(e), str(s)): counts[i, j] for i, e in enumerate(epochs) for j, s in enumerate(splits)}


def tensors_bytes(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Arrays as safetensors."""
    contiguous = {name: np.ascontiguousarray(tensor).reshape(tensor.shape) for name, tensor in tensors.items()}
    return safetensors.numpy.save(contiguous, dict(metadata or {}))


def tensors_of(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file.

    Raises:
        ValueError: it is damaged.
    """
    try:
        return dict(safetensors.numpy.load(content))
    except (SafetensorError, KeyError) as error:  # a key error: a type that NumPy does not have
        raise ValueError(str(error)) from None


def checkpoint_bytes(record: Record, snapshot: Mapping[str, np.ndarray], epoch: int, seconds: float) -> bytes:
    """One file with all that a trial goes on from, so that no two of its parts can disagree, and its digest."""
    tensors = {f"state.{name}": value for name, value in snapshot.items()}
    tensors |= {f"logits.{name}": value for name, value in record.logits.items()}
    tensors |= {f"log_probabilities.{name}": value for name, value in record.log_probabilities.items()}
    tensors |= {f"counts.{number}.{split}": value for (number, split), value in record.counts.items()}
    about = {
        "epoch": epoch,
        "seconds": seconds,
        "selected_epoch": record.selected_epoch,
        "epochs": record.epochs,
        "history": history_text(record.rows),
        "tensors": _digest(tensors),
    }
    return tensors_bytes(tensors, {"about": sealed(about)})


def read_checkpoint(path: Path) -> tuple[Record, dict[str, np.ndarray], int, float]:
    """Record, state by name, epoch and seconds so far of a checkpoint.

    Raises:
        StoreError: it is missing, damaged, or of a format that had no digest.
    """
    again = "the trial starts over"
    try:
        check_regular(path)
        with safe_open(path, "np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            about = unsealed((file.metadata() or {})["about"])
        if about["tensors"] != _digest(tensors):
            raise ValueError("its SHA-256 is not the one that it carries")
        rows = history_rows(about["history"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise damaged(path, error, again) from error
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
        return json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error, "it is written anew") from error


def damaged(path: Path, why: object, then: str) -> StoreError:
    """The complaint about a file of the store.

    Args:
        path: the file.
        why: what is wrong with it.
        then: what running the study again will do about it.
    """
    words = shown(str(why))
    return StoreError(f"{path} is missing or damaged ({words}); run the study again: {then}", words)


def _digest(tensors: Mapping[str, np.ndarray]) -> str:
    """Of names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        digest.update(json.dumps([name, tensor.dtype.str, tensors[name].shape]).encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def _below(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _cell(value: int | float | str) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else str(value)
