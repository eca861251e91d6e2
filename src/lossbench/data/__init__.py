"""Data: pictures by name, folder or file, decoded into memory, checked once, and prepared."""

from lossbench.data.asked import Asked
from lossbench.data.decoded import read_pictures, write_labels, write_pictures
from lossbench.data.given import Data
from lossbench.data.label_files import with_labels
from lossbench.data.limits import check_growth
from lossbench.data.pictures import VERSION, Pictures, Split
from lossbench.data.prepare import Part, prepare
from lossbench.data.sources import Described, Source, described, find, fitted
from lossbench.data.split import hold_out

__all__ = [
    "VERSION",
    "Asked",
    "Data",
    "Described",
    "Part",
    "Pictures",
    "Source",
    "Split",
    "check_growth",
    "described",
    "find",
    "fitted",
    "hold_out",
    "prepare",
    "read_pictures",
    "with_labels",
    "write_labels",
    "write_pictures",
]
