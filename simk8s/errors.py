"""L0: the errors of people and our own, as types that never mix.

Law: what a user can put right is a `UserError` with all its problems, each with a code and, where
there is a file, a place; an `InvariantError` means that simk8s itself is wrong. What the simulated
cluster does wrong is data and never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file, counted from one; line 0 means the whole of it (`--set x=1`)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. Codes are stable: E### is an error, W### a warning."""

    code: str
    message: str
    place: Place | None = None
    hint: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place is not None else ""
        return f"{where}{self.code} {self.message}"


class UserError(Exception):
    """The user's input is wrong; carries every problem that was found, never only the first."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise InvariantError("a UserError needs at least one problem")
        super().__init__(*problems)
        self.problems: list[Problem] = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class InvariantError(Exception):
    """simk8s is wrong. `simulated_us` is the simulated time of the discovery, when it is known."""

    def __init__(self, message: str, *, simulated_us: int | None = None) -> None:
        super().__init__(message)
        self.simulated_us = simulated_us


def raise_if_any(problems: Iterable[Problem]) -> None:
    """Raise the problems as one `UserError`, unless there is none."""
    found = list(problems)
    if found:
        raise UserError(*found)
