"""Namespaces, service accounts, ReplicationControllers."""

from __future__ import annotations

import pytest

from simk8s.api.namespaces import NAMESPACES, delete_namespace
from simk8s.api.watch import Verb
from simk8s.state.deployments import DEPLOYMENTS, Deployment
from simk8s.state.policies import ServiceAccount
from simk8s.state.workloads import REPLICATIONCONTROLLERS
from tests.controllers.owners import controller, namespace, status, story
from tests.controllers.world import KEPT, SECOND, PodTimes, Times, World

SLOW = PodTimes((500_000, 500_001), (10 * SECOND, 10 * SECOND + 1))


def live(*names):
    made = World([*names], times=Times(), kubelets=SLOW)
    made.nodes(3)
    return made


def team(world, replicas=3):
    """A namespace with a Deployment in it."""
    namespace(world, "team")

    def make(owner, template):
        made = world.stamp(owner, template)
        made.template = world.cluster.templates.parse(template, "team")
        return made

    written = {"replicas": replicas, "template": KEPT}
    table = world.store.objects(DEPLOYMENTS)
    assert table.create("team/web", Deployment.of(written, make))


def test_a_namespace_goes_pods_first():
    world = live("namespace", "deployment", "replicaset", "garbage_collector")
    team(world)
    world.run(10 * SECOND)
    assert len(world.alive()) == 3
    world.at(10 * SECOND, lambda: delete_namespace(world.store, "team"))
    world.run(14_900_000)
    assert len(world.alive()) == 3, "work begins five seconds later"
    world.run(16 * SECOND)
    assert world.alive() == []
    assert world.store.objects(DEPLOYMENTS).get("team/web") is not None, "pods go first"
    assert world.store.refused > 0, "nothing new is created meanwhile"
    world.run(60 * SECOND)
    assert world.store.objects(DEPLOYMENTS).get("team/web") is None
    assert world.store.objects(NAMESPACES).get("team") is None
    assert len(story(world, Verb.DELETED)) == 3


def test_an_empty_namespace_goes_after_five_seconds():
    world = live("namespace")
    namespace(world, "team")
    world.at(SECOND, lambda: delete_namespace(world.store, "team"))
    world.run(5_900_000)
    assert world.store.objects(NAMESPACES).get("team") is not None
    world.run(6_200_000)
    assert world.store.objects(NAMESPACES).get("team") is None


@pytest.mark.parametrize("name", ["default", "missing"])
def test_what_cannot_be_deleted(name):
    world = live("namespace")
    namespace(world, "default")
    assert not delete_namespace(world.store, name)


def test_every_namespace_has_a_default_account_which_comes_again():
    world = live("serviceaccount")
    namespace(world, "team")
    world.run(SECOND)
    accounts = world.store.objects("serviceaccounts")
    assert list(accounts.keys()) == ["team/default"]
    world.at(2 * SECOND, lambda: accounts.delete("team/default"))
    world.run(3 * SECOND)
    assert list(accounts.keys()) == ["team/default"]


def test_an_account_of_ones_own_is_left_alone():
    world = live("serviceaccount")
    accounts = world.store.objects("serviceaccounts")
    own = ServiceAccount("team", "default", automount=False)
    assert accounts.create("team/default", own)
    namespace(world, "team")
    world.run(SECOND)
    assert accounts.get("team/default").value is own


def test_a_replicationcontroller_keeps_its_pods():
    world = live("replicationcontroller", "replicaset", "garbage_collector")
    key = controller(world, 4)
    world.replicaset(2)
    world.run(5 * SECOND)
    assert len(world.alive()) == 6
    assert status(world, REPLICATIONCONTROLLERS, key).ready == 4
    world.store.delete_pod(world.alive()[0])
    world.run(20 * SECOND)
    assert len(world.alive()) == 6
    world.store.objects(REPLICATIONCONTROLLERS).delete(key)
    world.run(60 * SECOND)
    assert len(world.alive()) == 2


def test_deleting_twice_is_deleting_once():
    world = live("namespace")
    namespace(world, "team")
    assert delete_namespace(world.store, "team")
    assert not delete_namespace(world.store, "team")
