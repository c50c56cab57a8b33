"""What a fault model is: a timeline of faults, made from its own random stream.

A fault takes machines down (`rows`), or does something else to them, or something to the cluster
as a whole (`effect`, plain data that says what; whoever wires a simulation knows what to do about
it).

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
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from simk8s.schema.labels import INSTANCE_LABEL, RACK_LABEL

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


@dataclass(frozen=True, slots=True)
class Takeover:
    """The leader of kube-scheduler or kube-controller-manager dies; another leads at the end."""

    component: str


@dataclass(frozen=True, slots=True)
class RegistryOutage:
    """No image that matches can be pulled; `answer_us` until a pull has failed."""

    images: tuple[str, ...]
    answer_us: int = 0


@dataclass(frozen=True, slots=True)
class RegistrySlow:
    """Everything that comes from the registry takes so many thousandths as long."""

    thousandths: int


@dataclass(frozen=True, slots=True)
class KillContainers:
    """Containers of some running pods die. `draw` decides which; nobody else draws for it."""

    code: int
    reason: str
    count: int
    share: float
    namespaces: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    draw: int


@dataclass(frozen=True, slots=True)
class BadRollout:
    """Somebody rolls a Deployment out to a version that does not work (or an image is broken)."""

    deployment: str
    """namespace/name; empty = the image alone."""
    image: str
    failure: str


@dataclass(frozen=True, slots=True)
class CloudThrottle:
    """The cloud's API takes fewer calls: a lower rate, or a share of them refused."""

    calls: tuple[str, ...] = ()
    """The actions that it is about; empty = all."""
    factor: float | None = None
    """Of the agreed rate, or else `per_second` in all."""
    per_second: float | None = None
    share: float = 0.0
    draw: int = 0
    """Decides which of them; nobody else draws for it."""

    @property
    def slower(self) -> bool:
        """Whether the rate is lower."""
        return self.factor is not None or self.per_second is not None

    def rate(self, agreed: float) -> float:
        """Calls a second, where so many were agreed."""
        if self.factor is not None:
            return agreed * self.factor
        return agreed if self.per_second is None else min(agreed, self.per_second)


@dataclass(frozen=True, slots=True)
class Partition:
    """The nodes work on, and neither hear of the control plane nor are heard by it."""


@dataclass(frozen=True, slots=True)
class KubeletHang:
    """Containers run on; the kubelets do nothing at all."""


@dataclass(frozen=True, slots=True)
class SlowNode:
    """Pulls and starts take so many thousandths as long."""

    thousandths: int


@dataclass(frozen=True, slots=True)
class Pressure:
    """A node condition, DiskPressure or MemoryPressure; `hog_bytes` of memory are used by
    something that is no pod.
    """

    condition: str
    hog_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reclaim:
    """The provider takes the machines back, having said so `notice_us` before."""

    notice_us: int
    drain: bool
    replaced_us: int | None
    """A new machine joins so long after the old one has gone; None = never."""


NodeEffect = Partition | KubeletHang | SlowNode | Pressure | Reclaim
ClusterEffect = (
    ApiOutage
    | ApiLoad
    | SlowDisk
    | LeaderLoss
    | Takeover
    | RegistryOutage
    | RegistrySlow
    | KillContainers
    | BadRollout
    | CloudThrottle
)
Effect = NodeEffect | ClusterEffect


@dataclass(frozen=True, slots=True)
class Fault:
    """Machines that fail together, or an effect on them (a `NodeEffect`) or on the cluster;
    `duration_us` None = for good, or as long as the effect itself takes.
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

    @property
    def rack(self) -> str:
        """The rack label, or the empty string."""
        return self.labels.get(RACK_LABEL, "")

    @property
    def profile(self) -> str:
        """The instance type, which is the name of the hardware profile."""
        return self.labels.get(INSTANCE_LABEL, "")


@dataclass(frozen=True, slots=True)
class Context:
    """What a timeline is made from; files are relative to `base`."""

    nodes: Sequence[NodeInfo]
    generator: Generator
    horizon_us: int
    base: Path = Path()


class FaultModel(ABC):
    """Base of fault models; `kind` is the key in a scenario."""

    kind: ClassVar[str]
    of_cloud: ClassVar[bool] = False
    """Its machines come from a cloud whose API can be asked too often."""

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
    """Whom effects on the cluster befall; they may overlap."""

    pods_hit: int
    """By the latest of them at its beginning."""
    idle: str
    """Why the latest of them had no effect; empty if it had one."""

    def begin(self, effect: ClusterEffect) -> int | None:
        """It starts now; answers how long it takes if the effect itself decides that."""

    def end(self, effect: ClusterEffect) -> None:
        """It is over. Not called for an effect that ends by itself."""


class Nodes(Protocol):
    """Whom effects on nodes befall; they may overlap."""

    def begin(self, effect: NodeEffect, rows: Sequence[int]) -> None:
        """It starts now."""

    def end(self, effect: NodeEffect, rows: Sequence[int]) -> None:
        """It is over."""
