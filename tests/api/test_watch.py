"""Logs, cursors and their lag; leases as functions of time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.api.fanout import Fanout
from simk8s.api.leases import RENEW_US, Leases
from simk8s.api.objects import ObjectTable
from simk8s.api.watch import TRIM_AT, ChangeLog, Verb
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase


def test_a_cursor_hands_out_each_entry_once_and_not_before_its_lag() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods")
    seen: list[tuple[int, list[int]]] = []
    bell = clock.bell(
        "reader", Phase.DELIVER, lambda now: seen.append((now, [e[2] for e in cursor.drain(now)]))
    )
    cursor = log.subscribe(bell, lag_us=500)
    writer = clock.lane(
        "writer", Phase.ARRIVE, lambda _, items: [log.append(Verb.ADDED, i) for i in items]
    )
    writer.at(1_000, 1)
    writer.at(1_000, 2)
    writer.at(1_300, 3)
    clock.run(10_000)
    assert seen == [(1_500, [1, 2]), (1_800, [3])]


def test_a_long_backlog_is_handed_out_as_it_is_dispatched() -> None:
    clock = Clock()
    log = ChangeLog(clock, "nodes", fanout := Fanout(10_000))
    cursor = log.subscribe(clock.bell("r", Phase.DELIVER, lambda now: None), lag_us=5)
    for i in range(100):  # 10 us each, the first is through at 10
        log.append(Verb.ADDED, i)
    assert cursor.drain(14) == []
    assert [e[2] for e in cursor.drain(15)] == [0]
    assert [e[2] for e in cursor.drain(514)] == list(range(1, 50))
    assert len(cursor.drain(5_000)) == 50
    fanout.base_ns = 0
    fanout.set("nodes", 0)  # dispatch takes no time any more, and still nothing overtakes
    log.append(Verb.ADDED, 100)
    log.append(Verb.ADDED, 101)
    assert [e[0] for e in cursor.drain(2_000)] == [1_000, 1_000]


def test_only_verbs_of_interest_ring() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods")
    calls: list[list[Verb]] = []
    bell = clock.bell(
        "reader", Phase.DELIVER, lambda now: calls.append([e[1] for e in cursor.drain(now)])
    )
    cursor = log.subscribe(bell, 0, (Verb.DELETED,))
    log.append(Verb.ADDED, 1)
    assert clock.run(10).value == "drained"
    assert calls == []
    log.append(Verb.DELETED, 1)
    clock.run(20)
    assert calls == [[Verb.ADDED, Verb.DELETED]]


def test_what_was_read_of_a_long_backlog_is_dropped() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods", Fanout(1_000))  # 1 us each
    cursor = log.subscribe(clock.bell("r", Phase.DELIVER, lambda now: None))
    many = 4 * TRIM_AT
    for i in range(many):
        log.append(Verb.ADDED, i)
    read = [item for now in range(many + 1) for _, _, item in cursor.drain(now)]
    assert read == list(range(many))
    assert cursor.pending == []
    for i in range(many):
        log.append(Verb.ADDED, i)
    for now in range(many, 2 * many):
        cursor.drain(now)
        assert len(cursor.pending) <= max(2 * (2 * many - now), 2 * many - now + TRIM_AT)


def test_a_reader_gets_what_it_knows_and_is_rung_for_what_it_wants() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods")
    calls: list[list[Verb]] = []
    bell = clock.bell(
        "reader", Phase.DELIVER, lambda now: calls.append([e[1] for e in cursor.drain(now)])
    )
    cursor = log.subscribe(bell, 0, (Verb.BOUND,), (Verb.ENDED,))
    every = log.subscribe(clock.bell("other", Phase.DELIVER, lambda now: None), 0, ())
    for verb in (Verb.ADDED, Verb.ENDED, Verb.STATUS, Verb.BOUND):
        log.append(verb, 1)
    clock.run(1)
    assert calls == [[Verb.ENDED, Verb.BOUND]]
    assert len(every.drain(1)) == 4
    cursor.wants |= 1 << Verb.STATUS
    log.append(Verb.STATUS, 1)
    clock.run(2)
    assert calls[1:] == [[Verb.STATUS]]


Steps = list[tuple[str, int]]
STEPS = st.lists(
    st.tuples(st.sampled_from(("append", "drain", "cost", "wait", "tap")), st.integers(0, 4)),
    max_size=40,
)


class Book:
    """The obvious log: everything is kept, and one reader has read so many of it."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Verb, int]] = []
        self.busy_us = self.read = 0

    def append(self, now_us: int, cost_us: int, item: int) -> None:
        self.busy_us = max(self.busy_us, now_us) + cost_us
        self.entries.append((self.busy_us, Verb.ADDED, item))

    def drain(self, horizon_us: int) -> list[tuple[int, Verb, int]]:
        found = [each for each in self.entries[self.read :] if each[0] <= horizon_us]
        self.read += len(found)
        return found


