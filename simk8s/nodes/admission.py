"""What a kubelet checks before it starts a pod that was bound to its node.

Law: a refused pod is Failed for good; kubelet never tries it again. A pod that the scheduler
charged to this node fits as long as nothing is overdrawn; only otherwise are the node's pods added
up.

Mirrors: kubelet v1.36 admission handlers: GeneralPredicates (resources, node affinity and
selector), TaintToleration for NoExecute taints, and the eviction manager's (node conditions).
Departs: host ports are not checked.
"""

from __future__ import annotations

from collections.abc import Iterable

from simk8s.nodes.eviction import refuses
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, GPU, MEMORY, PODS
from simk8s.state.selectors import NO_EXECUTE, NO_SCHEDULE, Taint, tolerated
from simk8s.state.shapes import SYSTEM_PRIORITIES, PodTemplate
from simk8s.state.topology import NAME_FIELD

AFFINITY, TAINT, EVICTED = "NodeAffinity", "TaintToleration", "Evicted"
CRITICAL = SYSTEM_PRIORITIES["system-cluster-critical"]
"""Pods of so high a priority are critical."""
MEMORY_TAINT = Taint("node.kubernetes.io/memory-pressure", "", NO_SCHEDULE)


def pressed(cluster: Cluster, pod: int, conditions: Iterable[str]) -> bool:
    """Whether a node under pressure refuses a pod: all but critical ones; where memory alone is
    short, only those that ask for nothing and do not tolerate it.
    """
    pods, template = cluster.pods, cluster.template_of(pod)
    asked = dict(cluster.requests_of(pod).wanted)
    return refuses(
        conditions,
        critical=pod in pods.static or pods.priority[pod] >= CRITICAL,
        best_effort=CPU not in asked and MEMORY not in asked,
        tolerates=lambda: tolerated(template.tolerations, MEMORY_TAINT),
    )


def refusal(cluster: Cluster, pod: int, node: int, others: Iterable[int]) -> str:
    """The reason why a pod is not admitted, empty if it is; `others` are on the node already."""
    template, spec = cluster.template_of(pod), cluster.nodes.specs[node]
    selects = template.node_selector or template.required_nodes is not None
    if selects and not _matches(template, spec):
        return AFFINITY
    if spec.taints:
        for taint in spec.taints:
            if taint.effect == NO_EXECUTE and not tolerated(template.tolerations, taint):
                return TAINT
    if cluster.pods.charged[pod] == node:
        free = cluster.nodes.free_at
        for row, _ in cluster.requests_of(pod).wanted:
            if free[row][node] < 0:
                break
        else:
            return ""
    return _lacking(cluster, pod, node, others)


def _matches(template: PodTemplate, spec: NodeSpec) -> bool:
    if not all(line.matches(spec.labels) for line in template.node_selector):
        return False
    terms, fields = template.required_nodes, {NAME_FIELD: spec.name}
    return terms is None or any(term.matches(spec.labels, fields) for term in terms)


def _lacking(cluster: Cluster, pod: int, node: int, others: Iterable[int]) -> str:
    """`OutOfcpu` and the like; pods first, then in order of resources."""
    allocatable, phases = cluster.nodes.allocatable[:, node].tolist(), cluster.pods.phase
    left = dict(enumerate(allocatable))
    for other in others:
        if other != pod and phases[other] not in TERMINAL:
            for row, amount in cluster.requests_of(other).wanted:
                left[row] = left.get(row, 0) - amount
    wanted = sorted(cluster.requests_of(pod).wanted, key=lambda item: (item[0] != PODS, item[0]))
    for row, amount in wanted:
        if amount > left.get(row, 0):
            name = "nvidia.com/gpu" if row == GPU else cluster.resources.names[row]
            return f"OutOf{name}"
    return ""
