"""Recording explanations changes nothing, and `simk8s explain` reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simk8s.cli import main as entry
from simk8s.nodes.knowledge import machines
from simk8s.results.explanations import attempts_of
from simk8s.scenario.load import load
from simk8s.scenario.podnames import PodSelector
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

TEXT = """\
apiVersion: simk8s/v1
name: small
duration: 5m
nodes:
  - {name: plain, profile: m5.xlarge, count: 2, zones: [a, b]}
  - {name: special, profile: m5.xlarge, count: 1, taints: ["dedicated=gpu:NoSchedule"]}
workload:
  - name: web
    replicaSet:
      replicas: 9
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, resources: {requests: {cpu: "1", memory: 1Gi}}}]}
strategy: STRATEGY
"""


def simulate(folder: Path, strategy: str, pods: str | None) -> str:
    text = TEXT.replace("STRATEGY", strategy)
    loaded = load(folder / "small.yaml", knowledge=machines(), text=text)
    selector = None if pods is None else PodSelector.parse(pods)
    return run_scenario(loaded, out=folder, options=Options(explain=selector)).manifest.digest


@pytest.mark.parametrize("strategy", ["kube_scheduler", "{name: kube_scheduler, ties: random}"])
def test_the_digest_is_the_same(tmp_path: Path, strategy: str) -> None:
    recorded = simulate(tmp_path, strategy, "app=web")
    assert (tmp_path / "explanations.parquet").is_file()
    assert simulate(tmp_path, strategy, None) == recorded
    assert not (tmp_path / "explanations.parquet").exists(), "of the run before"


def test_every_attempt_is_there_and_chose_one_of_the_best(tmp_path: Path) -> None:
    simulate(tmp_path, "kube_scheduler", "web-*")
    (bound,) = attempts_of(tmp_path, "default/web-0")
    assert bound.outcome == "bound"
    totals = {line["node"]: line["total"] for line in bound.detail["table"] if line["fits"]}
    assert totals[bound.chosen] == max(totals.values())
    pending = attempts_of(tmp_path, "web-8")
    assert [item.attempt for item in pending] == list(range(1, len(pending) + 1))
    assert pending[0].outcome == "unschedulable"
    assert (
        pending[0]
        .detail["message"]
        .startswith(
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. "
            "no new claims to deallocate, preemption: 0/3"
        )
    )


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate(tmp_path, "kube_scheduler", "web-*")

    def explain(*words: str) -> tuple[int, str, str]:
        code = entry.main(["explain", str(tmp_path), "pod", *words])
        out, err = capsys.readouterr()
        return code, out, err

    code, out, _ = explain("default/web-8", "--attempt", "1")
    assert code == 0
    assert "default/web-8, attempt 1 at" in out
    assert "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu." in out
    assert "it would fit with" in out
    assert "tolerate dedicated=gpu:NoSchedule" in out
    code, out, _ = explain("default/web-0", "--json")
    told = json.loads(out)
    assert told["attempts"][0]["detail"]["table"][0]["fits"]
    code, _, err = explain("default/web-77")
    assert code == 2
    assert "did you mean" in err
    code, _, err = explain("default/web-0", "--attempt", "9")
    assert code == 2
    assert "recorded: 1" in err


def test_a_run_without_says_how_to_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate(tmp_path, "first_fit", None)
    assert entry.main(["explain", str(tmp_path), "pod", "default/web-0"]) == 2
    assert "--explain default/web-0" in capsys.readouterr().err
