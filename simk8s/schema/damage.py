"""Tables of what failures, evictions and rollouts cost those who own pods; and that of queues.

Law: a table of these that has no row is not written, and is not in the digest: a run without owners
of pods, and in which nothing is lost, has the digest that it had before there were such tables.
"""

from __future__ import annotations

from enum import StrEnum

from simk8s.schema.columns import Table, by_name, int64, member, text, time
from simk8s.schema.enums import LossCause
from simk8s.schema.queues import QUEUES


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


AVAILABILITY = Table(
    "availability",
    "One row for every Deployment, StatefulSet, DaemonSet, ReplicationController and every "
    "ReplicaSet of nobody. Replica time is time added up over replicas.",
    (
        int64("row", "row", "Number of the workload; other tables refer to it."),
        text("kind", "Its kind."),
        text("namespace", "Its namespace."),
        text("name", "Its name."),
        text("workload", "The scenario's workload entry that it comes from.", null=True),
        time("created_us", "It was created."),
        time("deleted_us", "It was deleted.", null=True),
        time("complete_us", "All its replicas were available for the first time.", null=True),
        int64("desired", "pods", "Replicas wanted at the end, or before it was deleted."),
        int64("available", "pods", "Replicas available at the end."),
        time("desired_us", "Replica time wanted since it was complete."),
        time("unavailable_us", "Replica time missed in dips of the kind damage."),
        time("startup_us", "Replica time missed before it was complete."),
        time("rollout_us", "Replica time missed in rollouts."),
        time("scale_us", "Replica time missed after more was asked for."),
        time("below_us", "Time in dips of the kind damage."),
        int64("worst", "pods", "Most replicas missed at a time, by damage."),
        time("worst_us", "When that was first so.", null=True),
        int64("dips", "", "Dips of the kind damage."),
        int64("pods_lost", "pods", "Pods of it that were lost."),
        time("lost_work_us", "Their running time."),
        time(
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
        int64("dip", "row", "Number of the dip, in order of their starts."),
        int64("row", "row", "Row in availability."),
        member("kind", DipKind, "Start-up, a rollout, scaling, or damage."),
        member("cause", DipCause, "What took the first replica."),
        text("fault", "Kind of the fault behind that, as in faults.", null=True),
        text("target", "Target of that fault.", null=True),
        time("fault_us", "Start of that fault.", null=True),
        int64("fault_nodes", "nodes", "Nodes that the fault is about.", null=True),
        int64("more_faults", "", "Other faults that took replicas before it was over."),
        time("start_us", "The first replica was missing."),
        time("detected_us", "The control plane knew of the first that was lost.", null=True),
        time("replaced_us", "The last replacement was bound to a node.", null=True),
        time("end_us", "All replicas were available again; null if the run ended.", null=True),
        member("outcome", DipOutcome, "How it ended."),
        time(
            "recovery_us",
            "Damage alone: how long until all were available again, or until the run was over.",
            null=True,
        ),
        time("hit_us", "Damage alone: start of the fault, or else of the dip.", null=True),
        int64("desired", "pods", "Replicas wanted when it began."),
        int64("depth", "pods", "Most replicas missed at a time."),
        time("depth_us", "When that was first so."),
        time("missed_us", "Replica time missed."),
        int64("pods_hit", "pods", "Available pods that were taken, not counting what its own "
             "controller replaced."),
        int64("nodes", "nodes", "Nodes that these were on."),
    ),
)  # fmt: skip

DIP_STEPS = Table(
    "dip_steps",
    "How dips of the kind damage went: a row whenever the numbers changed.",
    (
        int64("dip", "row", "Row in dips."),
        time("t_us", "From when on."),
        int64("desired", "pods", "Replicas wanted."),
        int64("available", "pods", "Replicas available."),
    ),
)

LOSSES = Table(
    "workload_losses",
    "Pods lost, by owner and cause.",
    (
        int64("row", "row", "Row in availability; null for pods of Jobs and of nobody.", null=True),
        text("workload", "The scenario's workload entry."),
        member("cause", LossCause, "Why they were lost."),
        int64("pods", "pods", "How many."),
        time("work_us", "Running time that was lost with them."),
    ),
)

WORK = Table(
    "work",
    "One row for every workload entry of which something ends: pods of Jobs, and of nobody. Written"
    " where there are Jobs, or work was thrown away.",
    (
        text("workload", "The scenario's workload entry."),
        int64("jobs", "", "Jobs created."),
        int64("jobs_complete", "", "Of those, complete."),
        int64("jobs_failed", "", "Of those, failed."),
        int64("pods", "pods", "Pods created."),
        int64("pods_wasted", "pods", "Pods whose running time, or some of it, came to nothing."),
        time("run_us", "Running time of all pods, what came to nothing included."),
        time("wasted_us", "Running time that came to nothing."),
        time("redone_us", "Of that, what has been run again: by the same pod, or its successor."),
    ),
)

DISRUPTIONS = Table(
    "disruptions",
    "One row for every PodDisruptionBudget.",
    (
        text("namespace", "Its namespace."),
        text("name", "Its name."),
        int64("granted", "evictions", "That it allowed, and so counted."),
        int64("refused", "evictions", "That it refused: each try counts."),
        int64("allowed", "pods", "Disruptions allowed at the end."),
        time("exhausted_us", "Time in which none was allowed although pods were expected."),
    ),
)

DAMAGE: dict[str, Table] = by_name(
    (AVAILABILITY, DIPS, DIP_STEPS, LOSSES, WORK, DISRUPTIONS, QUEUES)
)
