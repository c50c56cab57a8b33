"""Whom would a pod displace: a dry run, node by node, where removing lower-priority pods may help.

Mirrors: kube-scheduler v1.36 DefaultPreemption: eligibility (preemptionPolicy, victims of an
earlier preemption that are still leaving); at least 100 candidates or 10 % of the nodes; on a
node all lower-priority pods are removed, then put back as long as the pod fits, those whose
budget would be violated first, most important first (priority, then earlier start); the node with
the fewest violations, lowest highest-victim priority, lowest sum of priorities, fewest victims,
latest start. Departs: candidates are tried from the first node on instead of from a random
offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Code, Query, Status
from simk8s.placement.diagnosis import (
    Diagnosis,
    NodeStatus,
    failure_with_nominated,
    histogram,
    rivals_at,
)
from simk8s.placement.displacing import Displacing
from simk8s.placement.framework import Framework
from simk8s.placement.view import Overlay, View
from simk8s.state.pods import NEVER, Loss

_PRIORITY_SHIFT = 1 << 31
_SECOND_US = 1_000_000
NO_VICTIMS = Status(
    Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("No preemption victims found for incoming pod",)
)
NO_ONE = 'expected at least one victim pod on node "{}"'
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NEVER_PREEMPTS = "not eligible due to preemptionPolicy=Never."
STILL_LEAVING = "not eligible due to a terminating pod on the nominated node."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node and the pods to delete there, most important first."""

    node: int
    victims: tuple[int, ...]
    violations: int = 0


Preemption = Candidate


@dataclass(slots=True)
class DryRun:
    """What became of every node that was tried."""

    nodes: int
    candidates: list[Candidate] = field(default_factory=list)
    failures: dict[int, NodeStatus] = field(default_factory=dict)
    ineligible: str = ""
    """Why the pod may not preempt at all."""

    @property
    def message(self) -> str:
        """The words of PostFilter when nobody was nominated."""
        if self.ineligible:
            return f"preemption: {self.ineligible}"
        reasons: dict[str, int] = {}
        for node in self.failures.values():
            for reason in node.status.reasons:
                reasons[reason] = reasons.get(reason, 0) + 1
        if self.nodes > len(self.failures):
            reasons[NOT_HELPFUL] = self.nodes - len(self.failures)
        return f"preemption: {histogram(self.nodes, reasons)}"


def dry_run(framework: Framework, query: Query, view: View, diagnosis: Diagnosis) -> DryRun:
    """Try every node on which removing pods may help."""
    run = DryRun(diagnosis.nodes)
    run.ineligible = _ineligible(query, view, diagnosis)
    if not run.ineligible:
        potential = diagnosis.with_code(Code.UNSCHEDULABLE)
        _try_all(framework, query, view, potential, run)
    return run


def preempt(
    framework: Framework,
    query: Query,
    view: View,
    resolvable: NDArray[np.intp],
    *,
    by_sums: bool = True,
) -> Candidate | None:
    """The best preemption, or None. `resolvable`: nodes rejected by something that pods leaving
    can mend. `by_sums=False` tries every node (for tests).
    """
    if not query.template.preempts or not len(resolvable):
        return None
    run = DryRun(view.nodes.n)
    sums = Displacing.of(framework, query, view, resolvable) if by_sums else None
    _try_all(framework, query, view, resolvable, run, sums)
    found = best(view, run.candidates)
    return found[0] if found else None


def _ineligible(query: Query, view: View, diagnosis: Diagnosis) -> str:
    if not query.template.preempts:
        return NEVER_PREEMPTS
    row = query.nominated
    if row < 0:
        return ""
    known = not diagnosis.existing[row]
    if known or diagnosis.status(row).status.code is Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
        return ""
    pods = view.pods
    for pod in view.pods_on(row):
        leaving = pods.deletion_us[pod] != NEVER and pods.loss[pod] == Loss.PREEMPTION
        if leaving and pods.priority[pod] < query.priority:
            return STILL_LEAVING
    return ""


