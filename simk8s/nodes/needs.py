"""Pods that wait for ConfigMaps and Secrets that are not there yet.

Law: a pod that needs what is absent does not start; it is started at its kubelet's next try after
the last of it has come. Without such pods nothing is listened to and no timer is set.

Mirrors: kubelet v1.36: a volume that cannot be set up is tried again after 0.5 s, doubled up to
2 min 2 s (nestedpendingoperations), a container whose environment cannot be made
(CreateContainerConfigError) when its failed sync comes round again, after 10 s · (1 + 0..50 %).
Departs: both are looked at before the sandbox and the pulls; ConfigMaps are seen at once (the
kubelet's watch has the lag of all others).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simk8s.api.requests import POST_EVENT
from simk8s.api.store import Store
from simk8s.api.watch import Cursor
from simk8s.kernel.clock import Clock
from simk8s.kernel.lane import Lane
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import counter_hash
from simk8s.nodes.backoff import ERROR_US
from simk8s.nodes.disorders import Sender
from simk8s.scenario.needs import Need
from simk8s.state.configs import CONFIG_MAPS, SECRETS
from simk8s.state.pods import NEVER

FIRST_US, LONGEST_US = 500_000, 122_000_000
CREATING, CONFIG_ERROR = "ContainerCreating", "CreateContainerConfigError"
Begin = Callable[[int, int, int], None]
"""(pod, node, now): start it."""


class _Wait(NamedTuple):
    epoch: int
    node: int
    since_us: int
    needs: tuple[Need, ...]
    mounted: bool


class Waiting:
    """The pods of all kubelets that wait for objects."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client_of: Callable[[int], Sender],
        begin: Begin,
        seed: int,
        lag_us: int,
    ) -> None:
        self._clock, self._store, self._client_of = clock, store, client_of
        self._begin, self._seed, self._lag_us = begin, seed, lag_us
        self.waits: dict[int, _Wait] = {}
        self._cursors: list[Cursor] = []
        self._tries: Lane | None = None

    def holds(self, pod: int, node: int, needs: tuple[Need, ...], now_us: int) -> bool:
        """Whether a pod cannot start yet; it is started when it can."""
        pods = self._store.cluster.pods
        lacking = next((need for need in needs if not self._there(pod, need)), None)
        if lacking is None:
            if self.waits.pop(pod, None) is not None:
                pods.reasons.pop(pod, None)
            return False
        self._listen()
        pods.reasons[pod] = CREATING if lacking.mounted else CONFIG_ERROR
        self._client_of(node).note(POST_EVENT)
        self.waits[pod] = _Wait(pods.epoch[pod], node, now_us, needs, lacking.mounted)
        return True

    def _there(self, pod: int, need: Need) -> bool:
        cluster = self._store.cluster
        namespace = cluster.template_of(pod).namespace
        return cluster.configs.has(need.kind, namespace, need.name, need.keys)

    def _listen(self) -> None:
        if self._cursors:
            return
        bell = self._clock.bell("kubelet/needs", Order.DELIVER, self._deliver)
        self._tries = self._clock.lane("kubelet/needs-tries", Order.RELEASE, self._try)
        logs = [self._store.objects(kind).log for kind in (CONFIG_MAPS, SECRETS)]
        self._cursors = [log.subscribe(bell, self._lag_us) for log in logs]

    def _deliver(self, now_us: int) -> None:
        heard = [entry for cursor in self._cursors for entry in cursor.drain(now_us)]
        if not heard or self._tries is None:
            return
        for pod, wait in self.waits.items():
            if all(self._there(pod, need) for need in wait.needs):
                at_us = self._next_try_us(pod, wait, now_us)
                self._tries.at(at_us, (pod, wait.epoch, wait.node))

    def _next_try_us(self, pod: int, wait: _Wait, now_us: int) -> int:
        """The kubelet's first look at or after an instant."""
        at_us, delay_us, number = wait.since_us, FIRST_US, 0
        while at_us < now_us:
            number += 1
            if wait.mounted:
                at_us, delay_us = at_us + delay_us, min(2 * delay_us, LONGEST_US)
            else:
                late = counter_hash(self._seed, pod, wait.epoch, number) / 2
                at_us += ERROR_US + int(ERROR_US * late)
        return at_us

    def _try(self, now_us: int, timers: list[Any]) -> None:
        pods = self._store.cluster.pods
        for pod, epoch, node in timers:
            live = pods.epoch[pod] == epoch and pods.deletion_us[pod] == NEVER
            if live and pod in self.waits:
                self._begin(pod, node, now_us)
