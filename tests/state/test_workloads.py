"""Records of ReplicaSets and Jobs, and the pods that they stamp."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.state.cluster import Cluster
from simk8s.state.pods import Phase
from simk8s.state.workloads import Job, JobCondition, PodStamp, ReplicaSet

TEMPLATE = {"spec": {"containers": [{"resources": {"requests": {"cpu": "250m"}}}], "priority": 7}}


@pytest.fixture
def cluster():
    return Cluster()


def stamp(cluster, **fields):
    template = cluster.templates.parse(TEMPLATE, "default")
    owner, workload = cluster.owner("ReplicaSet/web"), cluster.workload("web")
    return PodStamp(cluster, owner, workload, template, **fields)


def test_pods_are_born_later_and_numbered_on(cluster):
    make = stamp(cluster)
    assert (make(2), make(3)) == (range(2), range(2, 5))
    pods = cluster.pods
    assert set(pods.phase) == {Phase.UNBORN}
    assert list(pods.ordinal) == [0, 1, 2, 3, 4]
    assert cluster.name_of(4) == "web-4"
    assert cluster.owner_name(pods.owner[4]) == "ReplicaSet/web"
    assert set(pods.priority) == {7}
    assert cluster.requests_of(0).values[0] == 250
    assert set(pods.lifetime_us) == {-1}


def test_the_kth_pod_has_the_kth_draw_however_they_are_made(cluster):
    def fresh():
        generator = np.random.default_rng(5)
        return stamp(cluster, lifetime_us=lambda n: generator.integers(1, 10**9, n))

    made = []
    for sizes in ((6,), (1, 2, 3)):
        make = fresh()
        rows = [row for size in sizes for row in make(size)]
        made.append([cluster.pods.lifetime_us[row] for row in rows])
    assert made[0] == made[1]
    assert len(set(made[0])) == 6


def test_drawn_requests(cluster):
    small = cluster.requests.intern((100, 1 << 20))
    make = stamp(cluster, requests=lambda n: np.full(n, small.id, np.int32))
    assert cluster.requests_of(make(1)[0]) is small


def test_defaults():
    assert ReplicaSet.of({}, pods=None).replicas == 1
    assert ReplicaSet.of({"replicas": 0}, pods=None).replicas == 0
    job = Job.of({"completions": 5, "parallelism": 2, "backoffLimit": 0}, pods=None)
    assert (job.completions, job.parallelism, job.backoff_limit) == (5, 2, 0)


def test_final_conditions():
    assert [c for c in JobCondition if c.final] == [JobCondition.COMPLETE, JobCondition.FAILED]
