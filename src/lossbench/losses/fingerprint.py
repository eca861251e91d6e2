"""A digest of a loss that was given as a Python object: of its source and its settings."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.errors import RequestError

__all__ = ["fingerprint"]

_DEEPEST = 20
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def fingerprint(function: Callable[..., Any], field: str = "losses") -> str:
    """The digest: 32 hex digits over source, defaults, closure and attributes, so that an edited loss trains anew.

    It does not cover what the source refers to by a global name.

    Raises:
        RequestError: a setting is neither a number, a text, a tensor or an array, a function, nor a list or mapping of
            such.
    """
    digest = hashlib.sha256()
    for part in _parts(function, field, 0):
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\x00")
    return digest.hexdigest()[:32]


def _parts(value: object, field: str, depth: int) -> Iterator[str | bytes]:
    """What tells a value from another, piece by piece."""
    inner = depth + 1
    yield type(value).__qualname__
    if isinstance(value, _PLAIN):
        yield repr(value)
    elif isinstance(value, Tensor | np.ndarray):
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        yield f"{array.dtype}{array.shape}"
        yield np.ascontiguousarray(array).tobytes()
    elif isinstance(value, torch.dtype | torch.device):
        yield str(value)
    elif depth > _DEEPEST:
        raise _unknown(field, value)
    elif isinstance(value, type):
        yield _source(value)
    else:
        for item in _inside(value, field):
            yield from _parts(item, field, inner)


def _inside(value: object, field: str) -> list[Any]:
    """The values that a value is made of."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, Mapping):
        return [item for pair in sorted(value.items(), key=repr) for item in pair]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return [_source(value), value.__defaults__, value.__kwdefaults__, cells]
    if isinstance(value, nn.Module):
        own = {name: item for name, item in vars(value).items() if not name.startswith("_")}
        return [type(value), own, dict(value.named_parameters()), dict(value.named_buffers()), dict(value._modules)]
    if hasattr(value, "__dict__"):
        return [type(value), vars(value)]
    raise _unknown(field, value)


def _source(value: Any) -> str:
    """The source, or what the interpreter made of it where there is none to be read."""
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        code = getattr(value, "__code__", None)
        return _code(code) if code else f"{value.__module__}.{value.__qualname__}"


def _code(code: CodeType) -> str:
    inner = [_code(item) if isinstance(item, CodeType) else repr(item) for item in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


def _unknown(field: str, value: object) -> RequestError:
    kind = "a model" if field == "models" else "a loss"
    allowed = f"{kind} whose settings are numbers, text, tensors, arrays, functions, or lists and mappings of such"
    return RequestError(field, allowed, f"one of type {type(value).__name__}")
