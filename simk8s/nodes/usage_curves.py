"""From what a scenario says of usage to the curves of one pod.

Law: what is drawn for a pod depends on its row and on the profile, not on when or where it starts.
CPU comes in steps (slopes as `STEPS` of them), everything else in straight lines. A diurnal curve
follows the clock, which begins at midnight; any other begins with the containers.

Departs: CPU that leaks grows in steps of ten minutes for a week and stays level then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.kernel import draws
from simk8s.kernel.streams import Streams, counter_hash, spawn_key
from simk8s.nodes.curves import Curve, flat
from simk8s.nodes.usage_facts import NO_LIMIT, Facts
from simk8s.nodes.usage_replay import Recording

if TYPE_CHECKING:
    from simk8s.scenario.usage import Level, Usage

STEPS = 20
DIURNAL_PIECES = 48
TEN_MINUTES_US, WEEK_US = 600_000_000, 7 * 86_400_000_000
HOUR_US, CENTURY_US = 3_600_000_000, 100 * 365 * 86_400_000_000
_BATCH = 4_096
FIELDS = ("cpu", "memory", "ephemeral_storage", "pids")
CPU = 0


Amounts = tuple[int, int, int]


class Curves(NamedTuple):
    """Of one pod: each curve and the instant of its offset 0."""

    cpu: tuple[Curve, int]
    memory: tuple[Curve, int]
    disk: tuple[Curve, int]
    pids: tuple[Curve, int]


NONE = flat(0)


class CurveMaker:
    """Makes curves for the pods of every usage."""

    def __init__(self, streams: Streams, base: Path) -> None:
        self._streams, self._base = streams, base
        self._numbers: dict[int, int] = {}
        self._kept: list[Usage] = []
        self._drawn: dict[tuple[int, int], _Drawn] = {}
        self._shared: dict[tuple[int, int, int, int], Curve] = {}
        self._recordings: dict[str, Recording] = {}
        self._alike: dict[tuple[int, Amounts, Amounts], tuple[tuple[Curve, bool], ...]] = {}
        """Curves of usages that are the same for all pods with the same requests and limits, and
        whether they begin with the containers.
        """

    def of(
        self, usage: Usage, pod: int, name: Callable[[], str], facts: Facts, start_us: int
    ) -> Curves:
        """The curves of one pod whose containers started."""
        alike = self._alike.get((id(usage), facts.requests, facts.limits))
        if alike is not None:
            return Curves._make([(c, start_us if follows else 0) for c, follows in alike])
        made, shared = [], True
        for place, field in enumerate(FIELDS):
            profile = getattr(usage, field)
            if profile is None:
                made.append((NONE, True))
                continue
            curve = self._curve(usage, place, profile, pod, name, facts)
            shared &= profile.shape in _SHAPES
            made.append((curve, profile.diurnal is None))
        if shared:
            self._number(usage)  # keeps it
            self._alike[id(usage), facts.requests, facts.limits] = tuple(made)
        return Curves._make([(c, start_us if follows else 0) for c, follows in made])

    def read(self, path: str) -> Recording:
        """A file that is replayed; read when first asked for."""
        if path not in self._recordings:
            self._recordings[path] = Recording(self._base / path)
        return self._recordings[path]

    def _number(self, usage: Usage) -> int:
        """Of a usage, from what it says; it is kept, so that its identity is never another's."""
        found = self._numbers.get(id(usage))
        if found is None:
            found = self._numbers[id(usage)] = spawn_key(repr(usage))[0]
            self._kept.append(usage)
        return found

    def _curve(
        self,
        usage: Usage,
        place: int,
        profile: Any,
        pod: int,
        name: Callable[[], str],
        facts: Facts,
    ) -> Curve:
        if profile.replay is not None:
            return self.read(profile.replay.path).curve(name())
        number = self._number(usage)
        if profile.draw is not None:
            return flat(self._draw(number, place, profile.draw, pod))
        request, limit = (
            (0, NO_LIMIT) if place > 2 else (facts.requests[place], facts.limits[place])
        )

        def amount(level: Level) -> int:
            if not level.of:
                return level.amount
            whole = limit if level.of == "limit" and limit != NO_LIMIT else request
            return whole * level.permille // 1000

        if profile.spikes is not None:
            return _spikes(
                profile.spikes, amount, counter_hash(self._streams.seed, number, place, pod)
            )
        key = (number, place, request, limit)
        shared = self._shared.get(key)
        if shared is None:
            made: Curve = _SHAPES[profile.shape](
                getattr(profile, profile.shape), amount, place == CPU
            )
            shared = self._shared[key] = made.stepped(STEPS) if place == CPU else made
        return shared

    def _draw(self, number: int, place: int, law: Any, pod: int) -> int:
        drawn = self._drawn.get((number, place))
        if drawn is None:
            stream = self._streams.get(f"usage/{number}/{FIELDS[place]}")
            drawn = self._drawn[number, place] = _Drawn(draws.integers(law, minimum=0), stream)
        return drawn.of(pod)


