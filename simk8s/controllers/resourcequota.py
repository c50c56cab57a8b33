"""The resourcequota controller: brings the status of quotas back to what is in use.

Law: admission raises `used` at once, this controller alone lowers it: when a pod ends or goes,
when an object that a quota counts is deleted, and for a pod that outlives its deletion at the next
full resync. A quota that nobody has counted yet is counted. The resync is a function of time: it
is looked at only while there is a pod that it could release.

Mirrors: pkg/controller/resourcequota v1.36: 5 workers, resync every 5 min, PUT of the status only
where it has changed. Departs: resyncs stay on whole multiples of the period; usage is counted as it
is stored, not as the informers saw it.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.pods import GONE
from simk8s.state.quota import BARE, Quota

RESYNC_US = 300_000_000
RESYNC = "resync"
_VERBS = (Verb.ENDED, Verb.DELETING, Verb.DELETED)


class ResourceQuotaController(Controller):
    """Reconciles keys of ResourceQuotas, and the key of the resync."""

    name: ClassVar[str] = "resourcequota"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._book = context.store.cluster.policies.quotas
        self._quotas: ObjectTable[Quota] = context.store.objects("resourcequotas")
        self._leaving: dict[int, int] = {}
        """Pods that are being deleted, and when they stop counting."""
        self._watched: dict[str, None] = {}
        context.watches.watch(self._quotas.log, self._hear_quotas)
        for key in list(self._quotas.keys()):
            self._know(key)

    def _hear_quotas(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is not Verb.DELETED:
                self._know(key)

    def _know(self, key: str) -> None:
        stored = self._quotas.get(key)
        if stored is None:
            return
        watches = self._context.watches
        if not self._watched:
            self._watched["pods"] = None
            watches.watch(self._store.pods, self._hear_pods, _VERBS)
        for kind in _counted(stored.value):
            if kind not in self._watched:
                self._watched[kind] = None
                watches.watch(self._store.objects(kind).log, self._hear_objects, (Verb.DELETED,))
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        cluster = self._store.cluster
        for _, verb, pod in entries:
            if verb not in _VERBS:
                continue
            quotas = self._book.of(cluster.template_of(pod).namespace)
            if verb is Verb.DELETING:
                if quotas:
                    self._note_leaving(pod, now_us)
                continue
            self._leaving.pop(pod, None)
            for quota in quotas:
                self._context.queue.add(quota.key)

    def _hear_objects(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.DELETED:
                for quota in self._book.of(key.partition("/")[0]):
                    self._context.queue.add(quota.key)

    def _note_leaving(self, pod: int, now_us: int) -> None:
        """It stops counting one grace period after its deletionTimestamp."""
        deletion_us = self._store.cluster.pods.deletion_us[pod]
        grace_us = self._store.cluster.template_of(pod).grace_us
        self._leaving[pod] = deletion_us + grace_us
        self._context.queue.add_after(RESYNC, _resync_after(deletion_us + grace_us) - now_us)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Report what is in use, if the status says something else."""
        if key == RESYNC:
            return self._resync(now_us)
        if key not in self._book.quotas or self._book.settled(key):
            return DONE
        return self._sync(key)

    def _sync(self, key: str) -> Steps:
        yield [Write(self._report, (key,))]
        return DONE

    @request("PUT", "resourcequotas/status")
    def _report(self, key: str) -> bool:
        return self._book.settle(key)

    def _resync(self, now_us: int) -> Result:
        """Release what overstays, look again while there is more."""
        phase = self._store.cluster.pods.phase
        for pod in [pod for pod, until_us in self._leaving.items() if until_us < now_us]:
            del self._leaving[pod]
            if phase[pod] != GONE:
                self._book.forgive(pod)
                for quota in self._book.of(self._store.cluster.template_of(pod).namespace):
                    self._context.queue.add(quota.key)
        if not self._leaving:
            return DONE
        soonest_us = min(self._leaving.values())
        return Result(requeue_after_us=max(1, _resync_after(soonest_us) - now_us))


def _counted(quota: Quota) -> list[str]:
    """Kinds that a quota counts, as their tables are named."""
    found = []
    for name in quota.hard:
        kind = name.removeprefix("count/").partition(".")[0]
        if kind != "pods" and (name.startswith("count/") or kind in BARE):
            found.append(kind)
    return found


def _resync_after(t_us: int) -> int:
    """The first full resync after an instant."""
    return (t_us // RESYNC_US + 1) * RESYNC_US
