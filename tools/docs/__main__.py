"""`python -m tools.docs prepare` writes the sources of the site, `... check` looks through what was built."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Runs one of the two; 1 where something is wrong with the site."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("what", choices=["prepare", "check"])
    parser.add_argument("--out", type=Path, default=Path("build/docs"), help="the folder of the sources")
    parser.add_argument("--site", type=Path, default=Path("site"), help="the folder of the built site")
    parser.add_argument(
        "--no-notebooks", action="store_true", help="do not run the notebooks: their outputs are left out"
    )
    asked = parser.parse_args()
    if asked.what == "prepare":
        from tools.docs.pages import prepare

        prepare(asked.out, execute=not asked.no_notebooks)
        return 0
    from tools.docs.check import complaints

    found = complaints(asked.site)
    for words in found:
        print(words, file=sys.stderr)
    print(f"{asked.site}: {len(list(asked.site.rglob('*.html')))} pages, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
