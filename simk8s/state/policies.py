"""Objects that admission reads: limit ranges, priority classes, service accounts, runtime classes,
and which namespaces there are.

Law: `version` is 0 until the first of them is declared and moves on with every change, so that
whatever was derived from them can tell whether it still holds, and a cluster without any pays one
comparison.

Mirrors: core/v1 LimitRange (with the defaults that the API fills in), scheduling/v1 PriorityClass,
node/v1 RuntimeClass, v1.36. Departs: a namespace that nothing declares exists; `default` service
accounts count as being there before their controller makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simk8s.state.quota import QuotaBook, quantities

if TYPE_CHECKING:
    from simk8s.state.cluster import Cluster

Raw = Mapping[str, Any]
Amounts = Mapping[str, int]

IMMORTAL = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that a cluster starts with; they can neither be missing nor go."""
DEFAULT_ACCOUNT = "default"


@dataclass(frozen=True, slots=True)
class Limit:
    """One item of a LimitRange: bounds and defaults by resource name, in our integer units."""

    type: str
    min: Amounts
    max: Amounts
    default: Amounts
    default_request: Amounts
    max_ratio: Mapping[str, int]
    """Limit to request, in thousandths."""

    @classmethod
    def parse(cls, raw: Raw) -> Limit:
        """From a Kubernetes mapping, with the API's own defaults."""
        kind = str(raw.get("type") or "")
        low, high = quantities(raw.get("min")), quantities(raw.get("max"))
        default = quantities(raw.get("default"))
        request = quantities(raw.get("defaultRequest"))
        if kind == "Container":
            default = {**high, **default}
            request = {**low, **default, **request}
        ratio = {
            str(k): quantities({"cpu": v})["cpu"]
            for k, v in (raw.get("maxLimitRequestRatio") or {}).items()
        }
        return cls(kind, low, high, default, request, ratio)


@dataclass(frozen=True, slots=True)
class LimitRange:
    """What containers and pods of a namespace may ask for."""

    namespace: str
    name: str
    limits: tuple[Limit, ...]

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> LimitRange:
        """From a Kubernetes object."""
        limits = (raw.get("spec") or {}).get("limits") or ()
        return cls(namespace, name, tuple(Limit.parse(one) for one in limits))


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A name for a priority."""

    name: str
    value: int
    global_default: bool = False
    preempts: bool = True

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> PriorityClass:
        """From a Kubernetes object."""
        preempts = raw.get("preemptionPolicy") != "Never"
        return cls(name, int(raw.get("value") or 0), bool(raw.get("globalDefault")), preempts)


@dataclass(frozen=True, slots=True)
class RuntimeClass:
    """What pods of a runtime ask for on top, and where they may run; raw, as Kubernetes has it."""

    name: str
    overhead: Raw
    node_selector: Mapping[str, str]
    tolerations: tuple[Raw, ...]

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> RuntimeClass:
        """From a Kubernetes object."""
        scheduling: Raw = raw.get("scheduling") or {}
        return cls(
            name,
            dict((raw.get("overhead") or {}).get("podFixed") or {}),
            {str(k): str(v) for k, v in (scheduling.get("nodeSelector") or {}).items()},
            tuple(scheduling.get("tolerations") or ()),
        )


@dataclass(frozen=True, slots=True)
class Namespace:
    """A declared namespace."""

    name: str
    labels: Mapping[str, str]
    terminating: bool = False

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> Namespace:
        """From a Kubernetes object."""
        labels = (raw.get("metadata") or {}).get("labels") or {}
        return cls(name, {str(k): str(v) for k, v in labels.items()})


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An identity for pods; `automount` whether they get its token as a volume."""

    namespace: str
    name: str
    automount: bool = True
    made: bool = False
    """By its controller: a namespace that has no other does not declare accounts."""

    @classmethod
    def parse(cls, raw: Raw, namespace: str, name: str) -> ServiceAccount:
        """From a Kubernetes object."""
        return cls(namespace, name, raw.get("automountServiceAccountToken") is not False)


class Policies:
    """What is declared, by kind. Change it through the methods, so that `version` moves on."""

    def __init__(self, cluster: Cluster) -> None:
        self.version = 0
        self.namespaces: dict[str, Namespace | None] = {}
        """Declared namespaces; None = not there yet, or gone."""
        self.limit_ranges: dict[str, dict[str, LimitRange]] = {}
        self.priority_classes: dict[str, PriorityClass] = {}
        self.runtime_classes: dict[str, RuntimeClass] = {}
        self.accounts: dict[str, dict[str, ServiceAccount]] = {}
        self.quotas = QuotaBook(cluster)

    def touch(self) -> None:
        """Something has changed that verdicts may rest on."""
        self.version += 1

    def expect_namespace(self, name: str) -> None:
        """A namespace will be declared: until then it is missing."""
        self.namespaces.setdefault(name, None)
        self.touch()

    def put_namespace(self, value: Namespace) -> None:
        """Create or replace a namespace."""
        self.namespaces[value.name] = value
        self.touch()

    def remove_namespace(self, name: str) -> None:
        """It is gone, and known to be."""
        self.namespaces[name] = None
        self.touch()

    def put_limit_range(self, value: LimitRange) -> None:
        """Create or replace a limit range."""
        self.limit_ranges.setdefault(value.namespace, {})[value.name] = value
        self.touch()

    def remove_limit_range(self, namespace: str, name: str) -> None:
        """It is gone; pods that exist keep what they have."""
        self.limit_ranges.get(namespace, {}).pop(name, None)
        self.touch()

    def put_priority_class(self, value: PriorityClass) -> None:
        """Create a class; pods that exist keep their number."""
        self.priority_classes[value.name] = value
        self.touch()

    def remove_priority_class(self, name: str) -> None:
        """It is gone; pods that exist keep their number."""
        self.priority_classes.pop(name, None)
        self.touch()

    def put_runtime_class(self, value: RuntimeClass) -> None:
        """Create or replace a runtime class."""
        self.runtime_classes[value.name] = value
        self.touch()

    def put_account(self, value: ServiceAccount) -> None:
        """Create or replace a service account."""
        self.accounts.setdefault(value.namespace, {})[value.name] = value
        self.touch()

    def remove_runtime_class(self, name: str) -> None:
        """It is gone; pods that exist keep what they have."""
        self.runtime_classes.pop(name, None)
        self.touch()

    def remove_account(self, namespace: str, name: str) -> None:
        """It is gone; pods that exist keep it."""
        self.accounts.get(namespace, {}).pop(name, None)
        self.touch()

    def default_class(self) -> PriorityClass | None:
        """The globalDefault; the lowest if there are several."""
        found = [one for one in self.priority_classes.values() if one.global_default]
        return min(found, key=lambda one: (one.value, one.name)) if found else None
