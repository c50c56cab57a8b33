"""The clock: how runs end, rounds, and the order inside an instant."""

from __future__ import annotations

from typing import Any

import pytest

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase
from simk8s.kernel.turns import MAX_COMPONENTS, MAX_ROUNDS


class Journal:
    """Components that write down when they were called."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines: list[tuple[Any, ...]] = []

    def lane(self, name: str, phase: Phase, then: Any = None) -> Any:
        def handler(now_us: int, items: list[Any]) -> None:
            self.lines.append((now_us, name, tuple(items)))
            if then is not None:
                then(now_us, items)

        return self.clock.lane(name, phase, handler)

    def bell(self, name: str, phase: Phase, then: Any = None) -> Any:
        def handler(now_us: int) -> None:
            self.lines.append((now_us, name))
            if then is not None:
                then(now_us)

        return self.clock.bell(name, phase, handler)


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_duration_includes_the_last_instant_and_leaves_the_rest(journal: Journal) -> None:
    lane = journal.lane("a", Phase.ARRIVE)
    for t_us in (99, 100, 101):
        lane.at(t_us, t_us)
    assert journal.clock.run(100) is StopReason.DURATION
    assert journal.clock.now_us == 100
    assert [line[0] for line in journal.lines] == [99, 100]
    assert len(lane) == 1
    assert journal.clock.run(200) is StopReason.DRAINED
    assert journal.clock.now_us == 101


def test_duration_moves_the_clock_through_empty_time(journal: Journal) -> None:
    lane = journal.lane("a", Phase.ARRIVE)
    lane.at(1_000, "x")
    assert journal.clock.run(400) is StopReason.DURATION
    assert journal.clock.now_us == 400
    lane.after(100, "y")
    assert journal.clock.run(1_000) is StopReason.DRAINED
    assert journal.lines == [(500, "a", ("y",)), (1_000, "a", ("x",))]


def test_an_empty_clock_is_drained_where_it_stands(journal: Journal) -> None:
    assert journal.clock.run(1_000) is StopReason.DRAINED
    assert journal.clock.now_us == 0


def test_a_run_into_the_past_is_refused(journal: Journal) -> None:
    journal.lane("a", Phase.ARRIVE).at(10, 1)
    journal.clock.run(10)
    with pytest.raises(InvariantError, match="past 10"):
        journal.clock.run(9)


def test_a_run_inside_a_run_is_refused(journal: Journal) -> None:
    bell = journal.bell("a", Phase.ARRIVE, lambda now_us: journal.clock.run(now_us + 1))
    bell.ring()
    with pytest.raises(InvariantError, match="running"):
        journal.clock.run(10)


def test_what_is_armed_between_runs_is_not_lost(journal: Journal) -> None:
    bell = journal.bell("b", Phase.ARRIVE)
    lane = journal.lane("l", Phase.ARRIVE)
    bell.ring()
    lane.at(0, 1)
    journal.clock.run(0)
    bell.ring()
    lane.at(0, 2)
    assert journal.clock.run(0) is StopReason.DRAINED
    assert journal.lines == [(0, "b"), (0, "l", (1,)), (0, "b"), (0, "l", (2,))]


def test_stop_is_honoured_between_instants_and_can_be_resumed(journal: Journal) -> None:
    def stop(now_us: int, items: list[Any]) -> None:
        journal.clock.stop(StopReason.INTERRUPTED)
        journal.clock.stop(StopReason.LIMIT)

    lane = journal.lane("a", Phase.RELEASE, stop)
    other = journal.lane("b", Phase.SAMPLE)
    lane.at(5, 1)
    other.at(5, 2)
    other.at(6, 3)
    assert journal.clock.run(100) is StopReason.INTERRUPTED
    assert journal.clock.now_us == 5
    assert journal.lines == [(5, "a", (1,)), (5, "b", (2,))]
    assert journal.clock.run(100) is StopReason.DRAINED
    assert journal.lines[2:] == [(6, "b", (3,))]


def test_stop_in_the_very_last_instant_is_still_the_reason(journal: Journal) -> None:
    bell = journal.bell("a", Phase.SAMPLE, lambda now_us: journal.clock.stop(StopReason.LIMIT))
    bell.ring_at(7)
    assert journal.clock.run(7) is StopReason.LIMIT


def test_stop_before_the_run_lets_nothing_happen(journal: Journal) -> None:
    journal.bell("a", Phase.SAMPLE).ring()
    journal.clock.stop(StopReason.INTERRUPTED)
    assert journal.clock.run(10) is StopReason.INTERRUPTED
    assert journal.lines == []
    assert journal.clock.run(10) is StopReason.DRAINED
    assert journal.lines == [(0, "a")]


def test_phases_order_an_instant_whatever_the_order_of_arming(journal: Journal) -> None:
    lanes = [journal.lane(phase.name, phase) for phase in reversed(Phase)]
    for lane in lanes:
        lane.at(3, None)
    journal.clock.run(3)
    assert [line[1] for line in journal.lines] == [phase.name for phase in Phase]


def test_registration_orders_a_phase_whatever_the_order_of_arming(journal: Journal) -> None:
    first, second = (journal.lane(name, Phase.RECONCILE) for name in ("first", "second"))
    bell = journal.bell("third", Phase.RECONCILE)
    bell.ring_at(4)
    second.at(4, 1)
    first.at(4, 1)
    journal.clock.run(4)
    assert [line[1] for line in journal.lines] == ["first", "second", "third"]


def test_later_phase_joins_the_round_and_earlier_phase_starts_another(journal: Journal) -> None:
    def middle(now_us: int, items: list[Any]) -> None:
        if items == ["go"]:
            for lane in (before, same, after):
                lane.at(now_us, "from middle")

    before = journal.lane("before", Phase.DELIVER)
    lane = journal.lane("middle", Phase.RECONCILE, middle)
    same = journal.lane("same", Phase.RECONCILE)
    after = journal.lane("after", Phase.SCHEDULE)
    lane.at(1, "go")
    same.at(1, "own")
    after.at(1, "own")
    journal.clock.run(1)
    assert [line[1:] for line in journal.lines] == [
        ("middle", ("go",)),
        ("same", ("own",)),
        ("after", ("own", "from middle")),
        ("before", ("from middle",)),
        ("same", ("from middle",)),
    ]


def test_livelock_names_the_components_that_kept_going(journal: Journal) -> None:
    clock = journal.clock
    ping = clock.bell("ping", Phase.DELIVER, lambda now_us: pong.ring())
    pong = clock.bell("pong", Phase.RECONCILE, lambda now_us: ping.ring())
    journal.bell("bystander", Phase.RECONCILE).ring_at(20)
    ping.ring_at(20)
    assert clock.run(100) is StopReason.LIVELOCK
    assert clock.now_us == 20
    assert clock.livelock_components == ("ping", "pong")
    assert clock.run(100) is StopReason.LIVELOCK  # nothing was lost, nothing got better


def test_many_rounds_below_the_bound_are_fine(journal: Journal) -> None:
    left = [MAX_ROUNDS - 1]

    def again(now_us: int, items: list[Any]) -> None:
        if left[0]:
            left[0] -= 1
            lane.at(now_us, 1)

    lane = journal.clock.lane("again", Phase.ARRIVE, again)
    lane.at(1, 1)
    assert journal.clock.run(1) is StopReason.DRAINED
    assert left == [0]


def test_exceptions_of_handlers_propagate(journal: Journal) -> None:
    def broken(now_us: int) -> None:
        raise KeyError("mine")

    journal.clock.bell("broken", Phase.ARRIVE, broken).ring_at(3)
    with pytest.raises(KeyError, match="mine"):
        journal.clock.run(10)
    assert journal.clock.now_us == 3


def test_the_number_of_components_is_bounded(journal: Journal) -> None:
    for number in range(MAX_COMPONENTS):
        journal.clock.bell(str(number), Phase.ARRIVE, lambda now_us: None)
    with pytest.raises(InvariantError, match="4096"):
        journal.bell("one too many", Phase.ARRIVE)


def test_an_instrument_looks_between_two_instants(journal: Journal) -> None:
    clock = journal.clock

    def look(now_us: int) -> None:
        journal.lines.append((now_us, "look"))
        clock.before(now_us + 10, look)

    lane = journal.lane("a", Phase.ARRIVE)
    clock.before(5, look)
    for t_us in (4, 5, 14, 40):
        lane.at(t_us, t_us)
    assert clock.run(30) is StopReason.DURATION
    assert clock.run(100) is StopReason.DRAINED
    assert [line[:2] for line in journal.lines] == [
        (4, "a"), (5, "look"), (5, "a"), (14, "a"), (40, "look"), (40, "a"),
    ]  # fmt: skip


def test_who_asks_to_look_during_a_run_looks_in_time(journal: Journal) -> None:
    clock = journal.clock

    def ask(now_us: int, items: list[Any]) -> None:
        if now_us == 1:
            clock.before(3, lambda now_us: journal.lines.append((now_us, "look")))

    lane = journal.lane("a", Phase.ARRIVE, ask)
    for t_us in (1, 2, 6):
        lane.at(t_us, t_us)
    clock.run(10)
    assert [line[:2] for line in journal.lines] == [(1, "a"), (2, "a"), (6, "look"), (6, "a")]
