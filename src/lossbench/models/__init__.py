"""Small networks by name; any other by import path."""

from lossbench.models.catalogue import MODELS, ModelEntry, build, check_model, model_digest
from lossbench.models.own import import_path

__all__ = ["MODELS", "ModelEntry", "build", "check_model", "import_path", "model_digest"]
