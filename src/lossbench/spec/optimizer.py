"""`Optimizer`: how the weights follow the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, SerializerFunctionWrapHandler, model_serializer, model_validator

from lossbench.errors import RequestError
from lossbench.spec._model import NonNegative, Positive, Share, Spec

__all__ = ["Optimizer"]

_ADAM_BETAS = (0.9, 0.999)  # the authors'

_ADAM_RATE = 0.001  # the authors'; what suits SGD is a hundred times too long for steps of Adam's length
_SGD_ALONE = ("momentum", "nesterov")

Betas = Annotated[
    tuple[Share, Share] | None,
    AfterValidator(lambda betas: None if betas == _ADAM_BETAS else betas),  # one recipe however written, one key
]


class Optimizer(Spec):
    """Stochastic gradient descent with momentum, or Adam; the defaults are the document's.

    Args:
        name: `sgd`, `adam` or `adamw`.
        lr: the first learning rate, which the schedule multiplies; 0.1, and 0.001 of adam and adamw.
        momentum: of sgd alone.
        weight_decay: as torch has it: in sgd and adam this share of the weights is added to their gradient, as an L2
            penalty would, so that Adam scales it with the gradient; in adamw each step takes the learning rate times
            this share off the weights, beside the gradient.
        nesterov: of sgd alone: whether the gradient counts as if the momentum's step had been taken.
        betas: of adam and adamw alone: the decay rates of the averages of gradient and squared gradient; None for 0.9
            and 0.999.

    References:
        Kingma, Ba, 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
        Loshchilov, Hutter, 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101.
    """

    place: ClassVar[str] = "recipe.optimizer"

    name: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: Positive = 0.1
    momentum: Share = 0.9
    weight_decay: NonNegative = 0.0
    nesterov: bool = False
    betas: Betas = None

    @model_validator(mode="before")
    @classmethod
    def _rate_of_adam(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("name") in ("adam", "adamw") and "lr" not in values:
            return {**values, "lr": _ADAM_RATE}
        return values

    @model_validator(mode="after")
    def _settings_are_its_own(self) -> Self:
        foreign = [name for name in _SGD_ALONE if name in self.model_fields_set and self.name != "sgd"]
        if foreign:
            received = f"{getattr(self, foreign[0])} for {self.name}"
            raise RequestError(f"{self.place}.{foreign[0]}", "the optimizer sgd, which alone has it", received)
        if self.betas is not None and self.name == "sgd":
            allowed = "the optimizer adam or adamw, which alone have them"
            raise RequestError(f"{self.place}.betas", allowed, f"{list(self.betas)} for sgd")
        return self

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise RequestError(f"{self.place}.nesterov", "false, or a momentum greater than 0 beside it", True)
        return self

    @property
    def decay_rates(self) -> tuple[float, float]:
        """The betas that hold for adam and adamw."""
        return self.betas or _ADAM_BETAS

    @model_serializer(mode="wrap")
    def _its_own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what Adam has no use for: a value that decides nothing makes no second key."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if self.name == "sgd" or name not in _SGD_ALONE}
