"""The queue of jobs that all strategies of gangs share, and what differs between them.

A plan goes through the waiting jobs in order of priority, then arrival. A job starts if all of its
pods have room now; the tightest node is taken. What happens behind a job that has no room is the
strategy's: nothing starts (`STRICT`), everything starts that has room (`None` reservations), or
everything that does not delay a reservation of the first so many blocked jobs: one is EASY
backfill, as many as there are is conservative backfill.

Law: a job starts as a whole; a job that would not fit on an empty cluster holds nobody up; no job
that starts out of turn delays a reservation, and no job starts later than its first one, if no
running job lasts longer than estimated, no node goes and (with one reservation) nobody of higher
priority comes. A single reservation is made anew with every plan unless that would be later, many
are kept (promises.py).

Mirrors: EASY (Lifka 1995) and conservative backfill as in Mu'alem and Feitelson (2001); a
reservation is on nodes, as in Slurm's sched/backfill. Departs: no preemption; a job that runs for
longer than estimated is taken to end in a second, over and over; so is one that is said to end
within the second, so that a job of a second or less may slip in before a reservation that is due.
"""

from __future__ import annotations

from collections.abc import Sequence

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework
from simk8s.placement.framework import Profile as Plugins
from simk8s.state.pods import NEVER
from simk8s.strategies._gangs.jobs import Job, Jobs, Shape
from simk8s.strategies._gangs.promises import Promises
from simk8s.strategies._gangs.room import Bools, Masks, Room, Seat, seat, waiting
from simk8s.strategies._gangs.round import Round
from simk8s.strategies._gangs.running import Running
from simk8s.strategies._gangs.window import Window
from simk8s.strategies.base import Batch, Context, Plan, Strategy

MAX_PODS = 65_536
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
        self.framework = Framework.of(Plugins(scores=(), post_filters=()))
        self.view = context.view
        self.reservations = reservations
        self.jobs = Jobs(context.view.pods, context.draws, estimate)
        self.masks = Masks(self.framework, context.view)
        self.running = Running(context.view.cluster)
        """Of pods that were started here, where anybody asks."""
        self.promises = Promises()
        """Where several jobs have reservations."""
        self._asked: dict[Shape, tuple[list[Query], Kind, list[Bools]]] = {}
        self._possible: dict[tuple[Shape, int, int], bool] = {}

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Start what may start, of these pods and of all that were handed in before."""
        jobs = [self.jobs.add(query) for query in pending]
        plan = Plan()
        if self.view.nodes.n:
            Round(self, plan, now_us).run()
        started = {assignment.pod for assignment in plan.assignments}
        handed_in = zip(pending, jobs, strict=True)
        plan.rejected = [(q.pod, self._why(q, job)) for q, job in handed_in if q.pod not in started]
        return plan

    def _why(self, query: Query, job: Job) -> Verdict:
        """Why a pod that was handed in stays in the queue."""
        if not self.could_fit([query], ((query.template.id, query.requests.id),)):
            return cycle.verdict(self.framework, query, self.view)
        return waiting(self.view, QUEUE, BEHIND if job.shape else NOT_WHOLE)

    # --- for a round

    def could_fit(self, queries: Sequence[Query], shape: Shape) -> bool:
        """Whether the pods would have room if the cluster were empty."""
        nodes = self.view.nodes
        key = (shape, nodes.spec_version, nodes.n)
        known = self._possible.get(key)
        if known is None:
            known = self._possible[key] = (
                self.seat(Room.empty(self.view), queries, None) is not None
            )
        return known

    def asked(self, shape: Shape) -> tuple[list[Query], Kind]:
        """Pods of a shape, and what is equal for shapes that fit in the same places."""
        known = self._asked.get(shape)
        masks = self.masks
        if known is not None and all(
            masks.of(q) is m for q, m in zip(known[0], known[2], strict=True)
        ):
            return known[:2]
        cluster = self.view.cluster
        templates, requests = cluster.templates.items, cluster.requests.items
        queries = [Query(NEVER, templates[t], requests[r], 0) for t, r in shape]
        found = [masks.of(query) for query in queries]
        kind: Kind = (*(r for _, r in shape), *(mask.tobytes() for mask in found))
        self._asked[shape] = queries, kind, found
        return queries, kind

    def seat(
        self, room: Room, queries: Sequence[Query], window: Window | None
    ) -> list[Seat] | None:
        """A node for every pod, charged to the room; None, and nothing charged, if one has none."""
        return seat(room, self.masks, queries, window)
