"""CIFAR as its makers publish it, through a reader of pickles that runs nothing of them."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cifar_maker import COARSE, FINE, python2, python3, rows, write_cifar10, write_cifar100
from lossbench.data import Asked, find
from lossbench.data.named import KNOWN
from lossbench.data.plain_pickle import read_plain
from lossbench.errors import DataError


@pytest.mark.parametrize("dump", [python2, python3])
def test_cifar10_comes_back(tmp_path: Path, dump: Any) -> None:
    data = write_cifar10(tmp_path / "cifar-10-batches-py", dump)
    found = find(str(tmp_path / "cifar-10-batches-py")).decode()
    assert found.class_names == KNOWN["cifar10"].class_names
    assert (len(found.train), len(found.test), found.size) == (50, 10, (32, 32))
    np.testing.assert_array_equal(found.train.pictures[7, 5, 9], data[7].reshape(3, 32, 32)[:, 5, 9])
    np.testing.assert_array_equal(found.train.pictures.transpose(0, 3, 1, 2).reshape(50, -1), data)
    assert find(str(tmp_path)).decode().digest == found.digest


def test_cifar100_has_two_kinds_of_labels(tmp_path: Path) -> None:
    write_cifar100(tmp_path / "cifar-100-python")
    fine = find(str(tmp_path / "cifar-100-python")).decode()
    assert fine.class_names == tuple(FINE)
    coarse = find(str(tmp_path), asked=Asked(label_column="coarse_label"))
    assert coarse.decode().class_names == tuple(COARSE)
    assert coarse.decode().train.labels.tolist() == [0, 0, 1, 1] * 2
    assert coarse.fingerprint != find(str(tmp_path)).fingerprint
    with pytest.raises(DataError, match="expected one of fine_labels, coarse_labels for cifar-100-python, got x"):
        find(str(tmp_path), asked=Asked(label_column="x"))


def test_the_archive_needs_no_unpacking(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-py")
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "cifar-10-batches-py", "cifar-10-batches-py")
    found = find(str(tmp_path / "cifar-10-python.tar.gz")).decode()
    assert found.digest == find(str(tmp_path / "cifar-10-batches-py")).decode().digest
    assert found.name == "cifar-10-python.tar.gz"


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_torchvisions_root_is_found_by_name(tmp_path: Path, form: str) -> None:
    write_cifar10(tmp_path / "root" / "cifar-10-batches-py")
    write_cifar100(tmp_path / "root" / "cifar-100-python")
    folder = tmp_path / "root" / "cifar-10-batches-py"
    digest = find(str(folder)).decode().digest
    if form == "archive":
        with tarfile.open(tmp_path / "root" / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(folder, "cifar-10-batches-py")
        folder.rename(tmp_path / "elsewhere")
    source = find("cifar10", tmp_path / "root")
    assert (source.name, source.decode().digest) == ("cifar10", digest)
    assert find("cifar100", tmp_path / "root").decode().class_names == tuple(FINE)
    if form == "folder":
        with pytest.raises(
            DataError, match="expected one data set, got several: cifar-10-batches-py, cifar-100-python"
        ):
            find(str(tmp_path / "root"))


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "c")
    (tmp_path / "c" / "data_batch_3").unlink()
    with pytest.raises(DataError, match="got no data_batch_3"):
        find(str(tmp_path / "c"))


def test_labels_and_arrays_of_other_forms(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "c")

    def says(values: dict[str, Any], text: str) -> None:
        (tmp_path / "c" / "data_batch_1").write_bytes(python3(values))
        with pytest.raises(DataError) as error:
            find(str(tmp_path / "c")).decode()
        assert str(error.value) == f"{tmp_path}/c/data_batch_1: {text}"

    good = {"data": rows(4), "labels": [0, 1, 2, 3]}
    says({**good, "data": rows(4)[:, :99]}, "expected uint8 data of shape (n, 3072), got uint8 of shape (4, 99)")
    says({**good, "data": [1]}, "expected uint8 data of shape (n, 3072), got list")
    says({**good, "labels": [0, 1, 2]}, "expected one label for each of 4 pictures, got 3 labels")
    says({**good, "labels": [0, 1, 2, [3]]}, "expected whole numbers as labels, got list")
    says({**good, "labels": [0, 1, 2, 1 << 70]}, "expected whole numbers as labels, got list")
    says({}, "expected uint8 data of shape (n, 3072), got NoneType")


class Runs:
    """What a hostile pickle asks for when it is read by Python's own reader."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> Any:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("hostile", ["system", "eval", "open", "getattr", "inside", "array of objects"])
