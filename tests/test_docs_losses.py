"""docs/losses.md: its tables are the catalogue and the classes of `nn`, and every check of the audit is explained."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from lossbench.losses import CATALOGUE
from lossbench.losses.audit import audit
from lossbench.nn import CLASSES
from lossbench.spec import print_value

PAGE = Path(__file__).parents[1] / "docs/losses.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEGIN, END = "<!-- catalogue -->\n", "<!-- end of catalogue -->"
FIRST, LAST = "<!-- modules -->\n", "<!-- end of modules -->"
OPTIONS = frozenset({"weight", "ignore_index", "reduction", "label_smoothing"})


def table() -> str:
    """The catalogue as the page has it; `python tests/test_docs_losses.py` puts it there."""
    lines = [f"The catalogue has {len(CATALOGUE)} losses."]
    for family in dict.fromkeys(loss.card.family for loss in CATALOGUE.values()):
        lines += ["", f"**{family[0].upper()}{family[1:]}**", "", "| loss | what it is for | needs | soft targets |"]
        lines.append("|---|---|---|---|")
        for card in (loss.card for loss in CATALOGUE.values() if loss.card.family == family):
            settings = ", ".join(f"{h.name}={_short(print_value(h.default))}" for h in card.hyperparameters)
            needs = ", ".join(f"`{need}`" for need in sorted(card.needs))
            soft = "yes" if card.properties.soft_targets else ""
            lines.append(f"| `{card.name}{f'({settings})' if settings else ''}` | {card.purpose} | {needs} | {soft} |")
    return "\n".join(["", *lines, "", ""])


def modules() -> str:
    """The classes as the page has them."""
    lines = ["| class | loss | arguments beside torch's |", "|---|---|---|"]
    for name, cls in CLASSES.items():
        given = [item for item in inspect.signature(cls).parameters.values() if item.name not in OPTIONS]
        arguments = ", ".join(f"`{_argument(item)}`" for item in given)
        lines.append(f"| `{name}` | `{cls.card.name}` | {arguments} |")
    return "\n".join(["", *lines, "", ""])


def _argument(item: inspect.Parameter) -> str:
    if item.default is item.empty:
        return item.name
    return f"{item.name}={round(item.default, 4) if isinstance(item.default, float) else item.default!r}"


def _short(value: str) -> str:
    return f"{float(value):.4g}" if re.fullmatch(r"-?\d+\.\d{5,}", value) else value


def test_the_table_is_the_catalogue() -> None:
    written = TEXT.split(BEGIN)[1].split(END)[0]
    assert written == table(), "python tests/test_docs_losses.py writes it"


def test_the_table_of_modules_is_that_of_the_classes() -> None:
    assert TEXT.split(FIRST)[1].split(LAST)[0] == modules(), "python tests/test_docs_losses.py writes it"


def test_every_check_of_the_audit_is_explained() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT.split("## The audit")[1], re.MULTILINE)
    explained = {name.strip() for row in rows for name in row.split(",")} - {"check"}
    assert explained == {check.name for check in audit("focal").checks}


def _with(text: str, begin: str, new: str, end: str) -> str:
    before, rest = text.split(begin)
    return before + begin + new + end + rest.split(end)[1]


if __name__ == "__main__":
    PAGE.write_text(_with(_with(TEXT, BEGIN, table(), END), FIRST, modules(), LAST), encoding="utf-8")
