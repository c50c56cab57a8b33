"""One plan in the making: through the queue of jobs, once.

Law: jobs are looked at in the order of the queue. Behind a job that has no room, or where promises
are to be kept, a job starts only if it delays no reservation that the profile has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simk8s.placement.base import Query
from simk8s.state.resources import GPU, PODS
from simk8s.strategies._gangs.fitting import Want
from simk8s.strategies._gangs.jobs import ENDLESS_US, Job, Shape
from simk8s.strategies._gangs.profile import Profile, seats
from simk8s.strategies._gangs.promises import Promise
from simk8s.strategies._gangs.room import Room, Seat
from simk8s.strategies._gangs.window import Window, amounts
from simk8s.strategies.base import Assignment, Plan

if TYPE_CHECKING:
    from simk8s.strategies._gangs.planner import GangStrategy, Kind

GRACE_US = 1_000_000


class Round:
    """One plan in the making."""

    def __init__(self, strategy: GangStrategy, plan: Plan, now_us: int) -> None:
        self._strategy, self._plan, self._now_us = strategy, plan, now_us
        self._jobs = strategy.jobs
        self._running = strategy.running if strategy.reservations else None
        nodes = strategy.view.nodes
        self._room = Room(strategy.view, nodes.free, nodes.gpu_free)
        self._profile: Profile | None = None
        self._promises = strategy.promises if (strategy.reservations or 0) > 1 else None
        self._still = False
        """Nobody with a promise need be looked at."""
        self._rows: list[int] = []
        self._open: set[Shape] = set()
        """Shapes that still have room somewhere, once a job is blocked; looked up."""
        self._failed: dict[Shape, int] = {}
        """The shortest estimate with which a shape delayed a reservation."""

    def run(self) -> None:
        """Go through the queue. Where nothing runs and nobody may start, promises are in each
        other's way, and nothing will ever happen: they are given up.
        """
        self._go()
        promises, running = self._promises, self._running
        idle = running is not None and not running.any
        if promises and idle and not self._plan.assignments:
            promises.clear()
            self._profile, self._still, self._failed = None, False, {}
            self._go()
        self._plan.evaluated = self._room.evaluated

    def _go(self) -> None:
        strategy, blocked = self._strategy, 0
        reservations = strategy.reservations
        queue = list(self._jobs.queue)
        watched = self._remember(queue)
        for index, job in enumerate(queue, 1):
            if watched and not self._open:
                break
            if self._still and self._promised(job):
                blocked += 1
                continue
            reserves = self._promised(job) or (reservations is not None and blocked < reservations)
            if watched and not reserves and not self._may(job):
                continue
            alive, may = self._jobs.alive(job), not watched or self._may(job)
            promise = self._given_back(job)
            if not alive:
                continue
            queries = list(job.waiting.values())
            if not strategy.could_fit(queries, job.shape):
                continue
            if not may or not self._start(job, queries):
                blocked += 1
                if reservations == 0:
                    break
                if not watched:
                    self._open, watched = self._with_room(), True
                else:
                    self._note(job)
                if reserves and self._open:
                    self._reserve(job, queries, promise)
                    if blocked & (blocked - 1) == 0:
                        self._screen(queue[index:])

    def _may(self, job: Job) -> bool:
        """Whether it is worth a look behind a blocked job."""
        if job.shape not in self._open:
            return False
        failed_us = self._failed.get(job.shape)
        return failed_us is None or job.estimate_us < failed_us or self._promised(job)

    def _start(self, job: Job, queries: list[Query]) -> bool:
        profile, end_us = self._profile, self._now_us + job.estimate_us
        window = None
        if profile is not None:
            window = Window(profile.until(end_us), self._rows, len(queries) == 1)
        found = self._strategy.seat(self._room, queries, window)
        if found is None and profile is not None and self._promises is not None:
            found = self._as_reserved(profile, queries, end_us)
        if found is None:
            return False
        for query, node, devices in found:
            self._plan.assignments.append(Assignment(query.pod, node, devices=devices))
            if self._running is not None:
                self._running.start(query.pod, end_us)
        shape = job.shape
        self._jobs.start(job)
        if profile is not None:
            wants = self._wants(queries)
            profile.take([seat.node for seat in found], wants, 0, end_us)
        if shape in self._open:
            self._close(shape, queries)
        return True

    def _as_reserved(
        self, profile: Profile, queries: list[Query], end_us: int
    ) -> list[Seat] | None:
        """Seats where a reservation from now on would be: what is tightest for one pod after the
        other may have room for a gang there and not here, and the other way round.
        """
        nodes = seats(profile.until(end_us), self._wants(queries))
        return None if nodes is None else self._room.take_all(queries, nodes)

    def _close(self, shape: Shape, queries: list[Query]) -> None:
        """No more of a shape, or no more room for it."""
        found = self._strategy.seat(self._room, queries, None)
        if found is None or shape not in self._jobs.shapes:
            self._open.discard(shape)
        self._room.give_back(found or ())

    def _note(self, job: Job) -> None:
        """Another job has no room now, or would delay a reservation."""
        if job.shape in self._open:
            self._failed[job.shape] = min(self._failed.get(job.shape, 1 << 62), job.estimate_us)
            if not self._profile:
                self._open.discard(job.shape)

    # --- reservations

    def _remember(self, queue: Sequence[Job]) -> bool:
        """Hold the promises of plans before; whether there are any."""
        promises = self._promises
        if not promises:
            return False
        promises.begin()
        self._open = self._with_room()
        if self._open:
            profile = self._profile = self._expected()
            broken: list[Job] = []
            for job in queue:
                promise = promises.get(job)
                if promise is not None:
                    wants = self._wants(list(job.waiting.values()))
                    if not promises.hold(job, promise, wants, profile, self._now_us + GRACE_US):
                        broken.append(job)
            for job in broken:
                self._reserve(job, list(job.waiting.values()), None)
            self._still = self._unchanged() and not broken
            if self._still:
                self._screen([job for job in queue if job.key not in promises])
        return True

    def _unchanged(self) -> bool:
        """Whether nothing gives a promised job more room than at the last plan."""
        running, promises = self._running, self._promises
        assert running is not None, "there are reservations"
        assert promises is not None, "they are kept"
        return not promises.news(running.ended, self._strategy.view.nodes.spec_version)

    def _promised(self, job: Job) -> bool:
        return self._promises is not None and job.key in self._promises

    def _given_back(self, job: Job) -> Promise | None:
        """The promise of a job whose turn it is."""
        return None if self._promises is None else self._promises.give_back(job, self._profile)

    def _reserve(self, job: Job, queries: list[Query], promise: Promise | None) -> None:
        """The earliest start that delays no reservation; the one it had if none is earlier."""
        profile, promises = self._profile, self._promises
        if profile is None:
            profile = self._profile = self._expected()
        wants, estimate_us = self._wants(queries), job.estimate_us
        if promises is not None:
            # A start that is late by the length of a cycle must not break the promise behind it.
            estimate_us += GRACE_US
        before_us = None if promise is None else promise.start_us
        found = profile.earliest(wants, estimate_us, before_us)
        if found is not None:
            start, nodes = found
            start_us = int(profile.times_us[start])
            if promises is None:
                profile.take(nodes, wants, start, start_us + estimate_us)
            else:
                promise = Promise(start_us, start_us + estimate_us, tuple(nodes))
                promises.hold(job, promise, wants, profile, start_us)
        elif promise is not None and promises is not None:
            promises.hold(job, promise, wants, profile, self._now_us + GRACE_US)

    def _screen(self, behind: Sequence[Job]) -> None:
        """Close the shapes of which not even the shortest job may overtake: more reservations
        never give room, so that nobody need be looked at, or reserve, once all are closed.
        """
        profile, strategy = self._profile, self._strategy
        if profile is None:
            return
        shortest: dict[Shape, int] = {}
        promised: dict[Shape, None] = {}
        for job in behind:
            if job.shape in self._open:
                known = shortest.get(job.shape, ENDLESS_US)
                shortest[job.shape] = min(known, job.estimate_us)
                if self._promised(job):
                    promised[job.shape] = None
        self._open &= shortest.keys()
        for shape, estimate_us in shortest.items():
            if shape in promised:
                continue  # its own reservation is what may be in its way
            queries, _ = strategy.asked(shape)
            least = profile.until(self._now_us + estimate_us)
            found = strategy.seat(self._room, queries, Window(least, self._rows, len(queries) == 1))
            self._room.give_back(found or ())
            if found is None:
                self._open.discard(shape)

    def _with_room(self) -> set[Shape]:
        """Shapes of waiting jobs that fit on what is free; equal requests are asked once."""
        found: set[Shape] = set()
        known: dict[Kind, bool] = {}
        for shape in self._jobs.shapes:
            queries, key = self._strategy.asked(shape)
            fits = known.get(key)
            if fits is None:
                seated = self._strategy.seat(self._room, queries, None)
                self._room.give_back(seated or ())
                fits = known[key] = seated is not None
            if fits:
                found.add(shape)
        return found

    def _expected(self) -> Profile:
        """What running jobs will free, those of this plan included."""
        cluster, now_us = self._strategy.view.cluster, self._now_us
        wanted = {r for shape in self._jobs.shapes for _, id_ in shape
                  for r, _ in cluster.requests.items[id_].wanted}  # fmt: skip
        self._rows = sorted(wanted - {PODS}, key=lambda row: (row != GPU, row)) or [PODS]
        starting = {one.pod: one.node for one in self._plan.assignments}
        assert self._running is not None, "there are reservations"
        held = self._running.held(self._rows, now_us + GRACE_US, starting)
        return Profile(now_us, self._room.free[self._rows], held)

    def _wants(self, queries: list[Query]) -> list[Want]:
        masks, rows = self._strategy.masks, self._rows
        return [Want(amounts(query, rows), masks.of(query)) for query in queries]
