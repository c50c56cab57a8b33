"""Each plugin by the rules of Kubernetes v1.36."""

from __future__ import annotations

import pytest

from simk8s.api.admission.base import Review
from simk8s.api.admission.default_toleration_seconds import DefaultTolerationSeconds
from simk8s.state.policies import Namespace
from simk8s.state.resources import CPU, MEMORY
from simk8s.state.shapes import SYSTEM_PRIORITIES
from tests.api.admission.world import World, asks


@pytest.fixture
def world():
    return World()


# --- NamespaceLifecycle


def test_a_namespace_that_nothing_declares_exists(world):
    world.put("namespaces", "other")
    world.admitted(namespace="team")


def test_a_namespace_that_comes_later_is_missing_until_then(world):
    world.cluster.policies.expect_namespace("team")
    assert world.refusal() == (404, "NamespaceLifecycle", 'namespaces "team" not found')
    assert world.put("limitranges", spec={"limits": []}).code == 404
    world.put("namespaces", "team", metadata={"labels": {"a": "b"}})
    world.admitted()
    assert world.cluster.objects.namespaces["team"] == {"a": "b"}


def test_a_terminating_namespace_takes_nothing_new(world):
    world.put("namespaces", "team")
    world.cluster.policies.put_namespace(Namespace("team", {}, terminating=True))
    code, plugin, message = world.refusal()
    assert (code, plugin) == (403, "NamespaceLifecycle")
    assert message == (
        "unable to create new content in namespace team because it is being terminated"
    )
    assert world.store.objects("jobs").create("team/x", object()).code == 403


def test_the_first_namespaces_are_always_there(world):
    world.cluster.policies.expect_namespace("default")
    world.admitted(namespace="default")


def test_a_namespace_that_is_deleted_is_missing(world):
    world.put("namespaces", "team")
    assert world.store.objects("namespaces").delete("team")
    assert world.refusal()[0] == 404


# --- LimitRanger


def resources(template):
    return [c.get("resources") for c in template.spec["containers"]]


def test_defaults_fill_in_what_is_missing(world):
    world.limits(
        {
            "type": "Container",
            "default": {"cpu": "500m", "memory": "1Gi"},
            "defaultRequest": {"cpu": "200m"},
        }
    )
    template = world.admitted({"name": "a"}, {"name": "b", "resources": {"limits": {"cpu": 2}}})
    assert resources(template) == [
        {
            "limits": {"cpu": "500m", "memory": str(1 << 30)},
            "requests": {"cpu": "200m", "memory": str(1 << 30)},
        },
        # A limit alone is a request already, so the default request has nothing to fill.
        {
            "limits": {"cpu": 2, "memory": str(1 << 30)},
            "requests": {"cpu": 2, "memory": str(1 << 30)},
        },
    ]
    assert template.requests.values[CPU] == 2_200
    assert template.requests.values[MEMORY] == 2 << 30


