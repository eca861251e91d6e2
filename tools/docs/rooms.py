"""The rooms drawn: a square per import from one room to another, and a table of what each room is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.docs.markdown import table, text
from tools.rooms import PACKAGE, ROOMS, imported

__all__ = ["rooms_drawn", "rooms_table"]

_CELL, _LEFT, _TOP = 20, 90, 84


def rooms_drawn() -> str:
    """An SVG in one line: row by row which rooms a room imports; what lies right of the diagonal would be forbidden."""
    graph = imported()
    count = sum(map(len, graph.values()))
    side = len(ROOMS) * _CELL
    said = f"{count} pairs of rooms of which one imports the other; every one lies left of the diagonal."
    box = f"0 0 {_LEFT + side + 4} {_TOP + side + 4}"
    head = f'<svg class="rooms" viewBox="{box}" role="img" aria-label="{said}">'
    return f'<figure class="drawn">{head}{"".join(_parts(graph))}</svg><figcaption>{said}</figcaption></figure>'


def rooms_table() -> str:
    """What each room is, in the first sentence of its own docstring."""
    return table(["room", "what it is"], [[f"`{room}`", text(_sentence(room))] for room in ROOMS])


def _parts(graph: dict[str, set[str]]) -> Iterator[str]:
    side = len(ROOMS) * _CELL
    for row, room in enumerate(ROOMS):
        y, x = _TOP + row * _CELL, _LEFT + row * _CELL
        yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{room}</text>'
        yield f'<text transform="translate({x + 14},{_TOP - 8}) rotate(-60)">{room}</text>'
        yield f'<path class="line" d="M{_LEFT},{y}H{_LEFT + side}M{x},{_TOP}V{_TOP + side}"/>'
        yield f'<rect class="own" x="{x + 2}" y="{y + 2}" width="{_CELL - 4}" height="{_CELL - 4}"/>'
        for other in sorted(graph[room], key=ROOMS.index):
            at = _LEFT + ROOMS.index(other) * _CELL
            place = f'x="{at + 3}" y="{y + 3}" width="{_CELL - 6}" height="{_CELL - 6}"'
            yield f'<rect class="import" {place}><title>{room} imports {other}</title></rect>'


def _sentence(room: str) -> str:
    file = PACKAGE / room / "__init__.py"
    source = file if file.exists() else PACKAGE / f"{room}.py"
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split())
