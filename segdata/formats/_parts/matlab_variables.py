"""The variables of a `.mat` file, and how MATLAB nests them: mat-io is called here and nowhere else.

    {"gTruth": <groundTruth object>, "names": 1x3 cell of 1x1 char rows, "t": table (a pandas frame)}

mat-io (https://github.com/foreverallama/matio) reads what scipy does not: objects, tables, enumerations, strings.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from segdata.errors import DataError, MissingExtraError, nearest
from segdata.formats._parts.matlab_elements import check_elements

_PARSERS = threading.RLock()
"""mat-io, and scipy and h5py below it, run in one thread at a time; so does catch_warnings, whose filters all share."""


@contextmanager
def translated(name: str, fix: str) -> Iterator[None]:
    """Whatever a parser of a stranger's bytes throws is a DataError of that file."""
    try:
        yield
    except (DataError, MissingExtraError):
        raise
    except Exception as error:  # mat-io, numpy, zlib, struct and h5py each raise their own
        reason = str(error).strip() or type(error).__name__
        raise DataError(
            name, found=f"a damaged or foreign .mat file ({reason})", expected="a whole .mat file", fix=fix
        ) from error


def load_variables(path: Path, name: str) -> dict[str, Any]:
    """Every variable of a .mat file (v4, v5, v7, v7.3). Call it inside `translated`; raises MissingExtraError."""
    with _PARSERS, warnings.catch_warnings():
        # mat-io sets an option that pandas 3 has made the default, and warns of classes that it does not know,
        # which are refused here by what they are.
        warnings.simplefilter("ignore")
        try:
            from matio import load_from_mat
        except ImportError as error:
            raise MissingExtraError.of("mat-io", "matlab", f"{name}: reading .mat files") from error
        check_elements(path, name)
        found: dict[str, Any] = load_from_mat(str(path))
    return {key: value for key, value in found.items() if not key.startswith("__")}


def choose(
    found: dict[str, Any], variables: dict[str, Any], name: str, variable: str | None, what: str, fix: str
) -> str:
    """The key of the only candidate, or of the chosen one. Raises DataError naming all that lies in the file."""
    if variable is not None and variable not in found:
        expected = f"{what} named {variable!r}; {nearest(variable, found)}"
        raise DataError(
            name, found=_listing(variables), expected=expected, fix="Set source.options.variable."
        )
    if not found:
        raise DataError(name, found=_listing(variables), expected=what, fix=fix)
    if variable is None and len(found) > 1:
        names = ", ".join(sorted(found))
        raise DataError(
            name,
            found=f"{len(found)} of them: {names}",
            expected=what,
            fix=f"Set source.options.variable to one of them: {names}.",
        )
    return variable if variable is not None else next(iter(found))


def _listing(variables: dict[str, Any]) -> str:
    listed = [f"{key} ({class_name(value)})" for key, value in list(variables.items())[:8]]
    return f"variables {', '.join(listed)}" if listed else "no variable"


def class_name(value: Any) -> str:
    """The MATLAB class of a variable, for people."""
    if isinstance(named := getattr(value, "classname", None), str):
        return named
    if hasattr(value, "columns"):
        return "table"
    if isinstance(value, str):  # mat-io's own words in place of the variable
        return "unreadable"
    kind = value.dtype.kind if isinstance(value, np.ndarray) else ""
    return {"V": "struct", "O": "cell", "U": "char", "b": "logical"}.get(kind, "array of numbers")


def columns(value: Any, what: str) -> dict[str, list[Any]]:
    """Rows by column name, of a struct array, a table, or an object's properties."""
    if hasattr(value, "columns"):
        return {str(name): list(value[name]) for name in value.columns}
    if isinstance(value, np.ndarray) and value.dtype.names:
        return {field: list(value[field].ravel()) for field in value.dtype.names}
    properties = getattr(value, "properties", value)
    if isinstance(properties, dict):
        return {str(key): [cell] for key, cell in properties.items()}
    raise ValueError(f"{what} is neither a struct nor a table")


def text(cell: Any) -> str:
    """A char row, string or enumeration member, however deep in 1x1 cells; "" for an empty one."""
    while isinstance(cell, np.ndarray):
        if cell.size == 0:
            return ""
        cell = cell.item()
    if isinstance(cell, Enum):
        return cell.name
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} where a text should stand")
    return cell


def texts(cell: Any) -> list[str]:
    """The texts of a cell or string array."""
    while isinstance(cell, np.ndarray) and cell.size == 1 and isinstance(cell.item(), np.ndarray):
        cell = cell.item()
    return [text(one) for one in cell.ravel()] if isinstance(cell, np.ndarray) else [text(cell)]
