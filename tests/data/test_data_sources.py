"""find: names, paths, fingerprints, complaints."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from data_makers import encoded, pixels, write_hub_folder, write_idx_folder, write_image_folder

from lossbench.data import find, hold_out, sources
from lossbench.data.pictures import hash_of
from lossbench.errors import DataError


def says(name: str, text: str) -> None:
    with pytest.raises(DataError) as error:
        find(name).decode()
    assert str(error.value) == text


def test_digits_are_pinned() -> None:
    source = find("digits")
    made = source.decode()
    assert (source.name, source.location, made.name) == ("digits", "scikit-learn", "digits")
    assert made.class_names == tuple("0123456789")
    assert (made.train.pictures.shape, made.test.pictures.shape) == ((1437, 8, 8, 1), (360, 8, 8, 1))
    assert made.digest == "558ba9ea8f140108fcabfacdc9e0fe08"


def test_digits_are_scaled_to_bytes_and_split_by_a_pinned_choice() -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    kept, held = hold_out(bunch.target, 360 / 1797, 0)
    assert hash_of(held)[:16] == "4a1c756c79dc0077"
    made = find("digits").decode()
    np.testing.assert_array_equal(made.train.labels, bunch.target[kept])
    np.testing.assert_array_equal(made.test.pictures[..., 0], np.round(bunch.images[held] * 255 / 16))
    assert (abs(np.bincount(made.test.labels) - np.bincount(bunch.target) * 360 / 1797) < 1).all()


def test_fingerprint_of_digits_is_scikit_learns_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = find("digits").fingerprint
    assert find("digits").fingerprint == before
    monkeypatch.setattr(sources, "sklearn_version", lambda: "99.0")
    assert find("digits").fingerprint != before


def test_an_unknown_name_has_its_nearest() -> None:
    allowed = "data: expected one of cifar10, cifar100, digits, fashion_mnist, mnist, a path, or hub:owner/name, got"
    says("digit", f"{allowed} digit (did you mean digits?)")
    says("fashion", f"{allowed} fashion (did you mean fashion_mnist?)")
    says("qqq", f"{allowed} qqq")
    says("", f"{allowed} ''")


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    says(f"{tmp_path}/x", f"data {tmp_path}/x: expected an existing file or folder, got nothing there")
    says("./digits", "data ./digits: expected an existing file or folder, got nothing there")
    says("~nobody-here", "data ~nobody-here: expected an existing file or folder, got nothing there")


def test_a_known_name_outranks_a_folder_unless_written_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image_folder(tmp_path / "digits")
    write_image_folder(tmp_path / "pets")
    monkeypatch.chdir(tmp_path)
    assert find("digits").location == "scikit-learn"
    assert find("Digits").location == "scikit-learn"
    assert find("./digits").location == str(tmp_path / "digits")
    assert find("pets").location == str(tmp_path / "pets")


def test_the_name_of_a_path_is_its_last_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image_folder(tmp_path / "pets")
    (tmp_path / "pets" / "inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "pets")
    monkeypatch.chdir(tmp_path / "pets" / "inner")
    assert [find(name).name for name in ("..", f"{tmp_path}/pets/", f"{tmp_path}/link")] == ["pets", "pets", "link"]
    monkeypatch.chdir(tmp_path / "pets")
    assert find(".").decode().name == "pets"


def test_home_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image_folder(tmp_path / "pets")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("~/pets").location == str(tmp_path / "pets")


def test_finding_decodes_nothing(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    (tmp_path / "train" / "cat" / "0.png").write_bytes(b"junk")
    source = find(str(tmp_path))
    with pytest.raises(DataError):
        source.decode()


@pytest.mark.parametrize("maker", [write_image_folder, write_hub_folder, write_idx_folder])
def test_fingerprint_changes_with_the_files_and_only_then(tmp_path: Path, maker: object) -> None:
    assert callable(maker)
    root = tmp_path / "d"
    maker(root)
    first = find(str(root)).fingerprint
    (root / "notes.txt").write_text("not read by decode")
    assert find(str(root)).fingerprint == first
    used = next(path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".txt")
    before, content = used.stat(), bytearray(used.read_bytes())
    content[30] ^= 1
    time.sleep(0.02)  # past the clock tick of file systems
    used.write_bytes(content)
    os.utime(used, ns=(before.st_atime_ns, before.st_mtime_ns))  # set back, as copying tools do
    assert used.stat().st_size == before.st_size
    assert find(str(root)).fingerprint != first


def test_a_new_picture_changes_the_fingerprint(tmp_path: Path) -> None:
    write_image_folder(tmp_path)
    before = find(str(tmp_path)).fingerprint
    (tmp_path / "train" / "cat" / "9.png").write_bytes(encoded(pixels(1)[0]))
    assert find(str(tmp_path)).fingerprint != before


def test_a_copy_has_another_fingerprint_and_the_same_digest(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image_folder(tmp_path / name)
    a, b = find(str(tmp_path / "a")), find(str(tmp_path / "b"))
    assert a.fingerprint != b.fingerprint
    assert a.decode().digest == b.decode().digest


def test_the_version_of_the_preparation_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = find("digits").fingerprint
    monkeypatch.setattr(sources, "VERSION", 2)
    assert find("digits").fingerprint != before


def test_a_path_without_any_layout_lists_them_and_what_was_found(tmp_path: Path) -> None:
    layouts = (
        "a Hugging Face dataset folder in Parquet (train-*.parquet and test-*.parquet), "
        "or a folder of the four idx files of MNIST (train-images-idx3-ubyte.gz, ...), "
        "or the Python version of CIFAR-10 or CIFAR-100 (cifar-10-batches-py, or its .tar.gz), "
        "or a folder train/CLASS/*.png beside test/CLASS/*.png, "
        "or a folder with train.csv and test.csv, "
        "or an .npz file with x_train, y_train, x_test, y_test"
    )
    folder, file = tmp_path / "folder", tmp_path / "notes.txt"
    folder.mkdir()
    file.write_text("")
    says(str(folder), f"{folder}: expected {layouts}, got an empty folder")
    says(str(file), f"{file}: expected {layouts}, got a file called notes.txt")
    for name in "edcba":
        (folder / f"{name}.png").write_bytes(encoded(pixels(1)[0]))
    (folder / "Sub").mkdir()
    received = "a folder with Sub/, a.png, b.png, c.png and 2 more"
    says(str(folder), f"{folder}: expected {layouts}, got {received}")


def test_what_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image_folder(tmp_path)

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", denied)
    says(str(tmp_path), f"{tmp_path}: expected readable data, got Permission denied")


def test_a_file_that_goes_away_before_decoding(tmp_path: Path) -> None:
    write_idx_folder(tmp_path)
    source = find(str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"images-idx3-ubyte\.gz: expected readable data, got No such file"):
        source.decode()


def test_a_name_too_long_for_the_system() -> None:
    with pytest.raises(DataError, match="expected readable data, got File name too long"):
        find("x" * 5000)


def test_pictures_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    write_image_folder(tmp_path)
    source = find(str(tmp_path))
    monkeypatch.setattr("lossbench.data.decode.np.empty", full)
    with pytest.raises(DataError, match="expected pictures that fit into memory, got more"):
        source.decode()
