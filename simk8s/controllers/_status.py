"""Writes the status of one kind of object, as controllers do after a sync."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.controllers.base import Write


def _nothing(key: str) -> None:
    """Nobody notes what was written."""


class StatusWriter:
    """For objects with a `status`; `noted(key)` is told of each write at its commit."""

    def __init__(
        self, table: ObjectTable[Any], resource: str, noted: Callable[[str], None] = _nothing
    ) -> None:
        @request("PUT", f"{resource}/status")
        def put(key: str, status: Any, version: int) -> bool:
            stored = table.get(key)
            if stored is None or stored.version != version:
                return False
            noted(key)
            return table.update(key, replace(stored.value, status=status), version)

        @request("GET", resource)
        def get(key: str) -> int:
            stored = table.get(key)
            return -1 if stored is None else stored.version

        self._put, self._get = put, get

    def report(
        self, key: str, status: Any, version: int
    ) -> Generator[Sequence[Write], list[Any], None]:
        """PUT the status; if the object has moved on since it was read, GET it and PUT again."""
        (written,) = yield [Write(self._put, (key, status, version))]
        if not written:
            (version,) = yield [Write(self._get, (key,))]
            yield [Write(self._put, (key, status, version))]
