"""Which nodes a pod fits, and of the others who rejects each, in which words.

This is the slow, obvious form of filtering: every filter is asked about every node that is left.
The ranking gives the same mask from caches; explanations, failures and tests use this one.

Mirrors: findNodesThatFitPod and FitError of kube-scheduler v1.36: PreFilter verdicts and node
restrictions first; a pod's own nominated node is tried alone; filters in order, the first failure
of a node counts; where pods of the same or higher priority are nominated, a first pass has them
on the node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, Query, Status
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search
from simk8s.placement.view import Overlay, View

Mask = NDArray[np.bool_]
ELSEWHERE = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) didn't match Pod's node affinity/selector",)
)
"""A daemon belongs on another node."""
FITS, ABSENT, CROWDED = -1, -2, -3
"""Instead of a filter's number: the node fits; it was never looked at; see `crowded`."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node's verdict; `plugin` is empty for a node that was never looked at."""

    status: Status
    plugin: str = ""


@dataclass(slots=True)
class Diagnosis:
    """The outcome of PreFilter and Filter for one pod on one view."""

    framework: Framework
    query: Query
    view: View
    existing: Mask
    by: NDArray[np.int16]
    """Per node: number of the first filter that rejects it, or FITS, or ABSENT."""
    verdicts: NDArray[np.uint8]
    absent: Status = SUCCESS
    """What nodes that were never looked at count as."""
    prefilter: Status = SUCCESS
    prefilter_plugin: str = ""
    limits: frozenset[str] | None = None
    """Names to which PreFilter limited the search."""
    limiting: tuple[str, ...] = ()
    """Plugins that did."""
    crowded: dict[int, NodeStatus] = field(default_factory=dict)
    """Nodes that fail with the pods nominated to them."""
    plugins: dict[str, None] = field(default_factory=dict)
    """Plugins that rejected something."""
    shortcut: bool = False
    """The nominated node fitted, so no other was looked at."""
    visited: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    """Rows that were looked at, in that order."""

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return int(np.count_nonzero(self.existing))

    @property
    def feasible(self) -> NDArray[np.intp]:
        """Rows of the nodes that fit."""
        return np.flatnonzero(self.by == FITS)

    @property
    def rejecters(self) -> tuple[str, ...]:
        """Sorted names of the plugins that rejected some node."""
        return tuple(sorted(self.plugins))

    def status(self, row: int) -> NodeStatus:
        """The verdict on one node that does not fit."""
        if row in self.crowded:
            return self.crowded[row]
        number = int(self.by[row])
        if number == ABSENT:
            return NodeStatus(self.absent)
        plugin = self.framework.filters[number]
        reasons = plugin.explain(self.query, self.view, row)
        return NodeStatus(Status(plugin.statuses[self.verdicts[row]].code, reasons), plugin.name)

    def with_code(self, code: Code) -> NDArray[np.intp]:
        """Rows of the existing nodes whose verdict has that code."""
        chosen = (self.by == ABSENT) & self.existing & (self.absent.code == code)
        for number, plugin in enumerate(self.framework.filters):
            if plugin.name not in self.plugins:
                continue
            mine = self.by == number
            if mine.any():
                codes = np.array([status.code for status in plugin.statuses])
                chosen |= mine & (codes[np.where(mine, self.verdicts, 0)] == code)
        for row, node in self.crowded.items():
            chosen[row] = node.status.code == code
        return np.flatnonzero(chosen)

    def reasons(self) -> dict[str, int]:
        """Reason -> nodes that have it."""
        found: dict[str, int] = {}

        def add(reason: str, count: int) -> None:
            if count:
                found[reason] = found.get(reason, 0) + count

        for number, plugin in enumerate(self.framework.filters):
            if plugin.name not in self.plugins:
                continue
            mine = self.by == number
            if mine.any():
                rejected = np.where(mine, self.verdicts, 0).astype(np.uint8)
                counts = plugin.histogram(self.query, self.view, rejected)
                for reason, count in counts.items():
                    add(reason, count)
        for node in self.crowded.values():
            for reason in node.status.reasons:
                add(reason, 1)
        absent = int(np.count_nonzero((self.by == ABSENT) & self.existing))
        for reason in self.absent.reasons:
            add(reason, absent)
        return found

    @property
    def message(self) -> str:
        """The FitError's text before PostFilter; reasons are sorted as strings."""
        if self.prefilter.code is not Code.SUCCESS:
            return f"0/{self.nodes} nodes are available: {', '.join(self.prefilter.reasons)}."
        return histogram(self.nodes, self.reasons())


