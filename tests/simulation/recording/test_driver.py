"""What marks ask for: every kind as scenarios write it, workers, nodes by many words, bad files."""

from __future__ import annotations

import json

import pytest

from simk8s.cli.main import USER, main
from simk8s.schema.labels import ZONE_LABEL
from simk8s.simulation.recording.actions import actions_of
from simk8s.simulation.recording.nodes import named
from simk8s.simulation.recording.reading import read
from simk8s.simulation.recording.replay import replay
from tests.simulation.recording.make_small import START, asked, header, mark, node

CORE, POLICY = "/api/v1/namespaces/default", "/apis/policy/v1/namespaces/default"


def pod(name, cpu="1", **spec):
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    meta = {"name": name, "labels": {"app": name.rstrip("0123456789")}}
    return {"metadata": meta, "spec": {"containers": [container], **spec}}


def zoned(number):
    made = node(f"n{number:03d}", "4")
    made["metadata"]["labels"] = {ZONE_LABEL: "zone-" + "ab"[number % 2]}
    made["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    return made


def condition(seconds, number, ready):
    seen = zoned(number)
    seen["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    return {"t": START + 1000 * seconds, "k": "nodes", "type": "MODIFIED", "o": seen}


def written(tmp_path, *lines, nodes=4, end=60, **head):
    initial = [{"t": START - 5, "k": "nodes", "type": "INITIAL", "o": zoned(n)}
               for n in range(nodes)]  # fmt: skip
    path = tmp_path / "made.jsonl"
    every = [{**header(), **head}, *initial, *lines, mark(end, done="end")]
    path.write_text("".join(json.dumps(line) + "\n" for line in every))
    return path


def simulated(found):
    """(subject, milestone) -> what the simulated run has, over all phases."""
    return {(row.subject, row.milestone): row.simulated
            for phase in found.phases for row in phase.rows}  # fmt: skip


# --- kinds


def test_admission_sees_what_the_driver_writes(tmp_path):
    """Quota, limit range and namespace are the records that scenarios have."""
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    ranges = {"metadata": {"name": "r"}, "spec": {"limits": [{"type": "Container",
              "max": {"cpu": "2"}}]}}  # fmt: skip
    found = replay(written(tmp_path,
        asked(0, "POST", f"{CORE}/limitranges", ranges),
        asked(1, "POST", f"{CORE}/pods", pod("big0", "3")),
        asked(2, "POST", f"{CORE}/resourcequotas", quota),
        asked(3, "POST", f"{CORE}/pods", pod("one0")),
        asked(4, "POST", f"{CORE}/pods", pod("two0")),
        asked(5, "PATCH", f"{CORE}/resourcequotas/q", {"spec": {"hard": {"pods": "5"}}}),
        asked(6, "POST", f"{CORE}/pods", pod("three0")),
    ))  # fmt: skip
    big, two = found.refused
    assert big.startswith("POST pods (big0): Invalid: requests.cpu: 3: must be less than")
    assert two.startswith("POST pods (two0): Forbidden: exceeded quota: q")
    ready = simulated(found)
    assert ("Pod default/one", "ready: the one") in ready
    assert ("Pod default/three", "ready: the one") in ready


def test_what_was_refused_there_and_not_here_is_told(tmp_path):
    line = asked(0, "POST", f"{CORE}/pods", pod("a0"))
    line["o"]["code"] = 403
    assert replay(written(tmp_path, line)).refused == ["POST pods (a0): accepted here, 403 there"]


def test_a_class_posted_by_the_driver_preempts(tmp_path):
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    lows = [asked(1 + n / 10, "POST", f"{CORE}/pods", pod(f"low{n}", "4")) for n in range(4)]
    found = replay(written(tmp_path,
        asked(0, "POST", classes, {"metadata": {"name": "high"}, "value": 1000}), *lows,
        asked(10, "POST", f"{CORE}/pods", pod("high0", "4", priorityClassName="high")),
    ))  # fmt: skip
    ran = simulated(found)
    assert ran["Pod default/low", "deleting: pods"] == 1
    assert 0.7 < ran["Pod default/high", "ready: the one"] < 0.9, "0.2 s to go, 0.5 s to start"


def test_a_namespace_does_not_go_and_odd_kinds_are_told(tmp_path):
    found = replay(written(tmp_path,
        asked(0, "POST", "/api/v1/namespaces", {"metadata": {"name": "team"}}),
        asked(1, "DELETE", "/api/v1/namespaces/team", None),
        asked(2, "POST", "/apis/x.io/v1/gadgets", {"metadata": {"name": "g"}}),
        asked(3, "PATCH", "/apis/x.io/v1/gadgets/g", [{"op": "test"}]),
        asked(4, "POST", "nonsense", None),
        mark(5, drain="nobody"),
        mark(6, adding_nodes=[{"metadata": {}}]),
        asked(7, "PATCH", "/apis/apps/v1/namespaces/default/deployments/none", {"spec": {}}),
    ))  # fmt: skip
    assert found.stored_only == {"gadgets": 1}
    told = "\n".join(found.refused)
    for words in ("deletion of a namespace is not simulated", "gadgets/g: only merge patches",
                  "nonsense: not a path", "drain nobody: no such node", "Invalid: KeyError",
                  "no deployments default/none"):  # fmt: skip
        assert words in told
    assert len(found.refused) == 6


def test_pods_of_a_deployment_stand_in_for_each_other(tmp_path):
    spec = {"replicas": 3, "template": {"metadata": {"labels": {"a": "b"}}, **pod("x")}}
    owner = [{"kind": "ReplicaSet", "name": "web-abc", "controller": True}]
    meta = {"name": "web-abc-1", "uid": "u", "labels": {"pod-template-hash": "abc"},
            "ownerReferences": owner}  # fmt: skip
    seen = {"t": START + 500, "k": "pods", "type": "ADDED", "o": {"metadata": meta, "spec": {}}}
    found = replay(written(tmp_path, seen,
        asked(0, "POST", "/apis/apps/v1/namespaces/default/deployments",
              {"metadata": {"name": "web"}, "spec": spec}),
        asked(10, "DELETE", f"{CORE}/pods/web-abc-1", None),
        mark(20, evict="web-abc-1"),
    ))  # fmt: skip
    assert found.refused == []
    last = found.phases[-2].rows, found.phases[-1].rows
    for rows in last:
        assert {row.milestone: row.simulated for row in rows}["created: pods"] == 1


# --- workers


def test_a_worker_waits_for_its_answer(tmp_path):
    """Ten workers that ask as fast as they are answered do not pile up requests."""
    posts = []
    for number in range(2_000):
        at = (number // 10) * 0.005
        line = asked(at, "POST", f"{CORE}/configmaps", {"metadata": {"name": f"c{number}"}})
        posts.append(line)
    ran = simulated(replay(written(tmp_path, *posts)))
    assert ran["driver", "requests: answered"] == 2_000
    assert ran["driver", "requests: p99"] < 0.1


def test_a_429_that_was_asked_again_is_one_request():
    body = {"metadata": {"name": "a"}}
    first = {"request": "POST", "path": "/x", "body": body, "code": 429}
    marks = [(0.0, first), (1.0, {**first, "code": 201})]
    assert [action.code for action in actions_of(marks, lambda t: round(t))] == [201]


# --- nodes


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["n001"], ["n001"]),
        (["kubelets of n001, n003 stop"], ["n001", "n003"]),
        (["n001..n003"], ["n001", "n002", "n003"]),
        (["zone-b"], ["n001", "n003"]),
        (["nodes/n002", "zone outage"], ["n002"]),
        (["everything"], []),
    ],
)
def test_nodes_are_meant_by_name_range_or_zone(texts, meant):
    known = {f"n{n:03d}": "zone-" + "ab"[n % 2] for n in range(4)}
    assert named(texts, known) == meant


