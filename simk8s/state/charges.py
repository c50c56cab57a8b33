"""Charging pods to nodes and releasing them: every amount that a pod changes, at once.

Law: `release` undoes `charge`, with what was charged. Whoever does either appends the node to
`dirty`.

How: nearly every pod asks for cpu, memory and its slot alone (`Requests.plain`); its seven amounts
are changed one by one where they lie, everything that this takes in one tuple at hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simk8s.state.requests import Requests
from simk8s.state.resources import CPU, MEMORY, PODS

IntMatrix = NDArray[np.int64]
Floats = NDArray[np.float64]

if TYPE_CHECKING:
    Line = memoryview[Any]
    Ints = list[int]
    At = tuple[list[dict[int, Requests]], Ints, Ints, Line, Line, Line, Line, Line]


class Charges(ABC):
    """The part of the node table that pods change."""

    pods_on: list[dict[int, Requests]]
    """By node: pods in the order in which they were charged, and what for."""
    dirty: list[int]
    lowest: list[int]
    """By resource: no node ever had less free, so a smaller request needs no look at each."""
    lows: int
    """How often one of them fell."""
    defaulted_pods: int
    """Charged pods whose scoring requests exceed their true ones (scores must clamp then)."""
    gpu_free: IntMatrix
    gpu_count: NDArray[np.int64]

    @abstractmethod
    def fit_resources(self) -> None:
        """Make room for resources that are new."""

    def open_lines(self, free: IntMatrix, used: Floats, beyond: IntMatrix) -> None:
        """Scalar access to the amounts that pods change, in the memory of these arrays; to be
        called again when they or `pods_on`, `dirty`, `lowest` are others.
        """
        self.free_at = lines_of(free)
        self.used_at = lines_of(used)
        self.beyond_at = lines_of(beyond)
        used_cpu, used_memory = self.used_at
        free_cpu, free_memory, slots = (self.free_at[line] for line in (CPU, MEMORY, PODS))
        self._charged_at: At = (self.pods_on, self.dirty, self.lowest, free_cpu, free_memory, slots,
                                used_cpu, used_memory)  # fmt: skip

    def charge(self, row: int, pod: int, requests: Requests, devices: int) -> None:
        """Count a pod on a node. `devices` is the bit mask of GPU devices that it gets."""
        (pods_on, dirty, lowest, free_cpu, free_memory, slots,
         used_cpu, used_memory) = self._charged_at  # fmt: skip
        pods_on[row][pod] = requests
        dirty.append(row)
        if not requests.plain:
            self._charge_any(row, requests, devices)
            return
        cpu, memory = requests.nonzero_cpu, requests.nonzero_memory
        free_cpu[row] = left = free_cpu[row] - cpu
        if left < lowest[CPU]:
            self._fall(CPU, left)
        free_memory[row] = left = free_memory[row] - memory
        if left < lowest[MEMORY]:
            self._fall(MEMORY, left)
        slots[row] = left = slots[row] - 1
        if left < lowest[PODS]:
            self._fall(PODS, left)
        used_cpu[row] += cpu
        used_memory[row] += memory

    def _charge_any(self, row: int, requests: Requests, devices: int) -> None:
        """The amounts of a pod that asks for more than cpu and memory, or not for both."""
        values = requests.values
        if len(values) > len(self.free_at):
            self.fit_resources()
        free = self.free_at
        for resource, amount in requests.wanted:
            line = free[resource]
            line[row] = left = line[row] - amount
            if left < self.lowest[resource]:
                self._fall(resource, left)
        self._count(row, requests, 1)
        if devices:
            self.take_devices(row, devices, requests.gpu.milli)

    def release(self, row: int, pod: int) -> Requests:
        """Undo `charge`, GPU devices left aside (see `take_devices`); what was charged."""
        (pods_on, dirty, _, free_cpu, free_memory, slots,
         used_cpu, used_memory) = self._charged_at  # fmt: skip
        requests = pods_on[row].pop(pod)
        dirty.append(row)
        if requests.plain:
            cpu, memory = requests.nonzero_cpu, requests.nonzero_memory
            free_cpu[row] += cpu
            free_memory[row] += memory
            slots[row] += 1
            used_cpu[row] -= cpu
            used_memory[row] -= memory
            return requests
        for resource, amount in requests.wanted:
            self.free_at[resource][row] += amount
        self._count(row, requests, -1)
        return requests

    def _count(self, row: int, requests: Requests, sign: int) -> None:
        """The mirrors, and what scoring counts beyond what is asked for."""
        asks_cpu, asks_memory = requests.values[: MEMORY + 1]
        cpu, memory = self.used_at
        cpu[row] += sign * asks_cpu
        memory[row] += sign * asks_memory
        cpu, memory = self.beyond_at
        cpu[row] += sign * (requests.nonzero_cpu - asks_cpu)
        memory[row] += sign * (requests.nonzero_memory - asks_memory)
        self.defaulted_pods += sign * requests.defaulted

    def _fall(self, resource: int, left: int) -> None:
        self.lowest[resource] = left
        self.lows += 1

    def take_devices(self, row: int, devices: int, milli: int) -> None:
        """So much of each of these GPU devices; negative: give it back."""
        for device in range(devices.bit_length()):
            if devices >> device & 1:
                self.gpu_free[device, row] -= milli

    def choose_devices(self, row: int, requests: Requests) -> int | None:
        """Bit mask of the devices a pod would get: whole devices lowest first, a share the
        tightest fit.
        """
        gpu = requests.gpu
        if not gpu.count:
            return 0
        free = self.gpu_free[: self.gpu_count[row], row].tolist()
        fitting = sorted((left, d) for d, left in enumerate(free) if left >= gpu.milli)
        if len(fitting) < gpu.count:
            return None
        mask = 0
        for _, device in fitting[: gpu.count]:
            mask |= 1 << device
        return mask


def lines_of(matrix: NDArray[Any]) -> list[memoryview[Any]]:
    """Scalar access to the lines of a matrix."""
    return [memoryview(line) for line in matrix]
