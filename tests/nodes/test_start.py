"""The stages of a pod's start add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simk8s.nodes.kubelet import KubeletSettings, PodTimes
from simk8s.state.audit import audit
from simk8s.state.pods import NEVER, Loss, Phase
from simk8s.state.selectors import Taint
from tests.nodes.exact import (
    ADMIT,
    EXACT,
    MS,
    SANDBOX,
    SECOND,
    START,
    STATUS,
    VOLUMES,
    exact,
    image,
    next_relist,
    pod,
    pulling,
)
from tests.steady import steady
from tests.world import GIB, node, pod_manifest, world

BEFORE_CONTAINERS = ADMIT + VOLUMES + SANDBOX


def test_a_plain_pod_goes_through_its_stages() -> None:
    w = exact()
    p = w.create(pod())[0]
    w.run(5 * SECOND)
    pods = w.cluster.pods
    assert pods.seen_us[p] == pods.bound_us[p]
    assert pods.pulled_us[p] == pods.seen_us[p] + BEFORE_CONTAINERS
    assert pods.started_us[p] == pods.pulled_us[p] + START
    assert pods.running_us[p] == next_relist(w, pods.started_us[p]) + STATUS
    assert pods.ready_us[p] == pods.running_us[p]
    audit(w.cluster)


def test_without_a_token_there_is_no_volume_to_wait_for() -> None:
    w = exact()
    p = w.create(pod(automountServiceAccountToken=False))[0]
    w.run(5 * SECOND)
    assert w.cluster.pods.pulled_us[p] == w.cluster.pods.seen_us[p] + ADMIT + SANDBOX


def test_a_mount_that_takes_longer_waits_for_the_next_poll() -> None:
    w = exact(replace(EXACT, mount=(301 * MS, 301 * MS)))
    p = w.create(pod())[0]
    w.run(5 * SECOND)
    assert w.cluster.pods.pulled_us[p] == w.cluster.pods.seen_us[p] + BEFORE_CONTAINERS + 300 * MS


def test_sandboxes_made_together_slow_each_other_down() -> None:
    w = exact()
    rows = w.create(pod(), 5)
    w.run(5 * SECOND)
    pods = w.cluster.pods
    waits = [pods.pulled_us[p] - pods.seen_us[p] - BEFORE_CONTAINERS for p in rows]
    assert waits == [0, 40 * MS, 80 * MS, 120 * MS, 160 * MS]


def test_containers_start_one_after_another() -> None:
    w = exact()
    hook = {"postStart": {"sleep": {"seconds": 3}}}
    containers = [{"name": "a", "lifecycle": hook}, {"name": "b"}]
    p = w.create({"spec": {"containers": containers}})[0]
    w.run(10 * SECOND)
    pods = w.cluster.pods
    assert pods.started_us[p] == pods.seen_us[p] + BEFORE_CONTAINERS + 2 * START + 3 * SECOND


def test_init_containers_are_seen_to_end_and_sidecars_to_run() -> None:
    w = exact()
    init = [{"name": "a"}, {"name": "proxy", "restartPolicy": "Always"}, {"name": "b"}]
    template = pod(annotations={"init-duration": "2s"}, initContainers=init)
    p = w.create(template)[0]
    w.run(20 * SECOND)
    pods = w.cluster.pods
    t = pods.seen_us[p] + BEFORE_CONTAINERS
    t = next_relist(w, t + START + 2 * SECOND) + STATUS
    t = next_relist(w, t + START) + STATUS
    t = next_relist(w, t + START + 2 * SECOND) + STATUS
    assert pods.started_us[p] == t + START


def test_unloaded_starts_are_as_kubernetes_promises() -> None:
    """Notes 3.2: p50 1 to 1.5 s and p99 2 to 3 s from binding to Ready, cached image."""
    w = world(times=steady(), pod_times=KubeletSettings())
    for number in range(400):
        w.add_node(node(f"n{number}", 64_000, 256 * GIB))
    manifest = pod()
    for _ in range(10):
        w.create(manifest, 400)
        w.run(w.clock.now_us + 20 * SECOND)
    pods = w.cluster.pods
    taken = pods.column("ready_us") - pods.column("bound_us")
    assert (pods.column("ready_us") > 0).all()
    p50, p99 = np.percentile(taken, [50, 99])
    assert SECOND <= p50 <= 1.5 * SECOND
    assert 2 * SECOND <= p99 <= 3 * SECOND


def test_a_longer_image_moves_only_the_pull() -> None:
    """Doubling an image's size doubles what is downloaded and unpacked, and nothing else."""
    stages = []
    for size in (100, 200):
        w = pulling({"app": image(size)})
        p = w.create(pod("app"))[0]
        w.run(60 * SECOND)
        pods = w.cluster.pods
        stages.append(
            (
                pods.seen_us[p] - pods.bound_us[p],
                pods.pulled_us[p] - pods.seen_us[p],
                pods.started_us[p] - pods.pulled_us[p],
            )
        )
        assert pods.running_us[p] == next_relist(w, pods.started_us[p]) + STATUS
    (seen, pull, start), (seen_2, pull_2, start_2) = stages
    assert (seen, start) == (seen_2, start_2)
    fixed = BEFORE_CONTAINERS + 150 * MS
    assert pull - fixed == 100 * 40 * MS + 100 * 30 * MS
    assert pull_2 - fixed == 2 * (pull - fixed)


