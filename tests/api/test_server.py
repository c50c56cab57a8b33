"""Writes cost time, wait for seats, share an fsync, and commit in order."""

from __future__ import annotations

from simk8s.api.client import Client
from simk8s.api.server import INSTANT, ApiServer, Times
from simk8s.kernel.clock import Clock


def commits(times: Times, count: int, qps: float = 0.0, burst: int = 1) -> list[int]:
    clock = Clock()
    client = Client(clock, ApiServer(clock, times), "test", qps, burst)
    done: list[int] = []
    for _ in range(count):
        client.write(lambda: clock.now_us, done=lambda now, result: done.append(result))
    clock.run(100_000_000)
    return done


def test_an_unloaded_write() -> None:
    assert commits(Times(), 1) == [2_000 + 1_000 + 500]


def test_writes_served_together_share_an_fsync() -> None:
    assert commits(Times(), 3) == [3_500] * 3


def test_a_seat_serves_one_at_a_time() -> None:
    assert commits(Times(seats=1), 3) == [3_500, 5_500, 7_500]


def test_instant_times_commit_at_once() -> None:
    assert commits(INSTANT, 2) == [0, 0]


def test_a_client_sends_its_burst_then_its_rate() -> None:
    sent = commits(INSTANT, 50, qps=20, burst=30)
    assert sent[:30] == [0] * 30
    assert sent[30:] == [50_000 * (i + 1) for i in range(20)]
