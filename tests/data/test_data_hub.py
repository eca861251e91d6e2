"""`hub:owner/name:configuration`, with the Hub's own library on a cache made here: nothing is fetched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from data_makers import encoded, hub_metadata, pixels, write_hub_folder, write_shard

from lossbench.data import Asked, find
from lossbench.data.hub import split_name
from lossbench.errors import DataError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PICTURES = [encoded(picture) for picture in pixels(4)]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a module in the place of huggingface_hub, whose snapshot_download is given, and lists what that gives."""

    def put(download: Callable[..., str], names: Callable[..., list[str]] | None = None) -> None:
        def listed(repository: str, **options: str) -> list[str]:
            root = Path(download(repository, **options))
            return [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()]

        module = ModuleType("huggingface_hub")
        module.snapshot_download = download  # type: ignore[attr-defined]  # a module made here
        module.list_repo_files = names or listed  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "huggingface_hub", module)

    return put


def snapshot(root: Path) -> Callable[..., str]:
    return lambda *_, **__: str(root)


def says(name: str, text: str, asked: Asked = Asked()) -> None:  # noqa: B008 - a frozen value
    with pytest.raises(DataError) as error:
        find(name, asked=asked)
    assert str(error.value).startswith(text), str(error.value)


def test_names() -> None:
    assert split_name("hub:owner/name") == ("owner/name", None)
    assert split_name("hub:owner/name:config") == ("owner/name", "config")
    assert split_name("cifar10") is None


def test_a_repository_with_its_own_features(tmp_path: Path, hub: Any) -> None:
    asked: list[Any] = []
    pictures = write_hub_folder(tmp_path / "data", ["cat", "dog"])

    def download(repository: str, **options: str) -> str:
        asked.append((repository, options))
        return str(tmp_path)

    hub(download, lambda *_, **__: ["README.md", "data/train-0.parquet", "data/test-0.parquet"])
    source = find("hub:someone/pets")
    assert asked == [("someone/pets", {"repo_type": "dataset", "allow_patterns": "*.parquet"})]
    made = source.decode()
    assert (source.name, made.name, made.class_names) == ("pets", "pets", ("cat", "dog"))
    assert (made.train.pictures == pictures).all()


def test_configurations(tmp_path: Path, hub: Any) -> None:
    for name, n in (("small", 6), ("large", 8)):
        write_hub_folder(tmp_path / name, n=n)
    hub(snapshot(tmp_path))
    assert len(find("hub:someone/pets:large").decode().train) == 8
    assert find("hub:someone/pets:large").name == "pets-large"
    says("hub:someone/pets", "data hub:someone/pets: expected one configuration, got several: large, small "
         "(write hub:someone/pets:large, for instance)")  # fmt: skip
    says("hub:someone/pets:huge", "data hub:someone/pets:huge: expected train-*.parquet and test-*.parquet on the Hub, "
         "got a repository without them")  # fmt: skip


@pytest.mark.parametrize("main_is_empty", [False, True])
def test_a_choice_is_asked_for_before_anything_is_fetched(tmp_path: Path, hub: Any, main_is_empty: bool) -> None:
    fetched: list[Any] = []

    def download(_: str, **options: str) -> str:
        fetched.append(options)
        return str(tmp_path)

    def names(*_: str, revision: str = "main", **__: str) -> list[str]:
        main = [".cache/x.parquet", "README.md", "b/train-0.parquet", "b/test-0.parquet", "extra/more.parquet"]
        return ["train.zip"] if main_is_empty and revision == "main" else [*main, "a/train/0.parquet"]

    hub(download, names)
    says("hub:someone/pets", "data hub:someone/pets: expected one configuration, got several: a, b (write ")
    assert fetched == []
    says("hub:someone/pets:a", "data hub:someone/pets:a: expected train-*.parquet and test-*.parquet on the Hub, got ")
    revision = {"revision": "refs/convert/parquet"} if main_is_empty else {}
    assert fetched == [{"repo_type": "dataset", "allow_patterns": "a/*.parquet", **revision}]


def test_in_a_cache_that_has_several_one_has_to_be_named_too(tmp_path: Path, hub: Any) -> None:
    for name in ("small", "large"):
        write_hub_folder(tmp_path / name)

    def unreachable(*_: str, **__: str) -> list[str]:
        raise type("ConnectError", (Exception,), {})("no route")

    hub(snapshot(tmp_path), unreachable)
    says("hub:someone/pets", "data hub:someone/pets: expected one configuration, got several: large, small (write ")
    assert len(find("hub:someone/pets:small").decode().train) == 6
    hub(snapshot(tmp_path / "nothing"), unreachable)
    says("hub:someone/pets", "data hub:someone/pets: expected a data set on the Hugging Face Hub, got it is not in the "
         "Hub's cache, and the Hub cannot be reached")  # fmt: skip


@pytest.mark.parametrize("configuration", ["../..", "..", "a/b", "*", "a?", "[ab]", ".git", "a\\b"])
def test_a_configuration_is_one_folder(hub: Any, configuration: str) -> None:
    def asked(*_: str, **__: str) -> str:
        raise AssertionError("nothing is to be asked for")

    hub(asked, asked)
    says(f"hub:someone/pets:{configuration}", f"data hub:someone/pets:{configuration}: expected a data set on the "
         f"Hugging Face Hub, got {configuration!r}, which is no name of a configuration")  # fmt: skip