def histogram(nodes: int, reasons: dict[str, int]) -> str:
    """`0/N nodes are available: <count> <reason>, ….`"""
    head = f"0/{nodes} nodes are available:"
    if not reasons:
        return head
    parts = sorted(f"{count} {reason}" for reason, count in reasons.items())
    return f"{head} {', '.join(parts)}."


def exists_mask(view: View) -> Mask:
    """Rows of nodes that are there."""
    return view.nodes.exists.view(bool)


def diagnose(
    framework: Framework, query: Query, view: View, search: Search | None = None
) -> Diagnosis:
    """Ask PreFilter and then every filter, as far as the search goes (everywhere if None).
    Raises PluginError.
    """
    found, rows = _everywhere(framework, query, view)
    if rows is not None:
        _cut(found, rows, search or Search())
    return found


def diagnose_all(framework: Framework, query: Query, view: View) -> Diagnosis:
    """As `diagnose` everywhere, in no order: `visited` is left out."""
    return _everywhere(framework, query, view)[0]


def _everywhere(framework: Framework, query: Query, view: View) -> tuple[Diagnosis, Mask | None]:
    """The diagnosis of every node that PreFilter leaves, and which those are; None if the search
    is over before it begins.
    """
    existing = exists_mask(view).copy()
    count = view.nodes.n
    found = Diagnosis(
        framework,
        query,
        view,
        existing,
        np.full(count, ABSENT, np.int16),
        np.zeros(count, np.uint8),
    )
    if not _prefilter(found):
        return found, None
    nominated = query.nominated
    if nominated >= 0 and existing[nominated]:
        only = np.zeros(count, bool)
        only[nominated] = True
        _filter(found, only)
        if found.by[nominated] == FITS:
            found.shortcut = True
            found.visited = np.array([nominated])
            return found, None
    rows = existing
    if found.limits is not None:
        rows = np.zeros(count, bool)
        chosen = [view.nodes.row(name) for name in found.limits]
        rows[[row for row in chosen if row is not None]] = True
        rows &= existing
    _filter(found, rows)
    return found, rows


def _cut(found: Diagnosis, rows: Mask, search: Search) -> None:
    """Forget the nodes that the search did not get to."""
    visiting = search.visit(found.view, rows)
    seen = search.seen(visiting, found.by == FITS)
    found.visited, unseen = visiting[:seen], visiting[seen:]
    if len(unseen):
        found.by[unseen] = ABSENT
        for row in unseen.tolist():
            found.crowded.pop(row, None)
        left = {found.framework.filters[n].name for n in np.unique(found.by[found.by >= 0])}
        left |= {node.plugin for node in found.crowded.values()}
        left.update(found.limiting)
        found.plugins = {name: None for name in found.plugins if name in left}


def _prefilter(found: Diagnosis) -> bool:
    """Fill in what PreFilter says; whether filtering goes on."""
    limiting: list[str] = []
    for plugin in found.framework.prefilters:
        if not plugin.wakes(found.query, found.view):
            continue
        said = plugin.prefilter(found.query, found.view)
        if said.status.code is not Code.SUCCESS:
            return _stop(found, said.status, plugin.name)
        if said.nodes is not None:
            limiting.append(plugin.name)
            found.plugins[plugin.name] = None
            found.limits = said.nodes if found.limits is None else found.limits & said.nodes
            if not found.limits:
                words = _together(limiting)
                return _stop(
                    found, Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, (words,)), plugin.name
                )
    found.limiting = tuple(limiting)
    if limiting:
        words = f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(limiting))}]"
        found.absent = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, (words,))
    return True


