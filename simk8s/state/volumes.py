"""Persistent volumes, claims, storage classes, and what nodes may attach.

Frozen records; `Volumes.version` moves on with every change.

Mirrors: core/v1 PersistentVolume and PersistentVolumeClaim, storage/v1 StorageClass, CSINode,
CSIDriver and CSIStorageCapacity, as far as scheduling reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simk8s.state.objects import Key
from simk8s.state.selectors import LabelSelector, NodeTerm

NO_PROVISIONER = "kubernetes.io/no-provisioner"
FILESYSTEM = "Filesystem"


@dataclass(frozen=True, slots=True)
class Volume:
    """A PersistentVolume. `claim` is (namespace, name, uid) of the claim it is (pre-)bound to."""

    name: str
    capacity: int
    storage_class: str = ""
    modes: tuple[str, ...] = ()
    volume_mode: str = FILESYSTEM
    labels: Mapping[str, str] = field(default_factory=dict)
    node_terms: tuple[NodeTerm, ...] | None = None
    claim: tuple[str, str, str] | None = None
    available: bool = True
    deleting: bool = False
    driver: str = ""
    handle: str = ""

    def reaches(self, labels: Mapping[str, str]) -> bool:
        """Whether a node with these labels can use it."""
        return self.node_terms is None or any(t.matches(labels, {}) for t in self.node_terms)

    def is_for(self, claim: Claim) -> bool:
        """Whether it is bound or pre-bound to that claim."""
        if self.claim is None or self.claim[:2] != (claim.namespace, claim.name):
            return False
        return not self.claim[2] or self.claim[2] == claim.uid


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim."""

    namespace: str
    name: str
    size: int
    storage_class: str = ""
    modes: tuple[str, ...] = ()
    volume_mode: str = FILESYSTEM
    uid: str = ""
    volume: str = ""
    bound: bool = False
    """Fully bound: names a volume, and the controller has said so."""
    lost: bool = False
    deleting: bool = False
    selected_node: str | None = None
    selector: LabelSelector | None = None
    owner_uid: str = ""


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A StorageClass; `topologies` is a list of alternatives, each label -> allowed values."""

    name: str
    provisioner: str
    waits: bool
    topologies: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = ()
    default: bool = False

    def allows(self, labels: Mapping[str, str]) -> bool:
        """Whether a volume for a node with these labels may be made."""
        return not self.topologies or any(
            all(labels.get(key) in values for key, values in term) for term in self.topologies
        )


@dataclass(frozen=True, slots=True)
class Capacity:
    """A CSIStorageCapacity: the largest volume that can be made where `topology` holds."""

    storage_class: str
    topology: LabelSelector
    limit: int | None


class Volumes:
    """Everything about storage in one cluster."""

    def __init__(self) -> None:
        self.version = 0
        self.volumes: dict[str, Volume] = {}
        self.claims: dict[Key, Claim] = {}
        self.classes: dict[str, StorageClass] = {}
        self.limits: dict[str, Mapping[str, int]] = {}
        """CSINode by node name: driver -> how many volumes it can attach there."""
        self.drivers: dict[str, bool] = {}
        """CSIDriver -> whether it publishes capacities."""
        self.capacities: list[Capacity] = []

    def put(self, record: Volume | Claim | StorageClass | Capacity) -> None:
        """Create or replace one record."""
        match record:
            case Volume():
                self.volumes[record.name] = record
            case Claim():
                self.claims[record.namespace, record.name] = record
            case StorageClass():
                self.classes[record.name] = record
            case Capacity():
                self.capacities.append(record)
        self.version += 1

    def remove_claim(self, namespace: str, name: str) -> None:
        """A claim is gone; its volume stays, released."""
        self.claims.pop((namespace, name), None)
        self.version += 1

    def remove_volume(self, name: str) -> None:
        """A volume is gone."""
        self.volumes.pop(name, None)
        self.version += 1

    def remove_class(self, name: str) -> None:
        """A class is gone."""
        self.classes.pop(name, None)
        self.version += 1

    def put_limits(self, node: str, limits: Mapping[str, int]) -> None:
        """Create or replace a CSINode."""
        self.limits[node] = limits
        self.version += 1

    def put_driver(self, name: str, publishes: bool) -> None:
        """Create or replace a CSIDriver."""
        self.drivers[name] = publishes
        self.version += 1
