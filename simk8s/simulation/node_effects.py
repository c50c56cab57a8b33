"""What faults of nodes do to kubelets, conditions and machines.

Law: an effect that began ends with what it began; effects overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

from simk8s.faults.base import (
    KubeletHang,
    NodeEffect,
    Partition,
    Pressure,
    Reclaim,
    SlowNode,
)
from simk8s.nodes.troubles import Troubles
from simk8s.nodes.usage import NodeUsage
from simk8s.simulation.reclaims import Reclaims


class NodeEffects:
    """Nodes as faults see them (faults/base.Nodes)."""

    def __init__(
        self, troubles: Troubles, reclaims: Reclaims, usage: NodeUsage | None = None
    ) -> None:
        self._usage = usage
        self._troubles = troubles
        self._reclaims = reclaims
        self._pressed: dict[tuple[int, str], int] = {}

    def begin(self, effect: NodeEffect, rows: Sequence[int]) -> None:
        """It starts now."""
        if isinstance(effect, Reclaim):
            self._reclaims.begin(effect, rows)
            return
        troubles = self._troubles
        for row in rows:
            if isinstance(effect, Partition):
                troubles.cut_off(row)
            elif isinstance(effect, KubeletHang):
                troubles.hang(row)
            elif isinstance(effect, SlowNode):
                troubles.slow_down(row, effect.thousandths)
            else:
                self._press(row, effect, 1)

    def end(self, effect: NodeEffect, rows: Sequence[int]) -> None:
        """It is over."""
        troubles = self._troubles
        for row in rows:
            if isinstance(effect, Partition):
                troubles.reconnect(row)
            elif isinstance(effect, KubeletHang):
                troubles.wake(row)
            elif isinstance(effect, SlowNode):
                troubles.speed_up(row, effect.thousandths)
            elif isinstance(effect, Pressure):
                self._press(row, effect, -1)

    def _press(self, row: int, effect: Pressure, sign: int) -> None:
        """The node's own kubelet reports the first and the last of what presses it; where it
        measures what is used, it finds out by itself.
        """
        if self._usage is not None and effect.hog_bytes:
            self._usage.hog(row, memory=sign * effect.hog_bytes)
            return
        key = (row, effect.condition)
        before = self._pressed.get(key, 0)
        self._pressed[key] = before + sign
        if effect.hog_bytes:
            self._troubles.disorders.hog(row, sign * effect.hog_bytes)
        if before == (0 if sign > 0 else 1):
            self._troubles.report_pressure(row, effect.condition, sign > 0)
