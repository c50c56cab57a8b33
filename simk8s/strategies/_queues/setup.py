"""From the parameters of `quota_queues` to trees of quota, and from pods to their queue and asks.

Mirrors: Kueue v0.18: a pod's LocalQueue is that of its label kueue.x-k8s.io/queue-name, otherwise
the one named `default` in its namespace; resources that a ClusterQueue has no quota for keep a
workload out (quotaCheckStrategy BlockUndeclared), `pods` excepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.requests import Requests
from simk8s.state.resources import GPU, GPU_NAMES
from simk8s.strategies import _quota_queues_params as said
from simk8s.strategies._gangs.room import Bools
from simk8s.strategies._queues.admission import Admission
from simk8s.strategies._queues.quota import Amounts, Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Preemption, Workload

LABEL = "kueue.x-k8s.io/queue-name"
DEFAULT = "default"
GPUS = "simk8s.io/gpu-milli"


class Setup:
    """What does not change during a run."""

    def __init__(self, params: said.Params, view: View) -> None:
        self._params, self._view = params, view
        cohorts = _cohorts(params)
        self.flavors = {queue.name: tuple(f.name for f in queue.flavors)
                        for queue in params.cluster_queues}  # fmt: skip
        queues = [_queue(queue, cohorts) for queue in params.cluster_queues]
        self.admission = Admission(
            queues, sharing=params.fair_sharing, hashing=params.equivalence_hashing
        )
        labels = {flavor.name: flavor.node_labels for flavor in params.resource_flavors}
        self._limits = {name: FlavorNodes(view, wanted) for name, wanted in labels.items()}

    def queue_of(self, query: Query) -> ClusterQueue | None:
        """The ClusterQueue of a pod."""
        template, local = query.template, self._params.local_queues
        label = template.labels.get(LABEL)
        namespace = template.namespace
        found = local.get(f"{namespace}/{label or DEFAULT}")
        if found is None and label is None:
            found = local.get(f"{namespace}/*", self._params.default_queue)
        return None if found is None else self.admission.queues[found]

    def is_free(self, query: Query) -> bool:
        """Whether a pod without a queue needs none."""
        return LABEL not in query.template.labels

    def options(self, queue: ClusterQueue, pods: Sequence[Requests]) -> tuple[Amounts, ...]:
        """What pods ask of a queue, for each flavor it has."""
        names = self._view.cluster.resources.names
        asked: dict[str, int] = {}
        for requests in pods:
            for row, amount in requests.wanted:
                name = GPUS if row == GPU else names[row]
                asked[name] = asked.get(name, 0) + amount
        prefixes = [f"{flavor}/" for flavor in self.flavors[queue.name]] or [""]
        return tuple(self._declared(queue, asked, prefix) for prefix in prefixes)

    def _declared(self, queue: ClusterQueue, asked: Amounts, prefix: str) -> Amounts:
        ignores = self._params.quota_check_strategy == "IgnoreUndeclared"
        return {
            prefix + name: amount
            for name, amount in asked.items()
            if prefix + name in queue.quotas or not (ignores or name == "pods")
        }

    def limits(self, workload: Workload) -> FlavorNodes | None:
        """Nodes of the flavor that it was admitted with."""
        flavors = self.flavors[workload.queue.name]
        return self._limits[flavors[workload.option]] if flavors else None


class FlavorNodes:
    """The nodes of one ResourceFlavor."""

    def __init__(self, view: View, labels: dict[str, str]) -> None:
        self._view, self._labels = view, labels
        self._mask: Bools = np.zeros(0, np.bool_)
        self._version = (-1, -1)

    def allows(self, query: Query) -> Bools:
        """Where pods of this flavor may go."""
        nodes = self._view.nodes
        if self._version != (nodes.spec_version, nodes.n):
            self._version = (nodes.spec_version, nodes.n)
            wanted = self._labels.items()
            self._mask = np.array(
                [all(nodes.specs[row].labels.get(k) == v for k, v in wanted)
                 for row in range(nodes.n)], np.bool_
            )  # fmt: skip
        return self._mask

    def take(self, query: Query, node: int) -> None:
        """Nothing to keep in mind."""


def _cohorts(params: said.Params) -> dict[str, QuotaNode]:
    listed = {cohort.name: cohort for cohort in params.cohorts}
    made: dict[str, QuotaNode] = {}

    def make(name: str) -> QuotaNode:
        if name not in made:
            cohort = listed.get(name)
            parent = None if cohort is None or cohort.parent is None else make(cohort.parent)
            if cohort is None:
                made[name] = QuotaNode(name, {}, parent)
            else:
                weight = cohort.fair_sharing.weight
                made[name] = QuotaNode(name, _quotas(cohort), parent, weight)
        return made[name]

    for cohort in params.cohorts:
        make(cohort.name)
    for queue in params.cluster_queues:
        if queue.cohort is not None:
            make(queue.cohort)
    return made


def _queue(queue: said.ClusterQueue, cohorts: dict[str, QuotaNode]) -> ClusterQueue:
    rules = queue.preemption
    borrow = rules.borrow_within_cohort
    return ClusterQueue(
        queue.name,
        _quotas(queue),
        None if queue.cohort is None else cohorts[queue.cohort],
        strict=queue.queueing_strategy == "StrictFIFO",
        preemption=Preemption(
            Policy(rules.within_cluster_queue),
            Policy(rules.reclaim_within_cohort),
            borrow.policy != "Never",
            borrow.max_priority_threshold,
        ),
        weight=queue.fair_sharing.weight,
    )


def _quotas(owner: said.ClusterQueue | said.Cohort) -> dict[str, Quota]:
    found = dict(_lines("", owner.resources))
    for flavor in owner.flavors:
        found |= _lines(f"{flavor.name}/", flavor.resources)
    return found


def _lines(prefix: str, resources: said.Resources) -> dict[str, Quota]:
    found: dict[str, Quota] = {}
    for name, line in resources.items():
        times = 1000 if name in GPU_NAMES else 1
        limits = [None if limit is None else limit * times
                  for limit in (line.borrowing_limit, line.lending_limit)]  # fmt: skip
        key = prefix + (GPUS if name in GPU_NAMES else name)
        found[key] = Quota(line.nominal_quota * times, *limits)
    return found
