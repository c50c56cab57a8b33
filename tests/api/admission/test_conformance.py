"""Every file of api/admission/: the folder is the registry, the chain is its order."""

from __future__ import annotations

import copy
import importlib
from pathlib import Path

import pytest

import simk8s.api.admission as room
from simk8s.api.admission._chain import ORDER
from simk8s.api.admission.base import Plugin, Review
from tests.api.admission.world import World, asks

FILES = sorted(
    path.stem
    for path in Path(room.__path__[0]).glob("*.py")
    if not path.stem.startswith("_") and path.stem != "base"
)
MANIFESTS = [
    {"spec": {"containers": [{"name": "a"}]}},
    {"spec": {"containers": [asks("1", "1Gi", limit_cpu="2")], "priorityClassName": "high"}},
    {"spec": {"containers": [asks("1")], "runtimeClassName": "kata", "serviceAccountName": "bot"}},
    {"spec": {"containers": [asks("9")], "initContainers": [asks("1")], "priority": 7}},
]


def plugin_of(name):
    module = importlib.import_module(f"simk8s.api.admission.{name}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plugin)
        and value.__module__ == module.__name__
    ]
    assert len(found) == 1, f"{name}.py: expected one plugin, found {found}"
    return found[0]


def declared():
    """A world in which every plugin has something to look at."""
    world = World()
    world.put("namespaces", "team")
    world.limits({"type": "Container", "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "4"}})
    world.put("serviceaccounts", "bot")
    world.put("priorityclasses", "high", value=10)
    kata = {"podFixed": {"cpu": "100m"}}
    world.put("runtimeclasses", "kata", handler="kata", overhead=kata)
    world.quota({"pods": "10", "requests.cpu": "10"})
    return world


def test_the_chain_is_the_folder_in_kubernetes_order():
    assert {made.__module__.rpartition(".")[2] for made in ORDER} == set(FILES)
    assert [made.name for made in ORDER] == [
        "NamespaceLifecycle",
        "LimitRanger",
        "ServiceAccount",
        "Priority",
        "DefaultTolerationSeconds",
        "RuntimeClass",
        "ResourceQuota",
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_plugin_has_a_name_and_a_price(name):
    made = plugin_of(name)
    assert made.name.lower() == name.replace("_", "")
    assert made.admission_us > 0


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("name", FILES)
def test_a_plugin_leaves_the_manifest_alone_and_says_the_same_twice(name, manifest):
    world = declared()
    plugin, before = plugin_of(name)(world.cluster), copy.deepcopy(manifest)
    answers = []
    for _ in range(2):
        review = Review("team", manifest)
        answers.append((plugin.mutate(review), plugin.validate(review), review.manifest))
        assert review.changed == (review.manifest is not manifest)
    assert answers[0] == answers[1]
    assert manifest == before, "the template is shared by other pods"


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("name", FILES)
def test_what_a_plugin_wrote_it_does_not_write_again(name, manifest):
    plugin = plugin_of(name)(declared().cluster)
    review = Review("team", manifest)
    if plugin.mutate(review) is None:
        again = Review("team", review.manifest)
        assert plugin.mutate(again) is None
        assert again.manifest == review.manifest


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("name", FILES)
def test_nothing_declared_nothing_done(name, manifest):
    plugin = plugin_of(name)(World().cluster)
    review = Review("team", manifest)
    assert plugin.mutate(review) is None
    assert plugin.validate(review) is None
    assert not review.changed
