"""Every pod of a run as one row of growable columns.

Law: a row is never reused and never moves, so a row number is a pod's identity for the whole run.
Rows that a trace or an arrival process will need are allocated in bulk beforehand (phase UNBORN)
and come to life when their POST commits. `epoch` moves on whenever what the pod was doing is
void; timers carry the epoch they were set under.

Columns are `array.array`: an element costs 30 ns to read against 100 ns from numpy, and
`column(name)` is a numpy view of the same memory for the audit and the recorder.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Phase(IntEnum):
    """Where a pod's object stands. UNBORN: not created yet; GONE: the object is deleted."""

    UNBORN = 0
    PENDING = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    GONE = 5


UNBORN, PENDING, RUNNING, SUCCEEDED, FAILED, GONE = Phase
"""By themselves: to look a member up on its class costs 70 ns."""


class Loss(IntEnum):
    """Why a pod that should have gone on was lost."""

    NONE = 0
    NODE_CRASH = 1
    TAINT_EVICTION = 2
    PREEMPTION = 3
    NODE_DELETED = 4
    DROPPED = 5
    """It did not fit and its workload asked not to retry."""
    DRAIN = 6
    NODE_PRESSURE = 7
    REJECTED = 8
    FORBIDDEN = 9
    """Its creation was refused: it never was."""
    DESCHEDULED = 10


OOM_KILLED = "OOMKilled"
"""The reason of a container that the kernel has killed, as in `reasons`."""

NEVER = -1
"""Time columns hold -1 until the thing has happened; node columns -1 for none."""

_COLUMNS: dict[str, tuple[str, int]] = {
    "template": ("i", 0),
    "requests": ("i", 0),
    "workload": ("i", 0),
    "owner": ("i", NEVER),
    "ordinal": ("i", 0),
    "priority": ("i", 0),
    "phase": ("b", Phase.PENDING),
    "epoch": ("i", 0),
    "node": ("i", NEVER),
    "charged": ("i", NEVER),
    "devices": ("q", 0),
    "nominated": ("i", NEVER),
    "attempts": ("i", 0),
    "restarts": ("i", 0),
    "loss": ("b", Loss.NONE),
    "created_us": ("q", NEVER),
    "scheduled_us": ("q", NEVER),
    "bound_us": ("q", NEVER),
    "seen_us": ("q", NEVER),
    "pulled_us": ("q", NEVER),
    "started_us": ("q", NEVER),
    "running_us": ("q", NEVER),
    "image_pull_us": ("q", 0),
    "init_us": ("q", 0),
    "ready": ("b", False),
    "ready_us": ("q", NEVER),
    "ready_since_us": ("q", NEVER),
    "finished_us": ("q", NEVER),
    "deletion_us": ("q", NEVER),
    "lifetime_us": ("q", NEVER),
    "lost_work_us": ("q", 0),
}


class PodTable:
    """Struct-of-arrays of pods. Attributes are named as in `_COLUMNS`; times in simulated µs."""

    template: array[int]
    requests: array[int]
    workload: array[int]
    owner: array[int]
    ordinal: array[int]
    priority: array[int]
    phase: array[int]
    epoch: array[int]
    node: array[int]
    charged: array[int]
    devices: array[int]
    nominated: array[int]
    attempts: array[int]
    restarts: array[int]
    loss: array[int]
    created_us: array[int]
    scheduled_us: array[int]
    bound_us: array[int]
    seen_us: array[int]
    """When its kubelet heard of it, last time."""
    pulled_us: array[int]
    """When its images were on the node, last time."""
    started_us: array[int]
    running_us: array[int]
    image_pull_us: array[int]
    """How long image pulls took, last time: not in the startup SLO."""
    init_us: array[int]
    """How long its init containers ran, last time: not in the startup SLO."""
    ready: array[int]
    """The Ready condition as the API has it."""
    ready_us: array[int]
    """When it was Ready for the first time."""
    ready_since_us: array[int]
    """lastTransitionTime of Ready."""
    finished_us: array[int]
    deletion_us: array[int]
    lifetime_us: array[int]
    lost_work_us: array[int]

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.pinned: dict[int, int] = {}
        """Daemons: the only node that each may run on (a node affinity of its own)."""
        self.refusals: dict[int, str] = {}
        """Pods without an owner that the API refused to create, and why."""
        self.collected: dict[int, Phase] = {}
        """Ended pods whose objects the pod garbage collector has removed, with their phase."""
        self.counted: set[int] = set()
        """Pods that their Job has counted: without its finalizer (looked up, never iterated)."""
        self.static: set[int] = set()
        """Mirror pods of static pods (looked up, never iterated)."""
        self.reasons: dict[int, str] = {}
        """Of the phase or of what a container waits for, where kubelet gave one."""
        self.exit_codes: dict[int, int] = {}
        """Of pods whose containers failed for good."""
        for name, (code, _) in _COLUMNS.items():
            setattr(self, name, array(code))

    def __len__(self) -> int:
        return len(self.phase)

    def extend(self, count: int, **columns: NDArray[Any] | int) -> range:
        """Append `count` rows; a column is an array of that length, one value for all, or its
        default.
        """
        first = len(self)
        for name, (code, default) in _COLUMNS.items():
            value = columns.get(name, default)
            store: array[int] = getattr(self, name)
            if isinstance(value, np.ndarray):
                store.frombytes(np.ascontiguousarray(value, np.dtype(code)).tobytes())
            else:
                store.extend(array(code, (int(value),)) * count)
        return range(first, first + count)

    def column(self, name: str) -> NDArray[Any]:
        """A numpy view of one column; drop it before rows are added (growth needs the buffer
        free).
        """
        store: array[int] = getattr(self, name)
        return (
            np.frombuffer(store, dtype=np.dtype(store.typecode)) if store else np.empty(0, np.int64)
        )
