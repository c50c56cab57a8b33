"""A recording replayed: the same cluster, flags and actions, then both runs side by side.

Law: a replay is a pure function of the file and the seed. What of the recording could not be
applied or is not compared is told with the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simk8s.simulation.control_plane import api_times
from simk8s.simulation.recording.actions import phases_of
from simk8s.simulation.recording.cluster import build_world
from simk8s.simulation.recording.comparison import Compared, compare
from simk8s.simulation.recording.driver import Driver
from simk8s.simulation.recording.observer import Observer
from simk8s.simulation.recording.pods import StandIns
from simk8s.simulation.recording.reading import Recording, read
from simk8s.simulation.recording.writing import Writer

AFTER_US = 5_000_000
"""Simulated time after the last thing that was recorded."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The result."""

    header: Mapping[str, Any]
    phases: list[Compared]
    refused: list[str]
    """Actions that could not be applied."""
    unread: Mapping[str, int]
    """Kinds that are in the recording and not compared."""
    stored_only: Mapping[str, int]
    """Kinds that the driver wrote and that nothing here acts on."""
    lines: list[dict[str, Any]]
    """The simulated run as a recording, if it was asked for."""

    @property
    def out(self) -> int:
        """Milestones that are not near."""
        return sum(phase.out for phase in self.phases)

    @property
    def total(self) -> int:
        """Milestones."""
        return sum(len(phase.rows) for phase in self.phases)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "experiment": self.header.get("experiment"),
            "what": self.header.get("what"),
            "milestones": self.total,
            "out": self.out,
            "not_applied": self.refused,
            "not_compared": dict(self.unread),
            "not_acted_on": dict(self.stored_only),
            "phases": [phase.as_json() for phase in self.phases],
        }


def replay(path: Path, *, seed: int = 1, write: bool = False) -> Replay:
    """Replay one file. Raises UserError where it cannot be read."""
    recording = read(path)
    end_us = recording.timeline.end_us
    horizon_us = end_us + AFTER_US
    world, loaded = build_world(
        recording.header, recording.nodes, horizon_us, seed, recording.origin_ms
    )
    lag_us = api_times(loaded.scenario.plane).watch_lag_us
    writer = Writer(world, recording) if write else None
    observer = Observer(world, lag_us, writer)
    driver = Driver(world, StandIns(world, recording.pods, observer.group_of))
    driver.arm(recording.actions)
    world.start()
    world.clock.run(horizon_us)
    observer.timeline.requests = driver.latencies
    phases = phases_of(recording.actions, recording.done_us, end_us)
    return Replay(
        recording.header,
        compare(recording.timeline, observer.timeline, phases),
        driver.refused,
        recording.unread,
        driver.objects.stored_only,
        [] if writer is None else writer.lines(),
    )


__all__ = ("Recording", "Replay", "replay")
