"""Classes of service and the kernel's score."""

from __future__ import annotations

from typing import Any

import pytest

from simk8s.nodes.qos import Qos, badness, oom_score_adj, qos_of
from simk8s.state.cluster import Cluster

GIB = 1 << 30


def made(*resources: dict[str, Any]) -> Any:
    cluster = Cluster()
    containers = [{"name": f"c{i}", "resources": one} for i, one in enumerate(resources)]
    return cluster, cluster.templates.parse({"spec": {"containers": containers}}, "default")


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], Qos.BEST_EFFORT),
        ([{"limits": BOTH}], Qos.GUARANTEED),
        ([{"limits": BOTH, "requests": BOTH}], Qos.GUARANTEED),
        ([{"limits": BOTH, "requests": {"cpu": "500m"}}], Qos.BURSTABLE),
        ([{"limits": BOTH}, {}], Qos.BURSTABLE),
        ([{"limits": {"memory": "1Gi"}}], Qos.BURSTABLE),
        ([{"requests": {"cpu": "1m"}}], Qos.BURSTABLE),
    ],
)
def test_the_class_of_a_pod(resources: list[dict[str, Any]], expected: Qos) -> None:
    _, template = made(*resources)
    assert qos_of(template, template.requests) is expected


@pytest.mark.parametrize(
    ("qos", "request_bytes", "capacity", "adj"),
    [
        (Qos.GUARANTEED, GIB, 16 * GIB, -997),
        (Qos.BEST_EFFORT, 0, 16 * GIB, 1000),
        (Qos.BURSTABLE, GIB, 16 * GIB, 938),  # notes 10
        (Qos.BURSTABLE, 4096, 16 * GIB, 999),
        (Qos.BURSTABLE, 16 * GIB, 16 * GIB, 3),
    ],
)
def test_oom_score_adj(qos: Qos, request_bytes: int, capacity: int, adj: int) -> None:
    _, template = made({"requests": {"memory": str(request_bytes)}})
    assert oom_score_adj(qos, template.requests, capacity, 0) == adj
    assert oom_score_adj(qos, template.requests, capacity, 2_000_001_000) == -997


def test_the_kernel_prefers_class_to_size() -> None:
    small_best_effort = badness(GIB // 10, 1000, 16 * GIB)
    big_burstable = badness(8 * GIB, 500, 16 * GIB)
    guaranteed = badness(15 * GIB, -997, 16 * GIB)
    assert small_best_effort > big_burstable > guaranteed
