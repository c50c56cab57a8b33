"""What one plan knows of times to come: reservations, and the profile that they are written into.

Law: a reservation is where it was in the plan before if no better one is found; a job has seats on
the very nodes of its own if they are free and no other reservation needs them meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simk8s.placement.base import Query
from simk8s.state.resources import GPU, PODS
from simk8s.strategies._gangs.fitting import Want, fit_on
from simk8s.strategies._gangs.jobs import Job
from simk8s.strategies._gangs.profile import Profile, seats
from simk8s.strategies._gangs.promises import Promise
from simk8s.strategies._gangs.room import Room, Seat
from simk8s.strategies._gangs.window import amounts
from simk8s.strategies.base import Plan

if TYPE_CHECKING:
    from simk8s.strategies._gangs.planner import GangStrategy

GRACE_US = 1_000_000


class Booking:
    """Reservations of one plan."""

    def __init__(self, strategy: GangStrategy, plan: Plan, now_us: int) -> None:
        self._strategy, self._plan, self._now_us = strategy, plan, now_us
        self._jobs = strategy.jobs
        self._running = strategy.running if strategy.reservations else None
        nodes = strategy.view.nodes
        self._room = Room(strategy.view, nodes.free, nodes.gpu_free)
        self._profile: Profile | None = None
        self._kept = strategy.promises if strategy.reservations else None
        self._promises = self._kept if (strategy.reservations or 0) > 1 else None
        """Where all reservations are kept; else that of an uneven first job alone."""
        self._rows: list[int] = []

    def _promised(self, job: Job) -> bool:
        return self._promises is not None and job.key in self._promises

    def _given_back(self, job: Job) -> Promise | None:
        """The promise of a job whose turn it is."""
        return None if self._kept is None else self._kept.give_back(job, self._profile)

    def _sought(
        self, job: Job, wants: list[Want], promise: Promise | None
    ) -> tuple[int, list[int]] | None:
        """The earliest start that delays no reservation, and its nodes; of many reservations, one
        that is earlier than the job's own. Something ends there just then: a start that nothing
        brings about would pass unseen.
        """
        profile = self._profile
        assert profile is not None, "reservations are written into it"
        before_us = None if promise is None or self._promises is None else promise.start_us
        found = profile.earliest(wants, self._length_us(job), before_us)
        if found is None:
            return None
        step, nodes = found
        if job.uneven:
            step = profile.since(wants, nodes, step)
        return int(profile.times_us[step]), nodes

    def _reserve(
        self,
        job: Job,
        wants: list[Want],
        promise: Promise | None,
        found: tuple[int, list[int]] | None,
    ) -> None:
        """What was found; the one it had if that is later."""
        profile, kept, many = self._profile, self._kept, self._promises is not None
        assert profile is not None, "what was found was found in it"
        assert kept is not None, "there are reservations"
        least_us = self._now_us + GRACE_US
        if promise is not None:
            later = found is None or found[0] > max(promise.start_us, least_us)
            if later and kept.hold(job, promise, wants, profile, least_us):
                return
        if found is None:
            return
        start_us, nodes = found
        end_us = start_us + self._length_us(job)
        if many or job.uneven:
            kept.hold(job, Promise(start_us, end_us, tuple(nodes)), wants, profile, start_us)
        else:
            profile.hold(nodes, wants, start_us, end_us)

    def _length_us(self, job: Job) -> int:
        """For how long a reservation is: if there are many, a start that is late by the length of a
        cycle must not break the next.
        """
        return job.estimate_us + (GRACE_US if self._promises is not None else 0)

    def _on(
        self, queries: list[Query], nodes: Sequence[int], end_us: int | None
    ) -> list[Seat] | None:
        """Seats on these very nodes, one each, if they are free, and until `end_us` needed for no
        reservation.
        """
        profile, masks = self._profile, self._strategy.masks
        if not all(masks.of(query)[node] for query, node in zip(queries, nodes, strict=True)):
            return None
        if end_us is not None and profile is not None:
            least = profile.until(end_us)
            if not fit_on(least, self._wants(queries), nodes):
                return None
        return self._room.take_all(queries, nodes)

    def _as_reserved(
        self, profile: Profile, queries: list[Query], end_us: int
    ) -> list[Seat] | None:
        """Seats where a reservation from now on would be: what is tightest for one pod after the
        other may have room for a gang there and not here, and the other way round.
        """
        nodes = seats(profile.until(end_us), self._wants(queries))
        return None if nodes is None else self._room.take_all(queries, nodes)

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
