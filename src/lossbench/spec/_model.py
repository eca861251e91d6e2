"""What every spec is: a frozen pydantic model, whose complaints become one sentence in the user's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lossbench.errors import RequestError, UnknownNameError

__all__ = ["Count", "Positive", "Share", "Spec", "canonical_json"]


class Spec(BaseModel):
    """A frozen value, checked once when it is made, with one canonical JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def checked(cls, values: Mapping[str, Any], field: str = "") -> Self:
        """Builds the spec from what a user wrote.

        Raises:
            RequestError: the first thing wrong, in one sentence naming the field below `field`.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _translated(error, cls, field) from None

    def canonical(self) -> dict[str, Any]:
        """The spec as plain JSON values.

        A field that is None is left out, so that a later version's new optional fields keep old trials' keys.
        """
        return self.model_dump(mode="json", exclude_none=True)


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _number(value: object) -> object:
    """YAML reads `1e-3` as text and `yes` as a truth value: takes the first for a number, not the second."""
    if isinstance(value, bool):
        raise ValueError("a number")
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    return value


Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
NonNegative = Annotated[float, BeforeValidator(_number), Field(ge=0)]
Share = Annotated[float, BeforeValidator(_number), Field(ge=0, lt=1)]

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


def _translated(error: ValidationError, spec: type[BaseModel], prefix: str) -> RequestError:
    first = error.errors(include_url=False)[0]
    place = [prefix] if prefix else []
    field = ".".join(place + [str(part) for part in first["loc"]]) or "study"
    context = first.get("ctx", {})
    if first["type"] == "extra_forbidden":
        return UnknownNameError(
            ".".join(place + [str(part) for part in first["loc"][:-1]]) or "study",
            str(first["loc"][-1]),
            _keys_at(spec, first["loc"][:-1]),
        )
    received = "nothing" if first["type"] == "missing" else first["input"]
    allowed = _ALLOWED.get(first["type"])
    return RequestError(field, allowed.format(**context) if allowed else first["msg"], received)


def _keys_at(spec: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The field names of the spec that lies at a location inside another."""
    for part in location:
        annotation = spec.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        spec = annotation
    return list(spec.model_fields)
