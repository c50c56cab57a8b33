"""Closed enums of the result tables: every value that a column of type "enum" may hold.

Law: values are written to Parquet and into the digest by their text, so the order of members may
change and members may be added; renaming one changes the schema version.
"""

from __future__ import annotations

from enum import StrEnum


class PodPhase(StrEnum):
    """Where a pod stood when the run ended."""

    PENDING = "pending"  # created, not (yet) on a node or not yet started there
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TERMINATING = "terminating"  # deletion asked for, grace period not over
    DROPPED = "dropped"  # tried once, did not fit, never retried (packing experiments)
    REFUSED = "refused"  # never created: the API server said no, and nobody tries again
    DELETED = "deleted"  # gone from the API before it finished


class Outcome(StrEnum):
    """How one scheduling attempt ended."""

    BOUND = "bound"
    UNSCHEDULABLE = "unschedulable"  # no node fits, parked until something changes
    PREEMPTING = "preempting"  # no node fits, victims were chosen and a node nominated
    DROPPED = "dropped"  # no node fits and the workload asked not to retry
    STALE = "stale"  # a plan's placement no longer held when it was to be carried out
    ERROR = "error"  # the binding itself was refused
    GONE = "gone"  # the pod was deleted before its turn came


class LossCause(StrEnum):
    """Why a pod ended that had neither finished nor been deleted by its owner."""

    NODE_CRASH = "node_crash"
    ZONE_OUTAGE = "zone_outage"
    TAINT_EVICTION = "taint_eviction"
    PREEMPTION = "preemption"
    NODE_PRESSURE = "node_pressure"
    DRAIN = "drain"
    DESCHEDULED = "descheduled"  # evicted so that it is placed anew
    NODE_REMOVED = "node_removed"
    REJECTED = "rejected"  # the kubelet refused it at admission


class FaultPhase(StrEnum):
    """The moments of a fault that get a row."""

    START = "start"
    DETECTED = "detected"  # the control plane noticed
    TAINTED = "tainted"
    END = "end"


class ActionOutcome(StrEnum):
    """What became of something that the timeline asked for."""

    DONE = "done"
    UNCHANGED = "unchanged"  # it was so already
    REFUSED = "refused"  # the API server said no, or nobody was meant
    FAILED = "failed"  # it was begun and came to nothing, such as a drain that timed out
    UNFINISHED = "unfinished"  # still under way when the run ended


class AuditResult(StrEnum):
    """What the recount from scratch said."""

    PASSED = "passed"
    FAILED = "failed"
    OFF = "off"
