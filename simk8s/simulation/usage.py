"""What pods use, wired up: from a scenario to NodeUsage, and from it to the `usage` table.

Law: a scenario that says nothing of usage has none of this: no component, no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import Streams
from simk8s.nodes.kubelet import KubeletPool
from simk8s.nodes.settings import EvictionSettings, Threshold, UsageSettings
from simk8s.nodes.usage import NodeUsage
from simk8s.nodes.usage_curves import CurveMaker
from simk8s.record.writer import TableWriter
from simk8s.scenario.annotations import PREFIX, USAGE
from simk8s.scenario.templates import static_paths, template_paths
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, MEMORY
from simk8s.state.selectors import DISK_PRESSURE, MEMORY_PRESSURE

if TYPE_CHECKING:
    from simk8s.scenario.control.eviction import Bound
    from simk8s.scenario.control.kubelet import Kubelet
    from simk8s.scenario.load import Loaded

POINTS = 200
"""At most so many rows of the table, and one for the end."""
STANDARD_BYTES = 100 << 20
"""The hard threshold that machines' allocatable memory leaves out."""


def is_used(loaded: Loaded) -> bool:
    """Whether a scenario says what pods use."""
    scenario = loaded.scenario
    if any(entry.usage is not None for entry in scenario.behaviour):
        return True
    if any(getattr(fault.params, "needs_usage", False) for fault in scenario.faults):
        return True  # a fault that takes memory or disk of nodes: `needs_usage: ClassVar = True`
    return any(
        PREFIX + name in ((template.get("metadata") or {}).get("annotations") or {})
        for template in _templates(loaded)
        for name in USAGE
    )


def _templates(loaded: Loaded) -> Iterator[Any]:
    yield from (template for _, template in template_paths(loaded.data))
    yield from (template for _, template in static_paths(loaded.data))
    yield from (one.template for held in loaded.manifests.values() for one in held)


def settings_of(own: Kubelet) -> UsageSettings:
    """Kubelets, as far as they care what pods use."""
    hard = own.hard_thresholds
    spared = hard.get("memory.available")
    reclaim = own.eviction_minimum_reclaim
    thresholds = [_threshold(signal, bound, reclaim) for signal, bound in hard.items()]
    for signal, bound in own.eviction_soft.items():
        grace_us = own.eviction_soft_grace_period[signal]
        thresholds.append(_threshold(signal, bound, reclaim, grace_us))
    return UsageSettings(
        EvictionSettings(
            thresholds=tuple(thresholds),
            interval_us=own.eviction_monitoring_period,
            transition_us=own.eviction_pressure_transition_period,
            max_grace_us=own.eviction_max_pod_grace_period,
            spared_bytes=0 if spared is None else spared.amount,
        ),
        cpu_quota=own.cpu_cfs_quota,
        cgroup=own.cgroup_version,
        reserved_in_use_percent=own.reserved_in_use,
        pids=own.pid_max,
        node_status_us=own.node_status_update_frequency,
    )


def _threshold(
    signal: str, bound: Bound, reclaim: dict[str, Bound], grace_us: int = 0
) -> Threshold:
    more = reclaim.get(signal)
    extra = (0, 0) if more is None else (more.amount, more.permille)
    return Threshold(signal, bound.amount, bound.permille, grace_us, *extra)


def spared(spec: NodeSpec, own: Kubelet) -> NodeSpec:
    """A node whose allocatable memory follows the hard threshold, where a scenario sets one."""
    if own.eviction_hard is None or MEMORY not in spec.capacity:
        return spec
    bound = own.hard_thresholds.get("memory.available")
    may = spec.allocatable[MEMORY]
    if may == spec.capacity[MEMORY]:  # nothing was left out
        return spec
    amount = 0 if bound is None else bound.amount or spec.capacity[MEMORY] * bound.permille // 1000
    left = max(may + STANDARD_BYTES - amount, 0)
    return replace(spec, allocatable={**spec.allocatable, MEMORY: left})


def measured(
    loaded: Loaded, clock: Clock, store: Store, streams: Streams, kubelets: KubeletPool
) -> NodeUsage:
    """Measure what pods use from now on."""
    scenario = loaded.scenario
    maker = CurveMaker(streams, loaded.base)
    for entry in scenario.behaviour:
        for path in () if entry.usage is None else entry.usage.paths:
            maker.read(path)

    settings, usage_of = settings_of(scenario.plane.kubelet), kubelets.behaviours.usage_of
    usage = NodeUsage(
        clock, store, kubelets.client_of, settings, usage_of, maker, kubelets.kills(), streams.seed
    )
    kubelets.measure(usage)
    return usage


class UsageSampler:
    """Writes one row of the `usage` table at every so many samples."""

    def __init__(self, usage: NodeUsage, store: Store, rows: TableWriter, samples: int) -> None:
        self._usage, self._store, self._append = usage, store, rows.append
        self._every = max(-(-samples // POINTS), 1)
        self._taken = 0
        self._last_us = 0
        self._before = usage.used(0)

    def __call__(self, now_us: int, *, last: bool = False) -> None:
        """A sample of everything else is taken now."""
        due = self._taken % self._every == 0
        self._taken += 1
        if not due and not last:
            return
        usage, nodes, pressures = self._usage, self._store.cluster.nodes, self._store.pressures
        used, twice_us = usage.used(now_us), 2 * (now_us - self._last_us)
        means = [
            (after - before) // twice_us if twice_us else 0
            for before, after in zip(self._before, used, strict=True)
        ]
        self._before, self._last_us = used, now_us
        ready = [row for row in range(nodes.n) if nodes.exists[row] and self._store.ready[row]]
        held = list(pressures.of.values())
        self._append(
            (
                now_us,
                *means,
                sum(
                    nodes.specs[row].capacity.get(CPU, 0) or int(nodes.allocatable[CPU, row])
                    for row in ready
                ),
                sum(
                    nodes.specs[row].capacity.get(MEMORY, 0) or int(nodes.allocatable[MEMORY, row])
                    for row in ready
                ),
                usage.ooms,
                usage.node_ooms,
                usage.evictions,
                sum(MEMORY_PRESSURE in conditions for conditions in held),
                sum(DISK_PRESSURE in conditions for conditions in held),
            )
        )
