"""What plugins promise beforehand holds: where they sleep, and that amounts alone decide."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.placement.base import ALL, FilterPlugin, ScorePlugin
from simk8s.placement.framework import DEFAULT_FILTERS, DEFAULT_SCORES, Framework, Profile
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from tests.world import GIB, add_pod, node, pod_manifest, query

FRAMEWORK = Framework.of(Profile())
PLUGINS: dict[str, FilterPlugin | ScorePlugin] = {
    **dict(zip(DEFAULT_FILTERS, FRAMEWORK.filters, strict=True)),
    **{
        name: plugin
        for (name, _), (plugin, _) in zip(DEFAULT_SCORES, FRAMEWORK.scores, strict=True)
    },
}
CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
PORT = {"name": "main", "image": "app", "ports": [{"containerPort": 80, "hostPort": 80}]}
SHAPES = (
    pod_manifest("500m", "1Gi"),
    pod_manifest("3", "4Gi", volumes=[CLAIM]),
    pod_manifest(None, None) | {"spec": {"containers": [PORT]}},
    pod_manifest("1500m", "2Gi", nodeSelector={"topology.kubernetes.io/zone": "b"}),
)


def world() -> Cluster:
    cluster = Cluster()
    for i in range(8):
        cluster.nodes.add(node(f"n{i}", 1_000 + 500 * i, (1 + i) * GIB, zone="ab"[i % 2], pods=2))
    for i in range(10):
        template = cluster.templates.parse(SHAPES[i % 2], "default")
        cluster.charge(add_pod(cluster, template), (3 * i) % 8, 0)
    return cluster


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_sleeps_without_the_field_that_it_names(name: str) -> None:
    plugin, cluster = PLUGINS[name], world()
    for shape in SHAPES:
        template = cluster.templates.parse(shape, "default")
        asked = query(cluster, add_pod(cluster, template))
        if plugin.sleeps_without and not getattr(template, plugin.sleeps_without):
            assert not plugin.wakes(asked, View(cluster))


def test_some_plugins_do_name_one() -> None:
    assert {plugin.sleeps_without for plugin in PLUGINS.values()} == {"", "volumes", "ports"}


@pytest.mark.parametrize("plugin", FRAMEWORK.filters, ids=lambda plugin: plugin.name)
def test_where_amounts_decide_nothing_else_does(plugin: FilterPlugin) -> None:
    cluster = world()
    view = View(cluster)
    for shape in SHAPES:
        asked = query(cluster, add_pod(cluster, cluster.templates.parse(shape, "default")))
        amounts = plugin.amounts(asked, view) if plugin.wakes(asked, view) else None
        if amounts is not None:
            fits = np.ones(cluster.nodes.n, bool)
            for resource, amount in amounts:
                fits &= cluster.nodes.free[resource] >= amount
            assert ((plugin.filter(asked, view, ALL) == 0) == fits).all()
            assert 0 < fits.sum() < len(fits), "both answers occur"
