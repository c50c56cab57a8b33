"""The contract of a scheduling plugin.

A plugin is pure: it reads a view and a query and answers for many nodes at once. `rows` is `ALL`,
another slice (scope NODE only) or an array of node rows; indexing a `[N]` array with it gives the
slice or the gather, so one method serves the full pass, the part of the nodes that a search visits
and the repair of a few rows.

* `key(query)` is the projection of the pod that the plugin reads. Two queries with equal keys get
  equal answers on the same state; `None` means that the plugin has nothing to say about this pod
  (PreFilter or PreScore Skip).
* `scope` says what else the answer depends on: node specs and the pod's template alone; the
  amounts of the node itself and the request vector; or anything in the cluster.
* A filter answers `uint8[len(rows)]`: 0 = fits, otherwise an index into its `statuses`.
* A score answers integral values, as `float64[len(rows)]` or int64, before normalisation.

Mirrors: k8s.io/kube-scheduler framework interface (PreFilter, Filter, PreScore, Score,
NormalizeScore), v1.36.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.requests import Requests
from simk8s.state.shapes import PodTemplate

Rows = slice | NDArray[np.intp]
ALL = slice(None)
MAX_NODE_SCORE = 100


class Code(IntEnum):
    """Outcome of a filter on one node."""

    SUCCESS = 0
    UNSCHEDULABLE = 1
    UNSCHEDULABLE_AND_UNRESOLVABLE = 2

    @property
    def words(self) -> str:
        """As Kubernetes writes it."""
        return ("Success", "Unschedulable", "UnschedulableAndUnresolvable")[self]


class PluginError(Exception):
    """A scheduling error (reason SchedulerError): the attempt fails, nothing is tried in its
    stead.
    """


@dataclass(frozen=True, slots=True)
class Status:
    """A filter's verdict: removing pods can help only where the code is UNSCHEDULABLE."""

    code: Code
    reasons: tuple[str, ...] = ()


SUCCESS = Status(Code.SUCCESS)


@dataclass(frozen=True, slots=True)
class PreFilter:
    """What a filter says before it looks at any node; `nodes`: names to which it limits the
    search.
    """

    status: Status = SUCCESS
    nodes: frozenset[str] | None = None


EVERYWHERE = PreFilter()


class Scope(IntEnum):
    """What an answer about one node depends on."""

    SPECS = 0
    """Node specs and images, the pod's template; never its own request vector."""
    NODE = 1
    """That node's amounts and the request vector: repaired when the node changes."""
    CLUSTER = 2
    """Pods anywhere, volumes, other objects: asked anew for every pod."""


class Normalize(IntEnum):
    """How raw scores become 0..100 over the feasible nodes."""

    NONE = 0
    MAX = 1
    REVERSE = 2


class Query:
    """One pod that wants a node: its shape and its own fields. `nominated` is the row of its
    `status.nominatedNodeName`, `pinned` of the only node that a daemon may run on, −1 for none.
    """

    __slots__ = ("nominated", "pinned", "pod", "priority", "requests", "template")

    def __init__(
        self,
        pod: int,
        template: PodTemplate,
        requests: Requests,
        priority: int,
        nominated: int = -1,
        pinned: int = -1,
    ) -> None:
        self.pod = pod
        self.template = template
        self.requests = requests
        self.priority = priority
        self.nominated = nominated
        self.pinned = pinned


class Effort(NamedTuple):
    """What a plugin reads of the cluster before it looks at single nodes (PreFilter, PreScore):
    nodes gone through, and pods looked at on them. Costs time in a cycle, decides nothing.
    """

    nodes: int = 0
    pods: int = 0


NO_EFFORT = Effort()


