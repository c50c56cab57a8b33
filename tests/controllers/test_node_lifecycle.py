"""Silent nodes: when they are noticed, tainted, forgiven."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simk8s.api.leases import _PERIOD, _PHASE, JITTER, RENEW_US
from simk8s.api.watch import Verb
from simk8s.controllers._node_lifecycle_params import Params
from simk8s.controllers._zones import EvictionLimiter, Zone, ZoneState
from simk8s.controllers.node_lifecycle import NodeLifecycle
from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import counter_hash
from tests.controllers.world import SECOND, Times, World

BOTH = ["unreachable:NoExecute", "unreachable:NoSchedule"]


def world_of(*zones, names=("node_lifecycle",), **fields):
    """A world with so many nodes in zones a, b, …; their rows by zone."""
    world = World(names, **fields)
    return world, [world.nodes(count, zone) for count, zone in zip(zones, "abcdef", strict=False)]


def tainted_s(world):
    return [t / SECOND for t, _ in world.noticed("tainted")]


# --- one node


def test_the_timeline_of_a_silent_node():
    world, ((node, *_),) = world_of(10, names=("node_lifecycle", "taint_eviction"))
    world.pods(2, node)
    world.crash(33 * SECOND, node)
    world.run(600 * SECOND)
    (noticed, _), *rest = world.noticed("detected")
    assert not rest
    assert noticed % (5 * SECOND) == 0
    assert 73 * SECOND <= noticed <= 93 * SECOND
    assert world.times("nodes", Verb.STATUS) == [noticed]
    # NoSchedule at once, NoExecute in the line of the next pass.
    assert world.times("nodes", Verb.UPDATED) == [noticed, noticed + 5 * SECOND + 100_000]
    assert world.taints(node) == BOTH
    evicted = world.times("pods", Verb.DELETING)
    assert evicted == [noticed + 305 * SECOND + 100_000] * 2
    assert 373 * SECOND <= evicted[0] <= 394 * SECOND


def test_every_silence_is_noticed_within_40_to_60_seconds():
    world, (rows,) = world_of(60)
    for number, node in enumerate(rows[:30]):
        world.crash((100 + 211 * number) * SECOND + 377_123 * number, node)
    world.run(10_000 * SECOND)
    delays = [
        noticed - (100 + 211 * rows.index(node)) * SECOND - 377_123 * rows.index(node)
        for noticed, node in world.noticed("detected")
    ]
    assert len(delays) == 30
    assert min(delays) >= 40 * SECOND - 400_000  # a renewal period has up to 4 % of jitter
    assert max(delays) <= 60 * SECOND
    assert max(delays) - min(delays) > 8 * SECOND


def test_who_is_back_before_the_server_is_keeps_its_pods_ready():
    """What the monitor had asked for while the API was away comes too late to be true."""
    world, ((node, *_),) = world_of(3, times=Times())
    pods = world.pods(2, node)
    world.crash(33 * SECOND, node)
    world.at(60 * SECOND, world.server.go_down)
    world.restore(120 * SECOND, node)
    world.at(122 * SECOND, world.server.come_back)
    world.run(600 * SECOND)
    assert world.store.ready[node]
    assert all(world.cluster.pods.ready[pod] for pod in pods)


def test_back_within_the_grace_period_is_not_noticed():
    world, ((node, *_),) = world_of(3)
    world.crash(20 * SECOND, node)
    world.restore(50 * SECOND, node)
    assert world.run(1000 * SECOND) is StopReason.DRAINED
    assert world.moments == []
    assert world.writes() == 0


def test_recovery_takes_the_taints_off():
    world, ((node, *_),) = world_of(3)
    world.crash(20 * SECOND, node)
    world.restore(201 * SECOND, node)
    world.run(200 * SECOND)
    assert world.taints(node) == BOTH
    world.run(201 * SECOND + 1)
    assert world.taints(node) == ["unreachable:NoExecute"]
    world.run(206 * SECOND)
    assert world.taints(node) == []
    assert world.store.ready[node]


def test_a_node_that_comes_back_between_the_order_and_the_write_stays_ready():
    slow = Times(service_us=400_000)
    world, ((node, *_),) = world_of(3, times=slow)
    world.crash(20 * SECOND, node)
    world.run(40 * SECOND)
    health = world.runners["node_lifecycle"].controller._health
    due = health.silent[node]
    world.restore(due + 100_000, node)
    world.run(due + 100 * SECOND)
    assert world.store.ready[node]
    assert world.moments == []
    assert world.runners["node_lifecycle"].client.conflicts == 1


def test_a_node_that_says_it_is_not_ready():
    world, ((node, *_),) = world_of(3)
    world.at(12 * SECOND, lambda: world.store.set_ready(node, False))
    world.run(40 * SECOND)
    assert world.taints(node) == ["not-ready:NoExecute", "not-ready:NoSchedule"]
    assert world.times("nodes", Verb.UPDATED) == [12 * SECOND, 15 * SECOND + 100_000]
    world.crash(41 * SECOND, node)
    world.run(300 * SECOND)
    assert world.taints(node) == BOTH


def test_cordoned_nodes_carry_a_taint():
    world, ((node, *_),) = world_of(2)
    nodes = world.cluster.nodes

    def cordon(value):
        world.store.update_node(node, replace(nodes.specs[node], unschedulable=value))

    world.at(5 * SECOND, lambda: cordon(True))
    world.run(6 * SECOND)
    assert world.taints(node) == ["unschedulable:NoSchedule"]
    world.at(7 * SECOND, lambda: cordon(False))
    world.run(8 * SECOND)
    assert world.taints(node) == []


def test_a_deleted_node_is_forgotten():
    world, ((node, *_),) = world_of(3)
    world.crash(20 * SECOND, node)
    world.at(30 * SECOND, lambda: world.store.delete_node(node))
    assert world.run(1000 * SECOND) is StopReason.DRAINED
    assert world.moments == []


# --- leases


def test_leases_as_functions_agree_with_explicit_renewals_on_50_nodes():
    """Every renewal and every pass of the monitor as an event of its own."""
    world, (rows,) = world_of(50)
    crashes = {node: (20 + 7 * node) * SECOND + 123_457 * (node + 1) for node in rows}
    back = {node: crashes[node] + 3_000 * SECOND for node in rows}
    for node in rows:
        world.crash(crashes[node], node)
        world.restore(back[node], node)
        # Short silences after that, most of them too short to be noticed.
        world.crash(back[node] + 60 * SECOND, node)
        world.restore(back[node] + (80 + 2 * node) * SECOND, node)
    end = 5_000 * SECOND
    world.run(end)
    assert dict_of(world.noticed("detected")) == explicit(rows, crashes, back, end)


def dict_of(moments):
    found: dict[int, list[int]] = {}
    for t_us, node in moments:
        found.setdefault(node, []).append(t_us)
    return found


class Explicit:
    """The same with an event for every renewal and every pass of the monitor."""

    def __init__(self, rows, end):
        self.rows, self.end, self.clock = rows, end, Clock()
        self.alive, self.seen, self.renewed, self.ready = {}, {}, {}, {}
        self.detected: dict[int, list[int]] = {}
        lane = self.clock.lane
        self.renewals = lane("renewals", Order.RELEASE, self.renew)
        self.switches = lane("switches", Order.ARRIVE, lambda _, calls: [call() for call in calls])
        self.ticks = lane("ticks", Order.RECONCILE, self.tick)
        self.ticks.at(0, None)

    def renew(self, now_us, due):
        for node, life, period in due:
            if self.alive.get(node) == life:
                self.renewed[node] = now_us
                self.renewals.after(period, (node, life, period))

    def begin(self, node):
        since = self.clock.now_us
        self.alive[node], self.ready[node], self.renewed[node] = since, True, since
        period = int(RENEW_US * (1 + JITTER * counter_hash(1, _PERIOD, node, since)))
        first = int(period * counter_hash(1, _PHASE, node, since))
        self.renewals.after(first, (node, since, period))

    def tick(self, now_us, _):
        for node in self.rows:
            renewed = self.renewed[node]
            if self.seen.get(node, (None, 0))[0] != renewed and renewed < now_us:
                self.seen[node] = (renewed, now_us)
            if self.ready[node] and now_us >= self.seen.get(node, (0, now_us))[1] + 50 * SECOND:
                self.ready[node] = False
                self.detected.setdefault(node, []).append(now_us)
        if now_us + 5 * SECOND <= self.end:
            self.ticks.after(5 * SECOND, None)


def explicit(rows, crashes, back, end):
    """Detections by node."""
    world = Explicit(rows, end)
    for node in rows:
        world.begin(node)
        for t_us in (crashes[node], back[node] + 60 * SECOND):
            world.switches.at(t_us, lambda n=node: world.alive.pop(n))
        for t_us in (back[node], back[node] + (80 + 2 * node) * SECOND):
            world.switches.at(t_us, lambda n=node: world.begin(n))
    world.clock.run(end)
    return world.detected


# --- zones


def test_a_zone_is_tainted_one_node_in_ten_seconds():
    world, (_, rows) = world_of(10, 6)
    world.crash(20 * SECOND, *rows[:3])
    world.run(300 * SECOND)
    times = tainted_s(world)
    assert len(times) == 3
    assert [b - a for a, b in pairwise(times)] == [10.0, 10.0]


def test_zones_have_lines_of_their_own():
    world, (first, second) = world_of(8, 8)
    world.crash(20 * SECOND, first[0], second[0])
    world.run(300 * SECOND)
    times = tainted_s(world)
    assert len(times) == 2
    assert max(times) - min(times) <= 10.0


def test_a_zone_that_is_down_is_tainted_at_the_normal_rate():
    world, (rows, _, _) = world_of(12, 12, 12)
    world.crash(20 * SECOND, *rows)
    world.run(400 * SECOND)
    times = tainted_s(world)
    assert len(times) == 12
    assert times[-1] - times[0] == 110.0


def test_when_all_zones_are_down_nobody_is_tainted():
    world, zones = world_of(4, 4)
    everybody = [node for zone in zones for node in zone]
    world.crash(20 * SECOND, *everybody)
    assert world.run(5_000 * SECOND) is StopReason.DRAINED
    assert len(world.noticed("detected")) == 8
    assert all(world.taints(node) == ["unreachable:NoSchedule"] for node in everybody)


def test_a_single_zone_counts_as_all():
    world, (rows,) = world_of(5)
    world.crash(20 * SECOND, *rows)
    world.run(5_000 * SECOND)
    assert all("unreachable:NoExecute" not in world.taints(node) for node in rows)


def test_evictions_go_on_when_one_zone_is_back():
    world, (first, second) = world_of(4, 4)
    world.crash(20 * SECOND, *first, *second)
    world.restore(1_000 * SECOND, *first)
    world.run(2_000 * SECOND)
    times = tainted_s(world)
    assert len([t for t in times if t > 1_000]) == 4
    # The limiter was at rate 0, so the first token takes its time.
    assert min(t for t in times if t > 1_000) >= 1_010.0
    assert all(world.taints(node) == BOTH for node in second)


def test_nodes_that_fell_silent_meanwhile_get_a_new_grace_period():
    world, (first, second) = world_of(1, 2)
    world.crash(20 * SECOND, *first, second[0])
    world.crash(60 * SECOND, second[1])
    world.run(200 * SECOND)
    times = {node: t for t, node in world.noticed("detected")}
    assert times[second[1]] <= 120 * SECOND


@pytest.mark.parametrize(("size", "down", "expected"), [(50, 30, 0), (60, 36, 0.01)])
def test_a_partly_disrupted_zone_is_tainted_slowly_or_not_at_all(size, down, expected):
    world, (rows, _) = world_of(size, 3)
    world.crash(20 * SECOND, *rows[:down])
    world.run(2_000 * SECOND)
    # Until the share is reached the normal rate holds: a node or two are tainted.
    late = [t for t in tainted_s(world) if t > 200]
    if not expected:
        assert late == []
    else:
        assert {round(b - a) for a, b in pairwise(late)} == {100}


def test_a_disrupted_zone_recovers_its_rate():
    world, (rows, _) = world_of(20, 3)
    world.crash(20 * SECOND, *rows[:12])
    world.run(1_000 * SECOND)
    before = len(tainted_s(world))
    assert before < 3
    world.restore(1_001 * SECOND, *rows[6:12])
    world.run(1_200 * SECOND)
    gone = [node for node in rows[:6] if world.taints(node) == BOTH]
    assert gone == rows[:6]


@pytest.mark.parametrize(
    ("size", "not_ready", "expected"),
    [
        (1, 1, ZoneState.FULL),
        (10, 10, ZoneState.FULL),
        (2, 1, ZoneState.NORMAL),
        (4, 2, ZoneState.NORMAL),
        (5, 3, ZoneState.PARTIAL),
        (20, 11, ZoneState.PARTIAL),
        (20, 10, ZoneState.NORMAL),
        (10, 0, ZoneState.NORMAL),
    ],
)
def test_zone_states(size, not_ready, expected):
    zone = Zone(EvictionLimiter(0.1), size, not_ready)
    assert zone.health(0.55) is expected


def test_a_swapped_limiter_starts_empty_if_the_old_one_was():
    limiter = EvictionLimiter(0.1)
    assert limiter.take(0)
    limiter.swap(0.01, 5 * SECOND)
    assert limiter.next_us(5 * SECOND) == 105 * SECOND
    limiter.swap(0.0, 6 * SECOND)
    assert limiter.next_us(6 * SECOND) is None
    limiter.swap(0.1, 7 * SECOND)
    assert limiter.next_us(7 * SECOND) == 17 * SECOND
    limiter.swap(1.0, 20 * SECOND)
    assert limiter.take(20 * SECOND)


# --- cost


def test_nothing_happens_while_nothing_changes():
    world, _ = world_of(50, 50)
    assert world.run(100_000 * SECOND) is StopReason.DRAINED
    assert world.runners["node_lifecycle"].queue.adds <= 1
    assert world.writes() == 0


def test_pods_of_an_unknown_node_cost_a_patch_each():
    world, ((node, *_), _) = world_of(3, 3)
    world.pods(40, node)
    world.crash(20 * SECOND, node)
    world.run(60 * SECOND)
    before = world.writes()
    world.run(90 * SECOND)
    assert world.writes() - before == 1 + 40 + 2 * 2  # condition, pods, two taints with their GETs


def test_a_pass_that_is_throttled_delays_the_next():
    """100 pods on each of 3 nodes at 20 QPS: 14 s for the first pass."""
    world, (rows, _) = world_of(12, 10)
    for node in rows[:3]:
        world.pods(100, node)
    world.crash(20 * SECOND, *rows[:3])
    world.run(400 * SECOND)
    times = tainted_s(world)
    last = max(t for t, _ in world.noticed("detected")) / SECOND
    assert len(times) == 3
    assert times[0] > last + 5


def test_parameters_move_the_dates():
    params = Params(monitorGracePeriod="40s", evictionRate=1.0)
    world = World([(NodeLifecycle, params)])
    rows = world.nodes(20, "a")
    world.crash(20 * SECOND, *rows[:3])
    world.run(300 * SECOND)
    assert all(50 * SECOND <= t <= 70 * SECOND for t, _ in world.noticed("detected"))
    times = tainted_s(world)
    assert times[-1] - times[0] <= 10


# --- a node that joins


NEW = ["not-ready:NoSchedule"]


def test_a_node_that_joins_is_tainted_until_it_was_seen_to_be_ready():
    world, ((first, *_),) = world_of(3, times=Times())
    assert world.taints(first) == [], "the nodes that a run begins with are there"
    seen = []
    world.at(7 * SECOND, lambda: seen.append(world.taints(world.nodes(1)[0])))
    world.run(8 * SECOND)
    assert seen == [NEW]
    assert world.taints(3) == []
    assert world.store.node_versions[3] == 1, "one PATCH took it off"


def test_without_the_controller_a_node_that_joins_is_of_use_at_once():
    world, _ = world_of(3, names=())
    world.at(7 * SECOND, lambda: world.nodes(1))
    world.run(8 * SECOND)
    assert world.taints(3) == []


def test_many_that_join_wait_for_tokens_and_get_their_labels():
    """40 nodes: 40 times a GET and a PATCH of taints, then of labels, of a bucket of 30 at 20/s."""
    world, _ = world_of(3, times=Times())
    os = {"kubernetes.io/os": "linux"}

    def join():
        for row in world.nodes(40):
            spec = world.cluster.nodes.specs[row]
            world.store.update_node(row, replace(spec, labels={**spec.labels, **os}))

    world.at(10 * SECOND, join)
    world.run(60 * SECOND)
    joined = range(3, 43)
    assert all(world.taints(node) == [] for node in joined)
    labels = [world.cluster.nodes.specs[node].labels for node in joined]
    assert all(each["beta.kubernetes.io/os"] == "linux" for each in labels)
    last = max(world.times("nodes", Verb.UPDATED))
    assert 15 * SECOND < last < 19 * SECOND, "160 requests, less the burst, at 20 a second"


def test_who_writes_a_node_in_between_makes_the_patch_fail_and_be_tried_again():
    world, _ = world_of(3, times=Times())
    world.at(10 * SECOND, lambda: world.nodes(1))
    world.at(10 * SECOND + 4_000, lambda: world.store.annotate_node(3))
    world.run(12 * SECOND)
    assert world.taints(3) == []
    (lifted,) = world.times("nodes", Verb.UPDATED)
    assert lifted > 10 * SECOND + 100_000, "after the back-off of a conflict"
