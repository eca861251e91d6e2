"""Data larger than memory: decoded into a file, a row group at a time, with the same bits and digests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from data_makers import encoded, hub_metadata, pixels, write_hub_folder, write_image_folder
from PIL import Image

from lossbench.data import Asked, Pictures, find, read_pictures, write_pictures
from lossbench.data.parquet_cells import Cells
from lossbench.data.room import room
from lossbench.errors import DataError


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every array of pictures lies in a file, however small."""
    monkeypatch.setattr("lossbench.data.room._IN_MEMORY", 0)


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> tuple[Pictures, Pictures]:
    first = find(str(path), asked=asked).decode()
    monkeypatch.setattr("lossbench.data.room._IN_MEMORY", 0)
    return first, find(str(path), asked=asked).decode()


@pytest.mark.parametrize("asked", [Asked(), Asked(size=(9, 7))], ids=["as they are", "resized"])
@pytest.mark.parametrize("form", ["folder", "parquet", "npz"])
def test_a_file_holds_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, asked: Asked) -> None:
    path = tmp_path / "d"
    if form == "folder":
        write_image_folder(path)
    elif form == "parquet":
        write_hub_folder(path)
    else:
        path = tmp_path / "d.npz"
        y = np.arange(6) % 2
        np.savez(path, x_train=pixels(6), y_train=y, x_test=pixels(6, seed=1), y_test=y)
    memory, file = both_ways(path, monkeypatch, asked)
    assert memory.digest == file.digest
    np.testing.assert_array_equal(memory.train.pictures, file.train.pictures)
    for mean, other in zip(memory.normalisation(), file.normalisation(), strict=True):
        np.testing.assert_array_equal(mean, other)
    write_pictures(file, tmp_path / "kept")
    assert read_pictures(tmp_path / "kept", every_pixel=True).digest == memory.digest


@pytest.mark.usefixtures("in_files")
def test_room_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    made = room("here", (3, 5))
    made[:] = 7
    assert type(made) is np.ndarray
    assert (made == 7).all()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("lossbench.data.room.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10**9}))
    with pytest.raises(DataError) as error:
        room("pets", (10**6, 10**4))
    assert str(error.value) == (
        f"pets: expected pictures that fit into {tmp_path} (1.0 GB), got 10.0 GB (TMPDIR names another folder)"
    )


def shards(root: Path, rows: int = 23, group: int = 4) -> tuple[list[Path], list[bytes]]:
    """Two Parquet files of row groups, with pictures that are all different."""
    cells = [encoded(picture) for picture in pixels(rows)]
    files = []
    for number, part in enumerate((cells[:10], cells[10:])):
        files.append(root / f"train-{number}.parquet")
        frame = pl.DataFrame({"img": part, "label": [0, 1] * (len(part) // 2) + [0] * (len(part) % 2)})
        frame.write_parquet(files[-1], row_group_size=group, metadata=hub_metadata(["a", "b"]))
    return files, cells


def test_cells_are_those_of_the_files_in_any_order(tmp_path: Path) -> None:
    files, cells = shards(tmp_path)
    found = Cells("here", files, "img")
    assert len(found) == 23
    assert list(found) == cells
    for row in np.random.default_rng(0).permutation(23).tolist():
        assert found[row] == cells[row]
    assert found[3:20:5] == cells[3:20:5]


def test_row_groups_are_read_once_in_order_and_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, cells = shards(tmp_path)
    loaded = []
    load = Cells._load

    def noted(self: Cells, file: Path, start: int, rows: int) -> pl.Series:
        loaded.append((file.name, start, rows))
        assert len(self._read) <= 2
        return load(self, file, start, rows)

    monkeypatch.setattr(Cells, "_load", noted)
    assert list(Cells("here", files, "img")) == cells
    first, second = "train-0.parquet", "train-1.parquet"
    assert loaded == [(first, 0, 4), (first, 4, 4), (first, 8, 2)] + [
        (second, start, min(4, 13 - start)) for start in (0, 4, 8, 12)
    ]


LIMITED = """
import re, resource, sys
from pathlib import Path
from lossbench.data import find, write_pictures
import lossbench.data.room as room

room._IN_MEMORY = int(sys.argv[3])
data = int(re.search(r"VmData:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + (120 << 20),) * 2)
pictures = find(sys.argv[1]).decode()
assert pictures.train.pictures.nbytes + pictures.test.pictures.nbytes > 230 << 20
write_pictures(pictures, Path(sys.argv[2]))
print(pictures.digest, *pictures.normalisation()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of a process's memory")
def test_what_is_twice_the_memory_is_decoded_and_kept(tmp_path: Path) -> None:
    """Of 260 MB and 120 MB to spare; the control, which wants all of it in memory, cannot."""
    for split, number in (("train", 110), ("test", 10)):
        for index in range(number):
            folder = tmp_path / "d" / split / ("cat", "dog")[index % 2]
            folder.mkdir(parents=True, exist_ok=True)
            picture = Image.new("RGB", (1000, 720), (index, 255 - index, 7))
            picture.save(folder / f"{index}.png", compress_level=1)

    def run(in_memory: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LIMITED, str(tmp_path / "d"), str(tmp_path / "kept"), str(in_memory)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    control = run(1 << 40)
    assert control.returncode != 0
    assert "fit into memory" in control.stderr
    done = run(1 << 20)
    assert done.returncode == 0, done.stderr
    digest, *mean = done.stdout.split()
    kept = read_pictures(tmp_path / "kept")
    assert kept.digest == digest
    labels = kept.train.labels
    np.testing.assert_array_equal(kept.train.pictures[:, 3, 5, 0], [*range(0, 110, 2), *range(1, 110, 2)])
    assert (labels == [0] * 55 + [1] * 55).all()
    assert float(mean[0]) == pytest.approx(54.5 / 255)
