"""The losses written down a second time, in float64 numpy, straight from their papers' formulas.

Nothing here is shared with lossbench, and nothing is differentiated: a formula may take whatever detour keeps its
digits, so that it holds for logits of ±1e4, too.
"""

from __future__ import annotations

import references_calibration
import references_cross_entropy
import references_imbalance
import references_label_noise
import references_regression
from references_types import Array, Context, Reference

__all__ = ["REFERENCES", "Array", "Context", "Reference"]

REFERENCES: dict[str, Reference] = {
    **references_regression.REFERENCES,
    **references_cross_entropy.REFERENCES,
    **references_calibration.REFERENCES,
    **references_label_noise.REFERENCES,
    **references_imbalance.REFERENCES,
}
"""By the text that names the loss; lists are for three classes. A new loss of the catalogue needs a line here."""
