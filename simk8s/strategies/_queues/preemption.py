"""Whom a workload that does not fit may have evicted, and how few of them are enough.

Candidates are those of its own queue, by the queue's policy, and those of queues in its cohorts
that use more than their own. In order: already evicted ones; those over which the queue has an
advantage in the tree of cohorts; others of the cohort; those of its own queue; in each group lower
priority first, then the most recently admitted. One after the other is taken away until the
workload fits, then all but the last are put back, the latest first, if it still fits.

Law: the tree is left as it was found. No queue loses a workload to another while it uses no more
than its own. The set is minimal: none of it can stay.

Mirrors: Kueue v0.18 pkg/scheduler/preemption (classical strategy, hierarchical_preemption.go,
candidate_generator.go, common/ordering.go). Departs: PreemptionConfig, workload slices and the
gates are not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from simk8s.strategies._queues.quota import Amounts, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Workload


class Variant(IntEnum):
    """On what ground a candidate may be evicted."""

    WITHIN = 0
    ADVANTAGE = 1
    NOT_BORROWING = 2
    """Only if the one who comes does not borrow then."""
    BORROWING = 3


class Candidate(NamedTuple):
    """`below`: the lowest cohort that it shares with the one who comes."""

    workload: Workload
    variant: Variant
    below: QuotaNode | None


class Claim(NamedTuple):
    """Who comes, what it asks for, and of what there is too little."""

    workload: Workload
    asked: Amounts
    short: Collection[str]

    def fits(self, borrowing: bool) -> bool:
        """Whether it would as things are."""
        queue = self.workload.queue
        if not borrowing and any(queue.borrows_with(r, a) for r, a in self.asked.items()):
            return False
        return queue.fits(self.asked)


def targets(claim: Claim) -> list[Workload]:
    """The fewest to evict; none if that would not do."""
    found = _candidates(claim)
    for borrowing in _attempts(claim, found):
        taken = minimal(
            (one.workload for one in found if _valid(claim, one, borrowing)),
            lambda borrowing=borrowing: claim.fits(borrowing),  # type: ignore[misc]
        )
        if taken:
            return taken
    return []


def minimal(candidates: Iterable[Workload], fits: Callable[[], bool]) -> list[Workload]:
    """Take away until it fits, then give back what need not go. `candidates` is asked for the
    next one when those before are gone.
    """
    taken: list[Workload] = []
    enough = False
    for workload in candidates:
        _leave(workload)
        taken.append(workload)
        enough = fits()
        if enough:
            break
    kept = _give_back(taken, fits) if enough else []
    for workload in kept if enough else taken:
        _return(workload)
    return kept


def _give_back(taken: Sequence[Workload], fits: Callable[[], bool]) -> list[Workload]:
    kept = list(taken)
    for workload in reversed(taken[:-1]):
        _return(workload)
        if fits():
            kept.remove(workload)
        else:
            _leave(workload)
    return kept


def _leave(workload: Workload) -> None:
    assert workload.used is not None
    workload.queue.remove(workload.used)


def _return(workload: Workload) -> None:
    assert workload.used is not None
    workload.queue.add(workload.used)


# --- candidates


def allowed(claim: Claim, policy: Policy, other: Workload) -> bool:
    """Whether a policy lets it have the other evicted."""
    mine = claim.workload
    if policy is Policy.NEVER:
        return False
    if policy is Policy.ANY or mine.priority > other.priority:
        return True
    newer = mine.priority == other.priority and mine.since_us < other.since_us
    return policy is Policy.LOWER_OR_NEWER and newer


def order(workload: Workload) -> tuple[bool, int, int, int]:
    """Who goes first, of one group."""
    return (not workload.evicted, workload.priority, -workload.admitted_us, workload.number)


def _candidates(claim: Claim) -> list[Candidate]:
    queue = claim.workload.queue
    own = [Candidate(w, Variant.WITHIN, None) for w in _of(claim, queue, queue.preemption.within)]
    ahead, others = _from_cohorts(claim)
    groups = [sorted(g, key=lambda one: order(one.workload)) for g in (ahead, others, own)]
    return [
        one for evicted in (True, False) for g in groups for one in g
        if one.workload.evicted is evicted
    ]  # fmt: skip


def _of(claim: Claim, queue: ClusterQueue, policy: Policy) -> Iterable[Workload]:
    return (
        w for w in queue.admitted.values()
        if w.used and any(w.used.get(r) for r in claim.short) and allowed(claim, policy, w)
    )  # fmt: skip


def _from_cohorts(claim: Claim) -> tuple[list[Candidate], list[Candidate]]:
    """(those over which the queue has an advantage, all others)."""
    queue = claim.workload.queue
    ahead: list[Candidate] = []
    others: list[Candidate] = []
    if queue.preemption.reclaim is Policy.NEVER:
        return ahead, others
    before: QuotaNode = queue
    advantage, left = _fits_in_quota(queue, claim.asked)
    for cohort in queue.path:
        found = ahead if advantage else others
        for leaf in _exceeding(cohort, before, claim.short):
            for workload in _of(claim, leaf, queue.preemption.reclaim):
                found.append(Candidate(workload, _variant(claim, workload, advantage), cohort))
        fits, left = _fits_in_quota(cohort, left)
        advantage = advantage or fits
        before = cohort
    return ahead, others


def _variant(claim: Claim, other: Workload, advantage: bool) -> Variant:
    rules = claim.workload.queue.preemption
    if advantage:
        return Variant.ADVANTAGE
    above = rules.threshold is not None and other.priority > rules.threshold
    if not rules.borrow or other.priority >= claim.workload.priority or above:
        return Variant.NOT_BORROWING
    return Variant.BORROWING


def _fits_in_quota(node: QuotaNode, asked: Amounts) -> tuple[bool, dict[str, int]]:
    """Whether its own quota would do, and what is asked of the node above."""
    fits = not any(node.borrows_with(r, amount) for r, amount in asked.items())
    return fits, {r: max(0, amount - node.kept_free(r)) for r, amount in asked.items()}


def _exceeding(
    cohort: QuotaNode, before: QuotaNode, short: Collection[str]
) -> Iterable[ClusterQueue]:
    """Queues below that use more than their own, but for the part already gone through."""
    for child in cohort.children:
        if child is before or child.within_nominal(short):
            continue
        if isinstance(child, ClusterQueue):
            yield child
        else:
            yield from _exceeding(child, before, short)


def _valid(claim: Claim, one: Candidate, borrowing: bool) -> bool:
    """Whether it may still go, those before it being gone."""
    if one.variant is Variant.WITHIN:
        return True
    if borrowing and one.variant is Variant.NOT_BORROWING:
        return False
    node: QuotaNode | None = one.workload.queue
    while node is not None and node is not one.below:
        if node.within_nominal(claim.short):
            return False
        node = node.parent
    return True


def _attempts(claim: Claim, found: Sequence[Candidate]) -> tuple[bool, ...]:
    """Whether to let it borrow, first and then."""
    queue = claim.workload.queue
    variants = {one.variant for one in found}
    under = not any(queue.borrows_with(r) or queue.usage.get(r, 0) == queue.subtree.get(r, 0)
                    for r in claim.short)  # fmt: skip
    if variants <= {Variant.WITHIN} or (not queue.preemption.borrow and not under):
        return (True,)
    if not queue.preemption.borrow and Variant.ADVANTAGE not in variants:
        return (False, True)
    return (True, False)
