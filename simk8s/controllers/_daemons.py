"""What is known of one DaemonSet's nodes: which need a pod, which pods have to go, what counts.

Law: a change of one pod or node costs the same however many nodes there are: only nodes that
something happened to are looked at again, and counts are kept as they go.

Mirrors: podsShouldBeOnNode, NodeShouldRunDaemonPod, findUpdatedPodsOnNode and the counts of
updateDaemonSetStatus, pkg/controller/daemon v1.36; failed pods are deleted with a backoff by node
of 1 s, doubled up to 15 min.
"""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush
from typing import NamedTuple

from simk8s.controllers._owned import OwnedPods
from simk8s.controllers._revisions import revision_of
from simk8s.controllers.replicaset import available_us
from simk8s.state.cluster import Cluster
from simk8s.state.daemonsets import DaemonSet, DaemonSetStatus
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import FAILED, NEVER, RUNNING, SUCCEEDED
from simk8s.state.selectors import NO_EXECUTE, NO_SCHEDULE, tolerated
from simk8s.state.shapes import PodTemplate
from simk8s.state.topology import NAME_FIELD

BACKOFF_US, MAX_BACKOFF_US = 1_000_000, 900_000_000


class Stage(IntEnum):
    """How far a node has got in a rolling update."""

    NONE = 0
    """It has no pod."""
    NEW = 1
    """Its pod is up to date and available."""
    UNAVAILABLE = 2
    """Its pod is up to date but not available, or leaving, or there are too many."""
    OLD = 3
    """Its pod is old and available."""
    OLD_UNAVAILABLE = 4
    BOTH = 5
    """An old pod, and a new one that is not available yet."""
    BOTH_AVAILABLE = 6


class Look(NamedTuple):
    """What was found on a node; the counts are 0 or 1 each."""

    desired: int = 0
    current: int = 0
    misscheduled: int = 0
    ready: int = 0
    available: int = 0
    updated: int = 0
    stage: Stage = Stage.NONE
    missing: bool = False
    doomed: tuple[int, ...] = ()


UNSEEN = Look()


