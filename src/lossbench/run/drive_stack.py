"""Jobs of one stack from claim to finish: as `drive` for one."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from lossbench.data import Pictures, prepare
from lossbench.errors import HeldError, SaveDirError, shown, told
from lossbench.imports import settings_kept
from lossbench.run.course import Course, RaisedError, failed, kept_form
from lossbench.run.drive import train_alone
from lossbench.run.ended import ended_before
from lossbench.run.halting import raise_if_halting
from lossbench.run.job import Event, Job, Notify
from lossbench.run.repeatable import repeatable
from lossbench.run.stacks import chunks
from lossbench.store import Store
from lossbench.train import Clock, Epoch, Snapshot
from lossbench.train.stack import UnstackableError, Width, measured_width, train_stack

__all__ = ["drive_stack"]

GivePictures = Callable[[], Pictures]


def drive_stack(
    jobs: Sequence[Job], pictures: GivePictures, notify: Notify, width: int | None = None, beside: int = 1
) -> None:
    """Trains jobs of one stack key unless the store has them, and tells how each ended.

    What goes wrong is noted in the store and told, not raised. A stack that cannot be trained as a whole is halved
    until it can; trials of a model that no stack has are trained one by one, and why is told.

    Args:
        jobs: what to train.
        pictures: gives their data.
        notify: is told what happens; `held` of those that somebody else trains just now.
        width: how many lanes at most; None for as many as pay, which is measured.
        beside: how many processes share the device's memory, this one among them.

    Raises:
        SaveDirError: the store cannot be written, which no other trial could be, either.
    """
    with settings_kept():
        for alike in _by_lengths(jobs, pictures):
            chosen = _width(alike, pictures, width, beside)
            for some in chunks(alike, chosen.lanes):
                with ExitStack() as claims:
                    lanes = [lane for lane in (_Lane.claimed(job, notify, claims, chosen) for job in some) if lane]
                    _train(lanes, pictures, chosen)


def _by_lengths(jobs: Sequence[Job], pictures: GivePictures) -> list[list[Job]]:
    """Jobs whose splits are of the same lengths; one whose data cannot be had is left to fail by itself."""
    alike = defaultdict[object, list[Job]](list)
    for job in jobs:
        trial = job.trial
        try:
            parts = prepare(pictures(), trial.scenario, trial.seed, trial.digests.get("label_noise"))
            alike[tuple((name, len(part)) for name, part in parts.items())].append(job)
        except Exception:  # it is said of the trial when it is trained
            alike[trial.key].append(job)
    return list(alike.values())


def _width(jobs: Sequence[Job], pictures: GivePictures, width: int | None, beside: int) -> Width:
    """How many lanes, and in which form: the one that trials were begun in, if any was.

    One lane where trying raised, for each trial to tell of it by itself.
    """
    begun = (kept_form(Store(job.save_dir), job.trial.key) for job in jobs)
    form = next((found for found in begun if found), None)
    try:
        with repeatable(jobs[0].device):
            found = measured_width([job.trial for job in jobs], pictures(), jobs[0].device, width, beside)
    except (Exception, SystemExit):  # whatever a user's model raises
        found = Width(1, "grouped")
    return Width(found.lanes, form or found.form)


class _Lane:
    """A trial that this process has claimed.

    Args:
        course: its way to its results.
        claim: lets go of it.
    """

    def __init__(self, course: Course, claim: ExitStack) -> None:
        self.course, self.claim = course, claim
        self.ended = False

    @classmethod
    def claimed(cls, job: Job, notify: Notify, claims: ExitStack, width: Width) -> _Lane | None:
        """Claims a job's trial; None where nothing is to be trained, which is told."""
        store, clock, claim = Store(Path(job.save_dir).absolute()), Clock(), ExitStack()
        lane = cls(Course(store, job, notify, clock, width.form), claim)
        try:
            claim.enter_context(store.claim(job.trial))
        except HeldError:
            notify(Event("held", job.trial.key))
            return None
        except SaveDirError as error:
            raise_if_halting(error)
            notify(Event("failed", job.trial.key, reason=shown(told(error), limit=500)))
            return None
        claims.callback(claim.close)
        notify(Event("started", job.trial.key))
        with lane.containing():
            before = ended_before(store, job.trial.key)
            if before is not None:
                lane.end(before)
        return None if lane.ended else lane

    @contextmanager
    def containing(self) -> Iterator[None]:
        """Whatever is raised inside is how the lane ends, but what ends the whole run."""
        try:
            yield
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a user's loss or model may raise anything: that trial failed
            raise_if_halting(error)
            self._tell(self._failed(error))

    def end(self, before: Event | None = None) -> None:
        """Tells how it ended, as the store has it, and lets go of it; `before` where it had ended before."""
        self._tell(self.course.ended(before))

    def _failed(self, error: BaseException) -> Event:
        course = self.course
        try:
            return failed(course.store, course.job.trial, error, course.clock)
        except SaveDirError as unkept:
            raise_if_halting(unkept)
            return Event("failed", course.key, reason=shown(told(unkept), limit=500))

    def _tell(self, last: Event) -> None:
        self.ended = True
        self.claim.close()
        self.course.notify(last)


