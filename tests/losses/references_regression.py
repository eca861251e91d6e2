"""Second formulas of the regression-style losses."""

from __future__ import annotations

import numpy as np
from references_types import Array, Context, Reference, error, probabilities


def mean(values: Array) -> Array:
    return np.asarray(values.sum(axis=1) / values.shape[1])


def l1(z: Array, e: Array, _: Context) -> Array:
    return mean(np.abs(z - e))


def l1_probabilities(z: Array, e: Array, _: Context) -> Array:
    return mean(np.abs(error(z, e)))


# Ghosh, Kumar & Sastry 2017, arXiv 1712.09482
def mae(z: Array, e: Array, _: Context) -> Array:
    return np.asarray(np.abs(error(z, e)).sum(axis=1))


# Girshick 2015, arXiv 1504.08083, with torch's beta
def smooth_l1(beta: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        d = np.abs(z - e)
        return mean(np.where(d < beta, d * d / (2 * beta), d - beta / 2))

    return formula


# Huber 1964, doi 10.1214/aoms/1177703732
def huber(delta: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        d = np.abs(z - e)
        return mean(np.where(d <= delta, d * d / 2, delta * (d - delta / 2)))

    return formula


# Hui & Belkin 2020, arXiv 2006.07322
def mse(true_weight: float = 1, true_target: float = 1, divide: bool = False) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        weights = 1 + (true_weight - 1) * e
        total = (weights * (z - true_target * e) ** 2).sum(axis=1)
        return np.asarray(total / z.shape[1] if divide else total)

    return formula


# Brier 1950
def brier(divide: bool = False) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        squares = error(z, e) ** 2
        return mean(squares) if divide else np.asarray(squares.sum(axis=1))

    return formula


# Wang et al. 2025, arXiv 2507.17692
def amse(a: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        return mean((a * e - probabilities(z)[0]) ** 2)

    return formula


REFERENCES: dict[str, Reference] = {
    "l1": l1,
    "l1_probabilities": l1_probabilities,
    "mae": mae,
    "smooth_l1": smooth_l1(1),
    **{f"smooth_l1(beta={beta})": smooth_l1(beta) for beta in (1e-3, 0.5, 7)},
    "huber": huber(1),
    **{f"huber(delta={delta})": huber(delta) for delta in (1e-3, 0.5, 7)},
    "mse": mse(),
    "mse(mean=true)": mse(divide=True),
    "mse(true_weight=3, true_target=15)": mse(3, 15),
    "mse(true_weight=0.5, true_target=2, mean=true)": mse(0.5, 2, divide=True),
    "brier": brier(),
    "brier(mean=true)": brier(divide=True),
    "amse": amse(30),
    **{f"amse(a={a})": amse(a) for a in (0.5, 1, 10)},
}
