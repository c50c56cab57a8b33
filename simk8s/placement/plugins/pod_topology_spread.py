"""PodTopologySpread: keep pods that belong together spread over zones, hosts or any label.

Counts come from tallies of matching pods per node, summed per domain. What a template asks is
worked out once (a plan), its watches are repaired pod by pod, and only the last step is per node.

Mirrors: kube-scheduler v1.36 plugins/podtopologyspread: hard constraints filter (minDomains, node
inclusion policies, matchLabelKeys), soft ones score with weight ln(domains + 2); terminating pods
are not counted, yet a dry run that removes one subtracts it; an empty selector counts nobody;
pods without constraints get the profile's defaults with the selector of their services and
controller.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import (
    MAX_NODE_SCORE,
    NO_EFFORT,
    SUCCESS,
    Code,
    Effort,
    FilterPlugin,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    Status,
)
from simk8s.placement.eligible import Floats, Mask, Watch
from simk8s.placement.events import Change, Event
from simk8s.placement.plugins._spread import (
    candidates,
    domains_among,
    left,
    rounded,
    selects,
    spread_node_hint,
    spread_tally,
)
from simk8s.placement.plugins._spread_defaults import Scores, SystemDefaults
from simk8s.placement.plugins._spread_plan import Part, Plan, Plans
from simk8s.placement.view import View
from simk8s.schema.labels import HOSTNAME_LABEL, ZONE_LABEL
from simk8s.state.affinity import HARD, SpreadConstraint
from simk8s.state.selectors import LabelSelector
from simk8s.state.topology import Domain


class Default(BaseModel):
    """A default constraint: no selector, that is the pod's own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    max_skew: int = Field(alias="maxSkew")
    topology_key: str = Field(alias="topologyKey")
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = Field(
        alias="whenUnsatisfiable"
    )


