"""What a run would train with: device, precision, kernels."""

from __future__ import annotations

import subprocess

import torch

from lossbench.api.doctor.finding import Finding, State
from lossbench.api.doctor.machine import features
from lossbench.errors import LossbenchError
from lossbench.native.library import SWITCH, compiler, kept
from lossbench.resolve import settle_device, settle_precision

__all__ = ["training"]


def training() -> list[Finding]:
    """What `auto` means here, whether kernels are compiled, and that torch computes."""
    device = settle_device("auto")
    return [
        Finding("training", "--device auto", device),
        Finding("training", "--precision auto", _precision(device)),
        _kernels(),
        Finding("training", "C++ compiler", compiler() or "none of c++, g++, clang++", _unless(compiler())),
        _torch(),
    ]


def _precision(device: str) -> str:
    settled = settle_precision(device)
    if settled == "bf16":
        with_it = " and ".join(name for name in features() if name.endswith("bf16"))
        return f"bf16: the processor has instructions for it ({with_it})"
    if device != "cpu":
        return f"fp32: auto takes bf16 on a processor only, not on {device}"
    return "fp32: the processor has no instructions for bf16 (AVX-512 bf16 or AMX bf16)"


def _kernels() -> Finding:
    try:
        found = kept()
    except LossbenchError as error:
        return Finding("training", "kernels", f"torch's own: {error}", "broken")
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("training", "kernels", f"torch's own: {error}", "missing")
    if isinstance(found, str):
        hint = "" if SWITCH in found else "install g++ or clang++; training is about half as fast without"
        return Finding("training", "kernels", f"torch's own: {found}", "missing", hint)
    if found.exists():
        return Finding("training", "kernels", f"compiled: {found}")
    return Finding("training", "kernels", "not compiled yet; the first run does, in a few seconds")


def _torch() -> Finding:
    """Whether torch computes at all: a broken installation may be imported and fail later."""
    try:
        leaf = torch.ones(2, 2, requires_grad=True)
        (gradient,) = torch.autograd.grad((leaf @ leaf).sum(), leaf)
        works = bool((gradient == 4).all())
    except Exception as error:  # whatever a broken installation raises
        return Finding("training", "torch", f"does not compute: {error}", "broken", "install torch anew")
    return Finding("training", "torch", "computes" if works else "computes wrongly", "ok" if works else "broken")


def _unless(there: object) -> State:
    return "ok" if there else "missing"
