"""What a pod's usage is held against: requests, limits, class of service. One for all pods alike.

Law: a function of the template and of what was drawn for the pod. A limit counts for the whole pod
and only if every container that stays has one; -1 where there is none.

Mirrors: cgroups of pod and containers in pkg/kubelet/cm, v1.36. Departs: the containers of a pod
share its usage as they share its limits, so that all reach them at the same instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.nodes.qos import Qos, qos_of
from simk8s.state.cluster import Cluster
from simk8s.state.requests import Requests
from simk8s.state.resources import CPU, EPHEMERAL, MEMORY
from simk8s.state.shapes import PodTemplate
from simk8s.state.usage import limits_of

NO_LIMIT = -1
NAMES = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True, slots=True)
class Facts:
    """Amounts in the order cpu, memory, ephemeral storage."""

    requests: tuple[int, int, int]
    limits: tuple[int, int, int]
    qos: Qos
    asked: Requests


def _staying(spec: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """App containers and sidecars."""
    yield from spec.get("containers") or ()
    for one in spec.get("initContainers") or ():
        if one.get("restartPolicy") == "Always":
            yield one


def _limit(spec: Mapping[str, Any], name: str) -> int:
    level = limits_of(spec).get(name)
    if level:
        return level
    found = [limits_of(one).get(name, 0) for one in _staying(spec)]
    return sum(found) if all(found) else NO_LIMIT


def facts_of(template: PodTemplate, asked: Requests) -> Facts:
    """Of the pods of one template that ask for the same."""
    values = asked.values
    return Facts(
        (values[CPU], values[MEMORY], values[EPHEMERAL]),
        (
            _limit(template.spec, NAMES[0]),
            _limit(template.spec, NAMES[1]),
            _limit(template.spec, NAMES[2]),
        ),
        qos_of(template, asked),
        asked,
    )


class FactTable:
    """Facts by template and request, worked out when first asked for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[int, int], Facts] = {}

    def of(self, pod: int) -> Facts:
        """A pod's."""
        pods = self._cluster.pods
        key = (pods.template[pod], pods.requests[pod])
        found = self._known.get(key)
        if found is None:
            found = facts_of(self._cluster.template_of(pod), self._cluster.requests_of(pod))
            self._known[key] = found
        return found
