"""Compiles the module of every loss, where no hook checks types: prints what went wrong of each as JSON."""

from __future__ import annotations

import json

import torch
from nn_makers import COUPLED, NAMES, batch, made

from lossbench.losses import CATALOGUE
from lossbench.nn import EvidentialLoss, FocalLoss


def wrong(name: str) -> str:
    """What is wrong with the compiled module of a loss; empty where nothing is."""
    torch._dynamo.reset()
    logits, target = batch()
    module = made(name, ignore_index=None if name in COUPLED else -100)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    try:
        value = compiled(logits, target)
        (gradient,) = torch.autograd.grad(value, logits)
    except Exception as error:  # compilers raise many kinds
        return str(error).partition("\n")[0]
    if "generator" in CATALOGUE[name].card.needs:
        return "" if torch.isfinite(gradient).all() else "no finite gradient"
    expected = module(logits, target)
    if not torch.allclose(value, expected):
        return f"{value} instead of {expected}"
    return "" if torch.allclose(gradient, torch.autograd.grad(expected, logits)[0]) else "another gradient"


def follows() -> str:
    """What is wrong where progress changes more often than a compiler would compile anew for."""
    torch._dynamo.reset()
    logits, target = batch()
    module = EvidentialLoss()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    for step in range(24):
        module.progress = step / 24
        if not torch.allclose(compiled(logits, target), module(logits, target)):
            return f"another value at step {step}"
    return ""


def scheduled() -> str:
    """What is wrong where a hyperparameter is set between steps."""
    torch._dynamo.reset()
    logits, target = batch()
    module = FocalLoss()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    for gamma in (2.0, 1.0, 0.5):
        module.gamma = gamma
        if not torch.allclose(compiled(logits, target), FocalLoss(gamma=gamma)(logits, target)):
            return f"another value at gamma {gamma}"
    return ""


if __name__ == "__main__":
    print(json.dumps({name: wrong(name) for name in NAMES} | {"progress": follows(), "scheduled": scheduled()}))  # noqa: T201 - what is asked for
