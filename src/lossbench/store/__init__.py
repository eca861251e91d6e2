"""Folders of trials: claim, checkpoint, finish, read."""

from lossbench.store.forms import Form, read_forms, whole_form
from lossbench.store.measured import Measured
from lossbench.store.merging import Copied, merge_trials
from lossbench.store.merging_pictures import merge_pictures
from lossbench.store.progress import Progress, checkpoint_rows, progress
from lossbench.store.pruning import KINDS, Kind, Needless, needless, remove
from lossbench.store.record import FIRST_BATCH, FIRST_BATCH_CROSS_ENTROPY, Record, Row
from lossbench.store.store import Status, Store
from lossbench.store.study import StudyFolder, locate_study, places

__all__ = [
    "FIRST_BATCH",
    "FIRST_BATCH_CROSS_ENTROPY",
    "KINDS",
    "Copied",
    "Form",
    "Kind",
    "Measured",
    "Needless",
    "Progress",
    "Record",
    "Row",
    "Status",
    "Store",
    "StudyFolder",
    "checkpoint_rows",
    "locate_study",
    "merge_pictures",
    "merge_trials",
    "needless",
    "places",
    "progress",
    "read_forms",
    "remove",
    "whole_form",
]
