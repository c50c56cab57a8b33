from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands
from simk8s.results.results import Results
from tests import synthetic

MIN, H, D = 60_000_000, 3_600_000_000, 86_400_000_000


@pytest.mark.parametrize(
    ("span", "suffix", "tick"),
    [
        (0, "s", 0.1),
        (90 * 1_000_000, "s", 10),
        (30 * MIN, "min", 5),
        (2 * H, "min", 15),
        (24 * H, "h", 3),
        (4 * D, "h", 12),
        (7 * D, "d", 1),
        (365 * D, "d", 60),
        (100_000 * D, "d", 365),
    ],
)
def test_units_and_ticks_people_count_in(span, suffix, tick):
    axis = TimeAxis.over(span)
    assert (axis.suffix, axis.tick) == (suffix, tick)


def test_instants_are_in_the_axis_unit():
    axis = TimeAxis.over(24 * H)
    assert axis.at(90 * MIN) == 1.5
    assert axis.values(pl.Series([0, 6 * H])) == [0, 6]
    assert axis.layout()["range"] == [0, 24]


def test_faults_shade_their_time(small):
    bands = fault_bands(small, axis_of(small))
    outage = [shape for shape in bands["shapes"] if shape["x0"] == 6]
    assert [shape["x1"] for shape in outage] == [6.5]
    assert "zone b outage" in [label["text"] for label in bands["annotations"]]


def test_hundreds_of_crashes_do_not_shade_everything(small, tmp_path):
    frame = small.faults.collect()
    crashes = pl.concat([frame.with_columns(target=pl.lit(f"n{i}")) for i in range(300)])
    crashes = crashes.filter(kind="nodeCrash")
    folder = synthetic.write(replace(synthetic.SMALL, seed=2), tmp_path)
    stored = pl.read_parquet(folder / "faults.parquet")
    both = pl.concat([stored.filter(kind="zoneOutage"), crashes.cast(stored.schema)])
    both.write_parquet(folder / "faults.parquet")
    results = Results.open(folder)
    assert len(fault_bands(results, axis_of(results))["shapes"]) == 1
