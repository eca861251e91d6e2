"""What others published, as data: their numbers, where they stand, and in which setting they were measured."""

from lossbench.published.load import names, published
from lossbench.published.setting import Differs, differences
from lossbench.published.types import Published, Reported, Setting

__all__ = ["Differs", "Published", "Reported", "Setting", "differences", "names", "published"]
