"""What a pod effectively asks for: containers, init steps, sidecars, pod level, overhead, resizes.

Three answers come from one manifest. The *real* amounts decide what fits and what a node has
left. *Charged* amounts are what scoring counts for a pod that runs (100m / 200 MiB per container
that names none); *asked* amounts are what scoring counts for the pod that is being placed, which
leaves pod-level resources aside.

Mirrors: k8s.io/component-helpers/resource PodRequests and noderesources
calculatePodResourceRequest, v1.36; for bound pods the largest of spec, allocated and actual
container resources, or of the last two while a resize is infeasible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from simk8s import units
from simk8s.state.requests import (
    DEFAULT_CPU_MILLI,
    DEFAULT_MEMORY_BYTES,
    NO_GPU,
    GpuRequest,
    Requests,
    RequestTable,
)
from simk8s.state.resources import CPU, EPHEMERAL, GPU, MEMORY, ResourceIndex

GPU_MILLI_ANNOTATION = "simk8s.io/gpu-milli"
GPU_MODELS_ANNOTATION = "simk8s.io/gpu-models"

Amounts = dict[int, int]
Raw = Mapping[str, Any]


def amounts(raw: Raw | tuple[()], resources: ResourceIndex) -> Amounts:
    """Resource names and quantities as row -> amount; whole GPUs in the GPU row, in devices."""
    found: Amounts = {}
    if not raw:
        return found
    for name, quantity in raw.items():
        row = GPU if name in resources.gpu_names else resources[str(name)]
        found[row] = _amount(row, quantity)
    return found


@lru_cache(maxsize=1 << 16)
def _amount(row: int, quantity: str | int | float) -> int:
    if row == CPU:
        return units.cpu_milli(quantity)
    if row in (MEMORY, EPHEMERAL):
        return units.memory_bytes(quantity)
    return units.count(quantity)


def parse_requests(
    manifest: Raw, resources: ResourceIndex, table: RequestTable, status: Raw | None = None
) -> Requests:
    """The effective requests of a pod template (or of a pod with its status)."""
    spec: Raw = manifest.get("spec") or {}
    more = spec.get("initContainers") or spec.get("overhead") or spec.get("resources")
    if status or more:
        reader = _Reader(spec, resources, status or {})
        real = reader.total(defaulted=False, pod_level=True)
        charged = reader.total(defaulted=True, pod_level=True)
        asked = reader.total(defaulted=True, pod_level=False)
    else:  # nothing but containers: the same sums, read once
        real, asked = {}, {}
        for container in spec.get("containers") or ():
            wanted = _block(container.get("resources") or {}, resources)
            _add(real, wanted)
            _add(asked, _defaulted(wanted))
        charged = asked
    devices = real.pop(GPU, 0)
    values = tuple([real.get(row, 0) for row in range(len(resources))])
    return table.intern(
        values,
        charged[CPU],
        charged[MEMORY],
        _gpu(manifest, devices),
        (asked[CPU], asked[MEMORY]),
    )


class _Reader:
    """Adds up one pod's containers."""

    def __init__(self, spec: Raw, resources: ResourceIndex, status: Raw) -> None:
        self._spec = spec
        self._resources = resources
        self._statuses: dict[str, Raw] = {}
        for kind in ("initContainerStatuses", "containerStatuses"):
            for one in status.get(kind) or ():
                self._statuses[str(one.get("name"))] = one
        self._infeasible = any(
            c.get("type") == "PodResizePending" and c.get("reason") == "Infeasible"
            for c in status.get("conditions") or ()
        )

    def total(self, *, defaulted: bool, pod_level: bool) -> Amounts:
        """The sum over the pod; `defaulted` fills in what containers leave open."""

        def of(raw: Raw) -> Amounts:
            found = self._container(raw)
            return _defaulted(found) if defaulted else found

        total = self._containers(of)
        if pod_level:
            total.update(self._pod_level())
        _add(total, amounts(self._spec.get("overhead") or {}, self._resources))
        return total

    def _containers(self, of: Callable[[Raw], Amounts]) -> Amounts:
        total: Amounts = {}
        for container in self._spec.get("containers") or ():
            _add(total, of(container))
        sidecars: Amounts = {}
        steps: Amounts = {}
        for container in self._spec.get("initContainers") or ():
            step = of(container)
            if container.get("restartPolicy") == "Always":
                _add(total, step)
                _add(sidecars, step)
                _at_least(steps, sidecars)
            else:
                _add(step, sidecars)
                _at_least(steps, step)
        _at_least(total, steps)
        return total

    def _container(self, raw: Raw) -> Amounts:
        wanted = _block(raw.get("resources") or {}, self._resources)
        status = self._statuses.get(str(raw.get("name")))
        if status is None or status.get("resources") is None:
            return wanted
        held = amounts(status["resources"].get("requests") or {}, self._resources)
        _at_least(held, amounts(status.get("allocatedResources") or {}, self._resources))
        if not self._infeasible:
            _at_least(held, wanted)
        return held

    def _pod_level(self) -> Amounts:
        """Pod-level requests; where only a limit is given, what the containers ask for, or the
        limit if none of them does.
        """
        block: Raw = self._spec.get("resources") or {}
        limits = amounts(block.get("limits") or {}, self._resources)
        found = amounts(block.get("requests") or {}, self._resources)
        if limits:
            inside = self._containers(self._container)
            for row in (CPU, MEMORY):
                if row in inside:
                    found.setdefault(row, inside[row])
            found = {**limits, **found}
        names = self._resources.names
        return {
            row: amount
            for row, amount in found.items()
            if row in (CPU, MEMORY) or names[row].startswith("hugepages-")
        }


def _block(block: Raw, resources: ResourceIndex) -> Amounts:
    """Requests, with limits standing in for requests that are not there."""
    found = amounts(block.get("limits") or (), resources)
    found.update(amounts(block.get("requests") or (), resources))
    return found


def _add(into: Amounts, other: Mapping[int, int]) -> None:
    for row, amount in other.items():
        into[row] = into.get(row, 0) + amount


def _at_least(into: Amounts, other: Mapping[int, int]) -> None:
    for row, amount in other.items():
        into[row] = max(into.get(row, 0), amount)


def _defaulted(amounts_of: Amounts) -> Amounts:
    return {CPU: DEFAULT_CPU_MILLI, MEMORY: DEFAULT_MEMORY_BYTES, **amounts_of}


def _gpu(manifest: Raw, devices: int) -> GpuRequest:
    notes = (manifest.get("metadata") or {}).get("annotations") or {}
    models = str(notes.get(GPU_MODELS_ANNOTATION) or "")
    milli = int(notes.get(GPU_MILLI_ANNOTATION) or 1000)
    if not devices and GPU_MILLI_ANNOTATION not in notes:
        return NO_GPU
    allowed = frozenset(models.split("|")) if models else None
    return GpuRequest(max(1, devices), milli, allowed)
