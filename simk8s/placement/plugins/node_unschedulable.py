"""NodeUnschedulable: cordoned nodes take only pods that tolerate it.

Mirrors: kube-scheduler v1.36 plugins/nodeunschedulable.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Status
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.selectors import NO_SCHEDULE, UNSCHEDULABLE, Taint, tolerated

_CORDON = Taint(UNSCHEDULABLE, "", NO_SCHEDULE)


class NodeUnschedulable(FilterPlugin):
    """Rejects `spec.unschedulable` unless the pod tolerates the taint of that name."""

    name: ClassVar[str] = "NodeUnschedulable"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) were unschedulable",)),
    )
    events: ClassVar[int] = Change.NODE_ADD | Change.NODE_TAINTS | Change.OWN_TOLERATIONS

    def key(self, query: Query, view: View) -> Hashable | None:
        """Only whether the cordon is tolerated matters."""
        return None if tolerated(query.template.tolerations, _CORDON) else True

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The node has become schedulable, or the pod tolerates the cordon."""
        if event.node is None:
            return tolerated(query.template.tolerations, _CORDON)
        was_open = event.before is not None and not event.before.unschedulable
        return not event.node.unschedulable and not was_open

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """The cordon flag itself."""
        return view.nodes.unschedulable[rows]

    def filter_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `filter`."""
        return view.nodes.unschedulable.item(row)
