"""Every kube-apiserver is down for a given time.

Law: nothing is read or written meanwhile; what was under way is cut off and sent again by its
client, with client-go's backoff (0.8 s doubled up to 30 s, jitter 1.0), so nothing is lost.
Watches resume where they were.

Mirrors: an outage of the control plane's load balancer or of all replicas. Departs: what was
committed but not yet dispatched is seen when it would have been; kubelets count as renewing, since
kube-controller-manager cannot look meanwhile and watches anew when it is back; events that come
up meanwhile are dropped.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting
from simk8s.faults.base import ApiOutage, Context


class Params(Lasting):
    """`apiServerOutage: {at: 6h, for: 2m}`"""


class ApiServerOutage(ClusterFaults):
    """Outages."""

    kind: ClassVar[str] = "apiServerOutage"
    target = "kube-apiserver"

    def effect(self, context: Context, number: int) -> ApiOutage:
        """The same each time."""
        return ApiOutage()
