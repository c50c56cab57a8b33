"""PreEnqueue: what keeps a pod out of the active and the backoff queue.

A pod that a gate holds back is parked, and looked at again only on a change that the gate listens
to.

Mirrors: kube-scheduler v1.36 SchedulingGates and DefaultPreemption (a preemptor waits until its
victims' deletions are issued).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection

from simk8s.placement.base import Query
from simk8s.placement.events import Change, Event
from simk8s.placement.framework import Framework
from simk8s.placement.view import View


class Gate(ABC):
    """Base of gates."""

    name: str
    events: int
    named: Collection[int] | None = None
    """The pods that it may hold, whatever their templates are like. (Beside them it holds at most
    pods whose template has scheduling gates or a group.) None = that could be any pod.
    """

    @abstractmethod
    def holds(self, query: Query) -> bool:
        """Whether the pod must stay out."""

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """Whether one of `events` is worth another look."""
        return True


class ByProfile(Gate):
    """A gate that some profile leaves out."""

    def __init__(self, gate: Gate, framework_of: Callable[[Query], Framework]) -> None:
        self.name = gate.name
        self.events = gate.events
        self.named = gate.named
        self._gate = gate
        self._framework_of = framework_of

    def holds(self, query: Query) -> bool:
        """Whether the pod's profile has the gate, and it holds the pod."""
        return self._gate.holds(query) and self.name in self._framework_of(query).pre_enqueue

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """As the gate says."""
        return self._gate.hint(event, query, view)


class SchedulingGates(Gate):
    """`spec.schedulingGates` must be empty."""

    name: str = "SchedulingGates"
    events: int = Change.OWN_GATES
    named = ()

    def holds(self, query: Query) -> bool:
        """Whether a gate is left."""
        return bool(query.template.gates)


class Preempting(Gate):
    """Pods whose victims are about to be deleted."""

    name: str = "DefaultPreemption"
    events: int = Change.POD_DELETE

    def __init__(self) -> None:
        self.pods: set[int] = set()
        """Looked up, never iterated."""
        self.named = self.pods

    def holds(self, query: Query) -> bool:
        """Whether deletions are still to be issued."""
        return query.pod in self.pods

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """Never: the plugins that rejected the pod say what helps."""
        return False
