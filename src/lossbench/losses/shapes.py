"""Shapes in types: checked by the test runner, where jaxtyping is installed, and plain tensors elsewhere."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from torch import Tensor

__all__ = ["ClassCounts", "Logits", "PerSample", "SoftTarget", "Target"]

if TYPE_CHECKING or find_spec("jaxtyping"):
    from jaxtyping import Float, Int

    Logits = Float[Tensor, "batch classes"]
    Target = Int[Tensor, " batch"]
    SoftTarget = Int[Tensor, " batch"] | Float[Tensor, "batch classes"]
    PerSample = Float[Tensor, " batch"]
    ClassCounts = Float[Tensor, " classes"]
else:
    Logits = Target = SoftTarget = PerSample = ClassCounts = Tensor
