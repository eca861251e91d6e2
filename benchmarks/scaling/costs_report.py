"""What it costs to read and to report a study of so many trials, as a user meets it: whole commands."""

from __future__ import annotations

from pathlib import Path

from benchmarks.scaling.made_store import made_data, made_store
from benchmarks.scaling.shapes import SHAPES, study_of
from benchmarks.scaling.timed import Process, process

__all__ = ["report_costs"]

_ONE = 1e6


def report_costs(name: str, folder: Path) -> dict[str, float]:
    """Of one shape: seconds and megabytes of each command, and how large its pages and its folder are.

    Args:
        name: of the shape.
        folder: where the study is made, unless it is there from before.
    """
    save_dir = folder / "log"
    study = study_of(SHAPES[name], made_data(folder))
    if not (save_dir / "studies").exists():
        made_store(study, save_dir)
    asked = folder / "study.yaml"
    asked.write_text(study.to_yaml(), encoding="utf-8")
    found: dict[str, float] = {"trials": SHAPES[name].trials, "conditions": len(study.conditions)}
    for what, words in (
        ("status", ("status", str(save_dir))),
        ("report", ("report", str(save_dir))),
        ("dry_run", ("run", str(asked), "--save-dir", str(save_dir), "--dry-run")),
    ):
        found |= _columns(what, process(*words))
    pages = sorted(save_dir.rglob("report.html"), key=lambda page: page.stat().st_size)
    files = [file for file in (save_dir / "studies").rglob("*") if file.is_file()]
    return {
        **found,
        "losses": len(study.losses),
        "largest_page_megabytes": pages[-1].stat().st_size / _ONE,
        "first_page_megabytes": (save_dir / "studies" / "made" / "report.html").stat().st_size / _ONE,
        "study_folder_megabytes": sum(file.stat().st_size for file in files) / _ONE,
    }


def _columns(what: str, took: Process) -> dict[str, float]:
    return {
        f"{what}_seconds": took.seconds,
        f"{what}_processor_seconds": took.processor,
        f"{what}_megabytes": took.megabytes,
    }