def test_max_is_the_default_limit_and_min_the_default_request(world):
    world.limits({"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "64Mi"}})
    template = world.admitted({"name": "a"})
    assert resources(template) == [
        {
            "limits": {"cpu": "2000m"},
            "requests": {"cpu": "2000m", "memory": str(64 << 20)},
        }
    ]


@pytest.mark.parametrize(
    ("item", "container", "message"),
    [
        (
            {"min": {"cpu": "100m"}},
            asks("50m"),
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (
            {"max": {"memory": "1Gi"}},
            asks(memory="2Gi", limit_memory="2Gi"),
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": 2}},
            asks("100m", limit_cpu="300m"),
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "1500m"}},
            asks(limit_memory="1Gi"),
            "cpu max limit to request ratio per Container is 1500m, "
            "but no request is specified or request is 0",
        ),
    ],
)
def test_bounds_of_containers(world, item, container, message):
    world.limits({"type": "Container", **item})
    assert world.refusal(container) == (403, "LimitRanger", message)
    assert world.refusal(asks("1", "1Gi", limit_cpu="1"), initContainers=[container])[2] == message


@pytest.mark.parametrize("cpu", ["100m", "150m", "200m"])
def test_bounds_are_allowed_themselves(world, cpu):
    bounds = {"min": {"cpu": "100m"}, "max": {"cpu": "200m"}, "maxLimitRequestRatio": {"cpu": 2}}
    world.limits({"type": "Container", **bounds})
    world.admitted(asks(cpu, limit_cpu="200m"))


def test_bounds_of_pods(world):
    world.limits({"type": "Pod", "max": {"cpu": "3"}, "min": {"cpu": "1"}})
    assert world.refusal(asks("100m", limit_cpu="1"), asks("200m", limit_cpu="1"))[2] == (
        "minimum cpu usage per Pod is 1, but request is 300m"
    )
    assert world.refusal(asks("1", limit_cpu="2"), asks("1", limit_cpu="2"))[2] == (
        "maximum cpu usage per Pod is 3, but limit is 4"
    )
    assert world.refusal(asks("2"))[2] == ("maximum cpu usage per Pod is 3. No limit is specified")
    world.admitted(asks("1", limit_cpu="1500m"), asks("1", limit_cpu="1500m"))


def test_a_request_above_the_default_limit_is_invalid(world):
    world.limits({"type": "Container", "default": {"cpu": "500m"}})
    code, _, message = world.refusal(asks("1"))
    assert code == 422
    assert message == "requests.cpu: 1: must be less than or equal to cpu limit of 500m"


def test_pods_that_exist_are_left_alone(world):
    pod, _ = world.create(asks("4"))
    world.limits({"type": "Container", "max": {"cpu": "1"}})
    assert world.cluster.pods.phase[pod] == 1
    assert world.refusal(asks("4", limit_cpu="4"))[0] == 403


def test_all_ranges_count_and_other_namespaces_do_not(world):
    world.limits({"type": "Container", "min": {"cpu": "100m"}}, name="b")
    world.limits({"type": "Container", "max": {"cpu": "1"}}, name="a")
    assert world.refusal(asks("2", limit_cpu="2"))[2].startswith("maximum cpu")
    assert world.refusal(asks("1m", limit_cpu="1"))[2].startswith("minimum cpu")
    world.admitted(asks("2"), namespace="elsewhere")


def test_what_was_drawn_for_a_pod_is_held_against_the_bounds(world):
    world.limits({"type": "Container", "max": {"cpu": "2"}, "defaultRequest": {"cpu": "500m"}})
    assert world.refusal({"name": "a"}, drawn={"cpu": 3_000})[0] == 422
    pod, answer = world.create({"name": "a"}, drawn={"cpu": 1_500})
    assert answer is True
    assert world.cluster.requests_of(pod).values[CPU] == 1_500
    plain, _ = world.create({"name": "a"})
    assert world.cluster.requests_of(plain).values[CPU] == 500
    pods = world.cluster.pods
    assert pods.template[pod] == pods.template[plain], "drawn requests make no template"


# --- ServiceAccount


def test_a_missing_account_is_refused_where_accounts_are_declared(world):
    world.admitted(serviceAccountName="bot")
    world.put("serviceaccounts", "other")
    assert world.refusal(serviceAccountName="bot") == (
        403,
        "ServiceAccount",
        'error looking up service account team/bot: serviceaccount "bot" not found',
    )
    world.admitted()
    world.admitted(serviceAccountName="bot", namespace="elsewhere")
    world.put("serviceaccounts", "bot")
    world.admitted(serviceAccountName="bot")


def test_the_token_is_one_more_volume(world):
    world.put("serviceaccounts", "bot")
    world.put("serviceaccounts", "quiet", automountServiceAccountToken=False)
    mine = {"name": "data", "emptyDir": {}}
    template = world.admitted(volumes=[mine])
    assert [volume["name"] for volume in template.volumes] == ["data", "kube-api-access"]
    assert "projected" in template.volumes[1]
    assert template.spec["serviceAccountName"] == "default"
    assert world.admitted(automountServiceAccountToken=False).volumes == ()
    assert world.admitted(serviceAccountName="quiet").volumes == ()
    loud = world.admitted(serviceAccountName="quiet", automountServiceAccountToken=True)
    assert len(loud.volumes) == 1


# --- Priority


def test_a_class_becomes_its_number(world):
    world.put("priorityclasses", "high", value=1_000)
    world.put("priorityclasses", "meek", value=5, preemptionPolicy="Never")
    pod, _ = world.create(priorityClassName="high")
    assert world.cluster.pods.priority[pod] == 1_000
    meek = world.admitted(priorityClassName="meek")
    assert (meek.priority, meek.preempts) == (5, False)
    for name, value in SYSTEM_PRIORITIES.items():
        assert world.admitted(priorityClassName=name).priority == value


def test_the_default_class(world):
    world.put("priorityclasses", "high", value=1_000)
    assert world.admitted().priority == 0
    world.put("priorityclasses", "usual", value=7, globalDefault=True)
    template = world.admitted()
    assert (template.priority, template.spec["priorityClassName"]) == (7, "usual")
    assert world.admitted(priority=3).priority == 3


def test_an_unknown_class_is_refused_once_there_are_classes(world):
    assert world.admitted(priorityClassName="hgh").priority == 0
    world.put("priorityclasses", "high", value=1_000)
    assert world.refusal(priorityClassName="hgh") == (
        403,
        "Priority",
        "no PriorityClass with name hgh was found",
    )


@pytest.mark.parametrize("given", [{"priority": 5}, {"preemptionPolicy": "Never"}])
def test_what_differs_from_its_class_is_refused(world, given):
    world.put("priorityclasses", "high", value=1_000)
    code, plugin, message = world.refusal(priorityClassName="high", **given)
    assert (code, plugin) == (403, "Priority")
    assert "must not be provided in pod spec" in message
    fine = {"priority": 1_000, "preemptionPolicy": "PreemptLowerPriority"}
    world.admitted(priorityClassName="high", **fine)


def test_a_pod_keeps_its_number_when_its_class_goes(world):
    world.put("priorityclasses", "high", value=1_000)
    pod, _ = world.create(priorityClassName="high")
    world.store.objects("priorityclasses").delete("high")
    assert world.cluster.pods.priority[pod] == 1_000


def test_a_class_below_all_others_can_be_preempted(world):
    world.admitted(priority=10)
    world.put("priorityclasses", "low", value=-5)
    world.admitted(priorityClassName="low")
    assert world.cluster.templates.lowest_priority == -5


# --- DefaultTolerationSeconds


def test_default_tolerations_are_written_into_what_others_changed(world):
    plugin = DefaultTolerationSeconds(world.cluster)
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 5}
    review = Review("team", {"spec": {"tolerations": [own]}})
    assert plugin.mutate(review) is None
    assert not review.changed, "parsing adds them"
    review.set(priority=1)
    plugin.mutate(review)
    assert [(t["key"], t["tolerationSeconds"]) for t in review.spec["tolerations"]] == [
        ("node.kubernetes.io/not-ready", 5),
        ("node.kubernetes.io/unreachable", 300),
    ]


