"""Small networks by name; any other by import path."""

from lossbench.models.catalogue import MODELS, ModelEntry, build, check_model, model_digest
from lossbench.models.libraries import is_library_model, is_pretrained

__all__ = ["MODELS", "ModelEntry", "build", "check_model", "is_library_model", "is_pretrained", "model_digest"]
