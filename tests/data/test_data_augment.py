"""Batches augmented: against one picture at a time in NumPy; what is drawn is uniform, and of the stream alone."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats
from torch import Tensor

from lossbench.data.augment import Plan, draw
from lossbench.rng import stream
from lossbench.spec import Augmentation, Crop, Flip, parse_augmentation

Picture = npt.NDArray[np.uint8]

STEPS = ("crop(3)", "flip", "cutout(4)")
SOME = [", ".join(order) for count in range(4) for order in permutations(STEPS, count)]
FILL = torch.tensor([7, 8, 9], dtype=torch.uint8)


def pictures(n: int, size: tuple[int, int] = (6, 8), channels: int = 3) -> Tensor:
    """Random pictures without black or the fill's values."""
    values = np.random.default_rng(0).integers(10, 256, (n, *size, channels))
    return torch.from_numpy(values.astype(np.uint8))


def plan_of(text: str, n: int, size: tuple[int, int] = (6, 8), seed: int = 1, epoch: int = 1) -> Plan:
    return draw(parse_augmentation(text), n, size, stream(seed, "augmentation", epoch))


def whole(text: str, given: Tensor, seed: int = 1) -> Tensor:
    """Pictures augmented as one batch."""
    height, width = given.shape[1:3]
    return plan_of(text, len(given), (height, width), seed).apply(given, slice(0, len(given)), FILL[: given.shape[3]])


def one(picture: Picture, step: Augmentation, numbers: npt.NDArray[np.int64]) -> Picture:
    """One step on one picture, as its paper says it, from the numbers that were drawn for it."""
    height, width, _ = picture.shape
    if isinstance(step, Crop):
        p = step.padding
        top, left = numbers + p  # how far from the upper left corner of the padded picture
        return np.pad(picture, ((p, p), (p, p), (0, 0)))[top : top + height, left : left + width]
    if isinstance(step, Flip):
        return picture[:, ::-1] if numbers[0] else picture
    done = picture.copy()
    for row in range(height):
        for column in range(width):
            if 0 <= row - numbers[0] < step.side and 0 <= column - numbers[1] < step.side:
                done[row, column] = FILL.numpy()[: picture.shape[2]]
    return done


