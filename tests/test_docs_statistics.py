"""docs/statistics.md: what it says to a sceptical reader is what its simulation's table says."""

from __future__ import annotations

from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs/statistics.md").read_text(encoding="utf-8")
TABLE, SAID = (
    TEXT.split("<!-- simulation -->")[1].split("<!-- end of simulation -->")[0],
    TEXT.split("## Objections")[1],
)


def shares(counted: str, of: str = "") -> list[float]:
    """Every number of the table in the rows that count something of some studies."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()[2:]]
    found = [row[2:6] for row in rows if row[0].startswith(counted) and of in row[1]]
    return [float(cell) for cells in found for cell in cells if cell]


@pytest.mark.parametrize(
    ("counted", "of", "words"),
    [
        ("paired t holds for retraining", "variance from", "in {low:.1%} to {high:.1%} of 20,000 made-up studies"),
        ("crossed holds for new pictures", "variance from", "in {low:.1%} to {high:.1%}, where"),
        ("paired t, read for new pictures", "variance from pictures", "as few as {low:.0%}"),
        ("a difference where there is none", "losses, variances", "in at most {high:.1%} of studies is any difference"),
        ("until decided: ever", "", "at most {high:.1%}, all six looks together"),
        ("paired t holds", "1 run in 20", "holds in {low:.0%}"),
    ],
)
def test_a_number_is_the_tables(counted: str, of: str, words: str) -> None:
    numbers = shares(counted, of)
    said = words.format(low=min(numbers), high=max(numbers)).replace("%", " %").replace(" % to", " to")
    assert said in " ".join(SAID.split())
