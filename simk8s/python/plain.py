"""L5: Python's values as the plain data of a scenario file.

Law: what comes out could have been read from YAML; nothing of the caller's is kept or changed.
Durations may be `timedelta`, paths `Path`, numbers numpy's, and an extension the class itself,
which gets a name (`python:packer`) under which the scenario's catalogue finds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import timedelta
from os import PathLike, fspath
from typing import Any, TypeAlias

from pydantic import BaseModel

from simk8s import catalog
from simk8s.errors import Problem, UserError
from simk8s.units import format_duration

Duration: TypeAlias = str | timedelta
"""`"1h30m"` or a timedelta."""
Classes: TypeAlias = dict[str, type]
"""Classes by the names that scenarios call them."""
OWN = "python:"
_MICROSECOND = timedelta(microseconds=1)
_UPPER = re.compile(r"_([a-z])")


def plain(value: Any, classes: Classes, where: str = "value") -> Any:
    """A copy as plain data; classes that are met are added to `classes`."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) in (int, float):
        return value
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, type):
        return named(value, classes)
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return _nested(value, classes, where)


def _nested(value: Any, classes: Classes, where: str) -> Any:
    if isinstance(value, Mapping):
        return {
            _key(key, classes, where): plain(item, classes, f"{where}.{key}")
            for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [plain(item, classes, f"{where}[{i}]") for i, item in enumerate(value)]
    single = getattr(value, "item", None)
    if callable(single) and not isinstance(value, Set) and not getattr(value, "shape", ()):
        return plain(single(), classes, where)
    text = f"{where}: a scenario cannot hold a {type(value).__name__}"
    hint = "use text, numbers, lists, mappings, timedelta, Path, or a class where one is named"
    raise UserError(Problem("E103", text, hint=hint))


def _key(key: Any, classes: Classes, where: str) -> str:
    if isinstance(key, type):
        return named(key, classes)
    if not isinstance(key, str):
        raise UserError(Problem("E103", f"{where}: keys are text, not {key!r}"))
    return key


def duration(value: Duration) -> str:
    """As a scenario writes it."""
    return format_duration(value // _MICROSECOND) if isinstance(value, timedelta) else value


def named(found: type, classes: Classes) -> str:
    """The name of a class; two different ones of the same name are told apart by a number."""
    spoken = catalog.camel(catalog.snake(found.__name__.strip("_")))
    name, number = f"{OWN}{spoken}", 1
    while classes.setdefault(name, found) is not found:
        number += 1
        name = f"{OWN}{spoken}-{number}"
    return name


def camel(name: str) -> str:
    """`control_plane` -> `controlPlane`; what has no underscore stays as it is."""
    return _UPPER.sub(lambda match: match.group(1).upper(), name.rstrip("_"))