class FilterPlugin(ABC):
    """Base of filters; `name` is the Kubernetes name that messages and results carry."""

    name: ClassVar[str]
    scope: ClassVar[Scope] = Scope.SPECS
    statuses: ClassVar[tuple[Status, ...]]
    events: ClassVar[int] = Change.ANY
    """Changes that may let a pod fit that this filter rejected."""
    sleeps_without: ClassVar[str] = ""
    """Field of a template without which the plugin never wakes; "" = not known beforehand."""
    by_owner: bool = False
    """Whether `hint` depends on who owns the pod, besides its template and requests."""

    @abstractmethod
    def key(self, query: Query, view: View) -> Hashable | None:
        """The projection of the pod that this filter reads; None = every node passes."""

    def wakes(self, query: Query, view: View) -> bool:
        """Whether `key` is not None; override it where that is cheaper to tell."""
        return self.key(query, view) is not None

    def effort(self, query: Query, view: View) -> Effort:
        """What PreFilter and PreScore read; a plugin that also scores answers once for both."""
        return NO_EFFORT

    def prefilter(self, query: Query, view: View) -> PreFilter:
        """What can be said before any node is looked at."""
        return EVERYWHERE

    def amounts(self, query: Query, view: View) -> tuple[tuple[int, int], ...] | None:
        """(resource, amount): the filter passes a node exactly where so much is free, whoever runs
        there or anywhere. None = it reads something else.
        """
        return None

    def passes(self, query: Query, view: View) -> bool:
        """Whether it is known without a look at any that every node passes; False says nothing."""
        return False

    @abstractmethod
    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """0 where the pod fits, else an index into `statuses`."""

    def filter_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form, for repairs of a row or two; must agree with `filter`."""
        return int(self.filter(query, view, np.array([row]))[0])

    def verdicts(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """As `filter`, exact where `filter` says no more than that a node does not fit."""
        return self.filter(query, view, rows)

    def explain(self, query: Query, view: View, row: int) -> tuple[str, ...]:
        """Every reason why the pod does not fit that node."""
        return self.statuses[self.filter_one(query, view, row)].reasons

    def status(self, query: Query, view: View, row: int) -> Status:
        """The verdict on one node, with every reason."""
        verdict = int(self.verdicts(query, view, np.array([row]))[0])
        if not verdict:
            return SUCCESS
        return Status(self.statuses[verdict].code, self.explain(query, view, row))

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """Whether one of `events` may help a pod that this filter rejected (QueueingHint)."""
        return True

    def histogram(self, query: Query, view: View, verdicts: NDArray[np.uint8]) -> dict[str, int]:
        """Reason -> number of nodes, over the nodes with a non-zero verdict."""
        found: dict[str, int] = {}
        counts = np.bincount(verdicts, minlength=len(self.statuses)).tolist()
        for status, count in zip(self.statuses, counts, strict=True):
            for reason in status.reasons if count else ():
                found[reason] = found.get(reason, 0) + count
        return found


class ScorePlugin(ABC):
    """Base of scores; higher is better.

    A score of scope CLUSTER may depend on which nodes are feasible, so `score` must be asked
    about exactly those; any other may be asked about each node by itself and kept.
    """

    name: ClassVar[str]
    scope: ClassVar[Scope] = Scope.SPECS
    normalize: ClassVar[Normalize] = Normalize.NONE
    sleeps_without: ClassVar[str] = ""
    """As a filter's."""

    @abstractmethod
    def key(self, query: Query, view: View) -> Hashable | None:
        """The projection of the pod that this score reads; None = skipped, adds nothing."""

    def wakes(self, query: Query, view: View) -> bool:
        """Whether `key` is not None; override it where that is cheaper to tell."""
        return self.key(query, view) is not None

    @abstractmethod
    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Raw scores, integral; None = skipped after all."""

    def flaw(self, query: Query) -> str | None:
        """Why the pod cannot be scored (a scheduling error); heard even where `score` is not."""
        return None

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form, for repairs of a row or two; must agree with `score`."""
        raw = self.score(query, view, np.array([row]))
        return 0 if raw is None else int(raw[0])

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """Normalised scores of the feasible nodes `rows`."""
        return normalized(raw, self.normalize)

    def finished(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """`finish` of `score`; override it where both together are cheaper to tell."""
        raw = self.score(query, view, rows)
        return None if raw is None else self.finish(query, view, rows, raw)


def normalized(raw: NDArray[Any], how: Normalize) -> NDArray[np.int64]:
    """0..100 over the nodes given (DefaultNormalizeScore of v1.36); `raw` holds feasible nodes
    only.
    """
    scores = raw.astype(np.int64)
    if how is Normalize.NONE or not len(scores):
        return scores
    top = int(scores.max())
    if top == 0:
        return np.full_like(scores, MAX_NODE_SCORE) if how is Normalize.REVERSE else scores
    scaled = scores * MAX_NODE_SCORE // top
    return MAX_NODE_SCORE - scaled if how is Normalize.REVERSE else scaled
