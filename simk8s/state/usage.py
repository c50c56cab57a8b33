"""What a pod counts for in a ResourceQuota: requests and limits by name, and its scopes.

Law: `usage` of a pod is a function of its template and of what was drawn for it, so that a recount
from scratch finds what admission charged.

Mirrors: pkg/quota/v1/evaluator/core/pods.go (names, must-specify rule, scopes) over
component-helpers/resource PodRequests and PodLimits, v1.36. Departs: a share of a GPU counts as a
whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simk8s import units
from simk8s.state.requests import Requests
from simk8s.state.resources import CPU, EPHEMERAL, GPU, MEMORY, PODS, ResourceIndex
from simk8s.state.shapes import PodTemplate

Raw = Mapping[str, Any]
Amounts = dict[str, int]

MUST_SPECIFY = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""Where a quota has one of these, every container has to name it."""
COUNT_PODS = "count/pods"
_NATIVE = ("cpu", "memory", "ephemeral-storage")
_BYTES = ("memory", "ephemeral-storage", "storage")


def quantity(name: str, raw: str | int | float) -> int:
    """Millicores, bytes or whole things, as the name asks (`requests.` and `limits.` aside)."""
    base = name.removeprefix("requests.").removeprefix("limits.")
    if base == "cpu":
        return units.cpu_milli(raw)
    if base in _BYTES or base.startswith("hugepages-"):
        return units.memory_bytes(raw)
    return units.count(raw)


def quantities(raw: Raw | None) -> Amounts:
    """A Kubernetes ResourceList in integers."""
    return {str(name): quantity(str(name), one) for name, one in (raw or {}).items()}


def shown(name: str, amount: int) -> str:
    """An amount as Kubernetes' messages have it: `500m`, `2`, `1Gi`."""
    base = name.removeprefix("requests.").removeprefix("limits.")
    if base == "cpu":
        return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"
    if base in _BYTES or base.startswith("hugepages-"):
        for suffix, size in (("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
            if amount and amount % size == 0:
                return f"{amount // size}{suffix}"
    return str(amount)


def requests_of(container: Raw) -> Amounts:
    """A container's requests; a limit stands in for a request that is not there."""
    block: Raw = container.get("resources") or {}
    return {**quantities(block.get("limits")), **quantities(block.get("requests"))}


def limits_of(container: Raw) -> Amounts:
    """A container's limits."""
    return quantities((container.get("resources") or {}).get("limits"))


def containers(spec: Raw) -> Iterator[Raw]:
    """Containers, then init containers."""
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def total(spec: Raw, of: Callable[[Raw], Amounts], *, pod_level: bool = True) -> Amounts:
    """The sum over a pod of requests or limits: init steps by maximum, sidecars added."""
    found: Amounts = {}
    for container in spec.get("containers") or ():
        _add(found, of(container))
    sidecars: Amounts = {}
    steps: Amounts = {}
    for container in spec.get("initContainers") or ():
        step = of(container)
        if container.get("restartPolicy") == "Always":
            _add(found, step)
            _add(sidecars, step)
            _at_least(steps, sidecars)
        else:
            _add(step, sidecars)
            _at_least(steps, step)
    _at_least(found, steps)
    if not pod_level:
        return found
    level = of(spec)
    found.update({k: v for k, v in level.items() if k in _NATIVE or k.startswith("hugepages-")})
    for name, amount in quantities(spec.get("overhead")).items():
        if of is requests_of or name in found:
            found[name] = found.get(name, 0) + amount
    return found


def _add(into: Amounts, other: Mapping[str, int]) -> None:
    for name, amount in other.items():
        into[name] = into.get(name, 0) + amount


def _at_least(into: Amounts, other: Mapping[str, int]) -> None:
    for name, amount in other.items():
        into[name] = max(into.get(name, 0), amount)


def compute(requests: Mapping[str, int], limits: Mapping[str, int]) -> Amounts:
    """Quota names that requests and limits count under; a pod is one of `pods`."""
    found: Amounts = {"pods": 1}
    for name, amount in requests.items():
        if name in _NATIVE or name.startswith("hugepages-"):
            found[name] = amount
        found[f"requests.{name}"] = amount
    for name, amount in limits.items():
        if name in _NATIVE:
            found[f"limits.{name}"] = amount
    return found


def written(template: PodTemplate) -> tuple[Amounts, Amounts]:
    """Requests and limits of a template's pods, as they are written."""
    return total(template.spec, requests_of), total(template.spec, limits_of)


def usage(
    template: PodTemplate,
    requests: Requests,
    resources: ResourceIndex,
    known: tuple[Amounts, Amounts] | None = None,
) -> Amounts:
    """What a live pod counts for, `count/pods` aside; `known` is what is `written`."""
    asked, limits = written(template) if known is None else known
    if requests is not template.requests:
        asked = {**asked, **drawn(template.requests, requests, resources)}
    return compute(asked, limits)


def drawn(base: Requests, own: Requests, resources: ResourceIndex) -> Amounts:
    """What a pod asks for differently from its template, by name."""
    found: Amounts = {}
    for row, amount in enumerate(own.values):
        before = base.values[row] if row < len(base.values) else 0
        if amount == before or row == PODS:
            continue
        if row == GPU:
            found[resources.gpu_names[0] if resources.gpu_names else "gpu"] = own.gpu.count
        else:
            found[resources.names[row]] = amount
    return found


def missing(spec: Raw, names: Mapping[str, int], drawn_too: Mapping[str, int]) -> str:
    """`requests.cpu for: main; …`: what containers had to name and did not; empty if nothing."""
    lacking: dict[str, list[str]] = {}
    for place, container in enumerate(containers(spec)):
        requests = requests_of(container)
        if place == 0:
            requests.update(drawn_too)
        has = compute(requests, limits_of(container))
        for name in MUST_SPECIFY:
            if name in names and name not in has:
                lacking.setdefault(name, []).append(str(container.get("name") or ""))
    return "; ".join(f"{name} for: {','.join(lacking[name])}" for name in sorted(lacking))


def best_effort(template: PodTemplate, requests: Requests) -> bool:
    """QoS class BestEffort: no container names any cpu or memory."""
    if requests.values[CPU] or requests.values[MEMORY]:
        return False
    for container in containers(template.spec):
        amounts = {**requests_of(container), **limits_of(container)}
        if amounts.get("cpu") or amounts.get("memory"):
            return False
    return True


def crosses_namespaces(spec: Raw) -> bool:
    """Whether a pod (anti-)affinity term looks beyond the pod's own namespace."""
    affinity: Raw = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        block: Raw = affinity.get(kind) or {}
        terms = list(block.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        preferred = block.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [one.get("podAffinityTerm") or {} for one in preferred]
        if any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms):
            return True
    return False


ROWS = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": EPHEMERAL}
"""Names with a row of their own."""
