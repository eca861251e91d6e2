"""A trained network as one graph from raw data to probabilities, and the two forms that graphs are written in."""

from __future__ import annotations

import io
import json
import logging
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.api.kept.classifier import Classifier
from lossbench.data import Pictures
from lossbench.errors import LossbenchError, RequestError, told
from lossbench.imports import settings_kept
from lossbench.losses.bound import Link
from lossbench.native import AddReLU
from lossbench.train.classifier import scale_and_shift, scaled

__all__ = ["Graph", "VectorGraph", "input_name", "onnx_bytes", "plain_graph", "torch_bytes", "without_kernels"]

_PICKLES = (".pkl", ".pickle", ".pt", ".pth")
_NUMBER = "n"  # what the graph calls its number of pictures
_CPU = torch.device("cpu")


class Graph(nn.Module):
    """Pictures to logits and probabilities, all in float32.

    Args:
        model: the network, in evaluation mode.
        mean: of each channel, black 0 and white 1, (channels,).
        std: the same.
        link: how logarithms of probabilities come from logits; None for softmax.
    """

    size: tuple[int, ...] = (1, 1)

    def __init__(self, model: nn.Module, mean: np.ndarray, std: np.ndarray, link: Link | None) -> None:
        super().__init__()
        self.model, self.link = model, link
        self.scale: Tensor
        self.shift: Tensor
        scale, shift = scale_and_shift(mean, std, self.size, _CPU)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits and probabilities (n, classes) of uint8 pictures (n, height, width, channels)."""
        return self.answer(pictures)

    def answer(self, values: Tensor) -> dict[str, Tensor]:
        """The same, of whatever the network was trained on."""
        logits = self.model(scaled(values, self.scale, self.shift).contiguous())
        likely = logits.softmax(dim=1) if self.link is None else self.link(logits).exp()
        return {"logits": logits, "probabilities": likely}

    def logits(self, values: np.ndarray) -> np.ndarray:
        """The logits alone, as an array."""
        with torch.no_grad(), settings_kept():
            return np.asarray(self(torch.from_numpy(values))["logits"].numpy())


class VectorGraph(Graph):
    """Feature vectors to logits and probabilities; mean and standard deviation are of each feature, (features,)."""

    size = ()

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Logits and probabilities (n, classes) of float32 features (n, features)."""
        return self.answer(features)


def input_name(pictures: Pictures) -> str:
    """What the graph of a network that was trained on such data calls its input."""
    return "features" if pictures.vectors else "pictures"


class _PlainAddReLU(nn.Module):
    """relu(a + b), in operations that every runtime knows."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The sum of two tensors, and nothing below zero."""
        return torch.relu(a + b)


def plain_graph(network: Classifier) -> Graph:
    """The graph of a network, without the kernels of lossbench."""
    kind = VectorGraph if network.pictures.vectors else Graph
    return kind(without_kernels(network.plain), *network.normalisation, network.link).eval()


def without_kernels(model: nn.Module) -> nn.Module:
    """The model, changed in place, with none but torch's own operations."""
    for name, layer in list(model.named_modules()):
        if isinstance(layer, AddReLU):
            model.set_submodule(name, _PlainAddReLU())
    return model


def torch_bytes(network: Classifier, described: Mapping[str, Any]) -> bytes:
    """An archive that `torch.export.load` reads; it holds no pickle (law 10)."""
    program = _program(network)
    program.example_inputs = None  # which would be pickled
    buffer = io.BytesIO()
    with _quiet():
        torch.export.save(program, buffer, extra_files={"lossbench.json": json.dumps(described, ensure_ascii=False)})
    content = buffer.getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pickled = [one.filename for one in archive.infolist() if one.file_size and one.filename.endswith(_PICKLES)]
    if pickled:
        allowed = "a torch whose exported programs hold no pickle, 2.9 or later, or --to onnx"
        raise RequestError("--to", allowed, f"torch {torch.__version__}")
    return content


def onnx_bytes(network: Classifier, described: Mapping[str, Any]) -> bytes:
    """A model for ONNX runtimes; its metadata say what `described` says."""
    program, inputs, outputs = _program(network), [input_name(network.pictures)], ["logits", "probabilities"]
    with _quiet(), _own_code(network):
        made: Any = torch.onnx.export(program, input_names=inputs, output_names=outputs, dynamo=True, verbose=False)
    proto = made.model_proto
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        for length in value.type.tensor_type.shape.dim:
            if length.dim_param:  # the only length that is not fixed; torch calls it s32
                length.dim_param = _NUMBER
    for name, value in described.items():
        entry = proto.metadata_props.add()
        entry.key = f"lossbench.{name}"
        entry.value = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return bytes(proto.SerializeToString())


def _program(network: Classifier) -> torch.export.ExportedProgram:
    """The traced graph, for any number of pictures."""
    pictures = network.pictures
    example = torch.from_numpy(np.array(pictures.train.pictures[:2]))
    sizes = {input_name(pictures): {0: torch.export.Dim(_NUMBER, min=1)}}
    with _quiet(), _own_code(network), torch.no_grad():
        return torch.export.export(plain_graph(network), (example,), dynamic_shapes=sizes)


@contextmanager
def _own_code(network: Classifier) -> Iterator[None]:
    """Whatever tracing makes of a model becomes one sentence.

    Raises:
        RequestError: the model cannot be traced.
    """
    try:
        with settings_kept():
            yield
    except LossbenchError:
        raise
    except Exception as error:  # of tracers, of exporters, of a user's model
        what = "vectors" if network.pictures.vectors else "pictures"
        allowed = f"a model that torch can trace for any number of {what}"
        received = f"{network.trial.recipe.model} ({told(error).splitlines()[0]})"
        raise RequestError("--to", allowed, received) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of the exporters, which are about themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
