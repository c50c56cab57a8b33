"""Recounts the state from scratch and compares; every invariant has a name.

Law: an audit only reads. A broken invariant is our own error (`InvariantError`), never the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simk8s.errors import InvariantError
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.pods import NEVER, Phase
from simk8s.state.resources import CPU, MEMORY

Check = Callable[[Cluster], Iterator[str]]


def free_is_allocatable_minus_charged(cluster: Cluster) -> Iterator[str]:
    """Each node's free amounts equal its allocatable less the pods charged to it."""
    nodes = cluster.nodes
    recount = nodes.allocatable.copy()
    for pod, node in enumerate(cluster.pods.charged):
        if node != NEVER:
            for row, amount in cluster.requests_of(pod).wanted:
                recount[row, node] -= amount
    for row, node in np.argwhere(recount != nodes.free).tolist():
        name = nodes.resources.names[row]
        have, want = nodes.free[row, node], recount[row, node]
        yield f"{nodes.specs[node].name}: free {name} {have}, recounted {want}"


def mirrors_are_exact(cluster: Cluster) -> Iterator[str]:
    """The float64 mirrors hold the integers that a recount gives."""
    nodes = cluster.nodes
    spare100 = 100 * nodes.allocatable[[CPU, MEMORY]]
    for pod, node in enumerate(cluster.pods.charged):
        if node != NEVER:
            requests = cluster.requests_of(pod)
            spare100[0, node] -= 100 * requests.nonzero_cpu
            spare100[1, node] -= 100 * requests.nonzero_memory
    used = (nodes.allocatable - nodes.free)[[CPU, MEMORY]]
    whole = np.maximum(nodes.allocatable[[CPU, MEMORY]], 1)
    for name, recount in (
        ("used_f", used),
        ("whole_f", whole),
        ("twice_f", 2 * whole),
    ):
        if not np.array_equal(getattr(nodes, name), recount):
            yield f"{name} differs from a recount"
    if not np.array_equal(nodes.spare100(slice(None)), spare100):
        yield "spare100 differs from a recount"
    if (nodes.free < np.array(nodes.lowest)[:, None]).any():
        yield "lowest is no lower bound of what is free"


def nothing_is_overcommitted(cluster: Cluster) -> Iterator[str]:
    """No node has less than nothing free, device by device for GPUs."""
    nodes = cluster.nodes
    for row, node in np.argwhere(nodes.free < 0).tolist():
        yield f"{nodes.specs[node].name}: {nodes.resources.names[row]} free {nodes.free[row, node]}"
    for device, node in np.argwhere((nodes.gpu_free < 0) | (nodes.gpu_free > 1000)).tolist():
        yield f"{nodes.specs[node].name}: GPU {device} free {nodes.gpu_free[device, node]}"


def bound_pods_fit_their_nodes(cluster: Cluster) -> Iterator[str]:
    """What is bound and has not ended fits, counted from the API objects alone."""
    nodes, pods = cluster.nodes, cluster.pods
    left = nodes.allocatable.copy()
    for pod, node in enumerate(pods.node):
        if node != NEVER and pods.phase[pod] not in TERMINAL:
            for row, amount in cluster.requests_of(pod).wanted:
                left[row, node] -= amount
    for row, node in np.argwhere(left < 0).tolist():
        yield f"{nodes.specs[node].name}: bound pods exceed {nodes.resources.names[row]}"


def charges_follow_pods(cluster: Cluster) -> Iterator[str]:
    """A node lists exactly the pods charged to it, and a bound pod is charged to its own node."""
    pods = cluster.pods
    for node, listed in enumerate(cluster.nodes.pods_on):
        for pod in listed:
            if pods.charged[pod] != node:
                yield f"pod {pod} listed on node {node}, charged to {pods.charged[pod]}"
    for pod, node in enumerate(pods.charged):
        if node == NEVER:
            continue
        if pod not in cluster.nodes.pods_on[node]:
            yield f"pod {pod} charged to node {node}, not listed there"
        if pods.node[pod] not in (NEVER, node):
            yield f"pod {pod} bound to node {pods.node[pod]}, charged to {node}"


def times_are_in_order(cluster: Cluster) -> Iterator[str]:
    """created ≤ scheduled ≤ bound ≤ finished, where they happened."""
    pods = cluster.pods
    steps = ("created_us", "scheduled_us", "bound_us", "finished_us")
    columns = [getattr(pods, step) for step in steps]
    for pod in range(len(pods)):
        seen = [column[pod] for column in columns if column[pod] != NEVER]
        if seen != sorted(seen):
            yield f"pod {pod}: times out of order {dict(zip(steps, seen, strict=False))}"


def phases_agree(cluster: Cluster) -> Iterator[str]:
    """A running pod has a node; an unborn one has nothing."""
    pods = cluster.pods
    for pod, phase in enumerate(pods.phase):
        if phase == Phase.RUNNING and pods.node[pod] == NEVER:
            yield f"pod {pod} runs nowhere"
        if phase == Phase.UNBORN and (pods.node[pod] != NEVER or pods.charged[pod] != NEVER):
            yield f"pod {pod} is placed before it was created"


def quota_usage_is_exact(cluster: Cluster) -> Iterator[str]:
    """What quotas count equals a recount of pods and objects, and nothing was overdrawn."""
    yield from cluster.policies.quotas.flaws()


def what_is_ready_runs(cluster: Cluster) -> Iterator[str]:
    """A Ready pod is Running, and has been Ready before."""
    pods = cluster.pods
    for pod, ready in enumerate(pods.ready):
        if ready and (pods.phase[pod] != Phase.RUNNING or pods.ready_us[pod] == NEVER):
            yield f"pod {pod} is ready in phase {Phase(pods.phase[pod]).name}"


CHECKS: tuple[Check, ...] = (
    free_is_allocatable_minus_charged,
    mirrors_are_exact,
    nothing_is_overcommitted,
    bound_pods_fit_their_nodes,
    charges_follow_pods,
    times_are_in_order,
    phases_agree,
    quota_usage_is_exact,
    what_is_ready_runs,
)


def violations(cluster: Cluster, limit: int = 20) -> list[str]:
    """The first broken invariants, as `name: what`."""
    found: list[str] = []
    for check in CHECKS:
        for words in check(cluster):
            found.append(f"{check.__name__}: {words}")
            if len(found) >= limit:
                return found
    return found


def audit(cluster: Cluster) -> None:
    """Raise InvariantError if any invariant is broken."""
    found = violations(cluster)
    if found:
        raise InvariantError("audit failed:\n  " + "\n  ".join(found))
