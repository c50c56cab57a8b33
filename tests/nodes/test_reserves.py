"""Published reserves, by the vectors of the providers' tables."""

from __future__ import annotations

import pytest

from simk8s.nodes.reserves import (
    EVICTION_MEMORY,
    GIB,
    MIB,
    RULES,
    Machine,
    aks_cpu,
    aks_memory,
    eks_memory,
    gke_ephemeral,
    gke_memory,
    tiered_cpu,
)


@pytest.mark.parametrize(
    ("cores", "milli"),
    [(1, 60), (2, 70), (4, 80), (8, 90), (16, 110), (32, 150), (64, 230), (96, 310)],
)
def test_eks_and_gke_share_their_cpu_tiers(cores: int, milli: int) -> None:
    assert tiered_cpu(cores) == milli


@pytest.mark.parametrize(("pods", "mib"), [(29, 574), (58, 893), (110, 1465), (234, 2829)])
def test_eks_memory_follows_max_pods(pods: int, mib: int) -> None:
    assert eks_memory(pods) == mib * MIB


@pytest.mark.parametrize(
    ("gib", "reserved"),
    [(4, 1.0), (8, 1.8), (16, 2.6), (32, 3.56), (64, 5.48), (128, 9.32), (256, 11.88)],
)
def test_gke_memory_tiers(gib: int, reserved: float) -> None:
    assert gke_memory(gib * GIB) == int(reserved * 100 * GIB) // 100


def test_gke_memory_of_a_tiny_machine_is_flat() -> None:
    assert gke_memory(GIB - 1) == 255 * MIB
    assert gke_memory(GIB) == GIB // 4


@pytest.mark.parametrize(
    ("cores", "milli"),
    [(1, 60), (2, 100), (3, 120), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740), (96, 1060)],
)
def test_aks_cpu(cores: int, milli: int) -> None:
    assert aks_cpu(cores) == milli


def test_aks_memory_is_capped_at_a_quarter() -> None:
    assert aks_memory(64 * GIB, 110) == 2250 * MIB
    assert aks_memory(4 * GIB, 110) == GIB


def test_gke_disk_takes_the_smallest_of_three() -> None:
    assert gke_ephemeral(10 * GIB) == 5 * GIB
    assert gke_ephemeral(100 * GIB) == 41 * GIB
    assert gke_ephemeral(1000 * GIB) == 100 * GIB


def test_gke_four_cores_leave_3920m() -> None:
    kept = RULES["gke"](Machine(4000, 16 * GIB, 100 * GIB, 110))
    assert 4000 - kept.cpu_milli == 3920
    assert kept.ephemeral_bytes == 51 * GIB


def test_rules_differ_where_they_should() -> None:
    machine = Machine(8000, 32 * GIB, 100 * GIB, 110)
    assert RULES["none"](machine).memory_bytes == 0
    assert RULES["kubelet"](machine).memory_bytes == EVICTION_MEMORY
    assert RULES["eks"](machine).memory_bytes == (1465 + 100) * MIB
    assert RULES["aks"](machine).cpu_milli == 180
