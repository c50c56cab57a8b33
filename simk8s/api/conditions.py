"""Pressure conditions of nodes: MemoryPressure, DiskPressure, PIDPressure, by the keys of their
taints.

Law: a node has a condition as long as somebody says so: the kubelet's eviction manager, which knows
what pods use, or a fault that says it in the kubelet's place. What is written is a change of the
node's status. A cluster without pressure pays nothing.
"""

from __future__ import annotations

from simk8s.state.selectors import DISK_PRESSURE, MEMORY_PRESSURE, PID_PRESSURE

BY_NAME = {
    "MemoryPressure": MEMORY_PRESSURE,
    "DiskPressure": DISK_PRESSURE,
    "PIDPressure": PID_PRESSURE,
}
MEASURED, IMPOSED = range(2)
"""Who says so: a kubelet that measures, or a fault."""


class Pressures:
    """Conditions by node row, in order of their names; nodes without any are not in it."""

    def __init__(self) -> None:
        self.of: dict[int, tuple[str, ...]] = {}
        self._said: dict[tuple[int, int], frozenset[str]] = {}

    def impose(self, row: int, condition: str, is_true: bool) -> bool:
        """By a fault, one by one; False where nothing changes."""
        said = self._said.get((row, IMPOSED), frozenset())
        now = said | {condition} if is_true else said - {condition}
        return self._say(row, IMPOSED, now)

    def measure(self, row: int, conditions: tuple[str, ...]) -> bool:
        """By a kubelet, all of them; False where nothing changes."""
        return self._say(row, MEASURED, frozenset(conditions))

    def measured(self, row: int) -> frozenset[str]:
        """What the kubelet has said."""
        return self._said.get((row, MEASURED), frozenset())

    def forget(self, row: int) -> None:
        """The node is gone."""
        for who in (MEASURED, IMPOSED):
            self._said.pop((row, who), None)
        self.of.pop(row, None)

    def _say(self, row: int, who: int, conditions: frozenset[str]) -> bool:
        if conditions:
            self._said[row, who] = conditions
        else:
            self._said.pop((row, who), None)
        both = self._said.get((row, 1 - who), frozenset()) | conditions
        before, after = self.of.pop(row, ()), tuple(sorted(both))
        if after:
            self.of[row] = after
        return after != before
