"""Where a name is looked for, in which order, and what is said when it is nowhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from data_makers import write_hub_folder, write_idx_folder, write_image_folder

from lossbench.data import described, find
from lossbench.data.named import KNOWN
from lossbench.errors import DataError


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data set installed anywhere, no Hub: every place lies below tmp_path."""
    monkeypatch.delenv("LOSSBENCH_DATA", raising=False)
    monkeypatch.setattr("lossbench.folders.platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for name, known in KNOWN.items():
        folders = tuple(str(tmp_path / Path(folder).relative_to("/")) for folder in known.folders[:1])
        monkeypatch.setitem(KNOWN, name, replace(known, folders=folders))


def cifar10(folder: Path) -> Path:
    write_hub_folder(folder, KNOWN["cifar10"].class_names, n=10)
    return folder


def places(tmp_path: Path) -> list[Path]:
    """Every place of CIFAR-10, the first choice first."""
    return [
        tmp_path / "dir" / "cifar10",
        tmp_path / "env" / "cifar10",
        tmp_path / "usr" / "share" / "datasets" / "cifar10",
        tmp_path / "cache" / "lossbench" / "data" / "cifar10",
    ]


def test_places_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path / "env"))
    for place in reversed(places(tmp_path)):
        cifar10(place)
        source = find("cifar10", tmp_path / "dir")
        assert (source.name, source.location) == ("cifar10", str(place))
    assert source.decode().class_names[0] == "airplane"


@pytest.mark.parametrize("spelling", ["fashion_mnist", "fashion-mnist", "Fashion-MNIST"])
@pytest.mark.parametrize("folder", ["fashion_mnist", "fashion-mnist"])
def test_dashes_and_capitals_in_names(tmp_path: Path, spelling: str, folder: str) -> None:
    write_idx_folder(tmp_path / folder, classes=10, n=10)
    source = find(spelling, tmp_path)
    assert (source.name, source.location) == ("fashion_mnist", str(tmp_path / folder))
    assert source.decode().class_names[0] == "T-shirt/top"


def test_the_data_dir_may_be_the_data_set_itself(tmp_path: Path) -> None:
    by_name, by_classes = cifar10(tmp_path / "cifar10"), cifar10(tmp_path / "downloads" / "plain_text")
    assert find("cifar10", by_name).location == str(by_name)
    assert find("cifar10", by_classes).location == str(by_classes)
    assert find("cifar10", by_classes.parent).location == str(by_classes.parent)


def test_another_data_set_in_the_data_dir_is_not_taken_for_it(tmp_path: Path) -> None:
    write_image_folder(tmp_path / "pets")
    write_idx_folder(tmp_path / "mnist", classes=10, n=10)
    for folder in ("pets", "mnist"):
        for name in ("cifar10", "fashion_mnist"):
            with pytest.raises(DataError, match=f"^data {name}: "):
                find(name, tmp_path / folder)


def test_a_data_dir_of_several_data_sets_is_no_data_set_itself(tmp_path: Path) -> None:
    for name in ("birds", "pets"):
        write_hub_folder(tmp_path / name)
    with pytest.raises(DataError, match=r"^data cifar10: "):
        find("cifar10", tmp_path)


def test_a_place_of_the_right_name_with_something_wrong_is_named(tmp_path: Path) -> None:
    cifar10(tmp_path / "cifar10")
    (tmp_path / "cifar10" / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(DataError, match=r"/cifar10: expected a test split .* got only train$"):
        find("cifar10", tmp_path)


def test_by_name_and_by_path_the_fingerprint_is_the_same(tmp_path: Path) -> None:
    folder = cifar10(tmp_path / "cifar10")
    assert find("cifar10", tmp_path).fingerprint == find(str(folder)).fingerprint


def test_nowhere_says_where_it_looked_and_what_would_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSBENCH_DATA", "/env")
    with pytest.raises(DataError) as error:
        find("cifar10", Path("/dir"))
    assert str(error.value) == (
        f"data cifar10: expected its files in one of /dir/cifar10, /dir, /env/cifar10, /env, "
        f"{tmp_path}/usr/share/datasets/cifar10, {tmp_path}/cache/lossbench/data/cifar10, or on the Hub, "
        "got nothing in the folders and nothing from the Hub: huggingface_hub is not installed "
        '(get them with `pip install "lossbench[hub]"` and run again, '
        "or pass the folder of a copy as `--data PATH`)"
    )


def test_nowhere_names_the_package_of_the_system() -> None:
    with pytest.raises(DataError) as error:
        find("fashion_mnist")
    assert (
        '(get them with `apt-get install dataset-fashion-mnist`, or `pip install "lossbench[hub]"` and run again,'
    ) in str(error.value)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., str]], None]:
    """Puts a module in the place of huggingface_hub, whose snapshot_download is given, and which lists a file."""

    def put(download: Callable[..., str]) -> None:
        module = ModuleType("huggingface_hub")
        module.snapshot_download = download  # type: ignore[attr-defined]  # a module made here
        module.list_repo_files = lambda *_, **__: ["plain_text/train.parquet"]  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "huggingface_hub", module)

    return put