@pytest.mark.parametrize(
    ("told", "verb"),
    [
        ({"stop_leases": ["n000"]}, "silence"),
        ({"fault": {"kind": "kill", "nodes": ["n000"]}}, "silence"),
        ({"fault": "zone outage", "zone": "zone-a"}, "silence"),
        ({"restore": "n000"}, "restore"),
        ({"fault": "over, kubelet is back", "node": "n000"}, "restore"),
        ({"uncordon": "n000"}, "uncordon"),
        ({"shake": "everything"}, "unknown"),
    ],
)
def test_words_of_marks(told, verb):
    (action,) = actions_of([(0.0, told)], lambda t: round(t))
    assert action.verb == verb


def losses(path):
    """When nodes of a replay stopped to be Ready, by both runs."""
    rows = [row for phase in replay(path).phases for row in phase.rows]
    return [(row.recorded, row.simulated, row.ok) for row in rows
            if row.milestone.startswith("ready: ") and row.unit == "s"]  # fmt: skip


def test_a_node_is_noticed_when_it_was(tmp_path):
    """The phase of its lease is the one under which the recording was possible."""
    for stopped, noticed in ((100, 148), (100, 153.5)):
        path = written(tmp_path, mark(100, stop_leases=["n000"]), condition(noticed, 0, "Unknown"),
                       end=200)  # fmt: skip
        ((there, here, ok),) = losses(path)
        assert there == noticed - stopped
        assert abs(here - there) <= 2.6, "half a period of the monitor"
        assert ok


