"""`evictionHard` and the like of KubeletConfiguration: thresholds by signal, as text.

Law: a threshold is an amount (`100Mi`) or a share of the signal's capacity (`10%`); every soft one
has a grace period. What is written replaces all of kubelet's own, as there, unless
`mergeDefaultEvictionSettings` is set.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from simk8s import units
from simk8s.catalog import suggest
from simk8s.scenario.types import unit_error

SIGNALS = (
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "pid.available",
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII)


class Bound(NamedTuple):
    """An amount, or thousandths of the capacity."""

    amount: int = 0
    permille: int = 0


def _bound(value: Any) -> Bound:
    if isinstance(value, Bound):
        return value
    if not isinstance(value, (str, int)):
        raise unit_error("expected an amount like 100Mi or a share like 10%")
    share = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if share is not None:
        permille = round(float(share.group(1)) * 10)
        if permille > 1000:
            raise unit_error(f"{value!r} is more than there is")
        return Bound(permille=permille)
    try:
        return Bound(amount=units.memory_bytes(value))
    except ValueError as error:
        raise unit_error(str(error)) from None


def known_signals(value: Any) -> Any:
    """Keys are signals; anything else is an error with did-you-mean."""
    for key in value if isinstance(value, dict) else ():
        if key not in SIGNALS:
            near = suggest(str(key), SIGNALS)
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(SIGNALS)}"
            context = {"text": f"unknown eviction signal {key!r}", "hint": hint}
            raise PydanticCustomError("E106", "{text}", context)
    return value


BoundText: TypeAlias = Annotated[
    Bound,
    BeforeValidator(_bound),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?%$"},
                {"type": "string", "pattern": units.QUANTITY_PATTERN},
                {"type": "integer", "minimum": 0},
            ],
            "examples": ["100Mi", "10%"],
        }
    ),
]
Bounds: TypeAlias = Annotated[dict[str, BoundText], BeforeValidator(known_signals)]

HARD: dict[str, Bound] = {
    "memory.available": Bound(amount=100 << 20),
    "nodefs.available": Bound(permille=100),
    "nodefs.inodesFree": Bound(permille=50),
    "imagefs.available": Bound(permille=150),
    "imagefs.inodesFree": Bound(permille=50),
}
"""Kubelet's own hard thresholds on Linux."""


def misfits(soft: dict[str, Bound], periods: dict[str, int]) -> None:
    """Raises for a soft threshold without a grace period, or the other way round."""
    for key in soft:
        if key not in periods:
            text = f"the soft threshold of {key} needs an entry in evictionSoftGracePeriod"
            raise PydanticCustomError("E105", "{text}", {"text": text})
    for key in periods:
        if key not in soft:
            text = f"evictionSoftGracePeriod of {key} belongs to no threshold in evictionSoft"
            raise PydanticCustomError("E105", "{text}", {"text": text})
