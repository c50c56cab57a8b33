"""KPIs of what pods used; none where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results.kpis import by_name, kpis, values
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest
from tests import synthetic

S = 1_000_000
NAMES = ("cpu_used_mean", "memory_used_mean", "cpu_throttled_share", "cpu_starved_share")


def opened(folder, rows):
    recorder = Recorder(usage=bool(rows))
    for row in rows:
        recorder.usage.append(row)
    digest = recorder.seal(folder)
    manifest = Manifest(version="0", scenario="s", seed=1, duration_us=S, simulated_us=S)
    write_manifest(folder, manifest.model_copy(update={"digest": digest}))
    return Results.open(folder), digest


def test_means_weigh_each_row_with_the_time_since_the_one_before(tmp_path):
    rows = [
        (0, 0, 0, 0, 0, 1000, 100, 0, 0, 0, 0, 0),
        (S, 1000, 500, 400, 10, 1000, 100, 2, 1, 0, 1, 0),
        (4 * S, 200, 200, 200, 50, 1000, 100, 3, 1, 4, 0, 0),
    ]
    results, _ = opened(tmp_path, rows)
    found = by_name(kpis(results))
    assert found["cpu_used_mean"] == pytest.approx((400 + 3 * 200) / 4000)
    assert found["memory_used_mean"] == pytest.approx((10 + 150) / 400)
    assert found["cpu_throttled_share"] == pytest.approx(500 / 1600)
    assert found["cpu_starved_share"] == pytest.approx(100 / 1600)
    assert found["oom_kills"] == 3


def test_a_run_without_usage_has_no_such_numbers(tmp_path):
    results, _ = opened(tmp_path, [])
    assert results.usage.collect().is_empty()
    assert not (tmp_path / "usage.parquet").exists()
    assert not {*NAMES, "oom_kills"} & by_name(kpis(results)).keys()
    assert values(results)["cpu_used_mean"] is None


def test_usage_belongs_to_the_digest_where_it_is(tmp_path):
    row = (0, 0, 0, 0, 0, 1000, 100, 0, 0, 0, 0, 0)
    digests = [
        opened(tmp_path / str(i), rows)[1]
        for i, rows in enumerate([[], [row], [(1, *row[1:])], [row]])
    ]
    assert len(set(digests)) == 3
    assert digests[1] == digests[3]


def test_the_page_of_a_day_with_usage_has_its_panel(tmp_path):
    from simk8s.report.panels.usage import Usage

    day = replace(synthetic.SMALL, usage=True)
    block = Usage().render(Results.open(synthetic.write(day, tmp_path)))
    assert block is not None
    assert "allocatable" in block.html
    assert "OOM kills" in block.html
