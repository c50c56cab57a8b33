"""Waits per queue: the index by hand, and a run in which one namespace waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s import Scenario, compare, run
from simk8s.report.panels.queues import Queues
from simk8s.results import waits
from simk8s.results.compare import open_comparison
from simk8s.results.results import Results

SCENARIO = """
apiVersion: simk8s/v1
name: queues
duration: 2h
nodes: [{count: 1, capacity: {cpu: "4", memory: 8Gi}}]
strategy: gang_fifo
controlPlane: {profile: instant}
workload:
  - {name: first, namespace: one, job: {completions: 1, template: {spec: {containers: [
      {name: a, resources: {requests: {cpu: "3"}}}]}}}, lifetime: 30m}
  - {name: second, namespace: two, job: {completions: 1, template: {spec: {containers: [
      {name: a, resources: {requests: {cpu: "3"}}}]}}}, lifetime: 30m, at: 1m}
"""


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=8))
def test_the_index_is_between_one_over_n_and_one(values: list[float]) -> None:
    index = waits.jain(values)
    assert index is not None
    assert 1 / len(values) - 1e-9 <= index <= 1 + 1e-9


def test_the_index_by_hand() -> None:
    assert waits.jain([]) is None
    assert waits.jain([0, 0]) == 1
    assert waits.jain([1, 0]) == 0.5
    assert waits.jain([1, 2, 3]) == pytest.approx(36 / 42)


def test_who_waits_and_what_the_page_says(tmp_path: Path) -> None:
    result = run(Scenario.parse(SCENARIO), out=tmp_path / "run")
    results = Results.open(tmp_path / "run")
    found = waits.by_queue(results)
    assert found["namespace"].to_list() == ["one", "two"]
    first, second = (us // 60_000_000 for us in found["mean"])
    assert (first, second) == (0, 29)
    assert result.kpis["queue_worst_wait_us"] == found["mean"].max()
    assert result.kpis["queue_fairness"] == pytest.approx(0.5, abs=0.01)
    # Both asked for half an hour; the second had waited 29 minutes before it got it.
    assert found["served"].to_list() == pytest.approx([1, 30 / 59], abs=0.005)
    assert result.kpis["queue_served_worst"] == found["served"].min()
    fair = (1 + 30 / 59) ** 2 / (2 * (1 + (30 / 59) ** 2))
    assert result.kpis["queue_served_fairness"] == pytest.approx(fair, abs=0.005)
    block = Queues().render(results)
    assert block is not None
    assert "two" in block.html
    assert "0.50" in block.note


def test_strategies_are_compared_by_queue(tmp_path: Path) -> None:
    variants = {"tight": {}, "roomy": {"nodes.0.count": 2}}
    compare(Scenario.parse(SCENARIO), variants=variants, out=tmp_path / "cmp")
    block = Queues().render_compare(open_comparison(tmp_path / "cmp"))
    assert block is not None
    assert "Jain" in block.html
    assert block.html.count("<tr>") == 5, "a head, two queues and two indices"
    assert "0.50" in block.html
    assert "1.00" in block.html
