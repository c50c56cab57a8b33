"""The service account controller: every namespace has an account called `default`.

Law: one POST for a namespace that has none and is not being deleted.

Mirrors: pkg/controller/serviceaccount v1.36: 1 worker; the account comes again when it is deleted.
Departs: admission does not wait for it (see api/admission/service_account.py), and only declared
namespaces get one; tokens are the kubelet's TokenRequests, there is no token controller.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.namespaces import NAMESPACES
from simk8s.api.objects import ObjectTable
from simk8s.api.refused import was_refused
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.policies import DEFAULT_ACCOUNT, Namespace, ServiceAccount


class ServiceAccountController(Controller):
    """Reconciles names of namespaces."""

    name: ClassVar[str] = "serviceaccount"
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._namespaces: ObjectTable[Namespace] = context.store.objects(NAMESPACES)
        self._accounts: ObjectTable[ServiceAccount] = context.store.objects("serviceaccounts")
        watch = context.watches.watch
        watch(self._namespaces.log, self._hear, (Verb.ADDED, Verb.UPDATED))
        watch(self._accounts.log, self._hear_accounts, (Verb.DELETED,))
        for name in list(self._namespaces.keys()):
            context.queue.add(name)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, name in entries:
            if verb is not Verb.DELETED:
                self._context.queue.add(name)

    def _hear_accounts(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.DELETED:
                self._context.queue.add(key.partition("/")[0])

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Create the account if it is missing."""
        stored = self._namespaces.get(key)
        if stored is None or stored.value.terminating:
            return DONE
        if self._accounts.get(f"{key}/{DEFAULT_ACCOUNT}") is not None:
            return DONE
        return self._create(key)

    def _create(self, name: str) -> Steps:
        account = ServiceAccount(name, DEFAULT_ACCOUNT, made=True)
        create = self._accounts.create
        (stored,) = yield [Write(create, (f"{name}/{DEFAULT_ACCOUNT}", account))]
        return Result(failed=was_refused(stored))
