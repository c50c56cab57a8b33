"""Machines that are asked of a cloud: launched, terminated.

Law: a machine boots from the call that was taken; without refusals it is a node when it would have
been without a cloud. What is to happen to a machine happens when the cloud has answered.

Mirrors: an operator, a node group or Karpenter that calls a provider's API for each machine.
Departs: calls of the attach-detach, route and service controllers are not made; a machine that is
asked for always comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from simk8s.cloud.limits import Action, Limit, published
from simk8s.cloud.provider import CloudApi, Operation, Retry, Terms
from simk8s.kernel import draws
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.profiles import profile, profile_names
from simk8s.scenario.cloud import Cloud
from simk8s.scenario.distributions import DurationDistribution
from simk8s.simulation.cloud_monitor import CloudMonitor

if TYPE_CHECKING:
    from simk8s.api.store import Store
    from simk8s.kernel.streams import Streams
    from simk8s.scenario.load import Loaded

PROVIDERS = ("aws", "gcp", "azure")


class Machine(NamedTuple):
    """One that is wanted."""

    name: str
    boot_us: int
    begin: Callable[[], object]
    """What it does when it has booted: register a node."""


class CloudNodes:
    """See the module."""

    def __init__(self, clock: Clock, store: Store, api: CloudApi, per_call: int) -> None:
        self.api = api
        self._clock, self._per_call = clock, per_call
        self._boots = clock.lane("cloud/boots", Order.ARRIVE, _booted)
        self._orders: dict[str, Operation] = {}
        self.monitor = CloudMonitor(clock, store, api)

    def launch(self, machines: Sequence[Machine]) -> None:
        """Ask for machines, in as few calls as clients make."""
        for first in range(0, len(machines), self._per_call):
            some = machines[first : first + self._per_call]
            more = f" and {len(some) - 1} more" if len(some) > 1 else ""
            target = f"{some[0].name}{more}"
            order = self.api.ask(Action.RUN, target, len(some), lambda now_us: None)
            order.done = partial(self._launched, some, order)
            self._orders.update((one.name, order) for one in some)

    def _launched(self, machines: Sequence[Machine], order: Operation, now_us: int) -> None:
        assert order.taken_us is not None, "it was answered"
        for one in machines:
            self._boots.at(max(now_us, order.taken_us + one.boot_us), one.begin)

    def joined(self, name: str) -> None:
        """A node of that name exists now."""
        order = self._orders.pop(name, None)
        if order is not None:
            order.joined_us = self._clock.now_us

    def terminate(self, name: str, then: Callable[[], None]) -> None:
        """Give a machine back."""
        self.api.ask(Action.TERMINATE, name, 1, lambda now_us: then())


def _booted(now_us: int, due: list[Callable[[], object]]) -> None:
    for begin in due:
        begin()


def cloud_of(loaded: Loaded, clock: Clock, store: Store, streams: Streams) -> CloudNodes | None:
    """The cloud of a scenario that has one, or in which one can fail."""
    if not has_cloud(loaded):
        return None
    settings = loaded.scenario.cloud or Cloud()
    api = CloudApi(clock, _terms(settings, loaded), streams.get("cloud"))
    return CloudNodes(clock, store, api, settings.machines_per_call)


def has_cloud(loaded: Loaded) -> bool:
    """Whether machines cost calls."""
    if loaded.scenario.cloud is not None:
        return True
    resolve = loaded.catalog.resolve
    return any(
        getattr(resolve("faults", fault.name), "of_cloud", False)
        for fault in loaded.scenario.faults
    )


def _terms(settings: Cloud, loaded: Loaded) -> Terms:
    """What is published of the provider, and what the scenario says in place of it."""
    known = published()[settings.provider or _provider(loaded)]
    limits = {action: one.limit for action, one in known.items()}
    latency = {
        action: draws.integers(DurationDistribution.model_validate(_law(one.latency_ms)))
        for action, one in known.items()
    }
    for name, own in settings.limits.items():
        limits[Action(name)] = Limit(own.burst, own.rate * 1_000_000)
    for name, law in settings.latency.items():
        latency[Action(name)] = draws.integers(law, minimum=0)
    retry = settings.retry
    return Terms(limits, latency, Retry(retry.base, retry.cap, retry.jitter))


def _law(pair: tuple[int, int]) -> dict[str, dict[str, str]]:
    return {"lognormal": {"p50": f"{pair[0]}ms", "p99": f"{pair[1]}ms"}}


def _provider(loaded: Loaded) -> str:
    """Of the first group whose machines a cloud has."""
    known = profile_names()
    for group in loaded.scenario.nodes:
        if group.profile in known:
            name = profile(str(group.profile)).provider
            if name in PROVIDERS:
                return name
    return PROVIDERS[0]
