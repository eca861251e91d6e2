"""The data of a study: where it says that they lie, or what a program gives beside it."""

from __future__ import annotations

from pathlib import Path

from lossbench.data import Asked, Data, Source, find, fitted
from lossbench.errors import RequestError
from lossbench.spec import Study, default_name

__all__ = ["source_of", "with_data"]


def with_data(study: Study, data: object) -> Study:
    """The study on data that were given from Python, which outrank what it says of data.

    Args:
        study: what is asked for.
        data: the `Data`; None leaves the study as it is.

    Raises:
        RequestError: they are not wrapped in `Data`.
    """
    if data is None:
        return study
    if not isinstance(data, Data):
        hint = "a name or a path goes into the study, as lossbench.Study(data=...)" if isinstance(data, str) else ""
        raise RequestError("data", "lossbench.Data(train=..., test=...)", type(data).__name__, hint)
    if study.data == data.written:
        return study
    changes = {"data": data.written}
    if study.name == default_name(study.data, study.model):
        changes["name"] = default_name(data.written, study.model)
    return study.model_copy(update=changes)


def source_of(study: Study, data: Data | None, data_dir: str | Path | None) -> Source:
    """Where the pictures of a study come from; nothing is decoded.

    Args:
        study: what is asked for.
        data: those that were given from Python.
        data_dir: where named data sets are looked for first.

    Raises:
        RequestError: they are nowhere, or are not what the study asks for.
    """
    asked = Asked(study.image_column, study.label_column, study.size)
    if data is not None:
        return fitted(data.source, asked)
    return find(study.data, Path(data_dir) if data_dir is not None else None, asked)
