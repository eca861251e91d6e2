"""docs/losses.md: its table is the catalogue, and every check of the audit is explained."""

from __future__ import annotations

import re
from pathlib import Path

from lossbench.losses import CATALOGUE
from lossbench.losses.audit import audit
from lossbench.spec import print_value

PAGE = Path(__file__).parents[1] / "docs/losses.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEGIN, END = "<!-- catalogue -->\n", "<!-- end of catalogue -->"


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


def _short(value: str) -> str:
    return f"{float(value):.4g}" if re.fullmatch(r"-?\d+\.\d{5,}", value) else value


def test_the_table_is_the_catalogue() -> None:
    written = TEXT.split(BEGIN)[1].split(END)[0]
    assert written == table(), "python tests/test_docs_losses.py writes it"


def test_every_check_of_the_audit_is_explained() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT.split("## The audit")[1], re.MULTILINE)
    explained = {name.strip() for row in rows for name in row.split(",")} - {"check"}
    assert explained == {check.name for check in audit("focal").checks}


if __name__ == "__main__":
    before, rest = TEXT.split(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.split(END)[1], encoding="utf-8")
