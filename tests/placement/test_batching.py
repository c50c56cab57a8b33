"""OpportunisticBatching: who signs, when a hint is given, and that it is the next of the heap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.placement.batching import Batching, Cycles, heap_init, heap_pop, signs
from simk8s.placement.config import configuration_of
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.ties import HeapOrder
from simk8s.placement.view import View
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.cluster import Cluster
from simk8s.strategies._kube_scheduler_params import Params
from tests.world import SECOND, add_pod, node, pod_manifest, query, world

PLAIN = {"pluginConfig": [{"name": "PodTopologySpread", "args": {"defaultingType": "List"}}]}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "z",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {},
}
NEAR = {
    "podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {}, "topologyKey": "kubernetes.io/hostname"}
        ]
    }
}


def framework(**profile: Any) -> Framework:
    return Framework.of(configuration_of({"profiles": [profile]}).profiles["default-scheduler"])


def test_the_default_profile_signs_nothing() -> None:
    assert not signs(framework())
    assert not signs(Framework.of(Profile()))


def test_without_default_spreading_pods_are_signed() -> None:
    assert signs(framework(**PLAIN))
    off = {"plugins": {"multiPoint": {"disabled": [{"name": "PodTopologySpread"}]}}}
    assert signs(framework(**off))
    own = {"score": {"enabled": [{"name": "BestFit"}]}}
    assert not signs(framework(**PLAIN, plugins=own)), "a plugin of one's own cannot sign"
    config = configuration_of({"profiles": [PLAIN]}, ties="random")
    assert not signs(Framework.of(config.profiles["default-scheduler"]))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_the_heap_gives_the_best_first_and_the_same_root(totals: list[int]) -> None:
    heap = [(total, row) for row, total in enumerate(totals)]
    heap_init(heap)
    best = np.flatnonzero(np.array(totals) == max(totals))
    assert heap[0][1] == HeapOrder().root(best)
    taken = [heap_pop(heap) for _ in totals]
    assert [total for total, _ in taken] == sorted(totals, reverse=True)
    assert sorted(row for _, row in taken) == list(range(len(totals)))


def test_equals_come_off_in_the_order_of_gos_heap() -> None:
    heap = [(1, row) for row in range(7)]
    heap_init(heap)
    assert [heap_pop(heap)[1] for _ in range(7)] == [0, 6, 5, 4, 3, 2, 1]


# --- hints


class Bench:
    """Three nodes with room for one pod each, and a search that found all of them."""

    def __init__(self, cpu: int = 1_000, **manifest: Any) -> None:
        self.cluster = Cluster()
        for number in range(3):
            self.cluster.nodes.add(node(f"n{number}", cpu))
        self.cycles = Cycles(1)
        self.batching = Batching(framework(**PLAIN), View(self.cluster), self.cycles)
        self.manifest = pod_manifest("800m", **manifest)
        pod = self.pod()
        kept = np.array([0, 1, 2]), np.array([9, 8, 7]), 1
        self.batching.found(query(self.cluster, pod), 0, kept, 0)
        self.cluster.charge(pod, 0, 0)

    def pod(self, manifest: dict[str, Any] | None = None) -> int:
        template = self.cluster.templates.parse(manifest or self.manifest, "default")
        return add_pod(self.cluster, template)

    def next(self, now_us: int = 1_000, manifest: dict[str, Any] | None = None) -> int | None:
        self.cycles.count += 1
        return self.batching.hint(query(self.cluster, self.pod(manifest)), now_us)


def test_the_next_best_node_is_the_hint() -> None:
    bench = Bench()
    assert bench.next() == 1
    bench.batching.taken(1)
    bench.cluster.charge(bench.pod(), 1, 0)
    assert bench.next() == 2
    bench.batching.taken(2)
    bench.cluster.charge(bench.pod(), 2, 0)
    assert bench.next() is None, "none is left"


def test_a_hint_that_does_not_fit_is_not_given() -> None:
    bench = Bench()
    bench.cluster.charge(bench.pod(), 1, 0)
    assert bench.next() is None


def test_no_hint_while_the_last_node_has_room() -> None:
    assert Bench(cpu=4_000).next() is None


def test_hints_live_half_a_second() -> None:
    assert Bench().next(now_us=500_000) == 1
    assert Bench().next(now_us=500_001) is None


def test_hints_are_for_the_very_next_cycle() -> None:
    bench = Bench()
    bench.cycles.count += 1
    assert bench.next() is None


def test_hints_are_for_equal_pods() -> None:
    assert Bench().next(manifest=pod_manifest("700m")) is None
    assert Bench().next(manifest=pod_manifest("800m", metadata={"labels": {"a": "b"}})) is None
    assert Bench().next(manifest=pod_manifest("800m", restartPolicy="Never")) == 1, "not looked at"


@pytest.mark.parametrize(
    "spec", [{"topologySpreadConstraints": [SPREAD]}, {"affinity": NEAR}, {"resourceClaims": [1]}]
)
def test_pods_that_look_at_others_have_no_signature(spec: dict[str, Any]) -> None:
    assert Bench(**spec).next() is None


# --- in a scheduler


def decisions(tmp_path: Any, on: bool, config: str) -> tuple[list[int], list[int]]:
    path = tmp_path / "scheduler.yaml"
    path.write_text(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n" + config
    )
    given = {"config": str(path), "featureGates": {"OpportunisticBatching": on}}
    w = world(params=Params.model_validate(given))
    for number in range(20):
        w.add_node(node(f"n{number}", 1_000))
    pods = w.create(pod_manifest("800m"), 20)
    w.run(SECOND)
    services = w.recorder.decisions.frame()["service_us"].to_list()
    return [w.cluster.pods.node[p] for p in pods], services


LIST = "profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultingType: List}}]}]\n"


def test_batched_pods_cost_two_nodes_a_cycle(tmp_path: Any) -> None:
    nodes, services = decisions(tmp_path, True, LIST)
    assert sorted(nodes) == list(range(20))
    whole, two = CycleTimes().cycle_us(20), CycleTimes().cycle_us(2)
    assert services == [whole, *[two] * 19]
    plain, full = decisions(tmp_path, False, LIST)
    assert sorted(plain) == list(range(20))
    assert full == [whole] * 20
    assert nodes[0] == plain[0]
    assert nodes != plain, "equals come off the heap in another order than they are found anew"


def test_as_shipped_the_gate_changes_nothing(tmp_path: Any) -> None:
    assert decisions(tmp_path, True, "") == decisions(tmp_path, False, "")
