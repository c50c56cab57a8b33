"""The only composition root: from a loaded scenario to a world that can be run.

Law: what is built and in which order depends on the scenario alone; registration order on the
clock decides who goes first within a phase, so new components are added at the end of their
section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
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
from simk8s.nodes.troubles import Troubles
from simk8s.placement.view import View
from simk8s.record.recorder import Recorder
from simk8s.record.solves import SolveWriter
from simk8s.scheduler.scheduler import Scheduler
from simk8s.scheduler.selectors import Selectors
from simk8s.scheduler.takeover import Succession
from simk8s.simulation import membership
from simk8s.simulation.adoption import adopt, silence
from simk8s.simulation.availability import Availability
from simk8s.simulation.cloud_nodes import CloudNodes, cloud_of, has_cloud
from simk8s.simulation.control_plane import (
    api_times,
    client_limits,
    cycle_times,
    kubelet_settings,
)
from simk8s.simulation.effects import Parts, PlaneEffects
from simk8s.simulation.explaining import Explained
from simk8s.simulation.heartbeats import Heartbeats
from simk8s.simulation.node_effects import NodeEffects
from simk8s.simulation.objects import ObjectWriter
from simk8s.simulation.optimum import Optimum, watched
from simk8s.simulation.queues import sample_queues
from simk8s.simulation.reclaims import Reclaims
from simk8s.simulation.rollouts import Rollouts
from simk8s.simulation.sampler import Sampler
from simk8s.simulation.timeline.component import Timeline
from simk8s.simulation.usage import UsageSampler, is_used, measured, spared
from simk8s.state.cluster import Cluster
from simk8s.state.nodeobjects import node_spec
from simk8s.state.nodes import NodeSpec
from simk8s.strategies.base import GANG_SCHEDULING, Context, Strategy
from simk8s.workload.entry import objects, sources
from simk8s.workload.feeder import Feeder

if TYPE_CHECKING:
    from simk8s.nodes.usage import NodeUsage
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.podnames import PodSelector


@dataclass(frozen=True, slots=True)
class Options:
    """What changes how a run is computed or what is recorded, never what it means."""

    incremental: bool = True
    explain: PodSelector | None = None
    """Pods whose decisions are recorded in full."""
    bounds: bool = False
    """Whether what no strategy could have beaten is recorded."""


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
    removed_us: dict[int, int] = field(default_factory=dict)
    writer: ObjectWriter | None = None
    strategy: Strategy | None = None
    availability: Availability | None = None
    timeline: Timeline | None = None
    usage: NodeUsage | None = None
    optimum: Optimum | None = None
    cloud: CloudNodes | None = None

    def start(self) -> None:
        """Arm everything that happens by itself."""
        for feeder in self.feeders:
            feeder.start(self.horizon_us)
        self.faults.start(self.streams)
        self.sampler.start()
        if self.timeline is not None:
            self.timeline.start()

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
    plane, clients = scenario.plane, client_limits(scenario.plane)
    recorder, times = _recorder(loaded, options), api_times(plane)
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
    scheduler = _scheduler(loaded, clock, (store, server), strategy, recorder)
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
    world.strategy, controllers.note_solve = strategy, SolveWriter(recorder).note
    _add_controllers(loaded, world)
    _add_nodes(loaded, world)
    _listen(world, times)
    sample_queues(strategy, sampler, recorder)
    world.availability = Availability(clock, store, machines, faults.latest)
    _add_workload(loaded, world, clients.user_in_flight)
    _add_events(loaded, world, effects)
    if options.bounds:
        world.optimum = watched(sampler, cluster, recorder)
    return world


def _recorder(loaded: Loaded, options: Options) -> Recorder:
    scenario = loaded.scenario
    return Recorder(
        explain=options.explain is not None,
        actions=bool(scenario.timeline),
        usage=is_used(loaded),
        cloud_calls=has_cloud(loaded),
    )


def _add_events(loaded: Loaded, world: World, effects: PlaneEffects) -> None:
    """What happens to the cluster, and what is done to it."""
    world.cloud = cloud_of(loaded, world.clock, world.store, world.streams)
    _add_faults(loaded, world, effects)
    if loaded.scenario.timeline:
        world.timeline = Timeline(world, loaded)


def _listen(world: World, times: Times) -> None:
    """What follows from what is stored: load in the background, what the scheduler knows."""
    Heartbeats(world.clock, world.store, world.server)
    Selectors(world.clock, world.store, times.watch_lag_us)


def _measure(loaded: Loaded, world: World) -> None:
    """What pods use on their nodes, where the scenario says so."""
    if not is_used(loaded):
        return
    clock, store, sampler = world.clock, world.store, world.sampler
    usage = world.usage = measured(loaded, clock, store, world.streams, world.kubelets)
    sampler.also = UsageSampler(usage, store, world.recorder.usage, sampler.samples)


def _add_faults(loaded: Loaded, world: World, effects: PlaneEffects) -> None:
    """Fault models, and where there are any, what they can do."""
    if not loaded.scenario.faults:
        return
    world.faults.base = loaded.base
    for fault in loaded.scenario.faults:
        world.faults.add(loaded.catalog.resolve("faults", fault.name)(fault.params))
    join = partial(membership.join, world)

    clock, store, server = world.clock, world.store, world.server
    troubles = Troubles(clock, store, world.kubelets)
    reclaims = Reclaims(clock, store, server, world.streams, world.machines, join, world.cloud)
    world.faults.nodes = NodeEffects(troubles, reclaims, world.usage)
    rollouts = Rollouts(clock, store, server, troubles.images)
    succession = Succession(clock, world.scheduler)
    cloud = world.cloud.api if world.cloud is not None else None
    effects.parts = Parts(store, succession, world.controllers, troubles, rollouts, cloud)


def _api(clock: Clock, cluster: Cluster, streams: Streams, times: Times) -> tuple[Store, ApiServer]:
    """Store and server, which know the same watchers and the same objects."""
    fanout = Fanout(*times.dispatch_ns)
    store = Store(clock, cluster, streams.seed, fanout)
    server = ApiServer(clock, times, streams, fanout)
    server.counts, server.etcd.live_bytes = store.count, store.live_bytes
    return store, server


def _scheduler(
    loaded: Loaded,
    clock: Clock,
    api: tuple[Store, ApiServer],
    strategy: Strategy,
    recorder: Recorder,
) -> Scheduler:
    """The scheduler, with a client of its own for Events."""
    store, server = api
    plane, settings = loaded.scenario.plane, strategy.settings
    qps = settings.qps if plane.throttling else 0.0
    limits = client_limits(plane).scheduler_events
    events = Client(clock, server, "kube-scheduler/events", *limits)
    client = Client(clock, server, "kube-scheduler", qps, settings.burst, events=events)
    lag_us = api_times(plane).watch_lag_us
    return Scheduler(clock, store, client, strategy, recorder, cycle_times(plane), lag_us)


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
    kubelet = loaded.scenario.plane.kubelet
    resources, written = world.cluster.resources, loaded.node_objects

    def specs(index: int) -> Iterator[NodeSpec]:
        return (node_spec(one.raw, resources) for one in written.get(index, ()))

    groups, base, catalog = loaded.scenario.nodes, loaded.base, loaded.catalog
    every = node_specs(groups, base, catalog, kubelet.max_pods, written=specs)
    for row in world.store.add_nodes([spared(spec, kubelet) for spec in every]):
        world.kubelets.add(row)
        world.joined_us.append(world.clock.now_us)
    _measure(loaded, world)


def _add_workload(loaded: Loaded, world: World, in_flight: int) -> None:
    user = Client(world.clock, world.server, "user", in_flight=in_flight)
    assert world.strategy is not None
    feeder = partial(Feeder, grouped=GANG_SCHEDULING in world.strategy.settings.features)
    for source in sources(loaded):
        world.feeders.append(feeder(world.clock, world.store, user, source, world.streams))
    world.writer = writer = ObjectWriter(world.clock, world.store, user, world.streams)
    made = objects(loaded)
    for one in made:
        if one.live is None:
            writer.add(one)
    adopt([one for one in made if one.live is not None], world)
    silence([node for nodes in loaded.node_objects.values() for node in nodes], world)
