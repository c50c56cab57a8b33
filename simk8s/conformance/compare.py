"""Holds what was recorded against what was decided, field by field.

Law: a field that is absent, null or empty is the same as one that is not there; everything else
must be equal. A difference names its path, like `scores.ImageLocality.raw[3]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one case that is not as recorded."""

    id: str
    family: str
    path: str
    expected: Any
    got: Any


def differences(expected: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, expected, got) of every field that differs."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted({**expected, **got}):
            inner = f"{path}.{key}" if path else str(key)
            yield from differences(expected.get(key), got.get(key), inner)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif not _same(expected, got):
        yield path, expected, got


def _same(expected: Any, got: Any) -> bool:
    if _nothing(expected) and _nothing(got):
        return True
    return type(expected) is type(got) and bool(expected == got)


def _nothing(value: Any) -> bool:
    return value is None or value in ([], {})
