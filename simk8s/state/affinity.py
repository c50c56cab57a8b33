"""What a pod says about other pods and about topology: affinity terms, spread constraints, host
ports.

Frozen values, parsed once per template from plain Kubernetes YAML.

Mirrors: k8s.io/api/core/v1 PodAffinityTerm (namespaces default to the pod's own), as the API
server stores it: matchLabelKeys and mismatchLabelKeys are merged into the selectors at admission;
TopologySpreadConstraint; HostPort, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.state.selectors import LabelSelector, Requirement

HARD, SOFT = "DoNotSchedule", "ScheduleAnyway"
Namespaces = Mapping[str, Mapping[str, str]]
"""Labels of the namespaces that exist."""


@dataclass(frozen=True, slots=True)
class PodTerm:
    """One affinity or anti-affinity term; `weight` is 0 for a required one."""

    selector: LabelSelector
    namespaces: tuple[str, ...]
    namespace_selector: LabelSelector
    topology_key: str
    weight: int = 0

    @classmethod
    def parse(
        cls, raw: Mapping[str, Any], namespace: str, labels: Mapping[str, str], weight: int = 0
    ) -> PodTerm:
        """From a Kubernetes PodAffinityTerm of a pod in `namespace` with these labels."""
        names = tuple(sorted(str(n) for n in raw.get("namespaces") or ()))
        if not names and raw.get("namespaceSelector") is None:
            names = (namespace,)
        selector = LabelSelector.parse(raw.get("labelSelector"))
        for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            selector = merge_keys(selector, raw.get(keys) or (), labels, operator)
        return cls(
            selector,
            names,
            LabelSelector.parse(raw.get("namespaceSelector")),
            str(raw.get("topologyKey") or ""),
            weight,
        )

    def matches(self, namespace: str, labels: Mapping[str, str], known: Namespaces) -> bool:
        """Whether a pod in that namespace with these labels is meant."""
        return self.selector.matches(labels) and (
            namespace in self.namespaces
            or self.namespace_selector.matches(known.get(namespace) or {})
        )


def merge_keys(
    selector: LabelSelector, keys: Iterable[str], labels: Mapping[str, str], operator: str
) -> LabelSelector:
    """The selector with the pod's own values of some labels added; a line that is there already
    is not repeated, a label that the pod lacks is ignored.
    """
    extra = []
    for key in keys:
        if key in labels:
            line = Requirement(key, operator, (labels[key],))
            if line not in selector.requirements:
                extra.append(line)
    return selector.also(LabelSelector(tuple(extra))) if extra else selector


@dataclass(frozen=True, slots=True)
class PodAffinity:
    """All terms of one pod."""

    required: tuple[PodTerm, ...] = ()
    preferred: tuple[PodTerm, ...] = ()
    anti_required: tuple[PodTerm, ...] = ()
    anti_preferred: tuple[PodTerm, ...] = ()

    @classmethod
    def parse(
        cls, raw: Mapping[str, Any], namespace: str, labels: Mapping[str, str]
    ) -> PodAffinity:
        """From `spec.affinity`."""

        def required(kind: str) -> tuple[PodTerm, ...]:
            terms = (raw.get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
            return tuple(PodTerm.parse(t, namespace, labels) for t in terms or ())

        def preferred(kind: str) -> tuple[PodTerm, ...]:
            terms = (raw.get(kind) or {}).get("preferredDuringSchedulingIgnoredDuringExecution")
            return tuple(
                PodTerm.parse(t.get("podAffinityTerm") or {}, namespace, labels, int(t["weight"]))
                for t in terms or ()
            )

        return cls(
            required("podAffinity"),
            preferred("podAffinity"),
            required("podAntiAffinity"),
            preferred("podAntiAffinity"),
        )


NO_AFFINITY = PodAffinity()


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """One topology spread constraint."""

    max_skew: int
    topology_key: str
    hard: bool
    selector: LabelSelector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any], labels: Mapping[str, str]) -> SpreadConstraint:
        """From a Kubernetes mapping of a pod with these labels."""
        selector = LabelSelector.parse(raw.get("labelSelector"))
        return cls(
            max_skew=int(raw["maxSkew"]),
            topology_key=str(raw["topologyKey"]),
            hard=raw["whenUnsatisfiable"] == HARD,
            selector=merge_keys(selector, raw.get("matchLabelKeys") or (), labels, "In"),
            min_domains=int(raw.get("minDomains") or 1),
            honor_affinity=raw.get("nodeAffinityPolicy", "Honor") == "Honor",
            honor_taints=raw.get("nodeTaintsPolicy", "Ignore") == "Honor",
        )


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of the node that a container takes."""

    ip: str
    protocol: str
    port: int

    def conflicts(self, other: HostPort) -> bool:
        """Whether both cannot be had on one node; 0.0.0.0 stands for every address."""
        if self.port != other.port or self.protocol != other.protocol:
            return False
        return self.ip == other.ip or ANY_ADDRESS in (self.ip, other.ip)


ANY_ADDRESS = "0.0.0.0"


def host_ports(spec: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Host ports of the containers and sidecars of a pod spec."""
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    found: dict[HostPort, None] = {}
    for container in [*sidecars, *(spec.get("containers") or ())]:
        for port in container.get("ports") or ():
            number = int(port.get("hostPort") or 0)
            if spec.get("hostNetwork"):
                number = number or int(port.get("containerPort") or 0)
            if number > 0:
                ip, protocol = port.get("hostIP"), port.get("protocol")
                found[HostPort(str(ip or ANY_ADDRESS), str(protocol or "TCP"), number)] = None
    return tuple(found)
