"""Availability and blasts of a run written by hand (damaged.py)."""

from __future__ import annotations

import math

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results import blasts
from simk8s.results.availability import by_workload
from simk8s.results.kpis import values
from simk8s.results.quantities import percentile
from simk8s.results.results import Results
from simk8s.schema.kpis import DETECTION, RECOVERY
from simk8s.schema.manifest import Manifest
from tests.results.damaged import M, write_damage


def opened(folder, recorder):
    recorder.seal(folder)
    manifest = Manifest(version="0", scenario="s", seed=1, duration_us=60 * M, simulated_us=60 * M)
    write_manifest(folder, manifest)
    return Results.open(folder)


@pytest.fixture
def damaged(tmp_path):
    recorder = Recorder()
    write_damage(recorder)
    return opened(tmp_path, recorder)


def test_kpis(damaged):
    found = values(damaged)
    assert found["availability"] == pytest.approx(1 - 81 / 710)
    assert found["availability_worst"] == pytest.approx(1 - 50 / 120)
    assert found["availability_nines"] == pytest.approx(-math.log10(81 / 710))
    assert found["unavailable_us"] == 81 * M
    assert found["below_desired_us"] == 61 * M
    assert (found["dips"], found["dips_open"], found["never_complete"]) == (3, 1, 1)
    assert found["longest_dip_us"] == 50 * M
    assert found["recovery_us_p50"] == 10 * M
    assert found["recovery_us_p95"] == pytest.approx((10 + 0.9 * 40) * M)
    assert found["detection_us_p50"] == M
    assert found["replacement_us_p95"] == pytest.approx(0.95 * 9 * M)
    assert found["data_out_us"] == 50 * M
    assert (found["work_wasted_us"], found["work_redone_us"]) == (100 * M, 60 * M)
    assert (found["evictions_granted"], found["evictions_refused"]) == (4, 7)
    assert percentile(damaged, RECOVERY, 100) == 50 * M


def test_a_run_without_owners_has_none_of_it(tmp_path):
    found = opened(tmp_path, Recorder())
    assert values(found)["availability"] is None
    assert values(found)["recovery_us_p95"] is None
    assert blasts.blasts(found).is_empty()
    assert blasts.worst_minute(found) is None
    assert by_workload(found).is_empty()


def test_a_run_without_damage_recovers_at_once_and_has_nine_nines(tmp_path):
    recorder = Recorder()
    recorder.availability.append(
        (0, "Deployment", "default", "web", "web", 0, None, M, 1, 1, 59 * M, 0, M, 0, 0, 0, 0,
         None, 0, 0, 0, None)
    )  # fmt: skip
    recorder.dips.append(
        (0, 0, "startup", "startup", None, None, None, None, 0, 0, None, None, M, "converged",
         None, None, 1, 1, 0, M, 0, 0)
    )  # fmt: skip
    found = opened(tmp_path, recorder)
    assert values(found)["availability"] == 1
    assert values(found)["availability_nines"] == 9
    assert values(found)["recovery_us_p95"] == percentile(found, RECOVERY, 95) == 0
    assert percentile(found, DETECTION, 95) is None


def test_the_least_available_comes_first(damaged):
    frame = by_workload(damaged)
    assert frame["name"].to_list() == ["db", "web", "big"]
    assert frame["availability"][2] is None


def test_dips_of_a_fault_are_one_blast(damaged):
    outage, evictions = blasts.blasts(damaged).rows(named=True)
    assert blasts.name(outage) == "zone web outage"
    assert (outage["workloads"], outage["pods_hit"], outage["nodes"]) == (2, 5, 4)
    assert (outage["hit_us"], outage["detected_us"], outage["replaced_us"]) == (
        10 * M, 11 * M, 19 * M,
    )  # fmt: skip
    assert (outage["end_us"], outage["missed_us"]) == (None, 80 * M), "one is not back"
    assert blasts.name(evictions) == "evictions"
    assert (evictions["end_us"], evictions["nodes"]) == (41 * M, 1)


def test_replicas_missing_over_time(damaged):
    assert blasts.steps(damaged).select("t_us", "missing").rows() == [
        (10 * M, 5), (15 * M, 3), (20 * M, 1), (40 * M, 2), (41 * M, 1),
    ]  # fmt: skip


def test_the_worst_minute(damaged):
    minute = blasts.worst_minute(damaged)
    assert minute is not None
    assert (minute.start_us, minute.missing, minute.because) == (10 * M, 5, "zone web outage")
    assert minute.by_workload == [("Deployment web", 4), ("StatefulSet db", 1)]
