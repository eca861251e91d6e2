"""Pictures of one size from pictures of any: cut at the centre to the shape asked for, then resized.

Pillow's bilinear filter, which averages over all pixels that a new one covers when it reduces.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from lossbench.data.pictures import Pictures, Split, Values, digest_of, parts_of
from lossbench.data.room import room

__all__ = ["resized", "resized_pictures"]


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture of mode L or RGB at another size.

    The largest part of the wanted shape is taken from the centre, so that nothing is squeezed.

    Args:
        picture: as it was decoded.
        size: height and width.
    """
    height, width = size
    return ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)


def resized_pictures(pictures: Pictures, size: tuple[int, int]) -> Pictures:
    """The same data set with its pictures at another size, which gives it another digest.

    Args:
        pictures: no vectors.
        size: height and width.
    """
    train, test = (Split(_all(split.pictures, size), split.labels) for split in (pictures.train, pictures.test))
    digest = digest_of(parts_of(train, test), pictures.class_names)
    return replace(pictures, train=train, test=test, digest=digest, resized=True)


def _all(pictures: Values, size: tuple[int, int]) -> Values:
    """Decoded pictures (n, height, width, channels of 1 or 3) at another size."""
    out = room("size", (len(pictures), *size, pictures.shape[3]))
    for picture, place in zip(pictures, out, strict=True):
        image = Image.fromarray(np.ascontiguousarray(picture[..., 0] if picture.shape[2] == 1 else picture))
        place[...] = np.asarray(resized(image, size)).reshape(place.shape)
    return out
