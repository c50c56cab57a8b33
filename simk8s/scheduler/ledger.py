"""Writes down every attempt of the scheduler and every plan of a solver."""

from __future__ import annotations

from dataclasses import dataclass

from simk8s.placement.cycle import Verdict
from simk8s.record.measure import Measure
from simk8s.record.recorder import Recorder
from simk8s.record.solves import SolveWriter
from simk8s.scheduler.queued import Queued
from simk8s.state.cluster import Cluster
from simk8s.strategies.base import Assignment, Plan


@dataclass(slots=True)
class Flight:
    """A cycle under way: what it is about and what it will do when it ends."""

    started_us: int
    pods: list[Queued]
    plan: Plan
    service_us: int
    dirty: int
    """End of the log of changed nodes when it began."""
    waiting: tuple[int, ...] = ()
    """Rejected pods whose victims were still leaving their nominated node when it began."""

    @classmethod
    def of(cls, solo: Solo) -> Flight:
        """In full."""
        started_us, queued, plan, service_us, dirty = solo
        return cls(started_us, [queued], plan, service_us, dirty)


Solo = tuple[int, Queued, Plan, int, int]
"""A cycle under way about one pod that gets a node: started, pod, plan, service, dirty."""


class Ledger:
    """Rows of the tables `decisions`, `reasons` and `solves`."""

    def __init__(
        self, recorder: Recorder, cluster: Cluster, strategy: str, measure: Measure
    ) -> None:
        self._pods = cluster.pods
        self._strategy = strategy
        self._waits, self._services = measure.waits_us, measure.services_us
        self._append = recorder.decisions.append
        self._solves = SolveWriter(recorder)
        self._reasons = recorder.reasons
        self._reason_ids: dict[str, int] = {}
        self._at = (self._pods.attempts, strategy, self._append, self._waits.append,
                    self._services.append)  # fmt: skip

    def bound(
        self, started_us: int, service_us: int, share_us: int, queued: Queued, chosen: Assignment
    ) -> None:
        """A pod of a cycle has its node (nothing else becomes of so many); its share of what the
        cycle took.
        """
        attempts, strategy, append, waited, served = self._at
        pod, node, score, feasible, _ = chosen
        wait_us = started_us - queued.ready_us
        waited(wait_us)
        served(share_us)
        append((started_us, pod, attempts[pod], strategy, "bound", node, feasible, score, wait_us,
                service_us, None, 0))  # fmt: skip

    def attempt(
        self,
        flight: Flight,
        queued: Queued,
        outcome: str,
        node: int | None = None,
        feasible: int = 0,
        verdict: Verdict | None = None,
        victims: int = 0,
    ) -> None:
        """What became of one pod of a cycle that was not `bound`."""
        started_us, service_us = flight.started_us, flight.service_us
        wait_us = started_us - queued.ready_us
        pod = queued.query.pod
        self._waits.append(wait_us)
        self._services.append(service_us // len(flight.pods))
        self._append(
            (
                started_us,
                pod,
                self._pods.attempts[pod],
                self._strategy,
                outcome,
                node,
                feasible,
                None,
                wait_us,
                service_us,
                None if verdict is None else self._reason(verdict),
                victims,
            )
        )

    def _reason(self, verdict: Verdict) -> int:
        text = verdict.summary
        number = self._reason_ids.get(text)
        if number is None:
            number = self._reason_ids[text] = len(self._reason_ids)
            self._reasons.append((number, text, ", ".join(verdict.plugins) or None))
        return number

    def solve(self, flight: Flight, stale: int) -> None:
        """One plan of a solver, if it was one."""
        solve = flight.plan.solve
        if solve is None:
            return
        self._solves.note(
            (
                flight.started_us,
                len(flight.pods),
                solve.candidates,
                solve.status,
                solve.objective,
                solve.bound,
                solve.gap,
                solve.hint_objective,
                solve.deterministic_time,
                flight.service_us,
                len(flight.plan.assignments),
                stale,
                solve.wall_s,
            ),
            solve.curve,
        )
