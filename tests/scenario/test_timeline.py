"""`timeline:`: its models and rules; every mistake at its place, with a hint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simk8s.catalog import Catalog
from simk8s.errors import UserError
from simk8s.nodes.knowledge import machines
from simk8s.scenario.jsonschema import json_schema
from simk8s.scenario.load import load
from simk8s.scenario.references import Reference, parse_reference

BASE = """\
apiVersion: simk8s/v1
name: t
duration: 2h
nodes: [{name: web, profile: m5.xlarge, count: 4, zones: [a, b]}]
workload:
  - name: web
    deployment: {replicas: 4, template: {spec: {containers: [{name: app, image: "shop:1"}]}}}
  - name: stream
    arrivals: {poisson: {rate: 1/s}}
    lifetime: {constant: 30s}
    template: {spec: {containers: [{name: app}]}}
  - name: hourly
    arrivals: {schedule: {every: 1h}}
    lifetime: {constant: 30s}
    template: {spec: {containers: [{name: app}]}}
timeline:
"""
LINE = BASE.count("\n") + 1


def problems(entry, base=Path(), lines=BASE):
    """(code, line, message, hint) of everything said of one entry."""
    try:
        found = load(
            base / "t.yaml",
            catalog=Catalog(base),
            knowledge=machines(),
            text=f"{lines}  - {entry}\n",
        ).problems
    except UserError as error:
        found = error.problems
    return [(one.code, one.place.line, one.message, one.hint or "") for one in found]


GOOD = [
    "{at: 1h, delete: [deploy/web]}",
    "{at: 1h, scale: {object: deployments.apps/web, replicas: 1}}",
    "{at: 1h, rolloutUndo: deployment/web}",
    "{at: 1h, rolloutUndo: {object: deployment/web, toRevision: 2}}",
    "{at: 1h, drain: web-3}",
    "{at: 1h, drain: {nodes: {count: 2, zone: b}, gracePeriod: 30s, timeout: 10m, parallel: 2}}",
    "{at: 1h, cordon: [web-0, web-1]}",
    "{at: 1h, cordon: {selector: 'pool=web,disk notin (hdd),!old'}}",
    "{at: 1h, taint: {nodes: {group: web}, add: ['k=v:NoExecute'], remove: [old]}}",
    "{at: 1h, label: {object: node/web-1, set: {a: b}}}",
    "{at: 1h, addNodes: {profile: m5.large, count: 1}}",
    "{at: 1h, setArrivalRate: {workload: stream, rate: 30/min}}",
    "{at: 1h, setArrivalRate: {workload: hourly, factor: 3}}",
    "{every: 10m, from: 5m, until: 1h, times: 3, rolloutRestart: deployment/web}",
    "{at: 1h, delete: rs/whatever-a-controller-made}",
]


@pytest.mark.parametrize("entry", GOOD)
def test_what_is_right_is_taken(entry):
    assert problems(entry) == []


BAD = [
    ("{at: 1h, scal: {object: deployment/web, replicas: 1}}", "E101", "'scale'"),
    ("{at: 1h}", "E107", "setImage"),
    ("{at: 1h, cordon: web-0, uncordon: web-0}", "E107", "got cordon and uncordon"),
    ("{at: 1h, every: 1h, cordon: web-0}", "E107", "exactly one of at, every"),
    ("{at: 1h, times: 2, cordon: web-0}", "E105", "belong to `every`"),
    ("{at: 1h, delete: deploymnt/web}", "E106", "did you mean 'deployment'?"),
    ("{at: 1h, delete: web}", "E105", "KIND/NAME"),
    ("{at: 1h, delete: deployment/wbe}", "E351", "did you mean 'deployment/web'?"),
    ("{at: 1h, namespace: shop, delete: deployment/web}", "E351", "one in namespace 'default'"),
    ("{at: 1h, scale: {object: daemonset/web, replicas: 1}}", "E105", "has no such thing"),
    ("{at: 1h, scale: {object: deployment/web}}", "E102", "`replicas` is missing"),
    ("{at: 1h, rolloutPause: statefulset/web}", "E105", "expected one of Deployment"),
    ("{at: 1h, drain: web-4}", "E351", "web-0 to web-3"),
    ("{at: 1h, drain: {nodes: {}}}", "E107", "say which nodes"),
    ("{at: 1h, cordon: {zone: c}}", "E302", "zones of this scenario: a, b"),
    ("{at: 1h, cordon: {group: wbe}}", "E351", "did you mean 'web'?"),
    ("{at: 1h, cordon: {selector: 'a in (b'}}", "E105", "requirement"),
    ("{at: 1h, taint: {nodes: web-0, add: ['k=v:Never']}}", "E106", "NoSchedule"),
    ("{at: 1h, taint: {nodes: web-0}}", "E102", "`add` or `remove`"),
    ("{at: 1h, label: {set: {a: b}}}", "E107", "nodes, object"),
    ("{at: 1h, addNodes: {profile: m5.xlrge, count: 1}}", "E301", "did you mean"),
    ("{at: 1h, addNodes: {profile: m5.large, cuont: 1}}", "E101", "did you mean 'count'?"),
    ("{at: 1h, setArrivalRate: {workload: steam, factor: 2}}", "E351", "did you mean 'stream'?"),
    ("{at: 1h, setArrivalRate: {workload: web, factor: 2}}", "E351", "no arrivals"),
    ("{at: 1h, setArrivalRate: {workload: hourly, rate: 2/s}}", "E105", "write a factor"),
    ("{at: 1h, setArrivalRate: {workload: stream}}", "E107", "factor, rate"),
    ("{at: 2h, cordon: web-0}", "W102", "it ends at 2h"),
    ("{every: 1h, from: 3h, cordon: web-0}", "W102", "after the end"),
    ("{every: 1ms, cordon: web-0}", "E105", "more than 100,000 times"),
    ("{at: 1h, apply: nothing/}", "E303", ""),
]


@pytest.mark.parametrize(("entry", "code", "words"), BAD)
def test_what_is_wrong_is_told_at_its_place(entry, code, words):
    found = problems(entry)
    assert any(
        (one, line) == (code, LINE) and words in f"{message} {hint}"
        for one, line, message, hint in found
    ), found


def test_what_is_applied_is_read_from_files_patterns_and_the_scenario(tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
           "spec": {"containers": [{"name": "c"}]}}  # fmt: skip
    (tmp_path / "v2").mkdir()
    for name in ("a", "b"):
        made = {**pod, "metadata": {"name": name}}
        (tmp_path / "v2" / f"{name}.json").write_text(json.dumps(made))
    entry = f"{{at: 1h, namespace: x, apply: ['v2/*.json', {json.dumps(pod)}]}}"
    loaded = load(tmp_path / "t.yaml", catalog=Catalog(tmp_path), text=f"{BASE}  - {entry}\n")
    assert [one.name for one in loaded.applied[0]] == ["a", "b", "p"]
    before = loaded.hash
    (tmp_path / "v2" / "a.json").write_text(json.dumps(pod))
    again = load(tmp_path / "t.yaml", catalog=Catalog(tmp_path), text=f"{BASE}  - {entry}\n")
    assert again.hash != before, "what a file says shapes the input"


def test_a_mistake_in_an_object_has_its_place_within_the_scenario():
    pod = "{kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, imag: x}]}}"
    found = problems(f"{{at: 1h, apply: {pod}}}")
    assert [(code, line) for code, line, *_ in found] == [("W132", LINE)]
    assert "did you mean 'image'?" in found[0][3]


def test_an_object_that_is_applied_may_be_named():
    job = "{kind: CronJob, metadata: {name: c}, spec: {schedule: '@hourly', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c}]}}}}}}"  # noqa: E501
    entries = f"{{at: 1h, apply: {job}}}\n  - {{at: 90m, delete: cj/c}}"
    assert [code for code, *_ in problems(entries) if code[0] == "E"] == []


def test_the_schema_shows_the_verbs():
    schema = json_schema(Catalog(), machines())
    entry = schema["$defs"]["TimelineEntry"]["properties"]
    assert {"at", "every", "from", "setImage", "rolloutUndo", "drain", "addNodes"} <= entry.keys()
    assert "#/$defs/NodeGroup" in json.dumps(entry["addNodes"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [("po/x", "Pod"), ("sts/x", "StatefulSet"), ("pdb/x", "PodDisruptionBudget"),
     ("NO/x", "Node"), ("replicasets.apps/x", "ReplicaSet")],
)  # fmt: skip
def test_kinds_as_kubectl_takes_them(text, kind):
    assert parse_reference(text) == Reference(kind, "x")
