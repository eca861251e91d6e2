"""A reader of the CIFAR archives' pickles that runs nothing of them.

A pickle is a program for a machine with a stack. This machine knows numbers, text, byte strings, lists, tuples,
mappings and NumPy's arrays of whole numbers, whose constructors it stands in for; it imports nothing and calls nothing,
and refuses whatever else a pickle may ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pickletools import genops
from typing import Any

import numpy as np

__all__ = ["read_plain"]

_RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_ADMITTED = (*_RECONSTRUCT, "numpy ndarray", "numpy dtype", "_codecs encode")
_MOST_STEPS = 1 << 21  # instructions; CIFAR's largest pickle has fewer than half a million in any protocol
_KINDS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")


def read_plain(content: bytes) -> Any:
    """The value of a pickle of plain values.

    Args:
        content: the pickle.

    Returns:
        numbers, text, bytes, lists, tuples, mappings and arrays of whole numbers, inside one another.

    Raises:
        ValueError: it is no pickle, is damaged, is a longer program than plain values need, or asks for something else.
    """
    machine = _Machine(encodable=len(content))
    try:
        for number, (opcode, argument, _) in enumerate(genops(content)):
            if number >= _MOST_STEPS:
                raise ValueError(f"a pickle of more than {_MOST_STEPS} instructions")
            if opcode.name == "STOP":
                return _plain(machine.stack.pop())
            machine.step(opcode.name, argument)
    except ValueError:
        raise
    except Exception as error:  # whatever damage makes of a stack machine: IndexError, KeyError, TypeError, ...
        raise ValueError(f"a damaged pickle ({type(error).__name__})") from None
    raise ValueError("a pickle without an end")


class _Mark:
    """Stands on the stack where a collection begins."""


_MARK = _Mark()


@dataclass(frozen=True)
class _Name:
    """What stands in for one of the admitted constructors."""

    name: str


@dataclass
class _Type:
    """An array's type before and after its byte order is known."""

    kind: str
    order: str = "|"


@dataclass
class _Array:
    """An array before and after its content is known."""

    values: np.ndarray | None = None


def _plain(value: Any) -> Any:
    """The array itself in the place of what stands for it, in a value and one level into a mapping."""
    if isinstance(value, dict):
        return {key: item.values if isinstance(item, _Array) else item for key, item in value.items()}
    return value.values if isinstance(value, _Array) else value


@dataclass
class _Machine:
    """The stack, what was set aside by number, and how much text may yet become bytes: none of it does so twice."""

    encodable: int
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, name: str, argument: Any) -> None:
        """One instruction.

        Raises:
            ValueError: one that plain values do not need.
        """
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _PUSHED:
            self.stack.append(argument)
        elif name in _BYTE_STRINGS:
            self.stack.append(argument.encode("latin-1"))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in _ACTIONS:
            _ACTIONS[name](self)
        elif name == "GLOBAL":
            self.stack.append(_admitted(argument))
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"a pickle that is more than plain values ({name})")

    def marked(self) -> list[Any]:
        """Takes what lies above the last mark, and the mark."""
        items: list[Any] = []
        while not isinstance(item := self.stack.pop(), _Mark):
            items.append(item)
        return items[::-1]

    def take(self, number: int) -> tuple[Any, ...]:
        """Takes the uppermost values."""
        items = [self.stack.pop() for _ in range(number)]
        return tuple(items[::-1])


def _admitted(name: object) -> _Name:
    if name not in _ADMITTED:
        raise ValueError(f"a pickle that is more than plain values ({name})")
    return _Name(str(name))


def _extend(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise ValueError("a damaged pickle (items of no list)")
    target.extend(items)


def _set(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, dict):
        raise ValueError("a damaged pickle (items of no mapping)")
    target.update(_mapping(items))


def _mapping(items: list[Any]) -> dict[Any, Any]:
    """Keys are text, or byte strings, which become text: Python 2 had no difference."""
    return dict(zip(map(_text, items[::2]), items[1::2], strict=True))


def _reduce(machine: _Machine) -> None:
    """What the admitted constructors would make, without calling them."""
    function, arguments = machine.take(2)
    name = function.name if isinstance(function, _Name) else ""
    if name in _RECONSTRUCT:
        machine.stack.append(_Array())
    elif name == "numpy dtype" and _text(arguments[0]) in _KINDS:
        machine.stack.append(_Type(_text(arguments[0])))
    elif name == "_codecs encode" and arguments[1] == "latin1":
        machine.stack.append(_encoded(machine, _text(arguments[0])))
    else:
        raise ValueError(f"a pickle that is more than plain values ({name or type(function).__name__})")


def _encoded(machine: _Machine, text: str) -> bytes:
    machine.encodable -= len(text)
    if machine.encodable < 0:
        raise ValueError("a damaged pickle (more bytes than it has)")
    return text.encode("latin-1")


def _build(machine: _Machine) -> None:
    """Gives an array its content, or a type its byte order."""
    target, state = machine.take(2)
    machine.stack.append(target)
    if isinstance(target, _Type):
        target.order = _text(state[1])
    elif isinstance(target, _Array):
        _, shape, kind, fortran, content = state
        if not isinstance(content, bytes) or not isinstance(kind, _Type) or kind.order not in ("<", ">", "|", "="):
            raise ValueError("a pickle of other arrays than of whole numbers")
        values = np.frombuffer(content, dtype=f"{kind.order}{kind.kind}")
        target.values = values.reshape(shape, order="F" if fortran else "C")
    else:
        raise ValueError(f"a pickle that is more than plain values ({type(target).__name__})")


def _text(value: object) -> str:
    """Text as it is: printing or hashing what refers to itself over and over would take for ever."""
    if not isinstance(value, str | bytes):
        raise ValueError(f"a damaged pickle ({type(value).__name__} in the place of text)")
    return value.decode("latin-1") if isinstance(value, bytes) else value


_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_PUSHED = (
    *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES"),
)
_BYTE_STRINGS = ("STRING", "BINSTRING", "SHORT_BINSTRING")
_ACTIONS: Mapping[str, Callable[[_Machine], None]] = {
    "TUPLE": lambda m: m.stack.append(tuple(m.marked())),
    "TUPLE1": lambda m: m.stack.append(m.take(1)),
    "TUPLE2": lambda m: m.stack.append(m.take(2)),
    "TUPLE3": lambda m: m.stack.append(m.take(3)),
    "LIST": lambda m: m.stack.append(m.marked()),
    "DICT": lambda m: m.stack.append(_mapping(m.marked())),
    "APPEND": lambda m: _extend(m, list(m.take(1))),
    "APPENDS": lambda m: _extend(m, m.marked()),
    "SETITEM": lambda m: _set(m, list(m.take(2))),
    "SETITEMS": lambda m: _set(m, m.marked()),
    "STACK_GLOBAL": lambda m: m.stack.append(_admitted(" ".join(map(_text, m.take(2))))),
    "REDUCE": _reduce,
    "BUILD": _build,
}
