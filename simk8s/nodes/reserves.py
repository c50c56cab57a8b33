"""What a node keeps for itself: CPU, memory and ephemeral storage reserved per provider.

Law: allocatable = capacity − kube-reserved − system-reserved − hard eviction threshold, in integers
(milli-CPU and bytes), never below zero. The rules are functions of capacity and nothing else.

Mirrors: the published reserves of EKS (nodeadm), GKE, AKS (Kubernetes 1.29 and later) and a
kubelet with default flags.
Departs: AKS publishes CPU reserves for 1, 2, 4, … 64 cores; sizes in between are interpolated and
sizes above continue at 10m a core. Its "MB" are read as MiB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3
EVICTION_MEMORY = 100 * MIB

# Tenths of a milli-CPU per core: the first core, the second, the third and fourth, all others.
_TIERS_CPU = ((1, 600), (1, 100), (2, 50))
_BEYOND_CPU = 25
# Size of the slice, percent of it that is reserved.
_TIERS_GKE_MEMORY = ((4 * GIB, 25), (4 * GIB, 20), (8 * GIB, 10), (112 * GIB, 6))
_BEYOND_GKE_MEMORY = 2
_AKS_CPU = ((1, 60), (2, 100), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740))
_AKS_CPU_BEYOND = 10


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is taken off capacity: milli-CPU, bytes of memory, bytes of local disk."""

    cpu_milli: int = 0
    memory_bytes: int = 0
    ephemeral_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """The part of a node's capacity that reserve rules read."""

    cpu_milli: int
    memory_bytes: int
    ephemeral_bytes: int
    max_pods: int


def _tiered(amount: int, tiers: Iterable[tuple[int, int]], beyond: int) -> int:
    """Slice by slice, as taxes are: what is above the last one counts `beyond`."""
    total, left = 0, amount
    for width, each in tiers:
        taken = min(left, width)
        total += taken * each
        left -= taken
    return total + left * beyond


def tiered_cpu(cores: int) -> int:
    """Milli-CPU reserved by EKS and GKE: 6 %, 1 %, 0.5 % twice, then 0.25 % of each core."""
    return _tiered(cores, _TIERS_CPU, _BEYOND_CPU) // 10


def eks_memory(max_pods: int) -> int:
    """Bytes reserved by EKS: 255 MiB and 11 MiB for every pod that the node may run."""
    return (255 + 11 * max_pods) * MIB


def gke_memory(memory: int) -> int:
    """Bytes reserved by GKE: tiers of 25, 20, 10, 6 and 2 percent; 255 MiB below 1 GiB."""
    if memory < GIB:
        return 255 * MIB
    return _tiered(memory, _TIERS_GKE_MEMORY, _BEYOND_GKE_MEMORY) // 100


def gke_ephemeral(disk: int) -> int:
    """Bytes of the boot disk that GKE keeps, without the eviction threshold."""
    return min(disk // 2, 6 * GIB + disk * 35 // 100, 100 * GIB)


def aks_cpu(cores: int) -> int:
    """Milli-CPU reserved by AKS for the published sizes, interpolated in between."""
    below, reserve = _AKS_CPU[0]
    for size, milli in _AKS_CPU:
        if cores <= size:
            return reserve + (milli - reserve) * (cores - below) // max(size - below, 1)
        below, reserve = size, milli
    return reserve + _AKS_CPU_BEYOND * (cores - below)


def aks_memory(memory: int, max_pods: int) -> int:
    """Bytes reserved by AKS since 1.29: 20 MiB a pod and 50 MiB, at most a quarter of the node."""
    return min((20 * max_pods + 50) * MIB, memory // 4)


def _eviction_disk(machine: Machine) -> int:
    return machine.ephemeral_bytes // 10


def _cores(machine: Machine) -> int:
    return machine.cpu_milli // 1000


def _eks(machine: Machine) -> Reserved:
    return Reserved(
        tiered_cpu(_cores(machine)),
        eks_memory(machine.max_pods) + EVICTION_MEMORY,
        GIB + _eviction_disk(machine),
    )


def _gke(machine: Machine) -> Reserved:
    return Reserved(
        tiered_cpu(_cores(machine)),
        gke_memory(machine.memory_bytes) + EVICTION_MEMORY,
        gke_ephemeral(machine.ephemeral_bytes) + _eviction_disk(machine),
    )


def _aks(machine: Machine) -> Reserved:
    return Reserved(
        aks_cpu(_cores(machine)),
        aks_memory(machine.memory_bytes, machine.max_pods) + EVICTION_MEMORY,
        _eviction_disk(machine),
    )


def _kubelet(machine: Machine) -> Reserved:
    return Reserved(0, EVICTION_MEMORY, _eviction_disk(machine))


def _none(machine: Machine) -> Reserved:
    return Reserved()


RULES: dict[str, Callable[[Machine], Reserved]] = {
    "eks": _eks,
    "gke": _gke,
    "aks": _aks,
    "kubelet": _kubelet,
    "none": _none,
}
"""Reserve rules by name: `kubelet` is default flags (eviction alone), `none` takes nothing."""