def test_a_silence_that_no_mark_tells_of_is_seen(tmp_path):
    path = written(tmp_path, asked(0, "POST", f"{CORE}/pods", pod("a0")),
                   condition(150, 1, "Unknown"), condition(190, 1, "True"), end=220)  # fmt: skip
    verbs = [(action.verb, action.path) for action in read(path).actions]
    assert verbs == [("POST", f"{CORE}/pods"), ("silence", "n001"), ("restore", "n001")]
    steps = [row for phase in replay(path).phases for row in phase.rows
             if row.milestone == "ready: steps"]  # fmt: skip
    assert [(row.recorded, row.simulated) for row in steps] == [("4 → 3 → 4", "4 → 3 → 4")]


# --- higher limits


def test_the_pace_is_the_clients(tmp_path):
    """50 QPS and a burst of 60: 300 pods and 25 Events take (325 − 60) / 50 s."""
    flags = {"kcm": ["--kube-api-qps=50", "--kube-api-burst=60"]}
    spec = {"replicas": 300, "template": {"metadata": {"labels": {"a": "b"}}, **pod("x", "1m")}}
    web = {"metadata": {"name": "web"}, "spec": spec}
    post = asked(0, "POST", "/apis/apps/v1/namespaces/default/deployments", web)
    ran = simulated(replay(written(tmp_path, post, nodes=12, end=30, flags=flags)))
    created = ran["Deployment default/web", "created: last"]
    assert created == pytest.approx((325 - 60) / 50, abs=0.6)
    half = ran["Deployment default/web", "created: 50 %"]
    assert created - half == pytest.approx(150 / 50, abs=0.4)


# --- bad files


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({"flags": {"kcm": ["--kube-api-qps=fast"]}}, None),
        ({"sched_qps": 50}, None),
        ({"flags": ["kcm"]}, None),
        ({}, {"t": START, "k": "mark", "type": "MARK", "o": {"request": "GET", "sent": "soon"}}),
        ({}, {"t": START, "k": "mark", "type": "MARK", "o": ["drain"]}),
        ({}, {"t": "now", "k": "pods", "type": "ADDED", "o": {}}),
    ],
)
def test_what_cannot_be_read_is_the_users_error(tmp_path, capsys, head, line):
    base = {**header(), **head}
    if "sched_qps" in head:
        del base["scheduler_config"]
    path = tmp_path / "bad.jsonl"
    lines = [base, *([line] if line else []), mark(1, done="x")]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert main(["replay-recording", str(path)]) == USER
    assert f"{path}:{2 if line else 1}:1" in capsys.readouterr().err
