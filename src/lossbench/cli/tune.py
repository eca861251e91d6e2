"""`lossbench tune`: the same tuning budget for every loss, and the study that confirms what was chosen."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli.complete import DEVICES, one_of
from lossbench.cli.console import make_console
from lossbench.cli.number import number
from lossbench.cli.overrides import build_study
from lossbench.cli.progress import follow
from lossbench.cli.show_tuning import show_planned, show_tuning
from lossbench.cli.workers import workers_of
from lossbench.errors import RequestError, SaveDirError
from lossbench.files import write_atomically
from lossbench.spec import PRESETS

if TYPE_CHECKING:
    from lossbench.api.tuning.tune import Planned
    from lossbench.api.tuning.tuning import Tuning

__all__ = ["tune"]


def tune(
    study: Annotated[
        Path | None, typer.Argument(metavar="STUDY.yaml", help="A study file; `lossbench init` writes one.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help=f"A study to start from: {', '.join(PRESETS)}.")] = None,
    budget: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Settings tried for each loss, its own first. [default: 20]"),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Which of the study's models, where it has several.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Which of its scenarios, where it has several.")] = None,
    seeds: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Fresh seeds of the confirmation. [default: as many as before]"),
    ] = None,
    tune_seeds: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Seeds that each setting is tried with. [default: 1]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the confirmation goes. [default: <study>-tuned.yaml]")
    ] = None,
    save_dir: Annotated[Path, typer.Option(help="Where results are kept and found again.")] = Path("log"),
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where named data sets are looked for first.")
    ] = None,
    workers: Annotated[str, typer.Option(help="Worker processes: a number, or auto for one per core.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", autocompletion=one_of(DEVICES))] = "auto",
    executor: Annotated[str, typer.Option(help="processes, or inline for this process alone.")] = "processes",
) -> None:
    """Give every loss of a study the same tuning budget, and write the study that confirms what was chosen.

    Learning rates, and hyperparameters that the study leaves open, are tried on validation data; no test label is
    read. The confirmation compares every loss as it was asked for and as tuned, on fresh seeds. An interrupted tuning
    goes on where it was, and a larger budget adds to a smaller one.
    """
    asked = build_study(study, preset, {})

    from lossbench.api.tuning.one import one_condition
    from lossbench.api.tuning.tune import plan_tuning  # torch takes a second or two

    at_most = workers_of(workers)
    chosen = one_condition(asked, model, scenario)
    with _in_options_words():
        planned = plan_tuning(
            chosen,
            20 if budget is None else budget,
            seeds=seeds,
            tune_seeds=1 if tune_seeds is None else tune_seeds,
            save_dir=save_dir,
            data_dir=data_dir,
            device=device,
        )
    tuning = _tune(planned, executor, at_most)
    show_tuning(make_console(), tuning)
    file = out or Path(f"{tuning.study.name}.yaml")
    _write(file, tuning.study.to_yaml())
    again = ["lossbench", "run", str(file)]
    again += [] if save_dir == Path("log") else ["--save-dir", str(save_dir)]
    again += [] if data_dir is None else ["--data-dir", str(data_dir)]
    _say(f"confirmation: {file}; run it with: {shlex.join(again)}")
    raise typer.Exit(1 if any(one.count("failed") for one in tuning.losses) else 0)


def _tune(planned: Planned, executor: str, workers: int | None) -> Tuning:
    """Tries what is missing, and shows how it goes."""
    from lossbench.api.tuning.tune import tune_missing

    console, job = make_console(), planned.jobs[0]
    missing = {job.key: job.label for job in planned.missing}
    show_planned(console, planned, len(missing))
    with follow(console, missing, job.budget * job.epochs, f"validation {job.metric}") as notify:
        return tune_missing(planned, notify, executor=executor, workers=workers)


def _write(file: Path, text: str) -> None:
    """Writes the confirmation, unless another one is there."""
    try:
        if file.exists():
            if file.read_text(encoding="utf-8") != text:
                hint = "move it away, or name another with --out; what was tried is kept"
                raise RequestError("--out", "a file that does not exist yet, or says the same", str(file), hint)
            return
        write_atomically(file, text)
    except (OSError, UnicodeDecodeError) as error:
        raise SaveDirError("--out", "a file that can be written", str(file), str(error)) from None


@contextmanager
def _in_options_words() -> Iterator[None]:
    """Names the option in a complaint about what it brought."""
    try:
        yield
    except RequestError as error:
        named = {"budget": "--budget", "seeds": "--seeds", "tune_seeds": "--tune-seeds"}
        raise error.renamed(named.get(error.field, error.field)) from None


def _say(words: str) -> None:
    make_console().print(words, markup=False, highlight=False, soft_wrap=True)