@settings(deadline=None)
@given(STEPS, st.sampled_from((0, 0, 3)))
def test_a_log_is_an_obvious_log_whatever_dispatch_takes(steps: Steps, lag_us: int) -> None:
    """Dispatch begins and ceases to take time, instruments come: what is plain and what is not."""
    clock, fanout = Clock(), Fanout()
    log, book = ChangeLog(clock, "pods", fanout), Book()
    cursor = log.subscribe(clock.bell("r", Phase.DELIVER, lambda now: None), lag_us)
    for number, (what, n) in enumerate(steps):
        if what == "append":
            log.append(Verb.ADDED, number)
            book.append(clock.now_us, fanout.cost_us("pods"), number)
        elif what == "drain":
            assert cursor.drain(clock.now_us) == book.drain(clock.now_us - lag_us)
        elif what == "cost":
            fanout.base_ns = n * 1_000
            fanout.set("pods", 0)
        elif what == "wait":
            clock.bell("later", Phase.SAMPLE, lambda now: None).ring_at(clock.now_us + n)
            clock.run(clock.now_us + n)
        else:
            log.tap(lambda verb, item: None, (Verb.ENDED,))
        assert bool(cursor.pending) == (book.read < len(book.entries))
    assert cursor.drain(1 << 40) == book.drain(1 << 40)


def test_an_update_of_an_old_version_is_a_conflict() -> None:
    table: ObjectTable[str] = ObjectTable(Clock(), "replicasets")
    assert table.create("default/web", "one")
    assert not table.create("default/web", "two")
    read = table.get("default/web")
    assert read is not None
    assert table.update("default/web", "newer", read.version)
    assert not table.update("default/web", "stale", read.version)
    assert table.get("default/web").value == "newer"  # type: ignore[union-attr]
    assert table.delete("default/web")
    assert not table.delete("default/web")


def test_leases_equal_explicit_renewals() -> None:
    """The last renewal computed on demand against renewals as events, on 50 nodes."""
    clock = Clock()
    leases = Leases(clock, seed=7)
    last: dict[int, int] = {}

    def renew(now_us: int, rows: list[int]) -> None:
        for row in rows:
            last[row] = now_us
            lane.after(leases.period_us(row), row)

    lane = clock.lane("kubelets", Phase.RELEASE, renew)
    for row in range(50):
        leases.start(row)
        last[row] = 0
        lane.at(leases.first_us(row), row)
    for t in range(0, 300_000_000, 3_333_337):
        clock.run(t)
        assert {row: leases.last_renewal_us(row, t) for row in last} == last
    phases = {leases.first_us(row) for row in range(50)}
    assert len(phases) == 50
    assert all(RENEW_US <= leases.period_us(row) <= RENEW_US * 1.04 for row in range(50))


def test_a_stopped_lease_keeps_its_last_renewal() -> None:
    clock = Clock()
    leases = Leases(clock, seed=7)
    leases.start(3)
    clock.bell("later", Phase.FAULT, lambda now: leases.stop(3)).ring_at(100_000_000)
    clock.run(100_000_000)
    assert not leases.renewing(3)
    frozen = leases.last_renewal_us(3, 100_000_000)
    assert 89_000_000 < frozen <= 100_000_000
    assert leases.last_renewal_us(3, 900_000_000) == frozen


def test_a_tap_hears_at_the_commit_and_nobody_pays_for_it():
    from simk8s.api.fanout import Fanout
    from simk8s.api.watch import ADDED, DELETED, ChangeLog
    from simk8s.kernel.clock import Clock

    logs = []
    for tapped in (False, True):
        log = ChangeLog(Clock(), "pods", Fanout(1_000_000, 1_000_000))
        heard: list[tuple[object, object]] = []
        if tapped:
            log.tap(lambda verb, item, heard=heard: heard.append((verb, item)), (ADDED,))
        log.append(ADDED, 1)
        log.append(DELETED, 1)
        assert heard == ([(ADDED, 1)] if tapped else [])
        cursor = log.subscribe(log._clock.bell("r", Phase.DELIVER, lambda now: None))
        log.append(ADDED, 2)
        logs.append((log.dispatch_us, cursor.drain(1 << 40)))
    assert logs[0] == logs[1]
