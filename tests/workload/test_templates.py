"""Derived templates: distinct, near the given one, which stays as it was."""

from __future__ import annotations

import copy

from simk8s.units import cpu_milli, memory_bytes
from simk8s.workload.templates import all_templates, derived, labelled

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "containers": [
            {"name": "a", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}},
            {"name": "b", "resources": {"requests": {"cpu": 1}, "limits": {"cpu": 1}}},
            {"name": "c"},
        ],
        "nodeSelector": {"pool": "web"},
    },
}


def test_labels_and_requests_differ() -> None:
    made = derived(TEMPLATE, 20, "template")
    labels = [one["metadata"]["labels"] for one in made]
    assert labels[17] == {"app": "web", "template": "t-17"}
    memory = [one["spec"]["containers"][0]["resources"]["requests"]["memory"] for one in made]
    assert len(set(memory)) == 20
    assert all(0.94 < memory_bytes(text) / 1024**3 < 1.06 for text in memory)


def test_requests_average_to_the_given_one() -> None:
    made = derived(TEMPLATE, 1000, "template")
    cpu = [cpu_milli(t["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for t in made]
    assert abs(sum(cpu) / len(cpu) - 500) < 1


def test_what_has_a_limit_keeps_its_request() -> None:
    container = derived(TEMPLATE, 5, "template")[0]["spec"]["containers"][1]
    assert container["resources"]["requests"] == {"cpu": 1}


def test_the_given_template_is_untouched() -> None:
    before = copy.deepcopy(TEMPLATE)
    derived(TEMPLATE, 5, "template")
    labelled(TEMPLATE, "x")
    assert before == TEMPLATE


def test_everything_else_is_kept() -> None:
    made = derived(TEMPLATE, 2, "template")[1]
    assert made["spec"]["nodeSelector"] == {"pool": "web"}
    assert made["spec"]["containers"][2]["name"] == "c"


def test_a_single_template_is_itself() -> None:
    assert all_templates(TEMPLATE, None, "template") == [TEMPLATE]
    assert len(all_templates(TEMPLATE, 3, "template")) == 3


def test_a_controllers_template_has_labels() -> None:
    template, labels = labelled({"spec": {}}, "api")
    assert labels == {"app": "api"} == template["metadata"]["labels"]
    assert labelled(TEMPLATE, "api")[1] == {"app": "web"}
