"""Each verb: what it asks, what becomes of it, what is told where it is refused."""

from __future__ import annotations

import pytest

from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import RUNNING
from tests.simulation.timeline.played import (
    MINUTE,
    SMALL,
    Played,
    budget,
    manifest,
    play,
    scenario,
    template,
)

WEB = manifest("Deployment", "web", 4)
FIRST = {"at": "1s", "apply": [WEB]}


def refusals(end):
    return {(line.verb, line.target): line.detail for line in end.lines
            if line.outcome in ("refused", "failed")}  # fmt: skip


# --- objects


def test_apply_creates_and_apply_again_changes():
    changed = manifest("Deployment", "web", 6, pods=template("app:2", {"app": "web"}))
    end = play([FIRST, {"at": "5m", "apply": changed}, {"at": "10m", "apply": changed}])
    assert [outcome for *_, outcome in end.outcomes()] == ["done", "done", "unchanged"]
    assert end.images(end.pods("ReplicaSet/web")) == {"app:2"}
    assert len(end.pods("ReplicaSet/web")) == 6


def test_apply_removes_what_it_had_applied_and_keeps_what_others_set():
    """The three-way patch: minReadySeconds goes, the scaled replicas stay where none are given."""
    bare = manifest("Deployment", "web", 4, minReadySeconds=30)
    del bare["spec"]["replicas"]
    later = manifest("Deployment", "web", 4)
    del later["spec"]["replicas"]
    end = play(
        [
            {"at": "1s", "apply": bare},
            {"at": "5m", "scale": {"object": "deploy/web", "replicas": 5}},
            {"at": "10m", "apply": later},
        ]
    )
    assert end.get(DEPLOYMENTS, "web").min_ready_us == 0
    assert len(end.pods("ReplicaSet/web")) == 5


def test_what_the_api_does_not_let_change_is_refused():
    claims = [{"metadata": {"name": "data"}, "spec": {}}]
    db = manifest("StatefulSet", "db", volumeClaimTemplates=claims)
    other = manifest("StatefulSet", "db", volumeClaimTemplates=[], podManagementPolicy="Parallel")
    end = play([{"at": "1s", "apply": db}, {"at": "5m", "apply": other}])
    assert "field is immutable" in refusals(end)["apply", "statefulset/db"]


def test_objects_of_one_apply_are_written_one_after_the_other():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    web = manifest("Deployment", "web", 3, namespace="shop")
    early = {"at": "1s", "namespace": "shop", "apply": web}
    end = play([early, {"at": "1m", "apply": [space, web]}])
    assert [outcome for *_, outcome in end.outcomes()] == ["refused", "done", "done"]
    assert len(end.pods("ReplicaSet/web")) == 3


def test_delete_takes_the_dependents_along_and_a_namespace_everything():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    db = manifest("StatefulSet", "db", 3, namespace="shop")
    end = play(
        [
            {"at": "1s", "apply": [space, db, WEB]},
            {"at": "5m", "delete": ["deploy/web", "ns/shop"]},
            {"at": "20m", "delete": "deployment/web"},
        ]
    )
    assert end.pods() == []
    assert end.get("namespaces", "shop", "") is None
    assert "NotFound" in refusals(end)["delete", "deployment/web"]


def test_a_pod_is_applied_and_deleted_by_name():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone"},
           "spec": template()["spec"]}  # fmt: skip
    end = play([{"at": "1s", "apply": pod}, {"at": "1m", "apply": pod}])
    assert [outcome for *_, outcome in end.outcomes()] == ["done", "unchanged"]
    assert [end.cluster.name_of(row) for row in end.pods()] == ["lone"]
    end = play([{"at": "1s", "apply": pod}, {"at": "2m", "delete": "po/lone"}])
    assert end.pods() == []


@pytest.mark.parametrize("kind", ["ReplicaSet", "ReplicationController", "StatefulSet"])
def test_scale(kind):
    entry = {"at": "5m", "scale": {"object": f"{kind}/x", "replicas": 5}}
    end = play([{"at": "1s", "apply": manifest(kind, "x", 2)}, entry])
    assert len(end.pods(f"{kind}/x")) == 5


def test_parallelism_of_a_job_and_images_of_a_cron_job():
    pods = template(
        restartPolicy="Never", metadata={"annotations": {"simk8s.io/run-seconds": "300"}}
    )
    job = manifest("Job", "batch", pods=pods, completions=20, parallelism=1)
    end = play([{"at": "1s", "apply": job}, {"at": "2m", "scale": {"object": "job/batch",
                "replicas": 4}}], duration="4m")  # fmt: skip
    assert len(end.pods("Job/batch")) == 4
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick"},
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": pods}}},
    }
    change = {"at": "11m", "setImage": {"object": "cj/tick", "images": {"app": "app:2"}}}
    end = play([{"at": "1s", "apply": cron}, change], duration="16m")
    assert [end.images([pod]) for pod in end.pods("Job/tick")] == [{"app:2"}]


