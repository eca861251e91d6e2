"""Classes as a scenario writes them: by name."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.errors import UnknownNameError

__all__ = ["class_number"]


def class_number(field: str, name: str, class_names: Sequence[str]) -> int:
    """The number of a class.

    Args:
        field: where it was written, which a complaint names.
        name: what was written; how many spaces stand between its words decides nothing.
        class_names: the data's.

    Raises:
        UnknownNameError: the data have no such class.
    """
    spelled = {" ".join(known.split()): number for number, known in reversed(list(enumerate(class_names)))}
    number = spelled.get(" ".join(name.split()))
    if number is None:
        raise UnknownNameError(field, name.strip(), class_names)
    return number
