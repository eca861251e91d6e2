"""What torch's own kernels do slowly on a processor, compiled on the machine that it runs on."""

from lossbench.native.functions import normalise
from lossbench.native.fuse import fuse
from lossbench.native.layers import AddReLU
from lossbench.native.library import library

__all__ = ["AddReLU", "fuse", "library", "normalise"]
