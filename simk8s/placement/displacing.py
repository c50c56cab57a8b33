"""Whom a pod would displace on a node where only amounts stand against it: sums, no dry run.

Most pods wake no filter that looks at other pods but NodeResourcesFit. What such a pod lacks on a
node when all of lower priority have left, and who of them may stay, follows from the amounts.

Law: finds the candidate that the dry run finds, node by node; says None of itself (`of`) where a
filter that is awake reads more than amounts.

Mirrors: DefaultPreemption of kube-scheduler v1.36 (see preemption).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Scope
from simk8s.placement.framework import Framework
from simk8s.placement.view import View

Amounts = tuple[tuple[int, int], ...]


class Displacing:
    """Of one pod on one view: amounts by resource that it wants, as filters ask for them."""

    def __init__(self, query: Query, view: View, wanted: Amounts, passed: frozenset[int]) -> None:
        self._query = query
        self._view = view
        self._priorities = view.pods.priority
        self._wanted = wanted
        self._passed = passed
        self._amounts: dict[int, tuple[int, ...]] = {}
        """By number of a request vector: what it takes of what is wanted."""

    @classmethod
    def of(
        cls, framework: Framework, query: Query, view: View, potential: NDArray[np.intp]
    ) -> Displacing | None:
        """If amounts decide about these nodes."""
        if query.pinned >= 0:
            return None
        wanted: Amounts = ()
        rejects = np.zeros(len(potential), bool)
        for plugin in framework.filters:
            if not plugin.wakes(query, view):
                continue
            if plugin.scope is Scope.SPECS:
                rejects |= plugin.filter(query, view, potential) != 0
                continue
            amounts = plugin.amounts(query, view)
            if amounts is None:
                return None
            wanted += amounts
        if not wanted:
            return None
        return cls(query, view, wanted, frozenset(potential[~rejects].tolist()))

    def lower(self, row: int) -> list[int]:
        """Pods of lower priority, if the node would do without all of them; else none."""
        if row not in self._passed:
            return []
        priorities, priority = self._priorities, self._query.priority
        lower = [p for p in self._view.pods_on(row) if priorities[p] < priority]
        return lower if lower and min(self._left(row, lower)) >= 0 else []

    def victims(self, row: int, lower: Sequence[int], ordered: Sequence[int]) -> list[int]:
        """Who of `lower` has to go when they are put back in this order."""
        left, gone = self._left(row, lower), []
        for pod in ordered:
            after = [have - some for have, some in zip(left, self._of(pod), strict=True)]
            if min(after) >= 0:
                left = after
            else:
                gone.append(pod)
        return gone

    def _left(self, row: int, lower: Sequence[int]) -> list[int]:
        """What is left of what is wanted with the pod there and these gone."""
        free = self._view.nodes.free_at
        left = [free[resource][row] - amount for resource, amount in self._wanted]
        for pod in lower:
            for place, amount in enumerate(self._of(pod)):
                left[place] += amount
        return left

    def _of(self, pod: int) -> tuple[int, ...]:
        number = self._view.pods.requests[pod]
        amounts = self._amounts.get(number)
        if amounts is None:
            takes = dict(self._view.cluster.requests.items[number].wanted)
            amounts = tuple(takes.get(resource, 0) for resource, _ in self._wanted)
            self._amounts[number] = amounts
        return amounts
