"""The API's objects and the operations that change them, each at the instant of its commit.

Law: an operation checks its preconditions against what is stored now and either applies whole or
returns False; what it changes goes to the log of its kind. Pods and nodes are columns (state/),
small kinds records (objects). What is created passes admission (admission/) as soon as anything
is declared that it looks at; a refused pod that nobody owns stays on record: GONE, FORBIDDEN.

Mirrors: registry/core/pod (binding, graceful deletion: an unscheduled or ended pod goes at once),
v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simk8s.api.admission._chain import Chain
from simk8s.api.conditions import Pressures
from simk8s.api.costs import BY_VERB, TABLE
from simk8s.api.fanout import Fanout
from simk8s.api.leases import Leases
from simk8s.api.objects import ObjectTable
from simk8s.api.policies import MIRRORS
from simk8s.api.refused import Refused
from simk8s.api.registration import admitted
from simk8s.api.requests import request
from simk8s.api.watch import ADDED, BOUND, DELETED, DELETING, ENDED, STATUS, UPDATED, ChangeLog
from simk8s.kernel.clock import Clock
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import GONE, NEVER, PENDING, RUNNING, UNBORN, Loss, Phase
from simk8s.state.shapes import PodTemplate
from simk8s.state.statefulsets import CLAIMS, Claim


class Store:
    """What etcd holds, and who is told."""

    def __init__(
        self, clock: Clock, cluster: Cluster, seed: int, fanout: Fanout | None = None
    ) -> None:
        self.cluster = cluster
        self.seed = seed
        self.pods = ChangeLog(clock, "pods", fanout)
        self.nodes = ChangeLog(clock, "nodes", fanout)
        self.leases = Leases(clock, seed)
        self.ready: list[bool] = []
        """Ready condition by node row."""
        self.node_versions: list[int] = []
        """How often each node was written: what a PATCH that names a version is held against."""
        self.joined: dict[int, None] = {}
        """Nodes that registered while the cluster was running."""
        self.taints_new_nodes = False
        """Whether somebody lifts the taint that a new node gets (see registration)."""
        self.pressures = Pressures()
        self.created = 0
        self.refused = 0
        """Creations of pods that admission refused, tries of controllers among them."""
        self.bound = 0
        self.counts = [0] * len(Phase)
        """Pods by phase; UNBORN is not counted."""
        self.leaving = [0] * len(Phase)
        """Of those, with a deletionTimestamp."""
        self.collected = [0] * len(Phase)
        """Ended pods that were removed because there were too many, not lost, by phase."""
        self.lost = 0
        """Pods that are gone and were lost (see state.pods.Loss)."""
        self.evictions: dict[str, list[int]] = {}
        """By budget: evictions that it granted, and that it refused."""
        self.admission = Chain(cluster, clock)
        self._table = cluster.pods
        self._policies = cluster.policies
        self._clock = clock
        self._fanout = fanout
        self._kinds: dict[str, ObjectTable[Any]] = {}

    def objects(self, kind: str) -> ObjectTable[Any]:
        """The table of a small kind; made on first use."""
        table = self._kinds.get(kind)
        if table is None:
            mirror = MIRRORS.get(kind)
            table = ObjectTable(
                self._clock,
                kind,
                self.admission,
                mirror and mirror(self.cluster),
                self._fanout,
            )
            self._kinds[kind] = table
        return table

    def tables(self) -> list[ObjectTable[Any]]:
        """Tables of small kinds that have been used so far."""
        return list(self._kinds.values())

    def count(self, resource: str) -> int:
        """Objects of a resource that there are now."""
        if resource == "pods":
            return sum(self.counts) - self.counts[GONE]
        if resource == "nodes":
            return int(self.cluster.nodes.exists.sum())
        if resource == "leases":
            return self.leases.renewers
        table = self._kinds.get(resource)
        return 0 if table is None else len(table)

    def live_bytes(self) -> int:
        """What etcd keeps of the objects that there are, without their history."""
        sizes = {"pods": TABLE["PATCH", "pods/status"], "nodes": TABLE["PATCH", "nodes/status"]}
        sizes["leases"] = TABLE["PUT", "leases"]
        fixed = sum(self.count(name) * cost.object_bytes for name, cost in sizes.items())
        small = sum(len(table) for table in self._kinds.values())
        return fixed + small * BY_VERB["POST"].object_bytes

    # --- pods

    @request("POST", "pods")
    def create_pods(self, rows: Iterable[int]) -> bool | Refused:
        """Unborn rows become Pending pods; who names a node in the spec has bound them himself.
        The last refusal, if there was one.
        """
        pods, now_us = self._table, self._clock.now_us
        phases, templates = pods.phase, self.cluster.templates.items
        admit = self.admission.admit if self._policies.version else None
        answer: bool | Refused = True
        for pod in rows:
            if phases[pod] == UNBORN:
                refused = None if admit is None else admit(pod)
                if refused is not None:
                    answer = refused
                    self._refuse(pod, refused)
                    continue
                phases[pod] = PENDING
                pods.created_us[pod] = now_us
                self.created += 1
                self.counts[PENDING] += 1
                self.pods.append(ADDED, pod)
                template = templates[pods.template[pod]]
                if template.ephemeral:
                    self._claim_for(pod, template)
                named = template.node_name
                if named and (node := self.cluster.nodes.row(named)) is not None:
                    self.bind(pod, node)
        return answer

    def _claim_for(self, pod: int, template: PodTemplate) -> None:
        """Claims of ephemeral volumes; they go with their pod. (The real controller is quick.)"""
        claims = self.objects(CLAIMS)
        for volume, spec in template.ephemeral:
            key = f"{template.namespace}/{self.cluster.name_of(pod)}-{volume}"
            claims.create(key, Claim(spec, pod=pod))

    def _refuse(self, pod: int, refused: Refused) -> None:
        """An owner tries again with the same row; what nobody owns is on record as refused."""
        pods, now_us = self.cluster.pods, self._clock.now_us
        self.refused += 1
        if pods.owner[pod] == NEVER:
            pods.phase[pod], pods.loss[pod] = GONE, Loss.FORBIDDEN
            pods.created_us[pod] = pods.finished_us[pod] = now_us
            pods.refusals[pod] = str(refused)
            self.counts[GONE] += 1
            self.lost += 1

    def adopt(self, pod: int, node: int, *, running: bool, ready: bool) -> None:
        """A pod of the cluster that the run begins with: admitted long ago, maybe on its node."""
        pods, now_us = self.cluster.pods, self._clock.now_us
        if self._policies.version:
            self.admission.admit(pod)
        pods.phase[pod], pods.created_us[pod] = PENDING, now_us
        self.created += 1
        self.counts[PENDING] += 1
        self.pods.append(ADDED, pod)
        if node != NEVER:
            pods.node[pod], pods.bound_us[pod] = node, now_us
            self.bound += 1
            self.pods.append(BOUND, pod)
        if running:
            self.set_phase(pod, RUNNING, pods.epoch[pod], ready)

    @request("POST", "pods")
    def create_mirror(self, pod: int, node: int) -> bool:
        """A kubelet shows a static pod: unborn row, bound from the start."""
        pods = self.cluster.pods
        if pods.phase[pod] != UNBORN or not self.cluster.nodes.exists[node]:
            return False
        pods.static.add(pod)
        self.create_pods((pod,))
        return self.bind(pod, node)

    @request("POST", "pods/binding")
    def bind(self, pod: int, node: int) -> bool:
        """Set `spec.nodeName`; refused if the pod is bound, going or gone or has scheduling gates,
        or the node is gone.
        """
        pods, cluster = self._table, self.cluster
        if pods.phase[pod] != PENDING or pods.node[pod] != NEVER:
            return False
        if pods.deletion_us[pod] != NEVER or not cluster.nodes.exists[node]:
            return False
        if cluster.templates.items[pods.template[pod]].gates:
            return False
        pods.node[pod] = node
        pods.bound_us[pod] = self._clock.now_us
        self.bound += 1
        self.pods.append(BOUND, pod)
        return True

    @request("PATCH", "pods/status")
    def set_phase(self, pod: int, phase: Phase, epoch: int, ready: bool = True) -> bool:
        """A kubelet's status PATCH (running, succeeded, failed); void if the pod has moved on.

        `ready`: whether a running pod is Ready from now on.
        """
        pods, now_us = self._table, self._clock.now_us
        before = pods.phase[pod]
        if pods.epoch[pod] != epoch or before in TERMINAL:
            return False
        pods.phase[pod] = phase
        counts = self.counts
        counts[before] -= 1
        counts[phase] += 1
        if self.leaving[before]:
            self._leave(pod, before, phase)
        if phase == RUNNING:
            if pods.running_us[pod] == NEVER:  # then it was never ready either
                pods.running_us[pod] = now_us
                if ready:
                    pods.ready[pod] = True
                    pods.ready_us[pod] = pods.ready_since_us[pod] = now_us
            elif pods.ready[pod] != ready:
                self._set_ready(pod, ready, now_us)
            self.pods.append(STATUS, pod)
        else:
            pods.ready[pod] = False
            pods.finished_us[pod] = now_us
            if self._policies.quotas.quotas:
                self._policies.quotas.left(pod, counted=True, gone=False)
            self.pods.append(ENDED, pod)
        return True

    @request("PATCH", "pods/status")
    def set_pod_ready(self, pod: int, ready: bool, epoch: int) -> bool:
        """The Ready condition of a running pod; void if it has moved on or nothing changes."""
        pods = self.cluster.pods
        if pods.epoch[pod] != epoch or pods.phase[pod] != RUNNING or pods.ready[pod] == ready:
            return False
        self._set_ready(pod, ready, self._clock.now_us)
        self.pods.append(STATUS, pod)
        return True

    def _set_ready(self, pod: int, ready: bool, now_us: int) -> None:
        pods = self.cluster.pods
        pods.ready[pod] = ready
        pods.ready_since_us[pod] = now_us
        if ready and pods.ready_us[pod] == NEVER:
            pods.ready_us[pod] = now_us

    def _leave(self, pod: int, before: int, phase: Phase) -> None:
        """The phase of a pod changes that may have a deletionTimestamp."""
        if self._table.deletion_us[pod] != NEVER:
            self.leaving[before] -= 1
            self.leaving[phase] += 1

    @request("DELETE", "pods")
    def delete_pod(self, pod: int, grace_us: int | None = None, loss: Loss = Loss.NONE) -> bool:
        """DELETE: a pod on a node gets a deletionTimestamp, any other goes at once, and a static
        pod stays (its kubelet would create its mirror again).
        """
        pods = self.cluster.pods
        phase = pods.phase[pod]
        if phase in (UNBORN, GONE) or (pod in pods.static and grace_us != 0):
            return False
        if loss != Loss.NONE and pods.loss[pod] == Loss.NONE and phase not in TERMINAL:
            pods.loss[pod] = loss
        if pods.node[pod] == NEVER or phase in TERMINAL or grace_us == 0:
            return self.finalize_pod(pod)
        if pods.deletion_us[pod] == NEVER:
            grace = self.cluster.template_of(pod).grace_us if grace_us is None else grace_us
            self.cluster.terminate(pod, self._clock.now_us + grace)
            self.leaving[phase] += 1
            self.pods.append(DELETING, pod)
        return True

    @request("DELETE", "pods")
    def finalize_pod(self, pod: int) -> bool:
        """The object is removed (kubelet's DELETE with grace 0, or a forced one)."""
        pods = self.cluster.pods
        phase = pods.phase[pod]
        if phase in (UNBORN, GONE):
            return False
        if self._policies.quotas.quotas:
            live = phase in (PENDING, RUNNING)
            self._policies.quotas.left(pod, counted=live, gone=True)
        if pods.finished_us[pod] == NEVER:
            pods.finished_us[pod] = self._clock.now_us
        pods.phase[pod] = GONE
        self.counts[phase] -= 1
        self.counts[GONE] += 1
        self._leave(pod, phase, GONE)
        pods.ready[pod] = False
        self.lost += pods.loss[pod] != Loss.NONE
        pods.epoch[pod] += 1
        self.pods.append(DELETED, pod)
        return True

    # --- nodes

    @request("POST", "nodes")
    def add_node(self, spec: NodeSpec) -> int:
        """As `add_nodes`; one that joins a running cluster may be tainted (see registration)."""
        joins = self._clock.now_us > 0
        spec = admitted(spec) if joins and self.taints_new_nodes else spec
        row = self.add_nodes((spec,)).start
        if joins:
            self.joined[row] = None
        return row

    def add_nodes(self, specs: Sequence[NodeSpec]) -> range:
        """Register nodes, Ready, with their leases renewing; the new rows."""
        rows = self.cluster.nodes.add_all(specs)
        for row in rows:
            self.ready.append(True)
            self.node_versions.append(0)
            self.nodes.append(ADDED, row)
            self.leases.start(row)
        return rows

    @request("PATCH", "nodes")
    def update_node(self, row: int, spec: NodeSpec) -> bool:
        """Replace labels, taints or unschedulable."""
        if not self.cluster.nodes.exists[row]:
            return False
        self.cluster.nodes.set_spec(row, spec)
        self.node_versions[row] += 1
        self.nodes.append(UPDATED, row)
        return True

    @request("PATCH", "nodes")
    def annotate_node(self, row: int) -> bool:
        """An annotation that nothing simulated reads: only the node's version moves on."""
        if not self.cluster.nodes.exists[row]:
            return False
        self.node_versions[row] += 1
        return True

    @request("PATCH", "nodes/status")
    def set_ready(self, row: int, ready: bool) -> bool:
        """The Ready condition: True, or not (False and Unknown are not told apart here)."""
        if not self.cluster.nodes.exists[row] or self.ready[row] == ready:
            return False
        self.ready[row] = ready
        self.node_versions[row] += 1
        self.nodes.append(STATUS, row)
        return True

    @request("PATCH", "nodes/status")
    def set_pressures(self, row: int, conditions: tuple[str, ...]) -> bool:
        """Memory, disk and PID pressure, as the kubelet measures them."""
        if not self.cluster.nodes.exists[row] or not self.pressures.measure(row, conditions):
            return False
        self.nodes.append(STATUS, row)
        return True

    @request("PATCH", "nodes/status")
    def set_pressure(self, row: int, condition: str, is_true: bool) -> bool:
        """A pressure condition (api/conditions); void where nothing changes."""
        nodes, pressures = self.cluster.nodes, self.pressures
        if not nodes.exists[row] or not pressures.impose(row, condition, is_true):
            return False
        self.nodes.append(STATUS, row)
        return True

    @request("PATCH", "nodes/status")
    def report_images(self, arrived: Iterable[tuple[int, str, int]]) -> bool:
        """Nodes list images that they did not have: (node, name, size in bytes)."""
        nodes = self.cluster.nodes
        for row, name, size in arrived:
            if nodes.exists[row]:
                nodes.images.add(row, ((name, size),))
        return True

    @request("PATCH", "nodes/status")
    def drop_images(self, row: int, names: Iterable[str]) -> bool:
        """A node no longer lists some images."""
        for name in names:
            self.cluster.nodes.images.remove(row, name)
        return True

    @request("DELETE", "nodes")
    def delete_node(self, row: int) -> bool:
        """Remove the node object; pods bound to it are left to the pod garbage collector."""
        if not self.cluster.nodes.exists[row]:
            return False
        self.cluster.nodes.remove(row)
        self.ready[row] = False
        self.pressures.forget(row)
        self.leases.stop(row)
        self.nodes.append(DELETED, row)
        return True
