"""Remedies for what other pods, claims and GPU devices bring about; carried out, the pod fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simk8s.placement.diagnosis import fits
from simk8s.placement.explain import explain
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.search import Search
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.requests import GpuRequest, drawn_requests
from simk8s.state.selectors import NodeTerm, Requirement
from simk8s.state.volumes import Claim, StorageClass, Volume
from tests.world import GIB, add_pod, node, pod_manifest, query

FRAMEWORK = Framework.of(Profile())
ZONE = "topology.kubernetes.io/zone"
WEB, DB = {"labels": {"app": "web"}}, {"labels": {"app": "db"}}


def near(kind: str, app: str, key: str = ZONE) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def zones(*names: str) -> Cluster:
    cluster = Cluster()
    for number, name in enumerate(names):
        cluster.nodes.add(node(f"n{number}", zone=name, gpus=0))
    return cluster


def run(cluster: Cluster, row: int, count: int = 1, **manifest: Any) -> list[int]:
    template = cluster.templates.parse(pod_manifest(**manifest), "default")
    pods = [add_pod(cluster, template) for _ in range(count)]
    for pod in pods:
        cluster.charge(pod, row, 0)
    return pods


def changes(cluster: Cluster, pod: int) -> tuple[str, ...]:
    found = explain(FRAMEWORK, query(cluster, pod), View(cluster), Search())
    assert not found.feasible
    return found.changes


def pending(cluster: Cluster, **manifest: Any) -> int:
    return add_pod(cluster, cluster.templates.parse(pod_manifest(**manifest), "default"))


def fit(cluster: Cluster, pod: int, row: int) -> bool:
    return fits(FRAMEWORK, query(cluster, pod), View(cluster), row)


# --- inter-pod affinity


def test_the_pod_that_is_missing() -> None:
    cluster = zones("a", "a")
    run(cluster, 1, metadata=WEB)
    pod = pending(cluster, **near("podAffinity", "db"))
    assert changes(cluster, pod) == (f"a pod with app=db in {ZONE}=a (node n0)",)
    run(cluster, 1, metadata=DB)
    assert fit(cluster, pod, 0)


def test_the_label_that_is_missing() -> None:
    cluster = zones("a")
    run(cluster, 0, metadata=DB)
    pod = pending(cluster, **near("podAffinity", "db", "rack"))
    assert changes(cluster, pod) == ("the label rack on node n0",)
    spec = cluster.nodes.specs[0]
    cluster.nodes.set_spec(0, replace(spec, labels={**spec.labels, "rack": "r"}))
    assert fit(cluster, pod, 0)


def test_the_first_of_its_kind_misses_nobody() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0", 50))
    pod = pending(cluster, metadata=WEB, **near("podAffinity", "web"))
    assert changes(cluster, pod) == ("50m more cpu than there is at all on node n0",)


def test_pods_that_its_own_anti_affinity_does_not_bear() -> None:
    cluster = zones("a", "a", "b")
    mine = run(cluster, 0, 2, metadata=WEB)
    run(cluster, 2, 5, metadata=WEB)
    pod = pending(cluster, **near("podAntiAffinity", "web"))
    why = "it keeps away from app=web"
    words = f"default/test-0 and default/test-1 gone from {ZONE}=a ({why}) (node n0)"
    assert changes(cluster, pod) == (words,), "the zone with fewer of them"
    for gone in mine:
        cluster.release(gone)
    assert fit(cluster, pod, 0)


def test_many_pods_are_counted() -> None:
    cluster = zones("a")
    run(cluster, 0, 9, cpu="1m", metadata=WEB)
    pod = pending(cluster, **near("podAntiAffinity", "web"))
    assert (
        "default/test-0, default/test-1, default/test-2 and 6 more gone" in changes(cluster, pod)[0]
    )


def test_pods_that_do_not_bear_it() -> None:
    cluster = zones("a")
    (db,) = run(cluster, 0, metadata=DB, **near("podAntiAffinity", "web"))
    pod = pending(cluster, metadata=WEB)
    assert changes(cluster, pod) == (
        f"default/test-0 gone from {ZONE}=a (it keeps pods like this one away) (node n0)",
    )
    cluster.release(db)
    assert fit(cluster, pod, 0)


def test_several_things_at_once_are_all_said() -> None:
    cluster = zones("a")
    run(cluster, 0, metadata=WEB, **near("podAntiAffinity", "x"))
    affinity = {
        **near("podAffinity", "db")["affinity"],
        **near("podAntiAffinity", "web")["affinity"],
    }
    pod = pending(cluster, metadata={"labels": {"app": "x"}}, affinity=affinity)
    (words,) = changes(cluster, pod)
    assert words.startswith(f"a pod with app=db in {ZONE}=a and default/test-0 gone from {ZONE}=a")
    assert "keeps away from app=web" in words
    assert "keeps pods like this one away" in words


# --- claims and disks


def claim(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def terms(zone: str) -> tuple[NodeTerm, ...]:
    return (NodeTerm((Requirement(ZONE, "In", (zone,)),)),)


def stored(cluster: Cluster, claimed: Claim, *volumes: Volume) -> None:
    cluster.volumes.put(claimed)
    for volume in volumes:
        cluster.volumes.put(volume)


def test_a_volume_of_another_zone() -> None:
    cluster = zones("a")
    volume = Volume("pv", GIB, labels={ZONE: "b"})
    stored(cluster, Claim("default", "data", GIB, volume="pv", bound=True), volume)
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod) == (f"volume pv of claim data in {ZONE}=a instead of b (node n0)",)
    cluster.volumes.put(replace(volume, labels={ZONE: "a"}))
    assert fit(cluster, pod, 0)


def test_a_volume_out_of_reach_and_one_that_is_gone() -> None:
    cluster = zones("a")
    volume = Volume("pv", GIB, node_terms=terms("b"))
    bound = Claim("default", "data", GIB, volume="pv", bound=True)
    stored(cluster, bound, volume)
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod) == (
        f"volume pv of claim data to be within reach ({ZONE}=b) (node n0)",
    )
    cluster.volumes.put(replace(volume, node_terms=terms("a")))
    assert fit(cluster, pod, 0)


def test_a_claim_that_no_volume_is_left_for() -> None:
    cluster = zones("a")
    cluster.volumes.put(StorageClass("local", "kubernetes.io/no-provisioner", waits=True))
    stored(cluster, Claim("default", "data", 4 * GIB, "local"), Volume("small", GIB, "local"))
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod) == (
        "a free volume of class local with at least 4 GiB for claim data on node n0",
    )
    cluster.volumes.put(Volume("large", 4 * GIB, "local"))
    assert fit(cluster, pod, 0)


def test_a_class_that_provisions_elsewhere() -> None:
    cluster = zones("a")
    cluster.volumes.put(StorageClass("fast", "csi", waits=True, topologies=(((ZONE, ("b",)),),)))
    cluster.volumes.put(Claim("default", "data", GIB, "fast"))
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod)[0].endswith("or a class that provisions there on node n0")


def test_an_immediate_claim_is_named() -> None:
    cluster = zones("a")
    cluster.volumes.put(StorageClass("now", "csi", waits=False))
    cluster.volumes.put(Claim("default", "data", GIB, "now"))
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod) == ("a volume bound to claim data (class now)",)


def test_a_node_that_attaches_no_more() -> None:
    cluster = zones("a")
    for name in ("one", "two"):
        volume = Volume(f"pv-{name}", GIB, driver="ebs", handle=name)
        stored(cluster, Claim("default", name, GIB, volume=f"pv-{name}", bound=True), volume)
    cluster.volumes.put_limits("n0", {"ebs": 1})
    run(cluster, 0, **claim("one"))
    pod = pending(cluster, **claim("two"))
    assert changes(cluster, pod) == ("1 fewer volume of ebs (it attaches 1 at most) on node n0",)
    cluster.volumes.put_limits("n0", {"ebs": 2})
    assert fit(cluster, pod, 0)


def test_who_holds_an_exclusive_claim_or_a_disk() -> None:
    cluster = zones("a", "b")
    stored(
        cluster,
        Claim("default", "data", GIB, modes=("ReadWriteOncePod",), volume="pv", bound=True),
        Volume("pv", GIB),
    )
    (user,) = run(cluster, 1, **claim("data"))
    pod = pending(cluster, **claim("data"))
    assert changes(cluster, pod) == (
        "default/test-0 gone (using claim data, ReadWriteOncePod) (node n0)",
    )
    cluster.release(user)
    assert fit(cluster, pod, 0)
    disk = {"volumes": [{"name": "v", "gcePersistentDisk": {"pdName": "d"}}]}
    run(cluster, 0, **disk)
    run(cluster, 1, **disk)
    assert "gone (using gce disk d)" in changes(cluster, pending(cluster, **disk))[0]


# --- GPU shares


def gpu_pod(cluster: Cluster, count: int, milli: int, models: frozenset[str] | None = None) -> int:
    template = cluster.templates.parse(pod_manifest(), "default")
    pod = add_pod(cluster, template)
    wanted = drawn_requests(
        cluster.requests, template.requests, {}, GpuRequest(count, milli, models)
    )
    cluster.pods.requests[pod] = wanted.id
    return pod


@pytest.mark.parametrize(
    ("count", "milli", "words"),
    [
        (1, 900, "200 milli-GPU more free on device 1 on node g"),
        (
            2,
            800,
            "100 milli-GPU more free on device 1 and 400 milli-GPU more free on device 0 on node g",
        ),
        (3, 100, "1 more GPU than there are at all on node g"),
    ],
)
def test_what_is_short_on_the_best_devices(count: int, milli: int, words: str) -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("g", gpus=2, gpu_model="T4"))
    for device, used in ((0, 600), (1, 300)):
        cluster.charge(gpu_pod(cluster, 1, used), row, 1 << device)
    assert changes(cluster, gpu_pod(cluster, count, milli)) == (words,)


def test_a_model_that_is_not_there() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("g", gpus=2, gpu_model="T4"))
    pod = gpu_pod(cluster, 1, 100, frozenset({"V100", "A10"}))
    assert changes(cluster, pod) == ("a GPU model of A10|V100 on node g",)
