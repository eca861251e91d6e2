"""Small data sets in every layout, for the tests of the data room."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def pixels(n: int, height: int = 4, width: int = 5, channels: int = 3, seed: int = 0) -> Pixels:
    """Random pictures (n, height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def encoded(picture: Pixels, kind: str = "PNG") -> bytes:
    """One picture (height, width, channels) as a file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(buffer, kind)
    return buffer.getvalue()


def hub_metadata(names: Sequence[str], picture: str = "img", label: str = "label") -> dict[str, str]:
    """What Hugging Face writes into a Parquet file."""
    features = {picture: {"_type": "Image"}, label: {"names": list(names), "_type": "ClassLabel"}}
    return {"huggingface": json.dumps({"info": {"features": features}})}


def write_shard(
    path: Path,
    pictures: Sequence[bytes | None],
    labels: Sequence[int | None],
    metadata: dict[str, str] | None = None,
    columns: tuple[str, str] = ("img", "label"),
) -> None:
    """One Parquet file of encoded pictures and labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    structs = pl.Series(
        columns[0],
        [{"bytes": picture, "path": None} for picture in pictures],
        dtype=pl.Struct({"bytes": pl.Binary, "path": pl.String}),
    )
    frame = pl.DataFrame([structs, pl.Series(columns[1], labels, dtype=pl.Int64)])
    frame.write_parquet(path, metadata=metadata)


def write_hub_folder(root: Path, names: Sequence[str] = ("cat", "dog"), n: int = 6) -> Pixels:
    """A folder `train-…parquet`, `test-…parquet`; labels go round; returns the training pictures."""
    pictures = pixels(n)
    labels = [i % len(names) for i in range(n)]
    for split in ("train", "test"):
        shard = root / f"{split}-00000-of-00001.parquet"
        write_shard(shard, [encoded(picture) for picture in pictures], labels, hub_metadata(names))
    return pictures


def write_image_folder(root: Path, test: str = "test", classes: Sequence[str] = ("cat", "dog")) -> None:
    """`train/CLASS/i.png` and a test split: three pictures of each class."""
    for split in ("train", test):
        for number, name in enumerate(classes):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i, picture in enumerate(pixels(3, seed=number)):
                (folder / f"{i}.png").write_bytes(encoded(picture))


def idx_bytes(array: Pixels) -> bytes:
    """An array as an idx file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx_folder(root: Path, classes: int = 2, n: int = 6, zipped: bool = True) -> Pixels:
    """The four files of MNIST; returns the training pictures (n, 4, 5)."""
    root.mkdir(parents=True, exist_ok=True)
    pictures, labels = pixels(n)[..., 0], np.arange(n, dtype=np.uint8) % classes
    for stem in ("train", "t10k"):
        for kind, array in (("images-idx3", pictures), ("labels-idx1", labels)):
            content = idx_bytes(np.ascontiguousarray(array))
            path = root / f"{stem}-{kind}-ubyte{'.gz' * zipped}"
            path.write_bytes(gzip.compress(content) if zipped else content)
    return pictures


def shared_cifar10() -> Path | None:
    """The Parquet folder of CIFAR-10 beside or inside the checkout, where there is one."""
    root = Path(__file__).resolve().parents[2]
    places = (root / "shared", root.parent / "shared")
    return next((place / "data/cifar10" for place in places if (place / "data/cifar10").is_dir()), None)
