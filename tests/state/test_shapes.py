"""Requests and templates from manifests, against the vectors of the behaviour notes."""

from __future__ import annotations

from typing import Any

from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU, GPU, MEMORY
from simk8s.state.selectors import NO_EXECUTE, NOT_READY, UNREACHABLE, Taint, tolerated
from tests.world import pod_manifest

MIB = 1 << 20


def container(cpu: str | None = None, memory: str | None = None, **more: Any) -> dict[str, Any]:
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    return {"name": "c", "resources": {"requests": requests}, **more}


def test_missing_requests_count_for_scoring_only() -> None:
    cluster = Cluster()
    requests = cluster.templates.parse(pod_manifest(None, None), "default").requests
    assert (requests.values[CPU], requests.values[MEMORY]) == (0, 0)
    assert (requests.nonzero_cpu, requests.nonzero_memory) == (100, 200 * MIB)
    assert requests.best_effort
    assert requests.defaulted


def test_init_containers_sidecars_and_overhead() -> None:
    spec = {
        "containers": [container("300m", "100Mi"), container("200m", "100Mi")],
        "initContainers": [
            container("100m", "50Mi", restartPolicy="Always"),
            container("900m", "10Mi"),
        ],
        "overhead": {"cpu": "10m"},
    }
    requests = Cluster().templates.parse({"spec": spec}, "default").requests
    assert requests.values[CPU] == 900 + 100 + 10, "the init step beside its sidecar is the largest"
    assert requests.values[MEMORY] == 250 * MIB


def test_limits_stand_in_for_requests() -> None:
    spec = {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}]}
    requests = Cluster().templates.parse({"spec": spec}, "default").requests
    assert (requests.values[CPU], requests.values[MEMORY]) == (2_000, 1_024 * MIB)


def test_whole_gpus_and_shares() -> None:
    cluster = Cluster()
    whole = {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 2}}}]}}
    assert cluster.templates.parse(whole, "default").requests.values[GPU] == 2_000
    notes = {"simk8s.io/gpu-milli": "460", "simk8s.io/gpu-models": "T4|P100"}
    shared = pod_manifest(metadata={"annotations": notes})
    gpu = cluster.templates.parse(shared, "default").requests.gpu
    assert (gpu.count, gpu.milli, gpu.models) == (1, 460, frozenset({"T4", "P100"}))


def test_equal_vectors_and_equal_manifests_are_one() -> None:
    cluster = Cluster()
    first = cluster.templates.parse(pod_manifest("100m"), "default")
    again = cluster.templates.parse(pod_manifest("100m"), "default")
    other = cluster.templates.parse(pod_manifest("0.1", metadata={"labels": {"a": "b"}}), "default")
    assert first is again
    assert other is not first
    assert other.requests is first.requests


def test_admission_adds_the_two_default_tolerations() -> None:
    template = Cluster().templates.parse(pod_manifest(), "default")
    for key in (NOT_READY, UNREACHABLE):
        taint = Taint(key, "", NO_EXECUTE)
        assert tolerated(template.tolerations, taint)
        assert [t.seconds for t in template.tolerations if t.tolerates(taint)] == [300]
    own = [{"key": UNREACHABLE, "operator": "Exists", "effect": NO_EXECUTE}]
    kept = Cluster().templates.parse(pod_manifest(tolerations=own), "default").tolerations
    assert [t.seconds for t in kept if t.key == UNREACHABLE] == [None]


def test_system_priorities() -> None:
    critical = pod_manifest(priorityClassName="system-node-critical")
    del critical["spec"]["priority"]
    assert Cluster().templates.parse(critical, "default").priority == 2_000_001_000
