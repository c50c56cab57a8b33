from __future__ import annotations

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results import faults
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest


@pytest.fixture
def intervals(tmp_path):
    recorder = Recorder()
    for row in [
        (10, "nodeCrash", "start", "n1", None, 3, None),
        (12, "nodeCrash", "detected", "n1", None, 0, None),
        (15, "zoneOutage", "start", "b", 30, 7, None),
        (20, "nodeCrash", "end", "n1", None, 0, None),
        (30, "nodeCrash", "start", "n1", None, 1, None),
        (40, "nodeCrash", "start", "n2", 500, 0, None),
        (50, "nodeCrash", "end", "n1", None, 2, None),
    ]:
        recorder.faults.append(row)
    recorder.seal(tmp_path)
    write_manifest(
        tmp_path, Manifest(version="0", scenario="s", seed=1, duration_us=100, simulated_us=100)
    )
    return faults.intervals(Results.open(tmp_path))


def test_starts_find_their_ends(intervals):
    found = intervals.select("kind", "target", "start_us", "end_us", "detected_us").rows()
    assert found == [
        ("nodeCrash", "n1", 10, 20, 12),
        ("zoneOutage", "b", 15, 45, None),  # the end as its start announced it
        ("nodeCrash", "n1", 30, 50, None),
        ("nodeCrash", "n2", 40, None, None),  # announced for after the end of the run
    ]


def test_pods_hit_are_the_most_of_any_moment(intervals):
    assert intervals["pods_hit"].to_list() == [3, 7, 2, 0]


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("zoneOutage", "b", "zone b outage"),
        ("zone_outage", "zone/b", "zone b outage"),
        ("nodeCrash", "n1", "crash of n1"),
        ("etcdSlow", "etcd-0", "etcd slow: etcd-0"),
    ],
)
def test_faults_have_names_people_use(kind, target, expected):
    assert faults.name(kind, target) == expected