def _try_all(
    framework: Framework,
    query: Query,
    view: View,
    potential: NDArray[np.intp],
    run: DryRun,
    sums: Displacing | None = None,
) -> None:
    """`sums` says whom the pod would displace where no words are wanted and nobody is nominated."""
    percent, absolute = framework.candidates
    limit = max(absolute, len(potential) * percent // 100)
    overlay: Overlay | None = None
    clean = False
    for row in potential.tolist():
        if len(run.candidates) >= limit and clean:
            break
        if sums is not None and not rivals_at(query, view, row):
            candidate = _by_sums(query, view, row, sums)
            if candidate is not None:
                run.candidates.append(candidate)
                clean = clean or not candidate.violations
            continue
        overlay = overlay or view.overlay()
        lower = _lower(query, view, row)
        found = _try(framework, query, overlay, row, lower) if lower else NodeStatus(NO_VICTIMS)
        if isinstance(found, NodeStatus):
            run.failures[row] = found
        else:
            run.candidates.append(found)
            clean = clean or not found.violations


def _lower(query: Query, view: View, row: int) -> list[int]:
    """Pods of lower priority on a node, most important first."""
    pods = view.pods
    return _ranked(view, [p for p in view.pods_on(row) if pods.priority[p] < query.priority])


def _ranked(view: View, lower: list[int]) -> list[int]:
    """Most important first."""
    priorities = view.pods.priority
    # Ties stay as the node lists its pods: Go's sort of a dozen or fewer keeps their order.
    lower.sort(key=lambda p: (-priorities[p], _start(view, p)))
    return lower


def _by_sums(query: Query, view: View, row: int, sums: Displacing) -> Candidate | None:
    """What `_try` finds, if it is a candidate."""
    lower = _ranked(view, sums.lower(row))
    if not lower:
        return None
    violating, others = _split(view, lower)
    gone = set(sums.victims(row, lower, (*violating, *others)))
    if not gone:
        return None
    violations = sum(pod in gone for pod in violating)
    return Candidate(row, tuple(pod for pod in lower if pod in gone), violations)


def _start(view: View, pod: int) -> int:
    """`status.startTime`, which has whole seconds."""
    started = view.pods.running_us[pod]
    return started // _SECOND_US if started >= 0 else 1 << 62


def _try(
    framework: Framework, query: Query, overlay: Overlay, row: int, lower: list[int]
) -> Candidate | NodeStatus:
    """Remove all of `lower`, put back what can stay; the overlay is left as it was."""
    for pod in lower:
        overlay.remove(pod, row)
    gone = dict.fromkeys(lower)
    violations = 0
    failure = failure_with_nominated(framework, query, overlay, row)
    if failure is None:
        violating, others = _split(overlay, lower)
        for pod in (*violating, *others):
            overlay.add(pod, row)
            if failure_with_nominated(framework, query, overlay, row) is None:
                del gone[pod]
            else:
                overlay.remove(pod, row)
        violations = sum(pod in gone for pod in violating)
    for pod in gone:
        overlay.add(pod, row)
    if failure is not None:
        return failure
    if not gone:
        name = overlay.nodes.specs[row].name
        return NodeStatus(Status(Code.UNSCHEDULABLE, (NO_ONE.format(name),)))
    return Candidate(row, tuple(pod for pod in lower if pod in gone), violations)


def _split(view: View, lower: Sequence[int]) -> tuple[list[int], list[int]]:
    """(pods whose budget their going would violate, the others), each in the order given."""
    budgets = list(view.objects.budgets.values())
    if not budgets:
        return [], list(lower)
    left = [budget.allowed for budget in budgets]
    violating: list[int] = []
    others: list[int] = []
    for pod in lower:
        template = view.cluster.template_of(pod)
        violated = False
        for number, budget in enumerate(budgets):
            if budget.namespace != template.namespace or not template.labels:
                continue
            if budget.selector.empty or not budget.selector.matches(template.labels):
                continue
            if view.cluster.name_of(pod) not in budget.disrupted:
                left[number] -= 1
                violated = violated or left[number] < 0
        (violating if violated else others).append(pod)
    return violating, others


def best(view: View, candidates: list[Candidate]) -> list[Candidate]:
    """All candidates that tie for the best."""
    if not candidates:
        return []
    ranks = [_rank(view, candidate) for candidate in candidates]
    least = min(ranks)
    return [c for c, rank in zip(candidates, ranks, strict=True) if rank == least]


def _rank(view: View, candidate: Candidate) -> tuple[int, int, int, int, int]:
    priorities = [view.pods.priority[p] for p in candidate.victims]
    highest = max(priorities, default=-_PRIORITY_SHIFT)
    earliest = min(
        (
            _start(view, p)
            for p, rank in zip(candidate.victims, priorities, strict=True)
            if rank == highest
        ),
        default=0,
    )
    total = sum(rank + _PRIORITY_SHIFT for rank in priorities)
    return (candidate.violations, highest, total, len(candidate.victims), -earliest)
