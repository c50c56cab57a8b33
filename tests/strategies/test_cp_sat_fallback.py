"""CP-SAT where the default fails: who moves, who does not, and that it is the default elsewhere."""

from __future__ import annotations

import polars as pl

from tests.packing.runs import LARGE, budget, replicaset, run

FALLBACK = "{name: cp_sat_fallback, maxMoves: 1}"
SMALL = replicaset("small", 4, "950m")


def of(pods, name):
    return pods.filter(pl.col("name").str.starts_with(name))


def test_it_places_what_the_default_cannot(tmp_path):
    pods, solves, _ = run(tmp_path / "default", SMALL, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["pending"]
    assert solves.is_empty()
    pods, solves, digest = run(tmp_path / "fallback", SMALL, strategy=FALLBACK, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["running"]
    small = pods.filter(~pl.col("name").str.starts_with("large"))
    assert (small["phase"] == "running").sum() == 4, "who moved runs again"
    moved = small.filter(pl.col("lost_cause").is_not_null())
    assert moved.height == 1, "one move is enough"
    came = small.sort("created_us")[-1]
    assert came["node"].item() != moved["node"].item(), "and runs where the plan has it"
    assert solves["status"].to_list() == ["optimal"]
    assert solves["objective"].to_list() == [2.0], "one pod moved"
    again = run(tmp_path / "again", SMALL, strategy=FALLBACK, more=LARGE)
    assert again[2] == digest


def test_a_budget_forbids_it(tmp_path):
    manifests = SMALL + budget("small", 4)
    pods, _, _ = run(tmp_path, manifests, strategy=FALLBACK, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["pending"]
    assert pods["lost_cause"].is_null().all()


def test_no_more_than_max_moves(tmp_path):
    """Each node has 1,900m of 4,000m in use; 2,800m want two of its pods away."""
    manifests = replicaset("small", 4, "500m") + replicaset("tiny", 4, "450m")
    pods, solves, _ = run(tmp_path, manifests, strategy=FALLBACK, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["pending"]
    assert solves["status"].unique().to_list() == ["infeasible"]
    two = "{name: cp_sat_fallback, maxMoves: 2}"
    pods, solves, _ = run(tmp_path / "two", manifests, strategy=two, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["running"]
    assert pods["lost_cause"].is_not_null().sum() == 2


def test_more_important_pods_stay(tmp_path):
    manifests = replicaset("small", 4, "950m", priority=10)
    pods, _, _ = run(tmp_path, manifests, strategy=FALLBACK, more=LARGE)
    assert of(pods, "large")["phase"].to_list() == ["pending"]
    assert pods["lost_cause"].is_null().all()


def test_where_everything_fits_it_is_the_default(tmp_path):
    one, _, _ = run(tmp_path / "default", SMALL)
    other, solves, _ = run(tmp_path / "fallback", SMALL, strategy=FALLBACK)
    assert one["node"].to_list() == other["node"].to_list()
    assert one["running_us"].to_list() == other["running_us"].to_list()
    assert solves.is_empty()
