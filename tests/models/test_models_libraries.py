"""`timm:NAME` and `torchvision:NAME`, with modules of the same surface in the libraries' place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lossbench.errors import RequestError
from lossbench.models import build, check_model, libraries, model_digest

TIMM = """
import torch
from torch import nn

__version__ = "1.2.3"
asked = []

class Net(nn.Module):
    def __init__(self, classes, channels, side=None):
        super().__init__()
        self.stem = nn.Conv2d(channels, 4, 3, padding=1)
        self.side = side
        self.head = nn.Linear(4, classes)
    def forward(self, x):
        assert self.side in (None, tuple(x.shape[2:])), f"made for {self.side}"
        return self.head(self.stem(x).mean((2, 3)))

def list_models(pretrained=False):
    return ["plain.tag"] if pretrained else ["plain", "fixed", "square"]

def create_model(name, pretrained=False, num_classes=1000, in_chans=3, **options):
    asked.append((name, pretrained, num_classes, in_chans, options))
    if options and name != "fixed":
        raise TypeError("an unexpected keyword argument 'img_size'")
    side = options.get("img_size", (224, 224)) if name in ("fixed", "square") else None
    net = Net(num_classes, in_chans, side)
    if pretrained:
        nn.init.constant_(net.stem.weight, WEIGHT)
    return net

WEIGHT = 0.5
"""

TORCHVISION = """
import torch
from torch import nn
from types import SimpleNamespace

__version__ = "0.9"