def _together(limiting: list[str]) -> str:
    if len(limiting) == 1:
        return f"node(s) didn't satisfy plugin {limiting[0]}"
    names = " ".join(sorted(limiting))
    return f"node(s) didn't satisfy plugin(s) [{names}] simultaneously"


def _stop(found: Diagnosis, status: Status, plugin: str) -> bool:
    found.prefilter = found.absent = status
    found.prefilter_plugin = plugin
    found.plugins[plugin] = None
    return False


def _filter(found: Diagnosis, rows: Mask) -> None:
    """Run all filters over the nodes of `rows`."""
    rows = rows & ~_crowded(found, rows)
    left = np.flatnonzero(rows)
    found.by[left] = FITS
    found.verdicts[left] = 0
    for number, plugin in enumerate(found.framework.filters):
        if not len(left):
            break
        if not plugin.wakes(found.query, found.view):
            continue
        verdicts = plugin.verdicts(found.query, found.view, left)
        bad = verdicts != 0
        if bad.any():
            found.by[left[bad]] = number
            found.verdicts[left[bad]] = verdicts[bad]
            found.plugins[plugin.name] = None
            left = left[~bad]


def _crowded(found: Diagnosis, rows: Mask) -> Mask:
    """The first pass on nodes that carry nominated pods: they are on the node, too."""
    fails = np.zeros(len(rows), bool)
    overlay: Overlay | None = None
    for row, rivals in rivals_of(found.query, found.view):
        if rows[row]:
            overlay = overlay or found.view.overlay()
            node = _beside(found.framework, found.query, overlay, row, rivals)
            if node is not None:
                fails[row] = True
                found.by[row] = CROWDED
                found.crowded[row] = node
                found.plugins[node.plugin] = None
    return fails


def _beside(
    framework: Framework, query: Query, overlay: Overlay, row: int, rivals: list[int]
) -> NodeStatus | None:
    """The first failure on one node with its nominated pods on it."""
    for pod in rivals:
        put(overlay, pod, row)
    failure = first_failure(framework, query, overlay, row)
    for pod in rivals:
        overlay.remove(pod, row)
    return failure


def rivals_of(query: Query, view: View) -> Iterator[tuple[int, list[int]]]:
    """(node row, other pods of the same or higher priority that are nominated to it)."""
    for row in view.cluster.nominations:
        rivals = rivals_at(query, view, row)
        if rivals:
            yield row, rivals


def rivals_at(query: Query, view: View, row: int) -> list[int]:
    """Other pods of the same or higher priority that are nominated to a node."""
    priorities, seated = view.pods.priority, view.seated
    return [
        p
        for p in view.cluster.nominations.get(row, ())
        if p != query.pod and p not in seated and priorities[p] >= query.priority
    ]


def put(overlay: Overlay, pod: int, row: int) -> None:
    """As if a pending pod ran there, on whatever GPU devices are free."""
    devices = overlay.nodes.choose_devices(row, overlay.cluster.requests_of(pod))
    overlay.add(pod, row, devices or 0)


def first_failure(framework: Framework, query: Query, view: View, row: int) -> NodeStatus | None:
    """The first filter that rejects one node, None if it fits."""
    if query.pinned not in (-1, row):
        return NodeStatus(ELSEWHERE, "NodeAffinity")
    for plugin in framework.filters:
        if plugin.wakes(query, view) and plugin.filter_one(query, view, row):
            return NodeStatus(plugin.status(query, view, row), plugin.name)
    return None


def fits(framework: Framework, query: Query, view: View, row: int) -> bool:
    """Whether the pod passes every filter on one node."""
    if not view.nodes.exists[row] or query.pinned not in (-1, row):
        return False
    for plugin in framework.filters:
        if plugin.wakes(query, view) and plugin.filter_one(query, view, row):
            return False
    return True


def failure_with_nominated(
    framework: Framework, query: Query, view: Overlay, row: int
) -> NodeStatus | None:
    """The first failure on one node of an overlay; nominated pods are on it in a first pass."""
    rivals = rivals_at(query, view, row)
    if rivals:
        failure = _beside(framework, query, view, row, rivals)
        if failure is not None:
            return failure
    return first_failure(framework, query, view, row)
