"""A trained network of a study for use elsewhere: as a graph of torch, as ONNX, or its bare weights.

What is exported takes pictures as Pillow and NumPy have them, uint8 (n, height, width, channels), or feature vectors,
float32 (n, features); the normalisation is inside. It gives `logits` and `probabilities`, the latter by the link of
the loss that it was trained with.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.analysis import Estimate
from lossbench.analysis.estimates import estimate_all
from lossbench.api.kept.choice import BEST, Chosen, chosen
from lossbench.api.kept.classifier import Classifier, Maker
from lossbench.api.kept.graph import input_name, plain_graph
from lossbench.api.kept.targets import TARGETS, Target
from lossbench.data import Pictures
from lossbench.errors import RequestError, StoreError, UnknownNameError
from lossbench.files import write_atomically, writing_file
from lossbench.losses import CATALOGUE
from lossbench.text import slug
from lossbench.train.classifier import EVALUATION_BATCH

__all__ = ["Exported", "export"]

_NEAR, _NEARLY = 1e-3, 0.1
"""By how much a probability may differ from what training stored: graphs are float32 on a processor, and networks that
were trained in bfloat16 or on a GPU were evaluated so, with fewer digits."""

_BEFORE = "before the model: (pictures / 255 - mean) / std, then channels first"
_BEFORE_VECTORS = "before the model: (features - mean) / std"


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        file: the network.
        about: the JSON file beside it, which says what goes in and what comes out.
        why: why this loss and this seed, in one sentence.
        notes: what else is to be said.
        described: what `about` holds.
    """

    file: Path
    about: Path
    why: str
    notes: tuple[str, ...]
    described: Mapping[str, Any] = field(default_factory=dict)


def export(
    folder: str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    loss: str = BEST,
    seed: int | None = None,
    model: str | Maker | None = None,
) -> Exported:
    """Writes a network that a study trained and kept.

    Args:
        folder: a study's folder, one of a condition of it, or a save dir with one study; run with kept weights.
        to: `torch`, a program that `torch.export.load` reads; `onnx`, with the extra onnx; `safetensors`, the weights
            by their names in the model's state_dict.
        out: the file; `<study>-<loss>-seed<N>` in the working directory when it is None. `<out>.json` beside it says
            what goes in and what comes out.
        loss: `best` for the loss with the best mean of the plan's metric, or a loss of the study.
        seed: of which trial; the first that finished with weights when it is None.
        model: for a model of the user's own, its name as the study has it, for code is imported only where it is named;
            or the object that the study was given.

    Raises:
        RequestError: the study has no such loss, seed or weights, the target is unknown or not installed, or a file is
            there already.
        SaveDirError: the file cannot be written.
        StoreError: the weights are damaged, or the network made from them is not the one that was trained.
    """
    target = _target(to)
    found = chosen(folder, loss, [] if seed is None else [seed])
    ((number, key),) = found.trials.items()
    file = Path(out) if out is not None else Path(f"{_name(found, number)}{target.suffix}")
    about = Path(f"{file}.json")
    _check_free(file, about)
    network = Classifier.of(found, key, model)
    checked = _checked(network, found, key)
    described = {**_described(network, found, number, key, to), "file": file.name}
    content = target.makes(network, described)
    with writing_file("OUT", file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)
        write_atomically(about, json.dumps(described, indent=1, ensure_ascii=False) + "\n")
    return Exported(file, about, found.why, (*network.notes, checked), described)


def _target(to: str) -> Target:
    if to not in TARGETS:
        raise UnknownNameError("--to", to, TARGETS)
    target = TARGETS[to]
    lacking = [name for name in target.needs if importlib.util.find_spec(name) is None]
    if lacking:
        raise RequestError("--to", f'{to} with the extra {to}: pip install "lossbench[{to}]"', f"no {lacking[0]} here")
    return target


def _name(found: Chosen, seed: int) -> str:
    study = re.sub(r"[^\w.-]+", "-", found.folder.study.name)
    return f"{study}-{slug(found.loss)}-seed{seed}"


def _check_free(file: Path, about: Path) -> None:
    for path in (file, about):
        if path.exists():
            raise RequestError("OUT", "a file that does not exist yet", str(path), "move it away, or name another")


def _checked(network: Classifier, found: Chosen, key: str) -> str:
    """Holds the network against the stored logits of the first of the test split; says how near they are.

    Raises:
        StoreError: it gives other probabilities than were stored.
    """
    kept = found.store.kept(key)
    stored = kept.logits()
    values = np.array(network.pictures.test.pictures[:EVALUATION_BATCH])
    given = plain_graph(network).logits(values)
    expected = network.probabilities(stored["test.last"][: len(given)])
    gap = float(np.abs(network.probabilities(given) - expected).max())
    alike = network.trial.recipe.precision == "fp32" and kept.provenance.get("device") == "cpu"
    if not gap <= (_NEAR if alike else _NEARLY):
        words = f"the network made from the weights of the trial {key} gives other outputs than were stored"
        raise StoreError(f"{words} (a probability differs by {gap:.2g}); nothing was written")
    what = "vectors" if network.pictures.vectors else "pictures"
    return f"checked on {len(values)} test {what}: probabilities within {gap:.1g} of those that were stored"


def _described(network: Classifier, found: Chosen, seed: int, key: str, to: str) -> dict[str, Any]:
    """What a user has to know of the file, as plain values."""
    pictures, trial = network.pictures, network.trial
    mean, std = network.normalisation
    row = {e.metric: e.values[e.seeds.index(seed)] for e in _estimates(found) if seed in e.seeds}
    return {
        "format": to,
        "study": found.folder.study.name,
        "loss": found.loss,
        "seed": seed,
        "why": found.why,
        "trial": key,
        "model": trial.recipe.model,
        "data": {"name": pictures.name, "digest": pictures.digest},
        "classes": list(pictures.class_names),
        "input": _input(pictures),
        "normalisation": {
            "where": "inside" if to != "safetensors" else _BEFORE_VECTORS if pictures.vectors else _BEFORE,
            "mean": mean.tolist(),
            "std": std.tolist(),
        },
        "outputs": {"logits": ["n", pictures.num_classes], "probabilities": ["n", pictures.num_classes]},
        "link": _link(network),
        "test": row,
    }


def _input(pictures: Pictures) -> dict[str, Any]:
    name, shape = input_name(pictures), ["n", *pictures.size, pictures.channels]
    if pictures.vectors:
        return {"name": name, "type": "float32", "shape": shape, "axes": ["vector", "feature"]}
    return {
        "name": name,
        "type": "uint8",
        "shape": shape,
        "axes": ["picture", "height", "width", "channel"],
        "channels": ["grey"] if pictures.channels == 1 else ["red", "green", "blue"],
    }


def _link(network: Classifier) -> str:
    loss = network.trial.loss
    return "softmax" if network.link is None else CATALOGUE[loss.name].card.link or "softmax"


def _estimates(found: Chosen) -> list[Estimate]:
    return [e for e in estimate_all(found.results) if e.overall and e.loss == found.loss and e.split == "test"]
