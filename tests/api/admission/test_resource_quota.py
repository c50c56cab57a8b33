"""Quotas: what counts, what is refused, what is released; used is never above hard."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.api.admission._chain import PUT_QUOTA_STATUS
from simk8s.state.audit import violations
from simk8s.state.pods import Phase
from simk8s.state.quota import Quota
from tests.api.admission.world import MAIN, World, asks


@pytest.fixture
def world():
    return World()


def end(world, pod, phase=Phase.SUCCEEDED):
    assert world.store.set_phase(pod, phase, world.cluster.pods.epoch[pod])


def test_what_a_pod_counts_for(world):
    hard = dict.fromkeys(["pods", "count/pods", "cpu", "requests.cpu", "limits.cpu"], 100)
    hard |= dict.fromkeys(["requests.memory", "limits.memory"], "100Gi")
    world.quota(hard | {"requests.nvidia.com/gpu": 8, "requests.ephemeral-storage": "10Gi"})
    gpus = {"limits": {"nvidia.com/gpu": 2}, "requests": {"ephemeral-storage": "1Gi"}}
    full = asks("500m", "1Gi", limit_cpu="1", limit_memory="2Gi")
    gpus["limits"] |= full["resources"]["limits"]
    gpus["requests"] |= full["resources"]["requests"]
    world.admitted(full, {"name": "b", "resources": gpus})
    assert world.used() == {
        "pods": 1,
        "count/pods": 1,
        "cpu": 1_000,
        "requests.cpu": 1_000,
        "limits.cpu": 2_000,
        "requests.memory": 2 << 30,
        "limits.memory": 4 << 30,
        "requests.nvidia.com/gpu": 2,
        "requests.ephemeral-storage": 1 << 30,
    }


def test_what_is_above_hard_is_refused_and_changes_nothing(world):
    world.quota({"pods": 2, "requests.cpu": "1500m"})
    world.admitted(asks("1"))
    assert world.refusal(asks("600m")) == (
        403,
        "ResourceQuota",
        "exceeded quota: one, requested: requests.cpu=600m, "
        "used: requests.cpu=1, limited: requests.cpu=1500m",
    )
    assert world.used() == {"pods": 1, "requests.cpu": 1_000}
    world.admitted(asks("500m"))
    assert "requested: pods=1,requests.cpu=1m" in world.refusal(asks("1m"))[2]


def test_every_quota_has_to_agree(world):
    world.quota({"pods": 5}, "a")
    world.quota({"requests.cpu": "1"}, "b")
    world.admitted(asks("1"))
    assert "exceeded quota: b" in world.refusal(asks("1"))[2]
    assert world.used("a") == {"pods": 1}


def test_every_container_has_to_say_what_it_asks_for(world):
    world.quota({"requests.cpu": "10", "limits.memory": "10Gi"})
    message = world.refusal(asks("1"), {"name": "side"}, initContainers=[{"name": "init"}])[2]
    assert message == (
        "failed quota: one: must specify limits.memory for: main,side,init; "
        "requests.cpu for: side,init"
    )
    world.admitted(asks(limit_cpu="1", limit_memory="1Gi"))


def test_a_limit_range_says_it_for_them(world):
    world.quota({"requests.cpu": "1"})
    world.limits({"type": "Container", "defaultRequest": {"cpu": "600m"}})
    world.admitted(MAIN)
    assert world.used() == {"requests.cpu": 600}
    assert world.refusal(MAIN)[1] == "ResourceQuota"


def test_what_was_drawn_counts(world):
    world.quota({"requests.cpu": "5", "pods": 9})
    world.create(asks("1"), drawn={"cpu": 3_000})
    world.create(MAIN, drawn={"cpu": 1_000})
    assert world.used() == {"requests.cpu": 4_000, "pods": 2}
    assert not world.create(asks("1"), drawn={"cpu": 1_001})[1]
    assert not violations(world.cluster)


@pytest.mark.parametrize(
    ("scopes", "spec", "counts"),
    [
        (["Terminating"], {"activeDeadlineSeconds": 60}, True),
        (["Terminating"], {}, False),
        (["NotTerminating"], {}, True),
        (["NotTerminating"], {"activeDeadlineSeconds": 60}, False),
        (["BestEffort"], {}, True),
        (["NotBestEffort"], {}, False),
        (["PriorityClass"], {}, False),
        (["PriorityClass"], {"priorityClassName": "high"}, True),
        (["BestEffort", "Terminating"], {}, False),
        (["CrossNamespacePodAffinity"], {}, False),
    ],
)
def test_scopes(world, scopes, spec, counts):
    world.quota({"pods": 5}, scopes=scopes)
    world.admitted(MAIN, **spec)
    assert world.used()["pods"] == counts


@pytest.mark.parametrize(
    ("operator", "values", "names"),
    [
        ("In", ["high"], ["high"]),
        ("NotIn", ["high"], ["", "low"]),
        ("Exists", [], ["high", "low"]),
        ("DoesNotExist", [], [""]),
    ],
)
def test_the_priority_class_scope(world, operator, values, names):
    line = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    world.put("priorityclasses", "high", value=10)
    world.put("priorityclasses", "low", value=1)
    world.quota({"pods": 9}, scopeSelector={"matchExpressions": [line]})
    counted = []
    for name in ("", "high", "low"):
        before = world.used()["pods"]
        world.admitted(MAIN, **({"priorityClassName": name} if name else {}))
        if world.used()["pods"] > before:
            counted.append(name)
    assert counted == names


def test_not_best_effort_counts_what_asks_for_something(world):
    world.quota({"pods": 5}, scopes=["NotBestEffort"])
    world.admitted(asks("1"))
    world.admitted(MAIN)
    world.create(MAIN, drawn={"memory": 1 << 30})
    assert world.used() == {"pods": 2}


def test_other_namespaces_are_free(world):
    world.quota({"pods": 0})
    world.admitted(namespace="elsewhere")
    assert world.refusal()[0] == 403


def test_a_quota_that_nobody_counted_admits_nothing(world):
    world.admitted()
    quota = Quota.parse({"spec": {"hard": {"pods": 5, "requests.cpu": 1}}}, "team", "new")
    world.store.objects("resourcequotas").create(quota.key, quota)
    message = world.refusal(asks("1"))[2]
    assert message == "status unknown for quota: new, resources: pods,requests.cpu"
    world.book.settle(quota.key)
    world.admitted(asks("1"))
    assert world.used("new") == {"pods": 2, "requests.cpu": 1_000}


def test_ended_pods_count_as_objects_alone_until_they_are_gone(world):
    world.quota({"pods": 2, "count/pods": 2, "requests.cpu": "9"})
    pod, _ = world.create(asks("1"))
    end(world, pod)
    assert world.used()["pods"] == 1, "only the controller lowers it"
    world.book.settle("team/one")
    assert world.used() == {"pods": 0, "count/pods": 1, "requests.cpu": 0}
    world.store.delete_pod(pod)
    world.book.settle("team/one")
    assert world.used() == {"pods": 0, "count/pods": 0, "requests.cpu": 0}
    assert not violations(world.cluster)


def test_a_pod_that_overstays_is_forgiven_once(world):
    world.quota({"pods": 2, "count/pods": 2})
    pod, _ = world.create()
    world.book.forgive(pod)
    world.book.forgive(pod)
    assert world.book.actual["team/one"] == {"pods": 0, "count/pods": 1}
    assert not violations(world.cluster)
    world.store.finalize_pod(pod)
    assert world.book.actual["team/one"] == {"pods": 0, "count/pods": 0}
    assert not violations(world.cluster)


def test_objects_are_counted(world):
    world.quota({"count/jobs.batch": 1, "services": 1, "count/services": 2})
    jobs, services = world.store.objects("jobs"), world.store.objects("services")
    assert jobs.create("team/a", object()) is True
    refused = jobs.create("team/b", object())
    assert (refused.code, refused.plugin) == (403, "ResourceQuota")
    assert jobs.get("team/b") is None
    assert jobs.create("elsewhere/b", object()) is True
    world.put("services", "web", spec={"selector": {"app": "web"}})
    assert world.put("services", "two").code == 403
    assert services.delete("team/web")
    assert jobs.delete("team/a")
    world.book.settle("team/one")
    assert world.used() == {"count/jobs.batch": 0, "services": 0, "count/services": 0}
    assert not violations(world.cluster)


def test_what_was_there_before_the_quota_counts(world):
    for _ in range(3):
        world.admitted()
    world.store.objects("jobs").create("team/a", object())
    world.quota({"pods": 2, "count/jobs.batch": 5})
    assert world.used() == {"pods": 3, "count/jobs.batch": 1}
    assert world.refusal()[0] == 403
    assert not violations(world.cluster), "above hard from the start is no overdraft"


def test_a_status_write_is_shared_by_what_commits_together(world):
    told = []
    world.store.admission.on_status_write = lambda kind, count: told.append((kind, count))
    world.quota({"pods": 9})
    rows = [world.row() for _ in range(5)]
    world.store.create_pods(rows)
    assert told == [(PUT_QUOTA_STATUS, 1)]
    assert repr(PUT_QUOTA_STATUS) == "PUT resourcequotas/status"
    world.admitted(namespace="elsewhere")
    assert world.store.admission.status_writes == 1


def test_a_batch_tells_of_its_refusals(world):
    world.quota({"pods": 2})
    rows = [world.row() for _ in range(4)]
    answer = world.store.create_pods(rows)
    assert not answer
    assert answer.code == 403
    pods = world.cluster.pods
    assert [pods.phase[row] for row in rows] == [1, 1, Phase.GONE, Phase.GONE]
    assert sorted(pods.refusals) == rows[2:]
    assert (world.store.created, world.store.refused, world.store.lost) == (2, 2, 2)


def test_an_overdraft_is_found_by_the_audit(world):
    world.quota({"pods": 1})
    world.admitted()
    world.used()["pods"] = 2
    assert any("quota_usage_is_exact" in one for one in violations(world.cluster))
    world.used()["pods"] = 0
    assert any("quota_usage_is_exact" in one for one in violations(world.cluster))
    world.used()["pods"] = 1
    world.book.actual["team/one"]["pods"] = 0
    assert any("recounted" in one for one in violations(world.cluster))


CONTAINERS = [MAIN, asks("100m"), asks("700m", "1Gi"), asks("1", "2Gi", limit_cpu="2")]
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from(CONTAINERS), st.integers(0, 2_000)),
        st.tuples(st.sampled_from(["end", "delete", "forgive", "settle"]), st.integers(0, 40)),
        st.tuples(st.just("quota"), st.integers(0, 6), st.integers(0, 3_000)),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(actions=ACTIONS, scoped=st.booleans())
def test_counts_hold_whatever_happens(actions, scoped):
    world = World()
    scopes = ["NotBestEffort"] if scoped else []
    world.quota({"pods": 4, "count/pods": 6, "requests.cpu": "2500m"}, scopes=scopes)
    pods = world.cluster.pods
    for action in actions:
        if action[0] == "create":
            drawn = {"cpu": action[2]} if action[2] % 3 == 0 and action[2] else None
            world.create(action[1], drawn=drawn)
        elif action[0] == "quota":
            name = f"q{action[1]}"
            hard = {"pods": action[1], "requests.cpu": f"{action[2]}m"}
            if not world.quota(hard, name):
                world.store.objects("resourcequotas").delete(f"team/{name}")
        elif action[0] == "settle":
            for key in world.book.quotas:
                world.book.settle(key)
        elif action[1] < len(pods):
            pod = action[1]
            if action[0] == "end":
                world.store.set_phase(pod, Phase.FAILED, pods.epoch[pod])
            elif action[0] == "delete":
                world.store.delete_pod(pod)
            else:
                world.book.forgive(pod)
        assert violations(world.cluster) == []
    for key, quota in world.book.quotas.items():
        world.book.settle(key)
        for name, amount in world.book.used[key].items():
            assert amount <= max(quota.hard[name], world.book.floor[key][name])
