"""Losses and models that go wrong while they train, as the source of a module of the user's."""

from __future__ import annotations

__all__ = ["LOSSES", "LOSS_MODULE", "LOST", "MODELS", "MODEL_MODULE"]

LOSS_MODULE = """
import os, signal, ctypes
import numpy as np
import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)  # of which nobody else's trial shall notice anything

def plain(logits, target):
    return F.cross_entropy(logits, target, reduction="none")

def over(progress):
    return progress >= 0.5  # from the second of two epochs on

class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words either")

def raises_at_once(logits, target):
    if len(target) > 10:  # no more are tried before a run
        raise ValueError("no <b>luck</b>,\\n\\x1b[31mtoday")
    return plain(logits, target)

def raises_later(logits, target, progress):
    if over(progress):
        raise ValueError("not in epoch 2")
    return plain(logits, target)

def raises_wordless(logits, target, progress):
    if over(progress):
        raise Wordless
    return plain(logits, target)

def exits(logits, target, progress):
    if over(progress):
        raise SystemExit(0)
    return plain(logits, target)

def recurses(logits, target, progress):
    return recurses(logits, target, progress) if over(progress) else plain(logits, target)

def gives_nan(logits, target, progress):
    return plain(logits, target) * (float("nan") if over(progress) else 1)

def gives_inf(logits, target, progress):
    return plain(logits, target) + (float("inf") if over(progress) else 0)

def gives_a_matrix(logits, target, progress):
    return -F.log_softmax(logits, dim=1) if over(progress) else plain(logits, target)

def gives_one_too_few(logits, target, progress):
    return plain(logits, target)[:-1] if over(progress) else plain(logits, target)

def gives_a_mean_at_last(logits, target, progress):
    return plain(logits, target).mean() if over(progress) else plain(logits, target)

def gives_each_at_last(logits, target, progress):
    return plain(logits, target) if over(progress) else plain(logits, target).sum()

def gives_whole_numbers(logits, target, progress):
    return logits.argmax(dim=1) if over(progress) else plain(logits, target)

def gives_truth_values(logits, target, progress):
    return logits.argmax(dim=1) != target if over(progress) else plain(logits, target)

def gives_nothing(logits, target, progress):
    return None if over(progress) else plain(logits, target)

def gives_a_pair(logits, target, progress):
    return (plain(logits, target), 1) if over(progress) else plain(logits, target)

def gives_an_array(logits, target, progress):
    return plain(logits, target).detach().numpy() if over(progress) else plain(logits, target)

def gives_no_device(logits, target, progress):
    return plain(logits, target).to("meta") if over(progress) else plain(logits, target)

def detaches(logits, target, progress):
    return plain(logits, target).detach() if over(progress) else plain(logits, target)

def is_constant(logits, target, progress):
    return torch.ones(len(target), requires_grad=True) if over(progress) else plain(logits, target)

def gives_doubles(logits, target, progress):
    return plain(logits, target).double() if over(progress) else plain(logits, target)

def gives_halves(logits, target, progress):
    return plain(logits, target).half() if over(progress) else plain(logits, target)

def wants_memory(logits, target, progress):
    if over(progress):
        raise MemoryError("not for me")
    return plain(logits, target)

def takes_all_memory(logits, target, progress):
    if over(progress):
        torch.empty(10**14)
    return plain(logits, target)

def changes_logits(logits, target):
    value = plain(logits, target)
    logits.detach().zero_()
    return value.clone()

def changes_targets(logits, target):
    value = plain(logits, target.clone())
    target.zero_()
    return value

def changes_settings(logits, target):
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(3)
    np.seterr(all="raise")
    os.chdir("/")
    return plain(logits, target)

def forbids_gradients(logits, target, progress):
    torch.set_grad_enabled(not over(progress))
    return plain(logits, target)

def is_killed(logits, target, progress):
    if over(progress) and len(target) == 16:  # in a step
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(logits, target)

def crashes(logits, target, progress):
    if over(progress) and len(target) == 16:  # in a step
        ctypes.string_at(0)
    return plain(logits, target)

def leaves(logits, target, progress):
    if over(progress) and len(target) == 16:  # in a step
        os._exit(3)
    return plain(logits, target)
"""

_SAMPLES = "asked for the loss of 60 samples, gave"

