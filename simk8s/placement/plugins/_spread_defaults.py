"""Scores of the system's default constraints (hostname and zone, both soft), which nearly every pod
of a controller has, from few numbers.

All nodes of a zone without a pod of the same owner score alike, so there is one score per zone and
one for each of the few nodes that have such pods; per node there is only a look-up. Where an owner
has pods on many nodes, or there are many zones, it is done node by node.

Law: the very numbers of `PodTopologySpread.score` and `finish`, operation by operation; which
nodes are asked about decides how many zones and hosts there are, and what is best and worst.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import MAX_NODE_SCORE, Query, Rows
from simk8s.placement.eligible import Counter
from simk8s.placement.plugins._spread import rounded
from simk8s.placement.plugins._spread_plan import Plan, Sums
from simk8s.placement.view import View
from simk8s.schema.labels import HOSTNAME_LABEL, ZONE_LABEL
from simk8s.state.flocks import DENSE
from simk8s.state.nodes import NodeTable

Numbers = NDArray[Any]
MANY_ZONES = 64


class _Zones:
    """Which zone each node is in, as of one state of the specs."""

    def __init__(self, nodes: NodeTable) -> None:
        domain = nodes.topology.domain(ZONE_LABEL)
        self.version = nodes.spec_version
        self.count = len(domain.values)
        self.few = self.count <= MANY_ZONES and not nodes.topology.domain(HOSTNAME_LABEL).lacking
        """And every node has a host name."""
        ids = np.where(domain.ids < 0, self.count, domain.ids)
        self.ids: NDArray[np.intp] = ids
        """By node: its zone; those without one are a zone more."""
        self.of: list[int] = ids.tolist()
        each = np.zeros((len(ids) + 1, self.count + 1), np.int32)
        if self.few:
            each[np.arange(1, len(ids) + 1), ids] = 1
            np.cumsum(each, axis=0, out=each)
        self._upto = each
        """By row and zone: nodes before that row."""

    def among(self, rows: Rows) -> tuple[list[int], NDArray[np.intp]]:
        """How many of some nodes are in each zone, and the zone of each of them."""
        ids = self.ids[rows]
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self.ids))
            return (self._upto[stop] - self._upto[start]).tolist(), ids
        return np.bincount(ids, minlength=self.count + 1).tolist(), ids


class Scores:
    """Scores of some nodes: one per zone, and those that differ, by place."""

    __slots__ = ("by_zone", "here", "ids", "odd")

    def __init__(
        self,
        ids: NDArray[np.intp],
        here: list[int],
        by_zone: list[int],
        odd: list[tuple[int, int, int]],
    ) -> None:
        self.ids = ids
        self.here = here
        """Nodes by zone."""
        self.by_zone = by_zone
        self.odd = odd
        """(place, zone, score)."""

    def raw(self) -> Numbers:
        """By node."""
        return self._by_node(self.by_zone, [(place, score) for place, _, score in self.odd], float)

    def normal(self) -> Numbers:
        """By node: 100·(max + min − s) // max."""
        left, seen = list(self.here), []
        for _, zone, score in self.odd:
            left[zone] -= 1
            seen.append(score)
        seen += [score for score, count in zip(self.by_zone, left, strict=True) if count]
        top = max(seen, default=0)
        if top == 0:
            return np.full(len(self.ids), MAX_NODE_SCORE)
        both = top + min(seen)
        found = [MAX_NODE_SCORE * (both - score) // top for score in self.by_zone]
        odd = [(place, MAX_NODE_SCORE * (both - score) // top) for place, _, score in self.odd]
        return self._by_node(found, odd, np.int64)

    def _by_node(self, by_zone: list[int], odd: list[tuple[int, int]], dtype: Any) -> Numbers:
        found: Numbers = np.array(by_zone, dtype)[self.ids]
        for place, score in odd:
            found[place] = score
        return found


class SystemDefaults:
    """Scores of one profile's pods under the system's default constraints."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known: _Zones | None = None
        self._marks = np.zeros(0, np.int8)

    def scores(self, query: Query, view: View, plan: Plan, rows: Rows) -> Scores | Numbers | None:
        """Of some nodes; as numbers by node where there are many; None = not to be had here."""
        nodes = view.nodes
        if view.moves:
            return None
        zones = self._known
        if zones is None or zones.version != nodes.spec_version or len(zones.of) != nodes.n:
            zones = self._known = _Zones(nodes)
        if not zones.few:
            return None
        sums = self._sums(query, view, plan, zones)
        here, ids = zones.among(rows)
        host, zone = (part.own for part in plan.soft)
        weight = math.log(sum(1 for count in here if count) + 2)
        table = [count * weight + float(zone.max_skew - 1) for count in sums.by_zone]
        table.append(0.0)
        by_host = math.log(len(ids) + 2)
        base, on = float(host.max_skew - 1), sums.flock.on
        if len(on) >= DENSE:
            counts = sums.flock.by_node(nodes.n)[rows]
            grown = np.add(np.multiply(counts, by_host), base)
            return rounded(grown + np.array(table)[ids])
        by_zone = [_whole(base + more) for more in table]
        odd, of = [], zones.of
        for place, row in self._places(on, rows, len(zones.of)) if on else ():
            number = of[row]
            odd.append((place, number, _whole(on[row] * by_host + base + table[number])))
        return Scores(ids, here, by_zone, odd)

    def _places(self, on: dict[int, int], rows: Rows, nodes: int) -> list[tuple[int, int]]:
        """Where among the rows those nodes are: (place, row)."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(nodes)
            return [(row - start, row) for row in on if start <= row < stop]
        marks = self._marks
        if len(marks) < nodes:
            marks = self._marks = np.zeros(nodes, np.int8)
        few = list(on)
        marks[few] = 1
        places = marks[rows].nonzero()[0]
        marks[few] = 0
        return list(zip(places.tolist(), rows[places].tolist(), strict=True))

    def _sums(self, query: Query, view: View, plan: Plan, zones: _Zones) -> Sums:
        """The pods of the owner by zone, up to date."""
        flocks, sums = view.cluster.flocks, plan.sums
        part = plan.soft[1]
        if sums is None or sums.drops != flocks.drops:
            flock = flocks.get(plan.template.namespace, part.own.selector)
            sums = plan.sums = Sums(flock, flocks.drops)
        flock, of = sums.flock, zones.of
        if sums.spec_version == zones.version:
            changed = flock.changed
            if changed == sums.changed:
                return sums
            news = flock.since(sums.changed)
        else:
            news = None
            _, sums.mask = self._counter.spread_mask(query.template, part.own, part.keys, view)
            sums.spec_version = zones.version
        if news is None:
            sums.by_zone = [0] * zones.count
            news = list(flock.on.items())
        mask, by_zone = sums.mask, sums.by_zone
        assert mask is not None
        for row, change in news:
            if of[row] < zones.count and mask.item(row):
                by_zone[of[row]] += change
        sums.changed = flock.changed
        return sums


def _whole(score: float) -> int:
    """Half away from zero (nothing is negative here)."""
    whole = math.floor(score)
    return whole + 1 if score - whole >= 0.5 else whole
