"""Pictures without labels: from where they come, what they are made, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from data_makers import encoded, pixels
from PIL import Image

from lossbench.data.loose import Form, loose
from lossbench.errors import DataError


def read(paths: list[Path], form: Form, size: int = 250) -> np.ndarray:
    return np.concatenate([batch for source in loose(paths) for batch in source.batches(form, size)])


def names(paths: list[Path]) -> list[str]:
    return [name for source in loose(paths) for name in source.names]


@pytest.fixture
def colours(tmp_path: Path) -> np.ndarray:
    """Three pictures of 4×5, in every form below the same folder."""
    made = pixels(3)
    (tmp_path / "b" / "c").mkdir(parents=True)
    for place, picture in zip(("1.png", "b/2.png", "b/c/3.png"), made, strict=True):
        (tmp_path / place).write_bytes(encoded(picture))
    (tmp_path / "b" / "notes.txt").write_text("no picture")
    np.savez(tmp_path / "some.npz", pictures=made, others=np.zeros(3))
    cells = [{"bytes": encoded(picture), "path": None} for picture in made]
    pl.DataFrame({"image": cells}).write_parquet(tmp_path / "some.parquet")
    return made


def test_every_form_gives_the_same_pictures(colours: np.ndarray, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "some.npz", tmp_path / "some.parquet"):
        assert np.array_equal(read([path], Form((4, 5), 3)), colours)
        assert np.array_equal(read([path], Form((4, 5), 3), size=2), colours)


def test_the_order_is_that_of_the_command(colours: np.ndarray, tmp_path: Path) -> None:
    assert names([tmp_path / "b", tmp_path / "some.npz", tmp_path / "1.png"]) == [
        str(tmp_path / "b" / "2.png"),
        str(tmp_path / "b" / "c" / "3.png"),
        *(f"{tmp_path / 'some.npz'}[{row}]" for row in range(3)),
        str(tmp_path / "1.png"),
    ]


def test_colours_become_luma(colours: np.ndarray, tmp_path: Path) -> None:
    form = Form((4, 5), 1)
    found = read([tmp_path / "some.npz"], form)
    luma = colours.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found[..., 0] - luma).max() <= 1
    assert form.recoloured == 3
    assert form.resized == 0


def test_grey_gets_three_equal_channels(tmp_path: Path) -> None:
    grey = pixels(1, channels=1)
    (tmp_path / "grey.png").write_bytes(encoded(grey[0]))
    form = Form((4, 5), 3)
    assert np.array_equal(read([tmp_path / "grey.png"], form), np.repeat(grey, 3, axis=3))
    assert form.recoloured == 1


def test_transparency_is_dropped(tmp_path: Path) -> None:
    solid = pixels(1, channels=3)
    Image.fromarray(np.concatenate([solid[0], np.zeros((4, 5, 1), np.uint8)], axis=2)).save(tmp_path / "clear.png")
    assert np.array_equal(read([tmp_path / "clear.png"], Form((4, 5), 3)), solid)


def test_another_size_is_refused_or_resized(colours: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected pictures of 8×10 pixels, .* got 4×5 .--resize changes them"):
        read([tmp_path / "1.png"], Form((8, 10), 3))
    form = Form((8, 10), 3, resize=True)
    found = read([tmp_path / "1.png"], form)
    by_hand = Image.fromarray(colours[0]).resize((10, 8), Image.Resampling.BILINEAR)
    assert np.array_equal(found[0], np.asarray(by_hand))
    assert form.resized == 1


def test_an_npz_file_with_one_array_of_pictures_need_not_name_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", mine=pixels(2, channels=1)[..., 0], labels=np.zeros(2, np.uint8))
    assert read([tmp_path / "one.npz"], Form((4, 5), 1)).shape == (2, 4, 5, 1)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: None, "it is not there"),
        (lambda path: path.with_suffix(".png").write_bytes(b"no picture"), "expected a readable picture"),
        (lambda path: path.with_suffix(".npz").write_bytes(b"no arrays"), "an .npz file of plain arrays"),
        (lambda path: np.savez(path.with_suffix(".npz"), a=np.zeros((2, 4, 5))), "got a .float64 of shape .2, 4, 5.."),
        (lambda path: path.with_suffix(".parquet").write_bytes(b"no table"), "a readable Parquet file"),
        (lambda path: pl.DataFrame({"image": [1]}).write_parquet(path.with_suffix(".parquet")), "got Int64"),
        (lambda path: pl.DataFrame({"x": [b""]}).write_parquet(path.with_suffix(".parquet")), "a column of type Image"),
        (
            lambda path: pl.DataFrame({"image": [b"x", None]}).write_parquet(path.with_suffix(".parquet")),
            "parquet row 1: expected the bytes of a picture, got nothing",
        ),
        (
            lambda path: pl.DataFrame({"image": [{"path": "x"}]}).write_parquet(path.with_suffix(".parquet")),
            r"expected encoded pictures in column 'image' .bytes, or a struct with bytes., got Struct",
        ),
        (lambda path: path.mkdir(), "expected pictures"),
        (
            lambda path: Image.fromarray(np.zeros((4, 5), np.uint16)).save(path.with_suffix(".png")),
            "a picture of 8 bits per channel",
        ),
    ],
)
def test_what_is_no_picture(tmp_path: Path, write: object, said: str) -> None:
    path = tmp_path / "it"
    write(path)  # type: ignore[operator]  # a function of the list above
    there = next(tmp_path.iterdir(), path)
    with pytest.raises(DataError, match=said):
        read([there], Form((4, 5), 3))


def test_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="got nothing"):
        loose([])


def test_a_decompression_bomb_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(buffer, "PNG")
    (tmp_path / "bomb.png").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="a readable picture"):
        read([tmp_path / "bomb.png"], Form((4, 5), 1))