class Daemons:
    """Nodes and pods of one DaemonSet."""

    def __init__(self, key: str, cluster: Cluster) -> None:
        self.key = key
        self.expected = OwnedPods(key)
        """Creations and deletions that have not been seen yet."""
        self.missing: dict[int, None] = {}
        self.doomed: dict[int, None] = {}
        self.stages: list[dict[int, None]] = [{} for _ in Stage]
        """Nodes by stage."""
        self.spare: dict[tuple[int, str], int] = {}
        """Rows whose creation was refused, by node and revision."""
        self._cluster = cluster
        self._on: dict[int, dict[int, None]] = {}
        self._looks: dict[int, Look] = {}
        self._counts = [0] * 6
        self._dirty: dict[int, None] = {}
        self._due: list[tuple[int, int]] = []
        self._backoff: dict[int, tuple[int, int]] = {}
        self._wanted: DaemonSet | None = None
        self._template: PodTemplate | None = None
        self._letters = ""
        self._may: dict[tuple[object, ...], tuple[bool, bool]] = {}
        self._revision: dict[int, str] = {}

    # --- what has happened

    def touch(self, node: int) -> None:
        """Look at a node again."""
        self._dirty[node] = None

    def hold(self, pod: int, node: int) -> None:
        """A pod for a node has come to be."""
        self._on.setdefault(node, {})[pod] = None
        self.touch(node)

    def drop(self, pod: int, node: int) -> None:
        """It is gone."""
        here = self._on.get(node, {})
        here.pop(pod, None)
        if not here:
            self._on.pop(node, None)
        self.touch(node)

    def revise(self, wanted: DaemonSet, template: PodTemplate, letters: str) -> None:
        """The spec as of now; all nodes are looked at again if it has changed."""
        before, self._wanted = self._wanted, wanted
        if before is not None and before.generation == wanted.generation:
            return
        self._template, self._letters = template, letters
        self._may.clear()
        self._backoff.clear()
        self._dirty = dict.fromkeys(range(self._cluster.nodes.n))

    # --- what follows from it

    def catch_up(self, now_us: int) -> None:
        """Look at what something has happened to, or that was put off until now."""
        due = self._due
        while due and due[0][0] <= now_us:
            self._dirty[heappop(due)[1]] = None
        dirty, self._dirty = self._dirty, {}
        for node in dirty:
            self._settle(node, self._look(node, now_us))

    def due_us(self) -> int | None:
        """When a node has to be looked at again although nothing happens."""
        return self._due[0][0] if self._due else None

    @property
    def desired(self) -> int:
        """Nodes that should have a pod."""
        return self._counts[0]

    def status(self, generation: int) -> DaemonSetStatus:
        """Counts of all nodes."""
        desired, current, misscheduled, ready, available, updated = self._counts
        return DaemonSetStatus(
            desired,
            current,
            misscheduled,
            ready,
            available,
            desired - available,
            updated,
            generation,
        )

    def old_pod(self, node: int) -> int:
        """The pod of a node that is to be replaced."""
        return next(pod for pod in self._staying(node) if not self._is_new(pod))

    def failing(self, node: int, now_us: int) -> None:
        """A failed pod is deleted: the next one on that node waits longer."""
        backoff_us, since_us = self._backoff.get(node, (0, now_us))
        fresh = not backoff_us or now_us - since_us > 2 * MAX_BACKOFF_US
        backoff_us = BACKOFF_US if fresh else min(2 * backoff_us, MAX_BACKOFF_US)
        self._backoff[node] = (backoff_us, now_us)

    def _settle(self, node: int, look: Look) -> None:
        before = self._looks.get(node, UNSEEN)
        for place in range(6):
            self._counts[place] += look[place] - before[place]  # type: ignore[operator]
        if before.stage != look.stage:
            self.stages[before.stage].pop(node, None)
            self.stages[look.stage][node] = None
        for pod in before.doomed:
            self.doomed.pop(pod, None)
        self.doomed.update(dict.fromkeys(look.doomed))
        if look.missing:
            self.missing[node] = None
        else:
            self.missing.pop(node, None)
        self._looks[node] = look

    def _look(self, node: int, now_us: int) -> Look:
        """One node, as podsShouldBeOnNode and the status see it."""
        pods = list(self._on.get(node, ()))
        if not self._cluster.nodes.exists[node]:
            # What is bound is left to the pod garbage collector.
            table = self._cluster.pods
            lost = [p for p in pods if table.node[p] == NEVER and table.deletion_us[p] == NEVER]
            return Look(doomed=tuple(lost))
        should, may = self.eligible(self._cluster.nodes.specs[node])
        if not pods:
            return Look(desired=int(should), missing=should)
        doomed = self._superfluous(node, now_us) if may else list(self._staying(node))
        if not should:
            return Look(misscheduled=1, stage=self._stage(node, now_us), doomed=tuple(doomed))
        oldest = pods[0]
        return Look(
            desired=1,
            current=1,
            ready=int(self._ready(oldest)),
            available=int(self._available(oldest, node, now_us)),
            updated=int(self._is_new(oldest)),
            stage=self._stage(node, now_us),
            doomed=tuple(doomed),
        )

    def eligible(self, spec: NodeSpec) -> tuple[bool, bool]:
        """Whether a node should have a pod, and whether it may keep one that it has."""
        own = self._template
        assert own is not None, "looked at before it was read"
        plain = not own.node_name and not own.node_selector and own.required_nodes is None
        known = (spec.taints,) if plain else (spec.taints, spec.name)
        found = None if not plain else self._may.get(known)
        if found is None:
            found = self._may[known] = _eligible(own, spec)
        return found

    def _staying(self, node: int) -> list[int]:
        """Pods of a node that are not leaving, the oldest first."""
        leaves = self._cluster.pods.deletion_us
        return [pod for pod in self._on.get(node, ()) if leaves[pod] == NEVER]

    def _superfluous(self, node: int, now_us: int) -> list[int]:
        """Pods that have ended, and more than there should be."""
        assert self._wanted is not None
        phases, doomed, running = self._cluster.pods.phase, [], []
        for pod in self._staying(node):
            if phases[pod] == FAILED:
                wait_us = self._backoff_left_us(node, now_us)
                if wait_us:
                    heappush(self._due, (now_us + wait_us, node))
                else:
                    doomed.append(pod)
            elif phases[pod] == SUCCEEDED:
                doomed.append(pod)
            else:
                running.append(pod)
        surges = self._wanted.limits(max(1, self._counts[0]))[0] > 0
        if len(running) > 1:
            doomed += self._surplus(running, node, now_us) if surges else running[1:]
        return doomed

    def _surplus(self, running: list[int], node: int, now_us: int) -> list[int]:
        """With maxSurge an old and a new pod may stand beside each other for a while."""
        new = [pod for pod in running if self._is_new(pod)]
        old = [pod for pod in running if not self._is_new(pod)]
        surplus = [*new[1:], *old[1:]]
        if new and old and (not self._ready(old[0]) or self._available(new[0], node, now_us)):
            surplus.append(old[0])
        return surplus

    def _backoff_left_us(self, node: int, now_us: int) -> int:
        backoff_us, since_us = self._backoff.get(node, (0, 0))
        return max(0, since_us + backoff_us - now_us)

    def _stage(self, node: int, now_us: int) -> Stage:
        staying = self._staying(node)
        new = [pod for pod in staying if self._is_new(pod)]
        old = [pod for pod in staying if not self._is_new(pod)]
        if len(new) > 1 or len(old) > 1 or not staying:
            return Stage.UNAVAILABLE
        if not old:
            fine = self._available(new[0], node, now_us)
            return Stage.NEW if fine else Stage.UNAVAILABLE
        if not new:
            fine = self._available(old[0], node, now_us)
            return Stage.OLD if fine else Stage.OLD_UNAVAILABLE
        fine = self._available(new[0], node, now_us)
        return Stage.BOTH_AVAILABLE if fine else Stage.BOTH

    # --- single pods

    def _is_new(self, pod: int) -> bool:
        number = self._cluster.pods.template[pod]
        letters = self._revision.get(number)
        if letters is None:
            letters = self._revision[number] = revision_of(self._cluster.template_of(pod))
        return letters == self._letters

    def _ready(self, pod: int) -> bool:
        table = self._cluster.pods
        return table.phase[pod] == RUNNING and bool(table.ready[pod])

    def _available(self, pod: int, node: int, now_us: int) -> bool:
        assert self._wanted is not None
        if not self._ready(pod):
            return False
        since_us = self._cluster.pods.ready_since_us[pod]
        due_us = available_us(since_us, self._wanted.min_ready_us)
        if due_us > now_us:
            heappush(self._due, (due_us, node))
        return due_us <= now_us


def _eligible(own: PodTemplate, spec: NodeSpec) -> tuple[bool, bool]:
    fields = {NAME_FIELD: spec.name}
    terms = own.required_nodes
    if own.node_name not in ("", spec.name):
        return False, False
    if not all(line.matches(spec.labels) for line in own.node_selector):
        return False, False
    if terms is not None and not any(term.matches(spec.labels, fields) for term in terms):
        return False, False
    hostile = [t.effect for t in spec.taints if not tolerated(own.tolerations, t)]
    if NO_EXECUTE in hostile:
        return False, False
    return NO_SCHEDULE not in hostile, True
