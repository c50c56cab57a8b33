"""The queue of jobs that all strategies of gangs share, and what differs between them.

A plan goes through the waiting jobs in order of priority, then arrival. A job starts if all of its
pods have room now; the tightest node is taken. What happens behind a job that has no room is the
strategy's: nothing starts (`STRICT`), everything starts that has room (`None` reservations), or
everything that does not delay a reservation of the first so many blocked jobs: one is EASY
backfill, as many as there are is conservative backfill.

Law: a job starts as a whole; a job that would not fit on an empty cluster holds nobody up; no job
that starts out of turn delays a reservation, if all running jobs end as estimated. Reservations
are made anew with every plan.

Mirrors: EASY (Lifka 1995) and conservative backfill as in Mu'alem and Feitelson (2001); a
reservation is on nodes, as in Slurm's sched/backfill. Departs: no preemption; a job that runs for
longer than estimated is taken to end in a second, over and over.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework
from simk8s.placement.framework import Profile as Plugins
from simk8s.state.pods import NEVER
from simk8s.state.resources import GPU, PODS
from simk8s.strategies._gangs.jobs import Job, Jobs, Shape
from simk8s.strategies._gangs.profile import Held, Ints, Profile, Want
from simk8s.strategies._gangs.room import Bools, Masks, Room, Seat, seat, waiting
from simk8s.strategies.base import Assignment, Batch, Context, Plan, Strategy

MAX_PODS = 65_536
GRACE_US = 1_000_000
QUEUE = "GangQueue"
BEHIND = "waiting in the queue for room for the whole job"
Kind = tuple[int | bytes, ...]
"""Requests and masks of the pods of a job."""
NOT_WHOLE = "waiting for the other pods of its group"


class GangStrategy(Strategy):
    """A queue of jobs. `reservations`: of how many blocked jobs; None = nobody waits for others,
    0 = everybody waits for the first.
    """

    batch = Batch(MAX_PODS, 0, keeps=True)

    def __init__(self, context: Context, reservations: int | None, estimate: float = 1.0) -> None:
        self.framework = Framework.of(Plugins(scores=()))
        self._view = context.view
        self._reservations = reservations
        self._jobs = Jobs(context.view.pods, context.draws, estimate)
        self._masks = Masks(self.framework, context.view)
        self._running: dict[int, int] = {}
        """Expected ends of pods that were started here."""
        self._asked: dict[Shape, tuple[list[Query], Kind, list[Bools]]] = {}
        self._possible: dict[tuple[Shape, int, int], bool] = {}

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Start what may start, of these pods and of all that were handed in before."""
        charged = self._view.pods.charged
        self._running = {p: end for p, end in self._running.items() if charged[p] != NEVER}
        jobs = [self._jobs.add(query) for query in pending]
        plan = Plan()
        if self._view.nodes.n:
            _Round(self, plan, now_us).run()
        started = {assignment.pod for assignment in plan.assignments}
        handed_in = zip(pending, jobs, strict=True)
        plan.rejected = [(q.pod, self._why(q, job)) for q, job in handed_in if q.pod not in started]
        return plan

    def _why(self, query: Query, job: Job) -> Verdict:
        """Why a pod that was handed in stays in the queue."""
        if not self.could_fit([query], ((query.template.id, query.requests.id),)):
            return cycle.verdict(self.framework, query, self._view)
        return waiting(self._view, QUEUE, BEHIND if job.shape else NOT_WHOLE)

    # --- for a round

    def could_fit(self, queries: Sequence[Query], shape: Shape) -> bool:
        """Whether the pods would have room if the cluster were empty."""
        nodes = self._view.nodes
        key = (shape, nodes.spec_version, nodes.n)
        known = self._possible.get(key)
        if known is None:
            seats = self.seat(Room.empty(self._view), queries, None)
            known = self._possible[key] = seats is not None
        return known

    def asked(self, shape: Shape) -> tuple[list[Query], Kind]:
        """Pods of a shape, and what is equal for shapes that fit in the same places."""
        known = self._asked.get(shape)
        masks = self._masks
        if known is not None and all(
            masks.of(q) is m for q, m in zip(known[0], known[2], strict=True)
        ):
            return known[:2]
        cluster = self._view.cluster
        templates, requests = cluster.templates.items, cluster.requests.items
        queries = [Query(NEVER, templates[t], requests[r], 0) for t, r in shape]
        found = [masks.of(query) for query in queries]
        kind: Kind = (*(r for _, r in shape), *(mask.tobytes() for mask in found))
        self._asked[shape] = queries, kind, found
        return queries, kind

    def seat(
        self, room: Room, queries: Sequence[Query], window: _Window | None
    ) -> list[Seat] | None:
        """A node for every pod, charged to the room; None, and nothing charged, if one has none."""
        return seat(room, self._masks, queries, window)


class _Window:
    """The least that is free between now and the estimated end of one job."""

    def __init__(self, least: Ints, rows: Sequence[int], alone: bool) -> None:
        self._least = least if alone else least.copy()
        self._rows, self._alone = rows, alone

    def allows(self, query: Query) -> Bools:
        """Where the pod delays no reservation."""
        enough: Bools = self._least >= amounts(query, self._rows)[:, None]
        found: Bools = np.logical_and.reduce(enough, axis=0)
        return found

    def take(self, query: Query, node: int) -> None:
        """One pod of the job is to go there."""
        if not self._alone:
            self._least[:, node] -= amounts(query, self._rows)


