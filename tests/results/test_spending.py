"""Energy, fragmentation, disruption and priorities from tables written by hand."""

from __future__ import annotations

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results import energy
from simk8s.results import format as fmt
from simk8s.results.kpis import values
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest
from tests.packing.runs import LARGE, replicaset, run
from tests.results.made import pod
from tests.results.spent import H, node_use


def opened(folder, *, uses=(), fragments=(), pods=(), usage=(), disruptions=()):
    recorder = Recorder(usage=bool(usage))
    for table, rows in (("node_use", uses), ("fragmentation", fragments), ("pods", pods),
                        ("usage", usage), ("disruptions", disruptions)):  # fmt: skip
        for row in rows:
            getattr(recorder, table).append(row)
    recorder.seal(folder)
    manifest = Manifest(version="0", scenario="s", seed=1, duration_us=4 * H, simulated_us=4 * H)
    write_manifest(folder, manifest)
    return Results.open(folder)


def test_energy_is_rest_and_work(tmp_path):
    # 4 h at 100 W, one hour of all its CPU; the second is idle, and off if it may be.
    found = values(opened(tmp_path, uses=[node_use(0), node_use(1, used=0, cpu=0)]))
    assert found["energy_kwh"] == pytest.approx((400 + 200 + 400) / 1000)
    assert found["energy_used_kwh"] == pytest.approx((200 + 200) / 1000)


def test_packages_and_devices_are_all_or_nothing(tmp_path):
    stepped = {"packages": 2, "packages_us": 3.0 * H, "gpus_busy_us": 2 * H, "gpu": 0.5 * H}
    drawn = energy.by_node(opened(tmp_path, uses=[node_use(0, gpus=2, **stepped)]))
    # One and a half of two packages for an hour's worth, two device-hours above rest.
    assert drawn["kwh"].item() == pytest.approx((4 * 160 + 200 * 1.5 + 220 * 2) / 1000)


def test_what_pods_used_is_in_place_of_what_they_requested(tmp_path):
    # Two nodes of 4 cores, both requested for an hour; used: 2 cores for two hours.
    rows = [(0, *[0] * 11), (2 * H, 0, 0, 2_000, *[0] * 8)]
    drawn = energy.by_node(opened(tmp_path, uses=[node_use(0), node_use(1)], usage=rows))
    assert drawn["kwh"].to_list() == pytest.approx([(400 + 200 * 0.5) / 1000] * 2)
    nobody = [node_use(0, cpu=0.0), node_use(1, cpu=0.0)]
    drawn = energy.by_node(opened(tmp_path / "none", uses=nobody, usage=rows))
    assert drawn["kwh"].to_list() == pytest.approx([(400 + 200 * 0.5) / 1000] * 2)


def test_fragmentation_weighs_with_time(tmp_path):
    rows = [
        (0, 100, 10.0, 1000, 0.0, 8_000, 4_000, 0.0),
        (H, 300, 60.0, 1000, 0.0, 8_000, 2_000, 1_000.0),
        (4 * H, 1, 1.0, 1, 1.0, 8_000, 1, 1.0),
    ]
    found = values(opened(tmp_path, fragments=rows))
    assert found["cpu_stranded_mean"] == pytest.approx((10 + 3 * 60) / (100 + 3 * 300))
    assert found["gpu_fragmentation_mean"] == pytest.approx(3 * 1_000 / (4 * 8_000))
    assert found["gpu_fragmentation_of_idle"] == pytest.approx(3_000 / (4_000 + 3 * 2_000))
    assert found["memory_stranded_mean"] == 0


def test_who_was_disturbed(tmp_path):
    causes = ["descheduled", "descheduled", "drain", "taint_eviction", "node_crash", None]
    pods = [pod(row, lost_cause=cause) for row, cause in enumerate(causes)]
    budgets = [("default", "a", 1, 2, 0, 5), ("default", "b", 0, 0, 1, 7)]
    found = values(opened(tmp_path, pods=pods, disruptions=budgets))
    assert (found["pods_moved"], found["pods_evicted"], found["pods_lost"]) == (2, 2, 5)
    assert found["budget_exhausted_us"] == 12


def test_a_relocation_is_a_move(tmp_path):
    strategy = "{name: cp_sat_fallback, maxMoves: 1}"
    run(tmp_path, replicaset("small", 4, "950m"), strategy=strategy, more=LARGE)
    found = values(Results.open(tmp_path / "out"))
    assert (found["pods_moved"], found["lost_descheduled"], found["pods_evicted"]) == (1, 1, 0)


def test_the_highest_priority(tmp_path):
    ran = {"created_us": 0, "scheduled_us": 1, "bound_us": 1}
    pods = [
        pod(0, priority=9, running_us=100, **ran),
        pod(1, priority=9, running_us=300, lost_cause="preemption", phase="failed", **ran),
        pod(2, priority=9, phase="pending"),
        pod(3, priority=2_000, owner="DaemonSet/x", running_us=7, **ran),
        pod(4, running_us=5, **ran),
    ]
    found = values(opened(tmp_path, pods=pods))
    assert found["high_priority_started"] == 1
    assert found["high_priority_startup_p99_us"] == pytest.approx(298)
    alone = values(opened(tmp_path / "alone", pods=pods[-1:]))
    assert alone["high_priority_started"] is None


def test_how_they_read():
    plain = [fmt.text(x, "energy").replace("\u00a0", " ") for x in (0, 0.42, 3.14159, 12_400)]
    assert plain == ["0 kWh", "420 Wh", "3.14 kWh", "12.4 MWh"]
    assert fmt.text(2.5 * H, "node_time").replace("\u00a0", " ") == "2.5 node-h"
    assert [fmt.money(x) for x in (0, 0.0123, 0.1, 5, 1234)] == [
        "$0.00", "$0.012", "$0.10", "$5.00", "$1,234",
    ]  # fmt: skip