def test_a_hostile_pickle_runs_nothing(tmp_path: Path, protocol: int, hostile: str) -> None:
    mark = tmp_path / "was here"
    values: dict[str, Any] = {
        "system": Runs(os.system, f"touch '{mark}'"),
        "eval": Runs(eval, f"open({str(mark)!r}, 'w')"),
        "open": Runs(open, str(mark), "w"),
        "getattr": Runs(getattr, os, "system") if protocol < 0 else Runs(getattr, "x", "upper"),
        "inside": {"data": [1, (2, Runs(os.system, f"touch '{mark}'"))]},
        "array of objects": np.array([Runs(os.system, f"touch '{mark}'")], dtype=object),
    }
    content = pickle.dumps(values[hostile], protocol=protocol)
    with pytest.raises(ValueError, match=r"a pickle (that is more than plain values|of other arrays)|a damaged pickle"):
        read_plain(content)
    assert not mark.exists()
    write_cifar10(tmp_path / "c")
    (tmp_path / "c" / "test_batch").write_bytes(content)
    with pytest.raises(DataError, match="expected a pickle of arrays, lists and text alone, got "):
        find(str(tmp_path / "c")).decode()
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_values_come_back_as_python_reads_them(protocol: int) -> None:
    value = {"a": [1, -5, 70000, 1 << 40, True, None], "b": ("x", "ä\n", ()), "c": {"d": [[], {}]}, "e": "z" * 300}
    assert read_plain(pickle.dumps(value, protocol=protocol)) == value
    array = np.arange(6, dtype="<i8").reshape(2, 3)
    for kept in (array, np.asfortranarray(array), array.astype(">u2")):
        np.testing.assert_array_equal(read_plain(pickle.dumps({"x": kept}, protocol=min(protocol, 2)))["x"], kept)


def test_any_cut_or_changed_byte_is_an_error_or_a_plain_value() -> None:
    content = python2({"data": rows(1), "labels": [1], "name": "x"})
    for end in range(0, len(content), 7):
        with pytest.raises(ValueError):  # noqa: PT011 - which of many depends on where it is cut
            read_plain(content[:end])
    rng = np.random.default_rng(1)
    for _ in range(3000):
        changed = bytearray(content)
        changed[int(rng.integers(0, 140))] = int(rng.integers(0, 256))
        try:
            read_plain(bytes(changed))
        except ValueError:
            continue


def test_bombs_are_refused_before_they_grow(tmp_path: Path) -> None:
    doubling = b"\x80\x02]q\x00" + b"".join(
        b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(60)
    )
    nested = read_plain(doubling + b".")
    assert len(nested) == 2  # 2^60 items, were they counted
    twice = b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(60))
    with pytest.raises(ValueError, match="tuple in the place of text"):  # as a key its hash would take for ever
        read_plain(b"\x80\x02)q\x00" + twice + b"}h\x3cK\x01s.")
    with pytest.raises(ValueError, match="list in the place of text"):  # and so would printing it
        read_plain(doubling + b"cnumpy\ndtype\nh\x3c\x85R.")
    with pytest.raises(ValueError, match="expected 2147483647 bytes"):
        read_plain(b"\x80\x02T\xff\xff\xff\x7f.")
    shape, huge = b"K\x02J\x00\x0c\x00\x00\x86", b"K\x02J\xff\xff\xff\x7f\x86"
    content = python2({"data": rows(2)})
    assert shape in content
    with pytest.raises(ValueError, match="cannot reshape"):
        read_plain(content.replace(shape, huge))
    write_cifar10(tmp_path / "c")
    with (tmp_path / "c" / "test_batch").open("r+b") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(DataError, match="expected a pickle of at most 268435456 bytes, got 1099511627776 bytes"):
        find(str(tmp_path / "c")).decode()


