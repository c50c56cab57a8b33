"""kube-controller-manager's leader dies, and another instance takes over after its lease.

Law: no controller does anything for 15 to 17 s, nor hears anything; what the leader was doing goes
no further, and requests that had not left it are never sent. The new leader's controllers are built
anew and know no more than a LIST tells: work queues, expectations, back-offs, caches and client
limits are fresh, silent nodes get a new grace period, pods of tainted nodes their whole toleration
anew, orphans a new quarantine.

Mirrors: leader election of kube-controller-manager v1.36 (lease 15 s, renewal within 10 s, retry
every 2 s), informers that LIST. Departs: these LISTs take no time and are not priced; requests that
were with the API server when the leader died are carried out there; descheduler and defragmenter,
processes of their own, stand still meanwhile but forget nothing.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._takeover import Takeovers, TakeoverWhen


class Params(TakeoverWhen):
    """`controllerManagerCrash: {at: 6h}`"""


class ControllerManagerCrash(Takeovers):
    """Crashes of kube-controller-manager."""

    kind: ClassVar[str] = "controllerManagerCrash"
    target = "kube-controller-manager"
