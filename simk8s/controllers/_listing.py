"""What a LIST shows of each kind: all there is, as the changes that would have led to it.

Law: whoever hears these entries, and nothing that came before, knows what a reader of the API
would. Objects come in order of creation; a pod's ADDED is followed by what it has become since.

Mirrors: the first LIST of a client-go informer, whose handlers get an Add for every object.
Departs: it takes no time and no request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simk8s.api.store import Store
from simk8s.api.watch import ChangeLog, Entry, Verb
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import GONE, NEVER, UNBORN


class Listing:
    """What all logs would list at an instant; each is made when it is asked for."""

    def __init__(self, store: Store, now_us: int) -> None:
        self._store, self._now_us = store, now_us
        self._made: dict[ChangeLog, list[Entry]] = {}

    def of(self, log: ChangeLog) -> list[Entry]:
        """Entries of one log."""
        found = self._made.get(log)
        if found is None:
            changes = self._changes(log)
            found = self._made[log] = [(self._now_us, verb, item) for verb, item in changes]
        return found

    def _changes(self, log: ChangeLog) -> Iterator[tuple[Verb, Any]]:
        store = self._store
        if log is store.pods:
            yield from self._pods()
        elif log is store.nodes:
            yield from ((Verb.ADDED, node) for node in self._nodes())
        elif log is store.leases.log:
            silent = (node for node in self._nodes() if not store.leases.renewing(node))
            yield from ((Verb.DELETED, node) for node in silent)
        else:
            table = next(one for one in store.tables() if one.log is log)
            yield from ((Verb.ADDED, key) for key, _ in table.items())

    def _nodes(self) -> Iterator[int]:
        nodes = self._store.cluster.nodes
        return (node for node in range(nodes.n) if nodes.exists[node])

    def _pods(self) -> Iterator[tuple[Verb, int]]:
        pods = self._store.cluster.pods
        there = [pod for pod, phase in enumerate(pods.phase) if phase not in (UNBORN, GONE)]
        for pod in sorted(there, key=pods.created_us.__getitem__):
            yield Verb.ADDED, pod
            if pods.node[pod] != NEVER:
                yield Verb.BOUND, pod
            if pods.ready[pod]:
                yield Verb.STATUS, pod
            if pods.phase[pod] in TERMINAL:
                yield Verb.ENDED, pod
            if pods.deletion_us[pod] != NEVER:
                yield Verb.DELETING, pod
