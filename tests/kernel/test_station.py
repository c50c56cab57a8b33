"""The station against a line of people."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.station import Station

Jobs = list[tuple[int, int]]
jobs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), max_size=40)


def arrivals(gaps: Jobs) -> Jobs:
    now_us, answer = 0, []
    for gap_us, service_us in gaps:
        now_us += gap_us
        answer.append((now_us, service_us))
    return answer


def stand_in_line(servers: int, customers: Jobs, closed: tuple[int, int] = (0, 0)) -> Jobs:
    """Microsecond by microsecond: who is served, who waits."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    left = [service_us for _, service_us in customers]
    t_us = 0
    while len(ends) < len(customers):
        if not closed[0] <= t_us < closed[1]:
            free = servers - (len(starts) - len(ends))
            for number, (arrival_us, _) in enumerate(customers):
                if free and number not in starts and arrival_us <= t_us:
                    starts[number] = t_us
                    if left[number]:
                        free -= 1
                    else:
                        ends[number] = t_us
            for number in starts:
                if number not in ends:
                    left[number] -= 1
                    if left[number] == 0:
                        ends[number] = t_us + 1
        t_us += 1
    return [(starts[number], ends[number]) for number in range(len(customers))]


@settings(deadline=None)
@given(st.integers(1, 4), jobs)
def test_the_heap_and_the_line_of_people_agree(servers: int, gaps: Jobs) -> None:
    customers = arrivals(gaps)
    station = Station(servers)
    served = [station.serve(*customer) for customer in customers]
    assert served == stand_in_line(servers, customers)
    assert station.served == len(customers)
    assert station.busy_us == sum(service_us for _, service_us in customers)
    assert station.wait_us == sum(
        start_us - arrival_us
        for (arrival_us, _), (start_us, _) in zip(customers, served, strict=True)
    )


@settings(deadline=None)
@given(st.integers(1, 3), jobs, st.integers(1, 60), st.integers(1, 30))
def test_an_outage_moves_what_was_priced_and_delays_what_comes(
    servers: int, gaps: Jobs, from_us: int, length_us: int
) -> None:
    customers = [(arrival_us, max(service_us, 1)) for arrival_us, service_us in arrivals(gaps)]
    station = Station(servers)
    before = [each for each in customers if each[0] < from_us]
    priced = [station.serve(*customer) for customer in before]
    shift_us = station.outage(from_us, from_us + length_us)
    moved = [
        (
            start_us + shift_us if start_us >= from_us else start_us,
            end_us + shift_us if end_us > from_us else end_us,
        )
        for start_us, end_us in priced
    ]
    later = [station.serve(*customer) for customer in customers[len(before) :]]
    closed = (from_us, from_us + length_us)
    assert moved + later == stand_in_line(servers, customers, closed)


def test_free_us_is_when_the_next_could_start() -> None:
    station = Station(2)
    station.serve(10, 5)
    assert station.free_us() == 0
    station.serve(10, 7)
    assert station.free_us() == 15


def test_a_station_without_servers_is_refused() -> None:
    with pytest.raises(InvariantError):
        Station(0)
