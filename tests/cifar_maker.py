"""Small data sets in the form in which the makers of CIFAR publish theirs."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lossbench.data.named import KNOWN

FINE, COARSE = [f"fine {i}" for i in range(4)], ["one", "two"]
RNG = np.random.default_rng(0)


def rows(n: int) -> npt.NDArray[np.uint8]:
    return RNG.integers(0, 256, (n, 3072), dtype=np.uint8)


def python2(values: dict[str, Any]) -> bytes:
    """A mapping as Python 2's cPickle wrote it with protocol 2, as in the archives: text is byte strings."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value

    def plain(value: Any) -> bytes:
        if isinstance(value, str):
            return text(value.encode())
        if isinstance(value, int):
            return b"K" + bytes([value]) if value < 256 else b"J" + struct.pack("<i", value)
        if isinstance(value, list):
            return b"](" + b"".join(map(plain, value)) + b"e"
        head = (
            b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85" + text(b"b") + b"\x87Rq\x05"
        )
        kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        kind += b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb"
        shape = plain(value.shape[0]) + plain(value.shape[1]) + b"\x86"
        return head + b"(K\x01" + shape + kind + b"\x89" + text(value.tobytes()) + b"tb"

    items = b"".join(text(key.encode()) + plain(value) for key, value in values.items())
    return b"\x80\x02}q\x01(" + items + b"u."


def python3(values: dict[str, Any]) -> bytes:
    return pickle.dumps({key.encode(): value for key, value in values.items()}, protocol=2)


def write_cifar10(folder: Path, dump: Any = python2) -> npt.NDArray[np.uint8]:
    folder.mkdir(parents=True)
    names = list(KNOWN["cifar10"].class_names)
    (folder / "batches.meta").write_bytes(dump({"label_names": names, "num_vis": 3072}))
    every = []
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        every.append(rows(10))
        content = {"batch_label": name, "labels": list(range(10)), "data": every[-1], "filenames": ["a.png"] * 10}
        (folder / name).write_bytes(dump(content))
    return np.concatenate(every[:5])


def write_cifar100(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "meta").write_bytes(python2({"fine_label_names": FINE, "coarse_label_names": COARSE}))
    for name in ("train", "test"):
        values = {"data": rows(8), "fine_labels": [0, 1, 2, 3] * 2, "coarse_labels": [0, 0, 1, 1] * 2}
        (folder / name).write_bytes(python2(values))
