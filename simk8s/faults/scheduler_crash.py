"""kube-scheduler's leader dies, and another instance takes over when its lease has expired.

Law: nothing is scheduled for 15 to 17 s. Bindings that had been sent are carried out; a pod whose
binding had not left the client is pending again and its place on the node is free. The new leader
starts with empty queues: every pending pod is tried at once, without back-off.

Mirrors: leader election of kube-scheduler v1.36 (lease 15 s, renewal within 10 s, retry every 2 s;
informers of a standby are warm, since delayCacheUntilActive is off). Departs: which requests have
left is told by the client's rate limit alone; a victim of preemption that was not yet deleted is
spared with all others.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._takeover import Takeovers, TakeoverWhen


class Params(TakeoverWhen):
    """`schedulerCrash: {at: 6h}`"""


class SchedulerCrash(Takeovers):
    """Crashes of kube-scheduler."""

    kind: ClassVar[str] = "schedulerCrash"
    target = "kube-scheduler"
