"""The forms that networks are exported in. What makes them is imported when one is made: the names take no torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossbench.api.kept.classifier import Classifier

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """A form that networks are exported in.

    Args:
        suffix: of the file.
        makes: the file's bytes, from the network and what is said of it.
        told: what it is, for `--help`.
        needs: packages that have to be installed, beside those of lossbench.
    """

    suffix: str
    makes: Callable[[Classifier, Mapping[str, Any]], bytes]
    told: str
    needs: tuple[str, ...] = ()


def _torch(network: Classifier, described: Mapping[str, Any]) -> bytes:
    from lossbench.api.kept.graph import torch_bytes

    return torch_bytes(network, described)


def _onnx(network: Classifier, described: Mapping[str, Any]) -> bytes:
    from lossbench.api.kept.graph import onnx_bytes

    return onnx_bytes(network, described)


def _weights(network: Classifier, described: Mapping[str, Any]) -> bytes:
    from lossbench.store.files import tensors_bytes

    return tensors_bytes(network.weights, {"lossbench": json.dumps(described, ensure_ascii=False)})


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "torch": Target(".pt2", _torch, "a program for torch.export.load"),
        "onnx": Target(".onnx", _onnx, "for ONNX runtimes, with the extra onnx", ("onnx", "onnxscript")),
        "safetensors": Target(".safetensors", _weights, "the bare weights"),
    }
)
"""The forms by name. A new one is a `Target` here."""
