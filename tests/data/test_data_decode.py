"""Decoding with Pillow: modes, sizes, damage, threads."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from data_makers import encoded, pixels
from PIL import Image

from lossbench.data.decode import Encoded, decode
from lossbench.errors import DataError


def items(pictures: Sequence[bytes | Path], split: str = "train") -> Encoded:
    return Encoded(pictures, lambda row: f"{split} row {row}")


def in_mode(mode: str, value: int | tuple[int, ...] = 0, size: tuple[int, int] = (5, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, "PNG")
    return buffer.getvalue()


def test_colour_comes_back_exactly() -> None:
    pictures = pixels(5)
    train, test, _ = decode(items([encoded(picture) for picture in pictures]), items([encoded(pictures[0])], "test"))
    np.testing.assert_array_equal(train, pictures)
    np.testing.assert_array_equal(test, pictures[:1])


def test_grey_keeps_one_channel_and_bilevel_counts_as_grey() -> None:
    pictures = pixels(3, channels=1)
    train, test, _ = decode(items([encoded(picture) for picture in pictures]), items([in_mode("1", 1)], "test"))
    np.testing.assert_array_equal(train, pictures)
    assert test.shape == (1, 4, 5, 1)
    assert (test == 255).all()


def test_one_colour_picture_anywhere_makes_all_of_them_colour() -> None:
    grey, colour = pixels(2, channels=1), pixels(1)
    train, test, _ = decode(items([encoded(picture) for picture in grey]), items([encoded(colour[0])], "test"))
    np.testing.assert_array_equal(train, np.repeat(grey, 3, axis=3))
    np.testing.assert_array_equal(test, colour)


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA"])
def test_other_modes_become_colour(mode: str) -> None:
    picture = in_mode(mode)
    train, _, _ = decode(items([picture]), items([picture]))
    assert train.shape == (1, 4, 5, 3)
    assert (train == 0).all()


def test_sixteen_bits_are_refused_rather_than_clipped() -> None:
    deep = in_mode("I;16", 40_000)
    with pytest.raises(DataError) as error:
        decode(items([deep]), items([deep]))
    assert str(error.value).startswith("train row 0: expected a picture of 8 bits per channel, got mode I")


def test_the_first_picture_of_another_size_is_named() -> None:
    good, other = in_mode("RGB"), in_mode("RGB", size=(6, 4))
    with pytest.raises(DataError) as error:
        decode(items([good] * 200 + [other] * 200), items([good], "test"), workers=4)
    said = "expected pictures of one size, 4×5 as the first, got 4×6 (--size N, as in --size 64, makes them so)"
    assert str(error.value) == f"train row 200: {said}"
    with pytest.raises(DataError, match=rf"^test row 0: {re.escape(said)}$"):
        decode(items([good]), items([other], "test"))


@pytest.mark.parametrize("damaged", [b"", b"not a picture", encoded(pixels(1)[0])[:60], b"%!PS-Adobe-3.0 EPSF"])
def test_a_broken_picture_names_its_row(damaged: bytes) -> None:
    good = in_mode("RGB")
    with pytest.raises(DataError) as error:
        decode(items([good]), items([good, damaged], "test"))
    assert str(error.value).startswith(
        "test row 1: expected a readable picture (PNG, JPEG, BMP, WEBP, GIF, TIFF), got "
    )
    assert "BytesIO" not in str(error.value)


def test_formats_that_are_not_listed_are_not_opened() -> None:
    other = encoded(pixels(1)[0], "PPM")
    with pytest.raises(DataError, match=r"^train row 0: expected a readable picture .*, got something else$"):
        decode(items([other]), items([other]))


def complaint(picture: bytes) -> str:
    try:
        decode(items([picture]), items([picture]))
    except DataError as error:
        return str(error)
    return "none"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_any_damage_is_one_kind_of_error(kind: str) -> None:
    generator = np.random.default_rng(0)
    whole = np.frombuffer(encoded(pixels(1, 16, 16)[0], kind), dtype=np.uint8)
    complaints = set()
    for _ in range(60):
        damaged = whole.copy()
        damaged[generator.integers(0, len(whole), 4)] = generator.integers(0, 256, 4)
        complaints.add(complaint(damaged.tobytes()[: generator.integers(1, 2 * len(whole))]))
    assert len(complaints) > 1
    assert all(text == "none" or text.startswith("train row 0: expected ") for text in complaints)


@pytest.mark.parametrize("limit", [15, 9])  # Pillow warns past its limit of pixels, and refuses past twice that
def test_a_decompression_bomb_is_an_error(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(DataError, match=r"^train row 0: expected a readable picture .*decompression bomb"):
        decode(items([in_mode("RGB")]), items([in_mode("RGB")]))


def test_the_number_of_threads_changes_nothing() -> None:
    pictures = items([encoded(picture, "JPEG") for picture in pixels(300, 8, 8)])
    one, many = decode(pictures, pictures, workers=1), decode(pictures, pictures, workers=7)
    np.testing.assert_array_equal(one[0], many[0])
    np.testing.assert_array_equal(one[1], many[1])


def test_large_pictures_are_decoded_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from lossbench.data import decode as module

    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert module._workers(32 * 32) == 1
    assert module._workers(128 * 128) == 6


def test_files_are_read_as_bytes_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(pixels(1)[0]))
    train, _, _ = decode(items([tmp_path / "a.png"]), items([tmp_path / "a.png"]))
    np.testing.assert_array_equal(train, pixels(1))


def test_whether_any_was_of_another_size_is_said() -> None:
    same, other = (encoded(pixels(1, height=height)[0]) for height in (4, 6))
    for train, test, size, others in (
        ([same] * 300, [same], (4, 5), False),
        ([same] * 300, [same], None, False),
        ([same] * 299 + [other], [same], (4, 5), True),
        ([same], [other], (4, 5), True),
        ([same], [same], (6, 5), True),
    ):
        assert decode(items(train), items(test, "test"), size=size)[2] is others
