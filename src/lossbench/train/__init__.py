"""One trial from its first step to its last."""

from lossbench.train.clock import PHASES, Clock, Phase
from lossbench.train.epoch import Epoch, Snapshot
from lossbench.train.loop import VERSION, train
from lossbench.train.state import labels_of, splits_of

__all__ = ["PHASES", "VERSION", "Clock", "Epoch", "Phase", "Snapshot", "labels_of", "splits_of", "train"]
