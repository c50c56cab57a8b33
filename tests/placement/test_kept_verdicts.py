"""Verdicts on kept ground, preemption by sums and searches in one pass say what the long way says,
whatever happens in between.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.preemption import preempt
from simk8s.placement.ranking import Ranking
from simk8s.placement.sampling import Sampling
from simk8s.placement.search import Search
from simk8s.placement.verdicts import Verdicts
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.objects import Budget
from simk8s.state.selectors import LabelSelector, Taint
from tests.world import GIB, add_pod, node, pod_manifest, query

TAINTS = ((), (Taint("dedicated", "gpu", "NoSchedule"),), (Taint("slow", "", "PreferNoSchedule"),))
SPREAD = [
    {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
]
SOFT = [SPREAD[0] | {"whenUnsatisfiable": "ScheduleAnyway"}]
ALONE = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "labelSelector": {"matchLabels": {"app": "web"}},
                "topologyKey": "kubernetes.io/hostname",
            }
        ]
    }
}
BY_NAME = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchFields": [
                        {"key": "metadata.name", "operator": "In", "values": ["n0", "n2"]}
                    ]
                }
            ]
        }
    }
}
TOLERATES = [{"key": "dedicated", "operator": "Exists"}]
SHAPES = (
    pod_manifest("500m", "512Mi"),
    pod_manifest("1500m", "1Gi", priority=5),
    pod_manifest("2500m", "3Gi", priority=10, tolerations=TOLERATES),
    pod_manifest("700m", "1Gi", priority=3, nodeSelector={"topology.kubernetes.io/zone": "b"}),
    pod_manifest("9", "1Gi", priority=7),
    pod_manifest("1400m", "3Gi", priority=9, topologySpreadConstraints=SPREAD),
    pod_manifest("300m", "1Gi", priority=2, affinity=ALONE),
    pod_manifest("600m", "1Gi", priority=8, affinity=BY_NAME),
    pod_manifest(None, None, priority=1),
    pod_manifest("1200m", "2Gi", priority=6, topologySpreadConstraints=SOFT),
)
EVENTS = ("place", "place", "place", "place", "end", "taint", "cordon", "add", "remove", "nominate")
steps = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 60), st.integers(0, 60)), max_size=40
)


class World:
    """A small cluster to which things happen."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.running: list[int] = []
        for i in range(5):
            self._add(i)
        parse = self.cluster.templates.parse
        self.templates = [
            parse(shape | {"metadata": {"labels": {"app": "web"}}}, "default") for shape in SHAPES
        ]
        self.view = View(self.cluster)

    def _add(self, i: int) -> None:
        zone = "ab"[i % 2]
        self.cluster.nodes.add(node(f"n{i}", 2_000 + 500 * (i % 3), 6 * GIB, zone=zone))

    def step(self, what: str, a: int, b: int) -> None:
        cluster = self.cluster
        nodes = cluster.nodes
        row = a % nodes.n
        if what == "place":
            pod = add_pod(cluster, self.templates[b % len(self.templates)])
            cluster.pods.running_us[pod] = a * 1_000_000
            if nodes.exists[row]:
                cluster.charge(pod, row, 0)
                self.running.append(pod)
        elif what == "end" and self.running:
            cluster.release(self.running.pop(b % len(self.running)))
        elif what in ("taint", "cordon") and nodes.exists[row]:
            spec = nodes.specs[row]
            change = {"taints": TAINTS[b % 3]} if what == "taint" else {"unschedulable": b % 2 > 0}
            nodes.set_spec(row, replace(spec, **change))
        elif what == "add":
            self._add(nodes.n)
        elif what == "remove" and nodes.exists[row] and not nodes.pods_on[row]:
            nodes.remove(row)
        elif what == "nominate" and nodes.exists[row]:
            cluster.nominate(add_pod(cluster, self.templates[b % len(self.templates)]), row)

    def queries(self) -> list[Query]:
        return [query(self.cluster, add_pod(self.cluster, t)) for t in self.templates]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_kept_ground_gives_the_verdict_of_the_whole_cycle(
    happens: list[tuple[str, int, int]],
) -> None:
    world = World()
    view, framework = world.view, Framework.of(Profile())
    verdicts = Verdicts(framework, view, Ranking(framework, view), budget=4_000)
    for number, step in enumerate(happens):
        world.step(*step)
        asked = world.queries()[number % len(SHAPES)]
        kept, fresh = verdicts.of(asked), cycle.verdict(framework, asked, view)
        assert kept.reasons == fresh.reasons
        assert list(kept.reasons) == list(fresh.reasons), "the order of first mention, too"
        assert (kept.nodes, kept.plugins, kept.message) == (
            fresh.nodes,
            fresh.plugins,
            fresh.message,
        )
        assert kept.resolvable.tolist() == fresh.resolvable.tolist()


@settings(max_examples=60, deadline=None)
@given(steps, st.booleans(), st.integers(0, 3))
def test_sums_displace_whom_the_dry_run_displaces(
    happens: list[tuple[str, int, int]], guarded: bool, nominated: int
) -> None:
    world = World()
    view, framework = world.view, Framework.of(Profile())
    if guarded:
        selector = LabelSelector.parse({"matchLabels": {"app": "web"}})
        world.cluster.objects.put_budget(Budget("default", "web", selector, allowed=1))
    for place in range(25):  # five pods a node that most others may displace
        world.step("place", place, (0, 8, 0, 1, 0)[place // 5])
    for row in range(nominated):
        world.step("nominate", row, 1)
    for step in happens:
        world.step(*step)
    for asked in world.queries():
        resolvable = cycle.verdict(framework, asked, view).resolvable
        found = preempt(framework, asked, view, resolvable)
        assert found == preempt(framework, asked, view, resolvable, by_sums=False)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 300), st.integers(1, 100))
def test_one_pass_finds_what_windows_find(
    happens: list[tuple[str, int, int]], start: int, percentage: int
) -> None:
    world = World()
    for _ in range(125):  # fewer than a hundred are all looked at
        world.step("add", 0, 0)
    view, framework = world.view, Framework.of(Profile())
    for step in happens:
        world.step(*step)
    for asked in world.queries():
        found = []
        for small in (0, 1 << 20):
            ranking = Ranking(framework, view)
            sampling = Sampling(ranking, framework, view, small)
            order, search = view.nodes.tree.order, Search(percentage, start % view.nodes.n)
            static = ranking.static(asked)
            limits = sampling.limits(asked, static)
            rows, total, constant, looked_at, _ = sampling.sample(
                asked, static, (), order, search, limits
            )
            if isinstance(rows, slice):
                rows = np.arange(rows.start, rows.stop)
            shown = rows.tolist() if len(total) else []
            found.append((shown, total.tolist(), constant, looked_at))
        assert found[0] == found[1]
