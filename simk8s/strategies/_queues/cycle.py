"""One scheduling cycle: the head of every queue, what it would take, and who gets it.

Every head is looked at on the state at the start: it fits, it would fit if others were evicted, or
it does not. Then, one after the other, they take what they take; whoever comes too late for its
room is tried again in the next cycle. In the classical order those that need not borrow come
first, then higher priority, then age; with fair sharing, whoever would have the least dominant
share with it (see fair.py). A head that has others evicted keeps their room for itself against
those behind it; so does, up to its queue's limit, one that may evict nobody, unless its queue can
always reclaim what is its own.

Law: quota is charged for what is admitted and for nothing else once the cycle is over; nothing is
admitted beyond what the tree has available. A workload is evicted for one head at a time.

Mirrors: Kueue v0.18 pkg/scheduler scheduler.go (nominate, classicalIterator, processEntry),
flavorassigner.go (fitsResourceQuota). Departs: among flavors the first that fits is taken, then
the first with somebody to evict (the defaults of flavorFungibility, without the preference for
reclaiming over preempting); a head is admitted only into room that is there, where the original
counts that of workloads evicted in the same cycle, too; no partial admission, admission checks,
topology or workload slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from simk8s.strategies._queues import fair
from simk8s.strategies._queues.pending import Why
from simk8s.strategies._queues.preemption import Claim, targets
from simk8s.strategies._queues.quota import Amounts
from simk8s.strategies._queues.workload import Policy, Workload


class Mode(IntEnum):
    """How a head could be admitted."""

    NO_FIT = 0
    PREEMPT = 1
    FIT = 2


@dataclass(slots=True, eq=False)
class Entry:
    """A head in a cycle. `why` None = it is admitted."""

    workload: Workload
    mode: Mode = Mode.NO_FIT
    option: int = 0
    asked: Amounts = field(default_factory=dict)
    borrowing: int = 0
    """Height of the lowest subtree in whose quota it fits; 0 = its own."""
    targets: list[Workload] = field(default_factory=list)
    why: Why | None = Why.NO_FIT


def cycle(heads: Sequence[Workload], now_us: int, *, sharing: bool = False) -> list[Entry]:
    """Admit whom there is room for; `targets` of those that are PREEMPTING are to be evicted.
    Entries in the order in which they took their turn.
    """
    entries = [nominate(workload, sharing) for workload in heads]
    turns: Iterable[Entry]
    turns = fair.turns(entries) if sharing else sorted(entries, key=_classical)
    turn, done = _Turn(now_us), []
    for entry in turns:
        turn.take(entry)
        done.append(entry)
    for workload, amounts in turn.reserved:
        workload.queue.remove(amounts)
    return done


def _classical(entry: Entry) -> tuple[int, int, int, int]:
    workload = entry.workload
    return entry.borrowing, -workload.priority, workload.since_us, workload.number


def nominate(workload: Workload, sharing: bool = False) -> Entry:
    """What it would take as things are, with the first flavor that will do."""
    best = Entry(workload)
    for option, asked in enumerate(workload.options):
        found = _with(workload, option, asked, sharing)
        if found.mode is Mode.FIT:
            return found
        better = (found.mode, bool(found.targets)) > (best.mode, bool(best.targets))
        best = found if better or not option else best
    return best


def _with(workload: Workload, option: int, asked: Amounts, sharing: bool) -> Entry:
    entry = Entry(workload, Mode.FIT, option, asked)
    short = []
    for resource, amount in asked.items():
        mode, height = _one(workload, resource, amount, sharing)
        if mode is not Mode.FIT:
            short.append(resource)
        entry.mode = min(entry.mode, mode)
        entry.borrowing = max(entry.borrowing, height)
    if entry.mode is Mode.PREEMPT:
        claim = Claim(workload, asked, short)
        entry.targets = fair.targets(claim) if sharing else targets(claim)
    return entry


def _one(workload: Workload, resource: str, amount: int, sharing: bool) -> tuple[Mode, int]:
    queue, rules = workload.queue, workload.queue.preemption
    if amount > queue.potential(resource):
        return Mode.NO_FIT, 0
    height, below_root = queue.lowest_that_fits(resource, amount)
    if amount <= queue.available(resource):
        return Mode.FIT, height
    may = (
        amount <= queue.subtree.get(resource, 0)
        or below_root
        or rules.within is not Policy.NEVER
        or rules.borrow
        or (sharing and rules.reclaim is not Policy.NEVER)
    )
    return (Mode.PREEMPT if may else Mode.NO_FIT), height


class _Turn:
    """What has been taken in a cycle so far."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us
        self._going: dict[int, Workload] = {}
        """Evicted in this cycle, by number."""
        self.reserved: list[tuple[Workload, Amounts]] = []
        """Quota that is held against those that come later, until the cycle is over."""

    def take(self, entry: Entry) -> None:
        workload, queue = entry.workload, entry.workload.queue
        if entry.mode is Mode.NO_FIT:
            return
        if entry.mode is Mode.PREEMPT and not entry.targets:
            entry.why = Why.NO_CANDIDATES
            if queue.preemption.reclaim is not Policy.ANY:
                self._reserve(workload, _own_share(entry))
            return
        overlapping = any(one.number in self._going for one in entry.targets)
        if overlapping or not self._fits(entry) or not self._is_there(entry):
            entry.why = Why.OVERTAKEN
            return
        self._going.update((one.number, one) for one in entry.targets)
        if entry.mode is Mode.PREEMPT:
            entry.why = Why.PREEMPTING
            self._reserve(workload, entry.asked)
            return
        entry.why = None
        workload.option, workload.admitted_us = entry.option, self._now_us
        queue.hold(workload, entry.asked)

    def _is_there(self, entry: Entry) -> bool:
        """Whether one that fits does so while those that are to go are still there."""
        if entry.mode is not Mode.FIT or not self._going:
            return True
        for workload, amounts in self.reserved:
            workload.queue.remove(amounts)
        fits = entry.workload.queue.fits(entry.asked)
        for workload, amounts in self.reserved:
            workload.queue.add(amounts)
        return fits

    def _reserve(self, workload: Workload, amounts: Amounts) -> None:
        workload.queue.add(amounts)
        self.reserved.append((workload, amounts))

    def _fits(self, entry: Entry) -> bool:
        """Whether it still does, with all gone that are to go."""
        going = [*self._going.values(), *entry.targets]
        for one in going:
            assert one.used is not None
            one.queue.remove(one.used)
        fits = entry.workload.queue.fits(entry.asked)
        for one in going:
            assert one.used is not None
            one.queue.add(one.used)
        return fits


def _own_share(entry: Entry) -> dict[str, int]:
    """What is held for one that may evict nobody."""
    queue = entry.workload.queue
    held: dict[str, int] = {}
    for resource, amount in entry.asked.items():
        used, own = queue.usage.get(resource, 0), queue.subtree.get(resource, 0)
        if not entry.borrowing:
            held[resource] = max(0, min(amount, own - used))
            continue
        quota = queue.quotas.get(resource)
        limit = None if quota is None else quota.borrowing_limit
        held[resource] = amount if limit is None else max(0, min(amount, own + limit - used))
    return held