def test_a_job_that_is_over_before_a_relist_saw_it_never_shows_running() -> None:
    w = exact()
    p = w.create(pod(restartPolicy="Never"), 1, lifetime_us=1)[0]
    w.run(5 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[p] == Phase.SUCCEEDED
    assert pods.running_us[p] == NEVER
    assert pods.finished_us[p] == next_relist(w, pods.started_us[p] + 1) + STATUS


def test_the_end_of_a_pod_is_seen_by_a_relist() -> None:
    w = exact()
    p = w.create(pod(), 1, lifetime_us=30 * SECOND)[0]
    w.run(60 * SECOND)
    pods = w.cluster.pods
    ended = pods.started_us[p] + 30 * SECOND
    assert pods.finished_us[p] == next_relist(w, ended) + STATUS


# --- admission


def bound_by_hand(w, manifest, count=1, charge=False):
    rows = []
    for _ in range(count):
        template = w.cluster.templates.parse(manifest, "default")
        workload = w.cluster.workload("by-hand")
        row = w.cluster.pods.extend(
            1, template=template.id, requests=template.requests.id, workload=workload,
            phase=Phase.UNBORN,
        ).start  # fmt: skip
        rows.append(row)
    for row in rows:
        w.store.create_pods([row])
        if charge:
            w.cluster.charge(row, 0, 0)
        assert w.store.bind(row, 0)
    return rows


def test_more_pods_than_a_node_takes_are_refused_for_good() -> None:
    w = exact(pods=3)
    rows = bound_by_hand(w, pod(), 5)
    w.run(120 * SECOND)
    pods = w.cluster.pods
    assert [pods.phase[p] for p in rows] == [Phase.RUNNING] * 3 + [Phase.FAILED] * 2
    assert [pods.reasons.get(p) for p in rows[3:]] == ["OutOfpods"] * 2
    assert pods.loss[rows[4]] == Loss.REJECTED
    assert pods.started_us[rows[4]] == NEVER


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"containers": [{"resources": {"requests": {"cpu": "65"}}}]}, "OutOfcpu"),
        ({"containers": [{"resources": {"requests": {"memory": "257Gi"}}}]}, "OutOfmemory"),
        ({"containers": [{"resources": {"requests": {"fpga.io/a": "1"}}}]}, "OutOffpga.io/a"),
        ({"containers": [{}], "nodeSelector": {"disk": "ssd"}}, "NodeAffinity"),
    ],
)
def test_reasons_of_refusal(spec, reason) -> None:
    w = exact()
    row = bound_by_hand(w, {"spec": spec})[0]
    w.run(10 * SECOND)
    assert w.cluster.pods.phase[row] == Phase.FAILED
    assert w.cluster.pods.reasons[row] == reason


def test_a_no_execute_taint_refuses_what_does_not_tolerate_it() -> None:
    w = exact(taints=(Taint("gone", "", "NoExecute"), Taint("busy", "", "NoSchedule")))
    manifest = pod(tolerations=[{"key": "gone", "operator": "Exists"}])
    refused, admitted = bound_by_hand(w, pod())[0], bound_by_hand(w, manifest)[0]
    w.run(10 * SECOND)
    pods = w.cluster.pods
    assert pods.reasons[refused] == "TaintToleration"
    assert pods.phase[admitted] == Phase.RUNNING


def test_what_has_ended_takes_no_room() -> None:
    w = exact(pods=1)
    first = bound_by_hand(w, pod())[0]
    w.cluster.pods.lifetime_us[first] = SECOND
    w.run(10 * SECOND)
    assert w.cluster.pods.phase[first] == Phase.SUCCEEDED
    second = bound_by_hand(w, pod())[0]
    w.run(20 * SECOND)
    assert w.cluster.pods.phase[second] == Phase.RUNNING


# --- fake kubelets, crashes, chance