def test_the_hub_is_the_last_place(tmp_path: Path, stand_in: Callable[[Callable[..., str]], None]) -> None:
    asked: list[tuple[str, str, str]] = []

    def download(repository: str, *, repo_type: str, allow_patterns: str) -> str:
        asked.append((repository, repo_type, allow_patterns))
        shutil.copytree(cifar10(tmp_path / "remote" / "plain_text").parent, tmp_path / "snapshot")
        return str(tmp_path / "snapshot")

    stand_in(download)
    source = find("cifar10")
    assert asked == [("uoft-cs/cifar10", "dataset", "*.parquet")]
    assert (source.name, source.location) == ("cifar10", str(tmp_path / "snapshot"))
    assert len(source.decode().train) == 10
    cifar10(tmp_path / "dir" / "cifar10")
    find("cifar10", tmp_path / "dir")
    assert len(asked) == 1


def test_fashion_mnist_has_its_repository(tmp_path: Path, stand_in: Callable[[Callable[..., str]], None]) -> None:
    def download(repository: str, **_: str) -> str:
        write_hub_folder(tmp_path / repository, KNOWN["fashion_mnist"].class_names, n=10)
        return str(tmp_path / repository)

    stand_in(download)
    assert find("fashion-mnist").location == str(tmp_path / "zalando-datasets" / "fashion_mnist")


def test_a_hub_that_fails_says_why(stand_in: Callable[[Callable[..., str]], None]) -> None:
    def download(*_: str, **__: str) -> str:
        raise OSError("cannot reach\nthe Hub")

    stand_in(download)
    with pytest.raises(DataError) as error:
        find("cifar10")
    assert "got nothing in the folders and nothing from the Hub: cannot reach the Hub (pass" in str(error.value)


def test_a_hub_that_gives_no_parquet(tmp_path: Path, stand_in: Callable[[Callable[..., str]], None]) -> None:
    stand_in(lambda *_, **__: str(tmp_path))
    with pytest.raises(DataError, match="expected a Hugging Face dataset folder in Parquet"):
        find("cifar10")


def test_described_lists_all_and_fetches_nothing(
    tmp_path: Path, stand_in: Callable[[Callable[..., str]], None]
) -> None:
    def download(*_: str, **__: str) -> str:
        raise AssertionError

    stand_in(download)
    cifar10(tmp_path / "cifar10")
    rows = {row.name: row for row in described(tmp_path)}
    assert list(rows) == ["digits", "fashion_mnist", "cifar10", "cifar100", "mnist"]
    assert [row.location for row in rows.values()] == ["scikit-learn", None, str(tmp_path / "cifar10"), None, None]
    assert rows["fashion_mnist"].get == (
        "apt-get install dataset-fashion-mnist",
        'pip install "lossbench[hub]"',
    )
    assert rows["digits"].get == ()
    assert (rows["cifar10"].train, rows["cifar10"].test, rows["cifar10"].classes) == (50_000, 10_000, 10)
    assert rows["cifar10"].size == (32, 32, 3)


def test_described_passes_over_a_faulty_copy(tmp_path: Path) -> None:
    write_image_folder(tmp_path / "cifar10")
    shutil.rmtree(tmp_path / "cifar10" / "test")
    assert described(tmp_path)[2].location is None


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST/raw"), ("fashion_mnist", "FashionMNIST/raw")])
def test_what_torchvision_downloaded_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    write_idx_folder(tmp_path / "root" / folder, classes=10, n=20)
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path / "root"))
    source = find(name)
    assert (source.name, source.location) == (name, str(tmp_path / "root" / folder))
    assert source.decode().class_names == KNOWN[name].class_names
    (tmp_path / "dir").mkdir()
    write_idx_folder(tmp_path / "dir" / name, classes=10, n=30)
    assert len(find(name, tmp_path / "dir").decode().train) == 30


def test_a_folder_called_mnist_may_have_other_classes(tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "mnist", classes=3)
    assert find(str(tmp_path / "mnist")).decode().class_names == ("0", "1", "2")