def numbers_of(
    step: Augmentation, n: int, size: tuple[int, int], generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """What a step draws: a change of it is a change of every augmented trial."""
    if isinstance(step, Crop):
        return generator.integers(-step.padding, step.padding + 1, (n, 2), dtype=np.int32).astype(np.int64)
    if isinstance(step, Flip):
        return generator.integers(0, 2, (n, 1), dtype=np.bool_).astype(np.int64)
    return generator.integers(0, size, (n, 2), dtype=np.int32).astype(np.int64) - step.side // 2


@pytest.mark.parametrize("text", SOME)
@pytest.mark.parametrize(("size", "channels"), [((6, 8), 3), ((9, 5), 1)])
def test_a_batch_is_what_each_picture_alone_would_be(text: str, size: tuple[int, int], channels: int) -> None:
    given, steps = pictures(200, size, channels), parse_augmentation(text)
    for seed in range(3):
        generator = stream(seed, "augmentation", 1)
        drawn = [numbers_of(step, 200, size, generator) for step in steps]
        expected = given.numpy()
        for step, numbers in zip(steps, drawn, strict=True):
            expected = np.stack([one(p, step, row) for p, row in zip(expected, numbers, strict=True)])
        np.testing.assert_array_equal(whole(text, given, seed).numpy(), expected)


def test_the_numbers_are_pinned() -> None:
    """A change here changes every trial with an augmentation: raise the loop's version with it."""
    given = torch.arange(1, 10, dtype=torch.uint8).view(1, 3, 3, 1).expand(4, 3, 3, 1)
    done = plan_of("crop(1), flip, cutout(1)", 4, (3, 3)).apply(given, slice(0, 4), torch.tensor([99]).byte())
    assert done.flatten(1).tolist() == [
        [0, 1, 2, 99, 4, 5, 0, 7, 8],
        [3, 2, 1, 6, 5, 4, 9, 8, 99],
        [0, 0, 0, 0, 1, 99, 0, 4, 5],
        [3, 99, 1, 6, 5, 4, 9, 8, 7],
    ]


@pytest.mark.parametrize("text", SOME)
def test_it_is_the_same_however_the_epoch_is_cut_into_batches(text: str) -> None:
    given, plan = pictures(50), plan_of(text, 50)
    for size in (1, 7, 50):
        starts = range(0, 50, size)
        batches = [plan.apply(given[k : k + size], slice(k, min(k + size, 50)), FILL) for k in starts]
        assert torch.equal(torch.cat(batches), whole(text, given))


def test_the_stream_decides_and_nothing_else() -> None:
    given, text = pictures(50), "crop(3), flip, cutout(4)"
    first = whole(text, given)
    torch.rand(1)
    np.random.default_rng().random()
    assert torch.equal(whole(text, given), first)
    assert not torch.equal(whole(text, given, seed=2), first)
    assert not torch.equal(plan_of(text, 50, epoch=2).apply(given, slice(0, 50), FILL), first)


@pytest.mark.parametrize("text", SOME)
def test_what_comes_in_is_left_as_it_was(text: str) -> None:
    given, fill = pictures(50), FILL.clone()
    before = given.clone()
    done = plan_of(text, 50).apply(given, slice(0, 50), fill)
    assert torch.equal(given, before)
    assert torch.equal(fill, FILL)
    assert (done.shape, done.dtype, done.device) == (given.shape, torch.uint8, given.device)
    assert torch.equal(done, given) == (not text)


def test_pictures_that_do_not_lie_in_one_piece() -> None:
    given = pictures(20, (6, 6))
    turned = given.transpose(1, 2)
    assert torch.equal(whole("crop(2), flip", turned), whole("crop(2), flip", turned.contiguous()))


def test_a_crop_is_uniform_over_all_its_offsets() -> None:
    n, p = 20_000, 2
    dot = torch.zeros(n, 9, 9, 1, dtype=torch.uint8)
    dot[:, 4, 4] = 255  # where it comes to lie tells the offset
    done = whole(f"crop({p})", dot)[..., 0]
    counts = done.bool().sum(0)
    assert int(counts.sum()) == n
    assert int(counts[2:7, 2:7].sum()) == n
    assert stats.chisquare(counts[2:7, 2:7].flatten().numpy()).pvalue > 1e-4


def test_every_second_picture_is_flipped_by_chance() -> None:
    given = pictures(20_000, (2, 3), 1)
    done = whole("flip", given)
    flipped = (done == given.flip(2)).flatten(1).all(1) & (done != given).flatten(1).any(1)
    same = (done == given).flatten(1).all(1)
    assert bool((flipped | same).all())
    assert stats.binomtest(int(flipped.sum()), int((flipped ^ same).sum())).pvalue > 1e-4


def test_crops_and_flips_of_one_picture_do_not_hang_together() -> None:
    lines = draw((Crop(2), Flip()), 20_000, (9, 9), stream(1, "augmentation")).lines
    assert lines is not None
    rows, columns = (line.numpy() for line in lines)
    flipped = columns[:, 4] > columns[:, 5]
    table = np.zeros((2, 5, 5))
    np.add.at(table, (flipped.astype(int), rows[:, 4] - 2, columns[:, 4] - 2), 1)
    assert stats.chisquare(table.ravel()).pvalue > 1e-4


@pytest.mark.parametrize(("side", "size"), [(4, (9, 9)), (3, (9, 9)), (1, (4, 6)), (4, (4, 6))])
def test_a_square_is_centred_anywhere_and_cut_off_at_the_borders(side: int, size: tuple[int, int]) -> None:
    given = pictures(4000, size)
    covered = (whole(f"cutout({side})", given) == FILL).all(3)
    found = {tuple(map(tuple, mask)) for mask in covered.int().tolist()}
    expected = set()
    for row in range(size[0]):
        for column in range(size[1]):
            mask = np.zeros(size, int)
            top, left = row - side // 2, column - side // 2
            mask[max(top, 0) : top + side, max(left, 0) : left + side] = 1
            expected.add(tuple(map(tuple, mask.tolist())))
    assert found == expected
    assert covered.sum((1, 2)).max() == side * side
    assert covered.sum((1, 2)).min() == ((side + 1) // 2) ** 2


def test_what_is_not_cut_out_stays_as_it_was() -> None:
    given = pictures(100)
    done = whole("cutout(4)", given)
    covered = (done == FILL).all(3)
    assert torch.equal(done[~covered], given[~covered])


@pytest.mark.parametrize(("text", "black_wins"), [("crop(3), cutout(6)", False), ("cutout(6), crop(3)", True)])
def test_the_order_is_the_order_written(text: str, black_wins: bool) -> None:
    """A square cut out after a crop covers its black border, one cut out before is moved and covers no black."""
    given = pictures(500, (6, 6))
    plan = plan_of(text, 500, (6, 6))
    assert plan.lines is not None
    rows, columns = plan.lines
    outside = (rows == 6)[:, :, None] | (columns == 6)[:, None, :]
    done = plan.apply(given, slice(0, 500), FILL)
    assert bool((done[outside] == 0).all()) == black_wins
