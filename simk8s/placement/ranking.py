"""Score caches repaired from dirty rows: the totals of `cycle.totals`, without asking every
plugin every time.

Three layers, each keyed by what it reads:

* a *static part* per distinct set of keys of the plugins that read specs alone: their joint mask,
  and their scores, either as one constant (all nodes equal, the usual case) or raw, because
  normalisation depends on the feasible nodes of the moment. Remade when a node spec changes.
* a *ranked entry* per (static part, request vector): totals of the plugins that read one node's
  amounts, −1 where the pod does not fit. Repaired row by row from the node table's dirty log, in
  full once the log is long. An entry is kept only for vectors that come back before too many rows
  have changed to repair it; the others push nothing out: they get a full pass each time, or,
  where a search ends early, are computed on the nodes that it visits (see `sampling`).
* plugins that read the whole cluster are asked anew for every pod that wakes them, about the
  nodes that are left; what they count is kept by themselves.

Entries are dropped least recently used beyond a byte budget. `incremental=False` makes every pass
full.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.ahead import Ahead
from simk8s.placement.base import (
    ALL,
    MAX_NODE_SCORE,
    FilterPlugin,
    Normalize,
    PluginError,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    normalized,
)
from simk8s.placement.entries import Entry, Numbers, Ranked, Static
from simk8s.placement.framework import Framework
from simk8s.placement.limits import heard, limits_of
from simk8s.placement.plugins._both import Both
from simk8s.placement.view import View

BYTE_BUDGET = 256 << 20
FULL_SHARE = 256
"""A row costs some 5 µs to repair, a full pass 10 ns a node: cheaper beyond n/256 rows."""
FEW_ROWS = 8
SEEN_LIMIT = 1 << 18

_NODE = int(Scope.NODE)
"""By itself: to look a member up on its class costs 70 ns."""


class Ranking:
    """Totals of one framework over one view."""

    def __init__(
        self,
        framework: Framework,
        view: View,
        *,
        incremental: bool = True,
        budget: int = BYTE_BUDGET,
    ) -> None:
        self._view = view
        self._incremental = incremental
        self._budget = budget
        self._framework = framework
        self.filters = _by_scope(framework.filters)
        self.scores: tuple[list[tuple[ScorePlugin, int]], ...] = ([], [], [])
        for plugin, weight in framework.scores:
            self.scores[plugin.scope].append((plugin, weight))
        specs: list[FilterPlugin | ScorePlugin] = [*self.filters[Scope.SPECS]]
        specs += [plugin for plugin, _ in self.scores[Scope.SPECS]]
        self._specs = list(dict.fromkeys(specs))
        """Plugins that read specs alone; one that filters and scores has one key for both."""
        self.limiting = [p for p in heard(framework.prefilters) if p in self.filters[Scope.SPECS]]
        """Plugins whose PreFilter reads no more than a static part is keyed by."""
        self._both = Both.of(self.scores[Scope.NODE])
        node, passed = self.filters[_NODE], self.passed
        self.ahead = (
            Ahead.of(self._both, node, view, passed, self._is_kept) if incremental else None
        )
        self._numbers: dict[tuple[object, ...], int] = {}
        self._number_of: dict[int, int] = {}
        self._statics: dict[int, Static] = {}
        self._by_template: dict[int, Static] = {}
        """Those that hold at this version of the nodes' specs."""
        self._version = (-1, -1)
        self._entries: OrderedDict[tuple[int, int], Entry] = OrderedDict()
        self._seen: dict[tuple[int, int], int] = {}

    def rank(self, query: Query, barred: Sequence[int] = ()) -> Ranked:
        """Scores of all nodes; the `barred` ones do not fit for a reason of their own. Do not
        write to the array. Raises PluginError.
        """
        static = self.static(query)
        entry = self._entry(query, static)
        total, feasible = entry.total, entry.feasible
        if barred:
            total = total.copy()
            total[list(barred)] = -1
            feasible = int(np.count_nonzero(total >= 0))
        if feasible:
            total, feasible = self._filtered(query, total, feasible)
        if static.flaw is not None and feasible > 1:
            raise PluginError(static.flaw)
        if feasible:
            total = self._scored(query, static, total, feasible)
        return Ranked(total, static.constant, feasible)

    def _filtered(self, query: Query, total: Numbers, feasible: int) -> tuple[Numbers, int]:
        """Less the nodes that plugins of cluster scope reject."""
        view, fresh = self._view, False
        for plugin in self.filters[Scope.CLUSTER]:
            if not plugin.wakes(query, view):
                continue
            if plugin.prefilter(query, view).status.code:
                return np.full(len(total), -1), 0
            rejects = plugin.filter(query, view, ALL)
            if rejects.any():
                total = total if fresh else total.copy()
                total[rejects != 0] = -1
                fresh = True
        if fresh:
            feasible = int(np.count_nonzero(total >= 0))
        return total, feasible

    def _scored(self, query: Query, static: Static, total: Numbers, feasible: int) -> Numbers:
        """With the scores that depend on the feasible nodes."""
        view = self._view
        active = [(p, w) for p, w in self.scores[Scope.CLUSTER] if p.wakes(query, view)]
        if not active and not static.uneven:
            return total
        rows: Rows = ALL if feasible == len(total) else np.flatnonzero(total >= 0)
        full = total.astype(np.float64)
        part = full[rows]
        for raw, how, weight in static.uneven:
            part += normalized(raw[rows], how) * weight
        for plugin, weight in active:
            scores = plugin.finished(query, view, rows)
            if scores is not None:
                part += scores * weight
        if rows is not ALL:
            full[rows] = part
        return full

    # --- plugins that read specs alone

    def static(self, query: Query) -> Static:
        """What specs alone say of the pod."""
        nodes = self._view.nodes
        version = (nodes.spec_version, nodes.images.version)
        if version != self._version:
            self._by_template.clear()
            self._version = version
        static = self._by_template.get(query.template.id)
        if static is None:
            number = self._number(query)
            static = self._statics.get(number)
            if static is None or static.version != version:
                static = self._statics[number] = self._make_static(query, number, version)
            self._by_template[query.template.id] = static
        return static

    def _number(self, query: Query) -> int:
        """One for all templates that look alike to the plugins that read specs alone."""
        template = query.template
        number = self._number_of.get(template.id)
        if number is None:
            view = self._view
            keys = tuple([plugin.key(query, view) for plugin in self._specs])
            number = self._numbers.setdefault(keys, len(self._numbers))
            self._number_of[template.id] = number
        return number

    def _make_static(self, query: Query, number: int, version: tuple[int, int]) -> Static:
        view = self._view
        rejects = view.nodes.exists == 0
        for plugin in self.filters[Scope.SPECS]:
            if plugin.wakes(query, view):
                rejects |= plugin.filter(query, view, ALL) != 0
        constant, uneven = 0, []
        for score, weight in self.scores[Scope.SPECS]:
            raw = score.score(query, view, ALL) if score.wakes(query, view) else None
            if raw is None:
                continue
            if not raw.any():
                constant += weight * (MAX_NODE_SCORE if score.normalize is Normalize.REVERSE else 0)
            else:
                uneven.append((raw, score.normalize, weight))
        flaw = self._framework.flaw(query, view)
        alike = Query(query.pod, query.template, query.requests, query.priority)  # not pinned
        clear, limits = not rejects.any(), limits_of(self.limiting, alike, view)
        return Static(number, version, rejects, clear, constant, uneven, flaw, limits)

    # --- plugins that read one node's amounts

    def _entry(self, query: Query, static: Static) -> Entry:
        entry = self.kept(query, static)
        return self._remade(query, static) if entry is None else entry

    def kept(self, query: Query, static: Static) -> Entry | None:
        """The entry of that vector, brought up to date, if it is worth it."""
        key = (static.number, query.requests.id)
        entry = self._entries.get(key)
        if entry is None:
            return None
        nodes = self._view.nodes
        start, dirty = entry.position - nodes.dirty_base, nodes.dirty
        fresh = len(dirty) - start
        if len(entry.total) != nodes.n:
            return None
        if fresh:
            if start < 0 or (fresh > FEW_ROWS and fresh > nodes.n // FULL_SHARE):
                return None
            self._repair(entry, query, static, dirty[start:])
            entry.position += fresh
        if len(self._entries) > 1:
            self._entries.move_to_end(key)
        return entry

    def _is_kept(self, query: Query) -> bool:
        """Whether there is an entry of that vector that would be brought up to date."""
        entry = self._entries.get((self.static(query).number, query.requests.id))
        return entry is not None and self._recent(entry.position)

    def worth_keeping(self, query: Query, static: Static) -> Entry | None:
        """A new entry where none is `kept` and the vector has come back soon enough to repair it
        next time; else None, and `some` is the cheaper way.
        """
        key = (static.number, query.requests.id)
        if not self._incremental or self._comes_back(key):
            return self._remade(query, static)
        self._note(key)
        return None

    def _recent(self, position: int) -> bool:
        """Whether few enough rows have changed since that position of the log."""
        nodes = self._view.nodes
        changed = nodes.dirty_base + len(nodes.dirty) - position
        if changed > FEW_ROWS and changed > nodes.n // FULL_SHARE:
            return False
        return position >= nodes.dirty_base

    def _remade(self, query: Query, static: Static) -> Entry:
        nodes = self._view.nodes
        entry = self._full(query, static, nodes.dirty_base + len(nodes.dirty))
        if self._incremental:
            self._keep((static.number, query.requests.id), entry)
        return entry

    def _comes_back(self, key: tuple[int, int]) -> bool:
        before = self._seen.get(key)
        return before is not None and self._recent(before)

    def _note(self, key: tuple[int, int]) -> None:
        """That vector was asked about now."""
        nodes = self._view.nodes
        if len(self._seen) >= SEEN_LIMIT:
            self._seen.clear()
        self._seen[key] = nodes.dirty_base + len(nodes.dirty)
        self._entries.pop(key, None)

    def _keep(self, key: tuple[int, int], entry: Entry) -> None:
        back = self._comes_back(key)
        self._note(key)
        if not back:
            return
        self._entries[key] = entry
        while len(self._entries) * entry.total.nbytes > self._budget:
            self._entries.popitem(last=False)

    def passed(self, query: Query) -> bool:
        """Whether every plugin that reads one node's amounts is known to pass every node."""
        view = self._view
        for plugin in self.filters[_NODE]:
            if plugin.wakes(query, view) and not plugin.passes(query, view):
                return False
        return True

    def some(self, query: Query, static: Static, rows: Rows) -> tuple[Numbers, NDArray[Any] | None]:
        """Totals of some nodes, and which of those reject the pod (None = none does). Do not
        write to the totals, nor keep them: they may be a plugin's own.
        """
        return self.scored(query, rows), self.rejected(query, static, rows)

    def rejected(self, query: Query, static: Static, rows: Rows) -> NDArray[Any] | None:
        """The second half of `some`."""
        view = self._view
        rejects: NDArray[Any] | None = None if static.clear else static.rejects[rows]
        for plugin in self.filters[_NODE]:
            if plugin.wakes(query, view) and not plugin.passes(query, view):
                more = plugin.filter(query, view, rows)
                rejects = more if rejects is None else np.logical_or(rejects, more)
        return rejects

    def scored(self, query: Query, rows: Rows) -> Numbers:
        """The first half of `some`."""
        view = self._view
        if self._both is not None and isinstance(rows, slice):
            quick = self._both.score(query, view, rows)
            if quick is not None:
                return quick
        total: Numbers | None = None
        for score, weight in self.scores[_NODE]:
            if score.wakes(query, view):
                part = np.asarray(score.score(query, view, rows))
                part = part if weight == 1 else part * float(weight)
                total = part if total is None else total + part
        return np.zeros(len(view.nodes.exists[rows]), np.int32) if total is None else total

    def _full(self, query: Query, static: Static, position: int) -> Entry:
        view = self._view
        filters = [p for p in self.filters[_NODE] if p.wakes(query, view)]
        scores = [(p, w) for p, w in self.scores[_NODE] if p.wakes(query, view)]
        total, rejects = self.some(query, static, ALL)
        total = total.copy() if rejects is None else np.where(rejects, -1, total)
        feasible = len(total) - (0 if rejects is None else int(np.count_nonzero(rejects)))
        return Entry(total, feasible, position, filters, scores, rejects is None)

    def _repair(self, entry: Entry, query: Query, static: Static, dirty: list[int]) -> None:
        rows = dirty if len(dirty) == 1 else dict.fromkeys(dirty)
        view, rejects, total = self._view, static.rejects, entry.total
        score_one = self._score_one(entry)
        if entry.roomy and entry.lows != view.nodes.lows:
            entry.lows = view.nodes.lows
            entry.roomy = all(plugin.passes(query, view) for plugin in entry.filters)
        if entry.roomy and static.clear and entry.feasible == len(total):
            for row in rows:
                total[row] = score_one(query, view, row)
            return
        for row in rows:
            fresh = -1
            if static.clear or not rejects.item(row):
                for plugin in entry.filters:
                    if plugin.filter_one(query, view, row):
                        break
                else:
                    fresh = score_one(query, view, row)
            entry.feasible += (fresh >= 0) - (total.item(row) >= 0)
            total[row] = fresh

    def _score_one(self, entry: Entry) -> Callable[[Query, View, int], int]:
        """The scalar form of an entry's scores."""
        if self._both is not None and len(entry.scores) == 2:
            return self._both.score_one
        return lambda query, view, row: sum(
            [score.score_one(query, view, row) * weight for score, weight in entry.scores]
        )


def _by_scope(filters: tuple[FilterPlugin, ...]) -> tuple[list[FilterPlugin], ...]:
    return tuple([p for p in filters if p.scope is scope] for scope in Scope)
