"""What a user asks of a data set besides where it lies."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LABEL_NAMES", "NOTHING", "Asked"]

LABEL_NAMES = ("label", "labels", "fine_label", "target", "class", "y")
"""What a column of labels is called where none is asked for: the first of these that is there."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a data set; None leaves each to the data.

    Args:
        image_column: which column holds the pictures.
        label_column: which column holds the labels.
        size: height and width that every picture is resized to.
    """

    image_column: str | None = None
    label_column: str | None = None
    size: tuple[int, int] | None = None


NOTHING = Asked()
