"""Extension points of a KubeSchedulerConfiguration that the queue and the binding heed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.kubelet import PodTimes
from simk8s.scheduler.queued import Where
from simk8s.state.audit import audit
from simk8s.state.podgroups import PODGROUPS, PodGroup
from simk8s.strategies._kube_scheduler_params import Params
from tests.steady import steady
from tests.world import SECOND, World, node, pod_manifest, world

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def without(point: str, plugin: str) -> dict[str, Any]:
    return {"plugins": {point: {"disabled": [{"name": plugin}]}}}


def configured(
    tmp_path: Path, *profiles: dict[str, Any], gangs: bool = False, **more: Any
) -> World:
    path = tmp_path / "scheduler.yaml"
    path.write_text(yaml.safe_dump({**HEAD, "profiles": list(profiles)}))
    given = {"config": str(path), "featureGates": {"GangScheduling": gangs}}
    return world(params=Params.model_validate(given), **more)


GATED = {"schedulingGates": [{"name": "later"}]}


def test_pods_with_gates_stay_out(tmp_path: Path) -> None:
    w = configured(tmp_path, {})
    w.add_node(node("n"))
    w.create(pod_manifest(**GATED), 1)
    w.run(10 * SECOND)
    assert w.scheduler.queue.lengths() == (0, 0, 1)
    assert not len(w.recorder.decisions)


def test_without_the_plugin_they_are_tried_and_the_api_refuses(tmp_path: Path) -> None:
    w = configured(tmp_path, without("preEnqueue", "SchedulingGates"))
    w.add_node(node("n"))
    pod = w.create(pod_manifest(**GATED), 1)[0]
    w.run(10 * SECOND)
    assert w.cluster.pods.node[pod] == -1
    assert w.cluster.pods.attempts[pod] == 3, "at 0, 2 and 5 s"
    audit(w.cluster)


def test_each_profile_has_gates_of_its_own(tmp_path: Path) -> None:
    w = configured(
        tmp_path, {}, {"schedulerName": "hasty", **without("preEnqueue", "SchedulingGates")}
    )
    w.add_node(node("n"))
    shy = w.create(pod_manifest(**GATED), 1)[0]
    hasty = w.create(pod_manifest(schedulerName="hasty", **GATED), 1)[0]
    w.run(SECOND)
    assert [w.cluster.pods.attempts[p] for p in (shy, hasty)] == [0, 1]


@pytest.mark.parametrize("gated", [True, False])
def test_a_preemptor_waits_for_its_calls_unless_told_otherwise(tmp_path: Path, gated: bool) -> None:
    profile = {} if gated else without("preEnqueue", "DefaultPreemption")
    stop = PodTimes(stop=(2 * SECOND, 3 * SECOND))
    w = configured(tmp_path, profile, times=steady(), pod_times=stop)
    w.add_node(node("n", 1_000))
    w.create(pod_manifest("400m"), 2)
    w.run(60 * SECOND)
    high = w.create(pod_manifest("1", priority=100), 1)[0]
    queue = w.scheduler.queue
    held: list[bool] = []

    def look(now: int, _: list[None]) -> None:
        queue.activate(high, now)
        held.append(high in queue.listing(Where.PARKED))

    w.clock.lane("look", Order.SAMPLE, look).at(60 * SECOND + 8_000, None)
    w.run(90 * SECOND)
    assert w.cluster.pods.node[high] == 0
    assert held == [gated], "victims are chosen, the first deletion is on its way"


def gang(w: World, count: int) -> range:
    w.user.write(w.store.objects(PODGROUPS).create, "default/g", PodGroup(3))
    return w.create(pod_manifest("800m", schedulingGroup={"podGroupName": "g"}), count)


def test_gang_scheduling_can_be_left_out_at_each_point(tmp_path: Path) -> None:
    def bound(profile: dict[str, Any], count: int) -> int:
        w = configured(tmp_path, profile, gangs=True)
        for number in range(2):
            w.add_node(node(f"n{number}", 1_000))
        pods = gang(w, count)
        w.run(10 * SECOND)
        return sum(w.cluster.pods.node[p] >= 0 for p in pods)

    assert bound({}, 3) == 0
    assert bound(without("permit", "GangScheduling"), 3) == 2, "nobody asks for the quorum"
    assert bound(without("permit", "GangScheduling"), 2) == 0, "still waits for three pods"
    assert bound(without("preEnqueue", "GangScheduling"), 2) == 0, "two can never be three"
    assert bound(without("multiPoint", "GangScheduling"), 2) == 2


def test_a_group_of_two_profiles_fails(tmp_path: Path) -> None:
    w = configured(tmp_path, {}, {"schedulerName": "other"}, gangs=True)
    w.add_node(node("n", 8_000))
    pods = [
        *gang(w, 2),
        *w.create(pod_manifest(schedulerName="other", schedulingGroup={"podGroupName": "g"}), 1),
    ]
    w.run(10 * SECOND)
    assert [w.cluster.pods.node[p] for p in pods] == [-1] * 3
    assert "same .spec.schedulerName" in w.recorder.reasons.frame()["text"][0]
