"""Workers, waiting for writes, retries, measurements; the informers that controllers share."""

from __future__ import annotations

import pytest

from simk8s.api.watch import Verb
from simk8s.controllers._flags import Flags
from simk8s.controllers.base import DONE, Controller, Result, Write
from simk8s.schema.enums import FaultPhase
from tests.controllers.world import SECOND, Times, World

SERVICE = 200


class Script(Controller):
    """Does what `play(self, key, now_us)` says; notes when it is called."""

    name = "script"

    def __init__(self, params, context):
        self.context, self.calls = context, []

    def reconcile(self, key, now_us):
        self.calls.append((key, now_us))
        return self.play(key, now_us)


def script(play, flags=None, **fields):
    """A world with that controller; (world, runner, controller)."""
    made = type("Played", (Script,), {"play": play})
    world = World([], **fields)
    runner = world.add((made, flags or Flags()))
    return world, runner, runner.controller


def test_a_worker_is_busy_until_everything_is_stored():
    ends = []

    def play(self, key, now_us):
        def steps():
            results = yield [Write(ends.append, (n,)) for n in range(3)]
            ends.append(("between", self.context.now_us, results))
            yield [Write(lambda: "stored")]
            return DONE

        return steps()

    world, runner, controller = script(play, Flags(workers=1), times=Times())
    runner.queue.add("a")
    runner.queue.add("b")
    world.run(SECOND)
    write_us = 3_500  # service, fsync, round trip
    assert ends[3] == ("between", write_us, [None, None, None])
    assert [now for _, now in controller.calls] == [0, 2 * write_us + SERVICE]
    assert list(runner.queue.services_us) == [2 * write_us + SERVICE] * 2
    assert runner.client.writes == 8


def test_an_answer_without_writes_costs_its_service_time():
    world, runner, _ = script(lambda self, key, now_us: DONE, Flags(service="1ms"))
    runner.queue.add("a")
    world.run(SECOND)
    assert list(runner.queue.services_us) == [1_000]


def test_empty_batches_and_empty_generators_are_fine():
    def play(self, key, now_us):
        yield []
        yield []
        return DONE

    world, runner, controller = script(play)
    runner.queue.add("a")
    world.run(SECOND)
    assert len(controller.calls) == 1
    assert runner.queue._idle == 5


def test_a_key_that_changes_meanwhile_is_looked_at_once_more():
    def play(self, key, now_us):
        if len(self.calls) == 1:
            self.context.queue.add(key)
            self.context.queue.add(key)
        return DONE

    world, runner, controller = script(play)
    runner.queue.add("a")
    world.run(SECOND)
    assert controller.calls == [("a", 0), ("a", SERVICE)]


def test_requeue_after():
    def play(self, key, now_us):
        return Result(requeue_after_us=SECOND) if len(self.calls) < 3 else DONE

    world, runner, controller = script(play)
    runner.queue.add("a")
    world.run(10 * SECOND)
    assert [now // SECOND for _, now in controller.calls] == [0, 1, 2]


def test_failures_back_off_and_success_forgets_them():
    def play(self, key, now_us):
        return Result(failed=len(self.calls) not in (4, 6))

    world, runner, controller = script(play)
    runner.queue.add("a")
    world.run(SECOND)
    gaps = [b[1] - a[1] for a, b in zip(controller.calls, controller.calls[1:], strict=False)]
    assert gaps == [5_000, 10_000, 20_000]
    runner.queue.add("a")
    world.run(2 * SECOND)
    assert controller.calls[-1][1] - controller.calls[-2][1] == 5_000


def test_refused_writes_are_conflicts():
    def play(self, key, now_us):
        results = yield [Write(lambda: False), Write(lambda: True)]
        assert results == [False, True]
        return DONE

    world, runner, _ = script(play)
    runner.queue.add("a")
    world.run(SECOND)
    assert runner.client.conflicts == 1


def test_the_client_has_the_qps_of_the_flags():
    def play(self, key, now_us):
        yield [Write(lambda: None)] * 20
        return DONE

    world, runner, _ = script(play, Flags(qps=10, burst=5))
    runner.queue.add("a")
    world.run(60 * SECOND)
    assert list(runner.queue.services_us) == [1_500_000 + SERVICE]
    assert runner.client.throttled_us > 0


def test_the_row_of_the_table():
    world, runner, _ = script(lambda self, key, now_us: DONE, Flags(workers=3))
    for key in range(4):
        runner.queue.add(key)
    world.run(SECOND)
    name, workers, reconciles, *_, writes, throttled, conflicts = runner.row(SECOND)
    assert (name, workers, reconciles) == ("script", 3, 4)
    assert (writes, throttled, conflicts) == (0, 0, 0)
    assert next(iter(world.manager.rows(SECOND))) == runner.row(SECOND)


def test_keys_are_worked_on_side_by_side():
    world, runner, controller = script(lambda self, key, now_us: DONE, Flags(workers=2))
    for key in "abc":
        runner.queue.add(key)
    world.run(SECOND)
    assert controller.calls == [("a", 0), ("b", 0), ("c", SERVICE)]


def test_draws_are_the_controllers_own():
    first = script(lambda self, key, now_us: DONE)[2].context.draws.random(2).tolist()
    again = script(lambda self, key, now_us: DONE)[2].context.draws.random(2).tolist()
    assert first == again


def test_moments_reach_whoever_listens():
    world, _, controller = script(lambda self, key, now_us: DONE)
    controller.context.moments(5, FaultPhase.DETECTED, 3)
    assert world.moments == [(5, "detected", 3)]


# --- informers


class Ear:
    def __init__(self):
        self.heard = []

    def __call__(self, now_us, entries):
        self.heard += [(now_us, verb, item) for _, verb, item in entries]


@pytest.fixture
def world():
    world = World([], times=Times())
    world.nodes(1)
    world.run(SECOND)
    return world


def test_what_is_committed_is_heard_after_the_lag(world):
    ear = Ear()
    world.manager._informers.watch(world.store.nodes, ear)
    world.at(2 * SECOND, lambda: world.store.set_ready(0, False))
    world.run(3 * SECOND)
    assert ear.heard == [(2 * SECOND + 2_000, Verb.STATUS, 0)]


def test_a_handler_is_woken_for_its_verbs_alone(world):
    ear = Ear()
    world.manager._informers.watch(world.store.nodes, ear, (Verb.DELETED,))
    world.at(2 * SECOND, lambda: world.store.set_ready(0, False))
    world.run(3 * SECOND)
    assert ear.heard == []
    world.at(4 * SECOND, lambda: world.store.delete_node(0))
    world.run(5 * SECOND)
    assert [verb for _, verb, _ in ear.heard] == [Verb.STATUS, Verb.DELETED]


def test_controllers_share_a_cursor_and_the_last_to_leave_gives_it_up(world):
    first, second, informers = Ear(), Ear(), world.manager._informers
    before = len(world.store.nodes._cursors)
    informers.watch(world.store.nodes, first)
    informers.watch(world.store.nodes, second)
    assert len(world.store.nodes._cursors) == before + 1
    informers.unwatch(world.store.nodes, first)
    world.at(2 * SECOND, lambda: world.store.set_ready(0, False))
    world.run(3 * SECOND)
    assert (first.heard, len(second.heard)) == ([], 1)
    informers.unwatch(world.store.nodes, second)
    assert len(world.store.nodes._cursors) == before
