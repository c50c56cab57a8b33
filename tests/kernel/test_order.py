"""The order of everything, against an obvious slow twin."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase


class Part(NamedTuple):
    """A component of the random system."""

    is_lane: bool
    phase: Phase


class Act(NamedTuple):
    """Once `trigger` has happened, arm a component `delay_us` later."""

    trigger: tuple[str, int, int]
    part: int
    delay_us: int


START = ("start", 0, 0)
Trace = list[tuple[int, int, tuple[int, ...]]]


@st.composite
def systems(draw: st.DrawFn) -> tuple[list[Part], list[Act]]:
    parts = draw(
        st.lists(st.builds(Part, st.booleans(), st.sampled_from(Phase)), min_size=1, max_size=7)
    )
    acts: list[Act] = []
    for number in range(draw(st.integers(1, 25))):
        triggers = st.just(START)
        if number:
            triggers |= st.tuples(st.just("item"), st.integers(0, number - 1), st.just(0))
        triggers |= st.tuples(st.just("call"), st.integers(0, len(parts) - 1), st.integers(0, 2))
        delay = st.sampled_from((0, 0, 0, 1, 2, 5))
        acts.append(Act(draw(triggers), draw(st.integers(0, len(parts) - 1)), draw(delay)))
    return parts, acts


class Script:
    """What happens because something has happened; the same for the clock and its twin."""

    def __init__(self, acts: list[Act]) -> None:
        self.acts = acts
        self.calls: dict[int, int] = {}
        self.trace: Trace = []

    def called(self, now_us: int, part: int, items: tuple[int, ...]) -> list[tuple[int, Act]]:
        self.trace.append((now_us, part, items))
        nth = self.calls.get(part, 0)
        self.calls[part] = nth + 1
        causes = [("item", item, 0) for item in items] + [("call", part, nth)]
        return [each for cause in causes for each in self.because(cause)]

    def because(self, cause: tuple[str, int, int]) -> list[tuple[int, Act]]:
        return [(number, act) for number, act in enumerate(self.acts) if act.trigger == cause]


def run_clock(parts: list[Part], acts: list[Act]) -> tuple[Trace, int]:
    clock, script = Clock(), Script(acts)
    armed: list[Any] = []

    def perform(numbered: list[tuple[int, Act]]) -> None:
        for number, act in numbered:
            if parts[act.part].is_lane:
                armed[act.part].after(act.delay_us, number)
            elif act.delay_us:
                armed[act.part].ring_at(clock.now_us + act.delay_us)
            else:
                armed[act.part].ring()

    for index, part in enumerate(parts):
        if part.is_lane:

            def due(now_us: int, items: list[int], index: int = index) -> None:
                perform(script.called(now_us, index, tuple(items)))

            armed.append(clock.lane(str(index), part.phase, due))
        else:

            def rung(now_us: int, index: int = index) -> None:
                perform(script.called(now_us, index, ()))

            armed.append(clock.bell(str(index), part.phase, rung))
    perform(script.because(START))
    assert clock.run(1_000) is StopReason.DRAINED
    assert all(len(each) == 0 for each, part in zip(armed, parts, strict=True) if part.is_lane)
    return script.trace, clock.now_us


def run_twin(parts: list[Part], acts: list[Act]) -> tuple[Trace, int]:
    script = Script(acts)
    pending: list[tuple[int, int, Phase, int, int, int]] = []  # ..., registration, nth, item
    now_us, running_round, running_phase, added = 0, 0, -1, 0

    def perform(numbered: list[tuple[int, Act]]) -> None:
        nonlocal added
        for number, act in numbered:
            phase = parts[act.part].phase
            which = 0
            if act.delay_us == 0:
                which = running_round + (phase <= running_phase)
            pending.append((now_us + act.delay_us, which, phase, act.part, added, number))
            added += 1

    perform(script.because(START))
    while pending:
        slot = min(pending)[:4]
        batch = sorted(each for each in pending if each[:4] == slot)
        pending = [each for each in pending if each[:4] != slot]
        now_us, running_round, running_phase, part = slot
        items = tuple(each[5] for each in batch) if parts[part].is_lane else ()
        perform(script.called(now_us, part, items))
    return script.trace, now_us


@settings(max_examples=120, deadline=None)
@given(systems())
def test_the_clock_and_its_slow_twin_agree(system: tuple[list[Part], list[Act]]) -> None:
    assert run_clock(*system) == run_twin(*system)
