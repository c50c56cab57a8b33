"""The short way to the best node: where nothing of what a cycle asks can matter for a pod but how
much is free, and its window of the nodes was computed ahead, that answer is the whole cycle's.

Law: finds what `Selector.search` would find, or nothing. What has to hold for that follows from
the pod's template and the nodes' specs (learned once for each), and from what is checked for each
pod: no nominated pods, no plugin awake that reads the whole cluster, every node with room (see
ahead).
"""

from __future__ import annotations

from simk8s.placement.ahead import Answer, Batch
from simk8s.placement.base import FilterPlugin, Query, ScorePlugin
from simk8s.placement.entries import Numbers, Static
from simk8s.placement.framework import Framework
from simk8s.placement.ranking import Ranking
from simk8s.placement.sampling import Sampling
from simk8s.placement.search import Search, nodes_to_find
from simk8s.placement.ties import AS_V1_36, ROOM
from simk8s.placement.view import View

Plugins = tuple[FilterPlugin | ScorePlugin, ...]
Found = tuple[int, int, int]
"""(node, its score, how many nodes were feasible)."""


class Express:
    """Of one framework over one view."""

    def __init__(
        self,
        framework: Framework,
        view: View,
        ranking: Ranking,
        sampling: Sampling,
        search: Search,
    ) -> None:
        self._view = view
        self._nodes = view.nodes
        self._nominations = view.cluster.nominations
        self._ranking = ranking
        self._sampling = sampling
        self._search = search
        self._percentage = framework.percentage
        self._ahead = ranking.ahead if framework.ties == AS_V1_36 else None
        self._wakers: dict[int, Plugins | None] = {}
        """By number of a template: plugins that may wake, None if there is no short way."""
        self._constants: dict[int, int] = {}
        """Of templates for whose pods none may wake: what all nodes' scores have in common."""
        self._batch: Batch | None = None
        """The last that was there when something was learned."""
        self._version = -1
        """Of the nodes' specs and images, from which all this was learned."""
        self._width = 0
        self.kept: tuple[slice, Numbers, int] | None = None
        """The window of the last answer, its keys (totals × ROOM, and less than ROOM), ROOM."""

    def find(self, query: Query) -> Found | None:
        """The best node, if it is known; the search has moved on then."""
        ahead, search = self._ahead, self._search
        if ahead is None or query.pinned >= 0 or self._nominations:
            return None
        start = search.start
        found = ahead.look(query, start)
        if found is None:
            found = self._begun(query, start)
            if found is None:
                return None
        constant = None
        if ahead.batch is self._batch:  # and so what is known of templates is not older
            constant = self._constants.get(query.template.id)
        if constant is None:
            constant = self._constant(query)
            if constant is None:
                return None
        best, keys = found
        width = len(keys)
        end = start + width
        search.start = end if end < self._nodes.n else 0
        self.kept = slice(start, end), keys, ROOM
        return start + ahead.places[best % ROOM], best // ROOM + constant, width

    def _begun(self, query: Query, start: int) -> Answer | None:
        """The first answer of a new batch."""
        if self._ahead is None or self._constant(query) is None or not self._width:
            return None
        return self._ahead.begin(query, start, self._width)

    def _constant(self, query: Query) -> int | None:
        """What all nodes' scores have in common; None: there is no short way for the pod."""
        nodes, template = self._nodes, query.template.id
        if self._version != nodes.spec_version + nodes.images.version:
            self._forget()
        self._batch = None if self._ahead is None else self._ahead.batch
        static = self._ranking.static(query)
        if template not in self._wakers:
            self._wakers[template] = self._may_wake(query, static)
        plugins = self._wakers[template]
        if plugins is None or any(plugin.wakes(query, self._view) for plugin in plugins):
            return None
        if not plugins:
            self._constants[template] = static.constant
        return static.constant

    def _forget(self) -> None:
        """The nodes' specs are others."""
        nodes = self._nodes
        self._version = nodes.spec_version + nodes.images.version
        self._wakers.clear()
        self._constants.clear()
        count = len(nodes.tree.order)
        enough = nodes_to_find(count, self._percentage)
        part = self._percentage < 100 and enough < count == nodes.n
        self._width = enough if part and nodes.tree.straight else 0

    def _may_wake(self, query: Query, static: Static) -> Plugins | None:
        if (
            not static.clear
            or static.uneven
            or static.flaw is not None
            or static.limits is not None
        ):
            return None
        found = self._sampling.may_wake(query.template)
        return (*found.filters, *found.heard, *(plugin for plugin, _ in found.scores))
