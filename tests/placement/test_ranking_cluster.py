"""Rankings with plugins that read the whole cluster equal a full cycle, step by step."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.placement.base import PluginError
from simk8s.placement.cycle import evaluate
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.ranking import Ranking
from simk8s.placement.select import Selector
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, MEMORY, PODS
from tests.world import add_pod, pod_manifest, query

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
APPS = ({"app": "x"}, {"app": "y"}, {})


def _spread(key: str, hard: bool, skew: int) -> dict[str, Any]:
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }


def _term(key: str, app: str) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}


def _affinity(kind: str, *, required: bool, key: str, app: str) -> dict[str, Any]:
    if required:
        return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [_term(key, app)]}}
    weighted = {"weight": 10, "podAffinityTerm": _term(key, app)}
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}


FLAWED = {
    "nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 1,
                "preference": {
                    "matchExpressions": [{"key": "g", "operator": "Gt", "values": ["x"]}]
                },
            }
        ]
    }
}
SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"topologySpreadConstraints": [_spread(ZONE, True, 1)]},
    {"topologySpreadConstraints": [_spread(ZONE, False, 1), _spread(HOST, False, 2)]},
    {"affinity": _affinity("podAntiAffinity", required=True, key=HOST, app="x")},
    {"affinity": _affinity("podAntiAffinity", required=False, key=ZONE, app="y")},
    {"affinity": _affinity("podAffinity", required=True, key=ZONE, app="y")},
    {"affinity": _affinity("podAffinity", required=False, key=HOST, app="x")},
    {"affinity": FLAWED},
    {"ports": 80},
)


def _manifest(number: int) -> dict[str, Any]:
    spec = dict(SPECS[number % len(SPECS)])
    port = spec.pop("ports", None)
    labels = APPS[number // len(SPECS) % len(APPS)]
    manifest = pod_manifest("500m", "512Mi", metadata={"labels": labels}, **spec)
    if port is not None:
        manifest["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": port}]
    return manifest


def _node(name: str, zone: str | None, images: int) -> NodeSpec:
    labels = {HOST: name, **({ZONE: zone} if zone else {})}
    held = (("app:latest", 400 << 20),) if images else ()
    return NodeSpec(name, labels, {CPU: 4000, MEMORY: 8 << 30, PODS: 6}, images=held)


steps = st.lists(
    st.tuples(
        st.sampled_from(["place"] * 6 + ["end", "leave", "node", "relabel", "gone", "service"]),
        st.integers(0, 200),
    ),
    max_size=40,
)


class _Play:
    """Applies steps to a cluster."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        for i in range(5):
            self.cluster.nodes.add(_node(f"n{i}", (None, "a", "b")[i % 3], i % 2))
        self.running: list[int] = []

    def change(self, verb: str, number: int) -> None:
        cluster, nodes = self.cluster, self.cluster.nodes
        row = number % nodes.n
        if verb == "end" and self.running:
            cluster.release(self.running.pop(number % len(self.running)))
        elif verb == "leave" and self.running:
            cluster.terminate(self.running[number % len(self.running)], 1)
        elif verb == "node":
            nodes.add(_node(f"x{nodes.n}", "abc"[number % 3], number % 2))
        elif verb == "relabel" and nodes.exists[row]:
            nodes.set_spec(row, _node(nodes.specs[row].name, "abc"[number % 3], number % 2))
        elif verb == "gone" and nodes.exists[row] and not nodes.pods_on[row]:
            nodes.remove(row)
        elif verb == "service":
            cluster.objects.put_service("default", f"s{number % 2}", {"app": "xy"[number % 2]})


@settings(max_examples=150, deadline=None)
@given(steps)
def test_ranking_equals_a_full_cycle(moves: list[tuple[str, int]]) -> None:
    play = _Play()
    cluster, view = play.cluster, View(play.cluster)
    framework = Framework.of(Profile())
    ranking = Ranking(framework, view)
    selector = Selector(framework, view, np.random.default_rng(0))
    for verb, number in moves:
        if verb != "place":
            play.change(verb, number)
            continue
        template = cluster.templates.parse(_manifest(number), "default")
        q = query(cluster, add_pod(cluster, template))
        full = evaluate(Framework.of(Profile()), q, view)
        if full.error is not None:
            with pytest.raises(PluginError, match=re.escape(full.error)):
                ranking.rank(q)
            continue
        ranked = ranking.rank(q)
        rows = np.flatnonzero(ranked.total >= 0.0)
        assert rows.tolist() == full.feasible.tolist()
        assert ranked.feasible == len(rows)
        if len(rows) > 1:
            assert (ranked.total[rows] + ranked.constant).tolist() == full.total.tolist()
        choice = selector.select(q)
        assert (choice is None) == (not len(rows))
        if choice is not None:
            assert choice.node in full.best.tolist()
            cluster.charge(q.pod, choice.node, 0)
            play.running.append(q.pod)
