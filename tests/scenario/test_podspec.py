"""Pod templates: what a pod asks, by Kubernetes' rules; which fields exist."""

from __future__ import annotations

import pytest

from simk8s.scenario.podspec import oddities, requests
from simk8s.scenario.reading import read_document
from simk8s.scenario.templates import check_template


def template(text):
    document = read_document(text, "t.yaml")
    return document.data, document.positions


def container(**amounts):
    return {"name": "c", "resources": {"requests": amounts}}


def test_containers_add_up_and_limits_stand_in_for_requests():
    spec = {
        "containers": [
            container(cpu="500m", memory="1Gi"),
            {"resources": {"limits": {"cpu": 1, "nvidia.com/gpu": 2}, "requests": {"cpu": "250m"}}},
        ],
        "overhead": {"cpu": "50m"},
    }
    assert requests({"spec": spec}) == {
        "cpu": 800,
        "memory": 1 << 30,
        "nvidia.com/gpu": 2,
        "pods": 1,
    }


def test_init_steps_count_by_their_maximum_and_sidecars_stay():
    spec = {
        "initContainers": [
            {**container(cpu="100m"), "restartPolicy": "Always"},
            container(cpu="3"),
            container(cpu="1"),
        ],
        "containers": [container(cpu="1")],
    }
    # The sidecar runs beside the step of 3 cores: 3.1 > 1 + 0.1.
    assert requests({"spec": spec})["cpu"] == 3100


def test_pod_level_resources_replace_the_sum():
    spec = {"containers": [container(cpu="1")], "resources": {"requests": {"cpu": "4"}}}
    assert requests({"spec": spec})["cpu"] == 4000


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("spec: {}\n", "E102", 1, "`containers` is missing"),
        ("spec:\n  containers: []\n", "E105", 2, "at least 1"),
        ("spec:\n  containers: [{nam: x}]\n", "E101", 2, "unknown key 'nam'"),
        ("spec:\n  nodeSelctor: {}\n  containers: [{}]\n", "E101", 2, "'nodeSelctor'"),
        ("spec:\n  priority: high\n  containers: [{}]\n", "E103", 2, "a whole number"),
        ("spec:\n  nodeSelector: {gpu: true}\n  containers: [{}]\n", "E103", 2, "expected text"),
        ("meta: {}\nspec: {containers: [{}]}\n", "E101", 1, "unknown key 'meta'"),
        (
            "spec:\n  containers:\n    - resources: {requests: {gpu: 1}}\n",
            "E104",
            3,
            "is no resource",
        ),
        (
            "spec:\n  containers: [{}]\n  tolerations: [{operator: Exist}]\n",
            "E106",
            3,
            "expected 'Exists' or 'Equal'",
        ),
    ],
)
def test_wrong_templates_are_named(text, code, line, words):
    data, positions = template(text)
    found = list(check_template(data, (), positions))
    assert (found[0].code, found[0].place.line) == (code, line), str(found[0])
    assert words in found[0].message


def test_known_fields_that_are_not_simulated():
    data, _ = template("spec:\n  readinessGates: []\n  dnsPolicy: x\n  containers: [{image: x}]\n")
    assert [odd.path for odd in oddities(data)] == [("spec", "readinessGates")]
