"""What every spec is: a frozen pydantic model, whose complaints become one sentence in the user's words."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lossbench.errors import RequestError, UnknownNameError

__all__ = ["Count", "NonNegative", "Positive", "Share", "Spec", "ZeroIsNone", "canonical_json"]


class Spec(BaseModel):
    """A frozen value, checked once when it is made, with one canonical JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    place: ClassVar[str] = ""
    """Where the spec stands in a study, for complaints to name: `recipe.optimizer`."""

    def __init__(self, **values: Any) -> None:
        """Checks the values, those of specs inside this one too.

        Raises:
            RequestError: the first thing wrong, in one sentence naming its field.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _translated(error, type(self)) from None

    def canonical(self) -> dict[str, Any]:
        """The spec as plain JSON values.

        A field that is None is left out, so that a later version's new optional fields keep old trials' keys.
        """
        return self.model_dump(mode="json", exclude_none=True)


_LARGEST_EXPONENT = 1023  # of a float, and so the bits of a whole number that surely is one


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _number(value: object) -> object:
    """YAML reads `1e-3` as text and `yes` as a truth value: takes the first for a number, not the second."""
    if isinstance(value, bool):
        raise ValueError("a number")
    if isinstance(value, int) and value.bit_length() > _LARGEST_EXPONENT:
        raise ValueError("a finite number")
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    return value


def _zero_is_none(value: object) -> object:
    return None if value == 0 and not isinstance(value, bool) else value


def _plain_zero(value: float) -> float:
    """Without the sign of -0.0: the two are equal, and shall be one key."""
    return value + 0.0


Count = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=10**9)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
NonNegative = Annotated[float, BeforeValidator(_number), Field(ge=0), AfterValidator(_plain_zero)]
Share = Annotated[float, BeforeValidator(_number), Field(ge=0, lt=1), AfterValidator(_plain_zero)]

ZeroIsNone = BeforeValidator(_zero_is_none)
"""Of an optional number greater than 0: 0 turns it off, as a command line can say no other way."""

# pydantic's error types, as the end of "expected ..."
_ALLOWED = {
    "greater_than": "a number greater than {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number less than {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "string_unicode": "text that is valid Unicode",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "missing": "a value",
    "value_error": "{error}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "text of the form {pattern}",
}


def _translated(error: ValidationError, spec: type[Spec]) -> RequestError:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return UnknownNameError(spec.place or "study", path[-1], spec.model_fields)
    field = ".".join([spec.place, *path] if spec.place else path) or "study"
    received = "nothing" if first["type"] == "missing" else first["input"]
    allowed = _ALLOWED.get(first["type"])
    return RequestError(field, allowed.format(**first.get("ctx", {})) if allowed else first["msg"], received)
