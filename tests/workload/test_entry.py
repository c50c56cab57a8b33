"""From a scenario's workload section to sources and objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simk8s.catalog import Catalog
from simk8s.kernel.streams import Streams
from simk8s.scenario.load import load
from simk8s.scenario.schema import WorkloadEntry
from simk8s.state.deployments import Deployment
from simk8s.units import US_PER_HOUR
from simk8s.workload.columns import FOREVER, Source
from simk8s.workload.entry import Created, entry_names, objects, objects_of, sources, sources_of

TEMPLATE = {
    "metadata": {"labels": {"tier": "web"}},
    "spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "250m"}}}]},
}
POISSON = {"poisson": {"rate": "1/s"}}
CSV = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np-0,1000,1024,1,500\np-1,2000,1024,0,0\n"


def entries(*raw: dict[str, Any]) -> list[WorkloadEntry]:
    context = {"catalog": Catalog()}
    return [WorkloadEntry.model_validate(one, context=context) for one in raw]


def sourced(*raw: dict[str, Any], base: Path = Path()) -> list[Source]:
    return sources_of(entries(*raw), Catalog(base), base)


def created(raw: dict[str, Any]) -> Created:
    (only,) = objects_of(entries(raw), {})
    return only


def web(**more: Any) -> dict[str, Any]:
    return {"name": "web", "arrivals": POISSON, "template": TEMPLATE} | more


def chunk(made: list[Source], index: int = 0) -> Any:
    (only,) = made[index].chunks(Streams(1), US_PER_HOUR)
    return only


def test_arrivals_become_a_source() -> None:
    made = sourced(web(namespace="shop", lifetime="5m", requests={"cpu": "100m"}))
    (source,) = made
    assert (source.name, source.namespace, list(source.templates)) == ("web", "shop", [TEMPLATE])
    found = chunk(made)
    assert (found.lifetime_us == 300_000_000).all()
    assert (found.requests["cpu"] == 100).all()
    assert found.requests.keys() == {"cpu"}
    assert not source.drop_unfit


def test_many_templates() -> None:
    (source,) = sourced(web(templates={"count": 5}))
    labels = [template["metadata"]["labels"] for template in source.templates]
    assert labels[4] == {"tier": "web", "simk8s.io/template": "t-4"}


def test_adding_an_entry_moves_no_draw() -> None:
    alone = chunk(sourced(web(lifetime={"exponential": {"mean": "5m"}})))
    other = web(name="other", lifetime={"exponential": {"mean": "5m"}})
    both = sourced(other, web(lifetime={"exponential": {"mean": "5m"}}))
    assert np.array_equal(alone.when_us, chunk(both, 1).when_us)
    assert np.array_equal(alone.lifetime_us, chunk(both, 1).lifetime_us)
    assert not np.array_equal(alone.when_us, chunk(both, 0).when_us)


def test_replica_set() -> None:
    raw = {"name": "api", "replicaSet": {"replicas": 3, "template": TEMPLATE}, "at": "90s"}
    made = created(raw)
    assert (made.kind, made.name, made.at_us) == ("ReplicaSet", "api", 90_000_000)
    assert made.spec["replicas"] == 3
    assert made.spec["selector"] == {"matchLabels": {"tier": "web"}}
    assert made.spec["template"] == made.template == TEMPLATE


def test_deployment() -> None:
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "10%"}}
    deployment = {"replicas": 3, "strategy": strategy, "minReadySeconds": 5, "template": TEMPLATE}
    made = created({"name": "api", "deployment": deployment, "at": "90s"})
    assert (made.kind, made.name, made.at_us) == ("Deployment", "api", 90_000_000)
    assert made.spec["selector"] == {"matchLabels": {"tier": "web"}}
    parsed = Deployment.of(made.spec, make=None)  # type: ignore[arg-type]
    assert (parsed.replicas, parsed.fenceposts, parsed.min_ready_us) == (3, (1, 0), 5_000_000)
    assert made.template == TEMPLATE


def test_a_controller_without_labels_gets_one() -> None:
    raw = {"name": "api", "replicaSet": {"replicas": 1, "template": {"spec": TEMPLATE["spec"]}}}
    made = created(raw)
    assert made.spec["selector"]["matchLabels"] == {"app": "api"}
    assert made.template["metadata"]["labels"] == {"app": "api"}


def test_job() -> None:
    job = {"completions": 8, "parallelism": 2, "template": TEMPLATE}
    made = created({"name": "etl", "job": job, "lifetime": "1m"})
    wanted = {"completions": 8, "parallelism": 2, "backoffLimit": 6}
    assert made.spec == wanted | {"template": made.template}
    assert made.template["spec"]["restartPolicy"] == "Never"
    assert made.draws.lifetime_us(Streams(1), 1).tolist() == [60_000_000]


def test_a_job_keeps_its_restart_policy() -> None:
    spec = TEMPLATE["spec"] | {"restartPolicy": "OnFailure"}
    made = created({"name": "etl", "job": {"template": {"spec": spec}}})
    assert made.template["spec"]["restartPolicy"] == "OnFailure"


def test_replay(tmp_path: Path) -> None:
    (tmp_path / "pods.csv").write_text(CSV)
    made = sourced({"replay": {"format": "openb", "path": "pods.csv"}}, base=tmp_path)
    (source,) = made
    assert (source.name, source.drop_unfit) == ("openb", True)
    assert (chunk(made).lifetime_us == FOREVER).all()


def test_replay_with_lifetimes_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "pods.csv").write_text(CSV)
    raw = {"replay": {"format": "openb", "path": "pods.csv"}, "lifetime": "1m"}
    found = chunk(sourced(raw, base=tmp_path))
    assert found.lifetime_us.tolist() == [60_000_000] * 2
    assert found.names == ["p-0", "p-1"]


def test_names_are_made_up_once() -> None:
    replay = {"replay": {"format": "openb", "path": "x"}}
    named = {"name": "openb-2", "manifests": ["a.yaml"]}
    found = entry_names(entries(replay, named, replay, {"manifests": ["b.yaml"]}))
    assert found == ["openb", "openb-2", "openb-3", "manifests"]


MANIFEST = """
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: jobs}
spec:
  completions: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: a, image: b}]}
---
apiVersion: v1
kind: Pod
metadata: {name: lonely, labels: {a: b}}
spec: {containers: [{name: a, image: b}]}
"""
SCENARIO = """
apiVersion: simk8s/v1
name: small
duration: 1h
nodes: [{capacity: {cpu: 4, memory: 8Gi}, count: 2}]
strategy: mine.py
workload:
  - {manifests: [app.yaml], lifetime: {exponential: {mean: 5m}}}
  - name: web
    arrivals: {poisson: {rate: 5/min}}
    template: {spec: {containers: [{name: a, resources: {requests: {cpu: 100m}}}]}}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "app.yaml").write_text(MANIFEST)
    (tmp_path / "mine.py").write_text("class Mine: pass")
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    return tmp_path / "scenario.yaml"


def test_a_whole_scenario(scenario: Path) -> None:
    loaded = load(scenario)
    assert [source.name for source in sources(loaded)] == ["web"]
    job, pod = objects(loaded)
    assert (job.kind, job.name, job.namespace) == ("Job", "once", "jobs")
    assert job.spec["completions"] == 2
    assert (pod.kind, pod.name, pod.namespace) == ("Pod", "lonely", "default")
    assert pod.template["metadata"]["labels"] == {"a": "b"}
    one, other = (each.draws.lifetime_us(Streams(1), 1)[0] for each in (job, pod))
    assert one != other
