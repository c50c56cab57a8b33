"""The scheduler in a small world: binding, parking, preemption, races."""

from __future__ import annotations

from typing import Any

from simk8s.api.watch import Verb
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.kubelet import PodTimes
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.audit import audit
from simk8s.state.pods import Loss, Phase
from tests.steady import steady
from tests.world import GIB, SECOND, World, node, pod_manifest, world


def outcomes(w: World) -> list[tuple[int, str]]:
    frame = w.recorder.decisions.frame()
    return list(zip(frame["pod"].to_list(), frame["outcome"].cast(str).to_list(), strict=True))


def test_pods_spread_by_least_allocated_and_run_to_their_end() -> None:
    w = world()
    rows = [w.add_node(node(f"n{i}")) for i in range(3)]
    pods = w.create(pod_manifest("1", "1Gi"), 6, lifetime_us=10 * SECOND)
    w.run(5 * SECOND)
    assert sorted(w.cluster.pods.node[p] for p in pods) == sorted(rows * 2)
    assert w.store.counts[Phase.RUNNING] == 6
    w.run(60 * SECOND)
    assert w.store.counts[Phase.SUCCEEDED] == 6
    assert w.cluster.nodes.free[0].tolist() == [4_000] * 3
    audit(w.cluster)


def test_one_cycle_at_a_time() -> None:
    w = world(cycle=CycleTimes(base_us=1_000, per_node_ns=0))
    w.add_node(node("n", 64_000))
    pods = w.create(pod_manifest("100m", "1Mi"), 5)
    w.run(SECOND)
    assert [w.cluster.pods.scheduled_us[p] for p in pods] == [1_000 * (i + 1) for i in range(5)]
    waits = w.recorder.decisions.frame()["queue_wait_us"].to_list()
    assert waits == [0, 1_000, 2_000, 3_000, 4_000]


def test_a_pod_that_fits_nowhere_waits_for_room() -> None:
    w = world()
    w.add_node(node("n", 1_000))
    first = w.create(pod_manifest("800m"), 1, lifetime_us=30 * SECOND)[0]
    second = w.create(pod_manifest("800m"), 1)[0]
    w.run(20 * SECOND)
    assert w.cluster.pods.node[second] == -1
    assert w.scheduler.queue.lengths() == (0, 0, 1)
    w.run(60 * SECOND)
    assert w.cluster.pods.node[second] == 0
    assert w.cluster.pods.scheduled_us[second] - w.cluster.pods.finished_us[first] < SECOND
    assert outcomes(w) == [(first, "bound"), (second, "unschedulable"), (second, "bound")]


def test_a_new_node_wakes_parked_pods() -> None:
    w = world()
    pod = w.create(pod_manifest("800m"), 1)[0]
    w.run(SECOND)
    w.add_node(node("late"))
    w.run(3 * SECOND)
    assert w.cluster.pods.node[pod] == 0, "without nodes it is an error, backed off a second"


def test_preemption_evicts_nominates_and_binds() -> None:
    times = PodTimes(stop=(2 * SECOND, 3 * SECOND))
    w = world(pod_times=times)
    w.add_node(node("n", 1_000))
    low = w.create(pod_manifest("800m"), 1)[0]
    w.run(60 * SECOND)
    high = w.create(pod_manifest("800m", priority=100), 1)[0]
    w.run(61 * SECOND)
    assert w.cluster.pods.nominated[high] == 0
    assert w.cluster.pods.loss[low] == Loss.PREEMPTION
    w.run(90 * SECOND)
    assert w.cluster.pods.phase[low] == Phase.GONE
    assert w.cluster.pods.node[high] == 0
    assert w.cluster.pods.nominated[high] == -1
    assert [o for _, o in outcomes(w)] == ["bound", "preempting", "bound"]
    audit(w.cluster)


def test_the_last_victim_is_deleted_when_the_others_are_through() -> None:
    w = world(times=steady(), pod_times=PodTimes(stop=(2 * SECOND, 3 * SECOND)))
    w.add_node(node("n", 1_000))
    w.create(pod_manifest("400m"), 2)
    w.run(60 * SECOND)
    high = w.create(pod_manifest("1", priority=100), 1)[0]
    seen: list[tuple[int, int]] = []
    cursor = w.store.pods.subscribe(
        w.clock.bell("watcher", Order.DELIVER, lambda now: seen.extend(deleting(now))), 0
    )

    def deleting(now: int) -> list[tuple[int, int]]:
        return [(at, pod) for at, verb, pod in cursor.drain(now) if verb is Verb.DELETING]

    w.run(90 * SECOND)
    (first_us, one), (last_us, other) = seen
    assert one != other
    # Its condition first, then it.
    assert last_us - first_us == 2 * (2_000 + 1_000 + 500)
    assert w.cluster.pods.node[high] == 0
    audit(w.cluster)


