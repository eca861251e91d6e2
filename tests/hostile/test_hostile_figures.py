"""Names that the renderer of figures would end the process over, and the other forms of a report."""

from __future__ import annotations

import json
import re

import pytest

from lossbench.analysis import analyse
from lossbench.figures import draw, render_png, render_svg
from lossbench.figures.render import _writable
from lossbench.report.blocks import blocks
from lossbench.report.latex import latex_tables
from lossbench.report.markdown import markdown
from lossbench.report.pdf import pdf
from synthetic import study

LABELS = ("a\x1b[31m\x00\uffff", "</text><script>alert(1)</script>", "\\input{/etc/passwd}", '#read("/etc/passwd")')
CLASSES = ("c\x1b\x07\ufffe", "</script>", "\\write18{id}")


def test_every_figure_of_such_names_is_drawn() -> None:
    """Each in this process: were one of them the end of it, no test would follow."""
    results = study(losses=LABELS, seeds=2, epochs=2, classes=CLASSES, name="n\x1b")
    figures = draw(results, analyse(results))
    kinds = {re.sub(r"-.*", "", figure.slug): figure for figure in figures}
    assert {"ranking", "confusion", "comparisons", "training"} <= set(kinds)
    svgs = {}
    for figure in kinds.values():
        svg = svgs[figure.number] = render_svg(figure)
        assert "<script" not in svg
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", svg)
    assert render_png(next(iter(svgs.values()))).startswith(b"\x89PNG")


def test_the_other_forms() -> None:
    results = study(losses=LABELS, seeds=2, epochs=2, classes=CLASSES, name="n\x1b")
    whole = blocks(results, analyse(results), ())
    text = markdown(whole)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert "`</text><script>alert(1)</script>`" in text
    for table in latex_tables(whole).values():
        assert "\\input" not in table
        assert "\\write" not in table
        assert not re.search("[\x00-\x08\x0b-\x1f]", table)
    assert pdf(whole, {}).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "text", ["a\x1b[0m", "a\\\x1b", "\\u001b", "\\\\\x07b", "\b\f\n\t\x7f\uffff", "é\U0001f600", "\\"]
)
def test_only_what_no_svg_can_hold_is_changed(text: str) -> None:
    back = json.loads(_writable(json.dumps(text)))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", back)
    if not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
        assert back == text
