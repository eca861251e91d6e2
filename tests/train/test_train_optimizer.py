"""The optimizer's steps, beside those of torch's own."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lossbench.spec import Optimizer
from lossbench.train.optimizer import FusedOptimizer

KINDS: list[tuple[Optimizer, type[torch.optim.SGD | torch.optim.Adam], dict[str, Any]]] = [
    (Optimizer(momentum=0.0, weight_decay=0.02), torch.optim.SGD, {"weight_decay": 0.02}),
    (Optimizer(weight_decay=0.02), torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.02}),
    (Optimizer(nesterov=True), torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (Optimizer(name="adam", betas=(0.8, 0.95)), torch.optim.Adam, {"betas": (0.8, 0.95)}),
    (Optimizer(name="adam", weight_decay=0.1), torch.optim.Adam, {"weight_decay": 0.1}),
    (Optimizer(name="adamw", weight_decay=0.1), torch.optim.AdamW, {"weight_decay": 0.1}),
]


class Net(nn.Module):
    """With a scale in another type, what is not trained, and layers that a gradient reaches later or never."""

    def __init__(self) -> None:
        super().__init__()
        self.fixed = nn.Parameter(torch.ones(4), requires_grad=False)
        self.scale = nn.Parameter(torch.tensor(1.5, dtype=torch.float64))
        self.first = nn.Conv2d(3, 4, 3)
        self.late = nn.Linear(4, 4)
        self.never = nn.Linear(4, 4)

    def forward(self, x: Tensor, *, late: bool) -> Tensor:
        found = self.first(x).mean((2, 3)) * self.fixed
        logits: Tensor = self.late(found) if late else found
        return (logits**2).sum() * self.scale


def net() -> Net:
    torch.manual_seed(3)
    made = Net()
    made.first.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch does not annotate it
    return made


def gradients(model: Net, step: int, *, late: bool) -> None:
    """Puts the gradients of a step into a model."""
    inputs = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(step))
    model(inputs.contiguous(memory_format=torch.channels_last), late=late).backward()


def trained(model: Net) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def values(model: Net) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


@pytest.mark.parametrize(("settings", "kind", "options"), KINDS)
def test_its_steps_have_the_bits_of_torchs_fused_ones(
    settings: Optimizer, kind: type[torch.optim.SGD | torch.optim.Adam], options: dict[str, Any]
) -> None:
    ours, theirs = net(), net()
    adam = settings.name != "sgd"
    optimizer, reference = FusedOptimizer(settings, ours), kind(trained(theirs), fused=True, **options)
    for step in range(6):
        late = step > 2 if adam else True  # torch's fused SGD refuses what joins later
        optimizer.lr = 0.05 / (step + 1)
        for group in reference.param_groups:
            group["lr"] = optimizer.lr
        for model in (ours, theirs):
            gradients(model, step, late=late)
        optimizer.step()
        reference.step()
        reference.zero_grad()
        assert all(parameter.grad is None for parameter in ours.parameters())
        assert all(torch.equal(*pair) for pair in zip(values(ours), values(theirs), strict=True))
    moved = [not torch.equal(*pair) for pair in zip(values(ours), values(net()), strict=True)]
    assert moved == [False, True, True, True, True, True, False, False], "what the test compares has to change"


def test_a_parameter_that_a_gradient_reaches_later_begins_to_be_remembered_then() -> None:
    settings = Optimizer(nesterov=True, weight_decay=0.02)
    ours, theirs = net(), net()
    optimizer = FusedOptimizer(settings, ours)
    reference = torch.optim.SGD(
        trained(theirs), lr=settings.lr, momentum=0.9, weight_decay=0.02, nesterov=True, foreach=False
    )
    for step in range(6):
        for model in (ours, theirs):
            gradients(model, step, late=step > 2)
        optimizer.step()
        reference.step()
        reference.zero_grad()
        for one, other in zip(values(ours), values(theirs), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
    assert not torch.equal(ours.late.weight, net().late.weight)


@pytest.mark.parametrize("settings", [settings for settings, *_ in KINDS])
def test_it_goes_on_from_what_it_remembers(settings: Optimizer) -> None:
    whole = net()
    optimizer = FusedOptimizer(settings, whole)
    for step in range(3):
        gradients(whole, step, late=False)
        optimizer.step()
    again = deepcopy(whole)
    resumed = FusedOptimizer(settings, again)
    resumed.load(
        [{name: value.contiguous() for name, value in memory.items()} for memory in optimizer.memory]
    )  # as a file has them
    for memory, other in zip(optimizer.memory, resumed.memory, strict=True):
        assert {name: value.stride() for name, value in memory.items()} == {
            name: value.stride() for name, value in other.items()
        }
        assert not {value.data_ptr() for value in memory.values()} & {value.data_ptr() for value in other.values()}
    for step in range(3, 6):
        for model, steps in ((whole, optimizer), (again, resumed)):
            gradients(model, step, late=True)
            steps.step()
        assert all(torch.equal(*pair) for pair in zip(values(whole), values(again), strict=True))


def test_a_trial_imports_no_compiler(tmp_path: Path) -> None:
    """It would take each process as long to import as torch."""
    code = (
        "import sys\nfrom lossbench.run import Inline, Job\nfrom lossbench.spec import Optimizer\n"
        "from lossbench.store import Store\nfrom makers import made_pictures, made_trial\n"
        "store = Store(sys.argv[1])\nstore.put_pictures(made_pictures(), 'made')\n"
        "trials = [made_trial(optimizer=Optimizer(name=name), epochs=1) for name in ('sgd', 'adamw')]\n"
        "Inline()([Job(trial, 'loss', str(store.root)) for trial in trials], lambda event: None)\n"
        "print([store.status(trial.key) for trial in trials], 'torch._dynamo' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert done.stdout == "['finished', 'finished'] False\n"
