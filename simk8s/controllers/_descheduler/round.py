"""One round of the descheduler: the nodes and pods that it sees, whom it may evict, how many.

Law: a round is a picture: what it evicts is still counted where it is until the next one, except
by a policy that counts along. No limit is exceeded, nobody is named twice.

Mirrors: sigs.k8s.io/descheduler v0.34 defaultevictor (Filter, NodeFit) and evictions.PodEvictor
limits. Departs: an eviction that is refused (429) counts as done within its round; local storage
is an emptyDir or hostPath volume; NodeFit looks at selectors, taints and free resources, not at
affinity between pods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from simk8s.controllers._descheduler_params import Params
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import NEVER
from simk8s.state.qos import CRITICAL, Qos, qos_of
from simk8s.state.selectors import NO_EXECUTE, NO_SCHEDULE, Taint, tolerated
from simk8s.state.shapes import PodTemplate
from simk8s.state.topology import NAME_FIELD

_LOCAL = ("emptyDir", "hostPath")
_STOPS = (NO_SCHEDULE, NO_EXECUTE)
ANNOTATION = "descheduler.alpha.kubernetes.io/evict"


class Round:
    """See the module."""

    def __init__(self, cluster: Cluster, ready: list[bool], params: Params) -> None:
        self.cluster, self.params = cluster, params
        self.pods = cluster.pods
        nodes = cluster.nodes
        self.nodes = [row for row in range(nodes.n) if nodes.exists[row] and ready[row]]
        self._listed: dict[int, list[int]] = {}
        self.chosen: dict[int, str] = {}
        """Pods to evict, and the policy that says so."""
        self._by_node: Counter[int] = Counter()
        self._by_namespace: Counter[str] = Counter()

    # --- what is there

    def spec(self, node: int) -> NodeSpec:
        """A node."""
        return self.cluster.nodes.specs[node]

    def template(self, pod: int) -> PodTemplate:
        """A pod's."""
        return self.cluster.template_of(pod)

    def on(self, node: int) -> list[int]:
        """Pods that are bound to a node and have not ended."""
        found = self._listed.get(node)
        if found is None:
            pods = self.pods
            found = self._listed[node] = [
                pod
                for pod in self.cluster.nodes.pods_on[node]
                if pods.node[pod] == node and pods.phase[pod] not in TERMINAL
            ]
        return found

    def owner(self, pod: int) -> str:
        """`ReplicaSet/web`, or nothing."""
        return self.cluster.owner_name(self.pods.owner[pod]) or ""

    def qos(self, pod: int) -> Qos:
        """A pod's class of service."""
        return qos_of(self.template(pod), self.cluster.requests_of(pod))

    # --- whom

    def evictable(self, pod: int) -> bool:
        """The default evictor's Filter."""
        template, pods, params = self.template(pod), self.pods, self.params
        if ANNOTATION in template.annotations:
            return True
        if pod in pods.static or pods.deletion_us[pod] != NEVER or pods.owner[pod] == NEVER:
            return False
        if pod in pods.pinned or self.owner(pod).startswith("DaemonSet/"):
            return False
        if not params.evict_system_critical_pods:
            limit = params.priority_threshold
            if pods.priority[pod] >= (CRITICAL if limit is None else min(limit, CRITICAL)):
                return False
        kinds = [kind for volume in template.volumes for kind in volume]
        if not params.evict_local_storage_pods and any(kind in _LOCAL for kind in kinds):
            return False
        return not (params.ignore_pvc_pods and "persistentVolumeClaim" in kinds)

    def leavable(self, pod: int) -> bool:
        """Filter and PreEvictionFilter."""
        if not self.evictable(pod):
            return False
        return not self.params.node_fit or self.fits_elsewhere(pod, self.nodes)

    def may_run(self, template: PodTemplate, node: int) -> bool:
        """Selector, affinity and taints."""
        spec = self.spec(node)
        return self.wanted(template, node) and self.tolerates(template, spec.taints)

    def wanted(self, template: PodTemplate, node: int) -> bool:
        """Node selector and required node affinity."""
        spec = self.spec(node)
        if not all(line.matches(spec.labels) for line in template.node_selector):
            return False
        terms, fields = template.required_nodes, {NAME_FIELD: spec.name}
        return terms is None or any(term.matches(spec.labels, fields) for term in terms)

    def tolerates(self, template: PodTemplate, taints: Iterable[Taint]) -> bool:
        """No taint keeps it off."""
        return all(tolerated(template.tolerations, t) for t in taints if t.effect in _STOPS)

    def fits_elsewhere(self, pod: int, nodes: Iterable[int]) -> bool:
        """Whether one of these nodes, its own aside, has room for a pod."""
        template, own = self.template(pod), self.pods.node[pod]
        free = self.cluster.nodes.free_at
        wanted = self.cluster.requests_of(pod).wanted
        return any(
            node != own
            and not self.spec(node).unschedulable
            and self.may_run(template, node)
            and all(free[row][node] >= amount for row, amount in wanted)
            for node in nodes
        )

    def by_priority(self, pods: Iterable[int]) -> list[int]:
        """Lowest priority first, then best-effort, burstable, guaranteed."""
        return sorted(pods, key=lambda pod: (self.pods.priority[pod], -self.qos(pod), pod))

    # --- how many

    def evict(self, pod: int, policy: str) -> bool:
        """Have a pod evicted, if no limit is reached."""
        params, node = self.params, self.pods.node[pod]
        namespace = self.template(pod).namespace
        for limit, taken in (
            (params.max_no_of_pods_to_evict_total, len(self.chosen)),
            (params.max_no_of_pods_to_evict_per_node, self._by_node[node]),
            (params.max_no_of_pods_to_evict_per_namespace, self._by_namespace[namespace]),
        ):
            if limit is not None and taken >= limit:
                return False
        if pod in self.chosen:
            return False
        self.chosen[pod] = policy
        self._by_node[node] += 1
        self._by_namespace[namespace] += 1
        return True
