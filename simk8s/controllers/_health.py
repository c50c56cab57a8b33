"""What the node lifecycle controller knows: who is ready, who is silent and since when, by zone.

Law: a pass of the monitor happens at every whole multiple of its period. A node whose last lease
renewal was at r is probed by the first pass after r, and its silence is noticed by the first pass
that is a grace period or more later; so each silent node has one date and no ticking is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

from simk8s.api.store import Store
from simk8s.controllers._zones import EvictionLimiter, Zone


class Health:
    """Conditions of nodes as far as they are known, and the passes that have to happen."""

    def __init__(self, store: Store, period_us: int, grace_us: int, rate_per_second: float) -> None:
        self.zones: dict[str, Zone] = {}
        self.ready: dict[int, bool] = {}
        """The Ready condition, by node."""
        self.silent: dict[int, int] = {}
        """Nodes that stopped renewing and are not Unknown yet; when that will be noticed."""
        self.unknown: dict[int, None] = {}
        """Nodes whose condition is Unknown, not merely False."""
        self.changed: dict[int, None] = {}
        """Nodes for the next pass to look at: newly ready or not ready."""
        self.touched = False
        """Whether zones may have changed since the last pass."""
        self._zone_of: dict[int, Zone] = {}
        self._store = store
        self._period_us = period_us
        self._grace_us = grace_us
        self._rate = rate_per_second
        self._floor_us = 0
        self._passed_us = -1

    # --- what happens to nodes

    def add(self, node: int) -> None:
        """A node has joined, ready."""
        name = self._store.cluster.nodes.specs[node].zone
        zone = self.zones.get(name)
        if zone is None:
            zone = self.zones[name] = Zone(EvictionLimiter(self._rate))
        zone.size += 1
        self._zone_of[node] = zone
        self.ready[node] = True
        self.touched = True

    def remove(self, node: int) -> None:
        """A node is gone."""
        ready = self.ready.pop(node, None)
        if ready is None:
            return
        zone = self.zone(node)
        zone.size -= 1
        zone.not_ready -= not ready
        self.touched = True
        for known in (zone.line, self.silent, self.unknown, self.changed):
            known.pop(node, None)

    def condition(self, node: int, ready: bool) -> None:
        """A node's Ready condition is such."""
        if node not in self.ready or self.ready[node] == ready:
            return
        self.ready[node] = ready
        self.zone(node).not_ready += -1 if ready else 1
        self.changed[node] = None
        if ready:
            self.unknown.pop(node, None)

    def lose(self, node: int) -> None:
        """A node is Unknown from now on."""
        self.unknown[node] = None
        self.condition(node, False)
        self.changed[node] = None

    def fall_silent(self, node: int, stopped_us: int) -> None:
        """A node has stopped to renew its lease."""
        if node in self.ready and node not in self.unknown:
            self.silent[node] = self._noticed_us(node, stopped_us)

    def speak(self, node: int) -> None:
        """A node renews its lease again."""
        self.silent.pop(node, None)

    def forgive(self, now_us: int) -> None:
        """All silent nodes count as heard of now."""
        self._floor_us = now_us
        for node in self.silent:
            self.silent[node] = self._noticed_us(node, now_us)

    def begin_anew(self, now_us: int, unknown: Iterable[int]) -> None:
        """Another instance led before: these are Unknown, unless they came back while nobody led;
        silence counts from the next pass.
        """
        there, ready = self._store.cluster.nodes.exists, self._store.ready
        self.unknown.update((node, None) for node in unknown if there[node] and not ready[node])
        self.forgive(self._pass_after(now_us + 1))

    def zone(self, node: int) -> Zone:
        """The zone that a node joined."""
        return self._zone_of[node]

    # --- passes

    def begin_pass(self, now_us: int) -> tuple[list[int], list[int]]:
        """Nodes that this pass has to look at, and those whose silence it notices."""
        self._passed_us = now_us
        changed = list(self.changed)
        expired = [node for node, noticed_us in self.silent.items() if noticed_us <= now_us]
        self.changed.clear()
        self.touched = False
        for node in expired:
            del self.silent[node]
        return changed, expired

    def next_pass_us(self, now_us: int) -> int | None:
        """The next pass that will find something, None if none will."""
        soon_us = max(self._pass_after(now_us), self._pass_after(self._passed_us + 1))
        if self.changed or self.touched:
            return soon_us
        return max(soon_us, min(self.silent.values())) if self.silent else None

    def _noticed_us(self, node: int, stopped_us: int) -> int:
        last_us = self._store.leases.last_renewal_us(node, stopped_us)
        probed_us = max(self._pass_after(last_us + 1), self._floor_us)
        return self._pass_after(probed_us + self._grace_us)

    def _pass_after(self, t_us: int) -> int:
        """The first pass at or after an instant."""
        return -(-t_us // self._period_us) * self._period_us
