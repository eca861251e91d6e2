"""Small networks by name; any other by import path."""

from lossbench.models.catalogue import MODELS, ModelEntry, build, check_model, model_digest

__all__ = ["MODELS", "ModelEntry", "build", "check_model", "model_digest"]
