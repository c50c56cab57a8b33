"""cp_sat: OR-Tools CP-SAT over a batch of pending pods.

Pods that are alike (template, requests, priority) become integer counts per node; a greedy
packing is the hint and the floor. Objective, lexicographic: per priority from the top the most
pods placed, then the fewest nodes in use or, on clusters with GPUs, the least fragmentation.
Called when `maxBatch` pods are pending or the oldest has waited `window`; one plan is in flight,
and while it is, the cluster moves on: the scheduler checks every placement again.

Law: the solver's budget is deterministic time with one worker, so the plan is the same on every
machine; the simulated latency is a model, `latency + latencyPerUnit × deterministic time`, never
the solver's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement import cycle
from simk8s.placement.base import ALL, Query
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.view import Overlay
from simk8s.state.resources import GPU
from simk8s.strategies._cp_sat_params import Params
from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.pods import GpuDemand, Group, IntArray
from simk8s.strategies._packing.solve import Options, solve
from simk8s.strategies._packing.typical import Seen
from simk8s.strategies.base import Assignment, Batch, Context, Plan, Solve, Strategy

__all__ = ("CpSat", "Params")

PACKED = ("NodeResourcesFit", "GpuShare")
"""Filters that the packing itself answers; all others become masks."""
LEAST_SHARE = 0.1
"""A batch that is not full gets its share of the budget, but no less than this."""


class CpSat(Strategy):
    """Batch packing; see the module."""

    name: ClassVar[str] = "cp_sat"

    def __init__(self, params: Params, context: Context) -> None:
        self.framework = Framework.of(Profile(scores=()))
        self.batch = Batch(params.max_batch, params.window)
        self._params = params
        self._view = context.view
        self._seen = Seen()
        self._known: set[int] = set()

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """A plan for the whole batch."""
        params, alike = self._params, _alike(pending)
        if not self._view.nodes.n:
            nowhere = cycle.verdict(self.framework, pending[0], self._view)
            return Plan(rejected=[(query.pod, nowhere) for query in pending])
        after = self._view.overlay()
        _reserve_nominated(after, {query.pod for query in pending})
        instance = self._instance(after, alike)
        share = max(len(pending) / params.max_batch, LEAST_SHARE)
        options = Options(budget=params.budget * min(share, 1.0), candidates=params.candidates)
        found = solve(instance, options)
        plan = Plan(evaluated=after.nodes.n * len(alike))
        _place(plan, alike, found.placement, after)
        self._reject(plan, alike, after)
        per_unit = params.latency_per_unit * found.deterministic_time
        plan.latency_us = max(1, params.latency + round(per_unit))
        hint = found.hint_objective
        plan.solve = Solve(
            candidates=found.candidates,
            status=str(found.status),
            objective=float(found.objective),
            bound=float(found.bound),
            gap=found.gap,
            hint_objective=None if hint is None else float(hint),
            deterministic_time=found.deterministic_time,
            curve=found.curve,
        )
        return plan

    def _instance(self, view: Overlay, alike: list[list[Query]]) -> PackingInstance:
        nodes = view.nodes
        rows = [row for row in range(len(nodes.free)) if row != GPU]
        used = nodes.allocatable[rows] != nodes.free[rows]
        gpus = nodes.gpu_free if nodes.gpu_count.any() else None
        groups = tuple(self._group(view, pods, rows) for pods in alike)
        return PackingInstance(
            groups=groups,
            free=np.maximum(nodes.free[rows], 0),
            in_use=used.any(axis=0),
            gpu_free=gpus,
            companions=None if gpus is None else self._companions(alike, groups, len(rows)),
        )

    def _companions(
        self, alike: list[list[Query]], groups: Sequence[Group], resources: int
    ) -> IntArray | None:
        """What typical GPU pods ask, of all pods so far, each counted once."""
        self._seen.add(groups, [sum(q.pod not in self._known for q in pods) for pods in alike])
        self._known.update(query.pod for pods in alike for query in pods)
        return self._seen.companions(resources)

    def _group(self, view: Overlay, pods: list[Query], rows: list[int]) -> Group:
        query, gpu = pods[0], pods[0].requests.gpu
        values = query.requests.values
        requests = [values[row] if row < len(values) else 0 for row in rows]
        return Group(
            count=len(pods),
            requests=np.array(requests, np.int64),
            priority=query.priority,
            allowed=self._allowed(view, query),
            gpu=GpuDemand(gpu.count, gpu.milli) if gpu.count else None,
        )

    def _allowed(self, view: Overlay, query: Query) -> NDArray[np.uint8]:
        allowed: NDArray[np.bool_] = view.nodes.exists != 0
        for plugin in self.framework.filters:
            if plugin.name not in PACKED and plugin.wakes(query, view):
                allowed &= plugin.filter(query, view, ALL) == 0
        if query.pinned >= 0:
            allowed &= np.arange(len(allowed)) == query.pinned
        models = query.requests.gpu.models
        if models is not None:
            known = np.array([model in models for model in view.nodes.gpu_models])
            allowed &= known[view.nodes.gpu_model]
        mask: NDArray[np.uint8] = allowed.astype(np.uint8)
        return mask

    def _reject(self, plan: Plan, alike: list[list[Query]], after: Overlay) -> None:
        """What the plan leaves out does not fit beside what it places."""
        placed = {assignment.pod for assignment in plan.assignments}
        for pods in alike:
            left = [query.pod for query in pods if query.pod not in placed]
            if left:
                verdict = cycle.verdict(self.framework, pods[0], after)
                plan.rejected += [(pod, verdict) for pod in left]


def _alike(pending: Sequence[Query]) -> list[list[Query]]:
    groups: dict[tuple[int, int, int, int], list[Query]] = {}
    for query in pending:
        key = (query.template.id, query.requests.id, query.priority, query.pinned)
        groups.setdefault(key, []).append(query)
    return list(groups.values())


def _reserve_nominated(view: Overlay, batch: set[int]) -> None:
    """Pods that wait for preempted ones to leave keep their room, as far as there is some."""
    for node, pods in view.cluster.nominations.items():
        for pod in pods:
            if pod not in batch:
                devices = view.nodes.choose_devices(node, view.cluster.requests_of(pod))
                view.add(pod, node, devices or 0)


def _place(plan: Plan, alike: list[list[Query]], placement: Placement, after: Overlay) -> None:
    """Hand out each group's counts in queue order, nodes ascending."""
    taken = [0] * len(alike)
    for (group, node), count in placement.counts.items():
        devices = placement.devices.get((group, node), ((),) * count)
        for chosen in devices[:count]:
            query = alike[group][taken[group]]
            taken[group] += 1
            mask = sum(1 << device for device in chosen)
            after.add(query.pod, node, mask)
            plan.assignments.append(Assignment(query.pod, node, devices=mask))
