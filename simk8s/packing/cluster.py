"""Some nodes of a cluster and the pods on them as a problem, and a plan for it as moves of pods.

Who may move: pods that run, have an owner that makes another, ask for no GPU, are no more important
than allowed, and whose going some budget does not forbid already. All others are taken off the
capacity of their node. Filters other than resources become masks on the cluster as it is; since
some of them look at other pods, `holds` tries the moves on a copy of the view, with every filter.

Law: reads only. Nodes, groups and pods are in order of their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.packing.problem import Plan, Problem
from simk8s.placement.base import ALL, Query
from simk8s.placement.framework import Framework
from simk8s.placement.select import fits
from simk8s.placement.view import View
from simk8s.state.pods import NEVER, RUNNING
from simk8s.state.resources import GPU

MOVABLE_OWNERS = ("ReplicaSet", "StatefulSet", "ReplicationController")
"""Kinds that make another pod for one that was evicted, and lose no work by it."""
RESOURCES = "NodeResourcesFit"
Kin = tuple[int, int, int, int]
MoveOf = tuple[int, int, int]
"""Pod, from row, to row."""


@dataclass(slots=True)
class Kind:
    """Pods that are alike; `at[i]` are those on the i-th node."""

    query: Query
    at: dict[int, list[int]] = field(default_factory=dict)
    pending: int = 0


class Excerpt:
    """The nodes `rows`, and what of them may move; `newcomer` is to be placed there."""

    def __init__(
        self,
        view: View,
        framework_of: Callable[[Query], Framework],
        rows: Sequence[int],
        newcomer: Query | None = None,
    ) -> None:
        self.view, self.rows, self.newcomer = view, list(rows), newcomer
        self._framework_of = framework_of
        self.kinds: list[Kind] = [Kind(newcomer, pending=1)] if newcomer is not None else []
        self._budgets = [
            (budget, budget.allowed) for _, budget in sorted(view.objects.budgets.items())
        ]
        self.busy = np.zeros(len(self.rows), np.bool_)
        """Nodes with pods that do not move, those of DaemonSets left aside."""
        self._gather()

    def _gather(self) -> None:
        view, found = self.view, dict[Kin, Kind]()
        for i, row in enumerate(self.rows):
            for pod in view.pods_on(row):
                if self._may_move(pod, row):
                    kin = _kin(view, pod)
                    if kin not in found:
                        found[kin] = Kind(_query(view, pod))
                        self.kinds.append(found[kin])
                    found[kin].at.setdefault(i, []).append(pod)
                elif (view.cluster.controller_of(pod) or ("", ""))[0] != "DaemonSet":
                    self.busy[i] = True

    def _may_move(self, pod: int, row: int) -> bool:
        view, pods = self.view, self.view.pods
        if pods.phase[pod] != RUNNING or pods.deletion_us[pod] != NEVER:
            return False
        if pods.node[pod] != row or view.cluster.requests_of(pod).gpu.count:
            return False
        if self.newcomer is not None and pods.priority[pod] > self.newcomer.priority:
            return False
        owner = view.cluster.controller_of(pod)
        if owner is None or owner[0] not in MOVABLE_OWNERS:
            return False
        matching = self._matching(pod)
        return len(matching) <= 1 and all(self._budgets[b][1] > 0 for b in matching)

    def _matching(self, pod: int) -> list[int]:
        template = self.view.cluster.template_of(pod)
        return [
            number
            for number, (budget, _) in enumerate(self._budgets)
            if budget.namespace == template.namespace and budget.selector.matches(template.labels)
        ]

    # -- the problem

    def problem(self, most_moved: int) -> Problem:
        """Everybody is kept, the newcomer has to be placed, at most so many move."""
        nodes = self.view.nodes
        resources = [r for r in range(len(nodes.free)) if r != GPU]
        groups, width = len(self.kinds), len(self.rows)
        requests = np.zeros((groups, len(resources)), np.int64)
        running = np.zeros((groups, width), np.int64)
        allowed = np.zeros((groups, width), np.bool_)
        for g, kind in enumerate(self.kinds):
            values = kind.query.requests.values
            requests[g] = [values[r] if r < len(values) else 0 for r in resources]
            for i, pods in kind.at.items():
                running[g, i] = len(pods)
            allowed[g] = self.allowed(kind.query)[self.rows]
        free = nodes.free[np.ix_(resources, self.rows)] - self._nominated(resources)
        return Problem(
            requests=requests,
            priority=np.array([kind.query.priority for kind in self.kinds], np.int64),
            pending=np.array([kind.pending for kind in self.kinds], np.int64),
            running=running,
            capacity=np.asarray(free + requests.T @ running),
            busy=self.busy,
            allowed=allowed,
            keep=True,
            most_moved=most_moved,
            must={0: 1} if self.newcomer is not None else {},
            limits=self._limits(),
        )

    def _limits(self) -> list[tuple[tuple[int, ...], int]]:
        members: dict[int, list[int]] = {}
        for g, kind in enumerate(self.kinds):
            for pods in list(kind.at.values())[:1]:
                for number in self._matching(pods[0]):
                    members.setdefault(number, []).append(g)
        return [(tuple(groups), self._budgets[b][1]) for b, groups in sorted(members.items())]

    def _nominated(self, resources: list[int]) -> NDArray[np.int64]:
        """Room that pods have which wait for others to leave."""
        taken = np.zeros((len(resources), len(self.rows)), np.int64)
        cluster = self.view.cluster
        for i, row in enumerate(self.rows):
            for pod in cluster.nominations.get(row, ()):
                if self.newcomer is None or pod != self.newcomer.pod:
                    values = cluster.requests_of(pod).values
                    taken[:, i] += [values[r] if r < len(values) else 0 for r in resources]
        return taken

    def allowed(self, query: Query) -> NDArray[np.bool_]:
        """`[N]`: where every filter but resources lets the pod in, the cluster as it is."""
        view, framework = self.view, self._framework_of(query)
        allowed: NDArray[np.bool_] = view.nodes.exists != 0
        for plugin in framework.filters:
            if plugin.name != RESOURCES and plugin.wakes(query, view):
                allowed = allowed & (plugin.filter(query, view, ALL) == 0)
        if query.pinned >= 0:
            allowed = allowed & (np.arange(len(allowed)) == query.pinned)
        return allowed

    # -- the plan

    def moves(self, problem: Problem, plan: Plan) -> tuple[list[MoveOf], int]:
        """Who goes from where to where, and the row of the newcomer (−1 without one)."""
        found: list[MoveOf] = []
        seat = NEVER
        for g, kind in enumerate(self.kinds):
            targets = [i for i in range(len(self.rows)) for _ in range(int(plan.come[g, i]))]
            if kind.pending:
                seat = self.rows[targets.pop(0)]
                continue
            for i, pods in kind.at.items():
                leaving = pods[int(plan.stay[g, i]) :]
                found += [(pod, self.rows[i], self.rows[targets.pop(0)]) for pod in leaving]
        return found, seat

    def holds(self, moves: Sequence[MoveOf], seat: int) -> bool:
        """Whether everybody passes every filter once all have moved."""
        overlay = self.view.overlay()
        for pod, source, _ in moves:
            overlay.remove(pod, source)
        for pod, _, target in moves:
            query = _query(self.view, pod)
            if not fits(self._framework_of(query), query, overlay, target):
                return False
            overlay.add(pod, target, 0)
        if self.newcomer is None:
            return True
        return fits(self._framework_of(self.newcomer), self.newcomer, overlay, seat)


def _kin(view: View, pod: int) -> Kin:
    pods = view.pods
    return pods.template[pod], pods.requests[pod], pods.priority[pod], pods.owner[pod]


def _query(view: View, pod: int) -> Query:
    cluster = view.cluster
    priority = view.pods.priority[pod]
    return Query(pod, cluster.template_of(pod), cluster.requests_of(pod), priority)


def status_of(feasible: bool, proved: bool, hopeless: bool) -> str:
    """In the solver's words."""
    if not feasible:
        return "infeasible" if hopeless else "unknown"
    return "optimal" if proved else "feasible"
