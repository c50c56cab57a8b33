"""Order, backoff, parking, events and gates of pending pods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.placement.base import Query
from simk8s.placement.events import Change, Event, node_events, pod_added, pod_deleted
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.view import View
from simk8s.scheduler.gates import Gate, Preempting, SchedulingGates
from simk8s.scheduler.hints import Hints, Rejection
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.scheduler.queued import Queued, Where
from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU
from tests.world import SECOND, add_pod, node, pod_manifest, query

FIT = Rejection(("NodeResourcesFit",))
TAINTS = Rejection(("TaintToleration",))
AFFINITY = Rejection(("InterPodAffinity",))
VERBS = ("add", "add", "pop", "pop", "fail", "error", "retry", "placed", "remove", "event")


class Bench:
    """A queue, its cluster and handy verbs."""

    def __init__(self, **options: Any) -> None:
        self.cluster = Cluster()
        framework = Framework.of(Profile())
        self.preempting = Preempting()
        gates = (SchedulingGates(), self.preempting)
        hints = Hints(lambda _: framework, View(self.cluster), gates)
        self.queue = SchedulingQueue(hints, gates, **options)

    def pod(self, cpu: str = "100m", priority: int = 0, **spec: Any) -> Query:
        manifest = pod_manifest(cpu, priority=priority, **spec)
        template = self.cluster.templates.parse(manifest, "default")
        return query(self.cluster, add_pod(self.cluster, template))

    def add(self, now_us: int, cpu: str = "100m", priority: int = 0, **spec: Any) -> int:
        made = self.pod(cpu, priority, **spec)
        self.queue.add(made, now_us)
        return made.pod

    def pop(self, now_us: int) -> Queued:
        found = self.queue.pop(now_us)
        assert found is not None
        return found

    def popped(self, now_us: int) -> int | None:
        found = self.queue.pop(now_us)
        return None if found is None else found.query.pod

    def fail(self, now_us: int, rejection: Rejection = FIT) -> Queued:
        found = self.pop(now_us)
        self.queue.fail(found, now_us, rejection)
        return found

    def gone(self) -> Event:
        return pod_deleted(self.pod().template)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_priority_first_then_order_of_arrival(bench: Bench) -> None:
    for priority, t in zip((0, 5, 0, 5), range(4), strict=True):
        bench.add(t, priority=priority)
    assert [bench.popped(9) for _ in range(5)] == [1, 3, 0, 2, None]


def test_a_failure_renews_the_place_in_the_line(bench: Bench) -> None:
    first, second = bench.add(0), bench.add(1)
    failed = bench.pop(2)
    assert failed.query.pod == first
    bench.queue.retry(failed, 2)
    assert [bench.popped(3), bench.popped(3)] == [second, first]


def test_a_removed_pod_never_surfaces(bench: Bench) -> None:
    first, second = bench.add(0), bench.add(0)
    bench.queue.remove(first)
    assert len(bench.queue) == 1
    flying = bench.pop(1)
    assert flying.query.pod == second
    bench.queue.remove(second)
    bench.queue.fail(flying, 5, FIT)
    assert bench.queue.lengths() == (0, 0, 0)
    assert bench.queue.move(bench.gone(), 10) == 0


def test_backoff_doubles_and_shows_only_while_others_are_active(bench: Bench) -> None:
    failing = bench.add(0)
    bench.fail(0)
    assert bench.popped(1) is None, "parked pods wait for an event"
    assert bench.queue.move(bench.gone(), 100_000) == 1
    assert bench.queue.lengths() == (0, 1, 0)
    other = bench.add(200_000)
    assert bench.popped(300_000) == other, "backing off for a second, others go first"
    assert bench.fail(400_000).query.pod == failing, "an idle scheduler pops from backoff"
    bench.queue.move(bench.gone(), 500_000)
    other = bench.add(1 * SECOND)
    assert bench.popped(2 * SECOND) == other, "2 s from 0.4 s, in whole seconds"
    bench.add(3 * SECOND)
    assert bench.popped(3 * SECOND) == failing, "backoff over, its timestamp is the older one"


@pytest.mark.parametrize(("failures", "wait"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10)])
def test_backoff_by_number_of_rejections(failures: int, wait: int) -> None:
    bench = Bench(pops_backoff=False)
    bench.add(0)
    now = 0
    for number in range(failures):
        now += 20 * SECOND if number else 0
        bench.fail(now)
        bench.queue.move(bench.gone(), now)
    assert bench.queue.next_flush_us() == now + (wait + 1) * SECOND
    assert bench.popped(now + (wait + 1) * SECOND - 1) is None
    assert bench.popped(now + (wait + 1) * SECOND) is not None


def test_errors_wait_even_when_idle_and_are_forgotten_by_a_rejection(bench: Bench) -> None:
    pod = bench.add(0)
    for now in (0, 5 * SECOND):
        bench.queue.fail(bench.pop(now), now)
        assert bench.popped(now + 1) is None
        assert bench.queue.ready == 0
    assert bench.queue.lengths() == (0, 1, 0)
    assert bench.queue.next_flush_us() == 8 * SECOND, "the second error in a row: 2 s"
    again = bench.pop(8 * SECOND)
    assert (again.query.pod, again.errors) == (pod, 2)
    bench.queue.fail(again, 8 * SECOND, FIT)
    assert (again.errors, again.rejections) == (0, 1)


def test_an_event_wakes_those_whom_a_rejector_finds_it_helpful(bench: Bench) -> None:
    for cpu in ("100m", "100m", "3"):
        bench.add(0, cpu)
        bench.fail(0)
    small = next(iter(node_events(None, node("n", 1_000))))
    assert bench.queue.move(small, 20 * SECOND) == 2, "the third asks for more than the node has"
    assert bench.queue.lengths() == (2, 0, 1), "their backoff is over"


def test_alike_pods_cost_one_question(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = Hints.strategy

    def counting(self: Hints, event: Event, pod: Query, rejection: Rejection) -> Any:
        asked.append(pod.pod)
        return real(self, event, pod, rejection)

    monkeypatch.setattr(Hints, "strategy", counting)
    for _ in range(50):
        bench.add(0)
        bench.fail(0)
    assert bench.queue.move(bench.gone(), 1) == 50
    assert len(asked) == 1


def test_only_rejectors_are_asked(bench: Bench) -> None:
    bench.add(0)
    bench.fail(0, TAINTS)
    assert bench.queue.move(bench.gone(), 1) == 0
    grown = node("n", 1_000)
    for event in node_events(grown, replace(grown, allocatable={CPU: 9_000})):
        assert bench.queue.move(event, 1) == 0
    assert bench.queue.parked == 1


def test_what_happened_in_flight_is_put_to_the_rejected_pod(bench: Bench) -> None:
    bench.add(0)
    bench.queue.move(bench.gone(), 0)
    flying = bench.pop(1)
    bench.queue.fail(flying, 2, FIT)
    assert bench.queue.lengths() == (0, 0, 1), "what came before the attempt is known to it"
    bench.queue.move(bench.gone(), 3)
    flying = bench.pop(4)
    bench.queue.move(bench.gone(), 5)
    bench.queue.fail(flying, 6, TAINTS)
    assert bench.queue.lengths() == (0, 0, 1), "no use against a taint"
    bench.queue.flush_unschedulable(400 * SECOND)
    flying = bench.pop(400 * SECOND)
    bench.queue.move(bench.gone(), 401 * SECOND)
    bench.queue.fail(flying, 402 * SECOND, FIT)
    assert bench.queue.lengths() == (0, 1, 0)


def test_pods_of_a_batch_forget_events_only_when_all_are_back(bench: Bench) -> None:
    bench.add(0)
    bench.add(0)
    one, two = bench.pop(1), bench.pop(1)
    bench.queue.move(bench.gone(), 2)
    bench.queue.remove(one.query.pod)
    bench.queue.fail(two, 3, FIT)
    assert bench.queue.lengths() == (0, 1, 0)


def test_an_assigned_pod_is_offered_to_those_that_look_for_it(bench: Bench) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone"}
    required = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    bench.add(0, affinity=required)
    bench.fail(0, AFFINITY)
    parse = bench.cluster.templates.parse
    web = parse(pod_manifest(metadata={"labels": {"app": "web"}}), "default")
    far = parse(pod_manifest(metadata={"labels": {"app": "db"}}), "elsewhere")
    near = parse(pod_manifest(metadata={"labels": {"app": "db"}}), "default")
    moved = [bench.queue.move(pod_added(template), 1) for template in (web, far, near)]
    assert moved == [0, 0, 1]


def test_a_nominated_pod_that_goes_helps_none_that_is_more_important(bench: Bench) -> None:
    bench.add(0, priority=9)
    bench.fail(0)
    assert bench.queue.move(bench.gone(), 1, most_important=5) == 0
    assert bench.queue.move(bench.gone(), 1, most_important=9) == 1


def test_a_pending_plugin_moves_at_once(bench: Bench) -> None:
    bench.add(0)
    bench.fail(0, Rejection(pending=("NodeResourcesFit",)))
    bench.queue.move(bench.gone(), 1)
    assert bench.queue.lengths() == (1, 0, 0)


def test_after_five_minutes_everything_gets_another_try(bench: Bench) -> None:
    pod = bench.add(0)
    bench.fail(0)
    assert bench.queue.flush_unschedulable(300 * SECOND) == 0
    assert bench.queue.flush_unschedulable(300 * SECOND + 1) == 1
    assert bench.popped(301 * SECOND) == pod


def test_a_scheduling_gate_holds_until_it_is_lifted(bench: Bench) -> None:
    gated = bench.add(0, schedulingGates=[{"name": "example.com/quota"}])
    assert bench.queue.listing(Where.PARKED) == [gated]
    assert bench.queue.move(bench.gone(), 1) == 0
    assert bench.queue.flush_unschedulable(400 * SECOND) == 0, "looked at, still gated"
    free = bench.pod()
    now_free = Query(gated, free.template, free.requests, 0)
    bench.queue.update(now_free, Change.OWN_GATES, 401 * SECOND)
    assert bench.popped(401 * SECOND) == gated


def test_a_preemptor_waits_for_its_calls_and_wakes_on_the_last_deletion(bench: Bench) -> None:
    pod = bench.add(0)
    flying = bench.pop(0)
    bench.preempting.pods.add(pod)
    bench.queue.fail(flying, 0, FIT)
    assert bench.queue.move(bench.gone(), 5 * SECOND) == 0, "gated"
    bench.preempting.pods.discard(pod)
    added = next(iter(node_events(None, node("n"))))
    assert bench.queue.move(added, 6 * SECOND) == 0, "its gate does not listen to nodes"
    assert bench.queue.move(bench.gone(), 7 * SECOND) == 1
    assert bench.popped(7 * SECOND) == pod


def test_a_refused_binding_is_an_error(bench: Bench) -> None:
    pod = bench.add(0)
    flying = bench.pop(0)
    bench.queue.remove(pod)
    bench.queue.come_back(flying, 1)
    assert bench.queue.listing(Where.ERROR_BACKOFF) == [pod]
    assert bench.popped(2 * SECOND) == pod


def test_activation_ignores_backoff(bench: Bench) -> None:
    pod = bench.add(0)
    bench.fail(0)
    bench.queue.activate(pod, 1)
    assert bench.queue.lengths() == (1, 0, 0)


def test_a_gate_is_asked_about_every_new_pod_that_it_may_hold(bench: Bench) -> None:
    class Odd(Gate):
        name = "Odd"
        events = Change.ANY

        def holds(self, query: Query) -> bool:
            return query.pod % 2 == 1

    bench.preempting.pods.add(1)
    free, held = bench.add(0), bench.add(0)
    assert bench.queue.listing(Where.ACTIVE) == [free], "victims of the other are not deleted yet"
    assert bench.queue.listing(Where.PARKED) == [held]
    bench.preempting.pods.clear()
    gates = (SchedulingGates(), bench.preempting, Odd())
    hints = Hints(lambda _: Framework.of(Profile()), View(bench.cluster), gates)
    bench.queue = SchedulingQueue(hints, gates)
    free, held = bench.add(1), bench.add(1)
    assert bench.queue.listing(Where.PARKED) == [held], "of this one nobody knows whom it holds"


@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 5)), max_size=40))
def test_the_counts_are_those_of_the_places(steps: list[tuple[str, int]]) -> None:
    bench, now_us = Bench(), 0
    flying: list[Queued] = []
    for verb, number in steps:
        now_us += number * 300_000
        if verb == "add":
            bench.add(now_us, priority=number)
        elif verb == "pop" and (popped := bench.queue.pop(now_us)) is not None:
            flying.append(popped)
        elif verb in ("fail", "error", "retry", "placed") and flying:
            queued = flying.pop(number % len(flying))
            if verb == "placed":
                bench.queue.remove(queued.query.pod)
                if number == 5:
                    bench.queue.come_back(queued, now_us)
            elif verb == "retry":
                bench.queue.retry(queued, now_us)
            else:
                bench.queue.fail(queued, now_us, FIT if verb == "fail" else Rejection())
        elif verb == "remove":
            bench.queue.remove(number)
        elif verb == "event":
            bench.queue.move(bench.gone(), now_us)
        queue = bench.queue
        counts = [len(queue.listing(where)) for where in Where]
        assert queue.lengths() == (counts[0], counts[1] + counts[2], counts[3])
        assert (queue.waiting, queue.ready) == (sum(counts[:3]), counts[0] + counts[1])
        assert (queue.resting, queue.flying, len(queue)) == (*counts[3:5], sum(counts[:4]))
        assert not counts[Where.GONE]
