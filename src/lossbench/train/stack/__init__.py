"""Several models of one architecture trained as one: small ones leave a GPU idle, side by side they fill it."""

from lossbench.train.stack.layers import FORMS, Form, UnstackableError
from lossbench.train.stack.loop import train_stack
from lossbench.train.stack.state import ENGINE
from lossbench.train.stack.width import Cost, Width, best_width, measured_width

__all__ = [
    "ENGINE",
    "FORMS",
    "Cost",
    "Form",
    "UnstackableError",
    "Width",
    "best_width",
    "measured_width",
    "train_stack",
]