def test_every_template_has_them_once(world):
    world.put("priorityclasses", "high", value=1)
    template = world.admitted(priorityClassName="high")
    assert [(t.key, t.seconds) for t in template.tolerations] == [
        ("node.kubernetes.io/not-ready", 300),
        ("node.kubernetes.io/unreachable", 300),
    ]


# --- RuntimeClass

KATA = {
    "handler": "kata",
    "overhead": {"podFixed": {"cpu": "250m", "memory": "120Mi"}},
    "scheduling": {
        "nodeSelector": {"kata": "yes"},
        "tolerations": [{"key": "kata", "operator": "Exists"}],
    },
}


def test_a_runtime_class_adds_overhead_selector_and_tolerations(world):
    world.put("runtimeclasses", "kata", **KATA)
    template = world.admitted(asks("1", "1Gi"), runtimeClassName="kata", nodeSelector={"a": "b"})
    assert template.requests.values[CPU] == 1_250
    assert [(r.key, r.values) for r in template.node_selector] == [
        ("a", ("b",)),
        ("kata", ("yes",)),
    ]
    assert template.tolerations[0].key == "kata"
    assert world.admitted(asks("1")).requests.values[CPU] == 1_000


def test_overhead_comes_on_top_of_what_was_drawn(world):
    world.put("runtimeclasses", "kata", **KATA)
    pod, _ = world.create(asks("1", "1Gi"), runtimeClassName="kata", drawn={"cpu": 3_000})
    requests = world.cluster.requests_of(pod)
    assert requests.values[CPU] == 3_250
    assert requests.values[MEMORY] == (1 << 30) + (120 << 20)


def test_what_contradicts_a_runtime_class_is_refused(world):
    world.put("runtimeclasses", "kata", **KATA)
    assert world.refusal(runtimeClassName="gvisor")[2] == (
        "pod rejected: RuntimeClass 'gvisor' not found"
    )
    conflict = world.refusal(runtimeClassName="kata", nodeSelector={"kata": "no"})
    assert conflict[:2] == (403, "RuntimeClass")
    assert world.refusal(overhead={"cpu": "1"})[1] == "RuntimeClass"
