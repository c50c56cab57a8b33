"""Comparisons from Python: what `simk8s compare` finds, as frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from simk8s import Comparison, UserError, compare, run
from simk8s.strategies.most_allocated import MostAllocatedStrategy
from tests.python.made import small

SCENARIO = small(duration="2m")


class Tight(MostAllocatedStrategy):
    name: ClassVar[str] = "tight"


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(
        SCENARIO,
        strategies=["kube_scheduler", Tight],
        variants={"one": {"nodes.0.count": 1}, "more": SCENARIO.set("nodes.0.count", 4)},
        seeds=2,
    )


def test_variants_and_seeds(found: Comparison) -> None:
    assert found.variants == ("kube_scheduler", "Tight", "one", "more")
    assert found.seeds == (3, 4)
    assert list(found.runs) == [(v, s) for v in found.variants for s in found.seeds]
    assert found.runs["one", 3].nodes.height == 1
    assert found.runs["more", 4].nodes.height == 4
    assert repr(found).endswith("seeds 3, 4>")


def test_a_run_in_it_is_the_run_alone(found: Comparison) -> None:
    alone = run(SCENARIO.set("nodes.0.count", 1), seed=4)
    assert found.runs["one", 4].digest == alone.digest


def test_kpis_are_long(found: Comparison) -> None:
    assert found.kpis.columns == ["variant", "seed", "kpi", "value"]
    for (variant, seed), one in found.runs.items():
        rows = found.kpis.filter(pl.col("variant") == variant, pl.col("seed") == seed)
        assert dict(rows.select("kpi", "value").rows()) == one.kpis


def test_differences_are_paired(found: Comparison) -> None:
    rows = found.differences.filter(pl.col("kpi") == "nodes_used_peak", pl.col("variant") == "one")
    values = found.kpis.filter(pl.col("kpi") == "nodes_used_peak")
    by = {(v, s): value for v, s, _, value in values.rows()}
    mean = sum(by["one", seed] - by["kube_scheduler", seed] for seed in found.seeds) / 2
    assert rows["difference"].item() == mean < 0
    assert rows["pairs"].item() == 2
    assert set(found.differences["variant"]) == set(found.variants[1:])
    assert found.summary.columns == ["kpi", "title", *found.variants]


def test_tables_of_all_runs(found: Comparison) -> None:
    pods = found.table("pods")
    assert pods.columns[:2] == ["variant", "seed"]
    assert pods.height == sum(one.pods.height for one in found.runs.values())


def test_the_page(found: Comparison, tmp_path: Path) -> None:
    assert found.report(tmp_path / "page.html").is_file()
    assert "<th>Tight</th>" in found._repr_html_()


def test_folders_open_again(found: Comparison, tmp_path: Path) -> None:
    beside = compare(SCENARIO, variants={"one": {"nodes.0.count": 1}}, seeds=[4], out=tmp_path)
    assert beside.runs["one", 4].digest == found.runs["one", 4].digest
    assert Comparison.open(tmp_path).kpis.equals(beside.kpis)


def test_the_variants_of_the_scenario_itself(tmp_path: Path) -> None:
    scenario = SCENARIO.with_(variants={"a": {"seed": 1}, "b": "first_fit"})
    assert compare(scenario, until="1m").variants == ("a", "b")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "E401 there is nothing to compare"),
        ({"strategies": ["nope"]}, "E201 unknown strategy 'nope'"),
        ({"variants": {"a": {"nodes.9.count": 1}}}, "E108 nodes has 1 entries"),
        ({"variants": {"a": small(seed=8)}}, "E401 the variant 'a' is not made from"),
        ({"variants": {"a/b": {}}}, "E105 'a/b' cannot be"),
        ({"variants": {"A": {}, "a": {}}}, "E304"),
        ({"strategies": ["first_fit"], "seeds": 0}, "E401 seeds=0"),
        ({"strategies": ["first_fit"], "seeds": [1, 1]}, "E401 seeds="),
        ({"strategies": [Tight], "jobs": 2}, "E401 the class tight is known to this"),
    ],
)
def test_what_cannot_be_compared(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as raised:
        compare(SCENARIO, **options)
    assert words in str(raised.value)
