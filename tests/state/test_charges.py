"""The quick way to charge a pod equals the general one; who asks late hears the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.placement.view import View
from simk8s.state.affinity import NO_AFFINITY
from simk8s.state.audit import violations
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER
from simk8s.state.requests import NO_GPU, GpuRequest
from tests.world import GIB, add_pod, node, pod_manifest

ALIKE = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "a"}}}]}}  # fmt: skip
Steps = list[tuple[int, bool]]
steps = st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=60)


def built() -> tuple[Cluster, list[int]]:
    """Three nodes and twelve pods: plain ones, some with defaults, some with a GPU."""
    cluster = Cluster()
    for i in range(3):
        cluster.nodes.add(node(f"n{i}", 3_000, 7 * GIB, gpus=2))
    shapes = [("250m", "1Gi"), ("1", "2Gi"), (None, None), ("1", None)]
    templates = [cluster.templates.parse(pod_manifest(*s), "default") for s in shapes]
    pods = [add_pod(cluster, templates[i % 4]) for i in range(12)]
    gpu = cluster.requests.intern((500, GIB), gpu=GpuRequest(1, 400))
    for pod in pods[8:10]:
        cluster.pods.requests[pod] = gpu.id
    return cluster, pods


def play(cluster: Cluster, pods: list[int], moves: Steps) -> None:
    for which, on in moves:
        pod, row = pods[which], which % 3
        if on and cluster.pods.charged[pod] == NEVER:
            devices = cluster.nodes.choose_devices(row, cluster.requests_of(pod))
            cluster.charge(pod, row, devices or 0)
        elif not on:
            cluster.release(pod)


def amounts(nodes: Any) -> list[Any]:
    matrices = (nodes.free, nodes.used_f, nodes.beyond, nodes.gpu_free)
    listed = [list(pods) for pods in nodes.pods_on]
    known = (nodes.lowest, nodes.lows, nodes.defaulted_pods, nodes.dirty, listed)
    return [*(matrix.tolist() for matrix in matrices), *known]


@given(steps, steps)
def test_the_quick_way_equals_the_general_one(moves: Steps, more: Steps) -> None:
    (quick, pods), (slow, _) = built(), built()
    for requests in slow.requests.items:
        requests.plain = False
    for cluster in (quick, slow):
        play(cluster, pods, moves)
    assert amounts(quick.nodes) == amounts(slow.nodes)
    assert [v for v in violations(quick) if not v.startswith("nothing_is_over")] == []
    before, views = amounts(quick.nodes), [View(c).overlay() for c in (quick, slow)]
    for overlay in views:
        for which, on in more:
            pod, row = pods[which], which % 3
            seated = pod in overlay.nodes.pods_on[row]
            if on and not seated:
                overlay.add(pod, row)
            elif seated and not on:
                overlay.remove(pod, row)
    assert amounts(views[0].nodes) == amounts(views[1].nodes)
    assert amounts(quick.nodes) == before, "what is overlaid stays as it is"


@pytest.mark.parametrize(
    ("values", "options", "plain"),
    [
        ((100, GIB), {}, True),
        ((100, GIB), {"asked": (1, 1)}, False),
        ((100, GIB), {"asked": (100, GIB)}, True),
        ((100, GIB), {"nonzero_cpu": 200}, False),
        ((100, 0), {}, False),
        ((100, GIB, 1), {}, False),
        ((100, GIB), {"gpu": GpuRequest(1, 0)}, False),
        ((100, GIB, 0, 0, 0, 1), {}, False),
    ],
)
def test_who_is_plain(values: tuple[int, ...], options: dict[str, Any], plain: bool) -> None:
    table = Cluster().requests
    base = table.intern(values, **options)
    assert base.plain is plain
    if values[1] and not {"nonzero_cpu", "asked"} & set(options):
        drawn = table.pair(base)(7, 9)
        assert drawn.plain is plain
        again = table.intern((7, 9, *values[2:]), gpu=options.get("gpu", NO_GPU))
        assert again.plain is plain


@given(steps, steps)
def test_pods_of_a_template_are_known_whenever_one_asks(moves: Steps, more: Steps) -> None:
    (early, pods), (late, _) = built(), built()
    assert list(early.charged_of(0)) == []
    for cluster in (early, late):
        play(cluster, pods, moves)
    for _ in range(2):
        for template in range(4):
            known = [sorted(cluster.charged_of(template)) for cluster in (early, late)]
            assert (
                known[0]
                == known[1]
                == sorted(
                    pod
                    for pod in pods
                    if early.pods.template[pod] == template and early.pods.charged[pod] != NEVER
                )
            )
        for cluster in (early, late):
            play(cluster, pods, more)


def test_terms_are_counted_from_the_first_pod_that_has_any() -> None:
    cluster, pods = built()
    play(cluster, pods, [(0, True)])
    assert not cluster.templates.affine
    template = cluster.templates.parse(pod_manifest(affinity=ALIKE), "default")
    assert template.affinity is not NO_AFFINITY
    shy = add_pod(cluster, template)
    cluster.charge(shy, 1, 0)
    assert sum(cluster.terms.values()) == 1
    cluster.release(shy)
    assert not cluster.terms


def test_lines_are_those_of_the_table_that_has_grown() -> None:
    cluster, pods = built()
    play(cluster, pods, [(0, True)])
    for i in range(3, 200):
        cluster.nodes.add(node(f"n{i}", 3_000, 7 * GIB))
    play(cluster, pods, [(1, True), (0, False)])
    assert violations(cluster) == []
    assert np.array_equal(cluster.nodes.free[:2, 0], (3_000, 7 * GIB))
