"""The StatefulSet controller: pods `<set>-<n>`, created in order and taken away in reverse.

Law: a pod is replaced only when its object is gone, so an ordinal never has two. OrderedReady: the
next pod is created or deleted when all that come before it are ready (available, with
minReadySeconds) and none is leaving; an update deletes from the highest ordinal down to the
partition, one pod at a time, and stands still at the first that does not become available, until
somebody deletes it.

Mirrors: pkg/controller/statefulset v1.36: OrderedReady and Parallel (slow start, up to 500 at
once), RollingUpdate with partition, OnDelete, start ordinal, ControllerRevisions and their
history, claims made before their pod and kept or deleted by the retention policy, status PUT when
it has changed (on a conflict GET and once more), an Event for each pod. Departs: claims are bound
at once (see state/statefulsets.py); `maxUnavailable` is ignored (the gate is off by default).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable, Stored
from simk8s.api.refused import was_refused
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._flags import Params
from simk8s.controllers._revisions import Revisions
from simk8s.controllers._stateful import Identities, Member, counted, rolled_out
from simk8s.controllers._status import StatusWriter
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.makers import Revision
from simk8s.state.pods import NEVER
from simk8s.state.statefulsets import CLAIMS, STATEFULSETS, Claim, StatefulSet

AGAIN = Result(failed=True)
Going = Generator[Sequence[Write], list[Any], bool | None]
"""Steps that say whether the sync goes on: False = not now, None = something was refused."""


@dataclass(slots=True)
class _Sync:
    """What one sync has read."""

    key: str
    wanted: StatefulSet
    known: Identities
    members: dict[int, Member]
    current: Revision
    update: Revision
    deleted: int = 0
    """Pods that it has taken from the current revision."""

    def revision(self, ordinal: int) -> Revision:
        """What a pod that is created now is made from."""
        rolling = not self.wanted.on_delete
        if rolling and ordinal < self.wanted.start + self.wanted.partition:
            return self.current
        return self.update

    @property
    def condemned(self) -> list[Member]:
        """Pods that there should not be, the highest ordinal first."""
        keep = self.wanted.ordinals
        return [self.members[n] for n in sorted(self.members, reverse=True) if n not in keep]

    def first_unhealthy(self) -> Member | None:
        """Among those that stay, then among the others, the lowest ordinal."""
        keep = [self.members[n] for n in self.wanted.ordinals if n in self.members]
        if len(keep) < self.wanted.replicas:
            return None
        sick = (one for one in (*keep, *reversed(self.condemned)) if not one.healthy)
        return next(sick, None)


class StatefulSetController(Controller):
    """Reconciles keys of StatefulSets."""

    name: ClassVar[str] = "statefulset"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._cluster = context.store.cluster
        self._all: ObjectTable[StatefulSet] = context.store.objects(STATEFULSETS)
        self._status = StatusWriter(self._all, STATEFULSETS)
        self._claims: ObjectTable[Claim] = context.store.objects(CLAIMS)
        self._control = owned.PodControl(context, "StatefulSet")
        self._revisions = Revisions(context, STATEFULSETS)
        self._known: dict[str, Identities] = {}
        self._by_owner: dict[int, Identities] = {}
        context.watches.watch(self._all.log, self._hear)
        for key in list(self._all.keys()):
            self._know(key)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, _, key in entries:
            self._know(key)

    def _know(self, key: str) -> None:
        stored = self._all.get(key)
        if stored is None:
            return
        if not self._by_owner:
            watches = self._context.watches
            watches.watch(self._context.store.pods, self._hear_pods, owned.POD_VERBS)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Identities(key)
        self._by_owner[stored.value.pods.owner] = known
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        owners, ordinals = self._cluster.pods.owner, self._cluster.pods.ordinal
        for _, verb, pod in entries:
            known = self._by_owner.get(owners[pod])
            if known is not None:
                if verb is Verb.DELETED:
                    known.forget(pod, ordinals[pod])
                elif verb is Verb.ADDED:
                    known.pods.setdefault(ordinals[pod], pod)
                self._context.queue.add(known.key)

    # --- one sync

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Revisions, then pods as far as the order allows, then status."""
        stored = self._all.get(key)
        return DONE if stored is None else self._sync(key, stored)

    def _sync(self, key: str, stored: Stored[StatefulSet]) -> Steps:
        wanted = stored.value
        revisions = yield from self._revisions.sync(key, wanted.template_hash, wanted.template)
        if revisions is None:
            return AGAIN
        now_us, known = self._context.now_us, self._known[key]
        members = known.members(self._cluster, wanted.min_ready_us, now_us)
        update = revisions[-1]
        named = wanted.status.current_revision
        current = next((r for r in revisions if r.letters == named), update)
        sync = _Sync(key, wanted, known, members, current, update)
        status = counted(wanted, members.values(), current.letters, update.letters)
        went_on = yield from self._arrange(sync)
        status = replace(status, current=status.current - sync.deleted)
        if rolled_out(wanted, status):
            status = replace(status, current=status.updated, current_revision=update.letters)
        if status != wanted.status:
            yield from self._status.report(key, status, stored.version)
        used = {one.revision for one in members.values()}
        used |= {status.current_revision, status.update_revision}
        yield from self._revisions.truncate(key, used, wanted.history)
        if went_on is None:
            return AGAIN
        dues = [one.due_us for one in members.values() if one.due_us is not None]
        return Result(requeue_after_us=max(1, min(dues) - self._context.now_us)) if dues else DONE

    def _arrange(self, sync: _Sync) -> Going:
        """Pods that are missing, pods that are too many, pods that are old."""
        fill, empty = (
            (self._fill_at_once, self._empty_at_once)
            if sync.wanted.parallel
            else (self._fill, self._empty)
        )
        going = yield from fill(sync)
        if going:
            going = yield from empty(sync)
        if going and not sync.wanted.on_delete:
            yield from self._update(sync)
        return going

    def _fill(self, sync: _Sync) -> Going:
        """The lowest ordinal that is not as it should be, and none behind it."""
        for ordinal in sync.wanted.ordinals:
            member = sync.members.get(ordinal)
            if member is None:
                made = yield from self._create(sync, [ordinal])
                return False if made else None
            if member.ended:
                if not member.leaving:
                    yield [Write(self._control.delete(sync.key), (member.pod,))]
                return False
            if member.leaving or not member.available:
                return False
        return True

    def _fill_at_once(self, sync: _Sync) -> Going:
        """All that is missing, in batches of 1, 2, 4, … ordinals up to 500."""
        for part in _slowly(list(sync.wanted.ordinals)):
            missing = [n for n in part if n not in sync.members]
            made = yield from self._create(sync, missing)
            ended = [one for n in part if (one := sync.members.get(n)) and one.ended]
            yield from self._delete(sync, ended)
            if not made:
                return None
        return True

    def _empty(self, sync: _Sync) -> Going:
        """The highest ordinal that should not be; one that is not ready blocks, unless all before
        it are.
        """
        condemned = sync.condemned
        yield from self._give_claims(sync, condemned)
        if not condemned:
            return True
        last = condemned[0]
        blocked = not last.available and last is not sync.first_unhealthy()
        if not last.leaving and not blocked:
            yield from self._delete(sync, [last])
        return False

    def _empty_at_once(self, sync: _Sync) -> Going:
        condemned = sync.condemned
        yield from self._give_claims(sync, condemned)
        for part in _slowly(condemned):
            yield from self._delete(sync, part)
        return True

    def _update(self, sync: _Sync) -> Generator[Sequence[Write], list[Any], None]:
        """Delete the highest ordinal of another revision, once all above it are available."""
        for ordinal in reversed(sync.wanted.ordinals[sync.wanted.partition :]):
            member = sync.members.get(ordinal)
            if member is None:
                return
            if member.revision != sync.update.letters and not member.leaving:
                yield from self._delete(sync, [member])
                sync.deleted += member.revision == sync.current.letters
                return
            if member.leaving or not member.available:
                return

    # --- pods and claims

    def _create(
        self, sync: _Sync, ordinals: Sequence[int]
    ) -> Generator[Sequence[Write], list[Any], bool]:
        """POST claims that are missing, then the pods; whether nothing was refused."""
        claims = [Write(self._claims.create, one) for n in ordinals for one in self._new(sync, n)]
        if claims:
            results = yield claims
            if any(was_refused(result) for result in results):
                self._control.tell(sync.key)
                return False
        known, control, cluster = sync.known, self._control.create(sync.key), self._cluster
        rows = {n: known.row(n, sync.revision(n), sync.wanted.pods, cluster) for n in ordinals}
        # Named before the POST is answered: what is heard of a pod in between finds it.
        known.pods.update(rows)
        results = yield [Write(control, ((row,),)) for row in rows.values()]
        good = True
        for (ordinal, row), result in zip(rows.items(), results, strict=True):
            if was_refused(result):
                good = False
                known.forget(row, ordinal)
                known.refused[ordinal, sync.revision(ordinal).letters] = row
        return good

    def _new(self, sync: _Sync, ordinal: int) -> Iterable[tuple[str, Claim]]:
        """Claims of a pod that do not exist yet, by key."""
        wanted = sync.wanted
        for name, spec in wanted.claims:
            key = _claim_key(sync.key, name, ordinal)
            if self._claims.get(key) is None:
                yield key, Claim(spec, sync.key if wanted.delete_claims_with_set else "")

    def _give_claims(
        self, sync: _Sync, condemned: Iterable[Member]
    ) -> Generator[Sequence[Write], list[Any], None]:
        """`whenScaled: Delete`: the claims of condemned pods go with them."""
        if not sync.wanted.delete_claims_when_scaled:
            return
        for member in condemned:
            for name, _ in sync.wanted.claims:
                key = _claim_key(sync.key, name, member.ordinal)
                stored = self._claims.get(key)
                if stored is not None and stored.value.pod == NEVER:
                    given = replace(stored.value, pod=member.pod)
                    yield [Write(self._claims.update, (key, given, stored.version))]

    def _delete(
        self, sync: _Sync, members: Sequence[Member]
    ) -> Generator[Sequence[Write], list[Any], None]:
        delete = self._control.delete(sync.key)
        writes = [Write(delete, (one.pod,)) for one in members if not one.leaving]
        if writes:
            yield writes


def _claim_key(key: str, claim: str, ordinal: int) -> str:
    """`default/data-web-3`."""
    namespace, _, name = key.partition("/")
    return f"{namespace}/{claim}-{name}-{ordinal}"


def _slowly(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Batches of 1, 2, 4, … up to 500."""
    at, size = 0, 1
    while at < len(items):
        yield items[at : at + size]
        at, size = at + size, min(size * 2, owned.BURST)