def test_labels_of_a_namespace_are_kept_and_others_told_to_have_no_effect():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    end = play(
        [
            {"at": "0s", "apply": [space, WEB]},
            {"at": "1m", "label": {"object": "ns/shop", "set": {"team": "a"}}},
            {"at": "1m", "label": {"object": "deploy/web", "set": {"team": "a"}}},
        ]
    )
    assert end.get("namespaces", "shop", "").labels == {"team": "a"}
    assert end.outcomes("label")[1] == ("label", "deployment/web", "done")
    assert "nothing reads" in end.lines[-1].detail


# --- rollouts


def test_a_rollback_to_an_earlier_revision():
    """Three images, then back to the first: its ReplicaSet is used again, as revision 4."""
    images = [
        {"at": f"{minute}m", "setImage": {"object": "deployment/web", "images": {"app": image}}}
        for minute, image in ((5, "app:2"), (10, "app:3"))
    ]
    undo = {"at": "15m", "rolloutUndo": {"object": "deployment/web", "toRevision": 1}}
    end = play([FIRST, *images, undo])
    assert end.images(end.pods("ReplicaSet/web")) == {"app:1"}
    sets = [stored.value for _, stored in end.store.objects("replicasets").items()]
    assert sorted(one.revision for one in sets) == [2, 3, 4]
    assert end.get(DEPLOYMENTS, "web").revision == 4


def test_undo_is_the_last_but_one_and_needs_a_history():
    step = {"at": "5m", "setImage": {"object": "deployment/web", "images": {"*": "app:2"}}}
    end = play([FIRST, {"at": "2m", "rolloutUndo": "deployment/web"}, step,
                {"at": "10m", "rolloutUndo": "deployment/web"}])  # fmt: skip
    assert "unable to find last revision" in refusals(end)["rolloutUndo", "deployment/web"]
    assert end.images(end.pods("ReplicaSet/web")) == {"app:1"}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_revisions_of_other_kinds_roll_and_roll_back(kind):
    ref = f"{kind}/x"
    steps = [
        {"at": "1s", "apply": manifest(kind, "x", 3)},
        {"at": "5m", "setImage": {"object": ref, "images": {"app": "app:2"}}},
        {"at": "15m", "rolloutUndo": ref},
    ]
    assert (end := play(steps[:2])).images(end.pods(ref)) == {"app:2"}
    assert (end := play(steps)).images(end.pods(ref)) == {"app:1"}


def test_a_paused_rollout_waits_and_is_neither_restarted_nor_rolled_back():
    pause = [FIRST, {"at": "4m", "rolloutPause": "deploy/web"}]
    change = {"at": "5m", "setImage": {"object": "deploy/web", "images": {"app": "app:2"}}}
    restart = {"at": "6m", "rolloutRestart": "deploy/web"}
    end = play([*pause, change, restart, {"at": "7m", "rolloutUndo": "deploy/web"}])
    assert end.images(end.pods("ReplicaSet/web")) == {"app:1"}
    assert "paused" in refusals(end)["rolloutRestart", "deployment/web"]
    assert "paused" in refusals(end)["rolloutUndo", "deployment/web"]
    end = play([*pause, change, {"at": "8m", "rolloutResume": "deploy/web"}])
    assert end.images(end.pods("ReplicaSet/web")) == {"app:2"}


def test_a_restart_replaces_every_pod_and_one_name_is_unknown():
    wrong = {"at": "6m", "setImage": {"object": "deploy/web", "images": {"ap": "app:2"}}}
    end = play([FIRST, {"at": "5m", "rolloutRestart": "deploy/web"}, wrong])
    pods = end.pods("ReplicaSet/web")
    assert len(pods) == 4
    assert all(end.cluster.pods.created_us[pod] >= 5 * MINUTE for pod in pods)
    assert 'container named "ap"' in refusals(end)["setImage", "deployment/web"]


# --- nodes