def _train(lanes: list[_Lane], pictures: GivePictures, width: Width) -> None:
    """Trains claimed trials together; where that cannot be, in halves or one by one."""
    if not lanes:
        return
    error = _together(lanes, pictures, width)
    left = [lane for lane in lanes if not lane.ended]
    if error is None:
        error = RuntimeError("the stack ended before it")  # no lane may end without a word: somebody waits for it
        for lane in left:
            with lane.containing():
                raise error
        return
    if not left:
        return
    if isinstance(error, UnstackableError):
        for lane in left:
            _alone(lane, pictures, str(error))
    elif len(left) == 1:
        with left[0].containing():
            raise error
    else:
        gc.collect()  # what the stack had of the memory
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        middle = len(left) // 2
        for half in (left[:middle], left[middle:]):
            _train(half, pictures, width)


def _together(lanes: Sequence[_Lane], pictures: GivePictures, width: Width) -> BaseException | None:
    """Trains claimed trials as one stack; gives what ended it as a whole, if something did."""
    begun: list[tuple[_Lane, Snapshot | None]] = []
    for lane in lanes:
        with lane.containing():
            found = lane.course.begin()
            if found is not None and found.epoch >= lane.course.job.trial.recipe.epochs:
                _finish(lane, pictures(), width, len(lanes))  # all that was left to do was to write the results
            else:
                begun.append((lane, found))
    try:
        if begun:
            _epochs(begun, pictures(), width)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # of the model, which is all lanes', or of the data
        raise_if_halting(error)
        return _without_frames(error)
    return None


def _epochs(begun: Sequence[tuple[_Lane, Snapshot | None]], pictures: Pictures, width: Width) -> None:
    """Trains until every lane has ended."""
    lanes = [lane for lane, _ in begun]
    courses = [lane.course for lane in lanes]
    trials, found = [course.job.trial for course in courses], [snapshot for _, snapshot in begun]
    told_of = train_stack(
        trials,
        pictures,
        found,
        device=courses[0].job.device,
        clocks=[course.clock for course in courses],
        form=width.form,
    )
    with repeatable(courses[0].job.device):
        for place, epoch in _raised(told_of):
            lane = lanes[place]
            if lane.ended:  # its results could not be kept, which is told
                continue
            lane.course.clock.begin()
            with lane.containing():
                _note(lane, epoch, pictures, width, len(lanes))


def _note(lane: _Lane, epoch: Epoch | BaseException, pictures: Pictures, width: Width, lanes: int) -> None:
    if isinstance(epoch, BaseException):
        raise RaisedError from epoch
    torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
    lane.course.note(epoch)
    if epoch.diverged or epoch.number == lane.course.job.trial.recipe.epochs:
        _finish(lane, pictures, width, lanes)


def _finish(lane: _Lane, pictures: Pictures, width: Width, lanes: int) -> None:
    engine = "stack" if width.form == "grouped" else f"stack, {width.form}"
    lane.course.finish(pictures, engine=engine, lanes=lanes)
    lane.end()


def _raised(told_of: Iterator[tuple[int, Epoch | BaseException]]) -> Iterator[tuple[int, Epoch | BaseException]]:
    """What a stack tells; what it raises is the trials' own code's."""
    try:
        yield from told_of
    except (KeyboardInterrupt, GeneratorExit, UnstackableError):
        raise
    except BaseException as error:
        raise RaisedError from error


def _alone(lane: _Lane, pictures: GivePictures, reason: str) -> None:
    """Trains a claimed trial by itself, for no stack has its model."""
    stacked = lane.course
    lane.course = Course(stacked.store, stacked.job, stacked.notify, stacked.clock)
    lane.course.notify(Event("noted", lane.course.key, reason=f"trained alone: {reason}"))
    lane.course.clock.begin()
    with lane.containing():
        train_alone(lane.course, pictures())
        lane.end()


def _without_frames(error: BaseException) -> BaseException:
    """An error that no more holds on to what its functions had, such as a stack's memory."""
    cause = error.__cause__.with_traceback(None) if error.__cause__ else None
    error = error.with_traceback(None)
    error.__cause__, error.__context__ = cause, None
    return error
