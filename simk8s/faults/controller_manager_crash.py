"""kube-controller-manager's leader dies, and another instance takes over after its lease.

Law: no controller does anything for 15 to 17 s, nor hears anything. The new leader knows no more
than the API tells: silent nodes get a new grace period, pods of tainted nodes their whole
toleration anew, orphans a new quarantine; lines and limiters of zones and back-offs start afresh.

Mirrors: leader election of kube-controller-manager v1.36 (lease 15 s, renewal within 10 s, retry
every 2 s). Departs: the LISTs of the new leader's informers are not priced; a sync that was under
way is finished by the new leader with what the old one had read (its writes are checked against
the objects' versions, so that at most one more sync comes of it).
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
