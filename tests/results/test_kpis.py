from __future__ import annotations

import math

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results.kpis import MEASURES, by_name, kpis
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest
from tests import synthetic

S = 1_000_000
HOUR = 3600 * S


def pod(row, created, scheduled=None, running=None, finished=None, phase="running", lost=None):
    return (
        row, "default", f"p{row}", "web", None, 0, 100, 200, 0, None, None, created, scheduled,
        scheduled, running, running, running, running, running, finished, phase, None,
        1, 0, lost, 60 * S if lost else 0,
    )  # fmt: skip


def sample(t, cpu, allocatable, used, gpu=0, gpus=0):
    return (t, 0, 0, 0, 0, 0, 0, 0, 3, 3, cpu, allocatable, 0, 0, gpu, gpus, used, 0, 0, 0)


def node(row, price, joined=0, removed=None, down=0):
    return (
        row, f"n{row}", "m5", "a", 4000, 100, 0, None, 110, price, joined, removed, 0, down,
        0.0, 0.0, None, 0, 0,
    )  # fmt: skip


@pytest.fixture
def values(tmp_path):
    recorder = Recorder()
    recorder.pods.append(pod(0, 0, 10, 2 * S))
    recorder.pods.append(pod(1, 0, 30, 6 * S, HOUR, "succeeded"))
    recorder.pods.append(pod(2, 0, 20, 1 * S, 2 * HOUR, "failed", "preemption"))
    recorder.pods.append(pod(3, 0, phase="pending"))
    recorder.pods.append(pod(4, 0, phase="dropped"))
    recorder.pods.append(pod(5, 4 * HOUR - S, phase="pending"))  # too late to count as slow
    for row in [sample(0, 100, 1000, 1), sample(HOUR, 900, 1000, 3), sample(4 * HOUR, 0, 500, 0)]:
        recorder.timeseries.append(row)
    recorder.nodes.append(node(0, 1.0))
    recorder.nodes.append(node(1, 2.0, HOUR, 2 * HOUR, down=HOUR // 2))
    recorder.nodes.append(node(2, None))
    for attempt, outcome in enumerate(["unschedulable", "bound"]):
        reason = 0 if attempt == 0 else None
        recorder.decisions.append(
            (0, 0, attempt, "x", outcome, None, 0, None, 10, 500, reason, 2 * attempt)
        )
    digest = recorder.seal(tmp_path)
    write_manifest(
        tmp_path,
        Manifest(version="0", scenario="s", seed=1, digest=digest, duration_us=4 * HOUR,
                 simulated_us=4 * HOUR),
    )  # fmt: skip
    return by_name(kpis(Results.open(tmp_path)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pods_created", 6),
        ("pods_started", 3),
        ("pods_running", 1),
        ("pods_succeeded", 1),
        ("pods_failed", 1),
        ("pods_pending", 2),
        ("pods_unscheduled", 2),
        ("pods_dropped", 1),
        ("pods_lost", 1),
        ("lost_preemption", 1),
        ("lost_work_us", 60 * S),
        ("started_within_5s", 2 / 4),
        ("scheduling_us_p50", 20),
        ("scheduling_us_p99", pytest.approx(29.8)),
        ("startup_us_p50", 2 * S),
        ("queue_wait_us_p90", 10),
        ("attempts", 2),
        ("attempts_per_second", 2 / (4 * 3600)),
        ("attempts_unsuccessful", 0.5),
        ("service_us_mean", 500),
        ("victims", 2),
        # one hour at 100, three hours at 900, of 1,000 throughout
        ("cpu_utilisation_mean", pytest.approx((100 + 3 * 900) / 4000)),
        ("cpu_utilisation_peak", 0.9),
        ("memory_utilisation_mean", None),
        ("nodes_used_mean", pytest.approx((1 + 3 * 3) / 4)),
        ("nodes_used_peak", 3),
        ("nodes_down_share", pytest.approx(0.5 / 9)),
        ("node_cost", pytest.approx(4 * 1 + 1 * 2)),
    ],
)
def test_a_kpi_is_what_one_counts_by_hand(values, name, expected):
    assert values[name] == expected


def test_what_is_not_there_is_left_out(values):
    for name in ("gpu_utilisation_mean", "gpu_allocation_end", "lost_node_crash", "solves"):
        assert name not in values


def test_memory_shares_do_not_overflow(tmp_path):
    recorder = Recorder()
    for t in (0, HOUR):
        row = list(sample(t, 1, 2, 1))
        row[12], row[13] = 2**50, 2**51
        recorder.timeseries.append(tuple(row))
    recorder.seal(tmp_path)
    write_manifest(
        tmp_path, Manifest(version="0", scenario="s", seed=1, duration_us=HOUR, simulated_us=HOUR)
    )
    assert by_name(kpis(Results.open(tmp_path)))["memory_utilisation_mean"] == 0.5


def test_an_empty_run_has_kpis_and_no_nonsense(tmp_path):
    found = kpis(Results.open(synthetic.write_empty(tmp_path)))
    assert {kpi.name for kpi in found} >= {"pods_created", "startup_us_p99"}
    for kpi in found:
        assert kpi.value is None or math.isfinite(kpi.value)
        assert kpi.text


def test_measures_have_distinct_names_and_words():
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert measure.meaning.endswith(".")


def test_gpu_kpis_are_there_when_gpus_are(small):
    values = by_name(kpis(small))
    assert 0 < values["gpu_allocation_end"] <= 1
    assert values["pods_created"] == 400
