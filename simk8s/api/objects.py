"""Small kinds: frozen records with a resourceVersion, one table a kind.

Law: an update names the version it read; if the object has moved on since, nothing is written and
the writer is told (409 Conflict). Above about ten thousand objects a kind deserves columns of its
own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from simk8s.api.fanout import Fanout
from simk8s.api.refused import Refused
from simk8s.api.requests import on_its_kind
from simk8s.api.watch import ChangeLog, Verb
from simk8s.kernel.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """An object and the version it was last written at."""

    version: int
    value: T


Mirror = Callable[[str, Any], None]
"""`mirror(key, value)`: an object is now that; None = it is gone."""


class Gate(Protocol):
    """Admission, as far as a table needs it."""

    def admit_object(self, table: str, key: str) -> Refused | None: ...

    def count_object(self, table: str, key: str, change: int) -> None: ...


class ObjectTable(Generic[T]):
    """Objects of one kind by key (`namespace/name`, or the name of what is in no namespace).

    `gate` admits what is created; `mirror` keeps what others read of the kind in step.
    """

    def __init__(
        self,
        clock: Clock,
        kind: str,
        gate: Gate | None = None,
        mirror: Mirror | None = None,
        fanout: Fanout | None = None,
    ) -> None:
        self.kind = kind
        self._gate = gate
        self._mirror = mirror
        self.log = ChangeLog(clock, kind, fanout)
        self._stored: dict[str, Stored[T]] = {}
        self._version = 0
        self.seen_us = -1
        """From when on its last change can be seen; -1 before the first."""

    @on_its_kind("POST")
    def create(self, key: str, value: T) -> bool | Refused:
        """False where the key is taken (409 AlreadyExists); admission may refuse it, too."""
        if key in self._stored:
            return False
        if self._gate is not None:
            refused = self._gate.admit_object(self.kind, key)
            if refused is not None:
                return refused
            self._gate.count_object(self.kind, key, 1)
        self._write(key, value, Verb.ADDED)
        return True

    @on_its_kind("PUT")
    def update(self, key: str, value: T, read_version: int) -> bool:
        """False where the object is gone or was written since `read_version` (409 Conflict)."""
        stored = self._stored.get(key)
        if stored is None or stored.version != read_version:
            return False
        self._write(key, value, Verb.UPDATED)
        return True

    @on_its_kind("DELETE")
    def delete(self, key: str) -> bool:
        """False where there is no such object (404 NotFound)."""
        if self._stored.pop(key, None) is None:
            return False
        if self._gate is not None:
            self._gate.count_object(self.kind, key, -1)
        if self._mirror is not None:
            self._mirror(key, None)
        self._tell(Verb.DELETED, key)
        return True

    @on_its_kind("DELETE")
    def delete_all(self, keys: Iterable[str]) -> bool:
        """A collection in one request; what is gone already is passed over."""
        for key in keys:
            self.delete(key)
        return True

    def get(self, key: str) -> Stored[T] | None:
        """The object with its version."""
        return self._stored.get(key)

    def items(self) -> Iterator[tuple[str, Stored[T]]]:
        """All objects in order of creation."""
        yield from self._stored.items()

    def keys(self) -> Iterator[str]:
        """All keys in order of creation."""
        yield from self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def _write(self, key: str, value: T, verb: Verb) -> None:
        self._version += 1
        self._stored[key] = Stored(self._version, value)
        if self._mirror is not None:
            self._mirror(key, value)
        self._tell(verb, key)

    def _tell(self, verb: Verb, key: str) -> None:
        self.log.append(verb, key)
        self.seen_us = self.log.seen_us
