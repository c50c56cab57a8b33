"""Asks the plugins that rejected a pod whether an event may help it.

Pods of one shape (template, requests and, where a hint reads it, owner) that were rejected by the
same plugins get one answer, so thousands of parked replicas cost one question.

Mirrors: isPodWorthRequeuing and the pre-filter for assigned pods of kube-scheduler v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from simk8s.placement.base import FilterPlugin, Query
from simk8s.placement.events import CROSSING, Change, Event
from simk8s.placement.framework import Framework
from simk8s.placement.view import View
from simk8s.scheduler.gates import Gate

SPREAD = "PodTopologySpread"

Shape = tuple[int, int, int]
"""(template id, request vector id, owner or −1)."""


class Strategy(IntEnum):
    """What is to become of a rejected pod, weakest first."""

    SKIP = 0
    AFTER_BACKOFF = 1
    IMMEDIATELY = 2


class Rejection(NamedTuple):
    """Names of the plugins that rejected a pod, sorted; `pending` ones made it wait. (Hashed more
    than once an attempt, so no dataclass.)
    """

    plugins: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def nobody(self) -> bool:
        """Whether it was an error and not a plugin."""
        return not self.plugins and not self.pending

    def also(self, plugin: str) -> Rejection:
        """With one more plugin."""
        if plugin in self.plugins:
            return self
        return Rejection(tuple(sorted((*self.plugins, plugin))), self.pending)


FAILURE = Rejection()
"""An error: no plugin is to blame."""


Plugins = dict[str, FilterPlugin | Gate]


class Hints:
    """The queueing hints of the filters of each pod's framework, and of gates, over one view."""

    def __init__(
        self, framework_of: Callable[[Query], Framework], view: View, gates: Sequence[Gate] = ()
    ) -> None:
        self._view = view
        self._framework_of = framework_of
        self._gates = gates
        self._plugins: dict[int, tuple[Framework, Plugins, bool]] = {}
        """By identity of the framework: it, its plugins by name, whether owners matter."""
        self._listening: dict[tuple[int, Rejection], int] = {}

    def _known(self, query: Query) -> tuple[Framework, Plugins, bool]:
        framework = self._framework_of(query)
        known = self._plugins.get(id(framework))
        if known is None:
            plugins: Plugins = {gate.name: gate for gate in self._gates}
            plugins.update((p.name, p) for p in framework.filters)
            by_owner = any(p.by_owner for p in framework.filters)
            known = self._plugins[id(framework)] = (framework, plugins, by_owner)
        return known

    def shape(self, query: Query) -> Shape:
        """What hints read of a pod."""
        owner = self._view.pods.owner[query.pod] if self._known(query)[2] else -1
        if query.pinned >= 0:
            owner = -2 - query.pinned  # daemons of one template have one owner, and a node each
        return (query.template.id, query.requests.id, owner)

    def listening(self, rejection: Rejection, query: Query) -> int:
        """Changes that any of the plugins that rejected the pod listens to."""
        framework, plugins, _ = self._known(query)
        key = (id(framework), rejection)
        found = self._listening.get(key)
        if found is None:
            found = int(Change.NONE)
            for name in (*rejection.plugins, *rejection.pending):
                if name in plugins:
                    found |= plugins[name].events
            self._listening[key] = found
        return found

    def offered(self, event: Event, query: Query, rejection: Rejection) -> bool:
        """Whether a change of an assigned pod is put to a parked pod at all: it looks for pods
        like that one, or was rejected by spreading in that namespace.
        """
        pod = event.pod
        if pod is None or not event.change & CROSSING:
            return True
        if SPREAD in rejection.plugins and pod.namespace == query.template.namespace:
            return True
        known = self._view.objects.namespaces
        terms = query.template.affinity.required
        return any(term.matches(pod.namespace, pod.labels, known) for term in terms)

    def strategy(self, event: Event, query: Query, rejection: Rejection) -> Strategy:
        """What one event means for a pod."""
        if rejection.nobody:
            return Strategy.AFTER_BACKOFF
        if not event.change & self.listening(rejection, query):
            return Strategy.SKIP
        plugins = self._known(query)[1]
        if self._some(plugins, rejection.pending, event, query):
            return Strategy.IMMEDIATELY
        if self._some(plugins, rejection.plugins, event, query):
            return Strategy.AFTER_BACKOFF
        return Strategy.SKIP

    def _some(self, plugins: Plugins, names: Iterable[str], event: Event, query: Query) -> bool:
        for name in names:
            plugin = plugins.get(name)
            if plugin is None or not event.change & plugin.events:
                continue
            if plugin.hint(event, query, self._view):
                return True
        return False