class Net(nn.Module):
    def __init__(self, num_classes=1000, image_size=32):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.ReLU())
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(4 * (image_size // 2) ** 2, num_classes))
    def forward(self, x):
        return self.classifier(self.features(x))

class Several(Net):
    def forward(self, x):
        out = super().forward(x)
        return (out, out) if self.training else out

class NoHead(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.layer = nn.Conv2d(3, num_classes, 1)
    def forward(self, x):
        return self.layer(x).mean((2, 3))

def get_model(name, weights=None, **options):
    net = {"net": Net, "several": Several, "nohead": NoHead}[name](**options)
    if weights == "DEFAULT":
        for parameter in net.parameters():
            nn.init.constant_(parameter, 0.25)
    return net

models = SimpleNamespace(get_model=get_model, list_models=lambda module=None: ["net", "several", "nohead"])
"""


@pytest.fixture(autouse=True)
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "timm.py").write_text(TIMM)
    (tmp_path / "torchvision.py").write_text(TORCHVISION)
    monkeypatch.syspath_prepend(str(tmp_path))
    saved = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("timm", "torchvision")}
    for name in saved:
        del sys.modules[name]
    monkeypatch.setattr(libraries, "_version", lambda package: sys.modules[package].__version__)
    libraries.library_digest.cache_clear()
    check_model("timm:plain")
    check_model("torchvision:net")
    yield
    for name in ("timm", "torchvision"):
        sys.modules.pop(name, None)
    sys.modules.update(saved)
    libraries.library_digest.cache_clear()


def asked() -> list[Any]:
    found: list[Any] = sys.modules["timm"].asked
    return found


@pytest.mark.parametrize(("channels", "size"), [(3, (32, 32)), (1, (8, 20))])
def test_timm_is_asked_for_classes_and_channels(channels: int, size: tuple[int, int]) -> None:
    model = build("timm:plain", 7, channels, size, seed=1)
    assert asked() == [("plain", False, 7, channels, {})]
    assert model.training
    assert model(torch.rand(2, channels, *size)).shape == (2, 7)


def test_a_model_for_one_size_is_made_for_that_of_the_pictures() -> None:
    model = build("timm:fixed", 7, 3, (32, 48), seed=1)
    assert asked()[-1] == ("fixed", False, 7, 3, {"img_size": (32, 48)})
    assert model(torch.rand(2, 3, 32, 48)).shape == (2, 7)


def test_a_size_that_it_does_not_take_is_refused_with_its_reason() -> None:
    with pytest.raises(RequestError) as error:
        build("timm:square", 7, 3, (32, 32), seed=1)
    assert str(error.value) == (
        "models: expected timm:square to take 3×32×32 pictures, got AssertionError: made for (224, 224) "
        "(--size N resizes them)"
    )
    assert build("timm:square", 7, 3, (224, 224), seed=1) is not None


def test_weights_are_the_seeds() -> None:
    first, again, other = (build("timm:plain", 7, 3, (8, 8), seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


def test_pretrained_weights_are_taken_and_the_head_is_the_seeds() -> None:
    for name in ("timm:plain(pretrained=true)", "timm:plain.tag(pretrained=true)"):
        first, other = (build(name, 7, 3, (8, 8), seed).state_dict() for seed in (1, 2))
        assert (first["stem.weight"] == 0.5).all()
        assert not torch.equal(first["head.weight"], other["head.weight"])
    for seed in (1, 2):
        model = build("torchvision:net(pretrained=true)", 7, 3, (32, 32), seed)
        assert (model.state_dict()["features.0.weight"] == 0.25).all()
        assert not (model.state_dict()["classifier.1.weight"] == 0.25).any()


def test_torchvisions_models_are_fitted_to_channels_and_size() -> None:
    model = build("torchvision:net", 7, 1, (16, 16), seed=1)
    assert model(torch.rand(2, 1, 16, 16)).shape == (2, 7)
    first = model.get_submodule("features.0")
    assert isinstance(first, torch.nn.Conv2d)
    assert (first.in_channels, first.stride, first.padding, first.bias) == (1, (2, 2), (1, 1), None)


@pytest.mark.parametrize(
    ("name", "size", "received"),
    [
        ("torchvision:several", (32, 32), "several outputs in training, those of auxiliary classifiers"),
        ("torchvision:net", (32, 48), "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    ],
)
def test_torchvisions_models_that_cannot_be_fitted(name: str, size: tuple[int, int], received: str) -> None:
    with pytest.raises(RequestError) as error:
        build(name, 7, 3, size, seed=1)
    assert str(error.value).startswith(
        f"models: expected {name} to take 3×{size[0]}×{size[1]} pictures, got {received}"
    )


def test_a_head_that_is_not_linear_keeps_its_weights_from_being_used() -> None:
    with pytest.raises(RequestError, match="it has no linear layer at its end to give the classes"):
        build("torchvision:nohead(pretrained=true)", 7, 3, (8, 8), seed=1)
    assert build("torchvision:nohead", 7, 3, (8, 8), seed=1) is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timm:plan", "timm:NAME of one of timm's 4 models, got timm:plan (did you mean plain"),
        ("torchvision:rest", "torchvision:NAME of one of torchvision's 3 models, got torchvision:rest"),
        ("timm:plain(width=2)", "timm:NAME or timm:NAME(pretrained=true), got timm:plain(width=2)"),
        ("timm:plain(pretrained=1)", "timm:NAME or timm:NAME(pretrained=true), got timm:plain(pretrained=1)"),
        ("timm:plain(2)", "timm:NAME or timm:NAME(pretrained=true), got timm:plain(2)"),
    ],
)
def test_names_that_are_none(name: str, text: str) -> None:
    with pytest.raises(RequestError) as error:
        check_model(name)
    assert str(error.value).startswith(f"models: expected {text}")


def test_vectors_are_refused() -> None:
    with pytest.raises(RequestError, match="expected pictures for timm:plain, got feature vectors"):
        build("timm:plain", 7, 20, (), seed=1)


@pytest.mark.parametrize(
    "raised", ["ImportError('no module')", "RuntimeError('operator torchvision::nms does not exist')"]
)
def test_a_library_that_cannot_be_imported(tmp_path: Path, raised: str) -> None:
    (tmp_path / "torchvision.py").write_text(f"raise {raised}")
    del sys.modules["torchvision"]
    with pytest.raises(RequestError) as error:
        check_model("torchvision:net")
    assert str(error.value).startswith("models: expected the package torchvision, which can be imported, got ")
    assert str(error.value).endswith("""(pip install "lossbench[torchvision]", built for the same torch)""")


def test_the_digest_is_of_version_name_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(name: str) -> str | None:
        libraries.library_digest.cache_clear()
        return model_digest(name)

    first = digest("timm:plain")
    assert first == digest("timm:plain")
    others = {digest("timm:fixed"), digest("timm:plain(pretrained=true)"), digest("timm:plain.tag(pretrained=true)")}
    assert len(others | {first}) == 4
    pretrained = digest("timm:square(pretrained=true)")
    with monkeypatch.context() as changed:
        changed.setattr(sys.modules["timm"], "__version__", "1.2.4")
        assert digest("timm:plain") != first
    monkeypatch.setattr(sys.modules["timm"], "WEIGHT", 0.75)
    assert digest("timm:square(pretrained=true)") != pretrained
    assert digest("timm:plain") == first


def test_where_weights_are_not_fetched_the_network_is_the_same() -> None:
    """googlenet is the one model that torchvision makes otherwise with weights than without."""
    module = sys.modules["torchvision"]
    for name, size in (("timm:plain(pretrained=true)", (8, 8)), ("torchvision:net(pretrained=true)", (32, 32))):
        first, bare = (build(name, 7, 3, size, seed=1, fetched=fetched).state_dict() for fetched in (True, False))
        assert {key: value.shape for key, value in first.items()} == {key: value.shape for key, value in bare.items()}
    assert asked()[-1] == ("plain", False, 7, 3, {})
    assert not any((value == 0.25).all() for value in bare.values())
    given: list[dict[str, Any]] = []

    def get_model(name: str, weights: str | None = None, **options: Any) -> torch.nn.Module:
        given.append({"weights": weights, **options})
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64, 5))

    module.models.get_model = get_model
    module.models.list_models = lambda module: ["googlenet"]
    build("torchvision:googlenet(pretrained=true)", 7, 3, (8, 8), seed=1, fetched=False)
    build("torchvision:googlenet(pretrained=true)", 7, 3, (8, 8), seed=1)
    as_published = {"aux_logits": False, "transform_input": True, "init_weights": False}
    assert given == [{"weights": None, **as_published}, {"weights": "DEFAULT"}]
