"""Data that somebody made to hurt: what a file declares is not believed, and no picture takes the machine down."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from PIL import Image

from lossbench.data import find, limits
from lossbench.data.decoded import read_pictures, write_pictures
from lossbench.data.label_files import read_labels
from lossbench.data.parquet_footer import check_footer
from lossbench.errors import DataError, RequestError, StoreError
from lossbench.results import read_table
from makers import made_pictures

PIXELS = np.random.default_rng(0).integers(0, 255, (20, 4, 4)).astype(np.uint8)
LABELS = np.arange(20) % 2
MEASURED = """
import resource, sys
from lossbench.data import find
from lossbench.errors import DataError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    find(sys.argv[1]).decode()
except DataError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


def npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    """The head of an .npy file that declares what it likes."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


KERAS = {"x_train": npy(PIXELS), "y_train": npy(LABELS), "x_test": npy(PIXELS), "y_test": npy(LABELS)}
NESTED = b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000


def npz(path: Path, members: Mapping[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def refused(path: Path, text: str) -> None:
    with pytest.raises(DataError) as error:
        find(str(path)).decode()
    assert text in str(error.value)
    assert "\n" not in str(error.value)


# arrays


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (header((2**31, 100, 100)) + b"\0" * 100, "100 bytes of 21474836480000 that the header states"),
        (header((2**40, 2**30, 2**30)), "0 bytes of 1267650600228229401496703205376"),
        (header((-1, 4, 4)), "an array of shape (-1, 4, 4)"),
        (header((2**40, 0, 4)), "expected one label for each of 1099511627776 pictures, got 20 labels"),
        (npy(np.array([print], dtype=object)), "Object arrays cannot be loaded"),
        (npy(np.zeros(3, dtype=[("a", "u1"), ("b", "f4")])), "expected uint8 of shape"),
        (NESTED, "an .npz file of plain arrays"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31 - 1) + b"{", "expected 2147483647 bytes got 1"),
        (b"\x93NUMPY\x09\x00", "version"),
        (b"\x80\x04\x95pickle", "the magic string is not correct"),
        (npy(PIXELS)[:-1], "319 bytes of 320"),
        (b"", "an .npz file of plain arrays"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_an_array_that_is_not_what_its_header_says(tmp_path: Path, content: bytes, text: str) -> None:
    refused(npz(tmp_path / "d.npz", {**KERAS, "x_train": content}), text)


def test_a_member_with_a_path_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = npz(tmp_path / "in" / "d.npz", KERAS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../../evil.npy", b"x")
    assert len(find(str(path)).decode().train) == 20
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["d.npz", "in"]


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_packing_is_read_and_its_damage_is_one_sentence(tmp_path: Path, packed: int) -> None:
    path = npz(tmp_path / "d.npz", KERAS, packed)
    np.testing.assert_array_equal(find(str(path)).decode().train.pictures[..., 0], PIXELS)
    content = bytearray(path.read_bytes())
    for place in range(60, len(content), 97):
        content[place] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(DataError):
            find(str(path)).decode()


def bomb(path: Path, pictures: int) -> Path:
    """As many black pictures of 64 × 64, with labels for all of them."""
    labels = npy((np.arange(pictures) % 2).astype(np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for split in ("train", "test"):
            archive.writestr(f"y_{split}.npy", labels)
            with archive.open(f"x_{split}.npy", "w", force_zip64=True) as member:
                member.write(header((pictures, 64, 64)))
                for start in range(0, pictures, 4096):
                    member.write(b"\0" * 4096 * min(4096, pictures - start))
    return path


def test_an_archive_that_grows_beyond_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.npz"
    pixels = npy(np.zeros((4000, 64, 64), dtype=np.uint8))
    labels = npy((np.arange(4000) % 2).astype(np.uint8))
    npz(path, {"x_train": pixels, "y_train": labels, "x_test": pixels, "y_test": labels})
    assert len(find(str(path)).decode().train) == 4000  # below UNWATCHED_BYTES
    monkeypatch.setattr(limits, "UNWATCHED_BYTES", 1 << 20)
    refused(path, "expected files that unpack to at most 500 times their size, got 32")


def test_what_does_not_fit_into_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_memory", lambda: 500)
    refused(npz(tmp_path / "d.npz", KERAS), "expected pictures that fit into memory (0.0 GB), got 0.0 GB")
    refused(idx_files(tmp_path / "idx"), "expected pictures that fit into memory")
    monkeypatch.setattr("lossbench.data.room._IN_MEMORY", 0)
    monkeypatch.setattr("lossbench.data.room.shutil.disk_usage", lambda _: SimpleNamespace(free=500))
    refused(folder(tmp_path / "folder", png(16, 16)), "expected pictures that fit into ")
    monkeypatch.setattr(limits, "_memory", lambda: None)
    assert len(find(str(tmp_path / "d.npz")).decode().train) == 20


def test_the_machines_memory_is_known_on_linux() -> None:
    if not Path("/proc/meminfo").exists():
        pytest.skip("no /proc/meminfo: the system does not say how much memory it has")
    memory = limits._memory()
    assert memory is not None
    assert memory >= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.9


def test_a_bomb_takes_no_memory(tmp_path: Path, long: bool) -> None:
    if not long:
        pytest.skip("packs two times 3 GB; the long form (--long) does")
    path = bomb(tmp_path / "d.npz", 3 * 2**30 // 4096)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    kilobytes, _, said = done.stdout.partition(" ")
    assert "at most 500 times" in said
    assert int(kilobytes) < 100_000


# idx


def idx_files(folder: Path, pictures: bytes | None = None, packed: bool = False) -> Path:
    folder.mkdir()
    images = struct.pack(">IIII", 0x803, 20, 4, 4) + PIXELS.tobytes()
    labels = struct.pack(">II", 0x801, 20) + LABELS.astype(np.uint8).tobytes()
    contents = {
        "train-images-idx3-ubyte": images if pictures is None else pictures,
        "train-labels-idx1-ubyte": labels,
        "t10k-images-idx3-ubyte": images,
        "t10k-labels-idx1-ubyte": labels,
    }
    for name, content in contents.items():
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(2**31, 28, 28), (2**32 - 1, 2**32 - 1, 2**32 - 1), (2**31, 0, 28), (20, 2**31, 4)])
def test_idx_files_that_declare_more_than_they_have(tmp_path: Path, packed: bool, shape: tuple[int, ...]) -> None:
    content = struct.pack(">IIII", 0x803, *shape) + b"\0" * 1000
    refused(idx_files(tmp_path / "d", content, packed), "expected ")


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (20, 1024, 1024)
    content = struct.pack(">IIII", 0x803, *shape) + b"\0" * (20 << 20)
    folder = idx_files(tmp_path / "d", content, packed=True)
    monkeypatch.setattr(limits, "UNWATCHED_BYTES", 1 << 20)
    refused(folder, "expected files that unpack to at most 500 times their size, got 20971520 bytes out of")


# Parquet


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def signed(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else -number * 2 - 1)


def element(name: bytes, children: int | None = None, kind: int | None = None) -> bytes:
    out, last = b"", 0
    fields = [(1, 5, kind), (3, 5, 0), (4, 8, name), (5, 5, children)]
    for number, code, value in fields:
        if value is not None:
            out += bytes([(number - last) << 4 | code])
            out += varint(len(value)) + value if isinstance(value, bytes) else signed(value)
            last = number
    return out + b"\0"


def listed(items: list[bytes]) -> bytes:
    head = bytes([len(items) << 4 | 12]) if len(items) < 15 else bytes([0xFC]) + varint(len(items))
    return head + b"".join(items)


def parquet_of(depth: int, groups: list[bytes] | None = None) -> bytes:
    """A Parquet file without rows whose pictures lie so deep."""
    schema = [element(b"schema", 2)]
    schema += [element(b"image", 1), *[element(b"a", 1)] * (depth - 1)] if depth else []
    schema += [element(b"x" if depth else b"image", kind=6), element(b"label", kind=2)]
    footer = (
        b"\x15" + signed(1) + b"\x19" + listed(schema) + b"\x16" + signed(0) + b"\x19" + listed(groups or []) + b"\0"
    )
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def group(rows: int, size: int) -> bytes:
    return b"\x19\x0c" + b"\x16" + signed(size) + b"\x16" + signed(rows) + b"\0"


@pytest.mark.parametrize("depth", [65, 5_000, 50_000])
def test_columns_nested_without_end_do_not_end_the_process(tmp_path: Path, depth: int) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.parquet").write_bytes(parquet_of(depth))
    refused(tmp_path, f"expected columns nested at most 64 deep, got {depth + 1} deep")
    with pytest.raises(RequestError, match=r"^.*train.parquet: expected columns nested at most 64 deep"):
        read_table(tmp_path / "train.parquet")


@pytest.mark.parametrize("depth", [0, 1, 64 - 1])
def test_columns_that_polars_can_follow_are_left_to_it(tmp_path: Path, depth: int) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet_of(depth))
    check_footer(tmp_path / "a.parquet")


def test_more_rows_than_bytes_are_one_picture_over_and_over(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet_of(0, [group(600_000, 10), group(600_000, 10)]))
    with pytest.raises(DataError, match=r"expected at most one row for each byte of the file, got 1200000 rows in \d+"):
        check_footer(path)
    path.write_bytes(parquet_of(0, [group(600_000, 10), group(400_000, 10)]))
    check_footer(path)
    path.write_bytes(parquet_of(0, [group(10, 2**40)]))
    with pytest.raises(DataError, match="expected files that unpack to at most 500 times their size"):
        check_footer(path)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_footer_is_one_sentence(tmp_path: Path, seed: int) -> None:
    whole = parquet_of(1, [group(3, 4)])
    generator = np.random.default_rng(seed)
    path = tmp_path / "a.parquet"
    for _ in range(200):
        content = bytearray(whole)
        for place in generator.integers(4, len(content) - 8, 3):
            content[place] = generator.integers(256)
        path.write_bytes(content)
        try:
            check_footer(path)
        except (DataError, ValueError) as error:
            assert "\n" not in str(error)  # noqa: PT017 - most damage is refused, some changes nothing that is looked at


def test_a_cell_that_is_repeated_takes_its_memory_once(tmp_path: Path) -> None:
    """A dictionary of one cell of 8 MB, named by a hundred rows: as a list of bytes it would be 800 MB."""
    cells = pl.Series("image", [bytes(8 << 20)]).gather([0] * 100)
    frame = pl.DataFrame({"image": cells, "label": [0, 1] * 50})
    for split in ("train", "test"):
        frame.write_parquet(tmp_path / f"{split}.parquet")
    assert (tmp_path / "train.parquet").stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    kilobytes, _, said = done.stdout.partition(" ")
    assert "train row 0: expected a readable picture" in said
    assert int(kilobytes) < 400_000


# pictures


def png(width: int, height: int, extra: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    content = buffer.getvalue()
    return content[:33] + extra + content[33:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def folder(root: Path, picture: bytes) -> Path:
    for split in ("train", "test"):
        for name in "ab":
            (root / split / name).mkdir(parents=True)
            (root / split / name / "1.png").write_bytes(picture)
    return root


def declared(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds next to nothing."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")


def gif_screen() -> bytes:
    buffer = io.BytesIO()
    Image.new("P", (4, 4)).save(buffer, "GIF")
    content = bytearray(buffer.getvalue())
    content[6:10] = struct.pack("<HH", 65535, 65535)
    return bytes(content)


BOMB = zlib.compress(b"A" * (1 << 26), 9)


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        (declared(50_000, 50_000), "decompression bomb"),
        (declared(10_000, 10_000), "decompression bomb"),
        (gif_screen(), "decompression bomb"),
        (declared(9_000, 9_000), "truncated"),
        (png(4, 4, chunk(b"zTXt", b"k\0\0" + BOMB)), "Decompressed data too large"),
        (png(4, 4, chunk(b"iCCP", b"k\0\0" + BOMB)), "Decompressed data too large"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n(x) run\n", "something else"),
    ],
    ids=["50000", "10000", "gif", "short", "text", "profile", "eps"],
)
def test_a_picture_that_would_unfold(tmp_path: Path, picture: bytes, text: str) -> None:
    refused(folder(tmp_path, picture), text)


def test_a_gif_of_many_frames_is_its_first(tmp_path: Path) -> None:
    frames = [Image.new("P", (4, 4), number % 2) for number in range(500)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert len(find(str(folder(tmp_path, buffer.getvalue()))).decode().train) == 2


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WEBP", "JPEG"])
def test_damage_anywhere_is_a_picture_or_one_sentence(tmp_path: Path, kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, kind)
    generator = np.random.default_rng(0)
    root = folder(tmp_path, b"")
    outcomes = set()
    for _ in range(40):
        content = bytearray(buffer.getvalue())
        for place in generator.integers(0, len(content), 4):
            content[place] = generator.integers(256)
        for path in root.rglob("*.png"):
            path.write_bytes(content)
        try:
            outcomes.add(find(str(root)).decode().channels > 0)
        except DataError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some damage is none
            outcomes.add(False)
    assert False in outcomes


def test_links_that_lead_in_circles_nowhere_or_to_devices(tmp_path: Path) -> None:
    """Links to pictures elsewhere are how caches keep data sets, and are followed; what is no file is passed over."""
    root = folder(tmp_path / "d", png(4, 4))
    inside = root / "train" / "a"
    (tmp_path / "elsewhere.png").write_bytes(png(4, 4))
    (inside / "linked.png").symlink_to(tmp_path / "elsewhere.png")
    for name, target in (("loop.png", ".."), ("self.png", "self.png"), ("dev.png", "/dev/zero"), ("no.png", "nowhere")):
        (inside / name).symlink_to(target)
    os.mkfifo(inside / "pipe.png")
    (inside / "again").symlink_to("..")
    assert find(str(root)).decode().train.labels.tolist() == [0, 0, 1]


# label files and decoded pictures


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("y.npy", header((2**40,), "<i8") + b"0", "expected plain arrays, got 1 bytes of 8796093022208"),
        ("y.npy", header((10,), "<i8") + bytes(80), "expected one label for each of the 20 pictures"),
        ("y.npy", NESTED, "expected plain arrays"),
        ("y.npy", npy(np.array([print], dtype=object)), "Object arrays cannot be loaded"),
        ("y.csv", b"label\n" + b"a" * 200_000, "field larger than field limit"),
        ("y.csv", b"label\n\x1b[31m\n", r"got \x1b[31m"),
        ("y.txt", b"9" * 5000, "expected class names alone"),
    ],
)
def test_label_files(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        read_labels(tmp_path / name, None, 20, ("a", "b"))
    assert text in str(error.value)


def test_only_the_array_that_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz(tmp_path / "y.npz", {"y": npy(LABELS), "z": npy(np.zeros((1, 1 << 20)))})
    monkeypatch.setattr(limits, "_memory", lambda: 1 << 10)
    assert read_labels(path, "y", 20, ("a", "b")).tolist() == LABELS.tolist()


@pytest.mark.parametrize("name", ["train_labels.npy", "train_pictures.npy", "labels/0.npy"])
@pytest.mark.parametrize("content", [header((2**60,), "<i8"), header((2**60, 8, 8, 1)), NESTED, b""])
def test_decoded_pictures_of_a_received_store(tmp_path: Path, name: str, content: bytes) -> None:
    write_pictures(made_pictures(), tmp_path / "d")
    (tmp_path / "d" / "labels").mkdir()
    (tmp_path / "d" / name).write_bytes(content)
    if name.startswith("labels"):  # of one study alone: the others keep their pictures
        assert not read_pictures(tmp_path / "d").other_labels
        return
    with pytest.raises(StoreError, match="the decoded pictures are damaged"):
        read_pictures(tmp_path / "d")
