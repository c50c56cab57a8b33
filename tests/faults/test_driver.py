"""Faults happen: machines go down and come back, and the table tells."""

from __future__ import annotations

import pytest

from simk8s.errors import InvariantError
from simk8s.faults._driver import FaultDriver
from simk8s.faults.base import Fault, FaultModel
from simk8s.faults.zone_outage import Params as OutageParams
from simk8s.faults.zone_outage import ZoneOutage
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import Streams
from simk8s.record.recorder import Recorder
from simk8s.schema.enums import FaultPhase
from simk8s.schema.labels import ZONE_LABEL
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import Phase
from simk8s.state.resources import CPU, MEMORY, PODS

SECOND = 1_000_000
COLUMNS = ("t_us", "kind", "phase", "target", "duration_us", "pods_hit", "detail")


class Hammer:
    """Notes what it is asked to do."""

    def __init__(self, clock):
        self.clock, self.log = clock, []

    def crash(self, rows):
        self.log.append((self.clock.now_us // SECOND, "crash", *rows))

    def restore(self, rows):
        self.log.append((self.clock.now_us // SECOND, "restore", *rows))


class Listed(FaultModel):
    """Faults as they are given, (second, rows, seconds)."""

    kind = "listed"

    def __init__(self, faults):
        self.faults = faults
        self.draws = None

    def timeline(self, context):
        self.draws = context.generator.random(3).tolist()
        for at_s, rows, for_s in self.faults:
            duration_us = None if for_s is None else for_s * SECOND
            yield Fault(at_s * SECOND, self.kind, f"set {rows}", rows, duration_us)


class World:
    def __init__(self, *models, horizon_s=1_000, nodes=4, seed=1):
        self.clock, self.cluster, self.recorder = Clock(), Cluster(), Recorder()
        for number in range(nodes):
            labels = {ZONE_LABEL: "ab"[number % 2]}
            amounts = {CPU: 64_000, MEMORY: 64 << 30, PODS: 500}
            self.cluster.nodes.add(NodeSpec(f"node-{number}", labels, amounts))
        self.hammer = Hammer(self.clock)
        self.driver = FaultDriver(
            self.clock, self.cluster, self.hammer, self.recorder.faults, horizon_s * SECOND
        )
        for model in models:
            self.driver.add(model)
        self.driver.start(Streams(seed))

    def pods(self, count, node):
        template = self.cluster.templates.parse({"spec": {"containers": [{}]}}, "default")
        for pod in self.cluster.pods.extend(count, template=template.id, phase=Phase.RUNNING):
            self.cluster.pods.node[pod] = node
            self.cluster.charge(pod, node, 0)

    def run(self, until_s):
        self.clock.run(until_s * SECOND)
        frame = self.recorder.faults.frame()
        return [tuple(row[name] for name in COLUMNS) for row in frame.to_dicts()]


def test_start_and_end_of_a_fault():
    world = World(Listed([(10, (1, 2), 30)]))
    world.pods(3, 1)
    rows = world.run(100)
    assert world.hammer.log == [(10, "crash", 1, 2), (40, "restore", 1, 2)]
    assert rows == [
        (10 * SECOND, "listed", "start", "set (1, 2)", 30 * SECOND, 3, None),
        (40 * SECOND, "listed", "end", "set (1, 2)", 30 * SECOND, 3, None),
    ]


def test_pods_that_have_ended_are_not_hit():
    world = World(Listed([(10, (0,), 30)]))
    world.pods(3, 0)
    world.cluster.pods.phase[1] = Phase.SUCCEEDED
    assert world.run(20)[0][5] == 2


def test_a_fault_for_good_has_no_end():
    world = World(Listed([(10, (1,), None)]))
    assert [row[2] for row in world.run(1_000)] == ["start"]
    assert world.hammer.log == [(10, "crash", 1)]


def test_timelines_are_merged_and_may_overlap():
    world = World(Listed([(10, (0,), 30), (50, (0,), 5)]), Listed([(20, (0, 1), 100)]))
    world.run(1_000)
    assert world.hammer.log == [
        (10, "crash", 0),
        (20, "crash", 0, 1),
        (40, "restore", 0),
        (50, "crash", 0),
        (55, "restore", 0),
        (120, "restore", 0, 1),
    ]


def test_nothing_starts_after_the_horizon():
    world = World(Listed([(10, (0,), 5), (90, (0,), 5), (110, (0,), 5)]), horizon_s=100)
    world.run(200)
    assert [what[0] for what in world.hammer.log if what[1] == "crash"] == [10, 90]


def test_a_node_that_is_gone_is_spared():
    world = World(Listed([(10, (0, 1), 5)]))
    world.cluster.nodes.remove(0)
    world.run(100)
    assert world.hammer.log == [(10, "crash", 1), (15, "restore", 1)]


def test_a_timeline_that_goes_back_is_our_error():
    world = World(Listed([(10, (0,), 5), (9, (0,), 5)]))
    with pytest.raises(InvariantError, match="listed"):
        world.run(100)


def test_moments_name_the_fault_behind_them():
    outage = ZoneOutage(OutageParams.model_validate({"zone": "a", "at": "10s", "for": "5m"}))
    world = World(outage, Listed([(20, (1,), 5)]))
    world.pods(2, 0)
    world.run(60)
    world.driver.moment(60 * SECOND, FaultPhase.DETECTED, 0)
    world.driver.moment(60 * SECOND, FaultPhase.TAINTED, 1)
    world.driver.moment(60 * SECOND, FaultPhase.DETECTED, 3)
    rows = world.run(60)[-3:]
    assert rows == [
        (60 * SECOND, "zoneOutage", "detected", "node-0", None, 2, "a"),
        (60 * SECOND, "listed", "tainted", "node-1", None, 0, "set (1,)"),
        (60 * SECOND, "unreachable", "detected", "node-3", None, 0, None),
    ]


def test_models_of_one_kind_have_streams_of_their_own():
    first, second, other = Listed([]), Listed([]), Listed([])
    other.kind = "other"
    World(first, other, second)
    assert first.draws != second.draws
    alone, pair = Listed([]), Listed([])
    World(alone, pair)
    assert (alone.draws, pair.draws) == (first.draws, second.draws)
