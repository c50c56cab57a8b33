"""NodePorts: a host port can be had once per node and address.

Mirrors: kube-scheduler v1.36 plugins/nodeports: (hostIP, protocol, hostPort), where 0.0.0.0
stands for every address; ports of containers and sidecars count.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Scope, Status
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.affinity import HostPort
from simk8s.state.tallies import Weigh


class NodePorts(FilterPlugin):
    """Rejects nodes on which a pod holds a conflicting port."""

    name: ClassVar[str] = "NodePorts"
    scope: ClassVar[Scope] = Scope.CLUSTER
    sleeps_without: ClassVar[str] = "ports"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("node(s) didn't have free ports for the requested pod ports",)),
    )
    events: ClassVar[int] = Change.POD_DELETE | Change.NODE_ADD

    def key(self, query: Query, view: View) -> Hashable | None:
        """The ports."""
        return query.template.ports or None

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The pod that is gone held a port that is wanted; any new node may do."""
        if event.was is None:
            return True
        held = event.was.ports
        return any(port.conflicts(other) for port in query.template.ports for other in held)

    def wakes(self, query: Query, view: View) -> bool:
        """Most pods have no ports."""
        return bool(query.template.ports)

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where one of the ports is taken."""
        taken = np.zeros(view.nodes.n, bool)
        for port in query.template.ports:
            taken |= view.counts(("port", port), _takes(port)) > 0
        return taken[rows].view(np.uint8)


def _takes(port: HostPort) -> Weigh:
    return lambda template: any(port.conflicts(other) for other in template.ports)
