"""Templates made from one are read as if each had been read by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simk8s.state.cluster import Cluster
from simk8s.state.shapes import PodTemplate
from simk8s.state.twins import twins
from simk8s.workload.templates import derived
from tests.world import pod_manifest

TOLERATION = {"key": "gpu", "operator": "Exists"}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "matchLabelKeys": ["template"],
}
TERM = {"topologyKey": "zone", "labelSelector": {}, "matchLabelKeys": ["template"]}
AFFINITY = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}
SPECS: list[dict[str, Any]] = [
    {},
    {"tolerations": [TOLERATION], "nodeSelector": {"zone": "a"}, "priority": 5},
    {"topologySpreadConstraints": [SPREAD]},
    {"affinity": AFFINITY},
    {"initContainers": [{"name": "i", "resources": {"requests": {"cpu": "3"}}}]},
]


def alone(manifest: Mapping[str, Any], number: int) -> PodTemplate:
    """Read where nothing was read before, but for as many others as it has before it."""
    cluster = Cluster()
    for i in range(number):
        other = pod_manifest(metadata={"labels": {"other": str(i)}})
        cluster.templates.parse(other | {"apart": i}, "default")
    return cluster.templates.parse(manifest, "default")


@pytest.mark.parametrize("spec", SPECS)
def test_made_from_one_and_read_alone_are_equal(spec: dict[str, Any]) -> None:
    cluster = Cluster()
    metadata = {"labels": {"app": "x"}, "annotations": {"a": "b"}}
    for i, manifest in enumerate(derived(pod_manifest(metadata=metadata, **spec), 5, "template")):
        found = cluster.templates.parse(manifest, "default")
        expected = alone(manifest, i)
        assert found.labels["template"] == f"t-{i}"
        expected.requests = found.requests if same(expected, found) else expected.requests
        assert found == expected
        assert (found.spec, found.manifest) == (manifest["spec"], manifest)


def same(one: PodTemplate, other: PodTemplate) -> bool:
    """Whether they ask for the same; each table counts its vectors for itself."""
    return one.requests.values == other.requests.values


def test_another_namespace_and_no_admission_are_read_afresh() -> None:
    cluster, (one, two, three) = Cluster(), derived(pod_manifest(), 3, "template")
    assert cluster.templates.parse(one, "a").namespace == "a"
    assert cluster.templates.parse(two, "b").namespace == "b"
    assert cluster.templates.parse(three, "b", admit=False).tolerations == ()


def test_twins_differ_in_labels_and_resources_alone() -> None:
    one, two = derived(pod_manifest(metadata={"annotations": {"a": "b"}}), 2, "template")
    assert twins(one, two)
    assert not twins(one, {**two, "spec": {**two["spec"], "priority": 3}})
    assert not twins(one, {**two, "metadata": {**two["metadata"], "annotations": {}}})
    container = {**two["spec"]["containers"][0], "image": "other"}
    assert not twins(one, {**two, "spec": {**two["spec"], "containers": [container]}})
    assert not twins(one, {**two, "spec": {**two["spec"], "containers": []}})