def test_which_nodes_are_meant():
    nodes = [
        {"name": "web", "capacity": SMALL, "count": 4, "zones": ["a", "b"]},
        {"name": "gpu", "capacity": SMALL, "count": 2, "zones": ["a"], "labels": {"pool": "gpu"}},
    ]
    end = play(
        [
            {"at": "1s", "label": {"nodes": {"zone": "b"}, "set": {"x": "1"}}},
            {"at": "2s", "label": {"nodes": {"selector": "x in (1,2),pool!=gpu"},
                                   "set": {"y": "1"}}},
            {"at": "3s", "taint": {"nodes": {"group": "gpu"}, "add": ["k=v:NoSchedule"]}},
            {"at": "4s", "cordon": {"count": 1, "zone": "a"}},
            {"at": "5s", "cordon": {"count": 1, "zone": "a"}},
            {"at": "6s", "label": {"object": "node/web-0", "set": {"z": "1"}, "remove": ["x"]}},
            {"at": "7s", "taint": {"nodes": "gpu-1", "remove": ["k:NoSchedule"]}},
        ],
        nodes=nodes,
    )  # fmt: skip
    assert "y" in end.spec("web-1").labels
    assert "y" in end.spec("web-3").labels
    assert "y" not in end.spec("web-0").labels
    assert end.spec("web-0").labels["z"] == "1"
    assert [t.key for t in end.spec("gpu-0").taints] == ["k"]
    assert not end.spec("gpu-1").taints
    cordoned = [name for name in ("web-0", "web-2", "gpu-0") if end.spec(name).unschedulable]
    assert cordoned == ["web-0", "web-2"], "the second takes one that was still open"


def test_added_nodes_boot_join_and_take_what_was_pending():
    group = {"name": "late", "profile": "m5.xlarge", "count": 2, "zones": ["a", "b"]}
    big = manifest("Deployment", "web", 2, pods=template(labels={"app": "web"}, cpu="3"))
    nodes = [{"name": "n", "capacity": {"cpu": "1", "memory": "4Gi"}, "count": 1}]
    end = play([{"at": "1s", "apply": big}, {"at": "5m", "addNodes": group},
                {"every": "20m", "times": 1, "addNodes": group}], nodes=nodes)  # fmt: skip
    assert {end.node_of(pod) for pod in end.pods()} == {"late-0", "late-1"}
    assert end.spec("late-3").zone == "b", "numbers and zones go on"
    for line in end.lines[1:3]:
        assert 10_000_000 < line.ended_us - line.at_us < 300_000_000
    row = end.cluster.nodes.row("late-0")
    assert end.world.joined_us[row] == next(
        line.ended_us for line in end.lines if line.target == "node/late-0"
    )


def test_removed_nodes_are_off_and_their_pods_come_back_elsewhere():
    end = play([FIRST, {"at": "5m", "removeNodes": {"count": 2}}])
    assert {end.node_of(pod) for pod in end.pods()} == {"n-2"}
    assert len(end.pods("ReplicaSet/web")) == 4
    assert end.spec("n-0") is None
    assert not end.world.machines.up(0)
    assert end.world.machines.crashes == [0, 0, 0]
    assert sorted(end.world.removed_us) == [0, 1]


# --- drain


def slow_web(replicas=4):
    """Ready only after a while, so that a budget holds evictions up."""
    pods = template(labels={"app": "web"}, terminationGracePeriodSeconds=1)
    probe = {"initialDelaySeconds": 20, "periodSeconds": 5, "httpGet": {"port": 80}}
    pods["spec"]["containers"][0]["readinessProbe"] = probe
    return manifest("Deployment", "web", replicas, pods=pods)


def test_a_drain_that_a_budget_blocks_ends_when_it_is_allowed():
    """minAvailable 4 of 4 lets nobody go; scaled to 6 the drain goes on, five seconds a try."""
    steps = [
        {"at": "1s", "apply": [slow_web(), budget("web", "web", minAvailable=4)]},
        {"at": "5m", "drain": {"nodes": {"count": 1}}},
    ]
    blocked = play(steps, duration="20m")
    assert blocked.outcomes("drain") == [("drain", "node/n-0", "unfinished")]
    assert any(blocked.node_of(pod) == "n-0" for pod in blocked.pods())
    allowed = [*steps, {"at": "10m", "scale": {"object": "deploy/web", "replicas": 6}}]
    end = play(allowed, duration="20m")
    assert end.outcomes("drain") == [("drain", "node/n-0", "done")]
    (line,) = [line for line in end.lines if line.verb == "drain"]
    assert 10 * MINUTE < line.ended_us < 11 * MINUTE
    assert all(end.node_of(pod) != "n-0" for pod in end.pods())