def test_a_pod_bound_elsewhere_wakes_the_one_that_looks_for_it() -> None:
    w = world()
    w.add_node(node("n"))
    term = {
        "labelSelector": {"matchLabels": {"app": "db"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    pod = w.create(pod_manifest(affinity=affinity), 1)[0]
    w.run(10 * SECOND)
    assert w.scheduler.queue.parked == 1
    w.create(pod_manifest(metadata={"labels": {"app": "web"}}), 1)
    w.run(20 * SECOND)
    assert w.cluster.pods.attempts[pod] == 1
    w.create(pod_manifest(metadata={"labels": {"app": "db"}}), 1)
    w.run(30 * SECOND)
    assert w.cluster.pods.node[pod] == 0
    assert w.cluster.pods.attempts[pod] == 2


def test_a_nomination_that_no_longer_helps_is_taken_back() -> None:
    times = PodTimes(stop=(20 * SECOND, 21 * SECOND))
    w = world(pod_times=times)
    row = w.add_node(node("n", 1_000))
    w.create(pod_manifest("800m"), 1)
    w.run(60 * SECOND)
    high = w.create(pod_manifest("800m", priority=100), 1)[0]
    w.run(61 * SECOND)
    assert w.cluster.pods.nominated[high] == row
    w.store.update_node(row, node("n", 1_000, unschedulable=True))
    w.scheduler.queue.activate(high, w.clock.now_us)
    w.run(70 * SECOND)
    assert w.cluster.pods.nominated[high] == -1


def test_a_pod_that_nobody_rejected_is_retried_after_a_second() -> None:
    w = world()
    pod = w.create(pod_manifest(), 1)[0]
    w.run(10 * SECOND)
    started = w.recorder.decisions.frame()["t_us"].to_list()
    assert [t // SECOND for t in started] == [0, 2, 5], "no nodes is an error: 1, 2, 4 s"
    w.add_node(node("n"))
    w.run(20 * SECOND)
    assert w.cluster.pods.node[pod] == 0


def test_a_drop_workload_is_recorded_and_not_retried() -> None:
    w = world()
    w.add_node(node("n", 1_000))
    w.cluster.workload("trace")
    w.cluster.drops_unfit.add(0)
    big = w.create(pod_manifest("2"), 1)[0]
    w.run(SECOND)
    assert outcomes(w) == [(big, "dropped")]
    assert w.cluster.pods.phase[big] == Phase.GONE
    assert len(w.scheduler.queue) == 0


def test_a_refused_binding_gives_the_room_back() -> None:
    w = world(times=steady())
    w.add_node(node("n"))
    pod = w.create(pod_manifest("1"), 1)[0]
    w.run(6_000)  # created and seen; the cycle is over, the binding on its way
    assert w.cluster.pods.charged[pod] == 0
    w.user.write(w.store.delete_pod, pod)
    w.store.delete_pod(pod)
    w.run(SECOND)
    assert w.cluster.pods.phase[pod] == Phase.GONE
    assert w.cluster.pods.charged[pod] == -1
    assert w.cluster.nodes.free[0, 0] == 4_000
    audit(w.cluster)


def test_binding_is_limited_by_the_client() -> None:
    w = world(qps=50.0, cycle=CycleTimes(base_us=1, per_node_ns=0))
    w.add_node(node("n", 10_000_000, 10_000 * GIB, pods=1_000))
    pods = w.create(pod_manifest("1m", "1Mi"), 300)
    w.run(60 * SECOND)
    bound = sorted(w.cluster.pods.bound_us[p] for p in pods)
    assert bound[99] < 10_000
    assert abs(bound[299] - 200 * SECOND // 50) < 50_000


def digest(incremental: bool, **more: Any) -> str:
    w = world(times=steady(), pod_times=PodTimes(), incremental=incremental, **more)
    for i in range(20):
        w.add_node(node(f"n{i}", 2_000 + 500 * (i % 4), zone="abc"[i % 3]))
    for i in range(40):
        w.create(pod_manifest(f"{100 + 37 * (i % 7)}m", "256Mi", priority=i % 3), 5, 20 * SECOND)
    w.run(200 * SECOND)
    audit(w.cluster)
    return w.recorder.digest()


def test_incremental_and_full_runs_have_one_digest() -> None:
    assert digest(True) == digest(False)
