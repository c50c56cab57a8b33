"""Usage by name against the scheduler's own arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU, EPHEMERAL, MEMORY
from simk8s.state.usage import limits_of, quantity, requests_of, shown, total, usage

CPUS = st.sampled_from(["100m", "250m", "1", 2, "1500m"])
BYTES = st.sampled_from(["64Mi", "1Gi", "1G", 1 << 20])
BLOCK = st.fixed_dictionaries(
    {}, optional={"cpu": CPUS, "memory": BYTES, "ephemeral-storage": BYTES}
)
CONTAINER = st.fixed_dictionaries(
    {"name": st.just("a")},
    optional={
        "resources": st.fixed_dictionaries({}, optional={"requests": BLOCK, "limits": BLOCK})
    },
)
INIT = st.builds(
    lambda container, always: {**container, **({"restartPolicy": "Always"} if always else {})},
    CONTAINER,
    st.booleans(),
)
SPEC = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER, min_size=1, max_size=3)},
    optional={"initContainers": st.lists(INIT, max_size=3), "overhead": BLOCK},
)


@given(spec=SPEC)
def test_requests_are_those_that_the_scheduler_counts(spec):
    cluster = Cluster()
    template = cluster.templates.parse({"spec": spec}, "x")
    found = usage(template, template.requests, cluster.resources)
    for name, row in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", EPHEMERAL)):
        assert found.get(name, 0) == template.requests.values[row]
        assert found.get(f"requests.{name}", 0) == template.requests.values[row]
    assert found["pods"] == 1


def test_limits_and_overhead():
    spec = {
        "containers": [
            {"resources": {"limits": {"cpu": 1}}},
            {"resources": {"limits": {"cpu": 2}}},
        ],
        "initContainers": [{"resources": {"limits": {"cpu": 5, "memory": "1Gi"}}}],
        "overhead": {"cpu": "250m", "ephemeral-storage": "1Gi"},
    }
    assert total(spec, limits_of) == {"cpu": 5_250, "memory": 1 << 30}
    assert total(spec, requests_of)["ephemeral-storage"] == 1 << 30


def test_pod_level_resources_stand_for_the_pod():
    spec = {
        "containers": [{"resources": {"requests": {"cpu": 1}}}],
        "resources": {"requests": {"cpu": 3}, "limits": {"cpu": 4}},
    }
    assert total(spec, requests_of) == {"cpu": 3_000}
    assert total(spec, limits_of) == {"cpu": 4_000}


@pytest.mark.parametrize(
    ("name", "raw", "amount", "text"),
    [
        ("requests.cpu", "1500m", 1_500, "1500m"),
        ("cpu", 2, 2_000, "2"),
        ("limits.memory", "1536Mi", 1_536 << 20, "1536Mi"),
        ("requests.memory", "1G", 10**9, "1000000000"),
        ("requests.nvidia.com/gpu", 4, 4, "4"),
        ("count/jobs.batch", "1k", 1_000, "1000"),
        ("memory", 0, 0, "0"),
    ],
)
def test_quantities_by_name(name, raw, amount, text):
    assert quantity(name, raw) == amount
    assert shown(name, amount) == text
