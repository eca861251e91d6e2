"""Weights & Biases: a run per trial, in a group per study, and a run for the study itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import wandb

from lossbench.errors import RequestError
from lossbench.tracking.names import safe_name
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial

__all__ = ["WeightsAndBiases"]

_UNFIT = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST = 60


class WeightsAndBiases:
    """Writes to a project, or with `WANDB_MODE=offline` into the folder `wandb` for `wandb sync`.

    A trial's run has an identity made of the study and the trial's key: one that goes on, or is sent again, goes into
    the run that it has.

    Args:
        where: PROJECT or ENTITY/PROJECT; `WANDB_PROJECT`, or lossbench, when it is empty.
        field: what a complaint is about.

    Raises:
        RequestError: nobody is logged in, and the mode is not offline.
    """

    def __init__(self, where: str, field: str) -> None:
        entity, _, project = where.rpartition("/")
        self._project = project or os.environ.get("WANDB_PROJECT") or "lossbench"
        self._entity = entity or None
        mode = os.environ.get("WANDB_MODE", "online")
        if mode == "online" and not wandb.api.api_key:  # it would ask for one, and wait
            allowed = "a login (`wandb login`, or WANDB_API_KEY), or WANDB_MODE=offline"
            raise RequestError(field, allowed, "wandb without a key")
        self._runs: dict[str, Any] = {}

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """Begins the trial's run, or goes on with it."""
        self._drop(trial.key, 255)
        self._runs[trial.key] = self._init(
            trial.study,
            id=f"{trial.key}-{_name(trial.study)}",
            name=trial.name,
            job_type="trial",
            tags=[trial.loss_function[:64]],
            config={**trial.parameters, **_about(trial, started)},
        )

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Logs every epoch, with the epoch as step."""
        run = self._runs[trial.key]
        for point in points:
            run.log(dict(point.metrics), step=point.epoch)

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """Ends the run; one that diverged or failed is marked as failed."""
        run = self._runs[trial.key]
        if ended.late:
            run.log(dict(ended.late), step=ended.epoch)
        run.summary.update({"status": ended.status, "reason": ended.reason})
        self._drop(trial.key, 0 if ended.status == "finished" else 1)

    def conclude(self, study: Concluded) -> None:
        """Keeps the answer as the notes of a run of the study, and the report and tables as its artifact."""
        run = self._init(study.study, id=f"study-{_name(study.study)}", name=study.study, job_type="study")
        run.notes = f"{study.question}\n\n{study.answer}"
        run.summary.update({"answer": study.answer})
        artifact = wandb.Artifact(_name(study.study), type="report")
        for path in study.files:
            artifact.add_file(str(path))
        run.log_artifact(artifact)
        run.finish()

    def close(self) -> None:
        """Ends what was begun and did not end, as failed; it may go on later."""
        for key in list(self._runs):
            self._drop(key, 255)

    def _init(self, study: str, **about: Any) -> Any:
        settings = wandb.Settings(console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True)
        about |= {"group": study, "resume": "allow", "reinit": "create_new", "settings": settings}
        return wandb.init(project=self._project, entity=self._entity, **about)

    def _drop(self, key: str, code: int) -> None:
        run = self._runs.pop(key, None)
        if run is not None:
            with suppress(OSError):
                run.finish(exit_code=code)


def _about(trial: TrackedTrial, started: datetime | None) -> dict[str, str]:
    told = {"loss_function": trial.loss_function, "condition": trial.condition}
    return told | ({"started": started.isoformat()} if started else {})


def _name(text: str) -> str:
    """What may name a run or an artifact there."""
    return safe_name(text, _UNFIT, _LONGEST)
