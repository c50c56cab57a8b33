"""The hardware under the nodes: up or down, and who has to know.

Law: faults overlap; a machine is up only when every fault that took it down is over. What the
machine does is physical: the API hears of it only through what kubelets and leases do or stop
doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simk8s.kernel.clock import Clock

Listener = Callable[[int], None]


class Machines:
    """Up or down per node row; counts crashes and the time spent down."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.faults: list[int] = []
        """By node row: how many keep it down."""
        self._since: list[int] = []
        self.crashes: list[int] = []
        self._down_us: list[int] = []
        self._off: dict[int, int] = {}
        """When a machine was taken away."""
        self._on_crash: list[Listener] = []
        self._on_restore: list[Listener] = []

    def listen(self, on_crash: Listener, on_restore: Listener) -> None:
        """Be told when a machine goes down and when it is back."""
        self._on_crash.append(on_crash)
        self._on_restore.append(on_restore)

    def add(self, row: int) -> None:
        """A machine that is up."""
        assert row == len(self.faults), "machines are added in order of node rows"
        self.faults.append(0)
        self._since.append(0)
        self.crashes.append(0)
        self._down_us.append(0)

    def up(self, row: int) -> bool:
        """Whether it runs."""
        return not self.faults[row]

    def crash(self, rows: Iterable[int]) -> None:
        """A fault takes machines down."""
        for row in rows:
            self.faults[row] += 1
            if self.faults[row] == 1:
                self._since[row] = self._clock.now_us
                self.crashes[row] += 1
                for listener in self._on_crash:
                    listener(row)

    def switch_off(self, row: int) -> None:
        """It is taken away: down for good, which is no crash."""
        self.faults[row] += 1
        if self.faults[row] == 1:
            self._since[row] = self._clock.now_us
            for listener in self._on_crash:
                listener(row)
        self._off[row] = self._clock.now_us

    def restore(self, rows: Iterable[int]) -> None:
        """A fault is over."""
        for row in rows:
            self.faults[row] -= 1
            if not self.faults[row]:
                self._down_us[row] += self._clock.now_us - self._since[row]
                for listener in self._on_restore:
                    listener(row)

    def down_us(self, row: int) -> int:
        """Time spent down so far."""
        if self.faults[row]:
            until_us = self._off.get(row, self._clock.now_us)
            return self._down_us[row] + until_us - self._since[row]
        return self._down_us[row]
