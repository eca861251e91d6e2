"""Several models of one form as one: their parameters in one vector, their gradients in another."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lossbench.errors import TrialError
from lossbench.train.classifier import widened
from lossbench.train.stack.layers import Form, by_lane, stack_layers

__all__ = ["StackedModel"]


class StackedModel:
    """Models of one form, one lane each.

    Args:
        model: one of them, on its device; it is copied.
        lanes: how many.
        form: how convolutions are computed.

    Attributes:
        module: computes all lanes, (batch, lanes · channels, height, width) -> (batch, lanes · classes).
        values: what is trained, parameter by parameter and in each lane by lane, (total,).
        gradients: the same of the gradients, (total,): a backward pass adds to them.
        lane_of: which lane each of them is of, int64 (total,).

    Raises:
        UnstackableError: no stack has such layers.
    """

    def __init__(self, model: nn.Module, lanes: int, form: Form = "grouped") -> None:
        self.lanes, self.form = lanes, form
        self.module = copy.deepcopy(model)
        self._shapes = {name: value.shape for name, value in _all_of(model).items()}
        stack_layers(self.module, lanes, form)
        self._lay_out()

    def _lay_out(self) -> None:
        """Makes every parameter that is trained, and its gradient, a part of one vector; pictures lie channels last."""
        trained = {name: value for name, value in self.module.named_parameters() if value.requires_grad}
        self.values = torch.cat([_flat(value.detach()) for value in trained.values()])
        self.gradients = torch.zeros_like(self.values)
        self._bounds: dict[str, slice] = {}
        start, owners = 0, []
        for name, value in trained.items():
            self._bounds[name] = bounds = slice(start, start + value.numel())
            place, _, own = name.rpartition(".")
            parameter = nn.Parameter(_shaped(self.values[bounds], value.shape))
            parameter.grad = _shaped(self.gradients[bounds], value.shape)
            self.module.get_submodule(place).register_parameter(own, parameter)
            start = bounds.stop
            each = torch.arange(self.lanes, device=self.values.device)
            owners.append(each.repeat_interleave(value.numel() // self.lanes))
        self.lane_of = torch.cat(owners)

    def forward(self, inputs: Tensor, classes: int, *, bf16: bool) -> Tensor:
        """Logits (lanes, batch, classes), float32, of prepared pictures (batch, lanes · channels, height, width).

        Raises:
            TrialError: a user's model gives something else.
        """
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
            logits: object = self.module(inputs)
        if not isinstance(logits, Tensor) or logits.shape != (len(inputs), self.lanes * classes):
            found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise TrialError(f"the model gave {found} for {len(inputs)} pictures of {classes} classes in a stack")
        return by_lane(widened(logits), self.lanes, 1).transpose(0, 1)

    def norms(self) -> Tensor:
        """The L2 norm of each lane's gradient, (lanes,)."""
        of_parts = [self._by_lane(self.gradients, bounds) for bounds in self._bounds.values()]
        norms = torch.stack([torch.linalg.vector_norm(part, dim=1) for part in of_parts])
        of_lanes: Tensor = torch.linalg.vector_norm(norms, dim=0)
        return of_lanes

    def spread(self, values: Tensor) -> Tensor:
        """One value per lane (lanes,) as one for each of its parameters, (total,)."""
        return values.to(self.values).index_select(0, self.lane_of)

    def state(self, lane: int) -> dict[str, Tensor]:
        """Parameters and buffers of a lane, by their names in a model alone; they share the stack's memory."""
        return {name: self._of_lane(name, value, lane) for name, value in _all_of(self.module).items()}

    def load(self, lane: int, state: Mapping[str, Tensor]) -> None:
        """Gives a lane the parameters and buffers of a model alone."""
        with torch.no_grad():
            for name, value in self.state(lane).items():
                value.copy_(state[name])

    def take(self, lane: int, model: nn.Module) -> None:
        """Gives a lane the parameters and buffers that a model alone has."""
        self.load(lane, _all_of(model))

    def parts(self, vector: Tensor, lane: int) -> dict[str, Tensor]:
        """A lane's part of a vector that lies as `values` does, by parameter, each one flat; they share its memory."""
        return {name: self._by_lane(vector, bounds)[lane] for name, bounds in self._bounds.items()}

    def gradients_of(self, lane: int) -> dict[str, Tensor]:
        """A lane's gradients, by parameter; they share the stack's memory."""
        trained = {name: value.grad for name, value in self.module.named_parameters() if value.grad is not None}
        return {name: self._of_lane(name, gradient, lane) for name, gradient in trained.items()}

    def _by_lane(self, vector: Tensor, bounds: slice) -> Tensor:
        return vector[bounds].view(self.lanes, -1)

    def _of_lane(self, name: str, value: Tensor, lane: int) -> Tensor:
        shape = self._shapes[name]
        return by_lane(value.detach(), self.lanes)[lane].view(shape)


def _all_of(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, those too that a model leaves out of its state_dict."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _flat(value: Tensor) -> Tensor:
    """A parameter's values in the order in which they will lie: those of convolutions channels last."""
    return value.permute(0, 2, 3, 1).reshape(-1) if value.dim() == 4 else value.reshape(-1)


def _shaped(flat: Tensor, shape: torch.Size) -> Tensor:
    """The same values in a parameter's shape, without copying."""
    if len(shape) == 4:
        return flat.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)
    return flat.view(shape)
