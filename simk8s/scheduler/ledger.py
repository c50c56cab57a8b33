"""Writes down every attempt of the scheduler and every plan of a solver."""

from __future__ import annotations

from simk8s.placement.cycle import Verdict
from simk8s.record.measure import Measure
from simk8s.record.recorder import Recorder
from simk8s.scheduler.queue import Queued
from simk8s.state.cluster import Cluster
from simk8s.strategies.base import Plan


class Ledger:
    """Rows of the tables `decisions`, `reasons` and `solves`."""

    def __init__(
        self, recorder: Recorder, cluster: Cluster, strategy: str, measure: Measure
    ) -> None:
        self._pods = cluster.pods
        self._strategy = strategy
        self._measure = measure
        self._decisions = recorder.decisions
        self._solves = recorder.solves
        self._reasons = recorder.reasons
        self._reason_ids: dict[str, int] = {}

    def attempt(
        self,
        started_us: int,
        service_us: int,
        share_us: int,
        queued: Queued,
        outcome: str,
        *,
        node: int | None = None,
        feasible: int = 0,
        score: int | None = None,
        verdict: Verdict | None = None,
        victims: int = 0,
    ) -> None:
        """One pod of a cycle that took `service_us`, of which `share_us` is this pod's."""
        wait_us = started_us - queued.ready_us
        pod = queued.query.pod
        self._measure.item(wait_us, share_us)
        self._decisions.append(
            (
                started_us,
                pod,
                self._pods.attempts[pod],
                self._strategy,
                outcome,
                node,
                feasible,
                score,
                wait_us,
                service_us,
                None if verdict is None else self._reason(verdict),
                victims,
            )
        )

    def _reason(self, verdict: Verdict) -> int:
        text = "; ".join(sorted(verdict.reasons)) or "no nodes available"
        number = self._reason_ids.get(text)
        if number is None:
            number = self._reason_ids[text] = len(self._reason_ids)
            self._reasons.append((number, text, ", ".join(verdict.plugins) or None))
        return number

    def solve(self, started_us: int, service_us: int, size: int, plan: Plan, stale: int) -> None:
        """One plan of a solver, if it was one."""
        solve = plan.solve
        if solve is None:
            return
        self._solves.append(
            (
                started_us,
                size,
                solve.candidates,
                solve.status,
                solve.objective,
                solve.bound,
                solve.gap,
                solve.hint_objective,
                solve.deterministic_time,
                service_us,
                len(plan.assignments),
                stale,
                solve.wall_s,
            )
        )
