"""A search that ends early: the first feasible nodes in the order of the search, and their totals.

Law: what is found, in which order and after how many nodes, does not depend on how the visiting
order is cut into windows. A request vector that is not worth an entry of the ranking is computed
on the nodes that are visited and on no others.

How: the first window holds one node more than are to be found, which is all where nothing rejects
the pod; then windows double. Where nodes stand in the table as they are visited, a window is a
slice of it and nothing is gathered. In a table of up to `SMALL` nodes a pass over all of them costs
no more than one over a window, so there is one pass, and none for the scores of a pod that fits
nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.ahead import Ahead
from simk8s.placement.base import (
    ALL,
    FilterPlugin,
    PluginError,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    normalized,
)
from simk8s.placement.entries import Entry, Numbers, Static
from simk8s.placement.framework import Framework
from simk8s.placement.limits import Names, heard, limits_of
from simk8s.placement.ranking import Ranking
from simk8s.placement.search import Search, nodes_to_find
from simk8s.placement.ties import ROOM
from simk8s.placement.view import View
from simk8s.state.shapes import PodTemplate

Places = NDArray[np.intp]
SMALL = 1024
"""So many nodes take numpy less than it takes to be asked once more."""
_CLUSTER = int(Scope.CLUSTER)
"""By itself: to look a member up on its class costs 70 ns."""


Sampled = tuple[Rows, Numbers, int, int, int | None]
"""The feasible nodes that a search found, in the order in which it found them, their totals less
a constant, that constant, how many nodes it looked at, and the place of the best by the rule of
v1.36 where it is known.
"""


class Wakers(NamedTuple):
    """Plugins of cluster scope that some pods with the same kinds of fields wake."""

    filters: tuple[FilterPlugin, ...]
    heard: tuple[FilterPlugin, ...]
    scores: tuple[tuple[ScorePlugin, int], ...]


class Sampling:
    """Searches of one framework over one view; one pass is enough for up to `small` nodes."""

    def __init__(
        self, ranking: Ranking, framework: Framework, view: View, small: int = SMALL
    ) -> None:
        self._ranking = ranking
        self._view = view
        self._ahead = ranking.ahead
        self._all_heard = heard(framework.prefilters)
        self._heard = tuple(p for p in self._all_heard if p not in ranking.limiting)
        clustered = (*ranking.filters[_CLUSTER], *self._heard)
        scored = (plugin for plugin, _ in ranking.scores[_CLUSTER])
        self._fields = _fields((*clustered, *scored))
        self._wakers: dict[tuple[str, ...], Wakers] = {}
        self._wakers_of: dict[int, Wakers] = {}
        """By number of a template."""
        self._small = small
        self._double = (np.zeros(0, np.intp), np.zeros(0, np.intp))
        """The order of the last search, and twice that."""

    def limits(self, query: Query, static: Static) -> Names | None:
        """Names to which PreFilter limits the search; none of them if it fails, None = all."""
        if query.pinned >= 0:
            return limits_of(self._all_heard, query, self._view)
        fixed = static.limits
        if not self._heard or (fixed is not None and not fixed):
            return fixed
        heard = self.may_wake(query.template).heard
        if not heard:
            return fixed
        allowed = limits_of(heard, query, self._view)
        if fixed is None:
            return allowed
        return fixed if allowed is None else fixed & allowed

    def sample(
        self,
        query: Query,
        static: Static,
        barred: Sequence[int],
        order: Places,
        search: Search,
        limits: Names | None,
    ) -> Sampled:
        """Look for feasible nodes in this order as far as the search goes, and score those; the
        `barred` ones do not fit for a reason of their own. Raises PluginError.
        """
        view, ranking = self._view, self._ranking
        start, straight = search.start, view.nodes.tree.straight
        wakers = self._wakers_of.get(query.template.id) or self.may_wake(query.template)
        filters: Sequence[FilterPlugin] = wakers.filters
        if filters:
            filters = [p for p in filters if p.wakes(query, view) and not p.passes(query, view)]
        enough = nodes_to_find(len(order), search.percentage)
        found, entry = None, ranking.kept(query, static)
        plain = limits is None and not filters and not barred
        if plain and straight and entry is None and self._ahead is not None:
            found = self._known(self._ahead, query, static, start, enough)
        if found is None:
            entry = entry or ranking.worth_keeping(query, static)
            if plain and straight:
                found = self._first(query, static, entry, start, enough)
            if plain and found is None and view.nodes.n <= self._small:
                found = self._in_one_pass(query, static, entry, order, start, enough)
        if found is None:
            if limits is not None:
                order, start, straight = self._limited(search, limits), 0, False
                enough = nodes_to_find(len(order), search.percentage)
            tour = _Tour(order, start, straight, enough)
            self._find(query, static, entry, filters, tour, barred)
            found = tour.found_in_all(static.constant)
        if static.flaw is not None and len(found[1]) > 1:
            raise PluginError(static.flaw)
        if not (static.uneven or wakers.scores) or not len(found[1]):
            return found
        return self._scored(query, static, wakers, found)

    def may_wake(self, template: PodTemplate) -> Wakers:
        """The plugins that are to be asked whether they wake for pods of a template."""
        found = self._wakers_of.get(template.id)
        if found is None:
            has = ("", *(name for name in self._fields if getattr(template, name)))
            found = self._wakers.get(has)
            if found is None:
                ranking = self._ranking
                found = self._wakers[has] = Wakers(
                    tuple(p for p in ranking.filters[_CLUSTER] if p.sleeps_without in has),
                    tuple(p for p in self._heard if p.sleeps_without in has),
                    tuple((p, w) for p, w in ranking.scores[_CLUSTER] if p.sleeps_without in has),
                )
            self._wakers_of[template.id] = found
        return found

    def _limited(self, search: Search, limits: Names) -> Places:
        nodes = self._view.nodes
        mask = np.zeros(nodes.n, bool)
        mask[[row for name in limits if (row := nodes.row(name)) is not None]] = True
        return search.visit(self._view, mask)

    def _known(
        self, ahead: Ahead, query: Query, static: Static, start: int, enough: int
    ) -> Sampled | None:
        """What `_first` says, if it was computed ahead."""
        if not static.clear:
            return None
        known = ahead.look(query, start)
        if known is None or len(known[1]) != enough:
            known = ahead.begin(query, start, enough)
        if known is None:
            return None
        best, keys = known
        place = ahead.places[best % ROOM]
        return slice(start, start + enough), keys // ROOM, static.constant, enough, place

    def _first(
        self,
        query: Query,
        static: Static,
        entry: Entry | None,
        start: int,
        enough: int,
    ) -> Sampled | None:
        """The first `enough` nodes, where it is known that none of them and not the one behind
        them rejects the pod; else None. What a tour of one window finds.
        """
        view, end = self._view, start + enough
        if end > view.nodes.n:
            return None
        rows = slice(start, end)
        if entry is not None:
            if entry.feasible != len(entry.total):
                return None
            return rows, entry.total[rows], static.constant, enough, None
        ranking = self._ranking
        if not static.clear or not ranking.passed(query):
            return None
        return rows, ranking.scored(query, rows), static.constant, enough, None

    def _in_one_pass(
        self,
        query: Query,
        static: Static,
        entry: Entry | None,
        order: Places,
        start: int,
        enough: int,
    ) -> Sampled:
        """What a tour finds that is cut short by nothing but `enough`."""
        ranking = self._ranking
        if entry is not None:
            fit = entry.total >= 0
        else:
            rejects = ranking.rejected(query, static, ALL)
            fit = np.ones(self._view.nodes.n, bool) if rejects is None else rejects == 0
        turned = self._turned(order, start)
        places = fit[turned].nonzero()[0]
        count = len(places)
        if not count:
            return order, np.zeros(0, np.int32), static.constant, len(order), None
        looked_at = len(order)
        if count > enough:
            looked_at = int(places[enough])
            places = places[:enough]
        rows = turned[places]
        total = entry.total if entry is not None else ranking.scored(query, ALL)
        return rows, total[rows], static.constant, looked_at, None

    def _turned(self, order: Places, start: int) -> Places:
        """All rows in the order of a search that starts there."""
        count = len(order)
        if self._double[0] is not order:
            self._double = order, np.concatenate((order, order))
        start %= count or 1
        return self._double[1][start : start + count]

    def _find(
        self,
        query: Query,
        static: Static,
        entry: Entry | None,
        filters: Sequence[FilterPlugin],
        tour: _Tour,
        barred: Sequence[int],
    ) -> None:
        """Up to `enough` feasible rows, and how many were looked at until one more was found."""
        view, ranking = self._view, self._ranking
        while tour.goes_on:
            rows = tour.window()
            if entry is None:
                total, rejects = ranking.some(query, static, rows)
                fit = None if rejects is None else (rejects == 0).nonzero()[0]
            else:
                total = entry.total[rows]
                fit = None if entry.feasible == len(entry.total) else (total >= 0).nonzero()[0]
            if barred or filters:
                nodes = array_of(rows)
                fit = np.arange(len(nodes)) if fit is None else fit
                fit = fit[~np.isin(nodes[fit], barred)] if barred else fit
                for plugin in filters:
                    fit = fit[plugin.filter(query, view, nodes[fit]) == 0]
            tour.take(rows, total, fit)

    def _scored(self, query: Query, static: Static, wakers: Wakers, found: Sampled) -> Sampled:
        """With the scores that depend on the feasible nodes."""
        view = self._view
        active = [(p, w) for p, w in wakers.scores if p.wakes(query, view)]
        if not active and not static.uneven:
            return found
        rows, own, constant, looked_at, _ = found  # integers stay integers
        for raw, how, weight in static.uneven:
            own = own + normalized(raw[rows], how) * weight
        for plugin, weight in active:
            scored = plugin.finished(query, view, rows)
            if scored is not None:
                own = own + scored * weight
        return rows, own, constant, looked_at, None


class _Tour:
    """A walk over the visiting order, window by window, and what it has found."""

    __slots__ = ("_at", "_enough", "_found", "_order", "_parts", "_straight", "goes_on", "seen")

    def __init__(self, order: Places, start: int, straight: bool, enough: int) -> None:
        self._order = order
        self._at = start % len(order) if len(order) else 0
        self._straight = straight
        self._enough = enough
        self._found = 0
        self._parts: list[tuple[Rows, Numbers]] = []
        self.seen = 0
        self.goes_on = len(order) > 0
        """Whether another window is to be looked at."""

    def window(self) -> Rows:
        """The next rows to look at, up to the last one; behind it the walk starts over."""
        at, count, seen = self._at, len(self._order), self.seen
        end = min(at + min(max(self._enough + 1 - self._found, seen), count - seen), count)
        return slice(at, end) if self._straight else self._order[at:end]

    def take(self, rows: Rows, total: Numbers, fit: Places | None) -> None:
        """The window's feasible places (None = all of them), as far as they are wanted. The
        totals may be a plugin's own, so they are copied if it is to be asked again.
        """
        count = len(total) if fit is None else len(fit)
        left = self._enough - self._found
        if count > left:
            self.seen += left if fit is None else int(fit[left])
            self.goes_on = False
            fit = fit if fit is None else fit[:left]
            count = left
        else:
            self.seen += len(total)
            self._at = (self._at + len(total)) % len(self._order)
            self.goes_on = self.seen < len(self._order)
        self._found += count
        if fit is not None:
            self._parts.append((array_of(rows)[fit], total[fit]))
        else:
            own = total[:count].copy() if self.goes_on else total[:count]
            if isinstance(rows, slice):
                self._parts.append((slice(rows.start, rows.start + count), own))
            else:
                self._parts.append((rows[:count], own))

    def found_in_all(self, constant: int) -> Sampled:
        """The feasible rows with their totals."""
        if len(self._parts) == 1:
            return *self._parts[0], constant, self.seen, None
        if not self._parts:
            return self._order, np.zeros(0, np.int32), constant, self.seen, None
        rows = np.concatenate([array_of(rows) for rows, _ in self._parts])
        total = np.concatenate([total for _, total in self._parts])
        return rows, total, constant, self.seen, None


def _fields(plugins: Iterable[FilterPlugin | ScorePlugin]) -> tuple[str, ...]:
    """Fields of templates without which some plugin sleeps."""
    return tuple(dict.fromkeys(p.sleeps_without for p in plugins if p.sleeps_without))


def array_of(rows: Rows) -> Places:
    """Rows as an array."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
