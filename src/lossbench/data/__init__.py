"""Data: pictures by name, folder or file, decoded into memory, checked once, and split."""

from lossbench.data.decoded import read_pictures, write_pictures
from lossbench.data.pictures import VERSION, Pictures, Split
from lossbench.data.sources import Described, Source, described, find
from lossbench.data.split import hold_out

__all__ = [
    "VERSION",
    "Described",
    "Pictures",
    "Source",
    "Split",
    "described",
    "find",
    "hold_out",
    "read_pictures",
    "write_pictures",
]
