"""Sample pictures inside the page, as tiny PNG data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from lossbench.results import DataView

__all__ = ["Samples", "data_uri", "samples"]

_CLASSES, _PER_CLASS, _SIDE = 20, 4, 64  # so that a page stays small whatever the data


@dataclass(frozen=True)
class Samples:
    """A class's name and a few of its training pictures as data URIs."""

    name: str
    uris: tuple[str, ...]


def samples(data: DataView) -> list[Samples]:
    """The first classes' pictures; nothing where the data come without."""
    pairs = list(zip(data.class_names, data.samples, strict=False))[:_CLASSES]
    return [Samples(name, tuple(data_uri(picture) for picture in pictures[:_PER_CLASS])) for name, pictures in pairs]


def data_uri(picture: np.ndarray) -> str:
    """One picture, uint8 (height, width, channels), as a PNG data URI; large ones are reduced."""
    pixels = picture[..., 0] if picture.shape[-1] not in (3, 4) else picture[..., :3]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
