"""The only composition root: from a loaded scenario to a world that can be run.

Law: what is built and in which order depends on the scenario alone; registration order on the
clock decides who goes first within a phase, so new components are added at the end of their
section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel

from simk8s.api.client import Client
from simk8s.api.fanout import Fanout
from simk8s.api.server import ApiServer, Times
from simk8s.api.store import Store
from simk8s.controllers._manager import SHIPPED, ControllerManager
from simk8s.faults._driver import FaultDriver
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import Streams
from simk8s.nodes.behaviours import Behaviours
from simk8s.nodes.groups import node_specs
from simk8s.nodes.kubelet import KubeletPool
from simk8s.nodes.machines import Machines
from simk8s.placement.view import View
from simk8s.record.recorder import Recorder
from simk8s.scheduler.scheduler import Scheduler
from simk8s.simulation.control_plane import (
    api_times,
    client_limits,
    cycle_times,
    kubelet_settings,
)
from simk8s.simulation.effects import PlaneEffects
from simk8s.simulation.explaining import Explained
from simk8s.simulation.heartbeats import Heartbeats
from simk8s.simulation.objects import ObjectWriter
from simk8s.simulation.sampler import Sampler
from simk8s.state.cluster import Cluster
from simk8s.strategies.base import Context, Strategy
from simk8s.workload.entry import objects, sources
from simk8s.workload.feeder import Feeder

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.podnames import PodSelector


@dataclass(frozen=True, slots=True)
class Options:
    """What changes how a run is computed or what is recorded, never what it means."""

    incremental: bool = True
    explain: PodSelector | None = None
    """Pods whose decisions are recorded in full."""


@dataclass(slots=True)
class World:
    """Everything of one simulation, wired up and not yet started."""

    clock: Clock
    streams: Streams
    cluster: Cluster
    store: Store
    server: ApiServer
    machines: Machines
    kubelets: KubeletPool
    scheduler: Scheduler
    recorder: Recorder
    sampler: Sampler
    controllers: ControllerManager
    faults: FaultDriver
    horizon_us: int
    feeders: list[Feeder] = field(default_factory=list)
    joined_us: list[int] = field(default_factory=list)
    writer: ObjectWriter | None = None
    strategy: Strategy | None = None

    def start(self) -> None:
        """Arm everything that happens by itself."""
        for feeder in self.feeders:
            feeder.start(self.horizon_us)
        self.faults.start(self.streams)
        self.sampler.start()

    def component_rows(self, now_us: int) -> Iterator[tuple[object, ...]]:
        """Rows of the `controllers` table."""
        scheduler = self.scheduler
        client = scheduler.client
        yield scheduler.measure.row(now_us, client.writes, client.throttled_us)
        yield from self.controllers.rows(now_us)
        yield from self.server.rows(now_us)


def build(loaded: Loaded, *, seed: int, horizon_us: int, options: Options) -> World:
    """Wire up a world; nothing has happened in it yet."""
    scenario = loaded.scenario
    clock, streams, cluster = Clock(), Streams(seed), Cluster()
    plane, clients = scenario.control_plane, client_limits(scenario.control_plane)
    recorder, times = Recorder(explain=options.explain is not None), api_times(plane)
    (store, server), machines = _api(clock, cluster, streams, times), Machines(clock)
    kubelets = KubeletPool(
        clock,
        store,
        Client(clock, server, "kubelet", node_limit=clients.kubelet),
        machines,
        streams.get("kubelet"),
        kubelet_settings(plane, scenario.images),
        times.watch_lag_us,
        Behaviours(cluster, seed, scenario.behaviour),
    )
    strategy = _strategy(loaded, cluster, streams, recorder, options)
    settings = strategy.settings
    qps = settings.qps if plane.throttling else 0.0
    events = Client(clock, server, "kube-scheduler/events", *clients.scheduler_events)
    scheduler = Scheduler(
        clock,
        store,
        Client(clock, server, "kube-scheduler", qps, settings.burst, events=events),
        strategy,
        recorder,
        cycle_times(plane),
        times.watch_lag_us,
    )
    interval_us = scenario.sampling.interval
    sampler = Sampler(clock, store, scheduler.queue, recorder, horizon_us, interval_us)
    effects, lag_us, throttled = PlaneEffects(server), times.watch_lag_us, plane.throttling
    faults = FaultDriver(clock, cluster, machines, recorder.faults, horizon_us, effects)
    controllers = ControllerManager(
        clock, store, server, streams, lag_us, faults.moment, throttled=throttled
    )
    world = World(
        clock,
        streams,
        cluster,
        store,
        server,
        machines,
        kubelets,
        scheduler,
        recorder,
        sampler,
        controllers,
        faults,
        horizon_us,
    )
    world.strategy, controllers.note_solve = strategy, recorder.solves.append
    _add_controllers(loaded, world)
    _add_nodes(loaded, world)
    Heartbeats(clock, store, server)
    _add_workload(loaded, world, clients.user_in_flight)
    for fault in scenario.faults:
        faults.add(loaded.catalog.resolve("faults", fault.name)(fault.params))
    return world


def _api(clock: Clock, cluster: Cluster, streams: Streams, times: Times) -> tuple[Store, ApiServer]:
    """Store and server, which know the same watchers and the same objects."""
    fanout = Fanout(*times.dispatch_ns)
    store = Store(clock, cluster, streams.seed, fanout)
    server = ApiServer(clock, times, streams, fanout)
    server.counts, server.etcd.live_bytes = store.count, store.live_bytes
    return store, server


def _strategy(
    loaded: Loaded, cluster: Cluster, streams: Streams, recorder: Recorder, options: Options
) -> Strategy:
    chosen = loaded.scenario.strategy
    made: type[Strategy] = loaded.catalog.resolve("strategies", chosen.name)
    draws = streams.get(f"strategy/{chosen.name}")
    context = Context(View(cluster), draws, options.incremental, loaded.base, loaded.catalog)
    strategy = made(chosen.params, context)
    if options.explain is None:
        return strategy
    return Explained(strategy, context.view, recorder, options.explain)


def _add_controllers(loaded: Loaded, world: World) -> None:
    """What ships, unless the scenario names another for its slot, then what it adds."""
    chosen: dict[str, tuple[str, BaseModel | None]] = {slot: (slot, None) for slot in SHIPPED}
    for slot, extension in loaded.scenario.controllers.items():
        chosen[slot] = (extension.name, extension.params)
    for name, params in chosen.values():
        made = loaded.catalog.resolve("controllers", name)
        defaults = params or loaded.catalog.params_of("controllers", name)()
        world.controllers.add(made, defaults)


def _add_nodes(loaded: Loaded, world: World) -> None:
    most = loaded.scenario.control_plane.kubelet.max_pods
    for spec in node_specs(loaded.scenario.nodes, loaded.base, loaded.catalog, most):
        row = world.store.add_node(spec)
        world.kubelets.add(row)
        world.joined_us.append(world.clock.now_us)


def _add_workload(loaded: Loaded, world: World, in_flight: int) -> None:
    user = Client(world.clock, world.server, "user", in_flight=in_flight)
    for source in sources(loaded):
        world.feeders.append(Feeder(world.clock, world.store, user, source, world.streams))
    world.writer = writer = ObjectWriter(world.clock, world.store, user, world.streams)
    for made in objects(loaded):
        writer.add(made)
