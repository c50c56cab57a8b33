"""L5: the progress bar: simulated time, rate and time left, as a probe of the clock.

Law: quiet when stderr is no terminal. The probe only notes the time; a thread of the terminal
library draws, so a run with it is the same run, at the same speed.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from simk8s.units import US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND, format_duration

if TYPE_CHECKING:
    from rich.progress import Task

_WINDOW = 64


class SimulatedTime:
    """A probe that knows how far the simulation is."""

    deaf_to_batches = True

    def __init__(self) -> None:
        self.now_us = 0

    def on_instant(self, now_us: int) -> None:
        self.now_us = now_us

    def on_batch(self, component: str, phase: Any, count: int) -> None:
        """Nothing of interest."""

    def on_stop(self, reason: Any) -> None:
        """The bar is taken down by its owner."""


class Rate:
    """Simulated seconds per second, over the last moments."""

    def __init__(self, wall: float, simulated_us: int = 0) -> None:
        self._points = deque([(wall, simulated_us)], maxlen=_WINDOW)

    def update(self, wall: float, simulated_us: int) -> float | None:
        """The rate now; None until there is something to go by."""
        self._points.append((wall, simulated_us))
        (wall_then, us_then) = self._points[0]
        passed = wall - wall_then
        if passed <= 0 or simulated_us <= us_then:
            return None
        return (simulated_us - us_then) / US_PER_SECOND / passed


def words(now_us: int, until_us: int, rate: float | None) -> str:
    """`3h12m of 24h · 5,400 s/s · 14s left`."""
    if now_us == 0:
        return f"0 of {format_duration(until_us)}"
    step = US_PER_MINUTE if now_us >= US_PER_HOUR else US_PER_SECOND
    text = f"{format_duration(now_us // step * step)} of {format_duration(until_us)}"
    if not rate:
        return text
    left = (until_us - now_us) / US_PER_SECOND / rate
    return f"{text} · {rate:,.0f} s/s · {format_duration(round(left) * US_PER_SECOND)} left"


@contextmanager
def bar(label: str, until_us: int, *, always: bool = False) -> Iterator[SimulatedTime]:
    """Show a bar while the block runs; the probe is handed to the simulation."""
    probe = SimulatedTime()
    if not always and not sys.stderr.isatty():
        yield probe
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
    from rich.text import Text

    rate = Rate(time.monotonic())

    class Words(ProgressColumn):
        max_refresh = 0.2

        def render(self, task: Task) -> Text:
            speed = rate.update(time.monotonic(), probe.now_us)
            return Text(words(probe.now_us, until_us, speed), no_wrap=True)

    class Live(Progress):
        def get_renderables(self) -> Iterator[Any]:
            for task in self.tasks:
                task.completed = probe.now_us
            yield from super().get_renderables()

    bar_column = BarColumn(bar_width=24)
    columns = (TextColumn("{task.description}", markup=False), bar_column, Words())
    console = Console(stderr=True)
    with Live(*columns, console=console, transient=True, refresh_per_second=5) as live:
        live.add_task(label, total=until_us)
        yield probe
