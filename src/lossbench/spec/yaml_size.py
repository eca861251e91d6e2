"""How large a YAML document would become, found out before any value of it is made."""

from __future__ import annotations

import yaml

__all__ = ["check_size"]

_MOST_VALUES = 1_000_000  # those that aliases stand for counted each time
_MOST_DIGITS = 10_000  # of a whole number: what is shorter takes no time, and is refused where it stands
_WHOLE = "tag:yaml.org,2002:int"


def check_size(root: yaml.Node) -> None:
    """Refuses a document that makes much of little.

    Aliases are shared while they are only read; merge keys (`<<`) unfold them, and looking through what was read may.
    A number in base 60 takes a time that grows with the square of its length.

    Raises:
        ValueError: it stands for too many values, or has a whole number of too many digits.
    """
    sizes: dict[int, int] = {}  # by node; 0 while a node is looked at, so that one that holds itself counts once
    waiting = [root]
    while waiting:
        node = waiting[-1]
        if sizes.get(id(node), 0):
            waiting.pop()
            continue
        children = _children(node)
        if id(node) not in sizes:
            sizes[id(node)] = 0
            waiting += [child for child in children if id(child) not in sizes]
            continue
        waiting.pop()
        sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
        if sizes[id(node)] > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values, aliases unfolded")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if node.tag == _WHOLE and len(node.value) > _MOST_DIGITS:
        raise ValueError(f"a whole number of {len(node.value):,} digits in line {node.start_mark.line + 1}")
    return []
