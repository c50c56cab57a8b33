"""What a fault model is: a timeline of faults, made from its own random stream.

A fault takes machines down (`rows`), or does something to the control plane (`effect`, plain data
that says what; whoever wires a simulation knows what to do about it).

A file of this folder has one public class, a `FaultModel`, built from the `Params` beside it. It
knows the nodes by name, zone and labels, and nothing of what runs on them.

Law: a timeline is in order of time and ends at the horizon; a longer horizon only appends to it;
the same generator state gives the same timeline. So strategies compared on one seed meet the same
faults. `tests/faults/conformance.py` checks a class. Modules of this folder import numpy and
kernel only where something is drawn, since scenarios are validated against their `Params`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from numpy.random import Generator


@dataclass(frozen=True, slots=True)
class ApiOutage:
    """No kube-apiserver answers."""


@dataclass(frozen=True, slots=True)
class ApiLoad:
    """Requests that nobody here waits for, at a rate."""

    verb: str
    resource: str
    per_second: float
    client: str


@dataclass(frozen=True, slots=True)
class SlowDisk:
    """etcd's disks take `factor` times as long, or until their median fsync is `fsync_us`."""

    factor: float | None
    fsync_us: int | None


@dataclass(frozen=True, slots=True)
class LeaderLoss:
    """etcd has to elect another leader."""


Effect = ApiOutage | ApiLoad | SlowDisk | LeaderLoss


@dataclass(frozen=True, slots=True)
class Fault:
    """Machines that fail together, or an effect on the control plane; `duration_us` None = for
    good, or as long as the effect itself takes.
    """

    at_us: int
    kind: str
    target: str
    rows: tuple[int, ...]
    duration_us: int | None = None
    detail: str | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node that can fail."""

    row: int
    name: str
    zone: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """What a timeline is made from."""

    nodes: Sequence[NodeInfo]
    generator: Generator
    horizon_us: int


class FaultModel(ABC):
    """Base of fault models; `kind` is the key in a scenario."""

    kind: ClassVar[str]

    @abstractmethod
    def __init__(self, params: Any) -> None:
        """Build from validated parameters."""

    @abstractmethod
    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""


class Damage(Protocol):
    """Who takes machines down and brings them back; faults may overlap."""

    def crash(self, rows: Iterable[int]) -> None: ...

    def restore(self, rows: Iterable[int]) -> None: ...


class ControlPlane(Protocol):
    """Whom effects befall; they may overlap."""

    def begin(self, effect: Effect) -> int | None:
        """It starts now; answers how long it takes if the effect itself decides that."""

    def end(self, effect: Effect) -> None:
        """It is over. Not called for an effect that ends by itself."""
