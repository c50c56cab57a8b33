"""The DaemonSet controller: a pod on every node that its template may run on, placed there by the
default scheduler.

Law: a node gets a pod when it has no object of one, leaving ones counted; a rolling update without
surge never deletes an available pod while maxUnavailable nodes are not available. Pods that a node
keeps although no new one would come there (NoSchedule) stay, others are deleted. A node that should
have a pod and has none yet is not available either.

Mirrors: pkg/controller/daemon v1.36: 2 workers, up to 250 creations (slow start) and deletions a
sync, expectations, RollingUpdate with maxUnavailable and maxSurge (percentages rounded up),
OnDelete, ControllerRevisions, status PUT when it has changed, an Event for each pod; pods pinned
to nodes that are gone before they were bound are deleted. Departs: nodes are gone through in the
order in which they joined (Go: at random); only a DELETE that is answered counts as seen when it
was refused.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable, Stored
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._daemons import Daemons, Stage
from simk8s.controllers._flags import Params
from simk8s.controllers._revisions import Revisions
from simk8s.controllers._status import StatusWriter
from simk8s.controllers.base import DONE, Context, Controller, Pause, Result, Steps, Write
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.makers import Revision
from simk8s.state.pods import FAILED

BURST = 250
ANSWERS_US = (0, 160, 1_060, 1_500, 2_200, 2_660, 2_980, 3_740, 4_540, 5_970)
"""When an answer is with its client after the commit, ten that are equally likely: the deciles of
how far it is behind, or ahead of, the watch event (124 POSTs of the drivers of E1 to E8; 0.4 ms
behind by median, ahead in two of five), which comes after 2 ms. So a sync that has created pods
sees them in time to go on with its rollout, or only reports.
"""
AGAIN = Result(failed=True)


class DaemonSetController(Controller):
    """Reconciles keys of DaemonSets."""

    name: ClassVar[str] = "daemonset"
    workers: ClassVar[int] = 2

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._cluster = context.store.cluster
        self._all: ObjectTable[DaemonSet] = context.store.objects(DAEMONSETS)
        self._status = StatusWriter(self._all, DAEMONSETS)
        self._control = owned.PodControl(context, "DaemonSet")
        self._revisions = Revisions(context, DAEMONSETS)
        self._books: dict[str, Daemons] = {}
        self._by_owner: dict[int, Daemons] = {}
        context.watches.watch(self._all.log, self._hear)
        for key in list(self._all.keys()):
            self._know(key)

    # --- what is heard

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.DELETED:
                self._books.pop(key, None)
            self._know(key)

    def _know(self, key: str) -> None:
        stored = self._all.get(key)
        if stored is None:
            return
        if not self._by_owner:
            watches, store = self._context.watches, self._context.store
            watches.watch(store.pods, self._hear_pods, owned.POD_VERBS)
            watches.watch(store.nodes, self._hear_nodes, (Verb.ADDED, Verb.UPDATED, Verb.DELETED))
        if key not in self._books:
            book = self._books[key] = Daemons(key, self._cluster)
            self._by_owner[stored.value.pods.owner] = book
        self._context.queue.add(key)

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            if verb in (Verb.ADDED, Verb.UPDATED, Verb.DELETED):
                for book in self._books.values():
                    book.touch(node)
                    self._context.queue.add(book.key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        owners, pinned = self._cluster.pods.owner, self._cluster.pods.pinned
        for _, verb, pod in entries:
            book = self._by_owner.get(owners[pod])
            if book is None or verb is Verb.BOUND:
                continue
            node, expected = pinned[pod], book.expected
            if verb is Verb.ADDED:
                expected.creating = max(0, expected.creating - 1)
                book.hold(pod, node)
            elif verb is Verb.DELETED:
                expected.deleting.pop(pod, None)
                book.drop(pod, node)
            else:
                if verb is Verb.DELETING:
                    expected.deleting.pop(pod, None)
                book.touch(node)
            self._context.queue.add(book.key)

    # --- one sync

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Revisions, pods that are missing or too many, the rolling update, status."""
        stored = self._all.get(key)
        return DONE if stored is None else self._sync(key, stored)

    def _sync(self, key: str, stored: Stored[DaemonSet]) -> Steps:
        wanted, book = stored.value, self._books[key]
        revisions = yield from self._revisions.sync(key, wanted.template_hash, wanted.template)
        if revisions is None:
            return AGAIN
        revision = revisions[-1]
        book.revise(wanted, wanted.pods.template(revision), revision.letters)
        book.catch_up(self._context.now_us)
        observed, good = wanted.status.observed_generation, True
        if book.expected.settled:
            observed = wanted.generation
            good = yield from self._write(book, wanted, revision, book.missing, book.doomed)
            if good and book.expected.settled and not wanted.on_delete:
                book.catch_up(self._context.now_us)
                nodes, pods = _next_of_rollout(book, wanted, book.desired)
                good = yield from self._write(book, wanted, revision, nodes, pods)
        book.catch_up(self._context.now_us)
        status = book.status(observed)
        if status.updated == status.desired:
            yield from self._revisions.truncate(key, (revision.letters,), wanted.history)
        if status != wanted.status:
            yield from self._status.report(key, status, stored.version)
        if not good:
            return AGAIN
        due_us = book.due_us()
        if due_us is None:
            return DONE
        return Result(requeue_after_us=max(1, due_us - self._context.now_us))

    def _write(
        self,
        book: Daemons,
        wanted: DaemonSet,
        revision: Revision,
        nodes: Sequence[int] | dict[int, None],
        pods: Sequence[int] | dict[int, None],
    ) -> Generator[Sequence[Write] | Pause, list[Any], bool]:
        """syncNodes: create on some nodes, delete some pods; whether nothing was refused."""
        chosen, victims = list(nodes)[:BURST], list(pods)[:BURST]
        rows = [self._row(book, wanted, revision, node) for node in chosen]
        made = 0
        if rows:
            made = yield from owned.create(book.expected, rows, self._control.create(book.key))
            for row in book.expected.spare:
                book.spare[self._cluster.pods.pinned[row], revision.letters] = row
            book.expected.spare = []
        if victims:
            table, now_us = self._cluster.pods, self._context.now_us
            for pod in victims:
                if table.phase[pod] == FAILED:
                    book.failing(table.pinned[pod], now_us)
            yield from owned.delete(book.expected, victims, self._control.delete(book.key))
        if (rows or victims) and not self._context.client.instant:
            draw = self._context.draws.integers(len(ANSWERS_US))
            yield Pause(ANSWERS_US[int(draw)])
        return made == len(rows)

    def _row(self, book: Daemons, wanted: DaemonSet, revision: Revision, node: int) -> int:
        """The row of a new pod, pinned to its node."""
        row = book.spare.pop((node, revision.letters), None)
        if row is None:
            (row,) = wanted.pods(revision, 1)
            self._cluster.pods.pinned[row] = node
        return row


def _next_of_rollout(book: Daemons, wanted: DaemonSet, desired: int) -> tuple[list[int], list[int]]:
    """What a rolling update does next: (nodes to surge on, old pods to delete)."""
    surge, unavailable = wanted.limits(desired)
    stages = book.stages
    if not surge:
        lame = list(stages[Stage.OLD_UNAVAILABLE])
        waiting = (Stage.UNAVAILABLE, Stage.BOTH, Stage.BOTH_AVAILABLE)
        down = len(lame) + len(book.missing) + sum(len(stages[stage]) for stage in waiting)
        left = max(0, unavailable - down)
        chosen = [*lame, *list(stages[Stage.OLD])[:left]] if left else lame
        return [], [book.old_pod(node) for node in chosen]
    left = max(0, surge - len(stages[Stage.BOTH]))
    chosen = [*stages[Stage.OLD_UNAVAILABLE], *list(stages[Stage.OLD])[:left]]
    return chosen, [book.old_pod(node) for node in stages[Stage.BOTH_AVAILABLE]]
