"""The made-up studies of the report's tests, for the tests of the figures."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "report"))

from synthetic import CLASSES, DOCUMENT, HOSTILE, analyse, study

__all__ = ["CLASSES", "DOCUMENT", "HOSTILE", "analyse", "study"]
