"""What travels between the driver and the nodes: text, bytes and plain arrays, and no object of ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

import lossbench
from lossbench.data import Pictures, Split
from lossbench.run.job import Job

__all__ = ["Arrays", "Message", "Piece", "arrays_of", "pictures_of", "source"]

_DECIDING = {
    *("rng.py", "files.py", "imports.py", "spec", "losses", "data", "native", "models", "metrics", "train", "store"),
    "run",
}
"""The rooms that train and keep a trial; what reads results may differ."""

Arrays = dict[str, np.ndarray]

Message = tuple[Literal["event", "checkpoint", "ended", "failed", "died", "lost", "other"], int, Any]
"""What a node tells: the kind, which job of the piece it is about, and

- `event`: an Event's values;
- `checkpoint`: the bytes of a new one, told before the event of its epoch;
- `ended`: the trial's files and what its scenario drew, each bytes by name, and the last Event's values;
- `failed`: why, whether for good, as the store notes it, and where the time went;
- `died`: how the process died that trained the trial;
- `lost`: what kept the node from training, which is not the trial's fault;
- `other`: in what the node's lossbench differs from the driver's.
"""


@dataclass(frozen=True)
class Piece:
    """A piece of work: what a task needs to know beside the data, code and checkpoints that are handed over with it.

    Args:
        session: names the run, and with it the nodes' scratch folders.
        jobs: what is trained; their save dir is the driver's, which no node looks for.
        code: the digest of the user's own code that is sent along; empty where there is none.
        pause: seconds that a node gathers news before it tells them.
        checkpoint_pause: seconds at least between two checkpoints that are sent.
        checkpoint_rate: bytes of checkpoints a second at most.
        source: the digest of the driver's lossbench.
        stacked: whether the jobs are trained as a stack.
        width: of a stack, how many lanes at most; None for as many as are found to pay.
        beside: how many stacks share a device's memory.
    """

    session: str
    jobs: tuple[Job, ...]
    code: str
    pause: float
    checkpoint_pause: float
    checkpoint_rate: float
    source: str
    stacked: bool = False
    width: int | None = None
    beside: int = 1

    def to_json(self) -> str:
        """The piece as text."""
        return json.dumps({**self.__dict__, "jobs": [job.to_json() for job in self.jobs]})

    @classmethod
    def from_json(cls, text: str) -> Piece:
        """The piece that `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "jobs": tuple(Job.from_json(job) for job in values["jobs"])})


def arrays_of(pictures: Pictures) -> tuple[str, Arrays]:
    """A data set as text and plain arrays."""
    splits = {"train": pictures.train, "test": pictures.test}
    arrays = {f"{name}_pictures": split.pictures for name, split in splits.items()}
    labels = {f"{name}_labels": split.labels for name, split in splits.items()}
    others = {f"other_{digest}": other for digest, other in pictures.other_labels.items()}
    about = {"name": pictures.name, "class_names": pictures.class_names, "digest": pictures.digest}
    plain = {name: np.asarray(array) for name, array in {**arrays, **labels, **others}.items()}  # no memory maps
    return json.dumps({**about, "resized": pictures.resized}), plain


def pictures_of(about: str, arrays: Mapping[str, np.ndarray]) -> Pictures:
    """The data set that `arrays_of` took apart; the arrays may be such as cannot be written."""
    values = json.loads(about)
    train, test = (Split(arrays[f"{name}_pictures"], arrays[f"{name}_labels"]) for name in ("train", "test"))
    others = {name.removeprefix("other_"): array for name, array in arrays.items() if name.startswith("other_")}
    names = tuple(values["class_names"])
    return Pictures(values["name"], train, test, names, values["digest"], others, values["resized"])


@cache
def source() -> str:
    """A digest of the source that decides results: a node with another would give others under the same key."""
    root = Path(lossbench.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for ending in ("py", "cpp") for path in root.rglob(f"*.{ending}")):
        name = path.relative_to(root)
        if name.parts[0] in _DECIDING:
            digest.update(f"{name.as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