def test_the_hubs_own_conversion_where_there_is_no_parquet(tmp_path: Path, hub: Any) -> None:
    (tmp_path / "main").mkdir()
    for split in ("train", "test"):
        write_shard(tmp_path / "converted" / "default" / split / "0000.parquet", PICTURES, [0, 1, 0, 1])

    def download(*_: str, revision: str = "main", **__: str) -> str:
        return str(tmp_path / ("converted" if revision == "refs/convert/parquet" else "main"))

    hub(download)
    assert len(find("hub:someone/pets").decode().train) == 4


def test_columns_by_name_here_and_in_a_folder(tmp_path: Path, hub: Any) -> None:
    for split in ("train", "test"):
        frame = pl.DataFrame({"photo": PICTURES, "kind": ["dog", "cat"] * 2, "weight": [1.0] * 4})
        frame.write_parquet(tmp_path / f"{split}.parquet")
    hub(snapshot(tmp_path))
    for name in ("hub:someone/pets", str(tmp_path)):
        made = find(name, asked=Asked("photo", "kind")).decode()
        assert (made.class_names, made.train.labels.tolist()) == (("cat", "dog"), [1, 0, 1, 0])
    says(str(tmp_path), f"{tmp_path}/train.parquet: expected a column of type Image, or one called image, img, got "
         "photo, kind, weight (name another with --image-column)")  # fmt: skip
    says(str(tmp_path), f"label_column: expected one of the columns of {tmp_path}/train.parquet, photo, kind, weight, "
         "got x", Asked("photo", "x"))  # fmt: skip
    first, second = (find(str(tmp_path), asked=Asked("photo", label)).fingerprint for label in ("kind", "weight"))
    assert first != second


def test_one_of_several_columns_of_labels(tmp_path: Path) -> None:
    names = {"fine_label": ["a", "b"], "coarse_label": ["c", "d"]}
    features = {"img": {"_type": "Image"}} | {k: {"_type": "ClassLabel", "names": v} for k, v in names.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    for split in ("train", "test"):
        frame = pl.DataFrame({"img": PICTURES, "fine_label": [0, 1, 0, 1], "coarse_label": [1, 1, 0, 0]})
        frame.write_parquet(tmp_path / f"{split}.parquet", metadata=metadata)
    assert find(str(tmp_path)).decode().class_names == ("a", "b")
    coarse = find(str(tmp_path), asked=Asked(label_column="coarse_label")).decode()
    assert (coarse.class_names, coarse.train.labels.tolist()) == (("c", "d"), [1, 1, 0, 0])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("RepositoryNotFoundError", "there is no data set of that name, or it is private: log in with `hf auth login`"),
        ("GatedRepoError", "its makers grant access one by one"),
        ("LocalEntryNotFoundError", "it is not in the Hub's cache, and the Hub cannot be reached"),
        ("OfflineModeIsEnabled", "it is not in the Hub's cache, and HF_HUB_OFFLINE keeps it from being fetched"),
        ("SomeError", "two lines"),
    ],
)
def test_what_the_hub_says_becomes_a_sentence(hub: Any, kind: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def download(*_: str, **__: str) -> str:
        raise type(kind, (Exception,), {})("two\nlines")

    hub(download)
    says("hub:someone/pets", f"data hub:someone/pets: expected a data set on the Hugging Face Hub, got {text}")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    why = 'huggingface_hub is not installed (pip install "lossbench[hub]")'
    says("hub:someone/pets", f"data hub:someone/pets: expected a data set on the Hugging Face Hub, got {why}")


CACHED = f"""
import os, sys
from lossbench.data import Asked, find
from lossbench.errors import DataError
source = find("hub:someone/pets")
made = source.decode()
print(source.location.endswith("snapshots/{COMMIT}"), len(made.train), made.class_names)
for name in ("hub:someone/absent", "hub:no good name"):
    try:
        find(name)
    except DataError as error:
        print(error)
"""


def test_the_real_library_finds_its_cache_offline(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="needs the extra hub")
    cached = tmp_path / "hub" / "datasets--someone--pets"
    write_hub_folder(cached / "snapshots" / COMMIT / "data", ["cat", "dog"])
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(COMMIT)
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    environment["PYTHONPATH"] = str(Path(find.__code__.co_filename).parents[2])
    done = subprocess.run([sys.executable, "-c", CACHED], env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[0] == "True 6 ('cat', 'dog')", done.stderr
    assert lines[1] == (
        "data hub:someone/absent: expected a data set on the Hugging Face Hub, got it is not in the Hub's cache, and "
        "HF_HUB_OFFLINE keeps it from being fetched"
    )
    assert "that is no name on the Hub, as in hub:owner/name" in lines[2]


def test_metadata_of_other_columns_is_no_hindrance(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_shard(tmp_path / f"{split}.parquet", PICTURES, [0, 1, 0, 1], hub_metadata(["a", "b"]), ("img", "label"))
    assert find(str(tmp_path), asked=Asked("img", "label")).decode().class_names == ("a", "b")
