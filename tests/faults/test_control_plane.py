"""Faults of the control plane: what they say, how the driver plays them, what they do."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simk8s import catalog
from simk8s.faults._driver import FaultDriver
from simk8s.faults.base import ApiLoad, ApiOutage, Fault, LeaderLoss, SlowDisk
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import Streams
from simk8s.record.recorder import Recorder
from simk8s.simulation.effects import PlaneEffects
from simk8s.state.cluster import Cluster
from tests.api.world import FIXED, MS, SECOND, World
from tests.faults.conformance import timeline

HOUR = 3_600 * SECOND


def made(name, **section):
    params = catalog.params_of("faults", name).model_validate(section)
    return catalog.resolve("faults", name), params


@pytest.mark.parametrize(
    ("name", "section", "target", "duration_us", "effect"),
    [
        ("api_server_outage", {"at": "1h", "for": "2m"}, "kube-apiserver", 120 * SECOND,
         ApiOutage()),
        ("api_server_overload",
         {"at": "1h", "for": "2m", "rate": "500/s", "kind": "LIST pods", "client": "kubelet"},
         "kube-apiserver", 120 * SECOND, ApiLoad("LIST", "pods", 500.0, "kubelet")),
        ("etcd_slow_disk", {"at": "1h", "for": "2m", "factor": 20}, "etcd", 120 * SECOND,
         SlowDisk(20, None)),
        ("etcd_slow_disk", {"at": "1h", "for": "2m", "fsync": "80ms"}, "etcd", 120 * SECOND,
         SlowDisk(None, 80_000)),
        ("etcd_leader_loss", {"at": "1h"}, "etcd", None, LeaderLoss()),
    ],
)  # fmt: skip
def test_one_fault_with_its_effect(name, section, target, duration_us, effect):
    model, params = made(name, **section)
    (fault,) = timeline(model, params)
    assert (fault.at_us, fault.target, fault.rows) == (HOUR, target, ())
    assert fault.duration_us == duration_us
    assert fault.effect == effect
    assert timeline(model, params, horizon_us=HOUR - 1) == []


@pytest.mark.parametrize(
    ("name", "section", "words"),
    [
        ("api_server_overload", {"at": 0, "for": 1, "rate": "5/s", "kind": "EAT pods"}, "pattern"),
        ("api_server_overload", {"at": 0, "for": 1, "rate": "0/s", "kind": "GET pods"}, "greater"),
        ("etcd_slow_disk", {"at": 0, "for": 1}, "either factor or fsync"),
        ("etcd_slow_disk", {"at": 0, "for": 1, "factor": 2, "fsync": "1ms"}, "either"),
        ("api_server_outage", {"at": 0, "for": 0}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(name, section, words):
    with pytest.raises(ValidationError, match=words):
        made(name, **section)


class Listed:
    """A model with given faults."""

    kind = "listed"

    def __init__(self, *faults):
        self.faults = faults

    def timeline(self, context):
        yield from self.faults


class Plane:
    """Notes what befalls it; elections take 2 s."""

    pods_hit = 0
    idle = ""

    def __init__(self, clock):
        self.clock, self.log = clock, []

    def begin(self, effect):
        self.log.append((self.clock.now_us, "begin", effect))
        return 2 * SECOND if isinstance(effect, LeaderLoss) else None

    def end(self, effect):
        self.log.append((self.clock.now_us, "end", effect))


def played(*faults):
    clock, recorder = Clock(), Recorder()
    plane = Plane(clock)
    driver = FaultDriver(clock, Cluster(), Machines(), recorder.faults, HOUR, plane)
    driver.add(Listed(*faults))
    driver.start(Streams(1))
    clock.run(HOUR)
    rows = recorder.faults.frame().select("t_us", "phase", "target", "duration_us").rows()
    return plane.log, rows


class Machines:
    def crash(self, rows):
        assert not rows

    def restore(self, rows):
        assert not rows


def test_an_effect_begins_and_ends():
    outage = ApiOutage()
    log, rows = played(Fault(5, "listed", "kube-apiserver", (), 10, effect=outage))
    assert log == [(5, "begin", outage), (15, "end", outage)]
    assert rows == [(5, "start", "kube-apiserver", 10), (15, "end", "kube-apiserver", 10)]


def test_an_effect_that_knows_its_end_ends_by_itself():
    log, rows = played(Fault(5, "listed", "etcd", (), effect=LeaderLoss()))
    assert [what for _, what, _ in log] == ["begin"]
    assert rows == [(5, "start", "etcd", 2 * SECOND), (5 + 2 * SECOND, "end", "etcd", 2 * SECOND)]


# --- what they do to a server


def test_an_outage_refuses_and_nothing_is_lost():
    world = World(FIXED)
    effects, user = PlaneEffects(world.server), world.client()
    for n in range(100):
        world.at(n * 100 * MS, lambda: world.write(user))
    world.at(2 * SECOND + MS, lambda: effects.begin(ApiOutage()))
    world.at(6 * SECOND, lambda: effects.end(ApiOutage()))
    world.run()
    assert len(world.done) == 100
    assert not [t for t in world.done if 2 * SECOND + MS <= t < 6 * SECOND]
    assert max(world.done) < 40 * SECOND  # backoff up to 30 s and twice that with jitter
    assert user.retries >= 40
    # The write of second 2 was under way: it was cut off and sent again.
    assert 2 * SECOND + 3 * MS not in world.done


def test_clients_back_off_like_client_go():
    world = World(FIXED)
    effects, user = PlaneEffects(world.server), world.client()
    effects.begin(ApiOutage())
    world.write(user)
    world.run(600 * SECOND)
    # 0.8, 1.6, ... 30 s, each up to twice as long: between 10 and 25 tries in ten minutes.
    assert 10 < user.retries < 25
    effects.end(ApiOutage())
    world.run(700 * SECOND)
    assert len(world.done) == 1


def test_outages_overlap():
    world = World(FIXED)
    effects = PlaneEffects(world.server)
    effects.begin(ApiOutage())
    effects.begin(ApiOutage())
    effects.end(ApiOutage())
    world.write(world.client())
    world.run(100 * SECOND)
    assert world.done == []
    effects.end(ApiOutage())
    world.run()
    assert len(world.done) == 1


def test_those_who_waited_for_a_seat_are_sent_away_too():
    world = World(FIXED)
    effects, user = PlaneEffects(world.server), world.client()
    world.at(0, lambda: world.write(user, 200))
    world.at(10 * MS, lambda: effects.begin(ApiOutage()))
    world.at(20 * MS, lambda: effects.end(ApiOutage()))
    world.run()
    assert len(world.done) == 200
    assert user.retries == 200 - sum(t <= 10 * MS for t in world.done)


def test_overload_comes_and_goes():
    world = World(FIXED)
    effects, load = PlaneEffects(world.server), ApiLoad("GET", "things", 700.0, "user")
    effects.begin(load)
    effects.begin(load)
    assert world.server.background_load.active
    effects.end(load)
    one = world.server.background_load.wait_us
    effects.end(load)
    assert one > 0
    assert not world.server.background_load.active
    world.write(world.client())
    assert world.run() == [3 * MS]


def test_a_slow_disk_by_its_median():
    world = World(FIXED)
    effects, slow = PlaneEffects(world.server), SlowDisk(None, 80 * MS)
    user = world.client()
    effects.begin(slow)
    world.write(user)
    assert world.run() == [82 * MS]
    effects.end(slow)
    world.at(SECOND, lambda: world.write(user))
    assert world.run()[-1] == SECOND + 3 * MS
