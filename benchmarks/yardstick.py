"""How fast this machine is while something is measured.

One customer of a `simpy.Resource` (8 servers at 80 %, a process a customer, no code of ours) takes
9.5 µs on the machine of the design's measurements. A shared machine changes its speed by half
within seconds, so the yardstick is not only laid on before and after: a timer that counts the CPU
time of the process interrupts what is measured every half second, and what the customers in
between took is taken off again (`spent_s`).

Samples stand at equal distances of CPU time t, and what is measured does dt / slowness(t) of work
in dt: so work done at reference speed is CPU time × the mean of 1 / slowness. `slower` is the
inverse of that mean, not the mean of the samples, which would count slow stretches twice.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Generator
from time import process_time
from types import FrameType, TracebackType
from typing import Any

import simpy

REFERENCE_US = 9.5
"""One customer on the machine of the design's measurements."""
CUSTOMERS, EVERY_S = 2_000, 0.5
OUTSIDE = 3
"""Samples before, and as many after."""


def customer_us() -> float:
    """What one customer costs on this machine, now."""

    def customer(env: Any, line: Any) -> Generator[Any, Any, None]:
        with line.request() as seat:
            yield seat
            yield env.timeout(64)

    def arrivals(env: Any, line: Any) -> Generator[Any, Any, None]:
        for _ in range(CUSTOMERS):
            env.process(customer(env, line))
            yield env.timeout(10)

    env = simpy.Environment()
    env.process(arrivals(env, simpy.Resource(env, 8)))
    begin = process_time()
    env.run()
    return (process_time() - begin) / CUSTOMERS * 1e6


class Yardstick:
    """Measures from `with` to its end."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        """µs a customer."""
        self.spent_s = 0.0
        """CPU time of the samples that lay inside."""

    @property
    def slower(self) -> float:
        """How many times as long as the reference this machine took for the same work."""
        return len(self.samples) / sum(REFERENCE_US / sample for sample in self.samples)

    def __enter__(self) -> Yardstick:
        self._outside()
        signal.signal(signal.SIGPROF, self._interrupt)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        self._outside()

    def _outside(self) -> None:
        """Without the garbage collector, whose work depends on what else is in memory."""
        collecting = gc.isenabled()
        gc.disable()
        self.samples += [customer_us() for _ in range(OUTSIDE)]
        if collecting:
            gc.enable()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        begin = process_time()
        collecting = gc.isenabled()
        gc.disable()
        self.samples.append(customer_us())
        if collecting:
            gc.enable()
        self.spent_s += process_time() - begin
