"""Augmentation of batches: an epoch's random numbers are drawn at once, each batch is then one gather.

Imported by whoever trains; `lossbench.data` itself knows no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lossbench.spec import Augmentation, Crop, Cutout, Flip

__all__ = ["Plan", "draw"]

_Lines = npt.NDArray[np.int32]
_Drawn = npt.NDArray[np.int32] | npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Plan:
    """What an epoch does to its pictures, by their position in the epoch's order.

    Args:
        lines: which row of a picture each row of the augmented one shows, int32 (n, height), and the same of columns,
            (n, width); the height and the width themselves stand for black. None leaves pictures as they are.
        cut: which rows and which columns a square covers, bool of the same shapes; None where nothing is cut out.
    """

    lines: tuple[Tensor, Tensor] | None
    cut: tuple[Tensor, Tensor] | None

    def apply(self, pictures: Tensor, positions: slice, fill: Tensor) -> Tensor:
        """The pictures at these positions, augmented; what comes in is not changed.

        Args:
            pictures: uint8 (batch, height, width, channels), on the plan's device.
            positions: where the batch stands in the epoch's order.
            fill: uint8 (channels,), the colour of what is cut out.

        Returns:
            uint8 (batch, height, width, channels).
        """
        if self.lines is None:
            return pictures
        batch, height, width, channels = pictures.shape
        pixels = pictures.new_zeros(batch * (height + 1) * (width + 1) + 1, channels)  # a black row and column each
        pixels[:-1].view(batch, height + 1, width + 1, channels)[:, :height, :width] = pictures
        rows, columns = (lines[positions] for lines in self.lines)
        first = torch.arange(batch, device=rows.device) * (height + 1)  # (batch,)
        index = ((first[:, None] + rows) * (width + 1))[:, :, None] + columns[:, None, :]  # (batch, height, width)
        if self.cut is not None:
            pixels[-1] = fill
            cut_rows, cut_columns = (cut[positions] for cut in self.cut)
            index.masked_fill_(cut_rows[:, :, None] & cut_columns[:, None, :], len(pixels) - 1)
        return pixels.index_select(0, index.view(-1)).view(pictures.shape)  # four times as fast as indexing


def draw(
    augmentation: Sequence[Augmentation],
    n: int,
    size: tuple[int, ...],
    generator: np.random.Generator,
    device: torch.device | str = "cpu",
) -> Plan:
    """Draws all random numbers of an epoch.

    Args:
        augmentation: what is done, in this order.
        n: how many pictures the epoch has.
        size: their height and width, which the augmentation fits; of vectors empty, as the augmentation is.
        generator: the trial's stream of this epoch.
        device: where the pictures are.
    """
    if not augmentation:
        return Plan(None, None)
    height, width = size
    drawn = [_drawn(step, n, size, generator) for step in augmentation]
    rows, columns = (np.broadcast_to(np.arange(length, dtype=np.int32), (n, length)) for length in size)
    cut = None
    # From the last step back to the first: where does what is seen here come from?
    for step, numbers in zip(reversed(augmentation), reversed(drawn), strict=True):
        if isinstance(step, Crop):
            rows, columns = rows + numbers[:, :1], columns + numbers[:, 1:]
        elif isinstance(step, Flip):
            columns = np.where(numbers, width - 1 - columns, columns)
        else:
            cut = (_covered(rows, numbers[:, :1], step, height), _covered(columns, numbers[:, 1:], step, width))
    lines = (np.where(_inside(rows, height), rows, height), np.where(_inside(columns, width), columns, width))
    return Plan(_on(device, lines), cut and _on(device, cut))


def _drawn(step: Augmentation, n: int, size: tuple[int, ...], generator: np.random.Generator) -> _Drawn:
    """Offsets of crops (n, 2), whether to flip (n, 1), first rows and columns of squares (n, 2)."""
    if isinstance(step, Crop):
        return generator.integers(-step.padding, step.padding + 1, (n, 2), dtype=np.int32)
    if isinstance(step, Flip):
        return generator.integers(0, 2, (n, 1), dtype=np.bool_)
    return generator.integers(0, size, (n, 2), dtype=np.int32) - np.int32(step.side // 2)


def _covered(lines: _Lines, first: _Drawn, step: Cutout, length: int) -> npt.NDArray[np.bool_]:
    """Which rows, or columns, a square covers; those outside the picture it does not."""
    covered: npt.NDArray[np.bool_] = (lines >= first) & (lines < first + step.side) & _inside(lines, length)
    return covered


def _inside(lines: _Lines, length: int) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (lines >= 0) & (lines < length)
    return inside


def _on(device: torch.device | str, pair: tuple[npt.NDArray[np.generic], ...]) -> tuple[Tensor, Tensor]:
    rows, columns = (torch.from_numpy(values).to(device) for values in pair)
    return rows, columns
