"""`simk8s compare`: variants from options or the scenario, seeds, one page."""

from __future__ import annotations

import json
import re
import shutil

import pytest


def test_strategies_and_seeds(simk8s, straw):
    words = "compare tiny.yaml --strategies kube_scheduler,best_fit --seeds 3 --jobs 4"
    result = simk8s(*words.split())
    assert result.code == 0
    call = straw.calls[0]
    assert [v.name for v in call["variants"]] == ["kube_scheduler", "best_fit"]
    assert (call["seeds"], call["jobs"]) == ([3, 4, 5], 4)
    assert str(call["out"]) == "reports/tiny-compare"
    assert call["command"] == (
        "simk8s compare tiny.yaml --strategies kube_scheduler,best_fit --seeds 3"
    )
    assert "Pods created" in result.out
    assert result.out.splitlines()[-1] == "page: reports/tiny-compare/report.html"


def test_variants_with_overrides(simk8s, straw):
    simk8s("compare", "tiny.yaml", "--variant", "a: nodes.0.count=1, seed=4", "--variant", "b:")
    first, second = straw.calls[0]["variants"]
    assert first.overrides == (("nodes.0.count", "1"), ("seed", "4"))
    assert (second.name, second.overrides) == ("b", ())


def test_the_scenarios_own_variants_are_the_default(simk8s, straw, here):
    text = (here / "tiny.yaml").read_text()
    (here / "tiny.yaml").write_text(text + "variants: {x: first_fit, y: {nodes.0.count: 9}}\n")
    simk8s("compare", "tiny.yaml")
    assert [v.name for v in straw.calls[0]["variants"]] == ["x", "y"]


@pytest.mark.parametrize("named", [["whole", "part"], ["part", "whole"]])
def test_a_whole_strategy_and_a_part_of_it_side_by_side(simk8s, straw, here, named):
    text = (here / "tiny.yaml").read_text()
    text = re.sub("strategy: .*", "strategy: {name: cp_sat, window: 7s}", text)
    variants = "variants:\n  whole: first_fit\n  part: {strategy.window: 3s}\n"
    (here / "tiny.yaml").write_text(text + variants)
    chosen = [word for name in named for word in ("--variant", name)]
    result = simk8s("compare", "tiny.yaml", *chosen)
    assert (result.code, result.err) == (0, "")
    assert [v.name for v in straw.calls[0]["variants"]] == named
    refused = simk8s("compare", "tiny.yaml", "--variant", "part", "--set", "strategy=first_fit")
    line = len(text.splitlines()) + 3
    assert refused.code == 2
    assert f"tiny.yaml:{line}:" in refused.err
    assert "E108" in refused.err


def test_what_is_wrong_with_a_variant_names_its_option(simk8s):
    result = simk8s("compare", "tiny.yaml", "--variant", "a: nodes.0.count=-1")
    assert "--variant a: nodes.0.count=-1: E104" in result.err


def test_json(simk8s, straw):
    found = json.loads(simk8s("compare", "tiny.yaml", "--strategies", "best_fit", "--json").out)
    assert {run["seed"] for run in found["runs"]} == {1, 2}
    assert found["runs"][0]["kpis"]["pods_created"] > 0
    assert len(found["variants"]) == 3


def test_one_run_that_misses_a_threshold_is_exit_1(simk8s, straw, tmp_path):
    straw.comparison = shutil.copytree(straw.comparison, tmp_path / "compare")
    path = straw.comparison / "best_fit" / "2" / "manifest.json"
    text = "thresholds: [pods_created > 1k, pods_created > 1]"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"scenario_text": text}))
    result = simk8s("compare", "tiny.yaml", "--strategies", "best_fit")
    assert result.code == 1
    assert "best_fit, seed 2:\nMISSED pods_created > 1k: 400 (margin −600)" in result.out
    found = json.loads(simk8s("compare", "tiny.yaml", "--strategies", "best_fit", "--json").out)
    missing = [(r["variant"], r["seed"]) for r in found["runs"] if r["thresholds"]]
    assert missing == [("best_fit", 2)]


def test_an_interrupt_keeps_what_is_finished(simk8s, straw):
    straw.interrupted = True
    result = simk8s("compare", "tiny.yaml", "--strategies", "best_fit")
    assert result.code == 130
    assert "page:" in result.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "E401"),
        (["--strategies", ","], "E401"),
        (["--strategies", "bestfit"], "E201"),
        (["--strategies", "best_fit,best_fit"], "E304"),
        (["--variant", "nope"], "E305"),
        (["--variant", "a: nodes.0.cuont=1"], "E101"),
        (["--variant", "../x: seed=1"], "E105"),
    ],
)
def test_bad_variants_are_exit_2_and_nothing_runs(simk8s, straw, words, code):
    result = simk8s("compare", "tiny.yaml", *words)
    assert (result.code, code in result.err, straw.calls) == (2, True, []), result.err