class Params(BaseModel):
    """PodTopologySpreadArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    default_constraints: list[Default] = Field([], alias="defaultConstraints")
    defaulting_type: Literal["System", "List"] = Field("System", alias="defaultingType")


SYSTEM_DEFAULTS = (
    SpreadConstraint(3, HOSTNAME_LABEL, False, LabelSelector()),
    SpreadConstraint(5, ZONE_LABEL, False, LabelSelector()),
)


class PodTopologySpread(FilterPlugin, ScorePlugin):
    """Filter by hard constraints, score by soft ones."""

    name: ClassVar[str] = "PodTopologySpread"
    scope: ClassVar[Scope] = Scope.CLUSTER
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("node(s) didn't match pod topology spread constraints",)),
        Status(
            Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
            ("node(s) didn't match pod topology spread constraints (missing required label)",),
        ),
    )
    events: ClassVar[int] = (
        Change.POD_ADD
        | Change.POD_LABELS
        | Change.POD_DELETE
        | Change.NODE_ADD
        | Change.NODE_DELETE
        | Change.NODE_LABELS
        | Change.NODE_TAINTS
        | Change.OWN_TOLERATIONS
    )

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._system = params.defaulting_type == "System"
        self.defaults = (
            SYSTEM_DEFAULTS
            if self._system
            else tuple(
                SpreadConstraint(
                    d.max_skew, d.topology_key, d.when_unsatisfiable == HARD, LabelSelector()
                )
                for d in params.default_constraints
            )
        )
        self.by_owner = any(c.hard for c in self.defaults)
        self._plans = Plans(self.defaults, self._system)
        self._plan = self._plans.of
        self._counter = self._plans.counter
        self._quick = SystemDefaults(self._counter)

    def key(self, query: Query, view: View) -> Hashable | None:
        """Namespace, constraints, own labels as far as selectors read them, eligibility."""
        plan = self._plan(query, view)
        if plan is None:
            return None
        own, constraints = query.template, plan.constraints
        selfs = tuple(c.selector.matches(own.labels) for c in constraints)
        eligibility = (own.node_selector, own.required_nodes, own.tolerations)
        return (own.namespace, constraints, selfs, eligibility)

    def wakes(self, query: Query, view: View) -> bool:
        """Whether there are constraints."""
        return self._plan(query, view) is not None

    def effort(self, query: Query, view: View) -> Effort:
        """All nodes and their pods, once for hard constraints and once for soft ones."""
        plan = self._plan(query, view)
        if plan is None:
            return NO_EFFORT
        passes = bool(plan.hard) + bool(plan.soft)
        return Effort(passes * view.nodes.n, passes * view.cluster.charged)

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """A counted pod came, went or was relabelled in the pod's namespace; a node with all keys
        came or went, or changed its domains or taints.
        """
        hard = tuple(c for c in self._plans.constraints(query, view) if c.hard)
        if event.pod is None and event.was is None:
            return spread_node_hint(event, hard)
        pods = [pod for pod in (event.pod, event.was) if pod is not None]
        if any(pod.namespace != query.template.namespace for pod in pods):
            return False
        if len(pods) == 1:
            return any(c.selector.matches(pods[0].labels) for c in hard)
        return any(
            c.selector.matches(pods[0].labels) != c.selector.matches(pods[1].labels) for c in hard
        )

    def _counts(self, query: Query, view: View, part: Part) -> Floats:
        """Matching pods by domain over the nodes of the mask, the view's moves among them; one 0
        more at the end. Do not write to it.
        """
        own, watch = part.own, part.watch
        if watch is None or part.spec_version != view.nodes.spec_version:
            watch = self._prepare(query, view, part)
        counts = watch.read(view, own.topology_key, part.mask)
        if not view.moves or part.mask is None:
            return counts
        counts = counts.copy()
        ids, namespace = watch.domain.ids, query.template.namespace
        for pod, row, sign in view.moves:
            if part.mask[row] and selects(view.cluster.template_of(pod), namespace, own.selector):
                counts[ids[row]] += sign
        return counts

    def _prepare(self, query: Query, view: View, part: Part) -> Watch:
        """Whatever depends on node specs."""
        own, nodes = part.own, view.nodes
        name, mask = self._counter.spread_mask(query.template, own, part.keys, view)
        key, weigh = spread_tally(query.template.namespace, own.selector)
        among = candidates(query.template, own, view)
        part.watch = watch = self._counter.watch(
            view, key, weigh, live=True, among=among, topology_key=own.topology_key,
            mask_name=("of", name),
        )  # fmt: skip
        domain = nodes.topology.domain(own.topology_key)
        present = np.zeros(len(domain.values), bool)
        present[domain.ids[mask & (domain.ids >= 0)]] = True
        part.domains = int(np.count_nonzero(present))
        part.present = None if part.domains == len(present) else present
        part.mask, part.spec_version = mask, nodes.spec_version
        return watch

    # --- filter

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where a domain would get too full, 2 where the node lacks a label."""
        verdict = np.zeros(len(view.nodes.exists[rows]), np.uint8)
        plan = self._plan(query, view)
        for part in reversed(plan.hard) if plan is not None else ():
            table = (self._skews(query, view, part) > part.own.max_skew).view(np.uint8)
            domain = view.nodes.topology.domain(part.own.topology_key)
            table[-1] = 2 if domain.lacking else 0
            if table.any():
                found = domain.per_node(table, rows)
                np.copyto(verdict, found, where=found != 0)
        return verdict

    def _skews(self, query: Query, view: View, part: Part) -> Floats:
        """By domain: matching pods with this one, less the global minimum; the end is nobody's."""
        counts = self._counts(query, view, part)
        counted = counts[:-1] if part.present is None else counts[:-1][part.present]
        least = float(counted.min(initial=np.inf))
        if part.domains < part.own.min_domains:
            least = 0.0
        return counts + float(part.itself) - least

    def broken(
        self, query: Query, view: View, row: int
    ) -> Iterator[tuple[SpreadConstraint, int | None]]:
        """Hard constraints that one node breaks, with the maxSkew that would let it pass; None
        where the node lacks the label.
        """
        plan = self._plan(query, view)
        for part in plan.hard if plan is not None else ():
            domain = int(view.nodes.topology.domain(part.own.topology_key).ids[row])
            if domain < 0:
                yield part.own, None
            else:
                skew = int(self._skews(query, view, part)[domain])
                if skew > part.own.max_skew:
                    yield part.own, skew

    def passes(self, query: Query, view: View) -> bool:
        """Whether there are no hard constraints."""
        plan = self._plan(query, view)
        return plan is None or not plan.hard

    def amounts(self, query: Query, view: View) -> tuple[tuple[int, int], ...] | None:
        """Soft constraints reject nobody."""
        return () if self.passes(query, view) else None

    # --- score

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Σ over soft constraints of count·ln(domains + 2) + maxSkew − 1, rounded; 0 where the
        node is ignored.
        """
        plan = self._plan(query, view)
        if plan is None or not plan.soft:
            return None
        quick = self._quickly(query, view, plan, rows)
        if quick is not None:
            return quick.raw() if isinstance(quick, Scores) else quick
        return self.score_in_full(query, view, plan, rows)

    def finished(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """`finish` of `score`."""
        plan = self._plan(query, view)
        if plan is None or not plan.soft:
            return None
        quick = self._quickly(query, view, plan, rows)
        if isinstance(quick, Scores):
            return quick.normal()
        raw = self.score_in_full(query, view, plan, rows) if quick is None else quick
        return self.finish(query, view, rows, raw)

    def _quickly(
        self, query: Query, view: View, plan: Plan, rows: Rows
    ) -> Scores | NDArray[Any] | None:
        if query.template.spread or not self._system:
            return None
        return self._quick.scores(query, view, plan, rows)

    def score_in_full(self, query: Query, view: View, plan: Plan, rows: Rows) -> NDArray[Any]:
        """Scores of any soft constraints."""
        ignored = self._ignored(plan, view, rows)
        if len(plan.soft) == 1 and plan.soft[0].own.topology_key != HOSTNAME_LABEL:
            domain, table = self._table(query, view, plan.soft[0], rows, ignored)
            whole: Floats = domain.per_node(rounded(table), rows)
            if ignored is not None:
                whole = np.where(ignored, 0.0, whole)
            return whole
        total: Floats = np.zeros(1)
        for part in plan.soft:
            if part.own.topology_key == HOSTNAME_LABEL:
                total = total + self._by_host(query, view, part, rows, ignored)
            else:
                domain, table = self._table(query, view, part, rows, ignored)
                total = total + domain.per_node(table, rows)
        whole = rounded(total)
        if ignored is not None:
            whole[ignored] = 0.0
        return whole

    def _by_host(
        self, query: Query, view: View, part: Part, rows: Rows, ignored: Mask | None
    ) -> Floats:
        """By node: what a constraint over host names adds."""
        counts = self._on_host(query, view, part)[rows]
        size = len(counts) if ignored is None else left(ignored)
        grown: Floats = np.multiply(counts, math.log(size + 2))
        found: Floats = np.add(grown, float(part.own.max_skew - 1))
        domain = view.nodes.topology.domain(HOSTNAME_LABEL)
        if domain.lacking:
            found[domain.ids[rows] < 0] = 0.0
        return found

    def _table(
        self, query: Query, view: View, part: Part, rows: Rows, ignored: Mask | None
    ) -> tuple[Domain, Floats]:
        """By domain: what a constraint adds; 0 at the end."""
        domain = view.nodes.topology.domain(part.own.topology_key)
        size = domains_among(domain, rows, ignored)
        counts = self._counts(query, view, part)
        table: Floats = counts * math.log(size + 2) + float(part.own.max_skew - 1)
        table[-1] = 0.0
        return domain, table

    def _ignored(self, plan: Plan, view: View, rows: Rows) -> Mask | None:
        """Nodes that lack a label of a constraint; system defaults ignore none."""
        nodes = view.nodes
        if plan.spec_version != nodes.spec_version:
            plan.spec_version, plan.ignored = nodes.spec_version, None
            lacks = ~nodes.topology.has_all([p.own.topology_key for p in plan.soft])
            if plan.requires_all and lacks.any():
                plan.ignored = lacks
        return None if plan.ignored is None else plan.ignored[rows]

    def _on_host(self, query: Query, view: View, part: Part) -> NDArray[np.int64]:
        tally = part.tally
        if tally is None:
            key, weigh = spread_tally(query.template.namespace, part.own.selector)
            among = candidates(query.template, part.own, view)
            part.tally = tally = view.tally(key, weigh, live=True, among=among)
        else:
            view.cluster.tallies.refresh(tally)
        return tally.count

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """100·(max + min − s) // max over the nodes that are not ignored, which get 0."""
        plan = self._plan(query, view)
        ignored = None if plan is None else self._ignored(plan, view, rows)
        scores = raw.astype(np.int64)
        counted = scores if ignored is None else scores[~ignored]
        top = int(counted.max(initial=0))
        if top == 0:
            scores[:] = MAX_NODE_SCORE
        else:
            scores = MAX_NODE_SCORE * (top + int(counted.min()) - scores) // top
        if ignored is not None:
            scores[ignored] = 0
        return scores
