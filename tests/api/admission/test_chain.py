"""The chain: order, one verdict a template, nothing at all where nothing is declared."""

from __future__ import annotations

import pytest

from simk8s.api.admission._chain import ORDER
from simk8s.api.refused import Refused, was_refused
from simk8s.state.pods import Phase
from tests.api.admission.world import World, asks


@pytest.fixture
def world():
    return World()


def counting(world):
    """How often any plugin is asked about a pod."""
    asked = []
    for plugin in world.store.admission.plugins:
        for step in ("mutate", "validate"):
            real = getattr(plugin, step)

            def call(review, real=real, name=f"{plugin.name}.{step}"):
                asked.append(name)
                return real(review)

            setattr(plugin, step, call)
    return asked


def test_all_mutate_in_order_then_all_validate(world):
    world.put("priorityclasses", "high", value=1)
    asked = counting(world)
    world.admitted()
    names = [made.name for made in ORDER]
    assert asked == [f"{n}.mutate" for n in names] + [f"{n}.validate" for n in names]


def test_the_first_refusal_ends_it(world):
    world.put("serviceaccounts", "other")
    world.put("priorityclasses", "high", value=1)
    world.quota({"pods": 0})
    asked = counting(world)
    assert world.refusal(serviceAccountName="bot", priorityClassName="x")[1] == "ServiceAccount"
    assert asked[-1] == "ServiceAccount.mutate"
    assert world.refusal(priorityClassName="x")[1] == "Priority"
    assert world.refusal()[1] == "ResourceQuota"


def test_one_verdict_a_template_and_version(world):
    world.quota({"pods": 100})
    asked = counting(world)
    for _ in range(20):
        world.admitted(asks("1"))
    once = len(asked)
    assert once == 2 * len(ORDER)
    world.admitted(asks("2"))
    assert len(asked) == 2 * once
    world.put("priorityclasses", "high", value=1)
    world.admitted(asks("1"))
    assert len(asked) == 3 * once


def test_where_nothing_is_declared_nobody_is_asked(world):
    asked = counting(world)
    pod, _ = world.create(priorityClassName="x", runtimeClassName="y", serviceAccountName="z")
    assert asked == []
    assert world.cluster.pods.template[pod] == 0


def test_a_template_that_nobody_changes_stays_the_same(world):
    world.quota({"pods": 9})
    world.put("priorityclasses", "high", value=1)
    template = world.admitted(asks("1"))
    assert template.id == 0
    assert len(world.cluster.templates.items) == 1


def test_an_owner_tries_again_with_the_same_row(world):
    world.quota({"pods": 0})
    row = world.row(owner=0)
    world.cluster.owner("ReplicaSet/web")
    assert not world.store.create_pods((row,))
    assert world.cluster.pods.phase[row] == Phase.UNBORN
    assert world.cluster.pods.refusals == {}
    world.store.objects("resourcequotas").delete("team/one")
    assert world.store.create_pods((row,)) is True


def test_refused_is_falsy_and_known_as_refused():
    refused = Refused(403, "Forbidden", "no")
    assert not refused
    assert str(refused) == "Forbidden: no"
    assert was_refused(refused)
    assert was_refused(False)
    assert not was_refused(0), "row 0"
    assert not was_refused(None)
    assert not was_refused(True)


def test_the_chain_has_a_price(world):
    assert world.store.admission.admission_us == sum(made.admission_us for made in ORDER)