def test_a_drain_gives_up_after_its_time():
    entry = {"at": "5m", "drain": {"nodes": "n-0", "timeout": "2m"}}
    stuck = {"at": "1s", "apply": [slow_web(), budget("web", "web", minAvailable=4)]}
    end = play([stuck, entry, {"at": "10m", "scale": {"object": "deploy/web", "replicas": 6}}])
    (line,) = [line for line in end.lines if line.verb == "drain"]
    assert (str(line.outcome), line.ended_us // MINUTE) == ("failed", 7)
    assert "timed out" in line.detail
    assert any(end.node_of(pod) == "n-0" for pod in end.pods()), "nobody asks any more"


def test_what_is_in_the_way_of_a_drain():
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lone"},
        "spec": template(nodeName="n-0", volumes=[{"name": "v", "emptyDir": {}}])["spec"],
    }
    agent = manifest("DaemonSet", "agent")
    flags = {"force": False, "ignoreDaemonSets": False, "deleteEmptydirData": False}
    first = {"at": "1s", "apply": [pod, agent]}
    end = play([first, {"at": "5m", "drain": {"nodes": "n-0", **flags}}])
    told = refusals(end)["drain", "node/n-0"]
    for words in ("no controller: default/lone", "DaemonSet-managed", "local storage"):
        assert words in told
    assert end.spec("n-0").unschedulable, "kubectl has cordoned it by then"
    assert len(end.pods()) == 4
    end = play([first, {"at": "5m", "drain": {"nodes": "n-0", "force": True}}])
    assert end.outcomes("drain") == [("drain", "node/n-0", "done")]
    assert len(end.pods("DaemonSet/agent")) == 3
    assert [end.cluster.name_of(pod) for pod in end.pods()] != ["lone"]


def test_the_grace_period_of_a_drain_and_nodes_at_a_time():
    pods = template(labels={"app": "web"}, terminationGracePeriodSeconds=60,
                    metadata={"annotations": {"simk8s.io/pre-stop": "55s"},
                              "labels": {"app": "web"}})  # fmt: skip
    first = {"at": "1s", "apply": manifest("Deployment", "web", 6, pods=pods)}

    def took(**options):
        names = {"nodes": {"names": ["n-0", "n-1"]}}
        end = play([first, {"at": "5m", "drain": {**names, **options}}])
        return max(line.ended_us for line in end.lines if line.verb == "drain") - 5 * MINUTE

    one_by_one, at_once = took(), took(parallel=2)
    assert 100_000_000 < one_by_one < 140_000_000
    assert 50_000_000 < at_once < 70_000_000
    assert took(parallel=2, gracePeriod="5s") < 15_000_000


# --- order, quota, arrivals


def test_quota_refuses_and_later_lets_through():
    """The fourth replica is refused, until the quota is raised."""
    meta = {"name": "q", "namespace": "default"}

    def quota(pods):
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta,
                "spec": {"hard": {"pods": str(pods)}}}  # fmt: skip

    steps = [{"at": "1s", "apply": [quota(3), WEB]}]
    end = play(steps)
    assert len(end.pods("ReplicaSet/web")) == 3
    (kept,) = [stored.value for _, stored in end.store.objects("replicasets").items()]
    assert "exceeded quota: q" in kept.status.failure
    end = play([*steps, {"at": "10m", "apply": quota(10)}])
    assert len(end.pods("ReplicaSet/web")) == 4
    (kept,) = [stored.value for _, stored in end.store.objects("replicasets").items()]
    assert kept.status.failure == ""


def test_what_is_due_at_once_happens_in_the_order_of_the_file():
    scales = [{"at": "5m", "scale": {"object": "deploy/web", "replicas": n}} for n in (1, 9, 2)]
    assert len(play([FIRST, *scales]).pods("ReplicaSet/web")) == 2


def test_every_again_and_again():
    entry = {"every": "10m", "from": "5m", "until": "40m", "rolloutRestart": "deploy/web"}
    end = play([FIRST, entry])
    assert [line.at_us // MINUTE for line in end.lines[1:]] == [5, 15, 25, 35]
    assert len([1 for line in play([FIRST, {**entry, "times": 2}]).lines]) == 3


def test_a_run_is_repeatable_and_its_requests_are_those_of_a_user():
    data = scenario([FIRST, {"at": "5m", "drain": "n-0"}])
    runs = [Played(data).run() for _ in range(2)]
    assert [line.row for line in runs[0].lines] == [line.row for line in runs[1].lines]
    clients = {row[0] for row in runs[0].world.server.meters.rows()}
    assert "user/kubectl" in clients


def test_running_pods_are_all_that_is_left_of_a_workload_entry_that_is_deleted():
    entry = {"name": "old", "deployment": {"replicas": 3, "template": template()}}
    end = play([{"at": "10m", "delete": "deployment/old"}, FIRST], workload=[entry])
    assert {end.cluster.pods.phase[pod] for pod in end.pods()} == {RUNNING}
    assert len(end.pods()) == 4
