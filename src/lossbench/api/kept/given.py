"""What is to be predicted, as the networks of a study take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.data import Pictures
from lossbench.data.given_arrays import plain_array
from lossbench.data.loose import Form, Loose, loose, of_array
from lossbench.data.loose_vectors import LooseVectors, loose_vectors, of_vector_array
from lossbench.data.pictures import Values
from lossbench.errors import RequestError
from lossbench.spec import Study
from lossbench.text import counted

__all__ = ["Given", "given"]

_FIELD = "pictures"


@dataclass(frozen=True)
class Given:
    """Pictures or vectors without labels.

    Args:
        names: what each is called.
        batches: makes them as training has them, so many at a time.
        notes: says what was done to them, when all batches have been made.
    """

    names: tuple[str, ...]
    batches: Callable[[int], Iterator[Values]]
    notes: Callable[[], tuple[str, ...]]


def given(what: Any, data: Pictures, study: Study, *, resize: bool) -> Given:
    """What is to be predicted.

    Args:
        what: an array, a path or paths.
        data: what the networks were trained on.
        study: of the networks. Where its pictures were resized, these are, too.
        resize: whether pictures of another size are resized, not refused.

    Raises:
        RequestError: it is nothing that such networks take, or nothing at all.
    """
    if data.vectors:
        return _vectors(what, data.channels, study.label_column, resize=resize)
    height, width = data.size
    form = Form((height, width), data.channels, resize or study.size is not None)
    sources = _pictures(what)
    batches = partial(_batches, sources, form)
    return Given(_names(sources), batches, lambda: _changed(form, as_trained=study.size is not None))


def _pictures(what: Any) -> list[Loose]:
    if not hasattr(what, "__array__"):
        return loose(_paths(what))
    array = plain_array(_FIELD, what)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3)):
        allowed = "uint8 (n, height, width) or (n, height, width, channels) with 1 or 3 channels"
        raise RequestError(_FIELD, allowed, f"{array.dtype} of shape {array.shape}")
    if not array.size:
        raise RequestError(_FIELD, "at least one picture", f"an array of shape {array.shape}")
    return [of_array(array, _FIELD)]


def _vectors(what: Any, features: int, label: str | None, *, resize: bool) -> Given:
    if resize:
        raise RequestError("--resize", "pictures, of which alone it can be asked", "a study of feature vectors")
    if hasattr(what, "__array__"):
        sources = [of_vector_array(plain_array(_FIELD, what), _FIELD, features)]
    else:
        sources = loose_vectors(_paths(what), features, label)
    left = dict.fromkeys(source.left_out for source in sources if source.left_out is not None)
    notes = tuple(f"the column {column!r} of labels was left out" for column in left)
    return Given(_names(sources), lambda size: (some for each in sources for some in each.batches(size)), lambda: notes)


def _paths(what: Any) -> Sequence[str | Path]:
    if isinstance(what, str | Path):
        return [what]
    if isinstance(what, Sequence) and all(isinstance(path, str | Path) for path in what):
        return what
    raise RequestError(_FIELD, "a path, paths, or an array", what)


def _names(sources: Sequence[Loose] | Sequence[LooseVectors]) -> tuple[str, ...]:
    return tuple(name for source in sources for name in source.names)


def _batches(sources: Sequence[Loose], form: Form, size: int) -> Iterator[Values]:
    return (pixels for source in sources for pixels in source.batches(form, size))


def _changed(form: Form, *, as_trained: bool) -> tuple[str, ...]:
    """What was done to pictures that are not as the training's."""
    notes = []
    if form.recoloured:
        made = "made grey" if form.channels == 1 else "grey, and were given three equal channels"
        of = "in colour, and were " if form.channels == 1 else ""
        notes.append(f"{counted(form.recoloured, 'picture')} {'was' if form.recoloured == 1 else 'were'} {of}{made}")
    if form.resized:
        height, width = form.size
        like = ", as the study's were" if as_trained else ""
        notes.append(f"{counted(form.resized, 'picture')} resized to {height}×{width}{like}")
    return tuple(notes)
