"""`python -m tools.gallery` runs the gallery's studies and writes gallery/index.html."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import lossbench
from lossbench.api.comparing import compare_and_write
from lossbench.report import summary_text
from lossbench.results import read_table
from tools.gallery.page import Card, page
from tools.gallery.studies import ELSEWHERE, STUDIES
from tools.gallery.thumbnail import thumbnail

__all__ = ["gallery"]


def gallery(out: Path, studies: Sequence[lossbench.Study] = STUDIES) -> Path:
    """Runs the studies and writes their page; gives its path. What was trained before is not trained again.

    Args:
        out: the gallery's folder.
        studies: what is trained.
    """
    began = time.perf_counter()
    cards = [*_trained(out, studies), _compared(out)]
    seconds = time.perf_counter() - began
    about = f"Each was trained and written by one command, make gallery, in {seconds:.0f} seconds all together."
    path = out / "index.html"
    path.write_text(page(cards, about), encoding="utf-8")
    return path


def _trained(out: Path, studies: Sequence[lossbench.Study]) -> Iterator[Card]:
    for study in studies:
        began = time.perf_counter()
        results = lossbench.run(study, save_dir=out / "log")
        if isinstance(results, lossbench.Conditions):
            said, trials = " ".join(results.answer[:2]), sum(one.trials.height for one in results.values())
        else:
            said, trials = _most_telling(results.answer.sentences), results.trials.height
        about = f"{trials} trials, {time.perf_counter() - began:.0f} seconds"
        yield _card(out, study.name, study.question, said, out / "log/studies" / study.name / "report.html", about)


def _most_telling(sentences: Sequence[str]) -> str:
    """The first of an answer's sentences, unless one tells of a loss that diverged."""
    return next((said for said in reversed(sentences) if "diverged" in said), sentences[0])


def _compared(out: Path) -> Card:
    results = read_table(ELSEWHERE, margin=0.005, name="from-elsewhere")
    analysis, report = compare_and_write(results, out / "from-elsewhere")
    said = summary_text(results, analysis).sentences[0]
    question = "What do made-up results of another program show?"
    assert report is not None  # noqa: S101 # a folder was named
    return _card(out, "from-elsewhere", question, said, report, "nothing trained: lossbench compare")


def _card(out: Path, name: str, question: str, said: str, report: Path, about: str) -> Card:
    picture = thumbnail(report, out / name)
    return Card(name, question, said, str(report.relative_to(out)), picture.name if picture else None, about)


def main() -> int:
    """Makes the gallery."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("gallery"), help="the gallery's folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    print(f"gallery: {gallery(asked.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
