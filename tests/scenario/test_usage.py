"""`usage` and `behaviour` of a scenario, and their annotations."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from simk8s.errors import UserError
from simk8s.scenario import annotations
from simk8s.scenario.behaviour import BehaviourRule, Subject, said_of
from simk8s.scenario.load import load
from simk8s.scenario.usage import Level, Usage, from_annotations

TEXT = """
apiVersion: simk8s/v1
name: x
duration: 1h
nodes: [{{capacity: {{cpu: 4, memory: 8Gi}}, count: 1}}]
behaviour: {behaviour}
controlPlane: {{kubelet: {kubelet}}}
workload:
  - name: web
    deployment:
      replicas: 1
      template:
        metadata: {{labels: {{app: web}}, annotations: {notes}}}
        spec: {{containers: [{{name: main, resources: {{requests: {{cpu: 100m}}}}}}]}}
"""


def problems(behaviour="[]", kubelet="{}", notes="{}"):
    with pytest.raises(UserError) as caught:
        load(Path("x.yaml"), text=TEXT.format(behaviour=behaviour, kubelet=kubelet, notes=notes))
    return [f"{problem} {problem.hint}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("70%", Level(permille=700, of="request")),
        ("12.5% of limit", Level(permille=125, of="limit")),
        ("500m", Level(500)),
        (2, Level(2000)),
    ],
)
def test_levels(text, level):
    assert Usage.model_validate({"cpu": text}).cpu.constant == level


def test_every_shape():
    shapes = {
        "cpu": {"diurnal": {"low": "10%", "high": "90%"}},
        "memory": {"leak": {"from": "1Gi", "perHour": "100Mi", "upTo": "4Gi"}},
        "ephemeral-storage": {"ramp": {"from": 0, "to": "1Gi", "over": "5m"}},
        "pids": {"spikes": {"base": 10, "peak": 100, "every": "1h", "for": "1m"}},
        "work": "10m",
    }
    usage = Usage.model_validate(shapes)
    assert usage.memory.leak.per_hour == Level(100 << 20)
    assert usage.pids.spikes.peak == Level(100)
    assert usage.work == 600_000_000
    assert Usage.model_validate({"cpu": {"replay": {"path": "a"}}}).paths == ["a"]


@pytest.mark.parametrize(
    "raw",
    [
        {"cpu": "70% of all"},
        {"cpu": {"ramp": {"from": 1, "to": 2}}},
        {"cpu": {"constant": 1, "draw": 2}},
        {"cpu": {}},
        {"memory": {"steps": {"values": [{"after": "5s", "value": "1Gi"}]}}},
        {"memory": {"spikes": {"base": 1, "peak": 2, "every": "1m", "for": "2m"}}},
        {"work": "10m"},
        {"gpu": 1},
    ],
)
def test_what_makes_no_sense_is_refused(raw):
    with pytest.raises(ValidationError):
        Usage.model_validate(raw)


def usage_of(rules, labels, notes):
    said = said_of(rules, Subject("Pod", "p", "default", "p", labels))
    return annotations.traits(notes).over(said).usage


def test_annotations_say_more_than_behaviour_and_later_entries_more_than_earlier():
    web = {"matchLabels": {"app": "web"}}
    entries = [
        BehaviourRule.model_validate({"usage": {"cpu": "2", "pids": 5}}),
        BehaviourRule.model_validate({"selector": web, "usage": {"cpu": "1", "memory": "1Gi"}}),
    ]
    notes = {"simk8s.io/cpu-usage": "{steps: {values: [{after: 0s, value: 250m}]}}"}
    found = usage_of(entries, {"app": "web"}, notes)
    assert found.cpu.steps.values[0].value == Level(250)
    assert found.memory.constant == Level(1 << 30)
    assert usage_of(entries, {"app": "db"}, {}).cpu.constant == Level(2000)
    both = usage_of(entries, {"app": "web"}, {})
    assert (both.cpu.constant, both.pids.constant) == (Level(1000), Level(5))
    assert usage_of(entries[1:], {"app": "db"}, {}) is None


def test_a_bad_annotation_has_its_place():
    (found,) = annotations.wrong({"simk8s.io/cpu-usage": "lots"})
    assert (found.code, found.key) == ("E104", "simk8s.io/cpu-usage")
    (found,) = annotations.wrong({"simk8s.io/cpu-usge": "1"})
    assert "did you mean" in (found.hint or "")
    assert not list(annotations.wrong({"simk8s.io/cpu-work": "10m"}))
    assert any("x.yaml" in p and "E104" in p for p in problems(notes="{simk8s.io/cpu-usage: lots}"))


def test_annotations_without_ours_say_nothing():
    assert from_annotations({"x/y": "z"}, annotations.PREFIX) is None
    with pytest.raises(ValueError, match="not YAML"):
        from_annotations({"simk8s.io/cpu-usage": "{a: [}"}, annotations.PREFIX)


def test_mistakes_in_a_scenario_are_told_with_their_place():
    assert any("E10" in p and ":6:" in p for p in problems("[{usage: {cpu: {leek: {}}}}]"))
    missing = "[{usage: {cpu: {replay: {path: absent.parquet}}}}]"
    assert any("E303" in p for p in problems(missing))


@pytest.mark.parametrize(
    ("kubelet", "word"),
    [
        ("{evictionHard: {memory.avail: 1Gi}}", "did you mean 'memory.available'"),
        ("{evictionHard: {memory.available: lots}}", "E104"),
        ("{evictionHard: {memory.available: 120%}}", "more than there is"),
        ("{evictionSoft: {memory.available: 1Gi}}", "evictionSoftGracePeriod"),
        ("{evictionSoftGracePeriod: {memory.available: 1m}}", "no threshold"),
    ],
)
def test_mistakes_in_thresholds(kubelet, word):
    assert any(word in problem for problem in problems(kubelet=kubelet))


def test_thresholds_of_a_kubelet():
    def hard(kubelet):
        text = TEXT.format(behaviour="[]", kubelet=kubelet, notes="{}")
        return load(Path("x.yaml"), text=text).scenario.plane.kubelet.hard_thresholds

    assert hard("{}")["memory.available"] == (100 << 20, 0)
    assert hard("{evictionHard: {nodefs.available: 5%}}") == {"nodefs.available": (0, 50)}
    merged = "{evictionHard: {memory.available: 0%}, mergeDefaultEvictionSettings: true}"
    assert "memory.available" not in hard(merged)
    assert hard(merged)["imagefs.available"] == (0, 150)
