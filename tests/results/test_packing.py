"""The bound of nodes in use at the end, and how far a run is from it."""

from __future__ import annotations

from simk8s.results.kpis import values
from simk8s.results.results import Results
from tests.packing.runs import replicaset, run

SETS = replicaset("web", 8, "900m")


def test_the_gap_of_a_spread_and_of_a_packed_run(tmp_path):
    found = {}
    for strategy in ("kube_scheduler", "most_allocated"):
        run(tmp_path / strategy, SETS, nodes=4, strategy=strategy)
        found[strategy] = values(Results.open(tmp_path / strategy / "out"))
    # 7,200m on nodes of less than 4,000m.
    assert [each["nodes_bound"] for each in found.values()] == [2, 2]
    assert found["kube_scheduler"]["packing_gap"] == 1.0
    assert found["most_allocated"]["packing_gap"] == 0.0


def test_nothing_runs_nothing_is_needed(tmp_path):
    run(tmp_path, replicaset("web", 1, "90"), nodes=2)
    found = values(Results.open(tmp_path / "out"))
    assert found["nodes_bound"] is None
    assert found["packing_gap"] is None
