"""Probes hear everything and change nothing."""

from __future__ import annotations

from typing import Any

from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase
from simk8s.kernel.probe import Probe


class Notebook(Probe):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def on_instant(self, now_us: int) -> None:
        self.heard.append(("instant", now_us))

    def on_batch(self, component: str, phase: Phase, count: int) -> None:
        self.heard.append((component, phase, count))

    def on_stop(self, reason: StopReason) -> None:
        self.heard.append(("stop", reason))


def run(*probes: Probe, early: bool = True) -> list[tuple[Any, ...]]:
    clock = Clock()
    trace: list[tuple[Any, ...]] = []
    if early:
        for probe in probes:
            clock.add_probe(probe)

    def due(now_us: int, items: list[int]) -> None:
        trace.append((now_us, list(items)))
        items.clear()
        bell.ring()
        if now_us < 6:
            lane.at(now_us + 2, now_us)

    def rung(now_us: int) -> None:
        trace.append((now_us,))

    lane = clock.lane("lane", Phase.ARRIVE, due)
    bell = clock.bell("bell", Phase.DELIVER, rung)
    lane.at(0, -1)
    lane.at(4, -2)
    if not early:
        for probe in probes:
            clock.add_probe(probe)
    clock.run(6)
    return trace


def test_a_probe_hears_instants_batches_and_the_stop() -> None:
    notebook = Notebook()
    run(notebook)
    assert notebook.heard[:6] == [
        ("instant", 0),
        ("lane", Phase.ARRIVE, 1),
        ("bell", Phase.DELIVER, 1),
        ("instant", 2),
        ("lane", Phase.ARRIVE, 1),
        ("bell", Phase.DELIVER, 1),
    ]
    assert ("lane", Phase.ARRIVE, 2) in notebook.heard
    assert notebook.heard[-1] == ("stop", StopReason.DRAINED)


def test_probes_change_nothing_and_hear_the_same_whenever_they_came() -> None:
    early, late, other = Notebook(), Notebook(), Notebook()
    assert run() == run(early) == run(late, other, early=False)
    assert early.heard == late.heard == other.heard


def test_without_probes_handlers_are_not_wrapped() -> None:
    clock = Clock()

    def rung(now_us: int) -> None:
        pass

    bell = clock.bell("b", Phase.DELIVER, rung)
    assert bell.handler is rung
    clock.add_probe(Notebook())
    assert bell.handler is not rung


def test_who_does_not_listen_to_batches_costs_nothing_between_instants() -> None:
    class Watch(Probe):
        def __init__(self) -> None:
            self.instants: list[int] = []

        def on_instant(self, now_us: int) -> None:
            self.instants.append(now_us)

    clock = Clock()
    bell = clock.bell("bell", Phase.DELIVER, print)
    watch, notebook = Watch(), Notebook()
    clock.add_probe(watch)
    assert bell.handler is print
    clock.add_probe(notebook)
    assert bell.handler is not print
    bell.ring_at(3)
    clock.run(5)
    assert watch.instants == [3]
    assert ("bell", Phase.DELIVER, 1) in notebook.heard
