"""Run one scenario: build, let time pass, seal the tables, write the manifest.

Law: the tables and their digest are a pure function of scenario, seed and options; wall clock,
CPU time and memory are measured around the simulation and go into the manifest alone. Whatever
ends a run (its time is up, Ctrl-C, a livelock), what was recorded until then is sealed.
"""

from __future__ import annotations

import gc
import platform
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simk8s
from simk8s.errors import InvariantError
from simk8s.kernel.clock import StopReason
from simk8s.kernel.phase import Phase
from simk8s.kernel.probe import Probe
from simk8s.record.recorder import write_manifest
from simk8s.schema.enums import AuditResult
from simk8s.schema.manifest import Manifest
from simk8s.simulation.build import Options, World, build
from simk8s.simulation.damage import write_damage
from simk8s.simulation.node_use import write_node_use
from simk8s.simulation.tables import write_nodes, write_pods
from simk8s.state.audit import audit as recount
from simk8s.units import format_duration

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded

PACKAGES = ("simpy", "numpy", "scipy", "ortools", "polars", "plotly", "pydantic")
AUDITS = 24
"""With `audit`, state is recounted so many times over the run, and at its end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: its folder and manifest."""

    folder: Path
    manifest: Manifest


class _Interrupt(Probe):
    """Ends the run at the next instant once the flag is up."""

    deaf_to_batches = True

    def __init__(self, world: World, flag: threading.Event) -> None:
        self._clock = world.clock
        self._flag = flag

    def on_instant(self, now_us: int) -> None:
        """Looked at between instants, so that tables end at one."""
        if self._flag.is_set():
            self._clock.stop(StopReason.INTERRUPTED)

    def on_batch(self, component: str, phase: Phase, count: int) -> None:
        """Nothing."""

    def on_stop(self, reason: StopReason) -> None:
        """Nothing."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nobody looks for garbage: a run makes millions of objects and none, and to look through
    them costs a tenth of its time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@_uncollected()
def run_scenario(
    loaded: Loaded,
    *,
    out: Path,
    seed: int | None = None,
    until_us: int | None = None,
    progress: Probe | None = None,
    interrupt: threading.Event | None = None,
    audit: bool = False,
    command: str = "",
    variant: str = "",
    options: Options | None = None,
) -> Outcome:
    """Simulate and write tables and manifest to `out`."""
    started, cpu_started = time.perf_counter(), time.process_time()
    chosen_seed = loaded.scenario.seed if seed is None else seed
    horizon_us = min(loaded.scenario.duration, until_us or loaded.scenario.duration)
    world = build(loaded, seed=chosen_seed, horizon_us=horizon_us, options=options or Options())
    for probe in _probes(world, progress, interrupt):
        world.clock.add_probe(probe)
    reason, audited = _simulate(world, horizon_us, audit)
    digest = _seal(world, out)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    manifest = Manifest(
        version=simk8s.__version__,
        versions={"python": platform.python_version(), **_versions()},
        scenario=loaded.scenario.name,
        scenario_path=str(loaded.source),
        scenario_hash=loaded.hash,
        scenario_text=loaded.text,
        strategy=loaded.scenario.strategy.name,
        variant=variant,
        seed=chosen_seed,
        duration_us=horizon_us,
        simulated_us=world.clock.now_us,
        stop_reason=reason.value,
        stop_detail=", ".join(world.clock.livelock_components),
        interrupted=reason is StopReason.INTERRUPTED,
        digest=digest,
        audit=audited,
        wall_seconds=wall,
        cpu_seconds=cpu,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        pods_per_second=world.store.created / wall,
        command=command,
        explained=options.explain.text if options is not None and options.explain else "",
        warnings=[*map(str, loaded.problems), *_refusals(world)],
    )
    write_manifest(out, manifest)
    return Outcome(out, manifest)


def _refusals(world: World) -> list[str]:
    """What the API did not take of the scenario, in words."""
    written = world.writer.refusals if world.writer is not None else []
    done = world.timeline.refusals if world.timeline is not None else ()
    return [*written, *done, *_idle_faults(world)]


def _idle_faults(world: World) -> Iterator[str]:
    """Faults that changed nothing, each once with the first time."""
    first: dict[tuple[str, str], int] = {}
    for fault, why in world.faults.idle:
        first.setdefault((fault.kind, why), fault.at_us)
    for (kind, why), at_us in first.items():
        yield f"faults: {kind} at {format_duration(at_us)} had no effect: {why}"


def _probes(world: World, progress: Probe | None, flag: threading.Event | None) -> list[Probe]:
    found: list[Probe] = [] if progress is None else [progress]
    if flag is not None:
        found.append(_Interrupt(world, flag))
    return found


def _simulate(world: World, horizon_us: int, audit: bool) -> tuple[StopReason, AuditResult]:
    """Let time pass."""
    try:
        if audit:
            _arm_audits(world, horizon_us)
        world.start()
        reason = world.clock.run(horizon_us)
        if audit:
            recount(world.cluster)
    except InvariantError as error:
        raise InvariantError(str(error), simulated_us=world.clock.now_us) from error
    return reason, AuditResult.PASSED if audit else AuditResult.OFF


def _arm_audits(world: World, horizon_us: int) -> None:
    def check(now_us: int, _: list[Any]) -> None:
        recount(world.cluster)

    lane = world.clock.lane("audit", Phase.SAMPLE, check)
    for step in range(1, AUDITS):
        lane.at(horizon_us * step // AUDITS, None)


def _seal(world: World, out: Path) -> str:
    now_us, recorder = world.clock.now_us, world.recorder
    world.sampler.finish(now_us)
    if world.optimum is not None:
        world.optimum.look(now_us)
    write_pods(world.cluster, recorder)
    joined, removed = world.joined_us, world.removed_us
    write_nodes(world.cluster, world.machines, recorder, joined, now_us, removed)
    write_node_use(world.cluster, world.machines, recorder.node_use, joined, now_us, removed)
    world.sampler.fragments.write(world.cluster, recorder.fragmentation)
    if world.timeline is not None:
        world.timeline.write(recorder.actions)
    for call in world.cloud.api.rows() if world.cloud is not None else ():
        recorder.cloud_calls.append(call)
    if world.availability is not None:
        found, evictions = world.availability, world.store.evictions
        write_damage(found, world.cluster, recorder, evictions, now_us)
    for row in world.component_rows(now_us):
        recorder.controllers.append(row)
    for request_row in world.server.meters.rows():
        recorder.api_requests.append(request_row)
    return recorder.seal(out)


def _versions() -> dict[str, str]:
    return {package: metadata.version(package) for package in PACKAGES}
