"""`python -m tools.docs` makes the pages that come from code, builds the site, and looks through what was built."""

from __future__ import annotations

import argparse
import sys

from tools.docs.build import build
from tools.docs.pages import ROOT, prepare


def main() -> int:
    """Builds the site; 1 where something is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument(
        "--no-notebooks", action="store_true", help="do not run the notebooks: their outputs are left out"
    )
    asked = parser.parse_args()
    prepare(ROOT / "build/docs", execute=not asked.no_notebooks)
    found = build(ROOT)
    for words in found:
        print(words, file=sys.stderr)
    count = len(list((ROOT / "site").rglob("*.html")))
    print(f"site/index.html: {count} pages" if not found else "the site has faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
