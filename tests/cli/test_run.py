"""`simk8s run`: options reach the simulation, the summary and the JSON say what came of it."""

from __future__ import annotations

import json

import pytest


def test_the_defaults(simk8s, straw):
    result = simk8s("run", "tiny.yaml")
    assert result.code == 0
    call = straw.calls[0]
    assert str(call["out"]) == "reports/tiny"
    assert (call["seed"], call["until_us"], call["audit"]) == (None, None, False)
    assert call["command"] == "simk8s run tiny.yaml"
    assert "Pods created" in result.out
    assert "p50 / p90 / p99" in result.out
    assert result.out.splitlines()[-1] == "page: reports/tiny/report.html"
    assert result.err == ""


def test_options_reach_the_simulation(simk8s, straw):
    words = "run tiny.yaml --seed 9 --set nodes.0.count=7 --until 90m --out o --audit"
    simk8s(*words.split(), "--strategy", "first_fit")
    call = straw.calls[0]
    scenario = call["loaded"].scenario
    assert (scenario.nodes[0].count, scenario.strategy.name) == (7, "first_fit")
    assert (call["seed"], call["until_us"], call["audit"]) == (9, 5_400_000_000, True)
    assert str(call["out"]) == "o"
    assert call["command"] == (
        "simk8s run tiny.yaml --strategy first_fit --seed 9 --set nodes.0.count=7 "
        "--until 90m --audit"
    )


def test_json_alone_goes_to_stdout(simk8s, straw):
    result = simk8s("run", "tiny.yaml", "--json")
    found = json.loads(result.out)
    assert found["kpis"]["pods_created"] > 0
    assert found["stop_reason"] == "duration"


def test_an_interrupted_run_is_exit_130_with_a_page(simk8s, straw, here):
    straw.manifest = {"interrupted": True, "stop_reason": "interrupted"}
    result = simk8s("run", "tiny.yaml")
    assert result.code == 130
    assert "interrupted" in result.err
    assert (here / "reports/tiny/report.html").exists()


def test_a_run_that_ended_early_says_so(simk8s, straw):
    straw.manifest = {"stop_reason": "livelock", "stop_detail": "scheduler"}
    result = simk8s("run", "tiny.yaml")
    assert "ended early: livelock (scheduler)" in result.err


def test_a_failed_audit_is_exit_1(simk8s, straw):
    straw.manifest = {"audit": "failed"}
    assert simk8s("run", "tiny.yaml").code == 1


LINES = "thresholds: [%s]\n"


def test_thresholds_that_are_met_are_exit_0(simk8s, straw):
    straw.manifest = {"scenario_text": LINES % "pods_created >= 400, startup p100 < 10h"}
    result = simk8s("run", "tiny.yaml")
    assert result.code == 0
    assert "met    pods_created >= 400: 400 (margin ±0)" in result.out
    assert "\N{REPLACEMENT CHARACTER}" not in result.out
    assert "Scheduled to bound, p50 / p99 " in result.out
    assert "SLO: Pod startup" in result.out


def test_a_missed_threshold_is_exit_1_and_told_first(simk8s, straw):
    straw.manifest = {"scenario_text": LINES % "pods_created > 1, startup p50 < 1us"}
    result = simk8s("run", "tiny.yaml")
    assert result.code == 1
    lines = [line for line in result.out.splitlines() if "margin" in line]
    assert [line.split()[0] for line in lines] == ["MISSED", "met"]
    found = json.loads(simk8s("run", "tiny.yaml", "--json").out)["thresholds"]
    assert [t["met"] for t in found] == [True, False]
    assert (found[1]["threshold"], found[1]["limit"]) == ("startup p50 < 1us", 1)
    assert found[1]["margin"] == 1 - found[1]["value"] < 0


def test_an_interrupted_run_stays_130_whatever_it_missed(simk8s, straw):
    straw.manifest = {
        "scenario_text": LINES % "startup p50 < 1us",
        "interrupted": True,
        "stop_reason": "interrupted",
    }
    assert simk8s("run", "tiny.yaml").code == 130


def test_warnings_come_before_the_run(simk8s, straw):
    result = simk8s("run", "tiny.yaml", "--set", "workload.web.arrivals.poisson.rate=0/s")
    assert result.code == 0
    assert "W103" in result.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--strategy", "kube_shceduler"], "E201"),
        (["--set", "nodes.0.count=-1"], "E104"),
        (["--set", "nodes.0.count"], "E108"),
        (["--until", "soon"], "E104"),
        (["--until", "0s"], "E401"),
        (["--out", "tiny.yaml"], "E402"),
        (["--out", "tiny.yaml/x"], "E402"),
    ],
)
def test_bad_options_are_exit_2_and_nothing_runs(simk8s, straw, words, code):
    result = simk8s("run", "tiny.yaml", *words)
    assert (result.code, code in result.err, straw.calls) == (2, True, [])


def test_a_strategy_that_looks_like_yaml_stays_a_name(simk8s, straw):
    assert "E201" in simk8s("run", "tiny.yaml", "--strategy", "{name: x}").err


def test_many_seeds_make_one_page(simk8s, here):
    done = simk8s("run", "tiny.yaml", "--seeds", "3", "--jobs", "1", "--set", "duration=20m")
    assert done.code == 0, done.err
    assert "3 seeds of kube_scheduler." in done.out
    folder = here / "reports" / "tiny-seeds"
    assert "How seeds differ" in (folder / "report.html").read_text()
    assert sorted(p.parent.name for p in folder.glob("*/*/manifest.json")) == ["3", "4", "5"]
    assert simk8s("render", folder).code == 0


def test_explain_is_for_one_seed(simk8s, here):
    bad = simk8s("run", "tiny.yaml", "--seeds", "3", "--explain", "web-1")
    assert (bad.code, "--explain is for one seed" in bad.err) == (2, True)
