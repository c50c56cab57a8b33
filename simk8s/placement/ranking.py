"""Score caches repaired from dirty rows: the totals of `cycle.totals`, without asking every
plugin every time.

Three layers, each keyed by what it reads:

* a *static part* per distinct set of keys of the plugins that read specs alone: their joint mask,
  and their scores, either as one constant (all nodes equal, the usual case) or raw, because
  normalisation depends on the feasible nodes of the moment. Remade when a node spec changes.
* a *ranked entry* per (static part, request vector): totals of the plugins that read one node's
  amounts, −1 where the pod does not fit. Repaired row by row from the node table's dirty log, in
  full once the log is long. An entry is kept only for vectors that come back before too many rows
  have changed to repair it; the others get a full pass each time and push nothing out.
* plugins that read the whole cluster are asked anew for every pod that wakes them, about the
  nodes that are left; what they count is kept by themselves.

Entries are dropped least recently used beyond a byte budget. `incremental=False` makes every pass
full.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search, nodes_to_find
from simk8s.placement.view import View

BYTE_BUDGET = 256 << 20
FULL_SHARE = 256
"""A row costs some 5 µs to repair, a full pass 10 ns a node: cheaper beyond n/256 rows."""
FEW_ROWS = 8
SEEN_LIMIT = 1 << 18

Numbers = NDArray[Any]
"""Integers, of whatever type the scores came in."""


@dataclass(slots=True)
class _Static:
    """Answers of the plugins that read specs alone, for one distinct set of their keys."""

    number: int
    version: tuple[int, int]
    rejects: NDArray[np.bool_]
    constant: int
    uneven: list[tuple[NDArray[Any], Normalize, int]]
    flaw: str | None = None


@dataclass(slots=True)
class _Entry:
    total: Numbers
    feasible: int
    position: int
    filters: list[FilterPlugin]
    scores: list[tuple[ScorePlugin, int]]


class Ranked(NamedTuple):
    """`total[n] + constant` is node n's score where `total[n]` ≥ 0; elsewhere (−1) the pod does
    not fit.
    """

    total: Numbers
    constant: int
    feasible: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """The feasible nodes that a search found, in the order in which it found them, with
    their totals less `constant`, and how many nodes it looked at.
    """

    rows: NDArray[np.intp]
    total: Numbers
    constant: int
    looked_at: int


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
        self._filters = _by_scope(framework.filters)
        plain = FilterPlugin.prefilter
        self._heard = [p for p in framework.prefilters if type(p).prefilter is not plain]
        self._scores: tuple[list[tuple[ScorePlugin, int]], ...] = ([], [], [])
        for plugin, weight in framework.scores:
            self._scores[plugin.scope].append((plugin, weight))
        self._numbers: dict[tuple[object, ...], int] = {}
        self._number_of: dict[int, int] = {}
        self._statics: dict[int, _Static] = {}
        self._entries: OrderedDict[tuple[int, int], _Entry] = OrderedDict()
        self._seen: dict[tuple[int, int], int] = {}

    def rank(self, query: Query, barred: Sequence[int] = ()) -> Ranked:
        """Scores of all nodes; the `barred` ones do not fit for a reason of their own. Do not
        write to the array. Raises PluginError.
        """
        static = self._static(query)
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
        for plugin in self._filters[Scope.CLUSTER]:
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

    def _scored(self, query: Query, static: _Static, total: Numbers, feasible: int) -> Numbers:
        """With the scores that depend on the feasible nodes."""
        view = self._view
        active = [(p, w) for p, w in self._scores[Scope.CLUSTER] if p.wakes(query, view)]
        if not active and not static.uneven:
            return total
        rows: Rows = ALL if feasible == len(total) else np.flatnonzero(total >= 0)
        full = total.astype(np.float64)
        part = full[rows]
        for raw, how, weight in static.uneven:
            part += normalized(raw[rows], how) * weight
        for plugin, weight in active:
            scores = plugin.score(query, view, rows)
            if scores is not None:
                part += plugin.finish(query, view, rows, scores) * weight
        if rows is not ALL:
            full[rows] = part
        return full

    # --- a search that ends early

    def limits(self, query: Query) -> frozenset[str] | None:
        """Names to which PreFilter limits the search; none of them if it fails, None = all."""
        view, allowed = self._view, None
        for plugin in self._heard:
            if plugin.wakes(query, view):
                said = plugin.prefilter(query, view)
                if said.status.code:
                    return frozenset()
                if said.nodes is not None:
                    allowed = said.nodes if allowed is None else allowed & said.nodes
        return allowed

    def sample(
        self, query: Query, barred: Sequence[int], search: Search, limits: frozenset[str] | None
    ) -> Sampled:
        """Look for feasible nodes as far as the search goes, and score those."""
        static = self._static(query)
        visiting = self._visiting(search, limits)
        enough = nodes_to_find(len(visiting), search.percentage)
        total = self._entry(query, static).total
        if barred:
            total = total.copy()
            total[list(barred)] = -1
        rows, looked_at = self._find(query, visiting, total, enough)
        if static.flaw is not None and len(rows) > 1:
            raise PluginError(static.flaw)
        own = total[rows].astype(np.float64)
        for raw, how, weight in static.uneven if len(rows) else ():
            own += normalized(raw[rows], how) * weight
        for plugin, weight in self._scores[Scope.CLUSTER] if len(rows) else ():
            if plugin.wakes(query, self._view):
                scores = plugin.score(query, self._view, rows)
                if scores is not None:
                    own += plugin.finish(query, self._view, rows, scores) * weight
        return Sampled(rows, own, static.constant, looked_at)

    def _visiting(self, search: Search, limits: frozenset[str] | None) -> NDArray[np.intp]:
        """Rows in the order of the search."""
        nodes = self._view.nodes
        if limits is None:
            return search.order(self._view)
        mask = np.zeros(nodes.n, bool)
        mask[[row for name in limits if (row := nodes.row(name)) is not None]] = True
        return search.visit(self._view, mask)

    def _find(
        self, query: Query, visiting: NDArray[np.intp], total: Numbers, enough: int
    ) -> tuple[NDArray[np.intp], int]:
        """Up to `enough` feasible rows, and how many were looked at until one more was found."""
        filters = [p for p in self._filters[Scope.CLUSTER] if p.wakes(query, self._view)]
        parts: list[NDArray[np.intp]] = []
        found = 0
        for start in range(0, len(visiting), enough + 1):
            window = visiting[start : start + enough + 1]
            places = np.flatnonzero(total[window] >= 0)
            for plugin in filters:
                places = places[plugin.filter(query, self._view, window[places]) == 0]
            if found + len(places) > enough:
                last = int(places[enough - found])
                parts.append(window[places[: enough - found]])
                return np.concatenate(parts), start + last
            found += len(places)
            parts.append(window[places])
        return np.concatenate(parts) if parts else visiting, len(visiting)

    # --- plugins that read specs alone

    def _static(self, query: Query) -> _Static:
        template = query.template
        number = self._number_of.get(template.id)
        nodes = self._view.nodes
        if number is None:
            keys = tuple(p.key(query, self._view) for p in self._filters[Scope.SPECS])
            keys += tuple(p.key(query, self._view) for p, _ in self._scores[Scope.SPECS])
            number = self._numbers.setdefault(keys, len(self._numbers))
            self._number_of[template.id] = number
        static = self._statics.get(number)
        version = (nodes.spec_version, nodes.images.version)
        if static is None or static.version != version:
            static = self._statics[number] = self._make_static(query, number, version)
        return static

    def _make_static(self, query: Query, number: int, version: tuple[int, int]) -> _Static:
        view = self._view
        rejects = view.nodes.exists == 0
        for plugin in self._filters[Scope.SPECS]:
            if plugin.wakes(query, view):
                rejects |= plugin.filter(query, view, ALL) != 0
        constant, uneven = 0, []
        for score, weight in self._scores[Scope.SPECS]:
            raw = score.score(query, view, ALL) if score.wakes(query, view) else None
            if raw is None:
                continue
            if not raw.any():
                constant += weight * (MAX_NODE_SCORE if score.normalize is Normalize.REVERSE else 0)
            else:
                uneven.append((raw, score.normalize, weight))
        flaw = self._framework.flaw(query, view)
        return _Static(number, version, rejects, constant, uneven, flaw)

    # --- plugins that read one node's amounts

    def _entry(self, query: Query, static: _Static) -> _Entry:
        key = (static.number, query.requests.id)
        entry = self._entries.get(key)
        nodes = self._view.nodes
        end = nodes.dirty_base + len(nodes.dirty)
        if entry is not None and self._repairable(entry):
            if entry.position != end:
                self._repair(entry, query, static, nodes.dirty[entry.position - nodes.dirty_base :])
                entry.position = end
            self._entries.move_to_end(key)
            return entry
        entry = self._full(query, static, end)
        if self._incremental:
            self._keep(key, entry)
        return entry

    def _repairable(self, entry: _Entry) -> bool:
        nodes = self._view.nodes
        return len(entry.total) == nodes.n and self._recent(entry.position)

    def _recent(self, position: int) -> bool:
        """Whether few enough rows have changed since that position of the log."""
        nodes = self._view.nodes
        changed = nodes.dirty_base + len(nodes.dirty) - position
        return position >= nodes.dirty_base and changed <= max(nodes.n // FULL_SHARE, FEW_ROWS)

    def _keep(self, key: tuple[int, int], entry: _Entry) -> None:
        before = self._seen.get(key)
        if len(self._seen) >= SEEN_LIMIT:
            self._seen.clear()
        self._seen[key] = entry.position
        if before is None or not self._recent(before):
            self._entries.pop(key, None)
            return
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) * entry.total.nbytes > self._budget:
            self._entries.popitem(last=False)

    def _full(self, query: Query, static: _Static, position: int) -> _Entry:
        view = self._view
        filters = [p for p in self._filters[Scope.NODE] if p.wakes(query, view)]
        scores = [(p, w) for p, w in self._scores[Scope.NODE] if p.wakes(query, view)]
        rejects = static.rejects
        for plugin in filters:
            rejects = np.logical_or(rejects, plugin.filter(query, view, ALL))
        parts = [_weighted(score, weight, query, view) for score, weight in scores]
        total: Numbers = np.zeros(view.nodes.n, np.int32)
        for part in parts:
            total = total + part
        rejected = int(np.count_nonzero(rejects))
        if rejected:
            np.copyto(total, -1, where=rejects)
        return _Entry(total, view.nodes.n - rejected, position, filters, scores)

    def _repair(self, entry: _Entry, query: Query, static: _Static, dirty: list[int]) -> None:
        view, rejects, total = self._view, static.rejects, entry.total
        for row in dict.fromkeys(dirty):
            fresh = -1
            if not rejects.item(row):
                for plugin in entry.filters:
                    if plugin.filter_one(query, view, row):
                        break
                else:
                    fresh = 0
                    for score, weight in entry.scores:
                        fresh += score.score_one(query, view, row) * weight
            entry.feasible += (fresh >= 0) - (total.item(row) >= 0)
            total[row] = fresh


def _by_scope(filters: tuple[FilterPlugin, ...]) -> tuple[list[FilterPlugin], ...]:
    return tuple([p for p in filters if p.scope is scope] for scope in Scope)


def _weighted(score: ScorePlugin, weight: int, query: Query, view: View) -> NDArray[Any]:
    part: NDArray[Any] = np.asarray(score.score(query, view, ALL))
    return part if weight == 1 else part * float(weight)
