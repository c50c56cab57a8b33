"""L1: which kinds and fields Kubernetes has, and what becomes of each here: data, and its reader.

`kinds.txt` and `types.txt` are the tables. A line is a mark, names (with the type of what is below
a name) and, behind a `|`, why in a few words:

    +  modelled
    -  accepted without effect, although a real cluster would behave differently: told
    .  accepted without effect, and without bearing on a simulation: told in one line for all
    !  refused
    ~  written by the server, in dumps of live clusters: nothing to tell

Law: every field of every kind that is simulated has a line; what has none is not known to
Kubernetes. Read once, when a scenario names manifests.

Mirrors: the OpenAPI schema of v1.36 (as the Python client 36.0.3 has it). Departs: types are not
checked here; below a `.` or `-` only unknown names are of interest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

MODELLED, TOLD, UNFELT, REFUSED, SERVER, UNKNOWN = "+", "-", ".", "!", "~", "?"

KeyPath = tuple[str | int, ...]


class Line(NamedTuple):
    """What becomes of a kind or a field."""

    mark: str
    type: str = ""
    why: str = ""


class Odd(NamedTuple):
    """A field that somebody wrote and that is not modelled."""

    path: KeyPath
    line: Line
    owner: str
    """The type that it is a field of."""


Types = Mapping[str, Mapping[str, Line]]


@lru_cache
def kinds() -> Mapping[tuple[str, str], Line]:
    """(apiVersion, kind) -> what becomes of it."""
    found: dict[tuple[str, str], Line] = {}
    for _, mark, names, why in _lines("kinds.txt"):
        version, *words = names
        found |= {(version, kind): Line(mark, kind, why) for kind in words}
    return found


@lru_cache
def types() -> Types:
    """Type -> field -> what becomes of it."""
    found: dict[str, dict[str, Line]] = {}
    for section, mark, names, why in _lines("types.txt"):
        fields = found.setdefault(section, {})
        for word in names:
            name, _, inner = word.partition(":")
            fields[name] = Line(mark, inner, why)
    return found


def _lines(name: str) -> Iterator[tuple[str, str, list[str], str]]:
    section = ""
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            names, _, why = line[1:].partition("|")
            yield section, line[0], names.split(), why.strip()


def versions(kind: str) -> list[str]:
    """API versions that v1.36 has of a kind."""
    return [
        version
        for (version, name), line in kinds().items()
        if name == kind and line.mark != REFUSED
    ]


def odd(data: Any, kind: str) -> Iterator[Odd]:
    """Fields of an object of a simulated kind that are not modelled, in the order of the file."""
    yield from _walk(data, kind, (), types(), quiet=False)


def _walk(data: Any, of: str, path: KeyPath, known: Types, quiet: bool) -> Iterator[Odd]:
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _walk(item, of, (*path, index), known, quiet)
        return
    if not isinstance(data, dict):
        return
    fields = known[of]
    for key, value in data.items():
        line = fields.get(key)
        if line is None:
            yield Odd((*path, key), Line(UNKNOWN), of)
        elif line.mark != SERVER:
            silent = quiet or line.mark != MODELLED
            if silent and not quiet:
                yield Odd((*path, key), line, of)
            if line.type and line.mark != REFUSED:
                yield from _walk(value, line.type, (*path, key), known, silent)
