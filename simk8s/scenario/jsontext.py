"""L1: JSON to plain data with positions: one value, several behind each other, one a line.

Law: as quick as the standard library; places are found only when something is to be said, and
then each container is looked through once.

Departs: of a key that is written twice the last counts; in YAML that is an error.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.positions import Path, Positions
from simk8s.scenario.reading import Document

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def looks_like_json(text: str) -> bool:
    """Whether a text begins as JSON does; a YAML flow mapping may, too."""
    return text[_after_space(text, 0) :][:1] in ("{", "[")


def read_json(text: str, file: str) -> Iterator[Document]:
    """Every value of a text."""
    at = _after_space(text, 0)
    source = _Source(text, file)
    while at < len(text):
        try:
            data, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            place = Place(file, error.lineno, error.colno)
            raise UserError(Problem("E002", f"not valid JSON: {error.msg}", place)) from None
        except RecursionError:
            problem = Problem("E005", "is nested too deeply", Place(file, 1, 1))
            raise UserError(problem) from None
        if data is not None:
            yield Document(data, JsonPositions(source, at))
        at = _after_space(text, end)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


class _Source:
    """A text and where its lines begin, counted when first asked for."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self._starts: list[int] = []

    def place(self, at: int) -> Place:
        if not self._starts:
            self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._starts, at)
        return Place(self.file, line, at - self._starts[line - 1] + 1)


class JsonPositions(Positions):
    """Where the pieces of one JSON value are."""

    __slots__ = ("_index", "_prefix", "_source")

    def __init__(self, source: _Source, at: int, prefix: Path = ()) -> None:
        super().__init__(source.file)
        self._source, self._prefix = source, prefix
        self._index: dict[Path, dict[str | int, tuple[int, int]]] = {(): {"": (at, at)}}
        """Path of a container -> what is in it -> offset of key and of value."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of the value at a path, or of its key."""
        whole = (*self._prefix, *path)
        for length in range(len(whole), -1, -1):
            found = self._offsets(whole[:length])
            if found is not None:
                at_key = (key or length < len(whole)) and length > 0
                return self._source.place(found[0] if at_key else found[1])
        return Place(self.file, 1, 1)

    def deepest(self, path: Path) -> Path:
        """The longest part of a path that was written."""
        for length in range(len(path), 0, -1):
            if self._offsets((*self._prefix, *path[:length])) is not None:
                return path[:length]
        return ()

    def below(self, prefix: Path) -> JsonPositions:
        """The part below a path, as if it were a document of its own."""
        inner = JsonPositions(self._source, 0, (*self._prefix, *prefix))
        inner._index = self._index
        return inner

    def _offsets(self, path: Path) -> tuple[int, int] | None:
        if not path:
            return self._index[()][""]
        inside = self._children(path[:-1])
        return None if inside is None else inside.get(path[-1])

    def _children(self, path: Path) -> dict[str | int, tuple[int, int]] | None:
        """What is in the container at a path; None where there is none."""
        name: Path = ("", *path)
        known = self._index.get(name)
        if known is None:
            here = self._offsets(path)
            if here is None:
                return None
            known = self._index[name] = dict(_members(self._source.text, here[1]))
        return known


def _members(text: str, at: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
    """(key or index, (offset of key, offset of value)) of the container at an offset."""
    opening = text[at]
    if opening not in "{[":
        return
    at, number = _after_space(text, at + 1), 0
    while text[at] not in "}]":
        key: str | int = number
        begin = at
        if opening == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        yield key, (begin, at)
        _, at = _DECODER.raw_decode(text, at)
        at, number = _after_space(text, at), number + 1
        if text[at] == ",":
            at = _after_space(text, at + 1)
