"""`behaviour:`: whose pods a rule means, which rule has the last word, what lint says of it."""

from __future__ import annotations

from typing import Any

import pytest

from simk8s.scenario.behaviour import BehaviourRule, Subject, Traits, said_of
from simk8s.scenario.usage import Level

WEB = Subject("Deployment", "web", "shop", "front", {"app": "web", "tier": "front"})
MINUTE = 60_000_000


def rule(**values: Any) -> BehaviourRule:
    return BehaviourRule.model_validate(values)


@pytest.mark.parametrize(
    ("conditions", "means"),
    [
        ({}, True),
        ({"selector": {}}, True),
        ({"kind": "Deployment"}, True),
        ({"kind": "*"}, True),
        ({"kind": "Job"}, False),
        ({"name": "w?b", "namespace": "shop"}, True),
        ({"name": "web", "namespace": "default"}, False),
        ({"workload": "fro*"}, True),
        ({"selector": "app=web"}, True),
        ({"selector": "app=web", "kind": "Job"}, False),
        ({"selector": {"matchLabels": {"tier": "back"}}}, False),
    ],
)
def test_all_conditions_must_hold(conditions: dict[str, Any], means: bool) -> None:
    assert rule(lifetime="5m", **conditions).means(WEB) is means


def test_what_nobody_knows_matches() -> None:
    unknown = Subject("Pod", None, "default", None, None)
    assert rule(selector="app=x", name="x", workload="x", stop="1s").means(unknown)
    assert not rule(selector="app=x", namespace="other", stop="1s").means(unknown)


def test_the_last_word_counts_value_by_value() -> None:
    rules = [
        rule(kind="*", lifetime="5m", startup="2s", usage={"cpu": "100m", "memory": "1Gi"}),
        rule(name="web", startup="3s", usage={"cpu": "200m"}),
        rule(name="api", startup="4s"),
    ]
    said = said_of(rules, WEB)
    assert said.lifetime is not None
    assert said.startup is not None
    assert said.usage is not None
    assert (said.lifetime.law, said.startup.law) == (5 * MINUTE, 3_000_000)
    assert said.usage.cpu is not None
    assert said.usage.memory is not None
    assert said.usage.cpu.constant == Level(200)
    assert said.usage.memory.constant == Level(1 << 30)
    assert said.stop is None


def test_annotations_come_before_rules() -> None:
    own = Traits.model_validate({"startup": "9s"})
    said = own.over(said_of([rule(kind="*", startup="1s", stop="1s")], WEB))
    assert said.startup is not None
    assert said.stop is not None
    assert (said.startup.law, said.stop.law) == (9_000_000, 1_000_000)


RULE = "strategy: kube_scheduler\nbehaviour:\n  - "


@pytest.mark.parametrize(
    ("written", "code", "words", "hint"),
    [
        ("{kind: Pod}", "E105", "what holds", None),
        ("{kind: Pod, lifetme: 5m}", "E101", "lifetme", "lifetime"),
        ("{kind: Pod, failureRate: 2}", "E105", "1", None),
        ("{kind: Pod, exitCode: 256}", "E105", "255", None),
        ("{kind: Pod, startup: 5x}", "E104", "5x", None),
        ("{selector: 'a in b', stop: 5s}", "E105", "requirement", None),
        ("{kind: Deployment, stop: 5s}", "W130", "no pod", "kinds of this scenario: Pod"),
        ("{workload: wep, stop: 5s}", "W130", "no pod", "'web'"),
        ("{selector: app=web, stop: 5s}", "W130", "no pod", None),
    ],
)
def test_what_is_told_of_a_rule(bench, written, code, words, hint) -> None:
    text = bench.changed("strategy: kube_scheduler\n", RULE + written + "\n")
    found, line, _, message, said = bench.one(text)
    assert (found, line) == (code, 18), message
    assert words in message
    assert hint is None or hint in (said or "")


def test_a_rule_that_means_somebody_is_fine(bench) -> None:
    text = bench.changed("strategy: kube_scheduler\n", RULE + "{name: web, kind: Pod, stop: 5s}\n")
    assert bench.problems(text) == []


JOB = """\
apiVersion: simk8s/v1
name: jobs
duration: 1h
nodes: [{profile: m5.4xlarge, count: 2}]
workload:
  - {name: etl, job: {template: {spec: {containers: [{name: c}]}}}}
"""


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("", ["W106"]),
        ("behaviour: [{kind: Job, lifetime: 5m}]\n", []),
        ("behaviour: [{selector: app=etl, runDuration: 5m}]\n", []),
        ("behaviour: [{kind: Job, startup: 5s}]\n", ["W106"]),
    ],
)
def test_a_rule_can_say_that_a_job_ends(bench, more: str, codes: list[str]) -> None:
    assert [problem.code for problem in bench.problems(JOB + more)] == codes
