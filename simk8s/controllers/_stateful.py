"""The pods of a StatefulSet by ordinal: which there are, and how each of them is.

Law: an ordinal has one pod at most, from its POST until it is heard that the object is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simk8s.controllers._revisions import revision_of
from simk8s.controllers.replicaset import available_us
from simk8s.state.cluster import Cluster
from simk8s.state.makers import PodMaker, Revision
from simk8s.state.pods import GONE, NEVER, RUNNING, UNBORN, Phase
from simk8s.state.statefulsets import StatefulSet, StatefulSetStatus


class Member(NamedTuple):
    """A pod as it was when the sync began."""

    pod: int
    ordinal: int
    revision: str
    ended: bool
    leaving: bool
    ready: bool
    due_us: int | None
    """When it will be available; None = it is, or will not without a change."""

    @property
    def healthy(self) -> bool:
        """Running and Ready, and not on its way out."""
        return self.ready and not self.leaving

    @property
    def available(self) -> bool:
        """Ready for minReadySeconds."""
        return self.ready and self.due_us is None


class Identities:
    """What is known of the pods of one key, whoever owned them."""

    __slots__ = ("key", "pods", "refused")

    def __init__(self, key: str) -> None:
        self.key = key
        self.pods: dict[int, int] = {}
        """Row by ordinal."""
        self.refused: dict[tuple[int, str], int] = {}
        """Rows whose creation was refused, by ordinal and revision."""

    def forget(self, pod: int, ordinal: int) -> None:
        """The object is gone."""
        if self.pods.get(ordinal) == pod:
            del self.pods[ordinal]

    def members(self, cluster: Cluster, min_ready_us: int, now_us: int) -> dict[int, Member]:
        """Every pod by its ordinal."""
        table, found = cluster.pods, {}
        for ordinal in sorted(self.pods):
            pod = self.pods[ordinal]
            phase = table.phase[pod]
            if phase in (UNBORN, GONE):
                continue
            ready = phase == RUNNING and bool(table.ready[pod])
            due_us = available_us(table.ready_since_us[pod], min_ready_us) if ready else 0
            found[ordinal] = Member(
                pod,
                ordinal,
                revision_of(cluster.template_of(pod)),
                phase in (Phase.SUCCEEDED, Phase.FAILED),
                table.deletion_us[pod] != NEVER,
                ready,
                due_us if due_us > now_us else None,
            )
        return found

    def row(self, ordinal: int, revision: Revision, make: PodMaker, cluster: Cluster) -> int:
        """The row of a new pod, named after its ordinal."""
        pod = self.refused.pop((ordinal, revision.letters), None)
        if pod is None:
            (pod,) = make(revision, 1)
            cluster.pods.ordinal[pod] = ordinal
            cluster.pods.names[pod] = f"{self.key.partition('/')[2]}-{ordinal}"
        return pod


def counted(
    wanted: StatefulSet, members: Iterable[Member], current: str, update: str
) -> StatefulSetStatus:
    """Status as the pods are; a rollout that is through makes its revision the current one."""
    pods = list(members)
    staying = [one for one in pods if not one.leaving]
    return StatefulSetStatus(
        replicas=len(pods),
        ready=sum(one.ready for one in pods),
        available=sum(one.available for one in pods),
        current=sum(one.revision == current for one in staying),
        updated=sum(one.revision == update for one in staying),
        current_revision=current,
        update_revision=update,
        observed_generation=wanted.generation,
    )


def rolled_out(wanted: StatefulSet, status: StatefulSetStatus) -> bool:
    """Whether every pod is of the update revision and ready."""
    counts = (status.updated, status.ready, status.replicas)
    return not wanted.on_delete and all(count == wanted.replicas for count in counts)
