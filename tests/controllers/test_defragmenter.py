"""Nodes are emptied within the budget, and what moves runs where the plan has it."""

from __future__ import annotations

import polars as pl

from tests.packing.runs import budget, replicaset, run

SETS = replicaset("web", 4, "900m")


def defragmenter(moves):
    return (
        f"controllers: {{defragmenter: {{name: defragmenter, interval: 5m, maxMoves: {moves}}}}}\n"
    )


def nodes_in_use(pods):
    return pods.filter(pl.col("phase") == "running")["node"].n_unique()


def test_it_empties_nodes_and_comes_to_rest(tmp_path):
    pods, solves, _ = run(tmp_path / "without", SETS, nodes=4, duration="1h")
    assert (nodes_in_use(pods), solves.height) == (4, 0)
    one = run(tmp_path / "one", SETS, nodes=4, duration="1h", more=defragmenter(4))
    pods, solves, digest = one
    assert nodes_in_use(pods) == 1
    assert (pods["phase"] == "running").sum() == 4
    assert pods["lost_cause"].is_not_null().sum() == 3, "one stays where it is"
    assert (solves["objective"][0], solves["bound"][0], solves["status"][0]) == (
        1.0,
        1.0,
        "optimal",
    )
    assert run(tmp_path / "two", SETS, nodes=4, duration="1h", more=defragmenter(4))[2] == digest


def test_no_more_than_its_budget_in_a_round(tmp_path):
    pods, solves, _ = run(tmp_path, SETS, nodes=4, duration="7m", more=defragmenter(1))
    assert pods["lost_cause"].is_not_null().sum() == 1
    assert solves["placed"].to_list() == [1]
    assert nodes_in_use(pods) == 3


def test_a_disruption_budget_holds(tmp_path):
    manifests = SETS + budget("web", 4)
    pods, _, _ = run(tmp_path, manifests, nodes=4, duration="1h", more=defragmenter(4))
    assert pods["lost_cause"].is_null().all()
    assert nodes_in_use(pods) == 4
