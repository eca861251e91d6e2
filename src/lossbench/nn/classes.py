"""The classes by their names; classes.pyi, which a test holds to the catalogue, tells type checkers of each."""

from lossbench.nn.made import CLASSES

__all__ = list(CLASSES)  # pyright: ignore[reportUnsupportedDunderAll]

globals().update(CLASSES)
