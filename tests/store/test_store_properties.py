"""Whatever is written reads back; whatever is damaged is found, and mended by training that trial again."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.errors import StoreError
from lossbench.run import Job
from lossbench.run.drive import drive
from lossbench.store import Record, Row, Store
from lossbench.store.files import checkpoint_bytes, counts_bytes, counts_of, history_rows, history_text, read_checkpoint
from lossbench.store.sealed import FORMAT, sealed, unsealed
from makers import made_pictures, made_trial

PICTURES = made_pictures()
TRIAL = made_trial(model="mlp", epochs=2)
FILES = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json", "provenance.json")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(texts.filter(lambda key: key not in ("sha256", "format")), plain, max_size=5)
numbers = st.floats(width=64)
rows = st.builds(Row, st.integers(0, 10**6), st.sampled_from(["train", "test", "first_batch"]), *[numbers] * 10)
damages = st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8))  # where, how many bytes go, what comes


def damaged(content: bytes, damage: tuple[float, int, bytes]) -> bytes:
    """The content with a few bytes replaced by others."""
    share, gone, come = damage
    place = int(share * len(content))
    return content[:place] + come + content[place + gone :]


@given(documents)
def test_a_document_reads_back(values: dict[str, Any]) -> None:
    assert unsealed(sealed(values)) == {**values, "format": FORMAT}


@given(documents, damages)
def test_a_damaged_document_is_found(values: dict[str, Any], damage: tuple[float, int, bytes]) -> None:
    whole = sealed(values).encode()
    try:
        found = unsealed(damaged(whole, damage))
    except ValueError:
        return
    assert found == unsealed(whole), "white space alone was changed"


@given(st.lists(rows, max_size=6))
def test_a_history_reads_back_to_the_bit(lines: list[Row]) -> None:
    again = history_rows(history_text(tuple(lines)))
    for row, found in zip(lines, again, strict=True):
        for name in Row.columns():
            one, other = getattr(row, name), getattr(found, name)
            assert repr(one) == repr(other) or (math.isnan(one) and math.isnan(other))


@st.composite
def records(draw: st.DrawFn) -> Record:
    """With counts and logits of any values."""
    classes, epochs = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    generator = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32))))
    counts = {
        (epoch, split): generator.integers(0, 2**62, (classes, classes))
        for epoch in range(1, epochs + 1)
        for split in ("train", "test")
    }
    logits = {"test.last": generator.standard_normal((5, classes)).astype(np.float32)}
    return Record(tuple(draw(st.lists(rows, max_size=3))), counts, logits, epochs=epochs)


@given(records())
def test_counts_read_back(record: Record) -> None:
    again = counts_of(counts_bytes(record))
    assert again.keys() == record.counts.keys()
    for place, table in record.counts.items():
        np.testing.assert_array_equal(again[place], table)


@given(records(), st.none() | damages)
def test_a_checkpoint_reads_back_or_is_found_damaged(
    tmp_path_factory: pytest.TempPathFactory, record: Record, damage: tuple[float, int, bytes] | None
) -> None:
    state: dict[str, np.ndarray] = {
        "model.weight": np.linspace(-1, 1, 7),
        "optimizer.0.step": np.array(3.0, dtype=np.float32),
    }
    whole = checkpoint_bytes(record, state, record.epochs, 1.5)
    path = tmp_path_factory.mktemp("checkpoint") / "state.safetensors"
    path.write_bytes(whole if damage is None else damaged(whole, damage))
    try:
        found, tensors, epoch, seconds = read_checkpoint(path)
    except StoreError:
        assert damage is not None
        return
    assert (epoch, seconds, found.epochs) == (record.epochs, 1.5, record.epochs)
    assert checkpoint_bytes(found, tensors, epoch, seconds) == whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with one finished trial."""
    store = Store(tmp_path_factory.mktemp("whole"))
    assert drive(Job(TRIAL, "loss", str(store.root)), lambda: PICTURES, lambda event: None).kind == "finished"
    return store


@given(st.lists(st.tuples(st.sampled_from(FILES), damages | st.none()), min_size=1, max_size=3))
def test_a_damaged_trial_is_found_and_mended(
    tmp_path_factory: pytest.TempPathFactory,
    whole: Store,
    faults: list[tuple[str, tuple[float, int, bytes] | None]],
) -> None:
    """Each fault is a file and what is done to it; nothing for one that is deleted."""
    folder = whole.trial_folder(TRIAL.key)
    store = Store(tmp_path_factory.mktemp("damaged"))
    shutil.copytree(folder, store.trial_folder(TRIAL.key))
    for name, damage in faults:
        path = store.trial_folder(TRIAL.key) / name
        if damage is None:
            path.unlink(missing_ok=True)
        elif path.exists():
            path.write_bytes(damaged(path.read_bytes(), damage))
    changed = {name for name in FILES if content(store, name) != content(whole, name)}
    if store.finished(TRIAL.key):
        _, found = store.verify(TRIAL.key)
        assert changed - {"provenance.json"} <= set(found) or "provenance.json" in found
        readers: dict[str, Callable[[str], Any]] = {
            "history.csv": store.history,
            "counts.npz": store.counts,
            "logits.safetensors": store.logits,
            "outcome.json": store.outcome,
        }
        for name in changed & readers.keys():
            with pytest.raises(StoreError):
                readers[name](TRIAL.key)
    assert drive(Job(TRIAL, "loss", str(store.root)), lambda: PICTURES, lambda event: None).kind == "finished"
    assert not store.verify(TRIAL.key)[1]
    for name in FILES[:-1]:
        assert content(store, name) == content(whole, name)


def content(store: Store, name: str) -> bytes | None:
    path: Path = store.trial_folder(TRIAL.key) / name
    return path.read_bytes() if path.exists() else None