def test_an_archive_that_grows_beyond_measure(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        head = tarfile.TarInfo("zeros")
        head.size = 1 << 40
        file.write(head.tobuf())
        file.write(bytes(1 << 16))
    with pytest.raises(DataError, match="files that unpack to at most 500 times their size, got 1099511627776"):
        find(str(tmp_path / "a.tar.gz")).decode()


def test_archives_that_are_none_or_hold_something_else(tmp_path: Path) -> None:
    def says(content: bytes, text: str) -> None:
        (tmp_path / "a.tar.gz").write_bytes(content)
        with pytest.raises(DataError) as error:
            find(str(tmp_path / "a.tar.gz")).decode()
        assert str(error.value).startswith(f"{tmp_path}/a.tar.gz{text}"), str(error.value)

    says(b"no archive", ": expected a whole .tar.gz archive, got ")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/passwd"), io.BytesIO())
    says(buffer.getvalue(), ": expected the files of cifar-10-batches-py or the files of cifar-100-python, got none")
    write_cifar10(tmp_path / "c")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(tmp_path / "c", "cifar-10-batches-py")
    says(buffer.getvalue()[:-3000], ": expected a whole .tar.gz archive, got ")


@pytest.mark.parametrize("instruction", [b"(", b"N", b"}", b"]", b")", b"K\x01"])
def test_a_pickle_of_endless_instructions_is_refused_before_they_fill_the_memory(instruction: bytes) -> None:
    with pytest.raises(ValueError, match="a pickle of more than 2097152 instructions"):
        read_plain(b"\x80\x02" + instruction * (1 << 21) + b".")


def test_marks_take_no_memory_of_their_own() -> None:
    content = b"\x80\x02" + b"(" * 100_000 + b"."
    tracemalloc.start()
    try:
        read_plain(content)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2_000_000  # a reference each is 800,000; an object each would be 5 million


def test_text_becomes_bytes_once() -> None:
    encode = b"c_codecs\nencode\nq\x00X\x00\x10\x00\x00" + b"a" * 4096 + b"q\x01X\x06\x00\x00\x00latin1q\x02"
    assert read_plain(b"\x80\x02" + encode + b"\x86R.") == b"a" * 4096
    with pytest.raises(ValueError, match="more bytes than it has"):
        read_plain(b"\x80\x02" + encode + b"h\x00h\x01h\x02\x86R" * 300 + b".")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_long_names_and_attributes_are_not_read_whole(tmp_path: Path, kind: bytes) -> None:
    head = tarfile.TarInfo("x")
    head.type, head.size = kind, 64 << 20
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(head.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(bytes(1 << 20))
    source = find(str(tmp_path / "a.tar.gz"))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="at most 32768 bytes of names and attributes before a file, got more"):
            source.decode()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 8 << 20


def test_an_archive_of_very_many_files_or_of_names_of_names(tmp_path: Path) -> None:
    def says(blocks: list[bytes], text: str) -> None:
        (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"".join(blocks), 1))
        with pytest.raises(DataError, match=text):
            find(str(tmp_path / "a.tar.gz")).decode()

    name = tarfile.TarInfo("x")
    says([name.tobuf()] * 10_001, "an archive of at most 10000 files, got more")
    name.type = tarfile.GNUTYPE_LONGNAME
    says([name.tobuf(tarfile.GNU_FORMAT)] * 5000, "at most 32768 bytes of names and attributes before a file, got more")
    name.type, name.size = tarfile.REGTYPE, 3000
    says([tarfile.TarInfo("x").tobuf(), name.tobuf()], "expected a whole .tar.gz archive, got ")


def test_an_archive_with_attributes_and_long_names_is_read(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "c")
    digests = set()
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=form, pax_headers={"comment": "x" * 2000}) as archive:
            archive.addfile(tarfile.TarInfo("y" * 3000))
            archive.add(tmp_path / "c", "./cifar-10-batches-py")
        digests.add(find(str(tmp_path / "a.tar.gz")).decode().digest)
    assert digests == {find(str(tmp_path / "c")).decode().digest}
