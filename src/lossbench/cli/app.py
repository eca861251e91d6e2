"""The commands: arguments and printing only."""

from __future__ import annotations

import shlex
import time
import webbrowser
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli import cluster_options, recipe_options, show, study_options
from lossbench.cli.compare import compare
from lossbench.cli.complete import DEVICES, TRACKERS, one_of
from lossbench.cli.console import make_console
from lossbench.cli.doctor import doctor
from lossbench.cli.export import export
from lossbench.cli.losses import audit, losses
from lossbench.cli.merge import merge
from lossbench.cli.named import DataDir, data, init, models, presets
from lossbench.cli.number import number
from lossbench.cli.overrides import build_study, naming
from lossbench.cli.predict import predict
from lossbench.cli.progress import follow
from lossbench.cli.prune import prune
from lossbench.cli.shard import Shards, shard_of, show_part, show_shard
from lossbench.cli.show_faults import show_unmeasured, show_what_is_wrong
from lossbench.cli.show_looks import show_look, show_stages, show_untestable
from lossbench.cli.status import Folder, status
from lossbench.cli.tracker_forms import TRACKER_FORMS
from lossbench.cli.tune import tune
from lossbench.cli.version import root
from lossbench.cli.watch import watch
from lossbench.cli.workers import checkpoint_seconds_of, stack_of, workers_of

if TYPE_CHECKING:
    from lossbench.api import running
    from lossbench.results import Results
    from lossbench.run import Event, Executor, Notify, Profile
    from lossbench.spec import Condition, Study

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

app.callback(
    help=(
        "Which loss function should this classifier be trained with, and is the difference real?\n\n"
        "`lossbench run` alone compares L1, cross entropy and focal loss on the digits that scikit-learn carries: "
        "no download, under a minute. `lossbench init` writes a study file to start your own from."
    ),
)(root)


Pictures = Annotated[
    bool, typer.Option("--pictures/--no-pictures", help="Whether the report shows sample pictures of the data.")
]


