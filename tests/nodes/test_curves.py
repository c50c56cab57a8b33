"""Curves and their sums: what is computed is what stepping through them would find."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simk8s.nodes.curves import Curve, flat
from simk8s.nodes.spaces import Space


@st.composite
def curves(draw: st.DrawFn, *, steps: bool = False) -> Curve:
    count = draw(st.integers(1, 5))
    gaps = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    times = [sum(gaps[:i]) for i in range(count)]
    amounts = st.lists(st.integers(0, 40), min_size=count, max_size=count)
    starts = draw(amounts)
    ends = starts if steps else draw(amounts)
    period = draw(st.sampled_from((0, times[-1] + gaps[-1])))
    if not period:
        ends = [*ends[:-1], starts[-1]]
    return Curve(times, starts, ends, period)


@given(curves(), st.integers(0, 60), st.integers(0, 45))
def test_a_level_is_passed_where_stepping_finds_it(curve: Curve, since: int, level: int) -> None:
    found = curve.passes(level, since)
    walked = next((t for t in range(since, since + 200) if curve.value(t) > level), None)
    assert found == walked


@given(curves(steps=True), st.integers(0, 150))
def test_the_integral_of_steps_is_their_sum(curve: Curve, until: int) -> None:
    assert curve.area2(until) == 2 * sum(curve.value(t) for t in range(until))


@given(curves(), st.integers(0, 60), st.integers(0, 60))
def test_integrals_of_slopes_are_as_near_as_whole_numbers_come(c: Curve, a: int, b: int) -> None:
    """A trapezoid between whole values is off by no more than half a unit a µs and a piece."""
    low, high = sorted((a, b))
    walked = sum(c.value(t) + c.value(t + 1) for t in range(low, high))
    jumps = 45 * 2 * (high - low + 1)
    assert abs((c.area2(high) - c.area2(low)) - walked) <= jumps
    assert c.area2(high) >= c.area2(low)


@given(curves(steps=True), st.integers(0, 40), st.integers(0, 80))
def test_a_limit_cuts_a_curve_off(curve: Curve, limit: int, at: int) -> None:
    assert curve.capped(limit).value(at) == min(curve.value(at), limit)


def test_a_slope_in_steps_keeps_its_integral() -> None:
    ramp = Curve((0, 1_000), (0, 500), (500, 500))
    steps = ramp.stepped(20)
    assert steps.value(0) == 12
    assert steps.area2(1_000) == 2 * sum(steps.value(t) for t in range(1_000))
    assert abs(steps.area2(1_000) - ramp.area2(1_000)) < 2 * 1_000


def test_a_leak_passes_a_level_at_the_first_microsecond_above_it() -> None:
    hour = 3_600_000_000
    leak = Curve((0, 10 * hour), (100, 1_100), (1_100, 1_100))
    at = leak.passes(350, 0)
    assert at is not None
    assert leak.value(at) == 351
    assert leak.value(at - 1) == 350
    assert at == -(-251 * 10 * hour // 1_000)


@given(st.lists(curves(), min_size=1, max_size=4), st.integers(0, 20), st.integers(0, 120))
def test_a_sum_passes_no_later_than_stepping_finds(
    several: list[Curve], since: int, level: int
) -> None:
    """Never late but for a unit of rounding a curve; an early answer is asked again."""
    space = Space()
    for pod, curve in enumerate(several):
        space.add(pod, curve, 0)
    surely = level + len(several)
    walked = next((t for t in range(since, since + 150) if space.value(t) > surely), None)
    found = space.passes(level, since)
    while found is not None and found <= since + 150 and space.value(found) <= level:
        again = space.passes(level, found)
        assert again is None or again > found
        found = again
    if walked is not None:
        assert found is not None
        assert found <= walked
    if found is not None and found < since + 150:
        assert space.value(found) > level


@given(st.lists(curves(), min_size=1, max_size=3), st.integers(0, 20), st.integers(0, 100))
def test_a_sum_falls_where_stepping_finds_it(several: list[Curve], since: int, level: int) -> None:
    space = Space()
    for pod, curve in enumerate(several):
        space.add(pod, curve, 0)
    surely = level - len(several)
    walked = next((t for t in range(since, since + 150) if space.value(t) <= surely), None)
    found = space.falls(level, since)
    while found is not None and found < since + 150 and space.value(found) > level:
        again = space.falls(level, found)
        found = found + 1 if again == found else again
    if walked is not None:
        assert found is not None
        assert found <= walked


def test_level_curves_cost_a_sum_and_leave_nothing_behind() -> None:
    space = Space()
    for pod in range(5):
        space.add(pod, flat(10), 0)
    assert (space.fixed, space.peak, space.moving) == (50, 50, {})
    assert space.passes(50, 0) is None
    assert space.passes(49, 7) == 7
    for pod in range(5):
        space.remove(pod, flat(10))
    assert (space.fixed, space.peak, space.low) == (0, 0, 0)
