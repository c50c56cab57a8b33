"""Remembers answers about pods that fitted nowhere, for as long as nothing at all has changed.

When a cluster is full, one pod that leaves wakes every parked pod, and all but one or two of them
are rejected again on a state that has not moved in between: pods alike get the answer of the
first.

Law: an answer is given out again only to a pod of the same template, requests, priority,
nomination and (where a filter reads it) owner, and only on the very state it was found on.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.view import View

Answer = TypeVar("Answer")
Key = tuple[int, int, int, int, int]


class Memo(Generic[Answer]):
    """Answers for one framework over one real view (not an overlay)."""

    def __init__(self, framework: Framework, view: View) -> None:
        self.framework = framework
        self._view = view
        self._by_owner = any(plugin.by_owner for plugin in framework.filters)
        self._stamp: tuple[int, ...] = ()
        self.answers: dict[Key, Answer] = {}
        """Where there are none, there is nothing to ask for."""

    def get(self, query: Query) -> Answer | None:
        """What was answered about a pod like this one on this state, if anything."""
        if query.template.volumes or query.pinned >= 0:
            return None
        if self._view.cluster.stamp != self._stamp:
            self.answers.clear()
            return None
        return self.answers.get(self._key(query))

    def put(self, query: Query, answer: Answer) -> None:
        """Remember an answer that was found on the state as it is."""
        if query.template.volumes or query.pinned >= 0:
            return
        stamp = self._view.cluster.stamp
        if stamp != self._stamp:
            self.answers.clear()
            self._stamp = stamp
        self.answers[self._key(query)] = answer

    def _key(self, query: Query) -> Key:
        owner = self._view.pods.owner[query.pod] if self._by_owner else -1
        nominated = self._view.pods.nominated[query.pod]
        return (query.template.id, query.requests.id, query.priority, nominated, owner)