LOSSES = {
    "raises_at_once": ("failed", r"ValueError: no <b>luck</b>, \x1b[31mtoday"),
    "raises_later": ("failed", "ValueError: not in epoch 2"),
    "raises_wordless": ("failed", "Wordless"),
    "exits": ("failed", "SystemExit: 0"),
    "recurses": ("failed", "RecursionError: maximum recursion depth exceeded"),
    "gives_nan": ("diverged", "a non-finite loss or logit on the train split after epoch 1"),
    "gives_inf": ("diverged", "a non-finite loss or logit on the train split after epoch 1"),
    "gives_a_matrix": ("failed", f"{_SAMPLES} shape (60, 3), which wants a sum or mean over classes"),
    "gives_one_too_few": ("failed", f"{_SAMPLES} shape (59,), neither one value nor one per sample"),
    "gives_a_mean_at_last": ("failed", f"{_SAMPLES} shape (), and had given one per sample when it was tried"),
    "gives_each_at_last": ("failed", "samples, gave shape (16,), and had given their sum when it was tried"),
    "gives_whole_numbers": ("failed", f"{_SAMPLES} torch.int64, which has no gradient"),
    "gives_truth_values": ("failed", f"{_SAMPLES} torch.bool, which has no gradient"),
    "gives_nothing": ("failed", f"{_SAMPLES} something of type NoneType instead of a tensor"),
    "gives_a_pair": ("failed", f"{_SAMPLES} something of type tuple instead of a tensor"),
    "gives_an_array": ("failed", f"{_SAMPLES} something of type ndarray instead of a tensor"),
    "gives_no_device": ("failed", f"{_SAMPLES} a tensor on the device meta, which holds no values"),
    "detaches": ("failed", "gave a value that does not depend on the logits (detached, or computed outside torch)"),
    "is_constant": ("failed", "no gradient reaches the model"),
    "wants_memory": ("failed", "MemoryError: not for me"),
    "takes_all_memory": ("failed", "can't allocate memory: you tried to allocate"),
    "forbids_gradients": ("failed", "no gradient reaches the model"),
    "gives_doubles": ("finished", ""),
    "gives_halves": ("finished", ""),
    "changes_logits": ("finished", ""),
    "changes_targets": ("finished", ""),
    "changes_settings": ("finished", ""),
}
"""By the loss's name, how its trial ends, and words of the reason."""

LOST = {"is_killed": "signal SIGKILL", "crashes": "signal SIGSEGV", "leaves": "exit code 3"}
"""By the loss's name, how the process ends that trains it."""

MODEL_MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes, training, evaluation):
        super().__init__()
        self.layer = nn.Linear(64, classes)
        self.wrong = {True: training, False: evaluation}
        self.seen = 0
    def forward(self, x):
        logits, wrong = self.layer(x.flatten(1)), self.wrong[self.training]
        self.seen += len(x)
        return logits if wrong is None or self.seen < 20 else wrong(logits)

def model(training=None, evaluation=None):
    return lambda num_classes, in_channels: Net(num_classes, training, evaluation)

def throw(error):
    raise error

fine = model()
raises = model(lambda logits: throw(RuntimeError("a layer of mine broke")))
wants_memory = model(lambda logits: throw(MemoryError("not for me")))
takes_all_memory = model(lambda logits: torch.empty(10**14))
gives_too_many = model(lambda logits: torch.cat([logits, logits], dim=1))
gives_too_many_at_last = model(None, lambda logits: torch.cat([logits, logits], dim=1))
gives_too_few = model(lambda logits: logits[:-1])
gives_a_pair = model(lambda logits: (logits, logits))
gives_nothing = model(lambda logits: None)
gives_whole_numbers = model(lambda logits: logits.long())
detaches = model(lambda logits: logits.detach())
gives_nan = model(lambda logits: logits * float("nan"))
gives_nan_at_last = model(None, lambda logits: logits * float("nan"))
"""

_OUTPUTS = "the model gave outputs of"

MODELS = {
    "raises": ("failed", "RuntimeError: a layer of mine broke"),
    "wants_memory": ("failed", "MemoryError: not for me"),
    "takes_all_memory": ("failed", "can't allocate memory: you tried to allocate"),
    "gives_too_many": ("failed", f"{_OUTPUTS} shape (16, 6) for 16 pictures of 3 classes"),
    "gives_too_many_at_last": ("failed", f"{_OUTPUTS} shape (60, 6) for 60 pictures of 3 classes"),
    "gives_too_few": ("failed", f"{_OUTPUTS} shape (15, 3) for 16 pictures of 3 classes"),
    "gives_a_pair": ("failed", f"{_OUTPUTS} type tuple for 16 pictures of 3 classes"),
    "gives_nothing": ("failed", f"{_OUTPUTS} type NoneType for 16 pictures of 3 classes"),
    "gives_whole_numbers": ("failed", "no gradient reaches the model"),
    "detaches": ("failed", "no gradient reaches the model"),
    "gives_nan": ("diverged", "a non-finite loss or logit while training in epoch 1"),
    "gives_nan_at_last": ("diverged", "a non-finite loss or logit on the train split after epoch 1"),
    "fine": ("finished", ""),
}
"""By the model's name, how its trial ends, and words of the reason."""
