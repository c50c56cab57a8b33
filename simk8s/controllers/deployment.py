"""The Deployment controller: a ReplicaSet for each template, scaled by the strategy, one step a
sync.

Law: what ReplicaSets should have never exceeds replicas + maxSurge, and no step takes away a pod
that is needed for replicas − maxUnavailable to be available. A sync reads once, at its start:
counts that it reports do not know of its own writes, and a write to what has moved on since is
refused and the sync tried again.

Mirrors: pkg/controller/deployment v1.36: RollingUpdate, Recreate, proportional scaling, revisions
and their history, rollback annotation, pause, progress deadline; status PUT when it has changed,
ScalingReplicaSet Events. Departs: no hash collisions, since ReplicaSets are never adopted; a
Deployment is deleted without waiting for its ReplicaSets; conditions have no messages.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _rollout as rollout
from simk8s.controllers._flags import Params
from simk8s.controllers._rollout import Owned, Read, Sets
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.deployments import (
    DEPLOYMENTS,
    Condition,
    Deployment,
    DeploymentStatus,
    hashed,
)
from simk8s.state.workloads import REPLICASETS, SECOND_US, ReplicaSet

Wrote = Generator[Sequence[Write], list[Any], bool]
"""Steps that say whether what they wrote was stored."""
AGAIN = Result(failed=True)


class DeploymentController(Controller):
    """Reconciles keys of Deployments."""

    name: ClassVar[str] = "deployment"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._cluster = context.store.cluster
        self._all: ObjectTable[Deployment] = context.store.objects(DEPLOYMENTS)
        self._sets: ObjectTable[ReplicaSet] = context.store.objects(REPLICASETS)
        self._of: dict[str, dict[str, None]] = {}
        """Keys of a Deployment's ReplicaSets, in order of creation."""
        self._owner: dict[str, str] = {}
        """And back."""
        self._listening = False
        context.watches.watch(self._all.log, self._hear)
        for key in list(self._all.keys()):
            context.queue.add(key)

    # --- what is heard

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        if not self._listening:
            self._listening = True
            self._context.watches.watch(self._sets.log, self._hear_sets)
        for _, _, key in entries:
            self._context.queue.add(key)

    def _hear_sets(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            stored = self._sets.get(key)
            if stored is not None and stored.value.deployment:
                self._know(key, stored.value.deployment)
            owner = self._owner.get(key)
            if owner is not None:
                self._context.queue.add(owner)
                if verb is Verb.DELETED:
                    del self._owner[key], self._of[owner][key]

    def _know(self, key: str, owner: str) -> None:
        self._owner[key] = owner
        self._of.setdefault(owner, {})[key] = None

    # --- one sync

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """One step of what the Deployment needs."""
        stored = self._all.get(key)
        if stored is None:
            return DONE
        read, names = Read(stored.version, stored.value), self._of.get(key, ())
        if len(names) == 1:  # nearly always: nothing to do but to report
            (name,) = names
            only = self._sets.get(name)
            if only is not None and rollout.steady(read.value, only.value):
                sets = Sets(Owned(name, only.version, only.value), ())
                return self._report_rollout(key, read, sets)
        return self._sync(key, read)

    def _sync(self, key: str, read: Read) -> Steps:
        wanted = read.value
        told = self._pause_told(wanted)
        if told is not None:
            stored = yield from self._report(key, read, replace(wanted.status, progress=told))
            return DONE if stored else AGAIN
        if wanted.rollback_to is not None:
            stored = yield from self._roll_back(key, read)
            return DONE if stored else AGAIN
        if wanted.paused or self._was_scaled(key, wanted):
            return (yield from self._scale_all(key, read))
        if wanted.recreate:
            return (yield from self._recreate(key, read))
        return (yield from self._roll(key, read))

    def _read_sets(self, key: str, wanted: Deployment) -> Sets:
        """The Deployment's ReplicaSets, the new one told by its template."""
        found = []
        for name in self._of.get(key, ()):
            stored = self._sets.get(name)
            if stored is not None:
                found.append(Owned(name, stored.version, stored.value))
        new = next((o for o in found if o.value.template_hash == wanted.template_hash), None)
        return Sets(new, tuple(one for one in found if one is not new))

    def _was_scaled(self, key: str, wanted: Deployment) -> bool:
        """Whether an active ReplicaSet was made for another number of replicas."""
        for name in self._of.get(key, ()):
            stored = self._sets.get(name)
            if stored is not None and stored.value.replicas:
                made_for = stored.value.desired
                if made_for is not None and made_for != wanted.replicas:
                    return True
        return False

    def _roll(self, key: str, read: Read) -> Steps:
        """RollingUpdate: grow the new one or shrink old ones, never both in one sync."""
        sets = yield from self._with_new(key, read, create=True)
        if sets is None or sets.new is None:
            return AGAIN
        wanted, new = read.value, sets.new
        size = new.value.replicas
        if size > wanted.replicas:
            size = wanted.replicas
        elif size < wanted.replicas:
            size = rollout.new_replicas(wanted, sets.all, size)
        if size != new.value.replicas:
            if not (yield from self._scale(key, wanted, new, size)):
                return AGAIN
            return (yield from self._report_rollout(key, read, sets))
        shrunk = yield from self._shrink(key, wanted, sets)
        if shrunk is None:
            return AGAIN
        if not shrunk and rollout.complete(wanted, wanted.status):
            yield from self._clean_up(wanted, sets)
        return (yield from self._report_rollout(key, read, sets))

    def _shrink(
        self, key: str, wanted: Deployment, sets: Sets
    ) -> Generator[Sequence[Write], list[Any], bool | None]:
        """Take pods from old ReplicaSets, lame ones first; whether any went, None if refused."""
        old = [one for one in sets.old if one.value.replicas]
        most = rollout.shrinkable(wanted, sets) if old else 0
        if most <= 0:
            return False
        _, unavailable = wanted.fenceposts
        spare = rollout.available((*old, *sets.all[-1:])) - (wanted.replicas - unavailable)
        lame, sane = rollout.unhealthy_first(old, most)
        healthy = rollout.scaled_down(old, lame, spare) if sane else {}
        at = {one.key: one for one in old}
        for sizes in (lame, healthy):
            for name, size in sizes.items():
                if not (yield from self._scale(key, wanted, at[name], size)):
                    return None
                at[name] = self._reread(at[name])
        return sane and bool(lame or healthy)

    def _recreate(self, key: str, read: Read) -> Steps:
        """Recreate: everything old goes first, pods that terminate included."""
        wanted, sets = read.value, (yield from self._with_new(key, read, create=False))
        if sets is None:
            return AGAIN
        old = [one for one in sets.old if one.value.replicas]
        for one in old:
            if not (yield from self._scale(key, wanted, one, 0)):
                return AGAIN
        if old or self._lingers(sets):
            return (yield from self._report_rollout(key, read, sets))
        if sets.new is None:
            sets = yield from self._with_new(key, read, create=True)
            if sets is None or sets.new is None:
                return AGAIN
        if sets.new.value.replicas != wanted.replicas and not (
            yield from self._scale(key, wanted, sets.new, wanted.replicas)
        ):
            return AGAIN
        if rollout.complete(wanted, wanted.status):
            yield from self._clean_up(wanted, sets)
        return (yield from self._report_rollout(key, read, sets))

    def _lingers(self, sets: Sets) -> bool:
        """Whether an old ReplicaSet has pods that have not ended, as far as it has reported."""
        statuses = [one.value.status for one in sets.old]
        return any(status.replicas or status.terminating for status in statuses)

    def _scale_all(self, key: str, read: Read) -> Steps:
        """The number of replicas has changed, or the rollout is paused: scale what there is."""
        wanted, sets = read.value, (yield from self._with_new(key, read, create=False))
        if sets is None:
            return AGAIN
        at = {one.key: one for one in sets.all}
        for name, size in self._sizes(wanted, sets).items():
            if not (yield from self._scale(key, wanted, at[name], size)):
                return AGAIN
        if wanted.paused:
            yield from self._clean_up(wanted, sets)
        status = rollout.counted(wanted, sets)
        if status != wanted.status and not (yield from self._report(key, read, status)):
            return AGAIN
        return DONE

    def _sizes(self, wanted: Deployment, sets: Sets) -> dict[str, int]:
        """What `scale` makes of each ReplicaSet."""
        active = sets.active
        if len(active) <= 1:
            latest = active[0] if active else sets.new or (sets.old[-1] if sets.old else None)
            if latest is None or latest.value.replicas == wanted.replicas:
                return {}
            return {latest.key: wanted.replicas}
        if rollout.saturated(wanted, sets.new):
            return {one.key: 0 for one in active if one is not sets.new}
        if wanted.recreate:
            return {}
        return rollout.proportional(wanted, active, wanted.status.replicas)

    # --- ReplicaSets

    def _with_new(
        self, key: str, read: Read, *, create: bool
    ) -> Generator[Sequence[Write], list[Any], Sets | None]:
        """The ReplicaSets with annotations in order, a new one made if need be; None if refused."""
        wanted = read.value
        sets = self._read_sets(key, wanted)
        revision = 1 + max((one.value.revision for one in sets.old), default=0)
        if sets.new is None:
            return (yield from self._create(key, read, sets, revision)) if create else sets
        new = sets.new.value
        revised = revision > new.revision
        if revised or new.min_ready_us != wanted.min_ready_us:
            fresh = replace(new, revision=max(new.revision, revision))
            if fresh.min_ready_us != wanted.min_ready_us:
                fresh = fresh.respecified(min_ready_us=wanted.min_ready_us)
            if not (yield from self._put(sets.new, fresh)):
                return None
            return Sets(self._reread(sets.new), sets.old)
        progress = wanted.status.progress
        found = progress is None and wanted.deadline_us is not None
        if found or wanted.revision != new.revision:
            if found:
                progress = Condition(rollout.TRUE, rollout.FOUND, self._second_us())
            if not (yield from self._revise(key, read, new.revision, progress)):
                return None
        return sets

    def _create(
        self, key: str, read: Read, sets: Sets, revision: int
    ) -> Generator[Sequence[Write], list[Any], Sets | None]:
        """POST the ReplicaSet of the present template, with as many replicas as there is room."""
        wanted = read.value
        name = f"{key}-{wanted.template_hash}"
        size = rollout.new_replicas(wanted, sets.all, 0)
        template = hashed(wanted.template, wanted.template_hash)
        made = ReplicaSet(
            replicas=size,
            pods=wanted.make(f"ReplicaSet/{name.partition('/')[2]}", template),
            min_ready_us=wanted.min_ready_us,
            deployment=key,
            template_hash=wanted.template_hash,
            template=wanted.template,
            revision=revision,
            desired=wanted.replicas,
            most=wanted.replicas + wanted.fenceposts[0],
        )
        (stored,) = yield [Write(self._sets.create, (name, made))]
        if not stored:
            return None
        self._know(name, key)
        if size:
            self._tell(key)
        progress = wanted.status.progress
        if wanted.deadline_us is not None:
            progress = Condition(rollout.TRUE, rollout.CREATED, self._second_us())
        if not (yield from self._revise(key, read, revision, progress)):
            return None
        return Sets(self._reread(Owned(name, 0, made)), sets.old)

    def _scale(self, key: str, wanted: Deployment, one: Owned, size: int) -> Wrote:
        """PUT a ReplicaSet's size and what it was made for; False where it has moved on."""
        most = wanted.replicas + wanted.fenceposts[0]
        fresh = replace(one.value, desired=wanted.replicas, most=most)
        grown = size != fresh.replicas
        if grown:
            fresh = fresh.respecified(replicas=size)
        if fresh == one.value:
            return True
        stored = yield from self._put(one, fresh)
        if stored and grown:
            self._tell(key)
        return stored

    def _put(self, one: Owned, fresh: ReplicaSet) -> Wrote:
        (stored,) = yield [Write(self._sets.update, (one.key, fresh, one.version))]
        return bool(stored)

    def _reread(self, one: Owned) -> Owned:
        """What the PUT has answered."""
        stored = self._sets.get(one.key)
        return one if stored is None else Owned(one.key, stored.version, stored.value)

    def _clean_up(
        self, wanted: Deployment, sets: Sets
    ) -> Generator[Sequence[Write], list[Any], None]:
        """Delete the oldest revisions beyond revisionHistoryLimit that have nothing left."""
        surplus = len(sets.old) - wanted.history
        oldest = sorted(sets.old, key=lambda one: one.value.revision)
        for one in oldest[: max(0, surplus)]:
            value, status = one.value, one.value.status
            if not (value.replicas or status.replicas) and (
                value.generation <= status.observed_generation
            ):
                yield [Write(self._sets.delete, (one.key,))]

    # --- the Deployment itself

    def _report_rollout(self, key: str, read: Read, sets: Sets) -> Steps:
        """PUT the status if it has changed; otherwise look again when the deadline has passed."""
        wanted, now_us = read.value, self._context.now_us
        status = rollout.rolled(wanted, sets, now_us)
        if status is not wanted.status and status != wanted.status:
            return DONE if (yield from self._report(key, read, status)) else AGAIN
        progress = status.progress
        if wanted.deadline_us is None or progress is None or progress.reason == rollout.TIMED_OUT:
            return DONE
        if rollout.complete(wanted, status):
            return DONE
        left_us = progress.updated_us + wanted.deadline_us - now_us
        return Result(requeue_after_us=max(left_us, 0) + SECOND_US)

    def _report(self, key: str, read: Read, status: DeploymentStatus) -> Wrote:
        (stored,) = yield [Write(self._put_status, (key, replace(read.value, status=status), read))]
        return bool(stored)

    def _revise(self, key: str, read: Read, revision: int, progress: Condition | None) -> Wrote:
        """PUT revision and Progressing; the sync goes on with the version it has read."""
        status = replace(read.value.status, progress=progress)
        fresh = replace(read.value, revision=revision, status=status)
        (stored,) = yield [Write(self._put_status, (key, fresh, read))]
        return bool(stored)

    @request("PUT", "deployments/status")
    def _put_status(self, key: str, value: Deployment, read: Read) -> bool:
        return self._all.update(key, value, read.version)

    def _pause_told(self, wanted: Deployment) -> Condition | None:
        """What Progressing has to say of a pause that has begun or ended."""
        known = wanted.status.progress
        if wanted.deadline_us is None or (known is not None and known.reason == rollout.TIMED_OUT):
            return None
        was = known is not None and known.reason == rollout.PAUSED
        if was == wanted.paused:
            return None
        reason = rollout.PAUSED if wanted.paused else rollout.RESUMED
        return Condition(rollout.UNKNOWN, reason, self._second_us())

    def _roll_back(self, key: str, read: Read) -> Wrote:
        """PUT the template of an earlier revision; without one, only the annotation goes."""
        wanted, sets = read.value, (yield from self._with_new(key, read, create=True))
        if sets is None:
            return False
        revisions = sorted((one.value.revision for one in sets.all), reverse=True)
        sought = wanted.rollback_to or (revisions[1] if len(revisions) > 1 else 0)
        fresh = replace(wanted, rollback_to=None)
        for one in sets.all:
            if one.value.revision == sought and one.value.template_hash != wanted.template_hash:
                fresh = fresh.respecified({**wanted.spec, "template": one.value.template})
        (stored,) = yield [Write(self._all.update, (key, fresh, read.version))]
        return bool(stored)

    def _tell(self, key: str) -> None:
        context = self._context
        context.events.note(context.now_us, ("Deployment", key))

    def _second_us(self) -> int:
        """Times of the API have whole seconds."""
        return self._context.now_us // SECOND_US * SECOND_US
