from __future__ import annotations

import json
import re
from dataclasses import replace

import polars as pl
import pytest

from simk8s.report.panels import node_heatmap
from simk8s.report.panels.node_heatmap import MAX_ROWS, NodeHeatmap
from simk8s.results.results import Results
from tests import synthetic


def figure(results):
    block = NodeHeatmap().render(results)
    return json.loads(re.search(r'data-figure="[^"]+">(.*?)</script>', block.html)[1])


def test_few_nodes_have_a_row_each(small):
    drawn = figure(small)
    assert len(drawn["data"][0]["y"]) == 24
    assert drawn["layout"]["yaxis"]["ticktext"] == ["zone a", "zone b", "zone c"]
    assert [trace["name"] for trace in drawn["data"]] == ["CPU", "Memory", "GPU", "not ready"]
    assert drawn["choices"] == [[0, 3], [1, 3], [2, 3]]


def test_values_are_the_samples(small):
    drawn = figure(small)["data"][0]
    nodes = small.nodes.collect()
    name = drawn["y"][5]
    row = nodes.row(by_predicate=pl.col("name") == name, named=True)["node"]
    samples = small.node_samples.filter(node=row).sort("t_us").collect()["cpu_share"]
    assert drawn["z"][5] == [round(value, 3) for value in samples]


def test_what_was_down_is_marked(small):
    drawn = figure(small)["data"][-1]
    down = {name for name, row in zip(drawn["y"], drawn["z"], strict=True) if any(row)}
    zone_b = small.nodes.filter(zone="b").collect()["name"]
    assert down == set(zone_b.to_list())


def test_many_nodes_share_rows_within_their_pool(tmp_path):
    day = replace(synthetic.SMALL, nodes=903, pods=900)
    results = Results.open(synthetic.write(day, tmp_path))
    rows = node_heatmap._rows(results)
    assert MAX_ROWS // 2 < rows.height <= MAX_ROWS
    assert rows["n"].sum() == 903
    pool_of = {
        n: (z, p) for n, z, p in results.nodes.select("node", "zone", "profile").collect().rows()
    }
    for zone, profile, members in rows.select("zone", "profile", "node").rows():
        assert {pool_of[node] for node in members} == {(zone, profile)}
    assert "neighbouring nodes (903 nodes in" in NodeHeatmap().render(results).note


@pytest.mark.parametrize(
    ("pools", "size"), [([3], 1), ([200], 1), ([201], 2), ([101] * 3, 2), ([], 1)]
)
def test_row_sizes(pools, size):
    assert node_heatmap._row_size(pools) == size


def test_a_cluster_of_hundreds_of_pools_still_fits(small, tmp_path):
    folder = synthetic.write(replace(synthetic.SMALL, nodes=600, pods=100), tmp_path)
    nodes = pl.read_parquet(folder / "nodes.parquet")
    nodes.with_columns(profile=pl.format("p{}", "node")).write_parquet(folder / "nodes.parquet")
    assert len(figure(Results.open(folder))["data"][0]["y"]) == MAX_ROWS


def test_equal_labels_stay_apart(tmp_path):
    folder = synthetic.write(synthetic.SMALL, tmp_path)
    nodes = pl.read_parquet(folder / "nodes.parquet")
    nodes.with_columns(name=pl.lit("n" * 100)).write_parquet(folder / "nodes.parquet")
    assert len(set(figure(Results.open(folder))["data"][0]["y"])) == 24


def test_one_zone_is_named_by_hardware(tmp_path):
    folder = synthetic.write(synthetic.SMALL, tmp_path)
    nodes = pl.read_parquet(folder / "nodes.parquet")
    nodes.with_columns(zone=pl.lit("")).write_parquet(folder / "nodes.parquet")
    names = figure(Results.open(folder))["layout"]["yaxis"]["ticktext"]
    assert names == ["g4dn.12xlarge", "m5.4xlarge"]
