"""Tables of what failures, evictions and rollouts cost those who own pods; and that of queues.

Law: a table of these that has no row is not written, and is not in the digest: a run without owners
of pods, and in which nothing is lost, has the digest that it had before there were such tables.
"""

from __future__ import annotations

from enum import StrEnum

from simk8s.schema.enums import LossCause
from simk8s.schema.queues import QUEUES
from simk8s.schema.tables import Column, Table


class DipKind(StrEnum):
    """Why a workload had fewer replicas than it wanted."""

    STARTUP = "startup"  # it never had them all before
    ROLLOUT = "rollout"  # its template has changed, and pods are being replaced
    SCALE = "scale"  # it has asked for more
    DAMAGE = "damage"  # it lost what it had


class DipCause(StrEnum):
    """What took the first replica of a dip, or began it."""

    STARTUP = "startup"
    ROLLOUT = "rollout"
    SCALE = "scale"
    NODE_LOST = "node_lost"  # its machine went down, or its node was declared unreachable
    TAINT_EVICTION = "taint_eviction"
    EVICTION = "eviction"  # asked for through the API, as a drain does
    PREEMPTION = "preemption"
    NODE_PRESSURE = "node_pressure"
    NODE_REMOVED = "node_removed"
    REJECTED = "rejected"
    CONTAINER = "container"  # it failed, or was not ready any more
    ENDED = "ended"  # it was done
    DELETED = "deleted"  # without a reason that is known


class DipOutcome(StrEnum):
    """How a dip ended."""

    CONVERGED = "converged"
    SCALED_DOWN = "scaled_down"  # less was asked for
    HIT = "hit"  # a rollout or scaling that lost a pod to something else: that dip follows
    OPEN = "open"  # the run was over first


def _int(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "int64", unit, meaning, nullable=null)


def _time(name: str, meaning: str, *, null: bool = False) -> Column:
    return _int(name, "us", meaning, null=null)


def _str(name: str, meaning: str, *, null: bool = False) -> Column:
    return Column(name, "str", "", meaning, nullable=null)


def _enum(name: str, enum: type[StrEnum], meaning: str) -> Column:
    return Column(name, "enum", "", meaning, enum=enum)


AVAILABILITY = Table(
    "availability",
    "One row for every Deployment, StatefulSet, DaemonSet, ReplicationController and every "
    "ReplicaSet of nobody. Replica time is time added up over replicas.",
    (
        _int("row", "row", "Number of the workload; other tables refer to it."),
        _str("kind", "Its kind."),
        _str("namespace", "Its namespace."),
        _str("name", "Its name."),
        _str("workload", "The scenario's workload entry that it comes from.", null=True),
        _time("created_us", "It was created."),
        _time("deleted_us", "It was deleted.", null=True),
        _time("complete_us", "All its replicas were available for the first time.", null=True),
        _int("desired", "pods", "Replicas wanted at the end, or before it was deleted."),
        _int("available", "pods", "Replicas available at the end."),
        _time("desired_us", "Replica time wanted since it was complete."),
        _time("unavailable_us", "Replica time missed in dips of the kind damage."),
        _time("startup_us", "Replica time missed before it was complete."),
        _time("rollout_us", "Replica time missed in rollouts."),
        _time("scale_us", "Replica time missed after more was asked for."),
        _time("below_us", "Time in dips of the kind damage."),
        _int("worst", "pods", "Most replicas missed at a time, by damage."),
        _time("worst_us", "When that was first so.", null=True),
        _int("dips", "", "Dips of the kind damage."),
        _int("pods_lost", "pods", "Pods of it that were lost."),
        _time("lost_work_us", "Their running time."),
        _time(
            "data_out_us",
            "StatefulSets with claims: time in which a replica that has been ready before, and "
            "so its data, was not, added up; rollouts included.",
            null=True,
        ),
    ),
)

DIPS = Table(
    "dips",
    "One row for every time that a workload had fewer replicas available than it wanted.",
    (
        _int("dip", "row", "Number of the dip, in order of their starts."),
        _int("row", "row", "Row in availability."),
        _enum("kind", DipKind, "Start-up, a rollout, scaling, or damage."),
        _enum("cause", DipCause, "What took the first replica."),
        _str("fault", "Kind of the fault behind that, as in faults.", null=True),
        _str("target", "Target of that fault.", null=True),
        _time("fault_us", "Start of that fault.", null=True),
        _int("fault_nodes", "nodes", "Nodes that the fault is about.", null=True),
        _int("more_faults", "", "Other faults that took replicas before it was over."),
        _time("start_us", "The first replica was missing."),
        _time("detected_us", "The control plane knew of the first that was lost.", null=True),
        _time("replaced_us", "The last replacement was bound to a node.", null=True),
        _time("end_us", "All replicas were available again; null if the run ended.", null=True),
        _enum("outcome", DipOutcome, "How it ended."),
        _time(
            "recovery_us",
            "Damage alone: how long until all were available again, or until the run was over.",
            null=True,
        ),
        _time("hit_us", "Damage alone: start of the fault, or else of the dip.", null=True),
        _int("desired", "pods", "Replicas wanted when it began."),
        _int("depth", "pods", "Most replicas missed at a time."),
        _time("depth_us", "When that was first so."),
        _time("missed_us", "Replica time missed."),
        _int("pods_hit", "pods", "Available pods that were taken, not counting what its own "
             "controller replaced."),
        _int("nodes", "nodes", "Nodes that these were on."),
    ),
)  # fmt: skip

DIP_STEPS = Table(
    "dip_steps",
    "How dips of the kind damage went: a row whenever the numbers changed.",
    (
        _int("dip", "row", "Row in dips."),
        _time("t_us", "From when on."),
        _int("desired", "pods", "Replicas wanted."),
        _int("available", "pods", "Replicas available."),
    ),
)

LOSSES = Table(
    "workload_losses",
    "Pods lost, by owner and cause.",
    (
        _int("row", "row", "Row in availability; null for pods of Jobs and of nobody.", null=True),
        _str("workload", "The scenario's workload entry."),
        _enum("cause", LossCause, "Why they were lost."),
        _int("pods", "pods", "How many."),
        _time("work_us", "Running time that was lost with them."),
    ),
)

WORK = Table(
    "work",
    "One row for every workload entry of which something ends: pods of Jobs, and of nobody. Written"
    " where there are Jobs, or work was thrown away.",
    (
        _str("workload", "The scenario's workload entry."),
        _int("jobs", "", "Jobs created."),
        _int("jobs_complete", "", "Of those, complete."),
        _int("jobs_failed", "", "Of those, failed."),
        _int("pods", "pods", "Pods created."),
        _int("pods_wasted", "pods", "Pods whose running time, or some of it, came to nothing."),
        _time("run_us", "Running time of all pods, what came to nothing included."),
        _time("wasted_us", "Running time that came to nothing."),
        _time("redone_us", "Of that, what has been run again: by the same pod, or its successor."),
    ),
)

DISRUPTIONS = Table(
    "disruptions",
    "One row for every PodDisruptionBudget.",
    (
        _str("namespace", "Its namespace."),
        _str("name", "Its name."),
        _int("granted", "evictions", "That it allowed, and so counted."),
        _int("refused", "evictions", "That it refused: each try counts."),
        _int("allowed", "pods", "Disruptions allowed at the end."),
        _time("exhausted_us", "Time in which none was allowed although pods were expected."),
    ),
)

DAMAGE: dict[str, Table] = {
    table.name: table
    for table in (AVAILABILITY, DIPS, DIP_STEPS, LOSSES, WORK, DISRUPTIONS, QUEUES)
}
