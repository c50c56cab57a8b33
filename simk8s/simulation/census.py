"""Who is there and where he may be: a cluster of this moment, counted for `packing.fleet`.

Law: reads only. Groups are in order of (template, requests, priority).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simk8s.packing.fleet import Fleet, Nodes, Pods, fleet_of
from simk8s.packing.problem import BoolArray, IntArray
from simk8s.placement.base import ALL, Query
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.pods import GONE, NEVER, PENDING, Loss
from simk8s.state.resources import GPU

STATIC = ("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity")
"""Filters that look at no other pod."""
DEVICE = 1000


@dataclass(frozen=True, eq=False)
class Census:
    """`[G]` of everything; pods of DaemonSets are left aside."""

    pods: Pods
    priority: IntArray
    placed: IntArray
    """Of `counts` those that have a node."""
    fixed: IntArray
    """Of those, who is where it could not come now or on a node that holds more than it may: no
    part of `everybody` and `running`."""
    nodes: Nodes
    """Without what stays where it is."""
    nodes_used: int

    @property
    def counts(self) -> IntArray:
        return self.pods.counts

    def tiers(self, most: int) -> list[int]:
        """Priorities from the top, the lowest always."""
        found = sorted(set(self.priority[self.counts > 0].tolist()), reverse=True)
        return found if len(found) <= most else [*found[: most - 1], found[-1]]

    @cached_property
    def everybody(self) -> Fleet:
        """All pods, wherever they could be; nodes that are in use count like others."""
        return fleet_of(replace(self.pods, counts=self.counts - self.fixed), self.nodes)

    @cached_property
    def running(self) -> Fleet:
        """Pods that have a node."""
        return fleet_of(replace(self.pods, counts=self.placed - self.fixed), self.nodes)


def take(cluster: Cluster, now_us: int) -> Census:
    """Everybody who has a node or wants one now."""
    return _Taker(cluster, now_us).census()


class _Taker:
    def __init__(self, cluster: Cluster, now_us: int) -> None:
        self.cluster, self.view = cluster, View(cluster)
        self.framework = Framework.of(Profile(scores=()))
        pods = cluster.pods
        self.node = pods.column("charged").astype(np.int64)
        kinds = _in(pods.column("owner"), _daemon_owners(cluster))
        self.daemon = kinds & (self.node != NEVER)
        rows = np.flatnonzero((self._wants(now_us) | (self.node != NEVER)) & ~kinds)
        columns = [pods.column(name)[rows] for name in ("template", "requests", "priority")]
        table, of = np.unique(np.array(columns).T, axis=0, return_inverse=True)
        self.rows, self.of, self.table = rows, of.reshape(-1), table

    def _wants(self, now_us: int) -> BoolArray:
        """Has no node, waits for one, or would if it had not been dropped."""
        pods = self.cluster.pods
        column, phase = pods.column, pods.column("phase")
        waits = (phase == PENDING) & (column("deletion_us") == NEVER)
        until = column("created_us") + column("lifetime_us")
        there = (column("lifetime_us") == NEVER) | (until > now_us)
        dropped = (phase == GONE) & (column("loss") == Loss.DROPPED) & there
        return np.asarray((self.node == NEVER) & (waits | dropped))

    def census(self) -> Census:
        table, groups = self.table, len(self.table)
        allowed, mask = self._masks()
        node = self.node[self.rows]
        placed = node != NEVER
        over = np.asarray((self.cluster.nodes.free < 0).any(axis=0))
        stays = placed & (~allowed[mask[self.of], node] | over[node])
        pods = self._pods(mask, np.bincount(self.of, minlength=groups))
        return Census(
            pods,
            priority=table[:, 2].astype(np.int64).reshape(groups),
            placed=np.bincount(self.of, placed, groups).astype(np.int64),
            fixed=np.bincount(self.of, stays, groups).astype(np.int64),
            nodes=self._nodes(allowed, self.rows[stays]),
            nodes_used=len(np.unique(node[placed])),
        )

    def _pods(self, mask: IntArray, counts: IntArray) -> Pods:
        requests = [self.cluster.requests.items[i] for i in self.table[:, 1].tolist()]
        width = len(self.cluster.nodes.allocatable)
        values = [(*r.values, *(0,) * (width - len(r.values))) for r in requests]
        asked = np.array(values, np.int64).reshape(len(requests), width)
        asked[:, GPU] = 0
        gpu = np.array([(r.gpu.count, r.gpu.milli) for r in requests], np.int64).reshape(-1, 2)
        return Pods(asked, counts.astype(np.int64), gpu[:, 0], gpu[:, 1] * (gpu[:, 0] > 0), mask)

    def _masks(self) -> tuple[BoolArray, IntArray]:
        """`[M, N]`, and for each group its row."""
        found: dict[bytes, int] = {}
        rows: list[NDArray[np.bool_]] = []
        mask = np.zeros(len(self.table), np.int64)
        known: dict[tuple[int, frozenset[str] | None], int] = {}
        for g, (template, requests, priority) in enumerate(self.table.tolist()):
            asked = self.cluster.requests.items[requests]
            models = asked.gpu.models if asked.gpu.count else None
            if (template, models) not in known:
                shape = self.cluster.templates.items[template]
                row = self._allowed(Query(NEVER, shape, asked, priority), models)
                number = found.setdefault(row.tobytes(), len(rows))
                rows += [row] if number == len(rows) else []
                known[template, models] = number
            mask[g] = known[template, models]
        return np.array(rows, np.bool_).reshape(len(rows), self.cluster.nodes.n), mask

    def _allowed(self, query: Query, models: frozenset[str] | None) -> NDArray[np.bool_]:
        nodes = self.view.nodes
        allowed: NDArray[np.bool_] = nodes.exists != 0
        for plugin in self.framework.filters:
            if plugin.name in STATIC and plugin.wakes(query, self.view):
                allowed = allowed & (plugin.filter(query, self.view, ALL) == 0)
        if models is not None:
            known = np.array([model in models for model in nodes.gpu_models])
            allowed = allowed & known[nodes.gpu_model]
        return allowed

    def _nodes(self, allowed: BoolArray, stay: IntArray) -> Nodes:
        nodes, pods = self.cluster.nodes, self.cluster.pods
        capacity, busy = nodes.allocatable.copy(), np.zeros(nodes.n, np.bool_)
        devices = np.arange(len(nodes.gpu_free))[:, None]
        left = np.where(devices < nodes.gpu_count[None, :], DEVICE, 0)
        for pod in (*np.flatnonzero(self.daemon).tolist(), *stay.tolist()):
            node, asked = int(self.node[pod]), self.cluster.requests_of(pod)
            for resource, amount in asked.wanted:
                capacity[resource, node] -= amount
            held = [d for d in range(len(left)) if pods.devices[pod] >> d & 1]
            left[held, node] -= asked.gpu.milli
        busy[self.node[stay]] = True
        there = nodes.exists != 0
        capacity[GPU] = 0
        return Nodes(capacity[:, there], np.maximum(left, 0)[:, there], allowed[:, there],
                     busy[there])  # fmt: skip


def _daemon_owners(cluster: Cluster) -> IntArray:
    kinds = [owner.partition("/")[0] == "DaemonSet" for owner in cluster.owners]
    return np.flatnonzero(kinds)


def _in(values: IntArray, members: IntArray) -> BoolArray:
    return np.isin(values, members) if len(members) else np.zeros(len(values), np.bool_)