@app.command()
def run(
    study: Annotated[Path | None, typer.Argument(help="A study file; `lossbench init` writes one.")] = None,
    preset: study_options.Preset = None,
    name: study_options.Name = None,
    data: study_options.Data = None,
    data_dir: DataDir = None,
    image_column: study_options.ImageColumn = None,
    label_column: study_options.LabelColumn = None,
    size: study_options.Size = None,
    model: study_options.Models = None,
    losses: study_options.Losses = None,
    scenario: study_options.Scenarios = None,
    scale: study_options.Scale = None,
    seeds: study_options.Seeds = None,
    metric: study_options.Metrics = None,
    epochs: recipe_options.Epochs = None,
    batch_size: recipe_options.BatchSize = None,
    optimizer: recipe_options.Optimizer = None,
    lr: recipe_options.Rate = None,
    momentum: recipe_options.Momentum = None,
    nesterov: recipe_options.Nesterov = None,
    weight_decay: recipe_options.WeightDecay = None,
    schedule: recipe_options.Schedule = None,
    lr_step: recipe_options.Step = None,
    lr_gamma: recipe_options.Gamma = None,
    milestones: recipe_options.Milestones = None,
    warmup: recipe_options.Warmup = None,
    clip: recipe_options.Clip = None,
    augmentation: recipe_options.Augmentation = None,
    mixup: recipe_options.Mixup = None,
    eval_interval: recipe_options.EvalInterval = None,
    train_metrics: recipe_options.TrainMetrics = None,
    save_dir: Annotated[Path, typer.Option(help="Where results are kept and found again.")] = Path("log"),
    workers: Annotated[
        str, typer.Option(help="Worker processes: a number, or auto for one per GPU, or else per core.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", autocompletion=one_of(DEVICES))] = "auto",
    precision: recipe_options.Precision = None,
    executor: cluster_options.Executor = "processes",
    stack: cluster_options.Stack = None,
    address: cluster_options.Address = None,
    cpus_per_trial: cluster_options.Cpus = None,
    gpus_per_trial: cluster_options.Gpus = None,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided", help="Add seeds, with looks at 3, 5, 8, 12, 18 and 30, until every question is decided."
        ),
    ] = False,
    max_seeds: Annotated[
        float | None,
        typer.Option(parser=number, metavar="N", help="The most seeds of --until-decided, 3 to 30. [default: 30]"),
    ] = None,
    keep_weights: Annotated[bool, typer.Option("--keep-weights", help="Keep each trial's last weights.")] = False,
    shard: Shards = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try trials again whose loss or model raised in an earlier run.")
    ] = False,
    checkpoint_seconds: Annotated[
        float | None,
        typer.Option(
            parser=number, metavar="X", help="How much training a crash may cost, 0 to 86400 seconds. [default: 5]"
        ),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the time went, and write it to profile.csv.")
    ] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACKER",
            help=f"Tell a tracker of each trial as it is trained: {TRACKER_FORMS}; may be repeated.",
            autocompletion=one_of(TRACKERS),
        ),
    ] = None,
    pictures: Pictures = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the trials and estimate time and disk; train and write nothing.")
    ] = False,
) -> None:
    """Train what is missing of a study, and write its report.

    A trial that the save dir already has is never trained again: adding a loss trains that loss alone, and an
    interrupted run goes on where it was.
    """
    began = time.perf_counter()
    options = {
        "--name": name,
        "--data": data,
        "--image-column": image_column,
        "--label-column": label_column,
        "--size": size,
        "--model": model,
        "--losses": losses,
        "--scenario": scenario,
        "--scale": scale,
        "--seeds": seeds,
        "--metric": metric,
        "--epochs": epochs,
        "--batch-size": batch_size,
        "--optimizer": optimizer,
        "--lr": lr,
        "--momentum": momentum,
        "--nesterov": nesterov,
        "--weight-decay": weight_decay,
        "--schedule": schedule,
        "--lr-step": lr_step,
        "--lr-gamma": lr_gamma,
        "--milestones": milestones,
        "--warmup": warmup,
        "--clip": clip,
        "--augmentation": augmentation,
        "--mixup": mixup,
        "--eval-interval": eval_interval,
        "--train-metrics": train_metrics,
        "--precision": precision,
        "--until-decided": until_decided or None,
        "--max-seeds": max_seeds,
    }
    asked = build_study(study, preset, options)
    part = shard_of(shard, asked)

    from lossbench.api import executors, running  # torch takes a second or two, which a wrong option need not wait for
    from lossbench.api.trackers import concluded, own_of, telling, trials_of
    from lossbench.run import Profile

    at_most = checkpoint_seconds_of(checkpoint_seconds)
    chosen = executors.make_executor(
        executor,
        workers_of(workers),
        device=device,
        stack=stack_of(stack),
        address=address,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
    )
    settled, elsewhere = executors.device_for(chosen, device)
    stages = running.stages(asked, save_dir)
    prepare = naming("--metric", metric)(
        partial(running.prepare, save_dir=save_dir, data_dir=data_dir, device=settled, elsewhere=elsewhere, shard=part)
    )
    if dry_run:
        prepared = prepare(stages[-1], retry_failed=retry_failed)
        with executors.closing(chosen):
            show.show_plan(make_console(), prepared, chosen, keep_weights=keep_weights)
        show_part(make_console(), prepared)
        show_stages(make_console(), stages)
        show_untestable(make_console(), prepared.untestable)
        return
    with executors.closing(chosen), telling(track or (), "--track", _complain) as feed:
        measured = Profile(1, began)

        def take(stage: Study, *, first: bool) -> tuple[running.Prepared, Mapping[Condition, Results]]:
            prepared = prepare(stage, retry_failed=retry_failed and first)
            if first:
                show_untestable(make_console(), prepared.untestable)
            feed.follow(prepared.store, trials_of(prepared), own_of(prepared))
            if track and first and (before := prepared.ended):
                folder = prepared.store.study_folder(prepared.study.name)
                were = "trial was" if before == 1 else "trials were"
                _complain(
                    f"{before} {were} finished before this run, and the trackers are not told of that; "
                    f"`lossbench export {shlex.quote(str(folder))} --to TRACKER` sends the whole study"
                )
            heard = (measured.heard, feed)
            return prepared, _train(prepared, chosen, measured, heard, keep_weights, at_most)

        for look in running.looks(stages, save_dir, take, pictures=False):
            last, stage = look, look.prepared.study
            show_unmeasured(make_console(), [lost for item in look.within for lost in item.results.unmeasured])
            if stage.plan.max_seeds is not None:
                after = len(look.after.seeds) if look.after else None
                show_look(make_console(), len(stage.seeds), look.still_open, after)
            measured.lap("reporting")
        if part is None:
            page = running.write(last.prepared, last.within, pictures=pictures)
            feed.conclude(lambda: concluded(last.prepared.study, last.within, page))
            measured.lap("reporting")
            show.show_answers(make_console(), last.within, page)
    ended = all(item.results.all_ended for item in last.within)
    if part is not None:
        ended = show_shard(make_console(), last.prepared)
    if profile:
        show.show_profile(make_console(), measured.rows(), running.write_profile(last.prepared, measured))
    raise typer.Exit(0 if ended else 1)


