"""Charging and releasing pods, device choice, growth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.state.audit import violations
from simk8s.state.cluster import Cluster
from simk8s.state.requests import GpuRequest
from simk8s.state.resources import CPU, GPU, MEMORY
from tests.world import GIB, add_pod, node, pod_manifest


def test_charge_and_release_are_inverse() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n0", 4_000, 8 * GIB))
    template = cluster.templates.parse(pod_manifest("1500m", "2Gi"), "default")
    pod = add_pod(cluster, template)
    cluster.charge(pod, row, 0)
    assert cluster.nodes.free[CPU, row] == 2_500
    assert cluster.nodes.free[MEMORY, row] == 6 * GIB
    assert not violations(cluster)
    assert cluster.release(pod) == row
    assert cluster.nodes.free[CPU, row] == 4_000
    assert cluster.release(pod) == -1
    assert not violations(cluster)


def test_a_shared_gpu_goes_to_the_tightest_device_and_whole_ones_to_the_first() -> None:
    cluster = Cluster()
    nodes = cluster.nodes
    row = nodes.add(node("g", gpus=4, gpu_model="T4"))
    share = cluster.requests.intern((100, 1, 0, 0, 0), gpu=GpuRequest(1, 400))
    whole = cluster.requests.intern((100, 1, 0, 0, 0), gpu=GpuRequest(2, 1000))
    assert nodes.choose_devices(row, share) == 0b0001
    nodes.charge(row, 0, share, 0b0001)
    assert nodes.choose_devices(row, share) == 0b0001, "600 left is tighter than 1000"
    assert nodes.choose_devices(row, whole) == 0b0110
    nodes.charge(row, 1, whole, 0b0110)
    assert nodes.choose_devices(row, whole) is None
    assert nodes.free[GPU, row] == 4_000 - 400 - 2_000


def test_names_are_unique_and_rows_stay() -> None:
    cluster = Cluster()
    rows = [cluster.nodes.add(node(f"n{i}", gpus=i % 3)) for i in range(200)]
    assert rows == list(range(200))
    assert cluster.nodes.row("n150") == 150
    with pytest.raises(ValueError, match="n7 exists"):
        cluster.nodes.add(node("n7"))
    cluster.nodes.remove(150)
    assert cluster.nodes.row("n150") is None
    assert not violations(cluster)


def test_a_resource_interned_late_is_offered_by_nobody() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n0"))
    spec = pod_manifest()
    spec["spec"]["containers"][0]["resources"]["requests"]["example.com/fpga"] = 2
    template = cluster.templates.parse(spec, "default")
    cluster.nodes.fit_resources()
    fpga = cluster.resources["example.com/fpga"]
    assert template.requests.values[fpga] == 2
    assert cluster.nodes.free[fpga, row] == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_any_order_of_charges_and_releases_audits_clean(steps: list[tuple[int, bool]]) -> None:
    cluster = Cluster()
    for i in range(3):
        cluster.nodes.add(node(f"n{i}", 100_000, 1_000 * GIB))
    shapes = [pod_manifest("250m", "1Gi"), pod_manifest(None, None), pod_manifest("1", None)]
    templates = [cluster.templates.parse(shape, "default") for shape in shapes]
    pods = [add_pod(cluster, templates[i % 3]) for i in range(10)]
    for which, on in steps:
        if on and cluster.pods.charged[pods[which]] < 0:
            cluster.charge(pods[which], which % 3, 0)
        elif not on:
            cluster.release(pods[which])
    assert not violations(cluster)


def test_the_audit_sees_a_wrong_amount() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n0"))
    cluster.nodes.free[CPU, row] -= 1
    assert any("free_is_allocatable" in words for words in violations(cluster))


def test_the_audit_sees_overcommitment_and_lost_charges() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n0", cpu=1_000))
    template = cluster.templates.parse(pod_manifest("800m"), "default")
    for _ in range(2):
        pod = add_pod(cluster, template)
        cluster.charge(pod, row, 0)
        cluster.pods.node[pod] = row
    named = {words.split(":")[0] for words in violations(cluster)}
    assert {"nothing_is_overcommitted", "bound_pods_fit_their_nodes"} <= named
    cluster.nodes.pods_on[row].clear()
    assert any(words.startswith("charges_follow_pods") for words in violations(cluster))


def test_nodes_that_come_together_are_as_if_they_had_come_one_by_one() -> None:
    specs = [node(f"n{i}", 1_000 * (i % 5), GIB * (i + 1), gpus=i % 3) for i in range(150)]
    one_by_one, together = Cluster().nodes, Cluster().nodes
    assert [one_by_one.add(spec) for spec in specs] == list(together.add_all(specs))
    assert one_by_one.lacking
    plain = ("n", "specs", "dirty", "lowest", "lacking", "largest", "spec_version", "taint_sets")
    for name in plain:
        assert getattr(one_by_one, name) == getattr(together, name), name
    arrays = ("allocatable", "free", "whole_f", "twice_f", "used_f", "beyond", "gpu_free")
    lines = ("exists", "unschedulable", "taint_set", "gpu_count", "gpu_model")
    for name in arrays + lines:
        assert (getattr(one_by_one, name) == getattr(together, name)).all(), name
    assert (one_by_one.tree.order == together.tree.order).all()
    assert [line.tolist() for line in together.free_at] == together._free.tolist()
    assert not len(together.add_all(()))
