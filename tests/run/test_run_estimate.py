"""The estimate of a trial's cost, which is measured on a few epochs whatever the recipe's own."""

from __future__ import annotations

import math

from lossbench.run.estimate import estimate
from lossbench.spec import Optimizer, Schedule
from makers import made_pictures, made_trial


def test_a_warm_up_longer_than_what_is_measured_does_no_harm() -> None:
    schedule = Schedule(name="cosine", warmup=20)
    trial = made_trial(
        model="mlp", epochs=200, schedule=schedule, optimizer=Optimizer(name="adam"), mixup=0.2, clip=1.0
    )
    assert 0 < estimate(trial, made_pictures()).seconds < math.inf


def test_adam_keeps_two_averages_where_momentum_is_one() -> None:
    optimizers = (Optimizer(), Optimizer(name="adam"))
    sgd, adam = (estimate(made_trial(model="mlp", optimizer=each), made_pictures()) for each in optimizers)
    weights = 4 * ((64 * 256 + 256) + (256 * 3 + 3))
    assert sgd.checkpoint_bytes - sgd.disk_bytes == 2 * weights
    assert adam.checkpoint_bytes - adam.disk_bytes == 3 * weights
