"""A queue trace: events over time, one scheduler, the queue that the simulation itself uses.

The rules of the run are those of the recording: an attempt takes effect at the instant it begins
and occupies the scheduler for `attemptSeconds`; binding is at once and cannot fail; at equal
times an event of the case comes first, then the flushes of that whole second, then an attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from simk8s.conformance.objects import Loader
from simk8s.conformance.single import Record, Teller
from simk8s.placement.base import PluginError, Query
from simk8s.placement.cycle import evaluate
from simk8s.placement.events import node_events, pod_added, pod_deleted
from simk8s.placement.framework import Framework
from simk8s.scheduler.gates import SchedulingGates
from simk8s.scheduler.hints import Hints, Rejection
from simk8s.scheduler.places import SECOND
from simk8s.scheduler.queue import FLUSH_PERIOD_US, SchedulingQueue
from simk8s.scheduler.queued import Queued, Where
from simk8s.state.pods import NEVER


class Trace:
    """Replays one trace case."""

    def __init__(self, loader: Loader, framework: Framework, attempt_us: int) -> None:
        self._loader = loader
        self._framework = framework
        self._teller = Teller(loader, framework)
        self._attempt_us = attempt_us
        gates = (SchedulingGates(),)
        hints = Hints(lambda query: framework, self._teller.view, gates)
        self._queue = SchedulingQueue(hints, gates)
        self._attempts: list[Record] = []
        self._tries: Counter[int] = Counter()
        for pod in loader.pods.values():
            if loader.cluster.pods.charged[pod] == NEVER:
                self._queue.add(loader.query(pod), 0)

    def run(self, events: list[Record], until_us: int) -> Record:
        """Everything up to `until_us`; what is recorded of it."""
        coming = [(_us(event["t"]), event) for event in events]
        now_us, free_us, number = 0, 0, 0
        while True:
            while number < len(coming) and coming[number][0] <= now_us:
                self._happen(coming[number][1], now_us)
                number += 1
            if now_us % SECOND == 0 and now_us:
                self._flush(now_us)
            if now_us >= free_us and self._attempt(now_us):
                free_us = now_us + self._attempt_us
            following = [(now_us // SECOND + 1) * SECOND]
            if number < len(coming):
                following.append(coming[number][0])
            if free_us > now_us:
                following.append(free_us)
            now_us = min(following)
            if now_us > until_us:
                return self._told()

    def _flush(self, now_us: int) -> None:
        self._queue.flush_backoff(now_us)
        if now_us % FLUSH_PERIOD_US == 0:
            self._queue.flush_unschedulable(now_us)

    # --- events

    def _happen(self, event: Mapping[str, Any], now_us: int) -> None:
        match event["op"]:
            case "addPod":
                self._arrive(event["pod"], now_us)
            case "deletePod":
                self._leave(event["ref"], now_us)
            case "addNode" | "updateNode":
                self._node(event["node"], now_us)
            case other:
                raise ValueError(f"unknown event {other}")

    def _arrive(self, raw: Mapping[str, Any], now_us: int) -> None:
        pod = self._loader.pod(raw)
        if pod is None:
            return
        cluster = self._loader.cluster
        if cluster.pods.charged[pod] == NEVER:
            self._queue.add(self._loader.query(pod), now_us)
        else:
            self._queue.move(pod_added(cluster.template_of(pod)), now_us)

    def _leave(self, ref: str, now_us: int) -> None:
        pod = self._loader.pods.pop(ref, None)
        if pod is None:
            return
        cluster = self._loader.cluster
        placed = cluster.pods.charged[pod] != NEVER
        self._loader.delete(pod)
        self._queue.remove(pod)
        if placed:
            gone = pod_deleted(cluster.template_of(pod), cluster.requests_of(pod))
            self._queue.move(gone, now_us)

    def _node(self, raw: Mapping[str, Any], now_us: int) -> None:
        nodes = self._loader.cluster.nodes
        row = nodes.row(raw["metadata"]["name"])
        before = None if row is None else nodes.specs[row]
        after = nodes.specs[self._loader.node(raw)]
        for event in node_events(before, after):
            self._queue.move(event, now_us)

    # --- attempts

    def _attempt(self, now_us: int) -> bool:
        queued = self._queue.pop(now_us)
        if queued is None:
            return False
        query = self._loader.query(queued.query.pod)
        self._tries[query.pod] += 1
        told: Record = {
            "t": now_us / SECOND,
            "pod": self._teller.pod(query.pod),
            "attempt": self._tries[query.pod],
            "feasibleCount": 0,
            "placement": None,
        }
        self._attempts.append(told)
        try:
            self._decide(queued, query, told, now_us)
        except PluginError as error:
            told.update(message=str(error))
            self._queue.fail(queued, now_us)
        return True

    def _decide(self, queued: Queued, query: Query, told: Record, now_us: int) -> None:
        found = evaluate(self._framework, query, self._teller.view)
        if found.error is not None:
            raise PluginError(found.error)
        names = {self._teller.name(row): row for row in found.best.tolist()}
        told["feasibleCount"] = len(found.feasible)
        if not names:
            told["message"] = found.diagnosis.message
            told["unschedulablePlugins"] = list(found.diagnosis.rejecters)
            self._queue.fail(queued, now_us, Rejection(found.diagnosis.rejecters))
            return
        told["argmax"] = sorted(names)
        told["placement"] = min(names)
        self._loader.bind(query.pod, names[min(names)])
        self._queue.remove(query.pod)
        self._queue.move(pod_added(query.template), now_us)

    def _told(self) -> Record:
        def there(*places: Where) -> list[str]:
            pods = [pod for where in places for pod in self._queue.listing(where)]
            return sorted(self._teller.pod(pod) for pod in pods)

        return {
            "attempts": self._attempts,
            "activeAtEnd": there(Where.ACTIVE),
            "backoffAtEnd": there(Where.BACKOFF, Where.ERROR_BACKOFF),
            "unschedulableAtEnd": there(Where.PARKED),
        }


def _us(seconds: float) -> int:
    return round(seconds * SECOND)


def replay_trace(loader: Loader, framework: Framework, case: Record) -> Record:
    """What we do on one trace case, in the form of its `expected`."""
    trace = Trace(loader, framework, _us(case["attemptSeconds"]))
    return trace.run(case["events"], _us(case["until"]))
