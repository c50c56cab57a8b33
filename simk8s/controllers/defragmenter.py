"""The defragmenter: every `interval`, CP-SAT looks for a way to empty nodes by moving at most
`maxMoves` pods, and the pods are moved. Runs only if a scenario names it.

A move: the pod is evicted through the API, so that PodDisruptionBudgets hold, its owner makes
another, and that one goes where the plan has it (`Objects.places`, which `kube_scheduler` and
`cp_sat_fallback` read). Stages: the fewest nodes in use, then the fewest moves. Every solve is a
row of the table `solves`.

Law: a plan leaves nobody without a node and is carried out only if it empties one; the solver's
budget is deterministic time with one worker. Rounds are on whole multiples of the interval, and
one before which nothing has changed is not simulated. If what was emptied is in use again at the
next round, three times in a row, no more is moved until a node changes: the scheduler wants the
cluster otherwise.

Mirrors: nothing of Kubernetes; descheduler's HighNodeUtilization has the same end. Departs: what
may run where is asked of the default scheduler's filters; other profiles are not looked at.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simk8s.api.eviction import CREATED
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._defragmenter_params import Params
from simk8s.controllers._rounds import Rounds
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.packing.cluster import Excerpt, MoveOf, status_of
from simk8s.packing.problem import Aim, Plan, Stage
from simk8s.packing.solve import Limits, Solved, solve
from simk8s.placement.config import configuration_of
from simk8s.placement.framework import Framework
from simk8s.placement.view import View
from simk8s.state.pods import NEVER, RUNNING, Loss
from simk8s.state.resources import GPU

ROUND, ACT = "round", "act"
STAGES = (Stage(Aim.NODES), Stage(Aim.DISTURBED, -(1 << 62)))
KEPT_US = 60_000_000
"""How long a place is kept in mind."""
FRUITLESS = 3


class Defragmenter(Controller):
    """Watches whether anything has changed since its last round."""

    name: ClassVar[str] = "defragmenter"
    survives: ClassVar[bool] = True
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._params, self._context, self._store = params, context, context.store
        self._cluster = context.store.cluster
        self._view = View(self._cluster)
        profile = next(iter(configuration_of(None).profiles.values()))
        self._framework = Framework.of(profile)
        self._evictions = context.evictions(Loss.DESCHEDULED)
        self._rounds = Rounds(context.queue, ROUND, params.interval)
        self._moves: list[MoveOf] = []
        self._emptied: list[int] = []
        self._fruitless = 0
        verbs = (Verb.BOUND, Verb.DELETED, Verb.ENDED)
        context.watches.watch(self._store.pods, self._hear, verbs)
        context.watches.watch(
            self._store.nodes, self._hear_nodes, (Verb.ADDED, Verb.UPDATED, Verb.DELETED)
        )

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        self._fruitless = 0
        self._rounds.arm(now_us)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        if self._fruitless < FRUITLESS:
            self._rounds.arm(now_us)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """One round, or what it has decided."""
        if key == ACT:
            return self._evict()
        if not self._rounds.due(now_us):
            return DONE
        if self._emptied:
            again = any(self._cluster.nodes.pods_on[row] for row in self._emptied)
            self._fruitless = self._fruitless + 1 if again else 0
            self._emptied = []
        if self._fruitless < FRUITLESS:
            self._look(now_us)
        return DONE

    def _look(self, now_us: int) -> None:
        excerpt = Excerpt(self._view, lambda _: self._framework, self._rows())
        if not excerpt.kinds or len(excerpt.rows) < 2:
            return
        problem = excerpt.problem(self._params.max_moves)
        solved = solve(problem, Limits(self._params.budget), STAGES, Plan.now(problem))
        moves: list[MoveOf] = []
        if solved.values[0] < solved.start[0]:
            moves, _ = excerpt.moves(problem, solved.plan)
            if not excerpt.holds(moves, NEVER):
                moves = []
        spent_us = round(self._params.latency_per_unit * solved.deterministic_time)
        latency_us = max(1, self._params.latency + spent_us)
        self._note(now_us, solved, excerpt, latency_us, len(moves))
        if moves:
            used = (solved.plan.stay + solved.plan.come).sum(axis=0) > 0
            before = problem.running.sum(axis=0) > 0
            emptied = np.flatnonzero(before & ~used & ~excerpt.busy)
            self._emptied = [excerpt.rows[i] for i in emptied.tolist()]
            self._moves = moves
            self._context.queue.add_after(ACT, latency_us)

    def _rows(self) -> list[int]:
        """Nodes in use: the emptiest half of the candidates, and the fullest."""
        nodes = self._cluster.nodes
        rows = [n for n in range(nodes.n) if nodes.exists[n] and nodes.pods_on[n]]
        most = self._params.candidates
        if len(rows) > most:
            resources = [r for r in range(len(nodes.free)) if r != GPU]
            whole = np.maximum(nodes.allocatable[np.ix_(resources, rows)], 1)
            used = 1 - (nodes.free[np.ix_(resources, rows)] / whole).min(axis=0)
            order = np.argsort(used, kind="stable").tolist()
            rows = [rows[i] for i in (*order[: most // 2], *order[len(order) - most // 2 :])]
        return sorted(rows)

    def _note(
        self, now_us: int, solved: Solved, excerpt: Excerpt, latency_us: int, moves: int
    ) -> None:
        first = solved.reached[0]
        value, bound = float(first.value), float(first.bound)
        gap = abs(value - bound) / max(value, 1.0)
        size = sum(len(pods) for kind in excerpt.kinds for pods in kind.at.values())
        status = status_of(solved.feasible, solved.proved, solved.hopeless)
        hint, spent = float(solved.start[0]), solved.deterministic_time
        row = (now_us, size, len(excerpt.rows), status, value, bound, gap, hint, spent)
        self._context.note_solve((*row, latency_us, moves, 0, None), solved.curve)

    def _evict(self) -> Steps:
        pods, moves = self._cluster.pods, self._moves
        self._moves = []
        for pod, source, target in moves:
            here = pods.phase[pod] == RUNNING and pods.node[pod] == source
            if here and pods.deletion_us[pod] == NEVER:
                yield [Write(self._ask, (pod, target))]
        return DONE

    @request("POST", "pods/eviction")
    def _ask(self, pod: int, target: int) -> bool:
        """An eviction arrives at the server; one that a budget refuses is left at that."""
        pods = self._cluster.pods

        def answered(now_us: int, code: int) -> None:
            if code == CREATED:
                kin = (pods.owner[pod], pods.template[pod], pods.requests[pod])
                self._cluster.objects.put_place(kin, target, now_us + KEPT_US)

        self._evictions.evict(pod, answered)
        return True
