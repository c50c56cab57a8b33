"""Reservations that outlive the plan in which they were made: all of conservative backfill, and of
EASY that of the first job, if its pods are not all alike.

Law: a reservation never moves to a later time while no running job lasts longer than estimated
and no node goes; its job may start on the very nodes that it names as soon as they are free, even
where pods that take the tightest nodes one after the other would find no room. One that cannot be
kept is made anew, around those that can; so is one whose job should have started by now
(`LATE_US`), for what is left of it would keep others off for nothing.

Mirrors: the compression of conservative backfill (Mu'alem and Feitelson 2001): in the order of the
queue each job gives its reservation back and takes an earlier one, if there is one while everybody
else's stay as they are. Departs: only when pods have ended or nodes have changed, and some job of
the queue has room.
"""

from __future__ import annotations

from typing import NamedTuple

from simk8s.strategies._gangs.fitting import Want
from simk8s.strategies._gangs.jobs import Job, Key
from simk8s.strategies._gangs.profile import Profile

LATE_US = 2_000_000
"""Cycles take time: a job is not late at once."""


class Promise(NamedTuple):
    """When and where a job that waits is to start, a node for each of its pods."""

    start_us: int
    end_us: int
    nodes: tuple[int, ...]


class Promises:
    """All of one strategy."""

    def __init__(self) -> None:
        self._known: dict[Key, Promise] = {}
        self._held: dict[Key, tuple[int, list[Want]]] = {}
        """In this plan: from when on the profile has it, and for which pods."""
        self._uneven: dict[Key, Job] = {}
        """Those of `known` whose pods are not all alike."""
        self._seen = (-1, -1)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def begin(self) -> None:
        """Another plan: no profile has any of them yet."""
        self._held.clear()

    def news(self, ended: int, nodes: int) -> bool:
        """Whether pods have ended, or nodes changed, since this was last asked."""
        before, self._seen = self._seen, (ended, nodes)
        return before != self._seen

    def get(self, job: Job) -> Promise | None:
        """That of a job, if its pods are as many as they were."""
        promise = self._known.get(job.key)
        if promise is None or len(promise.nodes) == len(job.waiting):
            return promise
        self._forget(job.key)
        return None

    def uneven(self) -> list[Job]:
        """Jobs with one that need not be found where pods are seated one after the other."""
        return list(self._uneven.values())

    def clear(self) -> None:
        """Nobody has one any more."""
        self._known.clear()
        self._uneven.clear()
        self._held.clear()

    def keep(self, job: Job, promise: Promise) -> None:
        """As it was, for plans to come."""
        self._known[job.key] = promise
        if job.uneven:
            self._uneven[job.key] = job

    def _forget(self, key: Key) -> Promise | None:
        self._uneven.pop(key, None)
        return self._known.pop(key, None)

    def hold(
        self, job: Job, promise: Promise, wants: list[Want], profile: Profile, least_us: int
    ) -> bool:
        """Write it into a profile, not before `least_us`; without room it is forgotten."""
        self._forget(job.key)
        start_us = max(promise.start_us, least_us)
        if start_us >= promise.end_us or least_us > promise.start_us + LATE_US:
            return False
        if not profile.hold(promise.nodes, wants, start_us, promise.end_us):
            profile.give(promise.nodes, wants, start_us, promise.end_us)
            return False
        self.keep(job, promise)
        self._held[job.key] = start_us, wants
        return True

    def give_back(self, job: Job, profile: Profile | None) -> Promise | None:
        """Take it from the profile, and from memory; None as well if its pods are fewer now."""
        promise = self._forget(job.key)
        held = self._held.pop(job.key, None)
        if promise is not None and held is not None and profile is not None:
            start_us, wants = held
            profile.give(promise.nodes, wants, start_us, promise.end_us)
        if promise is not None and len(promise.nodes) != len(job.waiting):
            return None
        return promise
