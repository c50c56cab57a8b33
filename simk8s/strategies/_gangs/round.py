"""One plan in the making: through the queue of jobs, once.

Law: jobs are looked at in the order of the queue. Behind a job that has no room, or where promises
are to be kept, a job starts only if it delays no reservation that the profile has. Pods take the
tightest nodes one after the other; a job for which that finds no room starts on the very nodes of
its reservation if they are free, and a reservation from now on is a start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simk8s.placement.base import Query
from simk8s.strategies._gangs.booking import GRACE_US, Booking
from simk8s.strategies._gangs.jobs import ENDLESS_US, Job, Shape
from simk8s.strategies._gangs.promises import Promise
from simk8s.strategies._gangs.room import Seat
from simk8s.strategies._gangs.window import Window
from simk8s.strategies.base import Assignment, Plan

if TYPE_CHECKING:
    from simk8s.strategies._gangs.planner import GangStrategy, Kind


class Round(Booking):
    """One plan in the making."""

    def __init__(self, strategy: GangStrategy, plan: Plan, now_us: int) -> None:
        super().__init__(strategy, plan, now_us)
        self._still = False
        """Nobody with a promise need be looked at."""
        self._open: set[Shape] = set()
        """Shapes that still have room somewhere, once a job is blocked; looked up."""
        self._failed: dict[Shape, int] = {}
        """The shortest estimate with which a shape delayed a reservation."""
        self._due: list[Job] = []
        """Uneven jobs whose reserved nodes had room when this plan began."""

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
            if not may or not self._start(job, queries, promise):
                blocked += 1
                if reservations == 0:
                    break
                if not watched:
                    self._open, watched = self._with_room(), True
                else:
                    self._note(job)
                if reserves and self._start_or_reserve(job, queries, promise):
                    blocked -= 1
                elif reserves and blocked & (blocked - 1) == 0:
                    self._screen(queue[index:])

    def _may(self, job: Job) -> bool:
        """Whether it is worth a look behind a blocked job."""
        if job.shape not in self._open:
            return False
        failed_us = self._failed.get(job.shape)
        return failed_us is None or job.estimate_us < failed_us or self._promised(job)

    def _start(self, job: Job, queries: list[Query], promise: Promise | None) -> bool:
        profile, end_us = self._profile, self._now_us + job.estimate_us
        window = None
        if profile is not None:
            window = Window(profile.until(end_us), self._rows, len(queries) == 1)
        found = self._strategy.seat(self._room, queries, window)
        if found is None and profile is not None and self._promises is not None:
            found = self._as_reserved(profile, queries, end_us)
        if found is None and promise is not None and job.uneven:
            found = self._on(queries, promise.nodes, end_us)
        if found is not None:
            self._begin(job, queries, found)
        return found is not None

    def _begin(self, job: Job, queries: list[Query], found: Sequence[Seat]) -> None:
        """Its pods have these seats from now on."""
        profile, end_us = self._profile, self._now_us + job.estimate_us
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

    def _close(self, shape: Shape, queries: list[Query]) -> None:
        """No more of a shape, or no more room for it."""
        found = self._strategy.seat(self._room, queries, None)
        due = found is None and any(j.shape == shape and self._is_due(j) for j in self._due)
        if (found is None and not due) or shape not in self._jobs.shapes:
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
        if self._kept is not None:
            self._kept.begin()
        if not promises:
            return False
        self._due = [job for job in promises.uneven() if self._is_due(job)]
        self._open = self._with_room() | {job.shape for job in self._due}
        if self._open:
            profile = self._profile = self._expected()
            fewer = self._drop_the_dead(queue)
            broken: list[Job] = []
            for job in queue:
                promise = promises.get(job)
                if promise is not None:
                    wants = self._wants(list(job.waiting.values()))
                    if not promises.hold(job, promise, wants, profile, self._now_us + GRACE_US):
                        broken.append(job)
            for job in broken:
                wants = self._wants(list(job.waiting.values()))
                self._reserve(job, wants, None, self._sought(job, wants, None))
            self._still = self._unchanged() and not broken and not fewer
            if self._still:
                self._screen([job for job in queue if job.key not in promises])
        return True

    def _drop_the_dead(self, queue: Sequence[Job]) -> bool:
        """Nobody waits for jobs that are gone, or smaller by now; whether there are any."""
        fewer = False
        for job in queue:
            if self._promised(job):
                pods = len(job.waiting)
                if not self._jobs.alive(job) or len(job.waiting) < pods:
                    self._given_back(job)
                    fewer = True
        return fewer

    def _is_due(self, job: Job) -> bool:
        """Whether all nodes of its reservation have room at this moment."""
        promise = None if self._promises is None else self._promises.get(job)
        if promise is None or not job.shape:
            return False
        seated = self._on(list(job.waiting.values()), promise.nodes, None)
        self._room.give_back(seated or ())
        return seated is not None

    def _unchanged(self) -> bool:
        """Whether nothing gives a promised job more room than at the last plan."""
        running, promises = self._running, self._promises
        assert running is not None, "there are reservations"
        assert promises is not None, "they are kept"
        return not promises.news(running.ended, self._strategy.view.nodes.spec_version)

    def _start_or_reserve(self, job: Job, queries: list[Query], promise: Promise | None) -> bool:
        """A reservation; a start (and true) where that would be from now on. Where nobody else has
        room, it stays what it was.
        """
        if not self._open:
            if promise is not None and self._kept is not None:
                self._kept.keep(job, promise)
            return False
        if self._profile is None:
            self._profile = self._expected()
        wants = self._wants(queries)
        found = self._sought(job, wants, promise)
        if found is not None and found[0] <= self._now_us:
            seated = self._on(queries, found[1], self._now_us + job.estimate_us)
            if seated is not None:
                self._begin(job, queries, seated)
                return True
        self._reserve(job, wants, promise, found)
        return False

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