@app.command()
def report(
    folder: Folder,
    form: Annotated[
        str, typer.Option("--format", help="html, md, pdf, tex, separated by commas; pdf needs the extra pdf.")
    ] = "html",
    pictures: Pictures = True,
    show_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a study's tables, figures and report anew from the store."""
    from lossbench.api.reading import report as write
    from lossbench.report import parse_forms

    within, page = write(folder, parse_forms(form), pictures=pictures)
    show.show_answers(make_console(), within, page)
    if show_it and not _opened(page):
        make_console().print("no browser could be opened; open that file yourself", highlight=False)


app.command()(status)
app.command()(tune)
app.command()(watch)
app.command()(predict)
app.command()(export)
app.command()(prune)
app.command()(merge)
app.command()(compare)
app.command()(losses)
app.command()(audit)
app.command()(models)
app.command()(data)
app.command()(presets)
app.command()(init)
app.command()(doctor)


def _opened(page: Path) -> bool:
    """Opens a file in the browser; whether there is one."""
    try:
        return webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False


def _complain(sentence: str) -> None:
    make_console().print(sentence, markup=False, highlight=False, soft_wrap=True)


def _train(
    prepared: running.Prepared,
    executor: Executor,
    profile: Profile,
    listeners: Sequence[Notify],
    keep_weights: bool,
    checkpoint_seconds: float,
) -> Mapping[Condition, Results]:
    """Trains what is missing, and shows how it goes; the listeners are told of every event."""
    from lossbench.api import executors, running

    study, trials = prepared.study, prepared.trials
    out = make_console()
    missing, before = {key: words for key, (words, _) in prepared.missing.items()}, prepared.ended
    show_what_is_wrong(out, prepared)
    if missing:
        profile.has_workers(executor.workers)
        at_a_time = executors.words_of(executor)
        words = f"{prepared.told}: {len(missing)} of {len(trials)} trials to train, {at_a_time}"
    elif prepared.left_out or not trials:
        words = f"{prepared.told}: nothing to train"
    else:
        words = f"{prepared.told}: nothing to train, all {len(trials)} trials are in {prepared.store.root}"
    out.print(words, markup=False, highlight=False, soft_wrap=True)
    with follow(out, missing, study.recipe.epochs) as notify:

        def heard(event: Event) -> None:
            for listener in listeners:
                listener(event)
            if event.key in missing:  # not where another process took a finished trial away just now
                notify(event)

        profile.lap("preparing")
        results = running.train_missing(
            prepared, executor, heard, keep_weights=keep_weights, checkpoint_seconds=checkpoint_seconds
        )
        profile.lap("training")
    if keep_weights and before:
        words = f"{before} trials were finished before this run; it added no weights to them"
        out.print(words, highlight=False, soft_wrap=True)
    return results
