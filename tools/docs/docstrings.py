"""An extension of griffe, which reads code for the site: formulas become MathML, a spec's fields its arguments."""

from __future__ import annotations

import re
from typing import Any

import griffe

from lossbench.report.formula import formula

__all__ = ["Extension", "with_markup"]

_MATH = re.compile(r"^\.\. math::[ \n]*(.+(?:\n +.+)*)", re.MULTILINE)


class Extension(griffe.Extension):
    """What mkdocstrings asks for each object; `mkdocs.yml` names this file."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Writes every formula of a docstring as markup."""
        if obj.docstring:
            obj.docstring.value = with_markup(obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Gives a spec, which is checked as it is made, a signature of its fields."""
        if any(str(base).rpartition(".")[2] == "Spec" for base in cls.bases):
            parameters = [_parameter(one) for one in cls.attributes.values() if _is_field(one)]
            cls.set_member("__init__", griffe.Function("__init__", parameters=griffe.Parameters(*parameters)))


def with_markup(docstring: str) -> str:
    """A docstring with each of its formulas as MathML."""
    return _MATH.sub(lambda found: f'<div class="formula">{formula(" ".join(found[1].split()))}</div>', docstring)


def _is_field(one: griffe.Attribute) -> bool:
    return one.annotation is not None and not one.name.startswith("_") and "ClassVar" not in str(one.annotation)


def _parameter(one: griffe.Attribute) -> griffe.Parameter:
    kind = griffe.ParameterKind.keyword_only
    return griffe.Parameter(one.name, annotation=one.annotation, kind=kind, default=one.value)
