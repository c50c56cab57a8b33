"""The cloud node lifecycle controller, which asks the cloud after nodes that are not ready.

Law: a pass asks after every node that is not ready, one call after the other, each until it is
taken; a node whose instance is gone is deleted when that is answered. The next pass begins 5 s
after the end of this one, so that refused calls delay everything behind them.

Mirrors: cloud-node-lifecycle controller v1.36 (MonitorNodes, every 5 s, one worker). Departs:
passes in which no instance is missing change nothing and are neither simulated nor counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from simk8s.cloud.limits import Action
from simk8s.cloud.provider import CloudApi, Operation
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order

if TYPE_CHECKING:
    from simk8s.api.store import Store

PERIOD_US = 5_000_000
"""Of the cloud node lifecycle controller."""


class CloudMonitor:
    """See the module."""

    def __init__(self, clock: Clock, store: Store, api: CloudApi) -> None:
        self._clock, self._store, self._api = clock, store, api
        self._passes = clock.lane("cloud/lifecycle", Order.ARRIVE, self._pass)
        self._missing: dict[int, Callable[[], None]] = {}
        """Nodes without an instance, and what becomes of them."""
        self._working = False

    def lost(self, row: int, gone: Callable[[], None]) -> None:
        """The instance of a node is gone; `gone` is called when the controller has found out."""
        self._missing[row] = gone
        if not self._working:
            self._working = True
            self._passes.at((self._clock.now_us // PERIOD_US + 1) * PERIOD_US, None)

    def _pass(self, now_us: int, _: list[None]) -> None:
        store, nodes = self._store, self._store.cluster.nodes
        for row in [row for row in self._missing if not nodes.exists[row]]:
            del self._missing[row]
        self._working = bool(self._missing)
        if not self._missing:
            return
        rows = deque(row for row in range(nodes.n) if nodes.exists[row] and not store.ready[row])
        if not rows:
            self._passes.after(PERIOD_US, None)
            return
        target = f"{len(rows)} nodes that are not ready"
        order = self._api.ask(Action.DESCRIBE, target, len(rows), lambda now_us: None)
        order.done = partial(self._described, order, rows)

    def _described(self, order: Operation, rows: deque[int], now_us: int) -> None:
        row = rows.popleft()
        if row in self._missing and self._store.cluster.nodes.exists[row]:
            self._missing.pop(row)()
        if rows:
            self._api.again(order)
        else:
            self._passes.after(PERIOD_US, None)
