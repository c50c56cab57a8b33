"""Pressure conditions of nodes: MemoryPressure, DiskPressure, PIDPressure.

Law: a node has a condition as long as somebody has reported it; what is written is a change of the
node's status. A cluster without pressure pays nothing.
"""

from __future__ import annotations

MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE = "MemoryPressure", "DiskPressure", "PIDPressure"


class Pressures:
    """Conditions by node row; nodes without any are not in it."""

    def __init__(self) -> None:
        self.of: dict[int, dict[str, None]] = {}

    def set(self, row: int, condition: str, is_true: bool) -> bool:
        """False where nothing changes."""
        present = self.of.get(row)
        if (present is not None and condition in present) == is_true:
            return False
        if is_true:
            self.of.setdefault(row, {})[condition] = None
        else:
            assert present is not None, "what is taken away is there"
            del present[condition]
            if not present:
                del self.of[row]
        return True
