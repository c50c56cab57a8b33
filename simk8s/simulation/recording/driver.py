"""Does to a simulated cluster what the driver of a recording did to the real one.

Law: each action is sent at its recorded instant, through a client without a limit, but not before
the worker that sends it has its last answer; what cannot be applied, or is answered in another way
than it was, is kept to be told, never passed over in silence.
Pods of controllers have other names in every run: another pod stands in for one that is asked for
by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simk8s.api.client import Client
from simk8s.api.refused import Refused, was_refused
from simk8s.api.requests import RequestKind, kind
from simk8s.api.server import Operation
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.simulation.drains import Drains
from simk8s.simulation.editing import BAD_OBJECT
from simk8s.simulation.recording.actions import TOO_MANY, Action
from simk8s.simulation.recording.nodes import NodeActions
from simk8s.simulation.recording.objects import Objects, Target, Unmet, translated
from simk8s.simulation.recording.pods import StandIns

Raw = Mapping[str, Any]
READS = ("GET", "LIST")
BAD = 400


class Driver:
    """Applies actions at their instants."""

    def __init__(self, world: World, stand_ins: StandIns) -> None:
        self.refused: list[str] = []
        """What could not be applied."""
        self.latencies: list[tuple[int, int]] = []
        """(sent, stored) of each request."""
        self.objects = Objects(world)
        self._world = world
        self._store, self._cluster = world.store, world.cluster
        self._clients: dict[str, Client] = {}
        self._busy: dict[int, deque[Action]] = {}
        """Workers that wait for an answer, and what each has to ask afterwards."""
        self._drains = Drains(world, "driver/drain")
        self._nodes = NodeActions(world)
        self._pods = stand_ins
        self._handlers: dict[str, Callable[[Action, Target], None]] = {
            "pods": self._pod_request,
            "nodes": self._node_request,
        }
        self._lane = world.clock.lane("driver", Order.ARRIVE, self._due)

    def arm(self, actions: list[Action]) -> None:
        """Put actions on the clock."""
        for action in actions:
            self._lane.at(action.at_us, action)

    def _due(self, now_us: int, actions: list[Action]) -> None:
        for action in actions:
            if action.worker in self._busy:
                self._busy[action.worker].append(action)
            else:
                self._act(action)

    def _act(self, action: Action) -> None:
        try:
            self._apply(action)
        except (Unmet, *BAD_OBJECT) as error:
            text = str(error) if isinstance(error, Unmet) else f"{type(error).__name__} {error}"
            self.refused.append(f"{action.title}: {text}" if text else action.title)

    def _apply(self, action: Action) -> None:
        match action.verb:
            case "POST" | "PUT" | "PATCH" | "DELETE" | "GET" | "LIST":
                self._request(action)
            case "evict":
                self._evict(action, f"default/{action.path}")
            case "drain":
                for row in self._nodes.rows(action.body):
                    self._drains.begin(row)
            case "silence":
                self._nodes.silence(action.body, action.renewed_us)
            case "restore":
                self._nodes.restore(action.body)
            case _:
                self._by_words(action)

    def _by_words(self, action: Action) -> None:
        """What is asked in words and is a request for each of its nodes."""
        match action.verb:
            case "add nodes":
                for raw in action.body:
                    self._send(action, self._nodes.join, raw, timed=False)
            case "remove nodes":
                for row in self._nodes.rows(action.body):
                    self._send(action, self._store.delete_node, row, timed=False)
            case "cordon" | "uncordon":
                spec = {"spec": {"unschedulable": action.verb == "cordon"}}
                for name in self._nodes.names(action.body):
                    self._send(action, self._nodes.change, name, spec, timed=False)
            case _:
                raise Unmet("")

    # --- requests

    def _request(self, action: Action) -> None:
        target = Target.of(action.path, action.body)
        if action.verb in READS:
            self._send(action, _read(kind(action.verb, target.resource)))
            return
        handler = self._handlers.get(target.resource, self._object_request)
        handler(action, target)

    def _send(self, action: Action, op: Operation, *args: Any, timed: bool = True) -> None:
        """A request, timed as the recorded ones are."""
        sent_us = self._world.clock.now_us
        done = partial(self._answered, action, sent_us, timed and not action.implied)
        if action.worker >= 0:
            self._busy.setdefault(action.worker, deque())
        self._client(action.user).write(op, *args, done=done)

    def _client(self, user: str) -> Client:
        known = self._clients.get(user)
        if known is None:
            world = self._world
            known = self._clients[user] = Client(world.clock, world.server, user or "driver")
        return known

    def _answered(
        self, action: Action, sent_us: int, timed: bool, now_us: int, result: Any
    ) -> None:
        if timed:
            self.latencies.append((sent_us, now_us))
        refused = was_refused(result)
        if refused and action.code < BAD:
            words = str(result) if isinstance(result, Refused) else "no such object, or it exists"
            self.refused.append(f"{action.title}: {words}")
        elif not refused and action.code >= BAD and action.code != TOO_MANY:
            self.refused.append(f"{action.title}: accepted here, {action.code} there")
        waiting = self._busy.pop(action.worker, None)
        while waiting:
            self._act(waiting.popleft())
            if action.worker in self._busy:
                self._busy[action.worker].extend(waiting)
                break

    def _object_request(self, action: Action, target: Target) -> None:
        op, args = self.objects.request(action.verb, target, translated(action.body))
        self.objects.tell(target.resource)
        self._send(action, op, *args)

    # --- pods

    def _pod_request(self, action: Action, target: Target) -> None:
        if action.verb == "POST" and not target.subresource:
            made = self.objects.created(target, translated(action.body), "Pod")
            (row,) = self.objects.stamp(made)
            self._cluster.pods.names[row] = target.name
            self._send(action, self._store.create_pods, (row,))
        elif action.verb == "POST" and target.subresource == "eviction":
            self._evict(action, target.key)
        elif action.verb == "POST" and target.subresource == "binding":
            (node,) = self._nodes.rows([str(action.body["target"]["name"])])
            self._send(action, self._store.bind, self._pod(target.key), node)
        elif action.verb == "DELETE" and not target.name:
            for pod in self._pods.selected(target.namespace, target.selector):
                self._send(action, self._store.delete_pod, pod, timed=False)
        elif action.verb == "DELETE" and not target.subresource:
            seconds = (action.body or {}).get("gracePeriodSeconds")
            grace_us = None if seconds is None else int(seconds) * 1_000_000
            self._send(action, self._store.delete_pod, self._pod(target.key), grace_us)
        else:
            raise Unmet(f"no {action.verb} of {target.resource}/{target.subresource} here")

    def _pod(self, key: str) -> int:
        pod = self._pods.find(key)
        if pod is None:
            raise Unmet("no such pod")
        return pod

    def _evict(self, action: Action, key: str) -> None:
        sent_us = self._world.clock.now_us

        def answered(now_us: int, code: int) -> None:
            if action.path.startswith("/") and not action.implied:
                self.latencies.append((sent_us, now_us))

        self._drains.evict(self._pod(key), answered)

    # --- nodes

    def _node_request(self, action: Action, target: Target) -> None:
        if action.verb == "POST" and not target.name:
            raise Unmet("an object needs a name")
        if action.verb == "POST":
            self._send(action, self._nodes.join, action.body)
        elif action.verb in ("PATCH", "PUT") and target.subresource in ("", "status"):
            self._nodes.rows([target.name])
            self._send(action, self._nodes.change, target.name, action.body)
        elif action.verb == "DELETE":
            (row,) = self._nodes.rows([target.name])
            self._send(action, self._store.delete_node, row)
        else:
            raise Unmet(f"no {action.verb} of {target.resource}/{target.subresource} here")


def _read(what: RequestKind) -> Operation:
    """A request that changes nothing."""

    def read() -> bool:
        return True

    read.request = what  # type: ignore[attr-defined]
    return read
