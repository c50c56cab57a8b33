"""Logs, cursors and their lag; leases as functions of time."""

from __future__ import annotations

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
    assert log.entries[-1][0] == log.entries[-2][0] == 1_000


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


def test_what_everybody_has_read_is_dropped() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods")
    cursor = log.subscribe(clock.bell("r", Phase.DELIVER, lambda now: None))
    for i in range(TRIM_AT - 1):
        log.append(Verb.ADDED, i)
    assert len(cursor.drain(0)) == TRIM_AT - 1
    log.append(Verb.ADDED, -1)
    assert len(log.entries) == 1
    assert [item for _, _, item in cursor.drain(0)] == [-1]


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
        logs.append((log.dispatch_us, log.entries))
    assert logs[0] == logs[1]
