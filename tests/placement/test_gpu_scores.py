"""Scores for GPU pods against figures worked out by hand, and kept against computed ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.placement.base import ALL, Query, ScorePlugin
from simk8s.placement.plugins._devices import States
from simk8s.placement.plugins._fragmentation import Fragmentation
from simk8s.placement.plugins._typical import Census, Shape, typical_of
from simk8s.placement.plugins._worth import worth_of
from simk8s.placement.plugins.best_fit_percent import BestFitPercent
from simk8s.placement.plugins.dot_product import DotProduct
from simk8s.placement.plugins.fgd import Fgd, points
from simk8s.placement.plugins.gpu_clustering import GpuClustering
from simk8s.placement.plugins.gpu_packing import GpuPacking
from simk8s.placement.plugins.least_stranded import LeastStranded
from simk8s.placement.plugins.worst_fit import WorstFit
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.requests import GpuRequest
from tests.world import GIB, add_pod, node, pod_manifest


def cluster_of(*nodes: tuple[int, int]) -> Cluster:
    """Nodes by (CPU milli, GPUs)."""
    cluster = Cluster()
    for number, (cpu, gpus) in enumerate(nodes):
        model = ("T4", "V100")[number % 2] if gpus else ""
        cluster.nodes.add(node(f"n{number}", cpu, 64 * GIB, gpus=gpus, gpu_model=model))
    return cluster


def asking(cluster: Cluster, cpu: int, gpus: int = 0, milli: int = 1000) -> Query:
    gpu = GpuRequest(gpus, milli if gpus else 0)
    requests = cluster.requests.intern((cpu, GIB), gpu=gpu)
    template = cluster.templates.parse(pod_manifest(), "default")
    pod = add_pod(cluster, template)
    cluster.pods.requests[pod] = requests.id
    return Query(pod, template, requests, 0)


def put(cluster: Cluster, row: int, cpu: int, gpus: int = 0, milli: int = 1000) -> None:
    query = asking(cluster, cpu, gpus, milli)
    devices = cluster.nodes.choose_devices(row, query.requests)
    assert devices is not None
    cluster.charge(query.pod, row, devices)


def raw(plugin: ScorePlugin, cluster: Cluster, query: Query) -> list[int]:
    scores = plugin.score(query, View(cluster), ALL)
    assert scores is not None
    return [int(score) for score in scores]


def test_dot_product_by_hand() -> None:
    cluster = cluster_of((128_000, 8), (64_000, 2))
    # n0: (1·¼ + 1·⅛)/2 = 0.1875; n1: (½·¼ + ¼·⅛)/2 = 0.078125
    assert raw(DotProduct(), cluster, asking(cluster, 32_000, 1)) == [81, 92]


def test_best_fit_percent_by_hand() -> None:
    cluster = cluster_of((128_000, 8), (64_000, 2), (96_000, 8))
    query, plugin = asking(cluster, 32_000, 1), BestFitPercent()
    # left: ½·¾ + ½·⅞ = 0.8125; ½·¼ + ½·⅛ = 0.1875; ½·½ + ½·⅞ = 0.6875
    assert raw(plugin, cluster, query) == [18, 81, 31]
    view, scores = View(cluster), np.array([18, 81, 31])
    assert plugin.finish(query, view, ALL, scores).tolist() == [0, 100, 20]
    assert plugin.finish(query, view, ALL, np.array([7, 7])).tolist() == [0, 0]


def test_worst_fit_is_best_fit_turned_round() -> None:
    cluster = cluster_of((128_000, 8), (64_000, 2))
    # n0 keeps ¾ cpu, ⅞ GPU; n1 ¼ and ⅛; of memory both keep 63/64.
    memory = 984_375
    assert raw(WorstFit(), cluster, asking(cluster, 32_000, 1)) == [
        750_000 + 875_000 + memory,
        250_000 + 125_000 + memory,
    ]


def test_gpu_packing_bands() -> None:
    cluster = cluster_of((96_000, 8), (96_000, 8), (96_000, 2))
    put(cluster, 1, 1_000, 1, 400)
    shared = asking(cluster, 1_000, 1, 300)
    # idle: 33 − 8; the device in use has 600 left: 100 − 60 // 10; idle with two: 33 − 2
    assert raw(GpuPacking(), cluster, shared) == [25, 94, 31]
    # whole pairs: n1 opens two free devices
    assert raw(GpuPacking(), cluster, asking(cluster, 1_000, 2)) == [25, 48, 31]
    assert GpuPacking().key(asking(cluster, 1_000), View(cluster)) is None


def test_gpu_clustering_by_kind() -> None:
    cluster = cluster_of((96_000, 8), (96_000, 8), (96_000, 8), (96_000, 8))
    put(cluster, 1, 1_000, 1, 500)
    put(cluster, 2, 1_000, 1, 500)
    put(cluster, 2, 1_000, 2)
    put(cluster, 3, 1_000, 2)
    # none: 25 + 0; only shares: 75 + 25·500//8000; among others: 50 + 25·2500//8000; others: 0 + 6
    assert raw(GpuClustering(), cluster, asking(cluster, 1_000, 1, 300)) == [25, 76, 57, 6]


PAIR = {Shape(4_000, 1000, 1): 3, Shape(2_000, 500, 1): 1}


def test_fragmentation_by_hand() -> None:
    measure = Fragmentation(typical_of(PAIR, 100), ["", "T4"])
    left = np.array([[1000, 400, 1000], [600, 0, 600]])
    states = States(np.array([8_000, 8_000, 3_000]), left, np.array([1, 1, 1]))
    # n0: ¾·600 (too small for whole ones) + ¼·0; n1: ¾·400 + ¼·400; n2: ¾·1600 (CPU) + ¼·0
    assert measure(states).tolist() == [450.0, 400.0, 1200.0]


def test_fragmentation_of_models_and_pods_without_gpu() -> None:
    counts = {Shape(1_000, 1000, 1, frozenset({"T4"})): 1, Shape(1_000, 0, 0): 1}
    measure = Fragmentation(typical_of(counts, 100), ["", "T4", "V100"])
    states = States(np.array([8_000, 8_000]), np.array([[1000, 1000]]), np.array([1, 2]))
    # A pod without GPU leaves all of it; the other can use it on a T4 alone.
    assert measure(states).tolist() == [500.0, 1000.0]


@given(st.floats(-9_000, 9_000))
def test_points_are_the_truncated_sigmoid(fall: float) -> None:
    assert points(np.array([fall])).tolist() == [int(100 / (1 + math.exp(-fall / 1000)))]


def test_no_change_of_fragmentation_is_fifty() -> None:
    assert points(np.array([0.0, -1.0, 1.0])).tolist() == [50, 49, 50]


def test_fgd_scores_the_best_device() -> None:
    cluster = cluster_of((96_000, 2))
    put(cluster, 0, 1_000, 1, 500)
    plugin, query = Fgd(), asking(cluster, 1_000, 1, 500)
    plugin.expect(typical_of(PAIR, 100))
    # F = ¾·500 before; device 0: 0 after; device 1: ¾·1000 after.
    assert raw(plugin, cluster, query) == [int(100 / (1 + math.exp(-0.375)))]
    assert plugin.device(query, View(cluster), 0) == 0


def test_typical_pods_cover_the_popularity() -> None:
    counts = {Shape(1, 0, 0): 5, Shape(2, 0, 0): 90, Shape(3, 0, 0): 5}
    found = typical_of(counts, 95)
    assert [(t.shape.cpu, t.pods) for t in found] == [(2, 90), (3, 5)]
    assert sum(t.share for t in found) == pytest.approx(1.0)


def test_typical_pods_that_differ_in_spelling_alone_are_two() -> None:
    models = frozenset("AB")
    spelt = [Shape(1, 500, 1, models, written) for written in ("A|B", "A|B|B", "")]
    found = typical_of(dict.fromkeys(spelt, 7), 60)
    # Of equal counts the later letters come first.
    assert [t.shape.written for t in found] == ["A|B|B", "A|B"]


def test_a_census_tells_when_its_pods_have_doubled() -> None:
    cluster, census = cluster_of((1, 0)), Census()
    told = [census.note([asking(cluster, 1_000)]) is not None for _ in range(9)]
    assert told == [True, True, False, True, False, False, False, True, False]
    again = asking(cluster, 1_000)
    assert [census.note([again]) for _ in range(9)] == [None] * 9


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({Shape(1, 1000, 1): 1}, {999: 0, 1000: 1000}),
        # Halves alone: what is left counts in halves.
        ({Shape(1, 500, 1): 1}, {499: 0, 500: 500, 999: 500, 1000: 1000}),
        # More 700s than 300s: a 300 fills up for nothing, a 700 costs the device.
        ({Shape(1, 700, 1): 3, Shape(1, 300, 1): 1}, {300: 0, 699: 0, 700: 1000, 1000: 1000}),
        # More 300s than 700s: three 300s a device; a 700 saves two of them.
        (
            {Shape(1, 700, 1): 1, Shape(1, 300, 1): 9},
            {299: 0, 300: 333, 600: 666, 700: 666, 900: 1000},
        ),
    ],
)
def test_worth_of_what_is_left(counts: dict[Shape, int], expected: dict[int, int]) -> None:
    worth = worth_of(typical_of(counts, 100))
    assert {milli: int(worth[milli]) for milli in expected} == expected
    assert worth[0] == 0
    assert (np.diff(worth) >= 0).all()
    assert all((worth[: 1001 - m] + worth[m] <= worth[m:]).all() for m in range(0, 1001, 100))


def test_least_stranded_by_hand() -> None:
    cluster = cluster_of((32_000, 2), (12_000, 2))
    plugin = LeastStranded()
    plugin.expect(typical_of({Shape(6_000, 500, 1): 1}, 100))  # 12 cores to a GPU
    # n0: min(2000, 2666) -> min(2000, 2000): nothing; n1: min(2000, 1000) -> 333.
    assert raw(plugin, cluster, asking(cluster, 8_000)) == [0, -667]
    # Half a GPU with 6 cores: n0 loses 500 of its devices, n1 500 of its CPU.
    assert raw(plugin, cluster, asking(cluster, 6_000, 1, 500)) == [-500, -500]
    put(cluster, 0, 1_000, 1, 600)
    # Of the 400 left on n0's first device nothing is lost.
    small = asking(cluster, 1_000, 1, 300)
    assert raw(plugin, cluster, small)[0] == 0
    assert plugin.device(small, View(cluster), 0) == 0


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from([0, 250, 500, 1000])),
    max_size=14,
)


def made(kind: type[Any], on: bool) -> Any:
    plugin = kind()
    plugin.kept.on = on
    if kind is not GpuClustering:
        plugin.expect(typical_of({**PAIR, Shape(9_000, 0, 0): 1}, 100))
    return plugin


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_what_is_kept_is_what_would_be_computed(steps: list[tuple[int, int, int]]) -> None:
    cluster = cluster_of((64_000, 4), (32_000, 2), (16_000, 0), (48_000, 4))
    kinds = (Fgd, LeastStranded, GpuClustering)
    pairs = [(made(kind, True), made(kind, False)) for kind in kinds]
    queries = [asking(cluster, 3_000, 1, 500), asking(cluster, 5_000, 2), asking(cluster, 7_000)]
    charged: list[tuple[int, int]] = []
    for row, cpu, milli in steps:
        query = asking(cluster, 1_000 * cpu, int(milli > 0), milli)
        devices = cluster.nodes.choose_devices(row, query.requests)
        if devices is None:
            if charged:
                cluster.release(charged.pop(0)[0])
        else:
            cluster.charge(query.pod, row, devices)
            charged.append((query.pod, row))
        view = View(cluster)
        for kept, fresh in pairs:
            for asked in queries:
                if kept.key(asked, view) is not None:
                    assert raw(kept, cluster, asked) == raw(fresh, cluster, asked)


def test_an_overlay_is_not_answered_from_what_is_kept() -> None:
    cluster = cluster_of((12_000, 2))
    plugin = made(LeastStranded, True)
    query, view = asking(cluster, 4_000), View(cluster)
    before = plugin.score(query, view, ALL).tolist()
    overlay = view.overlay()
    other = asking(cluster, 8_000)
    overlay.add(other.pod, 0, 0)
    assert plugin.score(query, overlay, ALL).tolist() != before
    assert plugin.score(query, view, ALL).tolist() == before
