"""The eviction subresource of pods: a deletion that asks the PodDisruptionBudget first.

Law: a granted eviction has taken one from the budget's allowed disruptions before its pod is
deleted; a refused one (429) has changed nothing. Evictions that read the same version of a budget
conflict, and all but one wait within their call and try again.

Mirrors: pkg/registry/core/pod/storage/eviction.go v1.36: pods that are pending, have ended or
are leaving pass by; several budgets for one pod are an error (500); up to 20 tries after conflicts,
500 ms apart with a jitter of 0.1; a pod that is not ready passes while its budget is kept
(IfHealthyBudget). Departs: an eviction and its PUTs are priced as writes of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from simk8s.api.client import Client
from simk8s.api.objects import ObjectTable, Stored
from simk8s.api.requests import request
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.state.budgets import BUDGETS, DisruptionBudget
from simk8s.state.pods import GONE, NEVER, RUNNING, UNBORN, Loss

CREATED, GONE_ALREADY, TOO_MANY, BROKEN = 201, 404, 429, 500
Answered = Callable[[int, int], None]
"""`answered(now_us, HTTP code)`."""
GRANTED, REFUSED = 0, 1
TRIES = 20
WAIT_US, JITTER = 500_000, 0.1
MOST_DISRUPTED = 2_000


@dataclass(slots=True)
class _Asked:
    pod: int
    answered: Answered
    grace_us: int | None = None
    tries: int = 0


class Evictions:
    """Handles evictions at the server."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        server: ApiServer,
        draws: Generator,
        loss: Loss = Loss.DRAIN,
    ) -> None:
        self._loss = loss
        self._clock = clock
        self._store = store
        self._client = Client(clock, server, "system:masters/kube-apiserver")
        self._draws = draws
        self._budgets: ObjectTable[DisruptionBudget] = store.objects(BUDGETS)
        self._retries = clock.lane("kube-apiserver/evictions", Phase.RELEASE, self._retry)

    def evict(self, pod: int, answered: Answered, grace_us: int | None = None) -> None:
        """POST an eviction now; `grace_us` is in place of the pod's own grace period."""
        self._try(_Asked(pod, answered, grace_us))

    def _retry(self, now_us: int, due: list[_Asked]) -> None:
        for asked in due:
            self._try(asked)

    def _try(self, asked: _Asked) -> None:
        pods, pod, now_us = self._store.cluster.pods, asked.pod, self._clock.now_us
        if pods.phase[pod] in (UNBORN, GONE):
            asked.answered(now_us, GONE_ALREADY)
            return
        budgets = [] if self._passes(pod) else self._of(pod)
        if not budgets:
            self._delete(asked)
            return
        if len(budgets) > 1:
            asked.answered(now_us, BROKEN)
            return
        ((key, stored),) = budgets
        self._ask(asked, key, stored)

    def _passes(self, pod: int) -> bool:
        pods = self._store.cluster.pods
        return pods.phase[pod] != RUNNING or pods.deletion_us[pod] != NEVER

    def _of(self, pod: int) -> list[tuple[str, Stored[DisruptionBudget]]]:
        template = self._store.cluster.template_of(pod)
        return [
            (key, stored)
            for key, stored in self._budgets.items()
            if key.partition("/")[0] == template.namespace
            and stored.value.selector.matches(template.labels)
        ]

    def _ask(self, asked: _Asked, key: str, stored: Stored[DisruptionBudget]) -> None:
        budget, now_us = stored.value, self._clock.now_us
        status = budget.status
        ready = self._store.cluster.pods.ready[asked.pod]
        if not ready and status.healthy >= status.desired > 0:
            self._delete(asked)
            return
        stale = status.observed_generation < budget.generation
        if stale or status.allowed <= 0 or len(status.disrupted) > MOST_DISRUPTED:
            self._count(key, REFUSED)
            asked.answered(now_us, TOO_MANY)
            return
        taken = replace(
            status,
            allowed=status.allowed - 1,
            disrupted=(*status.disrupted, (asked.pod, now_us)),
        )
        fresh = replace(budget, status=taken)

        def written(now_us: int, result: Any) -> None:
            if result:
                self._count(key, GRANTED)
                self._delete(asked)
                return
            asked.tries += 1
            if asked.tries >= TRIES:
                self._count(key, REFUSED)
                asked.answered(now_us, TOO_MANY)
                return
            wait_us = WAIT_US + int(self._draws.integers(0, int(WAIT_US * JITTER)))
            self._retries.after(wait_us, asked)

        self._client.write(self._put, key, fresh, stored.version, done=written)

    def _count(self, key: str, answer: int) -> None:
        self._store.evictions.setdefault(key, [0, 0])[answer] += 1

    @request("PUT", "poddisruptionbudgets/status")
    def _put(self, key: str, fresh: DisruptionBudget, version: int) -> bool:
        return self._budgets.update(key, fresh, version)

    def _delete(self, asked: _Asked) -> None:
        def deleted(now_us: int, result: Any) -> None:
            asked.answered(now_us, CREATED if result else GONE_ALREADY)

        args = (asked.pod, asked.grace_us, self._loss)
        self._client.write(self._store.delete_pod, *args, done=deleted)
