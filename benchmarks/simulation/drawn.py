"""Made-up studies, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["VARIANCES", "Pictures", "deviations", "draw_pictures", "draw_values"]

Floats = NDArray[np.float64]

VARIANCES = ("equal", "one five times", "lognormal")
"""How the losses' variances over seeds are spread."""

_SEED = 0.01  # standard deviation of what a seed does to all losses alike: pairing takes it away
_LOGNORMAL = 0.5


def deviations(rng: np.random.Generator, spread: str, studies: int, losses: int, paired: float) -> Floats:
    """Standard deviations of each loss over seeds, (studies, losses), in the mean those of a paired `paired`."""
    variance = np.ones((studies, losses))
    if spread == "one five times":
        variance[:, 0] = 5.0
    if spread == "lognormal":
        variance = rng.lognormal(-(_LOGNORMAL**2) / 2, _LOGNORMAL, (studies, losses))
    return np.asarray(paired / np.sqrt(2) * np.sqrt(variance))


def draw_values(
    rng: np.random.Generator, means: ArrayLike, sd: Floats, seeds: int, freedom: float | None = None
) -> Floats:
    """A metric of every study, loss and seed.

    Args:
        rng: where it is drawn from.
        means: the losses' true means, (losses,).
        sd: of each loss over seeds, (studies, losses).
        seeds: how many.
        freedom: of Student's t that seeds follow, with the same variance; None for normal.

    Returns:
        shape (studies, losses, seeds).
    """
    studies, losses = sd.shape
    shape = (studies, losses, seeds)
    if freedom is None:
        noise = rng.standard_normal(shape)
    else:
        noise = rng.standard_t(freedom, shape) / np.sqrt(freedom / (freedom - 2))
    shared = _SEED * rng.standard_normal((studies, 1, seeds))
    return np.asarray(np.asarray(means, dtype=np.float64)[:, None] + shared + sd[..., None] * noise)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Studies of two losses, picture by picture.

    Args:
        values: (studies, 2, seeds, pictures).
        on_these: the true difference on the pictures of each study, (studies,); on new ones it is 0.
    """

    values: Floats
    on_these: Floats


def draw_pictures(
    rng: np.random.Generator, studies: int, seeds: int, pictures: int, by_picture: float, by_seed: float, noise: float
) -> Pictures:
    """Mean + difficulty of the picture + loss × picture + loss × seed + noise.

    Args:
        rng: where they are drawn from.
        studies: how many.
        seeds: of each.
        pictures: in each test set, drawn anew for every study.
        by_picture: standard deviation of loss × picture.
        by_seed: of loss × seed.
        noise: of what is left; greater than 0.
    """
    difficulty = 0.4 * rng.standard_normal((studies, 1, 1, pictures))
    own = by_picture * rng.standard_normal((studies, 2, 1, pictures))
    seed = by_seed * rng.standard_normal((studies, 2, seeds, 1))
    rest = noise * rng.standard_normal((studies, 2, seeds, pictures))
    on_these = own[:, 0, 0].mean(axis=-1) - own[:, 1, 0].mean(axis=-1)
    return Pictures(0.5 + difficulty + own + seed + rest, on_these)
