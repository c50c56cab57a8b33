"""A write that the API server refused, with its reason.

Law: a refused write is falsy and changes nothing. `False` alone is a refusal without words (a
conflict, an object that is gone); `was_refused` knows both and nothing else, so that a row number
0 or None is no refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """HTTP status `code`, Kubernetes' `reason` for it (`Forbidden`), a message for people.

    `plugin` is the admission plugin that said so.
    """

    code: int
    reason: str
    message: str
    plugin: str = ""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def forbidden(message: str, plugin: str) -> Refused:
    """403."""
    return Refused(403, "Forbidden", message, plugin)


def not_found(message: str, plugin: str) -> Refused:
    """404."""
    return Refused(404, "NotFound", message, plugin)


def invalid(message: str, plugin: str) -> Refused:
    """422."""
    return Refused(422, "Invalid", message, plugin)


def was_refused(result: Any) -> bool:
    """Whether the result of a write says that nothing was written."""
    return result is False or isinstance(result, Refused)
