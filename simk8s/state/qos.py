"""Quality of service of a pod: how its requests and limits stand to each other.

Mirrors: pkg/apis/core/v1/helper/qos, v1.36: Guaranteed: every container has limits of cpu and
memory that are its requests; BestEffort: none has either; Burstable: the rest.
"""

from __future__ import annotations

from enum import IntEnum

from simk8s.state.requests import Requests
from simk8s.state.shapes import PodTemplate
from simk8s.state.usage import best_effort, containers, limits_of, quantities

CRITICAL = 2_000_000_000
"""Priority from which on a pod is system-critical."""


class Qos(IntEnum):
    """From the last to be killed to the first."""

    GUARANTEED = 0
    BURSTABLE = 1
    BEST_EFFORT = 2


def qos_of(template: PodTemplate, requests: Requests) -> Qos:
    """The class of a pod."""
    if best_effort(template, requests):
        return Qos.BEST_EFFORT
    drawn = requests is not template.requests
    guaranteed = not drawn and all(map(_guaranteed, containers(template.spec)))
    return Qos.GUARANTEED if guaranteed else Qos.BURSTABLE


def _guaranteed(container: object) -> bool:
    assert isinstance(container, dict)
    limits = limits_of(container)
    asked = quantities((container.get("resources") or {}).get("requests"))
    return all(limits.get(name, 0) > 0 for name in ("cpu", "memory")) and all(
        asked.get(name, limits[name]) == limits[name] for name in ("cpu", "memory")
    )
