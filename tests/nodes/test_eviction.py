"""Node-pressure eviction: when, whom, and what it does to the node's conditions."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from simk8s.nodes.curves import flat
from simk8s.nodes.eviction import MEMORY, PIDS, ranked, refuses
from simk8s.nodes.settings import HARD, Threshold
from simk8s.state.audit import audit
from simk8s.state.pods import FAILED, Loss, Phase
from simk8s.state.selectors import DISK_PRESSURE, MEMORY_PRESSURE
from tests.nodes.exact import SECOND, STATUS, STOP, next_relist
from tests.nodes.used import HOUR, MIB, MINUTE, load_of, look_us, metered, pod, status_us
from tests.world import GIB

# 1 MiB a second.
LEAK = "{leak: {from: 1Gi, perHour: 3600Mi}}"
LEAKY = pod({"memory": "1Gi"}, memory=LEAK)


def crossing(w, one: int, allocatable: int = 8 * GIB) -> int:
    """When a leak from 1 GiB on is one byte above what is allocatable."""
    return w.cluster.pods.started_us[one] + (allocatable - GIB) // MIB * SECOND + 1


def test_a_leak_is_evicted_at_the_first_look_after_it_crosses_the_threshold() -> None:
    w, usage = metered()
    (one,) = w.create(LEAKY)
    w.run(2 * SECOND)
    pods = w.cluster.pods
    look = look_us(crossing(w, one))
    w.run(look - 1)
    assert (usage.evictions, load_of(usage).pressure) == (0, None)
    w.run(look)
    assert usage.evictions == 1
    assert pods.phase[one] == Phase.RUNNING
    stopped = look + STOP
    w.run(stopped - 1)
    assert one in load_of(usage).meters
    w.run(stopped)
    assert one not in load_of(usage).meters
    w.run(look + 3 * SECOND)
    assert pods.phase[one] == FAILED
    assert pods.finished_us[one] == next_relist(w, stopped) + STATUS
    assert (pods.loss[one], pods.reasons[one]) == (Loss.NODE_PRESSURE, "Evicted")
    assert pods.lost_work_us[one] == pods.finished_us[one] - pods.started_us[one]
    audit(w.cluster)


def test_the_condition_holds_for_the_transition_period_and_goes_with_the_node_status() -> None:
    w, usage = metered()
    (one,) = w.create(LEAKY)
    w.run(2 * SECOND)
    look = look_us(crossing(w, one))
    on = status_us(look)
    w.run(on - 1)
    assert w.store.pressures.of == {}
    w.run(on)
    assert w.store.pressures.of == {0: (MEMORY_PRESSURE,)}
    # After the eviction the manager looks when the pod is cleaned up, and every 10 s from then on.
    cleaned = w.kubelets._relists.cleaned(0, next_relist(w, look + STOP))
    second = look + -(-(cleaned - look) // SECOND) * SECOND
    off = second - (-(look + 5 * MINUTE - second) // (10 * SECOND)) * 10 * SECOND
    w.run(status_us(off) - 1)
    assert w.store.pressures.of == {0: (MEMORY_PRESSURE,)}
    w.run(status_us(off))
    assert w.store.pressures.of == {}
    w.run(off + HOUR)
    assert usage.evictions == 1


def test_pods_are_evicted_one_by_one_each_when_the_last_is_cleaned_up() -> None:
    """Five pods come to 2.2 GiB each within a fast minute: at 8 GiB one is not enough."""
    w, usage = metered(memory=10 * GIB, spared=4 * GIB, spared_bytes=4 * GIB)
    shape = "{steps: {values: [{after: 0s, value: 1Gi}, {after: 60s, value: 2600Mi}]}}"
    rows = w.create(pod({"memory": "1Gi"}, memory=shape), 5)
    hard = Threshold("memory.available", 4 * GIB)
    usage._manager._thresholds = [hard]
    w.run(HOUR)
    pods = w.cluster.pods
    gone = sorted(pods.finished_us[p] for p in rows if pods.loss[p] == Loss.NODE_PRESSURE)
    # 12.7 GiB, 10.2 and 7.6 of 10: two have to go, the second once the first is cleaned up.
    assert len(gone) == usage.evictions == 2
    assert SECOND <= gone[1] - gone[0] < 6 * SECOND
    assert load_of(usage).memory.value(HOUR) == 3 * 2600 * MIB


def test_a_soft_threshold_waits_for_its_grace_period() -> None:
    soft = Threshold("memory.available", 1 * GIB, grace_us=90 * SECOND)
    w, usage = metered(thresholds=(*HARD, soft), max_grace_us=20 * SECOND)
    shape = "{steps: {values: [{after: 0s, value: 1Gi}, {after: 60s, value: 7500Mi}]}}"
    (one,) = w.create(pod({"memory": "1Gi"}, memory=shape))
    w.run(2 * SECOND)
    first = look_us(w.cluster.pods.started_us[one] + MINUTE)
    w.run(first)
    assert load_of(usage).pressure.since == {soft: first}
    w.run(first + 90 * SECOND - 1)
    assert usage.evictions == 0
    w.run(first + 90 * SECOND)
    assert usage.evictions == 1


def test_a_soft_threshold_that_recovers_in_time_evicts_nobody() -> None:
    soft = Threshold("memory.available", 1 * GIB, grace_us=90 * SECOND)
    w, usage = metered(thresholds=(*HARD, soft))
    shape = (
        "{steps: {values: [{after: 0s, value: 1Gi}, {after: 60s, value: 7500Mi}, "
        "{after: 120s, value: 1Gi}]}}"
    )
    w.create(pod({"memory": "1Gi"}, memory=shape))
    w.run(HOUR)
    assert usage.evictions == 0
    assert load_of(usage).pressure.last == {}
    assert load_of(usage).armed_us == -1


def test_minimum_reclaim_goes_on_until_more_is_free() -> None:
    """Three pods above the threshold: one eviction is enough, with a reclaim of 4 GiB it takes
    two.
    """
    for reclaim, evicted in ((0, 1), (4 * GIB, 2)):
        hard = replace(HARD[0], reclaim=reclaim)
        w, usage = metered(thresholds=(hard,))
        shape = "{steps: {values: [{after: 0s, value: 1Gi}, {after: 60s, value: 2750Mi}]}}"
        w.create(pod({"memory": "1Gi"}, memory=shape), 3)
        w.run(HOUR)
        assert (usage.evictions, usage.ooms) == (evicted, 0)


def test_critical_and_static_pods_stay_and_nothing_goes_round_in_circles() -> None:
    w, usage = metered()
    shape = "{steps: {values: [{after: 0s, value: 1Gi}, {after: 60s, value: 8250Mi}]}}"
    critical = pod({"memory": "1Gi"}, memory=shape)
    critical["spec"]["priorityClassName"] = "system-cluster-critical"
    (one,) = w.create(critical)
    w.run(2 * MINUTE)
    assert usage.evictions == 0
    assert w.store.pressures.of == {0: (MEMORY_PRESSURE,)}
    assert load_of(usage).armed_us == -1
    w.run(HOUR)
    assert w.cluster.pods.phase[one] == Phase.RUNNING
    # A pod that comes makes the manager look again, and is the one to go.
    (other,) = w.create(pod({"memory": "1Gi"}, memory="10Mi"))
    w.run(HOUR + MINUTE)
    assert w.cluster.pods.loss[other] == Loss.NODE_PRESSURE


def test_a_best_effort_pod_is_refused_under_memory_pressure_others_are_not() -> None:
    w, usage = metered()
    (one,) = w.create(LEAKY)
    w.run(2 * SECOND)
    w.run(look_us(crossing(w, one)) + 5 * SECOND)
    assert w.cluster.pods.phase[one] == FAILED
    (burst,) = w.create(pod({"cpu": "100m"}))
    (best,) = w.create(pod())
    w.run(w.clock.now_us + 5 * SECOND)
    pods = w.cluster.pods
    assert pods.phase[burst] == Phase.RUNNING
    assert (pods.phase[best], pods.loss[best], pods.reasons[best]) == (
        FAILED,
        Loss.REJECTED,
        "Evicted",
    )
    assert usage.evictions == 1


def test_disk_pressure_evicts_by_disk() -> None:
    w, usage = metered()
    ask = {"ephemeral-storage": "10Gi"}
    (big,) = w.create(pod(ask, disk="{leak: {from: 60Gi, perHour: 36Gi}}"))
    (small,) = w.create(pod(ask, disk="9Gi"))
    w.run(HOUR)
    pods = w.cluster.pods
    # imagefs.available < 15 % comes first: 85 GiB in use.
    begun = pods.started_us[big]
    look = look_us(begun + 16 * HOUR // 36 + 1)
    assert pods.loss[big] == Loss.NODE_PRESSURE
    assert look < pods.finished_us[big] < look + 3 * SECOND
    assert pods.phase[small] == Phase.RUNNING
    assert usage.evictions == 1


def test_local_storage_above_its_limit_is_evicted_without_any_pressure() -> None:
    w, usage = metered()
    grow = "{leak: {from: 1Gi, perHour: 60Gi}}"
    (one,) = w.create(pod(limits={"ephemeral-storage": "2Gi"}, disk=grow))
    w.run(10 * MINUTE)
    pods = w.cluster.pods
    look = look_us(pods.started_us[one] + MINUTE + 1)
    assert pods.loss[one] == Loss.NODE_PRESSURE
    assert look < pods.finished_us[one] < look + 3 * SECOND
    assert w.store.pressures.of == {}
    assert usage.evictions == 1


def test_a_disk_hog_makes_disk_pressure() -> None:
    w, usage = metered()
    usage.hog(0, disk=95 * GIB)
    w.run(MINUTE)
    assert w.store.pressures.of == {0: (DISK_PRESSURE,)}
    usage.hog(0, disk=-95 * GIB)
    w.run(7 * MINUTE)
    assert w.store.pressures.of == {}


def entry(pod_row: int, used: int, asked: int) -> SimpleNamespace:
    curves = SimpleNamespace(memory=(flat(used), 0), pids=(flat(used), 0))
    return SimpleNamespace(
        pod=pod_row, curves=curves, facts=SimpleNamespace(requests=(0, asked, 0))
    )


@pytest.mark.parametrize(
    ("what", "pods", "expected"),
    [
        # (used, requested, priority) by row; who exceeds his request comes first …
        (MEMORY, [(5, 10, 0), (6, 5, 9)], [1, 0]),
        # … then the lower priority …
        (MEMORY, [(9, 1, 5), (3, 1, 0)], [1, 0]),
        # … then who is further above.
        (MEMORY, [(9, 6, 0), (9, 1, 0)], [1, 0]),
        (MEMORY, [(10, 10, 0), (11, 10, 0)], [1, 0]),
        (MEMORY, [(0, 0, 0), (1, 9, 0), (2, 1, 3)], [2, 0, 1]),
        (PIDS, [(9, 99, 5), (1, 0, 0), (8, 0, 0)], [2, 1, 0]),
    ],
)
def test_ranking(what: str, pods: list[tuple[int, int, int]], expected: list[int]) -> None:
    entries = [entry(row, used, asked) for row, (used, asked, _) in enumerate(pods)]
    order = ranked(entries, what, 0, lambda row: pods[row][2])  # type: ignore[arg-type]
    assert [one.pod for one in order] == expected


@pytest.mark.parametrize(
    ("conditions", "critical", "best_effort", "tolerates", "refused"),
    [
        ((), False, True, False, False),
        ((MEMORY_PRESSURE,), False, True, False, True),
        ((MEMORY_PRESSURE,), False, True, True, False),
        ((MEMORY_PRESSURE,), False, False, False, False),
        ((MEMORY_PRESSURE,), True, True, False, False),
        ((DISK_PRESSURE,), False, False, True, True),
        ((DISK_PRESSURE, MEMORY_PRESSURE), False, False, True, True),
        ((DISK_PRESSURE,), True, False, False, False),
    ],
)
def test_admission_under_pressure(
    conditions: tuple[str, ...],
    critical: bool,
    best_effort: bool,
    tolerates: bool,
    refused: bool,
) -> None:
    found = refuses(
        conditions, critical=critical, best_effort=best_effort, tolerates=lambda: tolerates
    )
    assert found is refused
