"""The model of Kueue's performance test, small."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.papers import _kueue_page
from benchmarks.papers._kueue_model import Class, Model, Shape
from benchmarks.papers.kueue import ROOT, calibrate, read

GENERATOR = ROOT.parent / "shared/traces/kueue-perf/baseline/generator.yaml"
FULL = Shape(5, 6, 20, 100, "Any", "LowerPriority", (
    Class("small", 350, 100, 200, 50, 1),
    Class("medium", 100, 500, 500, 100, 5),
    Class("large", 50, 1_200, 1_000, 200, 20),
))  # fmt: skip
SMALL = FULL._replace(
    cohorts=1,
    queues=2,
    classes=tuple(one._replace(count=one.count // 10) for one in FULL.classes),
)


def test_every_workload_is_admitted_and_important_ones_first() -> None:
    found = Model(SMALL, 80_000).run()
    assert found.writes >= SMALL.workloads
    assert set(found.admission_s) == {"small", "medium", "large"}
    assert found.admission_s["large"] < found.admission_s["medium"] < found.admission_s["small"]
    assert 0 < found.usage <= 1


def test_it_is_the_same_twice() -> None:
    assert asdict(Model(SMALL, 50_000).run()) == asdict(Model(SMALL, 50_000).run())


def test_nobody_waits_where_there_is_quota_for_all_and_writes_take_no_time() -> None:
    ample = SMALL._replace(nominal=10_000)
    found = Model(ample, 1).run()
    assert max(found.admission_s.values()) < 0.001
    last = max(one.count * one.every_ms + one.runtime_ms for one in ample.classes)
    assert found.wall_s == pytest.approx(last / 1_000, abs=0.01)


def test_saturated_the_wall_time_is_the_writes() -> None:
    found = Model(SMALL, 400_000).run()
    assert found.wall_s == pytest.approx((found.writes - 100) * 0.4, rel=0.1)


def test_calibration_finds_the_write_time_that_made_a_run() -> None:
    took_s = Model(SMALL, 120_000 // 2).run().wall_s
    write_us = calibrate(SMALL, took_s)
    assert Model(SMALL, write_us).run().wall_s == pytest.approx(took_s, rel=0.02)


def test_equivalent_workloads_step_aside_together() -> None:
    tight = SMALL._replace(nominal=10, queues=2)
    hashed, plain = (Model(tight, 20_000, hashing=on).run() for on in (True, False))
    assert hashed.writes < plain.writes, "those alike are not tried one by one"


def test_the_page_has_what_was_published_beside_the_model() -> None:
    found = Model(SMALL, 80_000).run()
    page = _kueue_page.render(SMALL, 80_000, found, found)
    assert "| time to admission, large | 16.5 (± 13 %) |" in page
    assert "12.5 a\nsecond" in page


@pytest.mark.skipif(not GENERATOR.exists(), reason="no /work/shared here")
def test_the_generator_is_read() -> None:
    assert read(Path(GENERATOR)) == FULL
    assert FULL.workloads == 15_000
