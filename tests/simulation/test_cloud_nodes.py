"""Machines that are asked of a cloud, in whole worlds."""

from __future__ import annotations

import pytest
import yaml

from simk8s.errors import UserError
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario
from simk8s.state.audit import audit

SECOND = 1_000_000
MINUTE = 60 * SECOND
PLAIN = {"retry": {"jitter": False}, "latency": {"RunInstances": "1s", "DescribeInstances": "0s"}}


def scenario(**more):
    container = {"name": "a", "image": "web:1", "resources": {"requests": {"cpu": "500m"}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "simk8s/v1",
        "name": "cloudy",
        "duration": "2h",
        "nodes": [{"name": "n", "profile": "m5.xlarge", "count": 4, "zones": ["a"]}],
        "workload": [{"name": "web", "deployment": {"replicas": 3, "template": template}}],
        **more,
    }


def world_of(**more):
    text = yaml.safe_dump(scenario(**more), sort_keys=False)
    loaded = load("cloudy.yaml", knowledge=machines(), text=text)
    world = build(loaded, seed=3, horizon_us=120 * MINUTE, options=Options())
    world.start()
    return world


def grow(count, **more):
    added = {"at": "10m", "addNodes": {"name": "x", "profile": "m5.xlarge", "count": count}}
    world = world_of(timeline=[added], **more)
    world.clock.run(119 * MINUTE)
    audit(world.cluster)
    return world


def joined(world, stem="x-"):
    specs = world.cluster.nodes.specs
    return [t for spec, t in zip(specs, world.joined_us, strict=True) if spec.name.startswith(stem)]


def test_without_refusals_machines_join_as_without_a_cloud():
    plain, cloudy = grow(4), grow(4, cloud={})
    assert joined(plain) == joined(cloudy)
    assert plain.cloud is None
    rows = list(cloudy.cloud.api.rows())
    assert [row[1:6] for row in rows] == [("RunInstances", f"x-{n}", 1, 1, 0) for n in range(4)]
    assert sorted(row[8] for row in rows) == sorted(joined(cloudy))


def test_a_throttled_scale_up_takes_as_long_as_predicted():
    """RunInstances of EC2: five at once, two a second after that, 20 s between tries at most."""
    count = 45
    free, held = grow(count), grow(count, cloud={})
    rows = list(held.cloud.api.rows())
    taken = sorted(row[6] - 10 * MINUTE for row in rows)
    assert taken[4] < SECOND
    least_us = (count - 5) * SECOND // 2
    assert least_us <= taken[-1] <= least_us + 21 * SECOND
    later = {row[2]: row[6] - 10 * MINUTE for row in rows}
    names = [spec.name for spec in held.cluster.nodes.specs]
    for name, there_us in zip(names[4:], held.joined_us[4:], strict=True):
        place = [spec.name for spec in free.cluster.nodes.specs].index(name)
        delay_us = there_us - free.joined_us[place]
        assert abs(delay_us - later[name]) < SECOND  # what it had to wait, and the API server


def test_a_fault_that_throttles_delays_by_its_rate():
    bad = {"cloudThrottling": {"at": "9m", "for": "1h", "rate": "1/min"}}
    free, held = grow(4), grow(4, faults=[bad], cloud=PLAIN)
    taken = [row[6] for row in held.cloud.api.rows()]
    for number, taken_us in enumerate(sorted(taken), start=10):
        assert number * MINUTE <= taken_us <= number * MINUTE + 20 * SECOND
    assert max(joined(held)) - max(joined(free)) > 2 * MINUTE
    assert sum(row[5] for row in held.cloud.api.rows()) > 0


def test_one_call_may_be_for_many_machines():
    world = grow(45, cloud={"machinesPerCall": 20})
    assert [row[2:6] for row in world.cloud.api.rows()] == [
        ("x-0 and 19 more", 20, 1, 0),
        ("x-20 and 19 more", 20, 1, 0),
        ("x-40 and 4 more", 5, 1, 0),
    ]


def test_a_machine_that_leaves_is_terminated_first():
    bad = {"cloudThrottling": {"at": "9m", "for": "5m", "errorShare": 1.0}}
    removed = {"at": "10m", "removeNodes": "n-0"}
    world = world_of(timeline=[removed], faults=[bad])
    world.clock.run(14 * MINUTE - SECOND)
    assert world.cluster.nodes.exists[0]
    world.clock.run(15 * MINUTE)
    assert not world.cluster.nodes.exists[0]
    assert 14 * MINUTE < world.removed_us[0] < 14 * MINUTE + 30 * SECOND
    (row,) = world.cloud.api.rows()
    assert row[1:4] == ("TerminateInstances", "n-0", 1)
    assert row[5] == row[4] - 1 > 3


def spot(faults=(), **more):
    taken = {"at": "10m", "count": 1, "notice": "2m", "replacedAfter": "90s"}
    world = world_of(faults=[{"spotReclamation": taken}, *faults], **more)
    world.clock.run(60 * MINUTE)
    audit(world.cluster)
    nodes = world.cluster.nodes
    gone = [row for row in range(nodes.n) if not nodes.exists[row]]
    return world, gone


def test_a_reclaimed_machine_is_replaced_and_found_missing_as_without_a_cloud():
    plain, gone = spot()
    cloudy, same = spot(cloud=PLAIN)
    assert gone == same != []
    assert joined(plain, f"n-{gone[0]}-r") == joined(cloudy, f"n-{gone[0]}-r")
    actions = [row[1] for row in cloudy.cloud.api.rows()]
    assert actions == ["RunInstances", "DescribeInstances"]


def test_who_cannot_ask_the_cloud_keeps_the_node_and_gets_no_other():
    bad = {"cloudThrottling": {"at": "11m", "for": "30m", "errorShare": 1.0}}
    world, gone = spot([bad])
    assert len(gone) == 1
    rows = {row[1]: row for row in world.cloud.api.rows()}
    for row in rows.values():
        assert 41 * MINUTE <= row[6] <= 41 * MINUTE + 25 * SECOND
    assert joined(world, f"n-{gone[0]}-r")[0] >= 42 * MINUTE + 30 * SECOND


def test_a_pass_of_the_controller_asks_after_every_node_that_is_not_ready():
    crash = {"nodeCrash": {"at": "9m", "for": "40m", "select": {"names": ["n-1", "n-2"]}}}
    lost = {"at": "10m", "select": {"names": ["n-3"]}, "notice": "10s"}
    world = world_of(faults=[crash, {"spotReclamation": lost}], cloud={"provider": "gcp"})
    world.clock.run(15 * MINUTE)
    asked = [row for row in world.cloud.api.rows() if row[1] == "DescribeInstances"]
    assert [row[3] for row in asked][-1] == 3
    assert all(row[4] == row[3] for row in asked)  # a call each
    assert not world.cluster.nodes.exists[3]


def test_the_run_has_a_table_numbers_and_a_panel(tmp_path):
    from simk8s.report.panels.cloud import Cloud
    from simk8s.results.kpis import by_name, kpis
    from simk8s.results.results import Results

    bad = {"cloudThrottling": {"at": "9m", "for": "1h", "factor": 0.02}}
    added = {"at": "10m", "addNodes": {"name": "x", "profile": "m5.xlarge", "count": 9}}
    text = yaml.safe_dump(scenario(faults=[bad], timeline=[added]), sort_keys=False)
    loaded = load("cloudy.yaml", knowledge=machines(), text=text)
    runs = [run_scenario(loaded, out=tmp_path / name, audit=True) for name in ("one", "two")]
    digests = [one.manifest.digest for one in runs]
    results = Results.open(tmp_path / "one")
    found = by_name(kpis(results))
    assert digests[0] == digests[1]
    assert found["cloud_calls"] == 9 + found["cloud_throttled"] > 9
    assert found["node_asked_to_joined_max_us"] > 3 * MINUTE
    block = Cloud().render(results)
    assert "RunInstances" in block.html
    assert "refused and made again" in block.note
    kinds = results.faults.collect()["kind"].to_list()
    assert "cloudThrottling" in kinds


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (
            {"faults": [{"cloudThrottling": {"at": "1m", "for": "1m"}}]},
            "factor, rate or errorShare",
        ),
        ({"faults": [{"cloudThrottling": {"at": "1m", "factor": 0.5}}]}, "`for` is missing"),
        ({"cloud": {"provider": "ibm"}}, "aws"),
        ({"cloud": {"limits": {"RunInstance": {"burst": 1, "rate": "1/s"}}}}, "RunInstances"),
    ],
)
def test_what_makes_no_sense_is_told(wrong, word):
    text = yaml.safe_dump(scenario(**wrong), sort_keys=False)
    with pytest.raises(UserError) as caught:
        load("cloudy.yaml", knowledge=machines(), text=text)
    assert word in str(caught.value)
