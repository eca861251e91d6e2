"""The code blocks of a page, each with what stands before it about how it is run.

A block has a language: `sh` holds commands, one a line; `python` is run, all of a page in one namespace; `yaml` is a
study or part of one; `text` is shown only. With `title="name"` a block is a file of that name in the page's folder;
with `title="output"` it is what the block before it printed, in which numbers may differ and `...` is anything; with
`title="output on one machine"` most of its words have to be, where a verdict hangs on the last bits.

A comment before a block changes how it is run, for a stated reason: `not run: ...`; `read: ...`, commands whose options
are read and nothing more; `dry run: ...`, where --dry-run is added; `quick: ...`, where two seeds of one epoch are
enough; `exit code: 1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

__all__ = ["COMMANDS", "LANGUAGES", "ROOT", "Block", "blocks", "pages"]

ROOT = Path(__file__).parents[2]
COMMANDS = ("sh", "bash", "console", "shell")
LANGUAGES = (*COMMANDS, "python", "yaml", "text", "json", "csv", "toml", "ini", "html")
_MARKERS = ("not run", "read", "dry run", "quick", "exit code")


@dataclass(frozen=True)
class Block:
    """One code block.

    Args:
        line: where it begins on its page.
        language: the first word after the fence; empty for one that has none, or is only indented.
        title: the file that it is, or `output`; may be empty.
        body: its lines.
        markers: what the comments before it say, by kind.
    """

    line: int
    language: str
    title: str
    body: str
    markers: dict[str, str]


def pages() -> list[Path]:
    """The pages whose blocks are run."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """The blocks of a page in their order.

    Raises:
        ValueError: a comment that begins like one about a block and gives no reason.
    """
    found, markers = [], dict[str, str]()
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            markers |= _markers(token.content)
        elif token.type in ("fence", "code_block"):
            language, _, rest = token.info.strip().partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(line, language, title[1] if title else "", token.content, markers))
            markers = {}
        elif token.type == "heading_open":
            markers = {}
    return found


def _markers(comment: str) -> dict[str, str]:
    said = re.findall(rf"<!-- ({'|'.join(_MARKERS)}): *(.*?) *-->", comment, re.DOTALL)
    if not all(reason for _, reason in said):
        raise ValueError(f"no reason is given in {comment.strip()}")
    return dict(said)
