"""What is concluded across conditions: where losses change places, whether rankings carry over, what tuning brought."""

from lossbench.analysis.across.across import Across, across
from lossbench.analysis.across.carried import Both, Carried, Gain, Tuned
from lossbench.analysis.across.crossings import Crossing
from lossbench.analysis.across.levels import Level, Series
from lossbench.analysis.across.lined import Lined

__all__ = ["Across", "Both", "Carried", "Crossing", "Gain", "Level", "Lined", "Series", "Tuned", "across"]