def test_a_fake_kubelet_takes_exactly_what_it_is_told() -> None:
    """As in the recordings: Running and Ready after 0.5 s, gone after 0.2 s."""
    fake = PodTimes((500 * MS, 500 * MS), (200 * MS, 200 * MS))
    w = world(times=steady(), pod_times=fake)
    w.add_node(node("n"))
    manifest = pod_manifest()
    manifest["spec"]["containers"][0]["readinessProbe"] = {"initialDelaySeconds": 60}
    manifest["spec"]["containers"][0]["image"] = "huge:1"
    p = w.create(manifest)[0]
    w.run(5 * SECOND)
    pods = w.cluster.pods
    assert pods.seen_us[p] == pods.bound_us[p] + 2_000
    assert pods.started_us[p] == pods.seen_us[p] + 500 * MS
    assert pods.ready_us[p] == pods.running_us[p] == pods.started_us[p] + 3_500
    w.user.write(w.store.delete_pod, p)
    w.run(6 * SECOND)
    assert pods.phase[p] == Phase.GONE
    assert pods.finished_us[p] == 5 * SECOND + 3_500 + 2_000 + 200 * MS + 5_000


def test_a_fake_kubelet_ends_pods_as_annotated() -> None:
    fake = PodTimes((500 * MS, 500 * MS), (200 * MS, 200 * MS))
    w = world(pod_times=fake)
    w.add_node(node("n"))
    ends = {}
    for code in ("0", "3"):
        notes = {"run-seconds": "5", "exit-code": code}
        ends[code] = w.create(pod(annotations=notes, restartPolicy="Never"))[0]
    w.run(20 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[ends["0"]] == Phase.SUCCEEDED
    assert pods.phase[ends["3"]] == Phase.FAILED
    assert pods.finished_us[ends["3"]] == pods.started_us[ends["3"]] + 5 * SECOND


def test_a_crash_during_a_start_begins_it_anew() -> None:
    w = pulling({"app": image(100)})
    p = w.create(pod("app"))[0]
    w.run(2 * SECOND)
    w.machines.crash([0])
    w.run(20 * SECOND)
    assert w.cluster.pods.phase[p] == Phase.PENDING
    w.machines.restore([0])
    w.run(60 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[p] == Phase.RUNNING
    assert pods.seen_us[p] == 20 * SECOND
    assert pods.pulled_us[p] == 20 * SECOND + BEFORE_CONTAINERS + 150 * MS + 7_000 * MS
    audit(w.cluster)


def starts() -> list[int]:
    w = world(pod_times=KubeletSettings())
    for number in range(5):
        w.add_node(node(f"n{number}"))
    w.create(pod(), 20)
    w.run(30 * SECOND)
    return list(w.cluster.pods.started_us)


def test_the_same_seed_gives_the_same_starts() -> None:
    assert starts() == starts()
    assert len(set(starts())) == 20


def test_static_pods_are_there_with_their_node() -> None:
    w = world(pod_times=EXACT)
    manifest = pod_manifest("500m", "1Gi", metadata={"name": "kube-proxy"})
    del manifest["spec"]["containers"][0]["image"]
    w.add_node(replace(node("n"), static_pods=(manifest,)))
    pods = w.cluster.pods
    assert w.cluster.name_of(0) == "kube-proxy-n"
    assert w.cluster.nodes.free[0, 0] == 3_500
    assert pods.bound_us[0] == 0
    w.run(5 * SECOND)
    assert pods.phase[0] == Phase.RUNNING
    assert not w.store.delete_pod(0)
    w.run(60 * SECOND)
    assert pods.phase[0] == Phase.RUNNING
    audit(w.cluster)


def test_a_static_pod_that_does_not_fit_is_refused() -> None:
    w = world(pod_times=EXACT)
    w.add_node(replace(node("n"), static_pods=(pod_manifest("5"),)))
    w.run(5 * SECOND)
    assert w.cluster.pods.reasons[0] == "OutOfcpu"
    audit(w.cluster)


def test_a_creator_may_name_a_node_but_not_make_room_on_it() -> None:
    """spec.nodeName skips the scheduler, which counts the pod; the kubelet has the last word."""
    w = exact(pods=3)
    rows = w.create(pod(nodeName="n0"), 5)
    w.run(30 * SECOND)
    pods = w.cluster.pods
    assert [pods.phase[p] for p in rows] == [Phase.RUNNING] * 3 + [Phase.FAILED] * 2
    assert {pods.reasons[p] for p in rows[3:]} == {"OutOfpods"}
    assert [pods.attempts[p] for p in rows] == [0] * 5
    assert pods.bound_us[rows[0]] == pods.created_us[rows[0]]
    audit(w.cluster)
    waiting = w.create(pod())[0]
    w.run(60 * SECOND)
    assert pods.node[waiting] == NEVER
    w.user.write(w.store.delete_pod, rows[0])
    w.run(120 * SECOND)
    assert pods.phase[waiting] == Phase.RUNNING
    audit(w.cluster)


def test_a_named_node_that_is_not_there_leaves_the_pod_pending() -> None:
    w = exact()
    row = w.create(pod(nodeName="elsewhere"))[0]
    w.run(30 * SECOND)
    assert w.cluster.pods.phase[row] == Phase.PENDING
    assert w.cluster.pods.node[row] == NEVER