def amounts(query: Query, rows: Sequence[int]) -> Ints:
    """What a pod asks for, by rows of a profile."""
    values = query.requests.values
    return np.array([values[row] if row < len(values) else 0 for row in rows], np.int64)


class _Round:
    """One plan in the making."""

    def __init__(self, strategy: GangStrategy, plan: Plan, now_us: int) -> None:
        self._strategy, self._plan, self._now_us = strategy, plan, now_us
        self._jobs, self._running = strategy._jobs, strategy._running
        nodes = strategy._view.nodes
        self._room = Room(strategy._view, nodes.free, nodes.gpu_free)
        self._profile: Profile | None = None
        self._rows: list[int] = []
        self._open: set[Shape] = set()
        """Shapes that still have room somewhere, once a job is blocked; looked up."""
        self._failed: dict[Shape, int] = {}
        """The shortest estimate with which a shape delayed a reservation."""

    def run(self) -> None:
        """Go through the queue."""
        strategy, blocked = self._strategy, 0
        reservations = strategy._reservations
        for job in list(self._jobs.queue):
            if blocked and not self._open:
                break
            reserves = reservations is not None and blocked < reservations
            if blocked and not reserves and not self._may(job):
                continue
            if not self._jobs.alive(job):
                continue
            queries = list(job.waiting.values())
            if not strategy.could_fit(queries, job.shape):
                continue
            if (blocked and not self._may(job)) or not self._start(job, queries):
                blocked += 1
                if reservations == 0:
                    break
                self._block(job, queries, reserves, first=blocked == 1)
        self._plan.evaluated = self._room.evaluated

    def _may(self, job: Job) -> bool:
        """Whether it is worth a look behind a blocked job."""
        return job.shape in self._open and job.estimate_us < self._failed.get(
            job.shape, job.estimate_us + 1
        )

    def _start(self, job: Job, queries: list[Query]) -> bool:
        profile, end_us = self._profile, self._now_us + job.estimate_us
        window = None
        if profile is not None:
            window = _Window(profile.until(end_us), self._rows, len(queries) == 1)
        found = self._strategy.seat(self._room, queries, window)
        if found is None:
            return False
        for query, node, devices in found:
            self._plan.assignments.append(Assignment(query.pod, node, devices=devices))
            self._running[query.pod] = end_us
        shape = job.shape
        self._jobs.start(job)
        if profile is not None:
            wants = self._wants(queries)
            profile.take([seat.node for seat in found], wants, 0, end_us)
        if shape in self._open:
            self._close(shape, queries)
        return True

    def _close(self, shape: Shape, queries: list[Query]) -> None:
        """No more of a shape, or no more room for it."""
        seats = self._strategy.seat(self._room, queries, None)
        if seats is None or shape not in self._jobs.shapes:
            self._open.discard(shape)
        self._room.give_back(seats or ())

    def _block(self, job: Job, queries: list[Query], reserves: bool, *, first: bool) -> None:
        """A job has no room now."""
        if first:
            self._open = self._with_room()
            if not self._open:
                return
        elif job.shape in self._open:
            self._failed[job.shape] = min(self._failed.get(job.shape, 1 << 62), job.estimate_us)
            if not self._profile:
                self._open.discard(job.shape)
        if not reserves:
            return
        profile = self._profile
        if profile is None:
            profile = self._profile = self._expected()
        wants = self._wants(queries)
        found = profile.earliest(wants, job.estimate_us)
        if found is not None:
            start, nodes = found
            profile.take(nodes, wants, start, int(profile.times_us[start]) + job.estimate_us)

    def _with_room(self) -> set[Shape]:
        """Shapes of waiting jobs that fit on what is free; equal requests are asked once."""
        found: set[Shape] = set()
        known: dict[Kind, bool] = {}
        for shape in self._jobs.shapes:
            queries, key = self._strategy.asked(shape)
            fits = known.get(key)
            if fits is None:
                seats = self._strategy.seat(self._room, queries, None)
                self._room.give_back(seats or ())
                fits = known[key] = seats is not None
            if fits:
                found.add(shape)
        return found

    def _expected(self) -> Profile:
        """What running jobs will free, those of this plan included."""
        cluster, now_us = self._strategy._view.cluster, self._now_us
        wanted = {r for shape in self._jobs.shapes for _, id_ in shape
                  for r, _ in cluster.requests.items[id_].wanted}  # fmt: skip
        self._rows = sorted(wanted - {PODS}, key=lambda row: (row != GPU, row)) or [PODS]
        nodes = dict.fromkeys(self._running, NEVER)
        nodes.update((one.pod, one.node) for one in self._plan.assignments)
        charged = cluster.pods.charged
        vectors: dict[int, Ints] = {}
        held = []
        for pod, end_us in self._running.items():
            requests = cluster.requests_of(pod)
            vector = vectors.get(requests.id)
            if vector is None:
                values = requests.values
                picked = [values[row] if row < len(values) else 0 for row in self._rows]
                vector = vectors[requests.id] = np.array(picked, np.int64)
            node = nodes[pod] if nodes[pod] != NEVER else charged[pod]
            held.append(Held(max(end_us, now_us + GRACE_US), node, vector))
        return Profile(now_us, self._room.free[self._rows], held)

    def _wants(self, queries: list[Query]) -> list[Want]:
        masks, rows = self._strategy._masks, self._rows
        return [Want(amounts(query, rows), masks.of(query)) for query in queries]
