"""Small networks by name; any other by import path."""

from lossbench.models.catalogue import MODELS, ModelEntry, build, check_model, model_digest
from lossbench.models.libraries import is_library_model

__all__ = ["MODELS", "ModelEntry", "build", "check_model", "is_library_model", "model_digest"]
