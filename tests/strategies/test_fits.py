"""The simple strategies, by what they do on clusters of a few nodes."""

from __future__ import annotations

from typing import Any

import pytest

from simk8s import catalog
from simk8s.kernel.streams import Streams
from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.requests import GpuRequest
from simk8s.strategies.base import Context, Strategy
from tests.world import GIB, add_pod, node, pod_manifest


def build(name: str, cluster: Cluster, incremental: bool = True, **params: Any) -> Strategy:
    made: type[Strategy] = catalog.resolve("strategies", name)
    model = catalog.params_of("strategies", name)
    context = Context(View(cluster), Streams(3).get("strategy"), incremental)
    return made(model.model_validate(params), context)


def place(
    strategy: Strategy, cluster: Cluster, cpu: int, gpus: int = 0, milli: int = 1000
) -> tuple[str, int]:
    """Node and device mask of a pod that asks so much; ("", 0) if it fits nowhere."""
    gpu = GpuRequest(gpus, milli if gpus else 0)
    template = cluster.templates.parse(pod_manifest(), "default")
    pod = add_pod(cluster, template)
    requests = cluster.requests.intern((cpu, GIB), gpu=gpu)
    cluster.pods.requests[pod] = requests.id
    plan = strategy.propose([Query(pod, template, requests, 0)], 0)
    if not plan.assignments:
        return "", 0
    chosen = plan.assignments[0]
    devices = chosen.devices
    if devices is None:
        devices = cluster.nodes.choose_devices(chosen.node, requests) or 0
    cluster.charge(pod, chosen.node, devices)
    return cluster.nodes.specs[chosen.node].name, devices


def plain(*cpus: int) -> Cluster:
    cluster = Cluster()
    for number, cpu in enumerate(cpus):
        cluster.nodes.add(node(f"n{number}", cpu, 64 * GIB))
    return cluster


def gpus(*counts: int, cpu: int = 32_000) -> Cluster:
    cluster = Cluster()
    for number, count in enumerate(counts):
        cluster.nodes.add(node(f"n{number}", cpu, 64 * GIB, gpus=count, gpu_model="T4"))
    return cluster


def test_next_fit_goes_on_from_the_last_node_and_round() -> None:
    cluster = plain(4_000, 8_000, 4_000)
    strategy = build("next_fit", cluster)
    asked = (3_000, 5_000, 3_000, 3_000, 1_000, 99_000, 1_000)
    nodes = [place(strategy, cluster, cpu)[0] for cpu in asked]
    assert nodes == ["n0", "n1", "n1", "n2", "n2", "", "n0"]


def test_worst_fit_spreads_and_best_fit_packs() -> None:
    for name, expected in (("worst_fit", ["n1", "n1", "n0"]), ("best_fit", ["n0", "n0", "n1"])):
        cluster = plain(6_000, 12_000)
        strategy = build(name, cluster)
        assert [place(strategy, cluster, 3_000)[0] for _ in range(3)] == expected


def test_best_fit_in_percent_does_not_see_small_differences() -> None:
    for steps, expected in (("fine", "n1"), ("percent", "n0")):
        cluster = plain(100_100, 100_000)
        assert place(build("best_fit", cluster, steps=steps), cluster, 1_000)[0] == expected


def test_random_fit_can_draw_devices() -> None:
    tightest, drawn = gpus(8), gpus(8)
    one, other = build("random_fit", tightest), build("random_fit", drawn, devices="random")
    assert {place(one, tightest, 100, 1, 100)[1] for _ in range(9)} == {1}
    assert len({place(other, drawn, 100, 1, 100)[1] for _ in range(9)}) > 3


def test_ratio_follows_its_line() -> None:
    falling = [{"utilization": 0, "score": 10}, {"utilization": 100, "score": 0}]
    for params, expected in (({}, ["n0", "n0"]), ({"shape": falling}, ["n0", "n1"])):
        cluster = plain(8_000, 8_000)
        strategy = build("requested_to_capacity_ratio", cluster, **params)
        assert [place(strategy, cluster, 2_000)[0] for _ in range(2)] == expected


HALVES = [{"cpu": "6", "gpus": 1, "gpuMilli": 500}]


def test_least_stranded_keeps_the_cpu_that_idle_gpus_need() -> None:
    cluster = gpus(2, 8, 1)  # 32 cores each: 24, 96 and 12 are needed
    strategy = build("least_stranded", cluster, typical=HALVES)
    assert [place(strategy, cluster, 8_000)[0] for _ in range(3)] == ["n0", "n2", "n2"]


def test_least_stranded_fills_a_device_before_it_opens_one() -> None:
    cluster = gpus(2, cpu=64_000)
    strategy = build("least_stranded", cluster, typical=HALVES)
    asked = (600, 500, 400, 500)
    assert [place(strategy, cluster, 1_000, 1, milli)[1] for milli in asked] == [1, 2, 1, 2]


@pytest.mark.parametrize("name", ["fgd", "least_stranded"])
@pytest.mark.parametrize("typical", [None, HALVES])
def test_incremental_and_full_place_alike(name: str, typical: Any) -> None:
    answers = []
    for incremental in (True, False):
        cluster = gpus(2, 4, 8)
        strategy = build(name, cluster, incremental, typical=typical)
        asked = [(1_000 * (i % 5), i % 3, (1000, 500, 1000)[i % 3]) for i in range(25)]
        answers.append([place(strategy, cluster, *one) for one in asked])
    assert answers[0] == answers[1]
    assert "" in {node for node, _ in answers[0]}
