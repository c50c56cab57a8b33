"""What cycles cost: against the real scheduler's measured medians and scheduler_perf's ratios."""

from __future__ import annotations

import pytest

from benchmarks.cycle_times import PERF, ROWS, TOLERANCE, perf_rate
from simk8s.scheduler.timing import CycleTimes


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] == "identical"])
def test_pods_that_wake_no_plugin_cost_what_was_measured(
    row: tuple[str, int, str, int, int, float],
) -> None:
    *_, evaluated, _, measured_ms = row
    assert CycleTimes().cycle_us(evaluated) / 1_000 == pytest.approx(measured_ms, rel=0.2)


def test_a_faster_machine_and_no_time_at_all() -> None:
    assert CycleTimes(speed=2.0).cycle_us(500) == CycleTimes().cycle_us(500) // 2
    assert CycleTimes(0, 0, 0, 0).cycle_us(5_000, 5_000, 5_000) == 1


def test_cores_share_what_is_gone_through_up_to_the_parallelism() -> None:
    serial, parallel = 100, CycleTimes(base_us=0).cycle_us(500, 5_000, 150_000)
    assert CycleTimes(cores=8).cycle_us(500, 5_000, 150_000) == serial + parallel // 4
    sixteen = CycleTimes(cores=16).cycle_us(500, 5_000, 150_000)
    assert sixteen == serial + parallel // 8 == CycleTimes(cores=64).cycle_us(500, 5_000, 150_000)


@pytest.mark.slow
def test_throughput_ratios_of_scheduler_perf() -> None:
    """basic : topology spread : pod affinity = 7.7 : 2.4 : 1 (CI floors of v1.36), within 40 %."""
    rates = {name: perf_rate(initial, special, 10) for name, (initial, special, _) in PERF.items()}
    for name, rate in rates.items():
        wanted = PERF[name][2] / PERF["pod affinity"][2]
        assert rate / rates["pod affinity"] == pytest.approx(wanted, rel=TOLERANCE), name
