"""A plan to begin with: pods that wait, the most important first, are put where there is room,
and where there is none, less important ones are evicted and wait in turn.

Law: pods of a priority are never disturbed for the sake of the same or a lower one, so that,
priority by priority, the plan places at least what runs now.
"""

from __future__ import annotations

import numpy as np

from simk8s.packing.problem import IntArray, Plan, Problem


def begin(problem: Problem) -> Plan:
    """Best fit, decreasing, priority by priority, with evictions unless everybody is to be
    kept."""
    return _Start(problem).plan()


class _Start:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.stay = problem.running.copy()
        self.come = np.zeros_like(self.stay)
        self.free = np.maximum(problem.capacity, 0) - problem.requests.T @ self.stay
        self.waiting = problem.pending.copy()
        self.scale = 1.0 / np.maximum(problem.capacity.max(axis=1, initial=1), 1)
        sizes = (problem.requests * self.scale[None, :]).max(axis=1)
        self.order = np.lexsort((np.arange(problem.groups), -sizes))

    def plan(self) -> Plan:
        """Tier by tier from the top."""
        for tier in self.problem.tiers:
            for g in self.order.tolist():
                if self.problem.priority[g] == tier:
                    while self.waiting[g] and self._put(g):
                        self.waiting[g] -= 1
        return Plan(self.stay, self.come)

    def _put(self, g: int) -> bool:
        may = self.problem.may_come[g] > 0
        asked = self.problem.requests[g]
        fits = may & (self.free >= asked[:, None]).all(axis=0)
        if fits.any():
            left = ((self.free - asked[:, None]) * self.scale[:, None]).sum(axis=0)
            self._seat(g, int(np.where(fits, left, np.inf).argmin()))
            return True
        return not self.problem.keep and self._displace(g, may)

    def _seat(self, g: int, n: int) -> None:
        self.come[g, n] += 1
        self.free[:, n] -= self.problem.requests[g]

    def _displace(self, g: int, may: np.ndarray) -> bool:
        best: tuple[tuple[int, ...], int, list[int]] | None = None
        for n in np.flatnonzero(may).tolist():
            victims = self._victims(g, n)
            if victims is None:
                continue
            tiers = self.problem.priority[victims]
            cost = tuple(int((tiers == tier).sum()) for tier in self.problem.tiers)
            if best is None or cost < best[0]:
                best = cost, n, victims
        if best is None:
            return False
        _, n, victims = best
        for victim in victims:
            column = self.come if self.come[victim, n] else self.stay
            column[victim, n] -= 1
            self.free[:, n] += self.problem.requests[victim]
            self.waiting[victim] += 1
        self._seat(g, n)
        return True

    def _victims(self, g: int, n: int) -> list[int] | None:
        """Less important pods on n, the fewest that make room: the least important first, of
        these the largest; whoever turns out not to be needed stays."""
        problem = self.problem
        here = self.stay[:, n] + self.come[:, n]
        if problem.fixed is not None:
            here = np.where(problem.fixed[:, n], self.come[:, n], here)
        lower = np.flatnonzero((here > 0) & (problem.priority < problem.priority[g]))
        missing = problem.requests[g] - self.free[:, n]
        if (here[lower] @ problem.requests[lower] < missing).any():
            return None
        sizes = (problem.requests[lower] * self.scale[None, :]).sum(axis=1)
        chosen: list[int] = []
        got: IntArray = np.zeros_like(missing)
        for i in np.lexsort((-sizes, problem.priority[lower])).tolist():
            for _ in range(int(here[lower[i]])):
                if (got >= missing).all():
                    break
                chosen.append(int(lower[i]))
                got = got + problem.requests[lower[i]]
        for victim in reversed(chosen.copy()):
            if (got - problem.requests[victim] >= missing).all():
                got = got - problem.requests[victim]
                chosen.remove(victim)
        return chosen
