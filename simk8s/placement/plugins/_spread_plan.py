"""What a pod asks of topology spreading: its own constraints, or the profile's defaults with the
selector of its services and controller. Worked out once per template and owner, and again when
one of those has changed.

Mirrors: buildDefaultConstraints of kube-scheduler v1.36.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from simk8s.placement.base import Query
from simk8s.placement.eligible import Counter, Mask, Watch
from simk8s.placement.view import View
from simk8s.state.affinity import SpreadConstraint
from simk8s.state.cluster import Cluster
from simk8s.state.flocks import Flock
from simk8s.state.objects import Objects
from simk8s.state.pods import NEVER
from simk8s.state.selectors import LabelSelector
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Tally

Constraints = tuple[SpreadConstraint, ...]
Owner = tuple[str, str, str]
"""(kind, namespace, name)."""
PLANS_LIMIT = 1 << 14
"""Plans kept; beyond it all are dropped."""


@dataclass(slots=True)
class Part:
    """One constraint of one template, and what it counts."""

    own: SpreadConstraint
    itself: bool
    """Whether the pod is among those that its selector means."""
    keys: tuple[str, ...]
    """Labels that a node must have for its pods to count."""
    spec_version: int = -1
    mask: Mask | None = None
    present: Mask | None = None
    """By domain: whether a node of the mask is in it; None = every domain has one."""
    domains: int = 0
    watch: Watch | None = None
    tally: Tally | None = None


@dataclass(slots=True)
class Sums:
    """Pods of a flock by zone."""

    flock: Flock
    drops: int
    by_zone: list[int] = field(default_factory=list)
    """By domain number."""
    changed: int = 0
    spec_version: int = -1
    mask: Mask | None = None


@dataclass(slots=True)
class Plan:
    """The constraints of one template and owner."""

    template: PodTemplate
    constraints: Constraints
    hard: tuple[Part, ...]
    soft: tuple[Part, ...]
    requires_all: bool
    """Whether nodes that lack a label are left out of the scores."""
    owner: Owner | None = None
    selector: LabelSelector | None = None
    """The owner's."""
    version: int = -1
    """Of services."""
    spec_version: int = -1
    ignored: Mask | None = None
    """Nodes that lack one; None = none does."""
    sums: Sums | None = None
    """What the system's defaults count."""

    def holds(self, objects: Objects) -> bool:
        """Whether what it was made of is still so."""
        if self.template.spread:
            return True
        if self.version != objects.version:
            return False
        return self.owner is None or objects.controllers.get(self.owner) is self.selector


class Plans:
    """The plans of one profile over one cluster."""

    def __init__(self, defaults: Constraints, system: bool) -> None:
        self.counter = Counter()
        self._defaults = defaults
        self._system = system
        self._plans: dict[tuple[int, int], Plan] = {}
        # Who asked last, about which state, and what the answer was.
        self._query: Query | None = None
        self._cluster: Cluster | None = None
        self._owner = self._version = self._controllers = NEVER
        self._last_plan: Plan | None = None

    def of(self, query: Query, view: View) -> Plan | None:
        """What the pod asks for, None for nothing."""
        own, objects, owner = query.template, view.objects, NEVER
        if not own.spread:
            if not self._defaults or not (objects.services or objects.controllers):
                return None
            if query.pod >= 0:
                owner = view.pods.owner[query.pod]
            if owner == NEVER and not objects.services:
                return None
        if (
            query is not self._query
            or owner != self._owner
            or objects.controllers_version != self._controllers
            or objects.version != self._version
            or view.cluster is not self._cluster
        ):
            self._last_plan = self._plan(query, owner, view)
            self._query, self._owner, self._cluster = query, owner, view.cluster
            self._version, self._controllers = objects.version, objects.controllers_version
        return self._last_plan

    def _plan(self, query: Query, owner: int, view: View) -> Plan | None:
        own, objects = query.template, view.objects
        if self.counter.moved(view):
            self._plans.clear()
        plan = self._plans.get((own.id, owner))
        if plan is None or plan.template is not own or not plan.holds(objects):
            constraints = self.constraints(query, view)
            if plan is None or plan.template is not own or plan.constraints != constraints:
                if len(self._plans) >= PLANS_LIMIT:
                    self._plans.clear()
                plan = self._plans[own.id, owner] = self._made(own, constraints)
            plan.version = objects.version
            kind_name = view.cluster.controller_of(query.pod)
            if kind_name is not None:
                plan.owner = (kind_name[0], own.namespace, kind_name[1])
                plan.selector = objects.controllers.get(plan.owner)
        return plan if plan.constraints else None

    def _made(self, own: PodTemplate, constraints: Constraints) -> Plan:
        requires_all = bool(own.spread) or not self._system

        def parts(hard: bool) -> tuple[Part, ...]:
            chosen = [c for c in constraints if c.hard is hard]
            keys = tuple(c.topology_key for c in chosen) if hard or requires_all else ()
            return tuple(Part(c, c.selector.matches(own.labels), keys) for c in chosen)

        return Plan(own, constraints, parts(True), parts(False), requires_all)

    def constraints(self, query: Query, view: View) -> Constraints:
        """Those of the template, or the defaults with a selector."""
        own = query.template
        if own.spread:
            return own.spread
        owner = view.cluster.controller_of(query.pod)
        selector = view.objects.belongs(own.namespace, own.labels, owner)
        if selector.empty:
            return ()
        return tuple(replace(c, selector=selector) for c in self._defaults)
