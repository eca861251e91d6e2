"""YAML as study files have it: read strictly, and written so that it reads back as itself."""

from __future__ import annotations

from typing import Any

import yaml

from lossbench.spec.yaml_size import check_size

__all__ = ["RepeatedKeyError", "read_yaml", "write_yaml"]

_BREAKS = frozenset("\r\x85\u2028\u2029")  # line breaks to YAML, which as such come back as others


class RepeatedKeyError(yaml.YAMLError):
    """A mapping has a key twice, of which YAML would silently take the last."""

    def __init__(self, key: str, first: int, second: int) -> None:
        super().__init__(key, first, second)
        self.key, self.first, self.second = key, first, second

    def __str__(self) -> str:
        lines = f"line {self.first}" if self.first == self.second else f"lines {self.first} and {self.second}"
        return f"{self.key} twice ({lines})"


class _Loader(yaml.SafeLoader):
    """Plain values alone, and every key once."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:  # before merge keys are unfolded, whose values a mapping may say anew
            if isinstance(key, yaml.ScalarNode):
                name, line = (key.tag, key.value), key.start_mark.line + 1
                if name in lines:
                    raise RepeatedKeyError(key.value, lines[name], line)
                lines[name] = line
        return node


class _Dumper(yaml.SafeDumper):
    """Text with line breaks that are not newlines is written by their numbers, in double quotes."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = '"' if _BREAKS & set(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def read_yaml(text: str) -> Any:
    """The value that the text stands for.

    Raises:
        yaml.YAMLError: the text is no YAML; as a RepeatedKeyError where a mapping has a key twice.
        ValueError, LookupError, ArithmeticError, AttributeError, TypeError, RecursionError: what YAML's own
            constructors raise of a value that is not of its tag, as `!!int x` or 2020-13-45; of a document that makes
            much of little, a ValueError.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        check_size(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def write_yaml(values: Any) -> str:
    """The text that `read_yaml` reads back: in the order of the values, letters of any language as they are."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
