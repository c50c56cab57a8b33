"""Fair sharing: the queue that has borrowed the least of what there is to borrow goes first.

The dominant share of a node is the largest ratio, over resources, of what it uses beyond its own
quota to what its parent could lend, divided by its weight. Turns are a tournament up the tree:
in every cohort the child with the least share wins, its workload counted as admitted.

Whom to evict: the queue with the greatest share on the way down from the root gives up a workload
if the one who comes would have no more than what is left to it (LessThanOrEqualToFinalShare); if
that is not enough, one each if it would have less than what it had (LessThanInitialShare). One
that stays within its own quota takes it back from whoever has borrowed.

Law: exact, in fractions of integers and weights; ties by priority, age, number.

Mirrors: Kueue v0.18 fair_sharing.go, fair_sharing_iterator.go, preemption/fair_strategy.go with
both default strategies and FairSharingPreemptWithinNominal. Departs: preemption in a tree of
several levels compares the shares of the children of the lowest common cohort alone; admission
fair sharing (usage of LocalQueues over time) is not modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from simk8s.strategies._queues import preemption
from simk8s.strategies._queues.quota import Amounts, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Workload

if TYPE_CHECKING:
    from simk8s.strategies._queues.cycle import Entry

Share = tuple[bool, Fraction]
"""(borrows with a weight of zero, share): the order of shares."""
NOTHING: Share = (False, Fraction(0))


def share(node: QuotaNode) -> Share:
    """Its dominant share as things are."""
    if node.parent is None:
        return NOTHING
    found, borrows = Fraction(0), False
    for resource in node.subtree:
        borrowed = node.borrowed(resource)
        if borrowed:
            borrows = True
            lendable = node.parent.potential(resource)
            if lendable > 0:
                found = max(found, Fraction(borrowed, lendable))
    if not node.weight:
        return borrows, found
    return False, found / Fraction(node.weight)


# --- turns


def turns(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Heads in the order of fairness; each is asked for when those before have been dealt with."""
    left: dict[str, Entry] = {entry.workload.queue.name: entry for entry in entries}
    while left:
        first = next(iter(left.values())).workload.queue
        if first.parent is None:
            winner = left[first.name]
        else:
            won = _winner(first.root, left)
            assert won is not None
            winner = won
        del left[winner.workload.queue.name]
        yield winner


def _winner(cohort: QuotaNode, left: Mapping[str, Entry]) -> Entry | None:
    best: Entry | None = None
    best_key: tuple[Share, int, int, int] | None = None
    for child in cohort.children:
        entry = left.get(child.name) if isinstance(child, ClusterQueue) else _winner(child, left)
        if entry is None:
            continue
        workload = entry.workload
        key = (_share_with(child, workload.queue, entry.asked),
               -workload.priority, workload.since_us, workload.number)  # fmt: skip
        if best_key is None or key < best_key:
            best, best_key = entry, key
    return best


def _share_with(node: QuotaNode, queue: ClusterQueue, asked: Amounts) -> Share:
    queue.add(asked)
    found = share(node)
    queue.remove(asked)
    return found


# --- evictions


def targets(claim: preemption.Claim) -> list[Workload]:
    """The fewest to evict; none if that would not do."""
    queue = claim.workload.queue
    by_queue: dict[str, list[Workload]] = {}
    rules = queue.preemption
    for leaf in _leaves(queue.root):
        policy = rules.within if leaf is queue else rules.reclaim
        if leaf is not queue and (policy is Policy.NEVER or leaf.within_nominal(claim.short)):
            continue
        found = [w for w in leaf.admitted.values()
                 if w.used and any(w.used.get(r) for r in claim.short)
                 and preemption.allowed(claim, policy, w)]  # fmt: skip
        if found:
            by_queue[leaf.name] = sorted(found, key=preemption.order)
    if not by_queue:
        return []
    chosen = _Choice(claim, by_queue)
    return preemption.minimal(chosen.candidates(), lambda: claim.fits(True))


def _leaves(node: QuotaNode) -> Iterator[ClusterQueue]:
    if isinstance(node, ClusterQueue):
        yield node
    for child in node.children:
        yield from _leaves(child)


class _Choice:
    """Candidates, one at a time, as shares stand when the next one is asked for."""

    def __init__(self, claim: preemption.Claim, by_queue: dict[str, list[Workload]]) -> None:
        self._claim, self._left = claim, by_queue
        self._retry: dict[str, list[Workload]] = {}

    def candidates(self) -> Iterator[Workload]:
        queue = self._claim.workload.queue
        within = not any(queue.borrows_with(r, self._claim.asked[r]) for r in self._claim.short)
        while (name := self._greediest()) is not None:
            line = self._left[name]
            if name == queue.name or within:
                yield self._pop(name)
            else:
                yield from self._final(name, line)
        self._left, self._retry = self._retry, {}
        while (name := self._greediest()) is not None:
            first = self._left.pop(name)[0]
            mine, old = self._shares(first)
            if mine < old:
                yield first

    def _final(self, name: str, line: list[Workload]) -> Iterator[Workload]:
        """The first of a queue that leaves it with no less than the one who comes would have."""
        for workload in list(line):
            self._pop(name)
            mine, _ = self._shares(workload)
            assert workload.used is not None
            workload.queue.remove(workload.used)
            left = share(self._sides(workload)[1])
            workload.queue.add(workload.used)
            if mine <= left:
                yield workload
                return
            self._retry.setdefault(name, []).append(workload)

    def _pop(self, name: str) -> Workload:
        line = self._left[name]
        workload = line.pop(0)
        if not line:
            del self._left[name]
        return workload

    def _greediest(self) -> str | None:
        """The queue with the greatest share, its own last among equals; those that have nothing
        borrowed any more are left out.
        """
        own = self._claim.workload.queue.name
        for name in [n for n, line in self._left.items()
                     if n != own and line[0].queue.within_nominal(self._claim.short)]:  # fmt: skip
            del self._left[name]
        if not self._left:
            return None
        return max(self._left, key=lambda n: (share(self._left[n][0].queue), n != own))

    def _sides(self, other: Workload) -> tuple[QuotaNode, QuotaNode]:
        """The children of the lowest common cohort that hold the two queues."""
        mine = self._claim.workload.queue
        above = {id(node): below for below, node in _steps(mine)}
        for below, node in _steps(other.queue):
            if id(node) in above:
                return above[id(node)], below
        raise ValueError("queues of two trees")

    def _shares(self, other: Workload) -> tuple[Share, Share]:
        """(of the one who comes, with what it asks for; of the other as it is)."""
        mine, its = self._sides(other)
        return _share_with(mine, self._claim.workload.queue, self._claim.asked), share(its)


def _steps(queue: QuotaNode) -> Iterator[tuple[QuotaNode, QuotaNode]]:
    node = queue
    for parent in queue.path:
        yield node, parent
        node = parent