class _Drawn:
    """Draws by pod row, made in batches in order of rows."""

    def __init__(self, sampler: Any, generator: np.random.Generator) -> None:
        self._sampler, self._generator = sampler, generator
        self._batches: list[NDArray[np.int64]] = []

    def of(self, pod: int) -> int:
        batch, place = divmod(pod, _BATCH)
        while len(self._batches) <= batch:
            self._batches.append(self._sampler(self._generator, _BATCH))
        return int(self._batches[batch][place])


Amount = Callable[[Any], int]


def _constant(level: Level, amount: Amount, cpu: bool) -> Curve:
    return flat(amount(level))


def _ramp(shape: Any, amount: Amount, cpu: bool) -> Curve:
    low, high = amount(shape.from_), amount(shape.to)
    return Curve((0, shape.over), (low, high), (high, high))


def _diurnal(shape: Any, amount: Amount, cpu: bool) -> Curve:
    low, high = amount(shape.low), amount(shape.high)
    values = list(_wave(low, high, shape.period, shape.peak_at))
    times = [shape.period * i // DIURNAL_PIECES for i in range(DIURNAL_PIECES)]
    if not cpu:
        return Curve(times, values, [*values[1:], values[0]], shape.period)
    means = [(a + b) // 2 for a, b in zip(values, [*values[1:], values[0]], strict=True)]
    return Curve(times, means, None, shape.period)


def _wave(low: int, high: int, period_us: int, peak_us: int) -> Iterator[int]:
    for i in range(DIURNAL_PIECES):
        turn = i / DIURNAL_PIECES - peak_us / period_us
        share = (1 + math.cos(2 * math.pi * turn)) / 2
        yield low + round((high - low) * share)


def _steps(shape: Any, amount: Amount, cpu: bool) -> Curve:
    times = [step.after for step in shape.values]
    return Curve(times, [amount(step.value) for step in shape.values], None, shape.repeat or 0)


def _leak(shape: Any, amount: Amount, cpu: bool) -> Curve:
    first, rate = amount(shape.from_), amount(shape.per_hour)
    until_us = WEEK_US if cpu else CENTURY_US
    if shape.up_to is not None and rate:
        until_us = min(until_us, max(amount(shape.up_to) - first, 0) * HOUR_US // rate)
    if not rate or not until_us:
        return flat(first)
    last = first + rate * until_us // HOUR_US
    if not cpu:
        return Curve((0, until_us), (first, last), (last, last))
    times = list(range(0, until_us, TEN_MINUTES_US))
    values = [first + rate * time // HOUR_US for time in times]
    return Curve([*times, until_us], [*values, last])


def _spikes(shape: Any, amount: Amount, chance: float) -> Curve:
    base, peak = amount(shape.base), amount(shape.peak)
    at_us = int((shape.every - shape.for_) * chance)
    if not at_us:
        return Curve((0, shape.for_), (peak, base), None, shape.every)
    return Curve((0, at_us, at_us + shape.for_), (base, peak, base), None, shape.every)


_SHAPES: dict[str, Callable[[Any, Amount, bool], Curve]] = {
    "constant": _constant,
    "ramp": _ramp,
    "diurnal": _diurnal,
    "steps": _steps,
    "leak": _leak,
}
