"""Resource names as row numbers of every `[R, N]` matrix.

The first five rows are fixed; extended resources (`example.com/fpga`, hugepages) are interned
after them in the order in which they are first seen, so that a row number never changes during a
run.

Units: cpu in millicores, memory and ephemeral-storage in bytes, pods and extended resources as
counts, GPU in thousandths of a device (so that shared and whole devices add up).
"""

from __future__ import annotations

CPU, MEMORY, EPHEMERAL, PODS, GPU = range(5)
FIXED = ("cpu", "memory", "ephemeral-storage", "pods", "simk8s.io/gpu-milli")
GPU_NAMES = ("nvidia.com/gpu", "amd.com/gpu", "gpu")
"""Extended resources counted as whole devices of the GPU rows."""


class ResourceIndex:
    """Interns resource names; `index[name]` adds the name if it is new.

    With `gpu_names=()` GPUs are extended resources like any other.
    """

    def __init__(self, gpu_names: tuple[str, ...] = GPU_NAMES) -> None:
        self.gpu_names = gpu_names
        self.names: list[str] = list(FIXED)
        self._rows = {name: row for row, name in enumerate(FIXED)}

    def __getitem__(self, name: str) -> int:
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self.names)
            self.names.append(name)
        return row

    def __len__(self) -> int:
        return len(self.names)
